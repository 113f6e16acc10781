"""How deep a network is: the weighted layers that an item passes on its way through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

WEIGHTED = ("Convolution", "Addmm", "Mm", "Linear")  # how autograd calls convolutions and linear layers, then Backward0


def weighted_layers(network: nn.Module, batch: Tensor) -> int:
    """Return the number of convolutions and linear layers on the longest way from a network's input to its output.

    batch: encoded items (N, ...) that the network takes. Counted on the graph of a pass through the network, so that it
    holds for any: what lies beside another way, as the shortcuts of residual networks (He et al. 2016), is not counted.
    """
    with torch.enable_grad():
        last = network.eval()(batch).grad_fn
    return longest_ways(last, lambda node: type(node).__name__.removesuffix("Backward0") in WEIGHTED)[last]


def longest_ways(last: Any, counts: Callable[[Any], bool]) -> dict[Any, int]:
    """Return, for a node of autograd's graph and all before it, the most nodes that count on any way back from it."""
    longest: dict[Any, int] = {}
    waiting = [last]
    while waiting:
        node = waiting[-1]
        before = [each for each, _ in node.next_functions if each is not None]
        if unknown := [each for each in before if each not in longest]:
            waiting += unknown
            continue
        waiting.pop()
        longest[node] = counts(node) + max((longest[each] for each in before), default=0)
    return longest
