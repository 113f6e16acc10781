"""The forms of a clip that classical augmentation does not tell apart: earlier and later.

A classifier that is trained with shifts in time hears every one of them. A generator that makes such a form of a
training clip adds nothing to it. Louder and softer is no form: the features do not change with the level.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from gannb.media.audio.augmentation import SHIFT, Policy

STEP = 0.016  # s: a column of the pictures, about; half of it changes little


def forms(policy: Policy, shape: tuple[int, ...], rate: int) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return the functions that give clips (N, T) these forms, but for the clips as they are.

    Shifts reach as far as those of augmentation, in a short clip up to a quarter of it; silence comes in.
    """
    most = min(SHIFT, shape[0] / rate / 4)
    steps = max(1, round(most / STEP))
    offsets = [round(most * rate * k / steps) for k in range(-steps, steps + 1) if k]
    return [partial(moved, by=by) for by in offsets if by]


def moved(x: np.ndarray, by: int) -> np.ndarray:
    """Shift clips (N, T) by samples, later where above 0."""
    out = np.zeros_like(x)
    if by > 0:
        out[:, by:] = x[:, :-by]
    else:
        out[:, :by] = x[:, -by:]
    return out
