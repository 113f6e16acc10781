"""Copying: does a generator keep to its training set more than to real items that the set does not hold?

Features in, numbers out, in one feature space. The one rule by which a set of items is flagged is a permutation test:
training and held-out items come from the same source, so for whoever did not learn the training set by heart it makes
no difference which of them are called the training set. That holds for blurred, noisy and otherwise poor items as
well, which fool every bare distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import mannwhitneyu

from gannb.measures.fidelity import authentic_share, distance_ratio, excess_share, nearest, nearest_few, nearest_other

LEVEL = 0.05  # share of honest sets that the rule flags at the most
PERMUTATIONS = 99
TESTED = 500  # generated items that the test looks at, at the most
NEIGHBOURS = 16  # real items that it looks at around each
CLOSEST = 0.01  # distances below this share of the usual one count alike, as copies
SUSPECTS = 8  # pairs that are kept as the most suspicious
LEAST_IN_CELL = 2  # items of each kind for a class to count in C_T


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies next to generated items in one feature space."""

    training: np.ndarray  # (M,) int64: the nearest training item of each
    to_train: np.ndarray  # (M,) its distance
    held_out: np.ndarray  # (M,) int64: the nearest held-out real item
    to_held_out: np.ndarray  # (M,)
    expected: np.ndarray  # (H,) distance of held-out items to the training set
    own: np.ndarray  # (N,) distance of training items to their nearest other
    chance: float  # share of training items among the real ones

    @property
    def suspicion(self) -> np.ndarray:
        """Distance to the training set over that to held-out items, (M,): 1 as honest items have it, 0 a copy."""
        apart = np.full(len(self.to_train), np.inf)  # of a copy of a held-out item
        return np.divide(self.to_train, self.to_held_out, out=apart, where=self.to_held_out > 0)

    def measures(self) -> dict[str, float]:
        """The measures that need no labels; see `measures.fidelity`."""
        return {
            "authenticity": authentic_share(self.training, self.to_train, self.own),
            "nearer_to_train": self.siding(),
            "nn_ratio": distance_ratio(self.to_train, self.expected),
        }

    def siding(self, chosen: slice | np.ndarray = slice(None)) -> float:
        """`fidelity.nearer_to_training` of some of the items; nan of none."""
        if not len(self.to_train[chosen]):
            return float("nan")
        return excess_share(self.to_train[chosen], self.to_held_out[chosen], self.chance)

    def suspects(self) -> list[int]:
        """The most suspicious items, at most `SUSPECTS`, each beside another training item."""
        order = np.argsort(self.suspicion, kind="stable")
        order = order[np.isfinite(self.suspicion[order])]
        _, first = np.unique(self.training[order], return_index=True)
        return order[np.sort(first)[:SUSPECTS]].tolist()


def surroundings(train: np.ndarray, fake: np.ndarray, held_out: np.ndarray) -> Surroundings:
    """Search what lies next to generated items. train: (N, D), N >= 2; fake: (M, D); held_out: (H, D).

    The held-out items should have the classes in the training set's proportions.
    """
    to_train, to_held_out = nearest(fake, train), nearest(fake, held_out)
    chance = len(train) / (len(train) + len(held_out))
    return Surroundings(*to_train, *to_held_out, nearest(held_out, train)[1], nearest_other(train), chance)


# ---- the rule ----


def copying_p(
    train: np.ndarray, fake: np.ndarray, held_out: np.ndarray, y: np.ndarray, held_out_y: np.ndarray, seed: int = 0
) -> float:
    """p value of the permutation test for copying, 1 / 100 at the least: small where items keep to the training set.

    train: (N, D) with labels y (N,), held_out: (H, D) with labels (H,), fake: (M, D), of which up to 500 are looked at.
    With a and b the distances of an item to the nearest training and held-out item, the statistic is the mean of
    s |s|, s = log(b / a): the square makes few close copies count. It is compared with what it is when training and
    held-out items change places at random within their classes. For items that owe nothing to this very training set
    every such exchange is alike, so p is at most alpha in a share alpha of cases, exactly (Phipson & Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    fake = fake[rng.permutation(len(fake))[:TESTED]]
    index, distance = nearest_few(fake, np.concatenate([train, held_out]), NEIGHBOURS)  # (M, k)
    close = np.log(np.maximum(distance, max(CLOSEST * np.median(distance[:, 0]), np.finfo(float).tiny)))
    is_train = np.arange(len(train) + len(held_out)) < len(train)
    exchanged = _exchanges(is_train, np.concatenate([y, held_out_y]), rng)
    observed, *others = (_siding(each[index], close) for each in (is_train, *exchanged))
    return (1 + sum(other >= observed for other in others)) / (1 + len(others))


def flagged(p: list[float]) -> bool:
    """Whether a set of items is flagged as copied: by the smallest of the spaces' p values, Bonferroni-adjusted."""
    return min(p) * len(p) <= LEVEL


def _exchanges(is_train: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (P, N + H) bool: other choices of a training set, with as many items of each class."""
    chosen = np.zeros((PERMUTATIONS, len(y)), bool)
    for k in np.unique(y):
        members = np.flatnonzero(y == k)
        order = rng.permuted(np.tile(members, (PERMUTATIONS, 1)), axis=1)
        np.put_along_axis(chosen, order[:, : is_train[members].sum()], True, axis=1)
    return chosen


def _siding(is_train: np.ndarray, close: np.ndarray) -> float:
    """Return the statistic. is_train, close: (M, k) of each item's real neighbours, nearest first.

    Where all neighbours are on one side, the other side's counts as far as the last of them.
    """
    rows, last = np.arange(len(close)), close.shape[1] - 1
    first = np.where(is_train.any(axis=1), is_train.argmax(axis=1), last)
    other = np.where(is_train.all(axis=1), last, is_train.argmin(axis=1))
    s = close[rows, other] - close[rows, first]
    return float(np.mean(s * np.abs(s)))


# ---- the published test ----


def c_t(distances: tuple[np.ndarray, np.ndarray], cells: tuple[np.ndarray, np.ndarray]) -> float:
    """C_T of Meehan et al. 2020 (section 3.2): far below 0 means copying, far above 0 underfitting.

    distances: those of generated (M,) and of held-out items (H,) to the training set; cells: (M,), (H,), the cells that
    they lie in (here: their classes). In each cell the rank-sum statistic of generated against held-out distances, as a
    z score; the mean of these by the cells' share of the held-out items. With K alike cells the standard deviation for
    honest items is 1 / sqrt(K). nan where no cell has two items of each.
    """
    (fake, held_out), (fake_cell, held_out_cell) = distances, cells
    scores, weights = [], []
    for cell in np.unique(held_out_cell):
        mine, other = fake[fake_cell == cell], held_out[held_out_cell == cell]
        m, n = len(mine), len(other)
        if min(m, n) >= LEAST_IN_CELL:
            u = mannwhitneyu(mine, other, method="asymptotic").statistic  # pairs in which the generated is farther
            scores.append((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
            weights.append(n)
    return float(np.average(scores, weights=weights)) if scores else float("nan")
