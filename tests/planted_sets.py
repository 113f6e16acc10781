"""Small data sets of known items, for the tests of how a set is divided."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from gannb.data.examples import Dataset, Examples
from gannb.media.image.reading import read
from gannb.study.model import make_study
from gannb.trials.design import settle
from gannb.utils.errors import InputError


def examples(counts: list[int], groups: np.ndarray | None = None, prefix: str = "pool") -> Examples:
    """Items of 4x4 pixels whose pixels tell their position, so many of each class, in a fixed shuffled order."""
    y = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    x = np.broadcast_to((np.arange(len(y)) % 256).astype(np.uint8)[:, None, None, None], (len(y), 4, 4, 1))
    names = tuple(f"class {k}" for k in range(len(counts)))
    ids = np.array([f"{prefix}-{i}" for i in range(len(y))])
    return Examples(x, y, names, ids, np.arange(len(y)) if groups is None else groups)


def dataset(counts: list[int], test: list[int] | None = None, groups: np.ndarray | None = None) -> Dataset:
    given = None
    if test:
        given = examples(test, prefix="test")
        given = Examples(given.x, given.y, given.classes, given.ids, given.groups + 1_000_000)
    return Dataset(examples(counts, groups), given, "fingerprint", "prepared", report=None, medium="image")


def bursts(n: int, size: int) -> np.ndarray:
    """Groups of `size` neighbouring items."""
    return np.arange(n) // size


@cache
def digits() -> Dataset:
    return read("digits")


def refusal(found: Dataset, **given) -> str:
    """The sentence with which a study of a data set is refused."""
    with pytest.raises(InputError) as error:
        settle(found, make_study(**given))
    return str(error.value)
