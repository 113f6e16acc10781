"""What a classifier is trained on: real and synthetic items, and the batches that mix them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium


@dataclass(frozen=True, eq=False)
class Mixture:
    """What a classifier is trained on: real items, synthetic items, and the synthetic share of each batch."""

    real: Examples | None
    synthetic: Examples | None
    share: float  # of each batch, 0..1, whatever the two sets' sizes; 1 without real items, 0 without synthetic ones
    fresh: Callable[[int], np.ndarray] | None = None  # number of a pass, from 1 -> the synthetic items anew
    weights: np.ndarray | None = None  # (K,) how much the loss of an item of each class counts; None: as it is

    @property
    def items(self) -> Examples:
        """The items that train accuracy is measured on: the real ones, or the synthetic ones alone."""
        return self.real if self.real is not None else self.synthetic


def cycle(n: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield (size,) indices below n for ever, in shuffled epochs, so that every item is used equally often."""
    queue = rng.permutation(n)
    while True:
        while len(queue) < size:
            queue = np.concatenate([queue, rng.permutation(n)])
        yield queue[:size]
        queue = queue[size:]


def batches(mixture: Mixture, size: int, seed: int) -> Iterator[np.ndarray]:
    """Yield (size,) indices for ever, into the real items followed by the synthetic ones.

    Each batch holds `round(share * size)` synthetic items. The real items come in the same order in every arm.
    """
    real_rng, synthetic_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    n_real = 0 if mixture.real is None else len(mixture.real)
    synthetic_size = 0 if mixture.synthetic is None else round(mixture.share * size)
    real = cycle(n_real, size - synthetic_size, real_rng) if synthetic_size < size else None
    synthetic = cycle(len(mixture.synthetic), synthetic_size, synthetic_rng) if synthetic_size else None
    while True:
        parts = [next(real)] if real else []
        parts += [n_real + next(synthetic)] if synthetic else []
        yield np.concatenate(parts)


def encoded(medium: Medium, x: np.ndarray, device: str = "cpu") -> Tensor:
    """Return items (N, ...) as networks of the medium take them, on a device."""
    return medium.encode(medium.stored(x, device))


class Stock:
    """The items of a mixture, encoded, the real ones first, the synthetic ones made anew at every pass if `fresh`.

    A pass is over when every synthetic item has been handed out once; the first hands out the items as they are.
    """

    def __init__(self, medium: Medium, mixture: Mixture, device: str = "cpu") -> None:
        self.medium = medium
        parts = [part for part in (mixture.real, mixture.synthetic) if part is not None]
        self.x = torch.cat([encoded(medium, part.x, device) for part in parts])  # (N, ...)
        self.y = torch.from_numpy(np.concatenate([part.y for part in parts])).to(device)  # (N,)
        self.n_real = 0 if mixture.real is None else len(mixture.real)
        self.fresh, self.number, self.handed_out = mixture.fresh, 0, 0

    def take(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Hand out items: index (B,) -> encoded items (B, ...), labels (B,)."""
        chosen = torch.from_numpy(index).to(self.x.device)
        if self.fresh is None or not np.any(index >= self.n_real):
            return self.x[chosen], self.y[chosen]
        first, *later = np.unique(number := self._passes(index))
        self._turn_to(first)
        items = self.x[chosen]
        for following in later:
            self._turn_to(following)
            at = torch.from_numpy(np.flatnonzero(number == following)).to(self.x.device)
            items[at] = self.x[chosen[at]]
        return items, self.y[chosen]

    def _passes(self, index: np.ndarray) -> np.ndarray:
        """Return the pass that each item belongs to, (B,); real items, which are always the same, to the first here."""
        synthetic = index >= self.n_real
        number = self.handed_out + np.arange(synthetic.sum())
        self.handed_out += len(number)
        passes = np.full(len(index), number[0])
        passes[synthetic] = number
        return passes // (len(self.x) - self.n_real)

    def _turn_to(self, number: int) -> None:
        if number != self.number:
            self.x[self.n_real :] = encoded(self.medium, self.fresh(int(number)), str(self.x.device))
            self.number = number
