"""Training a classifier on a mixture of real and synthetic items, and its predictions on the test items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gannb.classifiers.mixture import Mixture, Stock, batches, encoded
from gannb.classifiers.objective import objective

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
AUGMENT_AT_ONCE = 2**16  # values of encoded items
PREDICT_BATCH = 512  # items, and fewer where they hold more than
PREDICT_VALUES = 2**21  # values together, once encoded: what a network makes of them takes many times as much


class Diverged(RuntimeError):
    """A training whose loss is no longer a finite number."""


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained; every arm of a trial has the same, but for the policy and what tuning chose."""

    medium: Medium  # of the items
    classifier: str
    steps: int  # of the whole training, or of one of its cycles
    batch_size: int  # real items in a batch, or synthetic ones in their places
    policy: Any  # one of the medium's
    rate: float = 1.0  # times LEARNING_RATE


# ---- training ----
Start = Callable[[Recipe, "Examples"], tuple[nn.Module, list[dict[str, Any]]]]  # -> network, groups with their rates


def from_scratch(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[dict[str, Any]]]:
    """Return an untrained classifier for items, and its parameters with their rate."""
    network = recipe.medium.classifier(recipe.classifier, items.shape, items.n_classes)
    recipe.medium.prepare(network, items.x)
    return network, [{"params": list(network.parameters()), "lr": recipe.rate * LEARNING_RATE}]


def train(
    mixture: Mixture,
    recipe: Recipe,
    seed: int,
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
    start: Start = from_scratch,
    shown: int = 0,
) -> nn.Module:
    """Train a classifier: AdamW (Loshchilov & Hutter 2019), one-cycle rate, cross-entropy (see `objective`).

    Two calls with equal seeds start from the same weights and see the real items in the same order, whatever the arm.
    `start` gives the network and its groups of parameters, `lr` being the largest rate of each. shown: synthetic items
    that earlier cycles have seen.
    """
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)  # first weights, and what a network's own layers drop while it is trained
        network, groups = start(recipe, mixture.items)
        stock = Stock(recipe.medium, mixture, device, shown)
        return _train(network, groups, mixture, stock, recipe, seed, device, progress)


def _train(
    network: nn.Module,
    groups: list[dict[str, Any]],
    mixture: Mixture,
    stock: Stock,
    recipe: Recipe,
    seed: int,
    device: str,
    progress: Callable[[int, int], None],
) -> nn.Module:
    """Train, drawing from torch's global randomness where the network does."""
    network = recipe.medium.place(network, device).train()
    minimised = objective(network, mixture, recipe.steps, recipe.batch_size, device)
    if minimised.parameters:
        groups = [*groups, {"params": list(minimised.parameters), "lr": groups[0]["lr"]}]
    rates = [group["lr"] for group in groups]
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=recipe.steps + 1)
    rng = torch.Generator(device=device).manual_seed(seed)
    stream = batches(mixture, recipe.batch_size, seed)
    mixed = augmented(stream, sum(mixture.sizes(recipe.batch_size)), stock, recipe, rng)
    for step, (items, labels) in zip(range(recipe.steps), mixed, strict=False):
        loss = minimised.loss(step, items, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        progress(step + 1, recipe.steps)
    if not torch.isfinite(loss):
        raise Diverged(f"the classifier {recipe.classifier} diverged: its loss is {loss.item()}")
    return network.eval()


# ---- cycles ----
State = Mapping[str, Tensor]  # a network's weights and statistics by name, on the CPU


def in_cycles(
    mixture: Mixture,
    recipe: Recipe,
    cycles: Sequence[int],
    seeds: Sequence[int],
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
    start: Start = from_scratch,
    before: State | None = None,
    passed: int = 0,
) -> Iterator[nn.Module]:
    """Train in cycles, each from where the one before it stood; yield the network after each.

    A cycle is a training of its own, with a new optimiser and the whole course of the one-cycle rate: a warm restart
    (Loshchilov & Hutter 2017, "SGDR", section 3). Nothing but the network passes from one to the next, so that whoever
    kept the network goes on as if all cycles were trained in one go: to the bit, on the CPU. Where made items are used
    `before` the real ones, they have a stage of their own before the first cycle, see `steps_before`.

    cycles, seeds: steps of each cycle (`recipe` has the rest), and its seed. before: the network after the first
    `passed` cycles, which are not trained again.
    """
    synthetic = mixture.sizes(recipe.batch_size)[1]
    done = 0 if passed else steps_before(mixture, recipe, cycles)
    total = done + sum(cycles[passed:])
    if done:
        tell = lambda n, _: progress(n, total)  # noqa: E731
        before = state_of(train(mixture.alone(True), replace(recipe, steps=done), seeds[0], device, tell, start))
    mixture = mixture.alone(False) if mixture.way == "before" else mixture
    for number in range(passed, len(cycles)):
        begin = start if before is None else _going_on(start, before)
        step = lambda n, _, done=done: progress(done + n, total)  # noqa: E731
        shown = synthetic * sum(cycles[:number])
        one = replace(recipe, steps=cycles[number])
        network = train(mixture, one, seeds[number], device, step, begin, shown)
        yield network
        done, before = done + cycles[number], state_of(network)


def steps_before(mixture: Mixture, recipe: Recipe, cycles: Sequence[int]) -> int:
    """Return the steps of a stage of made items alone before all cycles; none but for the way `before`.

    In them made items are shown as often as they otherwise are beside the real ones of the first two cycles, in batches
    as large as those of the real ones. cycles: steps of all of them.
    """
    made = mixture.sizes(recipe.batch_size)[1]
    return max(1, round(sum(cycles[:2]) * made / recipe.batch_size)) if mixture.way == "before" and made else 0


def _going_on(start: Start, state: State) -> Start:
    """Return what gives the network of `start`, with its rates, in a given state."""

    def again(recipe: Recipe, items: Examples) -> tuple[nn.Module, list[dict[str, Any]]]:
        network, groups = start(recipe, items)
        network.load_state_dict(state)
        return network, groups

    return again


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """Return a network's weights and statistics by name, as a safetensors file takes them."""
    return {name: value.detach().to("cpu").contiguous().clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def augmented(
    stream: Iterator[np.ndarray], size: int, stock: Stock, recipe: Recipe, rng: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented batches (B, ...) with labels (B,) for ever, B being `size`.

    Several batches are augmented in one call: for tiny items a call costs as much as a good part of a training step.
    """
    count = max(1, AUGMENT_AT_ONCE // (size * stock.values))
    while True:
        items, labels = stock.take(np.concatenate([next(stream) for _ in range(count)]))
        items = recipe.medium.augment(items, recipe.policy, rng)
        yield from zip(items.split(size), labels.split(size), strict=True)


@torch.no_grad()
def predict(medium: Medium, network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return class probabilities: items (N, ...) -> (N, K) float32."""
    return _in_parts(medium, lambda batch: network(batch).softmax(1), network, x)


@torch.no_grad()
def features(medium: Medium, network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return what the medium's measuring classifier feeds to its last layer: items (N, ...) -> (N, D) float32."""
    return _in_parts(medium, lambda batch: medium.classifier_features(network, batch), network, x)


def _in_parts(medium: Medium, call: Callable[[Tensor], Tensor], network: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return what `call` makes of items (N, ...), encoded a batch at a time on the network's device."""
    device = str(next(network.parameters()).device)
    size = predicted_at_once(medium, x)
    starts = range(0, len(x), size)
    return np.concatenate([call(encoded(medium, x[i : i + size], device)).cpu().numpy() for i in starts])


def predicted_at_once(medium: Medium, x: np.ndarray) -> int:
    """Return how many of the items x (N, ...) are encoded and looked at together."""
    return min(PREDICT_BATCH, max(1, PREDICT_VALUES // max(1, encoded(medium, x[:1]).numel())))
