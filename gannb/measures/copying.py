"""Copying: does a generator keep to its training set more than to real items that the set does not hold?

Features in, numbers out, in one feature space. The one rule by which a set of items is flagged is a permutation test:
training and held-out items come from the same source, so for whoever did not learn the training set by heart it makes
no difference which of them are called the training set. That holds for blurred, noisy and otherwise poor items as
well, which fool every bare distance. Items of one group (a patient, a burst, near duplicates) change places together.

It does not hold where items are put together of parts that only the training set provides, as sentences are of words:
whoever learns the words sides with the training set. There the medium tells which items nearly are a training item, and
the rule asks whether more of the generated ones are than of unseen real ones (`NearCopies`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from gannb.data.examples import Examples
from gannb.measures.fidelity import authentic_share, distance_ratio, excess_share
from gannb.measures.forms import Neighbours, Real

LEVEL = 0.05  # share of honest sets that the rule flags at the most
PERMUTATIONS = 99
TESTED = 500  # generated items that the test looks at, at the most
NEIGHBOURS = 16  # real items that it looks at around each
CLOSEST = 0.01  # distances below this share of the usual one count alike, as copies
SUSPECTS = 8  # pairs that are kept as the most suspicious
LEAST_IN_CELL = 2  # items of each kind for a class to count in C_T


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies next to M generated items in one feature space: N training items, and H held-out ones after them."""

    among: Neighbours  # of all real items, (M, k): found without regard to which of them are training items
    n_train: int
    training: np.ndarray  # (M,) int64: the nearest training item of each
    to_train: np.ndarray  # (M,) its distance
    held_out: np.ndarray  # (M,) int64: the nearest held-out real item
    to_held_out: np.ndarray  # (M,)
    of_held_out: np.ndarray  # (H,) int64: the nearest training item of each held-out one
    expected: np.ndarray  # (H,) its distance
    own: np.ndarray  # (N,) distance of training items to their nearest other

    @property
    def suspicion(self) -> np.ndarray:
        """Distance to the training set over that to held-out items, (M,): 1 as honest items have it, 0 a copy."""
        apart = np.full(len(self.to_train), np.inf)  # of a copy of a held-out item
        return np.divide(self.to_train, self.to_held_out, out=apart, where=self.to_held_out > 0)

    def measures(self) -> dict[str, float]:
        """Authenticity, side and nearest-neighbour ratio, by their names in `quality.json`; see `measures.fidelity`."""
        return {
            "authenticity": authentic_share(self.training, self.to_train, self.own),
            "authenticity_of_real": authentic_share(self.of_held_out, self.expected, self.own),
            "nearer_to_train": self.siding(),
            "nn_ratio": distance_ratio(self.to_train, self.expected),
        }

    def siding(self, chosen: slice | np.ndarray = slice(None)) -> float:
        """`fidelity.nearer_to_training` of some of the items; nan of none."""
        index, distance = (each[chosen] for each in self.among)
        if not len(index):
            return float("nan")
        is_train = index < self.n_train
        to_train, to_held_out = (np.where(side, distance, np.inf).min(axis=1) for side in (is_train, ~is_train))
        return excess_share(to_train, to_held_out, self.n_train / (self.n_train + len(self.expected)))

    def suspects(self) -> list[int]:
        """The most suspicious items, at most `SUSPECTS`, each beside another training item."""
        order = np.argsort(self.suspicion, kind="stable")
        order = order[np.isfinite(self.suspicion[order])]
        _, first = np.unique(self.training[order], return_index=True)
        return order[np.sort(first)[:SUSPECTS]].tolist()


def surroundings(real: Real, n_train: int, fake: np.ndarray) -> Surroundings:
    """Search what lies next to generated items (M, D). real: n_train training items, 2 or more, then held-out ones.

    The held-out items should have the classes in the training set's proportions.
    """
    train, held_out = range(n_train), range(n_train, len(real.features))
    among, *each = real.nearest_few(fake, [(NEIGHBOURS, range(len(real.features))), (1, train), (1, held_out)])
    [of_held_out] = real.nearest_few(real.features[n_train:], [(1, train)])
    [(_, own)] = real.nearest_few(real.features[:n_train], [(2, train)])
    (training, to_train), (unseen, to_unseen), (of, expected) = (
        (index[:, 0], distance[:, 0]) for index, distance in (*each, of_held_out)
    )
    return Surroundings(among, n_train, training, to_train, unseen - n_train, to_unseen, of, expected, own[:, 1])


@dataclass(frozen=True, eq=False)
class NearCopies:
    """Which items nearly are a training item, where the medium tells it (`Medium.near_copies`)."""

    made: np.ndarray  # (M,) bool, of generated items
    unseen: np.ndarray  # (H,) bool, of held-out real ones

    def siding(self, chosen: slice | np.ndarray = slice(None)) -> float:
        """How far some generated items exceed unseen real ones in near copies: 0 as these, 1 copies; nan of none.

        A share of copies c among items that are otherwise as unseen real ones scores c. Never below -1, where nearly
        all unseen real items are near copies, as sentences of a few fixed forms are, and few generated ones.
        """
        made, usual = self.made[chosen], self.unseen.mean()
        if not len(made):
            return float("nan")
        return max(-1.0, float((made.mean() - usual) / max(1 - usual, 1 / len(self.unseen))))

    def p(self) -> float:
        """p value that no more generated items are near copies than unseen real ones, by Fisher's exact test."""
        near, number = int(self.made.sum()), len(self.made)
        both = near + int(self.unseen.sum())
        return float(scipy.stats.hypergeom.sf(near - 1, number + len(self.unseen), both, number))


# ---- the rule ----


def copying_p(near_by: Surroundings, train: Examples, held_out: Examples, seed: int = 0) -> float:
    """p value of the permutation test for copying, 1 / 100 at the least: small where items keep to the training set.

    near_by: of the two sets and of generated items, of which up to 500 are looked at. With a and b the distances of an
    item to the nearest training and held-out item, the statistic is the mean of s |s|, s = log(b / a): the square makes
    few close copies count. It is compared with what it is when training and held-out items change places at random
    within their classes, those of a group together. For items that owe nothing to this very training set every such
    exchange is alike, so p is at most alpha in a share alpha of cases (Phipson & Smyth 2010): exactly where groups of a
    class are of one size, nearly where they differ.
    """
    rng = np.random.default_rng(seed)
    looked_at = rng.permutation(len(near_by.to_train))[:TESTED]
    index, distance = (each[looked_at] for each in near_by.among)  # (M, k)
    close = np.log(np.maximum(distance, max(CLOSEST * np.median(distance[:, 0]), np.finfo(float).tiny)))
    is_train = np.arange(len(train) + len(held_out)) < len(train)
    y, groups = (np.concatenate([getattr(part, name) for part in (train, held_out)]) for name in ("y", "groups"))
    exchanged = _exchanges(is_train, y, groups, rng)
    observed, *others = (_siding(each[index], close) for each in (is_train, *exchanged))
    return (1 + sum(other >= observed for other in others)) / (1 + len(others))


def identical_p(identical: int, items: int, by_chance: float) -> float:
    """p value that no more of so many items are identical with a training item than unseen real ones are by chance.

    by_chance: the share of these, 0..1; where it is 0, a single one shows copying.
    """
    return float(scipy.stats.binom.sf(identical - 1, items, by_chance))


def flagged(p: list[float], identical: float, tested: bool = False) -> bool:
    """Whether a set of items is flagged as copied: by items identical with training items, or by the test.

    p: of every space in which copying may be tested. identical: see `identical_p`; `tested`: it is neither 0 nor 1 by
    what real items are. The smallest of all that are tested counts, Bonferroni-adjusted.
    """
    p = [*p, identical] if tested else p
    return (not tested and identical == 0) or min(p) * len(p) <= LEVEL


def _exchanges(is_train: np.ndarray, y: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (P, N + H) bool: other choices of a training set, of whole groups, with about as many items of each class.

    A group counts in the class that most of its items have. Groups are taken in random order, up to where their items
    come nearest to the training set's number: exactly it, where all groups of a class have one size that divides it.
    """
    _, of_item = np.unique(groups, return_inverse=True)
    members = np.zeros((of_item.max() + 1, y.max() + 1), int)  # items of each class in each group
    np.add.at(members, (of_item, y), 1)
    sizes, majority = members.sum(axis=1), members.argmax(axis=1)
    chosen = np.zeros((PERMUTATIONS, len(sizes)), bool)
    for k in np.unique(majority):
        mine = np.flatnonzero(majority == k)
        order = rng.permuted(np.tile(mine, (PERMUTATIONS, 1)), axis=1)
        wanted = is_train[majority[of_item] == k].sum()
        items = sizes[order].cumsum(axis=1)
        taken = np.abs(items - sizes[order] - wanted) > np.abs(items - wanted)  # while each brings them nearer
        np.put_along_axis(chosen, order, taken, axis=1)
    return chosen[:, of_item]


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
            # pairs in which the generated is farther
            u = scipy.stats.mannwhitneyu(mine, other, method="asymptotic").statistic
            scores.append((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
            weights.append(n)
    return float(np.average(scores, weights=weights)) if scores else float("nan")
