"""How the smaller classes fare where classes are of unequal size: by arm and by contrast, with intervals, and in words.

Accuracy rewards a classifier that never names a small class. Macro-F1 is the mean over classes of F1, so that a small
class counts as much as a large one, and both what is missed and what is wrongly taken for it; minority recall is the
share of the smallest class that is recognised. He & Garcia 2009, "Learning from imbalanced data", section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gannb.analysis.evidence import Evidence, by_trial, common_trials, test_train_ratio
from gannb.analysis.wording import ANSWERS, METRIC_NAMES, in_points
from gannb.classifiers.imbalance import BALANCING, smallest
from gannb.data.medium import Nouns
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.outcomes import interval
from gannb.trials.arms import BALANCED, PRIMARY

MEASURES = {"macro_f1": "macro-F1", "minority_recall": "minority recall"}  # both shares, 0..1


@dataclass(frozen=True)
class ArmRow:
    """The measures of an arm, means over trials; shares."""

    arm: str
    trials: int
    macro_f1: Interval
    minority_recall: Interval


@dataclass(frozen=True)
class ChangeRow:
    """What the measures change from one arm to another; differences of shares."""

    arm: str
    against: str
    trials: int
    macro_f1: Interval
    minority_recall: Interval


@dataclass(frozen=True)
class SmallClasses:
    """How the smallest classes fare. 95 % intervals over trials, corrected for re-splits; exploratory."""

    smallest: tuple[str, ...]  # the smallest class by name, or several as small, whose recalls are averaged
    items: int  # of each of them, to draw from
    of: int  # items in all
    tested: float  # items of each of them in a test set, a mean over trials
    arms: tuple[ArmRow, ...]
    contrasts: tuple[ChangeRow, ...]  # between the primary contrast's arms and those that balance without a generator
    copying: Interval  # how far the GAN's items of these classes side with their training items: 0 chance, 1 copies;
    # nan where it was not measured


def small_classes(evidence: Evidence) -> SmallClasses | None:
    """Return macro-F1 and minority recall of every arm, and what they change between arms; None for equal classes."""
    names, counts = list(evidence.class_counts), list(evidence.class_counts.values())
    classes = smallest(counts)
    if not classes:
        return None
    arms = [arm for arm in dict.fromkeys(evidence.scores["arm"]) if len(common_trials(evidence, arm)) >= 2]
    pairs = [(c.arm, c.against) for c in evidence.contrasts if {c.arm, c.against} <= {*PRIMARY, *BALANCED}]
    pairs = [pair for pair in pairs if set(pair) <= set(arms) and len(common_trials(evidence, *pair)) >= 2]
    return SmallClasses(
        smallest=tuple(names[k] for k in classes), items=min(counts), of=sum(counts),
        tested=float(np.mean([np.isin(y, classes).sum() / len(classes) for y in evidence.y.values()])),
        arms=tuple(_arm_row(evidence, arm, classes) for arm in arms),
        contrasts=tuple(_change_row(evidence, *pair, classes) for pair in pairs),
        copying=interval(np.array(evidence.small_copying), test_train_ratio(evidence), 0.95, -1.0, 1.0),
    )  # fmt: skip


def _arm_row(evidence: Evidence, arm: str, classes: list[int]) -> ArmRow:
    trials, ratio = common_trials(evidence, arm), test_train_ratio(evidence)
    f1, recall = (interval(v, ratio, 0.95, 0.0, 1.0) for v in _values(evidence, arm, trials, classes))
    return ArmRow(arm, len(trials), f1, recall)


def _change_row(evidence: Evidence, arm: str, against: str, classes: list[int]) -> ChangeRow:
    trials, ratio = common_trials(evidence, arm, against), test_train_ratio(evidence)
    pairs = zip(*(_values(evidence, name, trials, classes) for name in (arm, against)), strict=True)
    f1, recall = (interval(a - b, ratio, 0.95, -1.0, 1.0) for a, b in pairs)
    return ChangeRow(arm, against, len(trials), f1, recall)


def _values(evidence: Evidence, arm: str, trials: list[int], classes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return macro-F1 and the recall of the smallest classes, (R,) each, averaged over classifier seeds."""
    right = evidence.correct[arm]
    recalls = [[right[t][evidence.y[t] == k].mean() for k in classes] for t in trials]
    return by_trial(evidence, arm, "macro_f1", trials), np.mean(recalls, axis=1)


# ---- in words ----


@dataclass(frozen=True)
class AgainstBalancing:
    """What the GAN adds to a way to balance the classes without one, by the metric."""

    way: str  # in BALANCING
    change: Estimate  # adjusted for the number of secondary comparisons
    answer: str  # a value of `stats.decision.Answer`


def notes(found: SmallClasses, balancing: Sequence[AgainstBalancing], metric: str, nouns: Nouns) -> list[str]:
    """Return what a reader of the tables has to know: which class it is, and what was found by the metric."""
    names = ", ".join(f"“{name}”" for name in found.smallest)
    several = len(found.smallest) > 1
    which = f"The smallest classes are {names}" if several else f"{names} is the smallest class"
    each, of_each, averaged = (" each", "of each ", ", averaged over the classes") if several else ("", "", "")
    told = (
        f"{which}, with {found.items:,} of {found.of:,} {nouns.many}{each}; about {found.tested:.0f} {of_each}are in "
        f"a test set, where one {nouns.one} is {100 / found.tested:.2g} points of its class' recall. Minority recall "
        f"is the share of them that is recognised{averaged}."
    )
    return [told, *_balancing_note(balancing, metric, nouns), *_copying_note(found, nouns)]


def _copying_note(found: SmallClasses, nouns: Nouns) -> list[str]:
    """Return whether the GAN's items of the smallest classes are copies, where that was measured."""
    if math.isnan(found.copying.mean):
        return []
    mean, low, high = (f"{100 * end:.0f}" for end in (found.copying.mean, found.copying.low, found.copying.high))
    which = "class" if len(found.smallest) == 1 else "classes"
    return [
        f"The GAN's {nouns.many} of the smallest {which} score {mean}% [{low}, {high}] on the scale of copying, on "
        f"which {nouns.many} no nearer to the training set than to unseen real ones score 0% and pure copies 100%."
    ]


def _balancing_note(balancing: Sequence[AgainstBalancing], metric: str, nouns: Nouns) -> list[str]:
    """Return what the GAN adds to what balances without one, by the metric, where that is part of the study."""
    said = [
        f"by {in_points(each.change)} points against {BALANCING[each.way][1]} ({ANSWERS[each.answer]})"
        for each in balancing
    ]
    adjusted = "the intervals are adjusted for the number of secondary comparisons."
    return [f"GAN {nouns.many} changed {METRIC_NAMES[metric]} {', '.join(said)}; {adjusted}"] if said else []
