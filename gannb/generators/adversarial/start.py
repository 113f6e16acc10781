"""Where a GAN goes on that has learnt from other items: its networks, the rows of its classes, what stays frozen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

from gannb.classifiers.depth import longest_ways
from gannb.generators.adversarial.randomness import lent_randomness
from gannb.generators.adversarial.tensors import under
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import WEIGHTS
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.generators.adversarial.family import Network
    from gannb.generators.interface import Start

NETWORKS = {"average": ("generator", "average", "tail"), "discriminator": ("discriminator",)}  # kept -> of a training
SETTLING = 20  # power iterations of a spectral norm whose rows are others; a step has one


def go_on(training: Training, start: Start) -> None:
    """Let a training that has done no step begin with the networks of a fitted GAN of its family.

    Of the generator it is the average of its weights, of which its items are made; optimisers begin anew. A class of
    the draw has the rows of what it is there, and begins anew where it is nothing there. The lowest of the
    discriminator's layers are frozen (FreezeD: Mo et al. 2020, arXiv 2002.10964, section 3). Networks that grow work at
    their last level from the first step on.

    Raises:
        InputError: the folder holds no such networks.
    """
    for kept, tensors in read_networks(start.folder).items():
        make = training.family.discriminator if kept == "discriminator" else training.family.generator
        axes = {} if start.classes is None else class_axes(make, training.shape)
        for name in NETWORKS[kept]:
            _load(getattr(training, name), tensors, axes, start)
    freeze(training, start.frozen)
    training.grown = True


def read_networks(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Return the tensors of a fitted GAN's networks by name: `average` and `discriminator`, from its folder.

    Raises InputError where they are not there.
    """
    try:
        tensors = safetensors.torch.load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{folder} holds no readable GAN ({error}): train it again.") from error
    found = {name: under(tensors, f"{name}.") for name in NETWORKS}
    if missing := [name for name, of_network in found.items() if not of_network]:
        raise InputError(f"{folder} holds no {missing[0]} of a GAN to go on from: train it again.")
    return found


def class_axes(make: Network, shape: tuple[int, ...]) -> dict[str, int]:
    """Return, by name, along which axis the tensors of a network have a row for each class; of the others nothing.

    Seen by making the network for two classes and for three.
    """
    with lent_randomness():
        two, three = (make(shape, classes).state_dict() for classes in (2, 3))
    differ = {name: [a != b for a, b in zip(two[name].shape, three[name].shape, strict=True)] for name in two}
    return {name: axes.index(True) for name, axes in differ.items() if any(axes)}


def _load(network: nn.Module, theirs: dict[str, Tensor], axes: dict[str, int], start: Start) -> None:
    """Load a network's tensors, the rows of its classes from where they are there; raises InputError if they misfit."""
    try:
        state = {
            name: _rows(own, theirs[name], axes[name], start.classes) if name in axes else theirs[name]
            for name, own in network.state_dict().items()
        }
        network.load_state_dict(state)
    except (KeyError, RuntimeError, IndexError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise InputError(f"{start.folder} holds no GAN of this family ({reason}): train it again.") from error
    _settle(network, {name for name in axes if not _are_the_same(theirs[name], axes[name], start.classes)})


def _rows(own: Tensor, theirs: Tensor, axis: int, classes: tuple[int | None, ...]) -> Tensor:
    """Return a tensor's own rows of classes, those that are there already in the place of what is new."""
    known = [k for k, number in enumerate(classes) if number is not None]
    given = theirs.index_select(axis, torch.tensor([classes[k] for k in known], dtype=torch.int64))
    return own.detach().cpu().clone().index_copy_(axis, torch.tensor(known, dtype=torch.int64), given)


def _are_the_same(theirs: Tensor, axis: int, classes: tuple[int | None, ...]) -> bool:
    return classes == tuple(range(theirs.shape[axis]))


@torch.no_grad()
def _settle(network: nn.Module, changed: set[str]) -> None:
    """Let spectral norms find the largest singular value of weights that have got other rows, as after many steps."""
    for name, module in network.named_modules():
        if is_parametrized(module) and any(each.startswith(f"{name}.parametrizations.") for each in changed):
            for _ in range(SETTLING):
                getattr(module, "weight")  # noqa: B009  computed anew at each look, with a power iteration


# ---- what stays frozen


def freeze(training: Training, share: float) -> None:
    """Let the lowest layers of a training's discriminator stay as they are: so many that they are a share of its depth.

    share: 0 to below 1; rounded down. What follows such a layer and has weights, as a batch norm, stays with it; its
    statistics go on being those of a batch.
    """
    x = training.form.encode(training.x[:2])
    told = training.conditioning.of_reals(torch.arange(len(x)), training.rng)
    for module in lowest_layers(training.discriminator, x, told, share):
        for parameter in _weights_of(module):
            parameter.requires_grad_(False)
        if is_parametrized(module):
            module.parametrizations.eval()  # or its spectral norm would go on learning
    training.learning = [p for p in training.discriminator.parameters() if p.requires_grad]


def lowest_layers(network: nn.Module, x: Tensor, told: Tensor, share: float) -> list[nn.Module]:
    """Return the modules with weights of a discriminator that lie within a share of its depth from the items' side.

    x: encoded items (N, ...); told: as the network takes it. Depth is counted in convolutions and linear layers that
    learn, on the longest way from an item to its score; side ways count by where they end. What is told of a label is
    no layer that an item passes.
    """
    seen: dict[nn.Module, Any] = {}  # and the node of autograd's graph that made what it gives

    def see(module: nn.Module, _: Any, made: Tensor) -> None:
        seen.setdefault(module, made.grad_fn)

    passed = [m for m in network.modules() if _weights_of(m) and not isinstance(m, nn.Embedding | ParametrizationList)]
    hooks = [module.register_forward_hook(see) for module in passed]
    network.eval()
    try:
        with torch.enable_grad():
            scores = network(x.detach().requires_grad_(), told)[0]
    finally:
        network.train()
        for hook in hooks:
            hook.remove()
    layers = {made for module, made in seen.items() if any(p.ndim > 1 for p in _weights_of(module))}
    depth = longest_ways(scores.grad_fn, lambda node: node in layers)  # without a class head, which is on no such way
    most = int(share * depth[scores.grad_fn])
    return [module for module, made in seen.items() if made in depth and depth[made] <= most]


def _weights_of(module: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that are a module's own, those of no module within it."""
    own = list(module.parameters(recurse=False))
    return own + list(module.parametrizations.parameters()) if is_parametrized(module) else own
