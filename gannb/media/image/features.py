"""Raw features of images."""

from __future__ import annotations

import numpy as np


def pixels(x: np.ndarray) -> np.ndarray:
    """The pixels of items as features: (N, H, W, C) uint8 -> (N, D) float32 in 0..1."""
    return np.asarray(x, np.float32).reshape(len(x), -1) / 255
