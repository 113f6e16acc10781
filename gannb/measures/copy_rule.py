"""Whether a single item looks like a copy of a training item: a rule that is exact, item by item.

An item is taken for a copy if its distance to the nearest training item is less than a third of its distance to the
next one of another group (Yoon et al. 2023, "Diffusion probabilistic models generalize when they fail to memorize").
The groups hold exact and near duplicates together, else two copies of one image would hide each other.
Authenticity (Alaa et al. 2022) would not do to leave items out by: it counts half of honest real images as copies.

Pixels are whole numbers and sums of their squares are exact in float64, so that the rule says the same on every
machine and however many items are looked at together. A copy that is shifted, mirrored or of another brightness is
not found.
"""

from __future__ import annotations

import numpy as np

from gannb.data.examples import Examples

RATIO = 3  # of the second distance to the first
ENTRIES = 4_000_000  # of the training items that are held as float64 at once: 32 MB


class CopyRule:
    """The rule for one training set."""

    def __init__(self, train: Examples) -> None:
        self.x = train.x.reshape(len(train), -1)  # (N, D) uint8
        self.groups = np.unique(train.groups, return_inverse=True)[1]
        self.rows = max(1, ENTRIES // self.x.shape[1])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Tell which items look like copies: (M, H, W, C) uint8 -> (M,) bool."""
        flat = x.reshape(len(x), -1).astype(np.float64)
        squares = np.concatenate([_squared_distances(flat, self.x[i : i + self.rows]) for i in self._starts()], axis=1)
        nearest = squares.argmin(axis=1)
        first = squares.min(axis=1)
        squares[self.groups[nearest][:, None] == self.groups[None]] = np.inf
        return RATIO**2 * first < squares.min(axis=1)

    def _starts(self) -> range:
        return range(0, len(self.x), self.rows)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exact squared distances of whole numbers: (M, D) float64, (N, D) uint8 -> (M, N) float64."""
    b = b.astype(np.float64)
    return (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * (a @ b.T)
