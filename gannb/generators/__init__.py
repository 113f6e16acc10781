"""Generators: whatever fits a draw and then makes items for given labels.

`GENERATORS` maps a name to a factory that takes a study (of which only `gan_augmentation` and `augmentation`
are read) and gives an unfitted generator. The modules behind it, and torch with them, are imported when a
factory is called, so that names can be listed and checked at no cost.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from gannb.errors import InputError

if TYPE_CHECKING:
    from gannb.data import Examples
    from gannb.study import Study


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
    """Fits a draw, then samples for given labels."""

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


def _adversarial(family: str) -> Callable[[Study], Generator]:
    def make(study: Study) -> Generator:
        from gannb.generators.adversarial import Adversarial
        from gannb.generators.families import FAMILIES

        policies = {"auto": None, "none": "none", "policy": study.augmentation, "diffaugment": "diffaugment"}
        if study.gan_augmentation not in policies:
            raise InputError(f"gan_augmentation: {study.gan_augmentation!r} is none of {', '.join(policies)}.")
        return Adversarial(FAMILIES[family], policies[study.gan_augmentation])

    return make


def _simple(kind: str) -> Callable[[Study], Generator]:
    def make(study: Study) -> Generator:
        from gannb.generators.simple import SIMPLE

        return SIMPLE[kind]()  # which have nothing to choose

    return make


GENERATORS: dict[str, Callable[[Study], Generator]] = {
    "projection": _adversarial("projection"),
    "mlp": _adversarial("mlp"),
    "gaussian": _simple("gaussian"),
    "copies": _simple("copies"),
    "mislabelled": _simple("mislabelled"),
    "interpolation": _simple("interpolation"),
}


def load(folder: Path, device: str = "cpu") -> Generator:
    """The fitted generator that `save` wrote into the folder, whichever kind it is; a network on the device.

    Raises InputError when the folder holds none.
    """
    from gannb.generators.adversarial import Adversarial
    from gannb.generators.simple import SIMPLE

    try:
        name = json.loads((Path(folder) / "generator.json").read_text())["generator"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder} holds no readable generator ({error}): train it again.") from error
    return SIMPLE[name].load(folder) if name in SIMPLE else Adversarial.load(folder).to(device)
