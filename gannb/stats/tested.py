"""How the trials of a study and their test items hang together, and the interval that follows for any difference.

Three protocols, one question: the mean difference of two arms over trainings and test items. Draws and trials on a
given training set test the same items every time (`settling.draws`); repeated cross-validation tests every item once a
repeat (`settling.cross_validation`). Whatever is measured item by item goes through here: the metric, its parts by
class, AUROC, shifted items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gannb.stats.estimate import Estimate
from gannb.stats.intervals import balanced_weights, equal_weights
from gannb.stats.settling.cross_validation import LEAST_REPEATS, cv_interval, in_repeats, training_results
from gannb.stats.settling.draws import draws_interval
from gannb.utils.errors import InputError

Weighting = Callable[
    [np.ndarray], tuple[np.ndarray, np.ndarray]
]  # labels (I,) -> weights (I,) summing to 1, strata (I,)
FEWEST = 2  # trials that have an interval; an answer takes more


def balanced(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights with which all classes count alike, and the classes as strata. (I,) -> (I,), (I,)."""
    return balanced_weights(y), y


def equal(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights with which all items count alike, all of one stratum. (I,) -> (I,), (I,)."""
    return equal_weights(y), np.zeros_like(y)


def only(*classes: int) -> Weighting:
    """Return the weighting in which items of these classes alone count, the classes alike."""

    def weighting(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        of_them = np.isin(y, classes)
        weights = np.zeros(len(y))
        weights[of_them] = balanced_weights(y[of_them]) if of_them.any() else 0.0
        return weights, y

    return weighting


WEIGHTINGS: dict[str, Weighting] = {"balanced_accuracy": balanced, "accuracy": equal}  # by metric


@dataclass(frozen=True, eq=False)
class Tested:
    """Which items every trial tests; the same item has the same number in all trials."""

    item: Mapping[int, np.ndarray] = field(default_factory=dict)  # trial -> (I,) numbers of its test items
    y: Mapping[int, np.ndarray] = field(default_factory=dict)  # trial -> (I,) their labels
    groups: Mapping[int, np.ndarray] = field(default_factory=dict)  # trial -> (I,) items that share one are one unit
    folds: int = 0  # of repeated cross-validation, in which trial t is fold t mod K of repeat t // K; 0: none
    block: Mapping[int, int] = field(default_factory=dict)  # trial -> its block of draws; empty: trials share no items

    def usable(self, trials: Sequence[int]) -> list[int]:
        """Return those of some trials that an interval can be made of, rising; none where they are too few.

        Of cross-validation these are whole repeats, two or more: an incomplete one would weigh items unequally.
        """
        trials = sorted(trials)
        if not self.folds:
            return trials if len(trials) >= FEWEST else []
        there = np.bincount(np.array(trials, int) // self.folds) if trials else np.zeros(0, int)
        whole = np.flatnonzero(there == self.folds)
        return [t for t in trials if t // self.folds in whole] if len(whole) >= LEAST_REPEATS else []

    def units(self, trials: Sequence[int], by_block: bool = False) -> np.ndarray:
        """Return the number of the independent unit that each trial belongs to, (R,).

        The two draws of a block swap their halves and share nothing, so that each is its own unit; not for what looks
        at both halves (`by_block`), and not where blocks have more than two draws. A single block shows no spread: then
        its draws are taken, of which there are too few for an answer.
        """
        trials = np.asarray(trials)
        if not self.block:
            return trials
        blocks = np.array([self.block[t] for t in trials])
        crowded = max(np.bincount(np.array(list(self.block.values())))) > 2
        return blocks if (by_block or crowded) and len(np.unique(blocks)) >= FEWEST else trials

    def difference(
        self,
        values: Mapping[int, np.ndarray],
        weighting: Weighting = balanced,
        level: float = 0.95,
        by_block: bool = False,
    ) -> Estimate:
        """Return the mean of per-item differences over trials and items, with an interval that carries both.

        values: trial -> (I,) differences of its test items, in their order, averaged over classifier seeds. by_block:
        the two arms see both halves of a block between them, as one that trains on the reserve does.

        Raises:
            InputError: too few trials, or too few items of what is weighted; see `settling`.
        """
        laid_out = self._laid_out(values, weighting, by_block)
        return cv_interval(*laid_out, level) if self.folds else draws_interval(*laid_out, level)

    def results(self, values: Mapping[int, np.ndarray], weighting: Weighting = balanced) -> np.ndarray:
        """Return each usable trial's own weighted difference, (R,), by rising trial; arguments as for `difference`."""
        d, fold, weights, strata, _ = self._laid_out(values, weighting)
        return training_results(d, fold, weights, strata) if self.folds else d @ weights

    def items(self, values: Mapping[int, np.ndarray], weighting: Weighting = balanced) -> tuple[np.ndarray, np.ndarray]:
        """Return weights and groups, (I,) each, of the test items that count in `difference` of these values."""
        _, _, weights, _, groups = self._laid_out(values, weighting)
        return weights, groups

    def _laid_out(
        self, values: Mapping[int, np.ndarray], weighting: Weighting, by_block: bool = False
    ) -> tuple[np.ndarray, ...]:
        """Return differences, the fold or unit that each belongs to, and weights, strata and groups of the items."""
        trials = self.usable(list(values))
        if not trials:
            least = f"{LEAST_REPEATS} whole repeats of {self.folds} folds" if self.folds else f"{FEWEST} trials"
            raise InputError(f"{len(values)} trials are too few for an interval; it takes {least}.")
        if self.folds:
            return self._in_repeats(values, trials, weighting)
        return self._over_draws(values, trials, weighting, by_block)

    def _over_draws(
        self, values: Mapping[int, np.ndarray], trials: list[int], weighting: Weighting, by_block: bool
    ) -> tuple[np.ndarray, ...]:
        first = trials[0]
        weights, strata = weighting(self.y[first])
        counted = weights > 0
        d = np.stack([values[t][counted] for t in trials])
        units = self.units(trials, by_block)
        return d, units, weights[counted], strata[counted], self.groups[first][counted]

    def _in_repeats(
        self, values: Mapping[int, np.ndarray], trials: list[int], weighting: Weighting
    ) -> tuple[np.ndarray, ...]:
        trial = np.concatenate([np.full(len(self.item[t]), t) for t in trials])
        number, y, groups, d = (
            np.concatenate([part[t] for t in trials]) for part in (self.item, self.y, self.groups, values)
        )
        items, first = np.unique(number, return_index=True)
        weights, strata = weighting(y[first])
        counted = np.flatnonzero(weights > 0)
        at = np.searchsorted(items, number)
        kept = weights[at] > 0
        d, fold = in_repeats(trial[kept], np.searchsorted(counted, at[kept]), d[kept], self.folds)
        return d, fold, weights[counted], strata[counted], groups[first][counted]
