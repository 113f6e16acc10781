"""Whether a single item looks like a copy of a training item: a rule that is exact, item by item.

An item is taken for a copy if its distance to the nearest training item is less than a third of its distance to the
next one of another group (Yoon et al. 2023, "Diffusion probabilistic models generalize when they fail to memorize").
The groups hold exact and near duplicates together, else two copies of one item would hide each other.
Authenticity (Alaa et al. 2022) would not do to leave items out by: it counts half of honest real items as copies.

The medium says in what numbers items are compared (`Medium.exact_features`). Sums of squares of whole numbers are exact
in float64 up to 2^53: the rule then says the same on every machine. Of other numbers each pair is compared by itself,
so that the rule still says the same however many items are looked at together. A copy that is changed beyond a third of
the usual distance, as a shifted, mirrored or brighter image may be, is not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium

RATIO = 3  # of the second distance to the first
EXACT = 2.0**53  # whole numbers up to it are exact in float64
ENTRIES = 4_000_000  # of the training items that are held as float64 at once: 32 MB


class CopyRule:
    """The rule for one training set of items of a medium."""

    def __init__(self, medium: Medium, train: Examples) -> None:
        self.features = medium.exact_features
        self.x = self.features(train.x)  # (N, D)
        self.groups = np.unique(train.groups, return_inverse=True)[1]
        self.rows = max(1, ENTRIES // self.x.shape[1])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Tell which items look like copies: (M, ...) -> (M,) bool."""
        made = self.features(x)
        squares = np.concatenate([squared_distances(made, self.x[i : i + self.rows]) for i in self._starts()], axis=1)
        nearest = squares.argmin(axis=1)
        first = squares.min(axis=1)
        squares[self.groups[nearest][:, None] == self.groups[None]] = np.inf
        return RATIO**2 * first < squares.min(axis=1)

    def _starts(self) -> range:
        return range(0, len(self.x), self.rows)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return squared distances (M, D), (N, D) -> (M, N) float64; each the same whatever else is in the arrays.

    They are exact for whole numbers whose sums of squares stay below 2^53.
    """
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    if not _exact(a) or not _exact(b):
        return cdist(wide_a, wide_b, "sqeuclidean")
    return (wide_a**2).sum(1)[:, None] + (wide_b**2).sum(1)[None] - 2 * (wide_a @ wide_b.T)


def _exact(x: np.ndarray) -> bool:
    """Tell whether the sums of squares and products of (N, D) numbers of a dtype are exact in float64, by the worst."""
    if not np.issubdtype(x.dtype, np.integer):
        return False
    limits = np.iinfo(x.dtype)
    return 4 * x.shape[1] * float(max(-limits.min, limits.max)) ** 2 <= EXACT
