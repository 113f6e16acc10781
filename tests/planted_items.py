"""Items of which the truth is known, for tests of several modules."""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples
from gannb.media.image.reading import read


def planted(n: int = 20, classes: int = 3, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Examples:
    """n noisy items of each class; the class is where the bright stripe is."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(classes), n))
    x = rng.integers(0, 80, (len(y), *shape))
    width = shape[1] // classes
    for i, k in enumerate(y):
        x[i, :, k * width : (k + 1) * width] += 150
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x.astype(np.uint8), y, names, np.arange(len(y)).astype(str), np.arange(len(y)))


def digits_trial(seed: int, n: int = 8, held_out: int = 24) -> list[Examples]:
    """Disjoint real digits: a training set, held-out and further ones, so many per class of the first two."""
    pool, rng = read("digits").pool, np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(pool.y == k)) for k in range(10)]
    cuts = (slice(0, n), slice(n, n + held_out), slice(n + held_out, None))
    return [pool.take(np.concatenate([order[cut] for order in orders])) for cut in cuts]
