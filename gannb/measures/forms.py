"""Nearest real items, where each counts as near as the nearest of its forms, shifted, mirrored and the like.

Every form of every item would be a long search. So it goes along the leading axes of the items, where it takes a small
matrix product a form; the few items that are nearest there are then compared in all features, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gannb.measures.fidelity import nearest, nearest_few

Form = Callable[[np.ndarray], np.ndarray]  # items (N, ...) -> the same items in another form
AXES = 48  # leading axes of the search
SAMPLED = 500  # items that they are taken from
SPARE = 4  # items that are compared in all features beside those asked for
SCORES = 250_000  # that are held at once: 1 MB, which stays near the processor
DIFFERENCES = 4_000_000
EXTRACTED = 128  # items

Neighbours = tuple[np.ndarray, np.ndarray]  # index and distance of the k nearest of Q items, nearest first, (Q, k) each


class Real(Protocol):
    """Real items in a feature space, to which nearest ones are searched."""

    features: np.ndarray  # (N, D), as they are

    def nearest_few(self, query: np.ndarray, wanted: Sequence[tuple[int, range]]) -> list[Neighbours]:
        """Return the k nearest items of a part, by wanted (k, part): (Q, D) -> index among all, distance."""
        ...


@dataclass(frozen=True, eq=False)
class AsTheyAre:
    """Real items in the one form that they have."""

    features: np.ndarray

    def nearest_few(self, query: np.ndarray, wanted: Sequence[tuple[int, range]]) -> list[Neighbours]:
        """See `Real`; exact: (Q, D) -> (Q, k) each."""
        found = []
        for k, part in wanted:
            of_part = self.features[part.start : part.stop]
            index, distance = nearest_few(query, of_part, k) if k > 1 else _nearest(query, of_part)
            found.append((index + part.start, distance))
        return found


def _nearest(query: np.ndarray, reference: np.ndarray) -> Neighbours:
    index, distance = nearest(query, reference)
    return index[:, None], distance[:, None]


@dataclass(frozen=True, eq=False)
class Axes:
    """The leading principal axes of some items."""

    centre: np.ndarray  # (D,)
    axes: np.ndarray  # (D, A) float32, orthonormal

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the coordinates of items along the axes: (N, D) -> (N, A) float32."""
        return features @ self.axes - self.centre @ self.axes


def leading_axes(features: np.ndarray, seed: int) -> Axes:
    """Return the leading axes of items (N, D), by some of them at random."""
    rng = np.random.default_rng(seed)
    some = np.asarray(features[np.sort(rng.permutation(len(features))[:SAMPLED])], np.float32)
    centre = some.mean(axis=0)
    values, vectors = np.linalg.eigh((some - centre) @ (some - centre).T)
    kept = [i for i in np.argsort(-values)[:AXES] if values[i] > 1e-6 * values[-1]]
    axes = (some - centre).T @ vectors[:, kept] / np.sqrt(values[kept])
    return Axes(centre, axes.astype(np.float32))


class InForms:
    """Real items in all of their forms.

    x: (N, ...) with features (N, D); forms: beside the items as they are; extract: items -> (N, D); axes: of the
    search.
    """

    def __init__(self, x: np.ndarray, features: np.ndarray, forms: Sequence[Form], extract: Form, axes: Axes) -> None:
        self.x, self.features, self.forms, self.extract, self.axes = x, features, forms, extract, axes
        self.along = np.empty((len(forms) + 1, len(x), axes.axes.shape[1] + 1), np.float32)
        self.along[0, :, :-1] = axes(features)
        for start in range(0, len(x), EXTRACTED):
            some = slice(start, start + EXTRACTED)
            for f, form in enumerate(forms, 1):
                self.along[f, some, :-1] = axes(extract(form(x[some])))
        self.along[..., -1] = -np.square(self.along[..., :-1]).sum(axis=2) / 2

    def nearest_few(self, query: np.ndarray, wanted: Sequence[tuple[int, range]]) -> list[Neighbours]:
        """See `Real`: the nearest, (Q, k), of those that are nearest along the axes, by some more than are wanted."""
        found = []
        for (k, _), (index, form) in zip(wanted, self._candidates(query, wanted), strict=True):
            distance = self._distances(query, index, form)
            order = distance.argsort(axis=1, kind="stable")[:, :k]
            found.append((np.take_along_axis(index, order, axis=1), np.take_along_axis(distance, order, axis=1)))
        return found

    def _candidates(self, query: np.ndarray, wanted: Sequence[tuple[int, range]]) -> list[tuple[np.ndarray, ...]]:
        """Return the nearest items along the axes, and the form in which each is, (Q, k + `SPARE`) each, by wanted."""
        searched = range(min(part.start for _, part in wanted), max(part.stop for _, part in wanted))
        along = self.axes(query)
        along = np.concatenate([along, np.ones((len(along), 1), np.float32)], axis=1)
        blocks, step = [], max(1, SCORES // len(searched))
        for i in range(0, len(query), step):
            block = along[i : i + step]
            scores = self._scores(block, searched)
            blocks.append([self._best(block, scores, k + SPARE, part, searched.start) for k, part in wanted])
        return [tuple(map(np.concatenate, zip(*each, strict=True))) for each in zip(*blocks, strict=True)]

    def _scores(self, along: np.ndarray, searched: range) -> np.ndarray:
        """Return the score of items (P) for coordinates (Q, A + 1), the best of all forms, (Q, P).

        |q - r|^2 is least where q.r - |r|^2 / 2 is largest.
        """
        score, best = np.empty((2, len(along), len(searched)), np.float32)
        best.fill(-np.inf)
        for coordinates in self.along[:, searched.start : searched.stop]:
            np.maximum(best, np.matmul(along, coordinates.T, out=score), out=best)
        return best

    def _best(
        self, along: np.ndarray, scores: np.ndarray, n: int, part: range, first: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the n items of a part with the best scores, and the form each has its score in. first: scored item."""
        of_part, n = scores[:, part.start - first : part.stop - first], min(n, len(part))
        index = np.argpartition(of_part, len(part) - n, axis=1)[:, len(part) - n :] + part.start
        return index, np.einsum("qa,fqna->fqn", along, self.along[:, index], optimize=True).argmax(axis=0)

    def _distances(self, query: np.ndarray, index: np.ndarray, form: np.ndarray) -> np.ndarray:
        """Return the distances in all features of items (Q, n) in a form each, (Q, n)."""
        distance = np.empty(index.shape)
        for f in np.unique(form):
            row, column = np.nonzero(form == f)
            items, place = np.unique(index[row, column], return_inverse=True)
            features = self.extract(self.forms[f - 1](self.x[items])) if f else self.features[items]
            step = max(1, DIFFERENCES // query.shape[1])
            for i in range(0, len(row), step):
                some = slice(i, i + step)
                away = query[row[some]].astype(float) - features[place[some]]
                distance[row[some], column[some]] = np.linalg.norm(away, axis=1)
        return distance


def in_forms(x: np.ndarray, features: np.ndarray, forms: Sequence[Form], extract: Form, seed: int) -> InForms:
    """Return items (N, ...) with their features (N, D) as they are searched in all forms; see `InForms`."""
    return InForms(x, features, forms, extract, leading_axes(features, seed))
