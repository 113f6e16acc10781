"""The forms of an image that classical augmentation does not tell apart: shifted by whole pixels, and mirrored.

A classifier that is trained with shifts or mirror images sees every one of them. A generator that makes such a form of
a training image adds nothing to it, and a bare distance of pixels does not find it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from gannb.media.image.augmentation.policies import POLICIES, Policy, default

STEPS = 2  # shifts either way: every whole pixel up to 28 a side, of larger images as many in wider steps


def forms(policy: Policy, shape: tuple[int, ...]) -> list[Callable[[np.ndarray], np.ndarray]]:
    """Return the functions that give images (N, H, W, C) these forms, but for the images as they are.

    Shifts reach as far as those of the default policy for images of the shape (H, W, C), a pixel at the least; mirror
    images are among them where `policy` or the default one mirrors. What comes in from beyond the edge is as in the
    augmentation.
    """
    usual = POLICIES[default(shape)]
    across, down = (_offsets(usual.shift, side) for side in (shape[1], shape[0]))
    ways = [(dy, dx, mirror) for mirror in ((False, True) if policy.flip or usual.flip else (False,))
            for dy in down for dx in across]  # fmt: skip
    moves = [way for way in ways if way != (0, 0, False)]
    return [partial(_moved, down=dy, across=dx, mirror=mirror, padding=policy.padding) for dy, dx, mirror in moves]


def _offsets(share: float, side: int) -> list[int]:
    """Return shifts in whole pixels, 0 among them, up to a share of the side, as `augmentation` rounds it."""
    most = max(1, round(share * side))
    return sorted({round(most * step / STEPS) for step in range(-STEPS, STEPS + 1)} | {0})


def _moved(x: np.ndarray, down: int, across: int, mirror: bool, padding: str) -> np.ndarray:
    """Shift (N, H, W, C) images by whole pixels, and mirror them first where asked."""
    rows, columns = (
        _inside(np.arange(side) - by, side, padding) for by, side in ((down, x.shape[1]), (across, x.shape[2]))
    )
    columns = x.shape[2] - 1 - columns if mirror else columns
    taken = np.arange(x[0].size).reshape(x.shape[1:])[rows[:, None], columns[None]]
    return x.reshape(len(x), -1).take(taken.ravel(), axis=1).reshape(x.shape)


def _inside(index: np.ndarray, side: int, padding: str) -> np.ndarray:
    """Bring indices back into 0..side-1, as `augmentation` does: to the nearest pixel, or to the mirrored one."""
    if padding == "border":
        return index.clip(0, side - 1)
    index = np.where(index < 0, -1 - index, index)
    return np.minimum(index, 2 * side - 1 - index)
