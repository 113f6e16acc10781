"""What a classifier is trained on: real and synthetic items, and the batches that mix them.

Where the labels of synthetic items are shares of the classes, (M, K), all labels of a stock are such shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gannb.data.counts import in_batch

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium


@dataclass(frozen=True, eq=False)
class Mixture:
    """What a classifier is trained on: real items, synthetic items, and how batches mix the two."""

    real: Examples | None
    synthetic: Examples | None
    share: float  # of each batch, 0..1, whatever the two sets' sizes; 1 without real items, 0 without synthetic ones
    fresh: Callable[[int], np.ndarray] | None = None  # number of a pass, from 1 -> the synthetic items anew
    weights: np.ndarray | None = None  # (K,) how much the loss of an item of each class counts; None: as it is
    mix: str = "added"  # to as many real items as without synthetic ones, or `replaced`: in the places of some of them
    shares: np.ndarray | None = None  # (M, K) of the classes in each synthetic item, to learn; None: its label alone
    way: str = ""  # in which the synthetic items are used, of `ways.WAYS`; empty: as they are, all the time

    def sizes(self, batch_size: int) -> tuple[int, int]:
        """Return how many real and how many synthetic items each batch holds; see `data.counts.in_batch`."""
        if self.real is None or self.synthetic is None:
            return (0, batch_size) if self.real is None else (batch_size, 0)
        return in_batch(self.mix, self.share, batch_size)

    def with_more(self, times: float, batch_size: int) -> Mixture:
        """Return the mixture with so many times the synthetic items in a batch; one real item stays in any case."""
        if self.mix == "added":
            return replace(self, share=times * self.share / (1 - self.share + times * self.share))
        return replace(self, share=min(1 - 1 / batch_size, times * self.share))

    def alone(self, synthetic: bool) -> Mixture:
        """Return the same items in batches of one kind, all synthetic or all real."""
        return replace(self, share=float(synthetic), mix="replaced", way="")

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
    """Yield the (B,) indices of batches for ever, into the real items followed by the synthetic ones.

    size: of a batch without synthetic items; with them B is the sum of `Mixture.sizes`. The real items come in the same
    order in every arm: where synthetic ones are added to them, every batch has the very same real items.
    """
    real_rng, synthetic_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    n_real, (real_size, synthetic_size) = 0 if mixture.real is None else len(mixture.real), mixture.sizes(size)
    real = cycle(n_real, real_size, real_rng) if real_size else None
    synthetic = cycle(len(mixture.synthetic), synthetic_size, synthetic_rng) if synthetic_size else None
    while True:
        parts = [next(real)] if real else []
        parts += [n_real + next(synthetic)] if synthetic else []
        yield np.concatenate(parts)


def encoded(medium: Medium, x: np.ndarray, device: str = "cpu") -> Tensor:
    """Return items (N, ...) as networks of the medium take them, on a device."""
    return medium.encode(medium.stored(x, device))


class Stock:
    """The items of a mixture, the real ones first, the synthetic ones made anew at every pass if `fresh`.

    Kept as they are stored, and encoded as they are handed out: images take a quarter of the memory.

    A pass is over when every synthetic item has been handed out once; the first hands out the items as they are.

    shown: synthetic items that earlier cycles of the training have seen. What follows them is a new pass.
    """

    def __init__(self, medium: Medium, mixture: Mixture, device: str = "cpu", shown: int = 0) -> None:
        self.medium = medium
        parts = [part for part in (mixture.real, mixture.synthetic) if part is not None]
        self.x = torch.cat([medium.stored(part.x, device) for part in parts])  # (N, ...)
        self.y = torch.from_numpy(_labels(mixture)).to(device)  # (N,), or shares of the classes (N, K)
        self.n_real = 0 if mixture.real is None else len(mixture.real)
        self.fresh, self.number, made = mixture.fresh, 0, max(1, len(self.x) - self.n_real)
        self.handed_out = -(-shown // made) * made

    @property
    def values(self) -> int:
        """Values of an encoded item."""
        return self.medium.encode(self.x[:1]).numel()

    def take(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """Hand out items: index (B,) -> encoded items (B, ...), labels (B,) or shares of the classes (B, K)."""
        items, labels = self._stored(index)
        return self.medium.encode(items), labels

    def _stored(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
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
            self.x[self.n_real :] = self.medium.stored(self.fresh(int(number)), str(self.x.device))
            self.number = number


def _labels(mixture: Mixture) -> np.ndarray:
    """Return the labels of a mixture's items, the real ones first: (N,), or (N, K) float32 where some are shares."""
    parts = [part for part in (mixture.real, mixture.synthetic) if part is not None]
    if mixture.shares is None:
        return np.concatenate([part.y for part in parts])
    real = np.empty((0, mixture.shares.shape[1])) if mixture.real is None else one_hot(mixture.real)
    return np.concatenate([real, mixture.shares]).astype(np.float32)


def one_hot(items: Examples) -> np.ndarray:
    """Return labels as shares of the classes: (N,) -> (N, K) float32."""
    return np.eye(items.n_classes, dtype=np.float32)[items.y]
