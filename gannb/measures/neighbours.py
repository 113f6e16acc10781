"""Exact nearest neighbours in blocks: as many items as pass by, against a set that fits into memory.

A single-precision matrix product finds every reference item that could be the nearest, by a bound on its own rounding
error; these few are compared in double precision. So the answer is that of brute force in double precision, at the
cost of one in single precision, and memory holds one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

BLOCK_ENTRIES = 4_000_000  # of a block of scores, or of the pairs that are compared exactly
UNIT_ROUNDOFF = 2.0**-24  # of float32


class Reference:
    """A set of items (N, D) to which nearest ones are searched, held in both precisions."""

    def __init__(self, reference: np.ndarray) -> None:
        self.exact = np.ascontiguousarray(reference, np.float64)
        self.centre = self.exact.mean(axis=0)  # a square is expanded below: keep the numbers small
        centred = self.exact - self.centre
        self.scale = float(np.abs(centred).max()) or 1.0
        centred /= self.scale
        squares = np.einsum("nd,nd->n", centred, centred)
        self.reach = float(np.sqrt(squares.max()))
        self.columns = np.concatenate([centred.T, -squares[None] / 2], dtype=np.float32)  # (D + 1, N)

    def nearest(self, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nearest item of each of a block of items (Q, D): index (Q,) int64 and distance (Q,). Of equals, the first."""
        query = np.asarray(query, np.float64)
        row, column = self._candidates(query)
        squares = np.empty(len(row))
        step = max(1, BLOCK_ENTRIES // query.shape[1])
        for i in range(0, len(row), step):
            away = query[row[i : i + step]] - self.exact[column[i : i + step]]
            squares[i : i + step] = np.einsum("nd,nd->n", away, away)
        starts = np.searchsorted(row, np.arange(len(query)))  # every item has a candidate
        smallest = np.minimum.reduceat(squares, starts)
        hits = np.flatnonzero(squares == smallest[row])
        first = hits[np.searchsorted(row[hits], np.arange(len(query)))]
        return column[first], np.sqrt(smallest)

    def _candidates(self, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (row, column), rising, among which the nearest of every row is.

        |q - r|^2 is least where q.r - |r|^2 / 2 is largest. In float32 that is off by at most u (D + 5) (|q| |r| +
        |r|^2 / 2) (Higham 2002, section 3.1), so nothing within twice that of the largest is left out.
        """
        centred = (query - self.centre) / self.scale
        lengths = np.sqrt(np.einsum("nd,nd->n", centred, centred))
        with np.errstate(over="ignore", invalid="ignore"):  # of items too far off for float32, see below
            ones = np.ones((len(query), 1))
            score = np.concatenate([centred, ones], axis=1, dtype=np.float32) @ self.columns  # (Q, N)
            bar = self._bar(score, lengths)
        below = score < bar[:, None]  # never of what is not a number
        return np.divmod(np.flatnonzero(~below), score.shape[1])

    def _bar(self, score: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Score (Q,) below which no reference item is the nearest."""
        error = UNIT_ROUNDOFF * (len(self.columns) + 4) * self.reach * (lengths + self.reach / 2)
        bar = (score.max(axis=1) - 2 * error).astype(np.float32)
        return np.nextafter(bar, np.float32(-np.inf))  # so that rounding the bar leaves nothing out


def nearest_of_stream(blocks: Iterable[np.ndarray], reference: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield index (Q,) int64 and distance (Q,) of the nearest reference item, per block (Q, D) of a stream.

    reference: (N, D). Blocks may be of any size; they are cut so that memory stays bounded.
    """
    searched = Reference(reference)
    step = max(1, BLOCK_ENTRIES // len(searched.exact))
    for block in blocks:
        parts = [searched.nearest(block[i : i + step]) for i in range(0, len(block), step)]
        yield np.concatenate([index for index, _ in parts]), np.concatenate([away for _, away in parts])
