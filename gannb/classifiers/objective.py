"""What the training of a classifier minimises: the cross-entropy of a batch, in the ways in which made items are used.

A batch holds the real items first, and then the made ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

if TYPE_CHECKING:
    from gannb.classifiers.mixture import Mixture

Loss = Callable[[int, Tensor, Tensor], Tensor]  # step from 0, items (B, ...), labels (B,) or shares (B, K) -> ()


@dataclass(frozen=True, eq=False)
class Objective:
    """What is minimised, and the parameters that it learns beside those of the network."""

    loss: Loss
    parameters: tuple[nn.Parameter, ...] = ()


def objective(network: nn.Module, mixture: Mixture, steps: int, batch_size: int, device: str = "cpu") -> Objective:
    """Return what a network's training on a mixture minimises at each of its steps; batch_size: as in `Recipe`."""
    n_real, n_made = mixture.sizes(batch_size)
    if mixture.way == "fading" and n_real and n_made:
        last = max(1, steps - 1)
        return Objective(lambda step, items, labels: faded(network(items), labels, n_real, 1 - step / last))
    if mixture.way == "apart" and n_real and n_made:
        return _apart(network, n_real)
    weights = None if mixture.weights is None else torch.from_numpy(mixture.weights).float().to(device)
    return Objective(lambda step, items, labels: cross_entropy(network(items), labels, weights))


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean over a batch of the items' cross-entropy, each times its class' weight: (B, K), (B,), (K,) -> ().

    Divided by the number of items, not by their weights as torch does: what an item counts for must not depend on
    which others happen to be in its batch. Labels may be shares of the classes, (B, K).
    """
    if weights is None:
        return F.cross_entropy(logits, labels)
    return F.cross_entropy(logits, labels, weights, reduction="sum") / len(labels)


def faded(logits: Tensor, labels: Tensor, n_real: int, weight: float) -> Tensor:
    """Return the weighted mean of the items' cross-entropy, made ones of a weight in 0..1: (B, K), (B,) -> ().

    At 1 it is the plain mean, and at 0 that of the real items, the first `n_real`, alone.
    """
    each = F.cross_entropy(logits, labels, reduction="none")  # (B,)
    weights = torch.full_like(each, weight)
    weights[:n_real] = 1
    return (weights * each).sum() / weights.sum()


def _apart(network: nn.Module, n_real: int) -> Objective:
    """Return the cross-entropy where made items pass batch norms of their own; all other layers are shared.

    The network keeps the statistics, scales and shifts of the real items (Xie et al. 2020, "AdvProp"). Those of made
    ones begin as copies of them in every cycle, and are let go in the end.
    """
    own = norms_of(network)
    learnt = tuple(value for value in own.values() if isinstance(value, nn.Parameter))

    def loss(step: int, items: Tensor, labels: Tensor) -> Tensor:
        made = functional_call(network, own, (items[n_real:],))
        return cross_entropy(torch.cat([network(items[:n_real]), made]), labels)

    return Objective(loss, learnt)


def norms_of(network: nn.Module) -> dict[str, Tensor]:
    """Return copies of the parameters and statistics of a network's batch norms by name; none where it has none."""
    norms = {name: module for name, module in network.named_modules() if isinstance(module, BatchNorm)}
    own = {f"{name}.{key}": b.clone() for name, norm in norms.items() for key, b in norm.named_buffers()}
    learnt = {f"{name}.{key}": p for name, norm in norms.items() for key, p in norm.named_parameters()}
    return own | {key: nn.Parameter(value.detach().clone()) for key, value in learnt.items()}
