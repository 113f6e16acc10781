"""What every generator does, the job that it is given, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium

WEIGHTS, RECORD = "generator.safetensors", "generator.json"  # of a fitted generator: its networks, and what it is
ADVERSARIAL = "a GAN (generative adversarial network)"  # what most of them are, to people
MOMENTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)  # of a training, at which a grid of samples is kept
GRID = (10, 8)  # classes, samples of each
LEAST_ITEMS = 4  # in a draw that networks are trained on
DiscriminatorPolicy = tuple[str | None, bool]  # its name, None for the family's own; whether it adapts


def _ignore(done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Start:
    """Where a training begins that goes on from what a fitted generator has learnt."""

    folder: Path  # of that generator
    # of each of the draw's classes, the number that it has there, None where it is new; None: the draw is the same
    classes: tuple[int | None, ...] | None = None
    frozen: float = 0.0  # share of the discriminator's layers, the lowest ones, that stay as they are


@dataclass(frozen=True)
class Job:
    """How a generator is to be fitted: everything that is neither the draw nor the generator itself."""

    steps: int  # optimiser steps of the generator; the simple generators ignore it
    seed: int  # 0 .. 2**63 - 1
    device: str = "cpu"  # a torch device string, already resolved
    checkpoint: Path | None = None  # folder for checkpoints; None: keep none
    progress: Callable[[int, int], None] = _ignore  # called with (steps done, steps in all)
    start: Start | None = None  # None: from untrained networks, or from what the family itself fits first
    looks: bool = True  # whether items are made to be looked at on the way, where that takes as long as many steps


@dataclass(frozen=True, eq=False)
class Condition:
    """What items are asked for: a label each, and a caption each where the medium has captions.

    labels: (M,) int64 in 0..K-1. captions: (M,) unicode, or None: a generator of captions draws them itself, from those
    of its training items of the class.
    """

    labels: np.ndarray
    captions: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.captions is not None and len(self.captions) != len(self.labels):
            raise ValueError(f"{len(self.labels)} labels and {len(self.captions)} captions: give one for each item")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: np.ndarray) -> Condition:
        """What is asked for at the positions `index`, (J,) or a mask (M,)."""
        return Condition(self.labels[index], None if self.captions is None else self.captions[index])


class Generator(Protocol):
    """Fits a draw, then samples what a condition asks for. Items have the shape and the dtype of the draw's."""

    most: np.ndarray | None  # (K,) int64, items of each class that it can give at the most; None: any number

    def fit(self, draw: Examples, job: Job) -> Self:
        """Fit the draw; gives back itself."""
        ...

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        """Make the M items that the condition asks for, (M, ...); equal seeds, equal items.

        Raises InputError for labels out of range, and for captions where it knows labels alone.
        """
        ...

    def captions_of(self, condition: Condition, seed: int) -> np.ndarray | None:
        """Return the captions (M,) of the items that `sample` makes of the same; None where it knows labels alone."""
        ...

    def to(self, device: str) -> Self:
        """Sample on a device from now on, where it has a network that can; gives back itself."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load` reads into the folder, which need not exist."""
        ...

    @classmethod
    def load(cls, folder: Path, medium: Medium) -> Self:
        """Read what `save` wrote of items of a medium; the samples are the same."""
        ...


def at_hand(generator: Generator, labels: np.ndarray) -> np.ndarray:
    """Of labels (M,) in rising order, those that the generator has items for: no more of a class than its `most`."""
    if generator.most is None:
        return labels
    counts = np.minimum(np.bincount(labels, minlength=len(generator.most)), generator.most)
    return np.repeat(np.arange(len(counts)), counts)


def check_no_captions(condition: Condition) -> None:
    """Raise InputError where captions are asked for, of a generator that knows labels alone."""
    if condition.captions is not None:
        raise InputError("captions: this generator knows labels alone; ask for none, or train one of captions.")


def check_classes(draw: Examples) -> None:
    """Raise InputError where a class has no item in the draw: nothing can be learned about it."""
    absent = [name for name, count in zip(draw.classes, draw.counts(), strict=True) if count == 0]
    if absent:
        raise InputError(f"n_per_class: the draw has no item of class {absent[0]!r}; draw more items.")


def leaves_items(policy: DiscriminatorPolicy) -> bool:
    """Tell whether a policy asks for items as they are, or for nothing: what a family without any can do."""
    return policy in ((None, False), ("none", False))


def check_draw(draw: Examples, steps: int, name: str, many: str, of_each_class: bool = False) -> None:
    """Raise InputError where networks cannot be trained on a draw for so many steps.

    name: the family's. many: what the medium calls its items. of_each_class: batches are of one class each.
    """
    if steps < 1:
        raise InputError(f"gan_steps: {steps} is too few, give at least 1.")
    if draw.n_classes < 2:
        raise InputError(f"gan: the draw has one class, and {name} needs two; give data of two or more.")
    check_classes(draw)
    least = draw.counts().min() if of_each_class else len(draw)
    if least < LEAST_ITEMS:
        per, way = (" of a class", "use another family, or ") if of_each_class else ("", "")
        raise InputError(
            f"gan: {least} training {many}{per} make no batch for {name}, which needs {LEAST_ITEMS}; {way}give more "
            f"{many}."
        )


def check_labels(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Labels as int64 (M,). Raises InputError where they are not one row of numbers in 0..n_classes-1."""
    labels = np.asarray(labels, dtype=np.int64)
    if labels.ndim != 1 or (len(labels) and not 0 <= labels.min() <= labels.max() < n_classes):
        raise InputError(f"condition: labels must be one row of numbers in 0..{n_classes - 1}.")
    return labels
