"""Classes that training never saw: the rows of numbers, and the sentences that say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.analysis.wording import METRIC_NAMES, interval_text
from gannb.experiment.open_set import OpenSet
from gannb.stats import outcomes
from gannb.stats.intervals import balanced_weights, equal_weights
from gannb.stats.open_set import SCORES, TAR, auroc, false_accept_rate
from gannb.trials import splits
from gannb.units import reading
from gannb.units.open_set import BASELINE, METHODS, side_of
from gannb.utils.naming import listed

if TYPE_CHECKING:
    import pandas as pd

    from gannb.experiment.experiment import Experiment

SEEN = "outliers_of_the_tested"  # no open set any more: the most that outliers could bring
MEASURES = ("auroc", "far", "known")

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


def found(experiment: Experiment, intervals: str, test_train_ratio: float) -> dict[str, Any]:
    """Return the part of the verdict about classes held out: rows of numbers, and the sentences that say them.

    intervals: what those of this protocol carry, in words.
    """
    open_set, rows = experiment.plan.open_set, rows_of(experiment, test_train_ratio)
    return {
        "held_out": list(open_set.classes), "sentence": sentence(open_set.classes, rows),
        "cost": cost(rows, METRIC_NAMES[experiment.study.metric]),
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


# ---- measures ----


def scores_of(method: str) -> tuple[str, ...]:
    """Return the scores that a method gives, by name."""
    return tuple(SCORES) if method != BASELINE else ("known",)


def scores(experiment: Experiment) -> pd.DataFrame:
    """Return a row per trial, method, side of its outliers, side tested and score; means over classifier seeds.

    auroc, far (at 95 % true accepts); known: the study's metric on the known test items, where taking one of them
    for `other` is an error. `seen`: the outliers trained on were of the classes tested.
    """
    import pandas as pd

    open_set, rows = experiment.plan.open_set, []
    for trial, method, side in open_set.classifiers:
        said = experiment.results.open_set_predictions(trial, method, side)
        for tested in open_set.sides if said else ():
            about = {"trial": trial, "method": method, "outliers": "" if side is None else open_set.names(side)}
            about |= {"tested": open_set.names(tested), "seen": side == tested}
            measured = {kind: _measure(experiment, said, tested, kind) for kind in scores_of(method)}
            rows += [about | {"score": kind} | measures for kind, measures in measured.items()]
    return pd.DataFrame(rows, columns=["trial", "method", "outliers", "tested", "seen", "score", *MEASURES])


def _measure(experiment: Experiment, said: Mapping[str, np.ndarray], side: int, kind: str) -> dict[str, float]:
    """Return the measures of a unit's classifiers by one score, on the unseen items of one side."""
    n_known, held = experiment.dataset.pool.n_classes, len(experiment.plan.open_set.classes)
    unseen = said["unseen_p"][:, np.isin(said["unseen_y"], side_of(held, side))]
    pairs = [[SCORES[kind](p, n_known) for p in pair] for pair in zip(said["p"], unseen, strict=True)]
    balanced = experiment.study.metric == "balanced_accuracy"
    weights = (balanced_weights if balanced else equal_weights)(said["y"])
    return {
        "auroc": float(np.mean([auroc(*pair) for pair in pairs])),
        "far": float(np.mean([false_accept_rate(*pair) for pair in pairs])),
        "known": float(((said["p"].argmax(2) == said["y"]) @ weights).mean()),
    }


def by_trial(experiment: Experiment) -> dict[tuple[str, str], pd.DataFrame]:
    """Return the measures by method and score: a row per trial that has every turn, turns averaged."""
    table, sides = scores(experiment), experiment.plan.open_set.sides
    table = table[~table["seen"] | (table["method"] == "outliers")]
    table = table.assign(method=np.where(table["seen"], SEEN, table["method"]))
    whole = table.groupby(["method", "score", "trial"], sort=False).filter(lambda turn: len(turn) == len(sides))
    means = whole.groupby(["method", "score", "trial"])[list(MEASURES)].mean()
    return {key: means.loc[key] for key in means.index.droplevel("trial").unique()}


def rows_of(experiment: Experiment, test_train_ratio: float = 0.0) -> list[dict[str, Any]]:
    """Return a row per method and score: the measures' means, and their differences from maximum softmax.

    Each with its 95 % interval over trials (`stats.paired_t`), given the test items; nan with fewer than two.
    """
    import pandas as pd

    tables, open_set = by_trial(experiment), experiment.plan.open_set
    none, both = pd.DataFrame(columns=list(MEASURES), dtype=float), len(open_set.sides) == 2
    keys = [(m, kind) for m in (*open_set.methods, SEEN) for kind in scores_of(m) if m != SEEN or both]
    baseline = tables.get((BASELINE, "known"), none)
    return [_row(*key, tables.get(key, none), baseline, test_train_ratio) for key in keys]


def _row(method: str, kind: str, table: pd.DataFrame, baseline: pd.DataFrame, ratio: float) -> dict[str, Any]:
    """Return a row of `rows_of`; tables have a row per trial and a column per measure."""
    row = {"method": method, "score": kind, "trials": len(table)}
    row |= {m: outcomes.interval(table[m].to_numpy(), ratio, 0.95, 0, 1) for m in MEASURES}
    d = (table - baseline).dropna()
    changes = {m: outcomes.interval(d[m].to_numpy(), ratio, 0.95, -1, 1) for m in MEASURES}
    changes = {m: {"difference": each.pop("mean"), **each} for m, each in changes.items()}
    return row | ({} if method == BASELINE else {"change": changes})


def examples_of(experiment: Experiment, trial: int, number: int) -> dict[str, np.ndarray] | None:
    """Return the first items of each kind that a GAN made for `other`, and of the unseen test items, by name.

    None where a unit of the trial is not there.
    """
    open_set, made = experiment.plan.open_set, {}
    for (t, method, side), unit in open_set.classifiers.items():
        if t != trial or method in (BASELINE, "outliers"):
            continue
        if not experiment.results.is_done(unit):
            return None
        name = "between classes" if side is None else f"GAN given {open_set.names(side)}"
        made[name] = np.load(experiment.folder / unit.path / "other.npy", allow_pickle=False)[:number]
    draw = reading.draw_of(experiment.plan.draws[trial].parameters, open_set.held_out)
    unseen = splits.take(open_set.held_out, draw.test)
    for side in open_set.sides:
        tested = unseen.x[np.isin(unseen.y, side_of(len(open_set.classes), side))]
        made[f"never seen: {open_set.names(side)}"] = tested[:number]
    return made
