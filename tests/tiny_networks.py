"""A small network of timm's, for tests of what is pretrained, and images for it."""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples

NETWORK = "test_efficientnet"  # timm's own, for tests: 360,000 parameters
MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)


def items(n: int, channels: int = 3, side: int = 32, classes: int = 3, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, side, side, channels), dtype=np.uint8)
    names = tuple("abcdefg"[:classes])
    return Examples(x, np.arange(n) % classes, names, np.arange(n).astype(str), np.arange(n))
