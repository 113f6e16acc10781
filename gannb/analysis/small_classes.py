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
import pandas as pd

from gannb.analysis.evidence import Evidence, common_trials, of_trials, possible
from gannb.analysis.wording import ANSWERS, METRIC_NAMES, in_percent, in_points, unlearnt
from gannb.classifiers.imbalance import BALANCING, smallest
from gannb.data.medium import Nouns, Phrases
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.outcomes import interval
from gannb.stats.tested import equal, only
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
    """How the smallest classes fare. 95 % intervals over trials and test items; exploratory."""

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
    arms = [arm for arm in dict.fromkeys(evidence.scores["arm"]) if common_trials(evidence, arm)]
    pairs = [(c.arm, c.against) for c in evidence.contrasts if {c.arm, c.against} <= {*PRIMARY, *BALANCED}]
    pairs = [pair for pair in pairs if set(pair) <= set(arms) and common_trials(evidence, *pair)]
    return SmallClasses(
        smallest=tuple(names[k] for k in classes), items=min(counts), of=sum(counts),
        tested=float(np.mean([np.isin(y, classes).sum() / len(classes) for y in evidence.tested.y.values()])),
        arms=tuple(_arm_row(evidence, arm, classes) for arm in arms),
        contrasts=tuple(_change_row(evidence, *pair, classes) for pair in pairs), copying=_copying(evidence),
    )  # fmt: skip


def _copying(evidence: Evidence) -> Interval:
    """Return how far the GAN's items of the smallest classes side with the training items; nan where not measured."""
    if len(evidence.small_copying) < 2:
        return Interval(*[math.nan] * 3)
    return possible(of_trials(evidence, pd.Series(evidence.small_copying)))


def _arm_row(evidence: Evidence, arm: str, classes: list[int]) -> ArmRow:
    trials = common_trials(evidence, arm)
    values = (_of(each, arm, trials) for each in (evidence.f1, evidence.correct))
    return ArmRow(arm, len(trials), *_intervals(evidence, *values, classes, 0.0))


def _change_row(evidence: Evidence, arm: str, against: str, classes: list[int]) -> ChangeRow:
    trials = common_trials(evidence, arm, against)
    pairs = ((_of(each, arm, trials), _of(each, against, trials)) for each in (evidence.f1, evidence.correct))
    values = ({t: a[t] - b[t] for t in a if t in b} for a, b in pairs)
    return ChangeRow(arm, against, len(trials), *_intervals(evidence, *values, classes, -1.0))


def _of(values: dict[str, dict[int, np.ndarray]], arm: str, trials: list[int]) -> dict[int, np.ndarray]:
    """Return an arm's values of each test item in some trials; empty where they were not measured."""
    return {t: each for t, each in values.get(arm, {}).items() if t in trials}


def _intervals(
    evidence: Evidence, f1: dict[int, np.ndarray], right: dict[int, np.ndarray], classes: list[int], least: float
) -> tuple[Interval, Interval]:
    """Return macro-F1 and the recall of the smallest classes, or their changes, from values of each test item."""
    tested = evidence.tested
    return interval(f1, tested, equal, least=least), interval(right, tested, only(*classes), least=least)


# ---- in words ----


@dataclass(frozen=True)
class AgainstBalancing:
    """What the GAN adds to a way to balance the classes without one, by the metric."""

    way: str  # in BALANCING
    change: Estimate  # adjusted for the number of secondary comparisons
    answer: str  # a value of `stats.decision.Answer`


def notes(
    found: SmallClasses, balancing: Sequence[AgainstBalancing], metric: str, nouns: Nouns, phrases: Phrases
) -> list[str]:
    """Return what a reader of the tables has to know: which class it is, and what was found by the metric."""
    names = ", ".join(f"“{name}”" for name in found.smallest)
    several = len(found.smallest) > 1
    which = f"The smallest classes are {names}" if several else f"{names} is the smallest class"
    each, of_each, averaged = (" each", "of each ", ", averaged over the classes") if several else ("", "", "")
    weight = float(f"{100 / found.tested:.2g}")
    told = (
        f"{which}, with {found.items:,} of {found.of:,} {nouns.many}{each}; about {found.tested:.0f} {of_each}are in "
        f"a test set, where one {nouns.one} is {weight:g} points of its class' recall. Minority recall "
        f"is the share of them that is recognised{averaged}."
    )
    return [told, *_balancing_note(balancing, metric, nouns), *_copying_note(found, nouns, phrases)]


def _copying_note(found: SmallClasses, nouns: Nouns, phrases: Phrases) -> list[str]:
    """Return whether the GAN's items of the smallest classes are copies, where that was measured."""
    if math.isnan(found.copying.mean):
        return []
    which = "class" if len(found.smallest) == 1 else "classes"
    return [
        f"The GAN's {nouns.many} of the smallest {which} score {in_percent(found.copying)} on the scale of copying, on "
        f"which {nouns.many} that {unlearnt(nouns, phrases)} score 0% and pure copies 100%."
    ]


def _balancing_note(balancing: Sequence[AgainstBalancing], metric: str, nouns: Nouns) -> list[str]:
    """Return what the GAN adds to what balances without one, by the metric, where that is part of the study."""
    said = [
        f"by {in_points(each.change)} points against {BALANCING[each.way][1]} ({ANSWERS[each.answer]})"
        for each in balancing
    ]
    adjusted = "the intervals are adjusted for the number of secondary comparisons."
    return [f"GAN {nouns.many} changed {METRIC_NAMES[metric]} {', '.join(said)}; {adjusted}"] if said else []
