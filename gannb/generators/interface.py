"""What every generator does, and the job that it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.examples import Examples


def _ignore(done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Job:
    """How a generator is to be fitted: everything that is neither the draw nor the generator itself."""

    steps: int  # optimiser steps of the generator; the simple generators ignore it
    seed: int  # 0 .. 2**63 - 1
    device: str = "cpu"  # a torch device string, already resolved
    checkpoint: Path | None = None  # folder for checkpoints; None: keep none
    progress: Callable[[int, int], None] = _ignore  # called with (steps done, steps in all)


class Generator(Protocol):
    """Fits a draw, then samples for given labels.

    One that cannot make any number of items of every class says so by `most`, (K,) int64 (see `at_hand`).
    """

    def fit(self, draw: Examples, job: Job) -> Self:
        """Fit the draw; gives back itself."""
        ...

    def sample(self, condition: np.ndarray, seed: int) -> np.ndarray:
        """Make one item per label: labels (M,) in 0..K-1 -> (M, H, W, C) uint8; equal seeds, equal items."""
        ...

    def save(self, folder: Path) -> None:
        """Write `generator.json` and `generator.safetensors` into the folder, which need not exist."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the samples are the same."""
        ...


def at_hand(generator: Generator, labels: np.ndarray) -> np.ndarray:
    """Of labels (M,) in rising order, those that the generator has items for: no more of a class than its `most`."""
    most = getattr(generator, "most", None)
    if most is None:
        return labels
    counts = np.minimum(np.bincount(labels, minlength=len(most)), most)
    return np.repeat(np.arange(len(most)), counts)


def check_classes(draw: Examples) -> None:
    """Raise InputError where a class has no item in the draw: nothing can be learned about it."""
    absent = [name for name, count in zip(draw.classes, draw.counts(), strict=True) if count == 0]
    if absent:
        raise InputError(f"n_per_class: the draw has no item of class {absent[0]!r}; draw more items.")


def check_labels(condition: np.ndarray, n_classes: int) -> np.ndarray:
    """Labels as int64 (M,). Raises InputError where they are not one row of numbers in 0..n_classes-1."""
    labels = np.asarray(condition, dtype=np.int64)
    if labels.ndim != 1 or (len(labels) and not 0 <= labels.min() <= labels.max() < n_classes):
        raise InputError(f"condition: labels must be one row of numbers in 0..{n_classes - 1}.")
    return labels
