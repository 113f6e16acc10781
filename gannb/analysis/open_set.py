"""Classes that training never saw: the rows of numbers, and the sentences that say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    pass
from collections.abc import Sequence

from gannb.analysis.wording import METRIC_NAMES, interval_text
from gannb.experiment.open_set import SEEN, OpenSet
from gannb.stats.open_set import TAR
from gannb.units.open_set import BASELINE, METHODS
from gannb.utils.naming import listed

MEANINGS = METHODS | {SEEN: "real outliers of the tested classes (no open set)"}
SCORED = (
    "“known classes”: an image is the newer, the smaller the largest probability of a known class is; without “other” "
    "that is maximum softmax (Hendrycks and Gimpel 2017). “other” alone: by the probability of “other”."
)
DEFINED = (
    "AUROC: how often an image of a class never seen is ranked newer than a known test image; 50% is chance. Accepted "
    f"falsely: the share of them that is taken for known where {TAR:.0%} of the known test images are; this threshold "
    "is set on the known test images alone."
)
NO_OTHER_SIDE = (
    "With one class held out there is no GAN of outliers and no oracle: outliers to train on must be of another class "
    "than those tested, so hold out two."
)


def found(open_set: OpenSet, intervals: str, test_train_ratio: float) -> dict[str, Any]:
    """Return the part of the verdict about classes held out: rows of numbers, and the sentences that say them.

    intervals: what those of this protocol carry, in words.
    """
    rows = open_set.rows(test_train_ratio)
    return {
        "held_out": list(open_set.classes), "sentence": sentence(open_set.classes, rows),
        "cost": cost(rows, METRIC_NAMES[open_set.experiment.study.metric]),
        "notes": notes(open_set, intervals), "rows": rows,
    }  # fmt: skip


# ---- sentences ----


def sentence(classes: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what each kind of `other` changed in the AUROC, by both scores: to give the better would be to choose."""
    told, alone = _told(rows, "known"), _told(rows, "other")
    if BASELINE not in told or len(told) < 2:
        return "Not measured: fewer than two trials are there."
    changes = [f"{MEANINGS[m]} {_change(told[m])} or {_change(alone[m])}" for m in told if m != BASELINE]
    return (
        f"Images of {listed([f'“{name}”' for name in classes])}, which no training saw, are told from known ones with "
        f"an AUROC of {percent(told[BASELINE]['auroc'])}% where there is no “other” class. Training one changes that, "
        f"in points, by the largest probability of a known class or by that of “other” alone: {'; '.join(changes)}."
    )


def _change(row: Mapping[str, Any]) -> str:
    """Return a row's change in the AUROC, and whether it is one."""
    change = row["change"]["auroc"]
    word = "better" if change["low"] > 0 else "worse" if change["high"] < 0 else "undecided"
    return f"{interval_text(change)} ({word})"


def cost(rows: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Return what each kind of `other` changed in the recognition of the known classes; empty where not measured."""
    told = _told(rows, "known")
    changes = [interval_text(row["change"]["known"]) for method, row in told.items() if method != BASELINE]
    if BASELINE not in told or not changes:
        return ""
    order = ", in this order" if len(changes) > 1 else ""
    return f"On the known classes “other” changes {metric} by {listed(changes)} points{order}."


def _told(rows: Sequence[Mapping[str, Any]], score: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of the methods that are measured, by one score."""
    measured = [row for row in rows if row["score"] == score and row["trials"] >= 2]
    return {row["method"]: row for row in measured if row["method"] in METHODS}


def notes(open_set: OpenSet, intervals: str) -> list[str]:
    """Return what a reader of the rows has to know."""
    sides = [open_set.names(side) for side in open_set.sides]
    turns = (
        f"Outliers to train on are never of the classes tested: those of {sides[0]} serve against {sides[-1]}, and the "
        "other way round, and both turns are averaged."
    )
    removed = len(open_set.held_out.report.removed_from_pool)
    shared = f" {removed:,} images of held-out classes were left out: they share content or a group with other classes."
    return [
        turns if len(sides) == 2 else NO_OTHER_SIDE,
        f"{SCORED} {DEFINED}" + shared * (removed > 0),
        f"Exploratory, and not adjusted for the number of rows. {intervals}",
    ]


def percent(measure: Mapping[str, float | None]) -> str:
    return "–" if measure["mean"] is None or np.isnan(measure["mean"]) else f"{100 * measure['mean']:.1f}"
