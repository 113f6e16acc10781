"""How the smaller classes fare where classes are of unequal size: by arm and by contrast, with intervals, and in words.

Accuracy rewards a classifier that never names a small class. Macro-F1 is the mean over classes of F1, so that a small
class counts as much as a large one, and both what is missed and what is wrongly taken for it; minority recall is the
share of the smallest class that is recognised. He & Garcia 2009, "Learning from imbalanced data", section 4.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gannb.analysis.evidence import Evidence, by_trial, common_trials, test_train_ratio
from gannb.analysis.wording import ANSWERS, METRIC_NAMES, interval_text
from gannb.classifiers.imbalance import BALANCING, smallest
from gannb.stats.outcomes import interval
from gannb.trials.arms import BALANCED, PRIMARY, parse_arm

MEASURES = {"macro_f1": "macro-F1", "minority_recall": "minority recall"}  # both shares, 0..1


def small_classes(evidence: Evidence) -> dict[str, Any] | None:
    """Return macro-F1 and minority recall of every arm, and what they change between arms; None for equal classes.

    `smallest`: the names of the smallest class, or of several as small, whose recalls are then averaged; `items` of
    each of them, `of` items in all, `tested` of each in a trial. `arms`: {"arm", "trials"} and, by measure, mean, low
    and high. `contrasts`: {"arm", "against", "trials"} and, by measure, difference, low and high, between the primary
    contrast's arms and those that balance without a generator. `copying`: mean, low and high of how far the GAN's items
    of these classes side with their training items, 0 chance, 1 copies; nan where it was not measured. 95 % intervals
    over trials (`stats.paired_t`, corrected for re-splits), exploratory.
    """
    names, counts = list(evidence.class_counts), list(evidence.class_counts.values())
    classes = smallest(counts)
    if not classes:
        return None
    arms = [arm for arm in dict.fromkeys(evidence.scores["arm"]) if len(common_trials(evidence, arm)) >= 2]
    pairs = [(c.arm, c.against) for c in evidence.contrasts if {c.arm, c.against} <= {*PRIMARY, *BALANCED}]
    pairs = [pair for pair in pairs if set(pair) <= set(arms) and len(common_trials(evidence, *pair)) >= 2]
    return {
        "smallest": [names[k] for k in classes], "items": min(counts), "of": sum(counts),
        "tested": float(np.mean([np.isin(y, classes).sum() / len(classes) for y in evidence.y.values()])),
        "arms": [_arm_row(evidence, arm, classes) for arm in arms],
        "contrasts": [_change_row(evidence, *pair, classes) for pair in pairs],
        "copying": interval(np.array(evidence.small_copying), test_train_ratio(evidence), 0.95, -1.0, 1.0),
    }  # fmt: skip


def _arm_row(evidence: Evidence, arm: str, classes: list[int]) -> dict[str, Any]:
    trials, ratio = common_trials(evidence, arm), test_train_ratio(evidence)
    values = _values(evidence, arm, trials, classes)
    return {"arm": arm, "trials": len(trials)} | {m: interval(v, ratio, 0.95, 0.0, 1.0) for m, v in values.items()}


def _change_row(evidence: Evidence, arm: str, against: str, classes: list[int]) -> dict[str, Any]:
    trials, ratio = common_trials(evidence, arm, against), test_train_ratio(evidence)
    values, others = (_values(evidence, name, trials, classes) for name in (arm, against))
    changes = {m: interval(values[m] - others[m], ratio, 0.95, -1.0, 1.0) for m in MEASURES}
    changes = {m: {"difference": d.pop("mean"), **d} for m, d in changes.items()}
    return {"arm": arm, "against": against, "trials": len(trials)} | changes


def _values(evidence: Evidence, arm: str, trials: list[int], classes: list[int]) -> dict[str, np.ndarray]:
    """Return (R,) values of each measure, averaged over classifier seeds."""
    right = evidence.correct[arm]
    recalls = [[right[t][evidence.y[t] == k].mean() for k in classes] for t in trials]
    return {"macro_f1": by_trial(evidence, arm, "macro_f1", trials), "minority_recall": np.mean(recalls, axis=1)}


# ---- in words ----


def notes(verdict: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the tables has to know: which class it is, and what was found by the metric."""
    found = verdict["small_classes"]
    names, tested = ", ".join(f"“{name}”" for name in found["smallest"]), found["tested"]
    several = len(found["smallest"]) > 1
    which = f"The smallest classes are {names}" if several else f"{names} is the smallest class"
    each, of_each, averaged = (" each", "of each ", ", averaged over the classes") if several else ("", "", "")
    told = (
        f"{which}, with {found['items']:,} of {found['of']:,} images{each}; about {tested:.0f} {of_each}are in "
        f"a test set, where one image is {100 / tested:.2g} points of its class' recall. Minority recall is "
        f"the share of them that is recognised{averaged}."
    )
    return [told, *_against_balancing(verdict), *_copying(found)]


def _copying(found: Mapping[str, Any]) -> list[str]:
    """Return whether the GAN's images of the smallest classes are copies, where that was measured."""
    if found["copying"]["mean"] is None or math.isnan(found["copying"]["mean"]):
        return []
    mean, low, high = (f"{100 * found['copying'][end]:.0f}" for end in ("mean", "low", "high"))
    which = "class" if len(found["smallest"]) == 1 else "classes"
    return [
        f"The GAN's images of the smallest {which} score {mean}% [{low}, {high}] on the scale of copying, on which "
        "images no nearer to the training set than to unseen real ones score 0% and pure copies 100%."
    ]


def _against_balancing(verdict: Mapping[str, Any]) -> list[str]:
    """Return what the GAN adds to what balances without one, by the metric, where that is part of the study."""
    rows = {parse_arm(r["against"]).source: r for r in verdict["contrasts"] if r["role"] == "secondary"}
    said = [
        f"by {interval_text(rows[way])} points against {BALANCING[way][1]} ({ANSWERS[rows[way]['answer']]})"
        for way in BALANCING
        if way in rows
    ]
    if not said:
        return []
    metric = METRIC_NAMES[verdict["metric"]]
    adjusted = "the intervals are adjusted for the number of secondary comparisons."
    return [f"GAN images changed {metric} {', '.join(said)}; {adjusted}"]
