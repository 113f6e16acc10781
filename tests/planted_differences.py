"""Differences between two arms whose spread is known, and what is refused of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gannb.stats.intervals import balanced_weights
from gannb.utils.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def scaled(n: int, mean: float = 0.0, sd: float = 1.0) -> np.ndarray:
    """n differences with exactly this mean and standard deviation."""
    d = rng(n).normal(size=n)
    return mean + sd * (d - d.mean()) / d.std(ddof=1)


def crossed_model(generator, trials=8, per_class=30, classes=4, s=(1.0, 2.0, 3.0)):
    """d[r, i] = trial + item + rest with these standard deviations; true mean 0. Returns d and y."""
    y = np.repeat(np.arange(classes), per_class)
    d = generator.normal(0, s[0], (trials, 1)) + generator.normal(0, s[1], len(y))
    return d + generator.normal(0, s[2], (trials, len(y))), y


def distinct(y):
    """Groups of one item each."""
    return np.arange(len(y))


def with_weights(d, y, groups=None):
    return d, balanced_weights(y), y, distinct(y) if groups is None else groups


def refused(call: Callable[[], object], says: str) -> None:
    """The call is refused in one sentence that says so."""
    with pytest.raises(InputError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)
