"""Classes that training never saw: what is measured on them, the rows of numbers, and the sentences that say them.

A classifier scores how new an item is in one or two ways (`stats.open_set.SCORES`), and each way is measured by how
well it tells items of unseen classes from known ones. Outliers of one side of the held-out classes serve against the
other side's test items, in turn, and both turns are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gannb.analysis.wording import METRIC_NAMES, capital, in_points
from gannb.stats.estimate import Interval
from gannb.stats.intervals import balanced_weights, equal_weights
from gannb.stats.open_set import SCORES, TAR, auroc, false_accept_rate
from gannb.stats.outcomes import interval
from gannb.trials import splits
from gannb.units import reading
from gannb.units.open_set import BASELINE, METHODS, side_of
from gannb.utils.naming import listed

if TYPE_CHECKING:
    from gannb.data.medium import Nouns
    from gannb.experiment.experiment import Experiment

SEEN = "outliers_of_the_tested"  # no open set any more: the most that outliers could bring
MEASURES = ("auroc", "far", "known")
NO_OTHER_SIDE = (
    "With one class held out there is no GAN of outliers and no oracle: outliers to train on must be of another class "
    "than those tested, so hold out two."
)


def meanings(nouns: Nouns) -> dict[str, str]:
    """Return what `other` is trained on, in words, by method."""
    words = METHODS | {SEEN: "real outliers of the tested classes (no open set)"}
    return {method: text.format(many=nouns.many) for method, text in words.items()}


# ---- scores ----


def scores(experiment: Experiment) -> pd.DataFrame:
    """Return a row per trial, method, side of its outliers, side tested and score; means over classifier seeds.

    auroc, far (at 95 % true accepts); known: the study's metric on the known test items, where taking one of them
    for `other` is an error; all in 0..1. `seen`: the outliers trained on were of the classes tested.
    """
    part, rows = experiment.plan.open_set, []
    for trial, method, side in part.classifiers:
        said = experiment.results.open_set_predictions(trial, method, side)
        for tested in part.sides if said else ():
            about = {"trial": trial, "method": method, "outliers": "" if side is None else part.names(side)}
            about |= {"tested": part.names(tested), "seen": side == tested}
            rows += [about | {"score": kind} | _measured(experiment, said, tested, kind) for kind in scores_of(method)]
    return pd.DataFrame(rows, columns=["trial", "method", "outliers", "tested", "seen", "score", *MEASURES])


def scores_of(method: str) -> tuple[str, ...]:
    """Return the scores that a method's classifiers give: without `other` there is one."""
    return tuple(SCORES) if method != BASELINE else ("known",)


def _measured(experiment: Experiment, said: Mapping[str, np.ndarray], side: int, kind: str) -> dict[str, float]:
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
    table = scores(experiment)
    table = table[~table["seen"] | (table["method"] == "outliers")]
    table = table.assign(method=np.where(table["seen"], SEEN, table["method"]))
    groups, turns = ["method", "score", "trial"], len(experiment.plan.open_set.sides)
    whole = table.groupby(groups, sort=False).filter(lambda turn: len(turn) == turns)
    means = whole.groupby(groups)[list(MEASURES)].mean()
    return {key: means.loc[key] for key in means.index.droplevel("trial").unique()}


# ---- rows ----


@dataclass(frozen=True)
class Measures:
    """The measures of an open set, or their changes, means over trials with 95 % intervals, given the test items."""

    auroc: Interval
    far: Interval  # share of unseen items taken for known, where 95 % of the known ones are
    known: Interval  # the study's metric on the known classes


@dataclass(frozen=True)
class OpenSetRow:
    """One method by one score."""

    method: str  # in METHODS, or SEEN
    score: str  # in `stats.open_set.SCORES`
    trials: int
    level: Measures  # nan with fewer than two trials
    change: Measures | None = None  # from maximum softmax without `other`; None of that itself


@dataclass(frozen=True)
class OpenSetPart:
    """The part of the verdict about classes held out."""

    held_out: tuple[str, ...]
    sentence: str
    cost: str
    notes: tuple[str, ...]
    rows: tuple[OpenSetRow, ...]


def decide(experiment: Experiment, intervals: str, test_train_ratio: float) -> OpenSetPart:
    """Return the part of the verdict about classes held out: rows of numbers, and the sentences that say them.

    intervals: what those of this protocol carry, in words.
    """
    part, nouns = experiment.plan.open_set, experiment.settings.medium.nouns
    found = rows(experiment, test_train_ratio)
    return OpenSetPart(
        tuple(part.classes), sentence(nouns, part.classes, found), cost(found, METRIC_NAMES[experiment.study.metric]),
        tuple(notes(experiment, intervals)), tuple(found),
    )  # fmt: skip


def rows(experiment: Experiment, test_train_ratio: float = 0.0) -> list[OpenSetRow]:
    """Return a row per method and score: the measures' means, and their differences from maximum softmax.

    Each with its 95 % interval over trials (`stats.paired_t`), given the test items; nan with fewer than two.
    """
    part, found = experiment.plan.open_set, by_trial(experiment)
    none = pd.DataFrame(columns=list(MEASURES), dtype=float)
    baseline = found.get((BASELINE, "known"), none)
    methods = (*part.methods, SEEN) if len(part.sides) == 2 else part.methods
    keys = [(method, kind) for method in methods for kind in scores_of(method)]
    return [_row(*key, found.get(key, none), baseline, test_train_ratio) for key in keys]


def _row(method: str, kind: str, table: pd.DataFrame, baseline: pd.DataFrame, ratio: float) -> OpenSetRow:
    """Return the row of a method by a score; tables have a row per trial and a column per measure."""
    levels = [interval(table[m].to_numpy(), ratio, 0.95, 0, 1) for m in MEASURES]
    if method == BASELINE:
        return OpenSetRow(method, kind, len(table), Measures(*levels))
    d = (table - baseline).dropna()
    changes = [interval(d[m].to_numpy(), ratio, 0.95, -1, 1) for m in MEASURES]
    return OpenSetRow(method, kind, len(table), Measures(*levels), Measures(*changes))


# ---- sentences ----


def sentence(nouns: Nouns, classes: Sequence[str], found: Sequence[OpenSetRow]) -> str:
    """Return what each kind of `other` changed in the AUROC, by both scores: to give the better would be to choose."""
    told, alone, words = _told(found, "known"), _told(found, "other"), meanings(nouns)
    if BASELINE not in told or len(told) < 2:
        return "Not measured: fewer than two trials are there."
    changes = [f"{words[m]} {_change(told[m])} or {_change(alone[m])}" for m in told if m != BASELINE]
    return (
        f"{capital(nouns.many)} of {listed([f'“{name}”' for name in classes])}, which no training saw, are told from "
        f"known ones with an AUROC of {percent(told[BASELINE].level.auroc.mean)}% where there is no “other” class. "
        f"Training one changes that, in points, by the largest probability of a known class or by that of “other” "
        f"alone: {'; '.join(changes)}."
    )


def _told(found: Sequence[OpenSetRow], score: str) -> dict[str, OpenSetRow]:
    """Return the rows of the methods that are measured, by one score."""
    measured = [row for row in found if row.score == score and row.trials >= 2]
    return {row.method: row for row in measured if row.method in METHODS}


def _change(row: OpenSetRow) -> str:
    """Return a row's change in the AUROC, and whether it is one."""
    change = row.change.auroc
    word = "better" if change.low > 0 else "worse" if change.high < 0 else "undecided"
    return f"{in_points(change)} ({word})"


def cost(found: Sequence[OpenSetRow], metric: str) -> str:
    """Return what each kind of `other` changed in the recognition of the known classes; empty where not measured."""
    told = _told(found, "known")
    changes = [in_points(row.change.known) for method, row in told.items() if method != BASELINE]
    if BASELINE not in told or not changes:
        return ""
    order = ", in this order" if len(changes) > 1 else ""
    return f"On the known classes “other” changes {metric} by {listed(changes)} points{order}."


def notes(experiment: Experiment, intervals: str) -> list[str]:
    """Return what a reader of the rows has to know. intervals: what those of this protocol carry, in words."""
    part, nouns = experiment.plan.open_set, experiment.settings.medium.nouns
    sides = [part.names(side) for side in part.sides]
    turns = (
        f"Outliers to train on are never of the classes tested: those of {sides[0]} serve against {sides[-1]}, and the "
        "other way round, and both turns are averaged."
    )
    removed = len(part.held_out.report.removed_from_pool)
    shared = (
        f" {removed:,} {nouns.many} of held-out classes were left out: they share content or a group with other "
        "classes."
    )
    return [
        turns if len(sides) == 2 else NO_OTHER_SIDE,
        _how_scored(nouns) + shared * (removed > 0),
        f"Exploratory, and not adjusted for the number of rows. {intervals}",
    ]


def _how_scored(nouns: Nouns) -> str:
    """Return what the scores and the measures are."""
    return (
        f"“known classes”: {nouns.a_one} is the newer, the smaller the largest probability of a known class is; "
        "without “other” that is maximum softmax (Hendrycks and Gimpel 2017). “other” alone: by the probability of "
        "“other”. "
        f"AUROC: how often {nouns.a_one} of a class never seen is ranked newer than a known test {nouns.one}; 50% is "
        f"chance. Accepted falsely: the share of them that is taken for known where {TAR:.0%} of the known test "
        f"{nouns.many} are; this threshold is set on the known test {nouns.many} alone."
    )


def percent(share: float | None) -> str:
    """Return a share in percent, without the sign; a dash for none."""
    return "–" if share is None or np.isnan(share) else f"{100 * share:.1f}"


# ---- items ----


def examples_of(experiment: Experiment, trial: int, number: int) -> dict[str, np.ndarray] | None:
    """Return the first items of each kind that a GAN made for `other`, and of the unseen test items, by name.

    None where a unit of the trial is not there.
    """
    part, found = experiment.plan.open_set, {}
    for (t, method, side), unit in part.classifiers.items():
        if t != trial or method in (BASELINE, "outliers"):
            continue
        if not experiment.results.is_done(unit):
            return None
        name = "between classes" if side is None else f"GAN given {part.names(side)}"
        found[name] = np.load(experiment.folder / unit.path / "other.npy", allow_pickle=False)[:number]
    draw = reading.draw_of(experiment.plan.draws[trial].parameters, part.held_out)
    unseen = splits.take(part.held_out, draw.test)
    for side in part.sides:
        tested = unseen.x[np.isin(unseen.y, side_of(len(part.classes), side))]
        found[f"never seen: {part.names(side)}"] = tested[:number]
    return found
