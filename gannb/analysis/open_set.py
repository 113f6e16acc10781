"""Classes that training never saw: what is measured on them, the rows of numbers, and the sentences that say them.

A classifier scores how new an item is in one or two ways (`stats.open_set.SCORES`), and each way is measured by how
well it tells items of unseen classes from known ones. Outliers of one side of the held-out classes serve against the
other side's test items, in turn, and both turns are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gannb.analysis.evidence import tested_of
from gannb.analysis.wording import METRIC_NAMES, capital, in_points
from gannb.stats.estimate import Interval
from gannb.stats.item_scores import auroc_values
from gannb.stats.open_set import SCORES, TAR, accepted_falsely, auroc
from gannb.stats.outcomes import interval
from gannb.stats.tested import WEIGHTINGS, Tested, Weighting, only
from gannb.trials import splits
from gannb.units import reading
from gannb.units.open_set import BASELINE, METHODS, NEED_OUTLIERS, side_of
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
    weights, _ = WEIGHTINGS[experiment.study.metric](said["y"])
    return {
        "auroc": float(np.mean([auroc(*pair) for pair in pairs])),
        "far": float(np.mean([accepted_falsely(*pair).mean() for pair in pairs])),
        "known": float(((said["p"].argmax(2) == said["y"]) @ weights).mean()),
    }


# ---- the measures, item by item ----


@dataclass(frozen=True, eq=False)
class ByItem:
    """The measures of one method by one score, of the trials that have every turn; turns are averaged.

    Arrays by trial: known test items first, then the unseen ones.
    """

    auroc: dict[int, np.ndarray]  # (I + U,) whose mean, known and unseen items weighing the same, is the AUROC
    far: dict[int, np.ndarray]  # (I + U,) share of classifiers that take an unseen item for known; nan of known ones
    known: dict[int, np.ndarray]  # (I,) share of classifiers that recognise a known item


def by_item(experiment: Experiment) -> dict[tuple[str, str], ByItem]:
    """Return the measures by method and score, of `SEEN` as well."""
    part, found = experiment.plan.open_set, {}
    both = (SEEN,) if len(part.sides) == 2 else ()
    for method in (*part.methods, *both):
        turns = {t: _turns(experiment, t, method) for t in part.gans}
        for kind in scores_of(method):
            of_trial = {t: _of_trial(experiment, turn, kind) for t, turn in turns.items() if turn}
            if of_trial:
                found[method, kind] = ByItem(*({t: row[i] for t, row in of_trial.items()} for i in range(3)))
    return found


def _turns(experiment: Experiment, trial: int, method: str) -> list[tuple[int, Mapping[str, np.ndarray]]]:
    """Return each side tested with what the classifiers said that are meant for it; none unless all are there."""
    part, turns = experiment.plan.open_set, []
    for tested in part.sides:
        side = None if method not in (*NEED_OUTLIERS, SEEN) else tested if method == SEEN else 1 - tested
        name = "outliers" if method == SEEN else method
        said = experiment.results.open_set_predictions(trial, name, side)
        if said is None:
            return []
        turns.append((tested, said))
    return turns


def _of_trial(
    experiment: Experiment, turns: list[tuple[int, Mapping[str, np.ndarray]]], kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three arrays of `ByItem` of a trial."""
    held, n_known = len(experiment.plan.open_set.classes), experiment.dataset.pool.n_classes
    known = len(turns[0][1]["y"])
    everyone = np.zeros(known + len(turns[0][1]["unseen_y"]))
    auroc, far, right = everyone.copy(), np.full(len(everyone), np.nan), everyone[:known].copy()
    for tested, said in turns:
        which = np.isin(said["unseen_y"], side_of(held, tested))
        new, p_new = SCORES[kind], said["unseen_p"][:, which]
        pairs = [(new(p, n_known), new(q, n_known)) for p, q in zip(said["p"], p_new, strict=True)]
        values = np.mean([_auroc_values(*pair) for pair in pairs], axis=0)
        auroc[:known] += values[:known] / len(turns)
        at = known + np.flatnonzero(which)
        auroc[at] = values[known:]
        far[at] = np.mean([accepted_falsely(*pair) for pair in pairs], axis=0)
        right += (said["p"].argmax(2) == said["y"]).mean(axis=0) / len(turns)
    return auroc, far, right


def _auroc_values(known: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return a value per item, known ones first, whose mean over the two kinds is the AUROC: (I,), (U,) -> (I + U,)."""
    score = np.concatenate([known, unseen])
    return auroc_values(np.repeat([0, 1], [len(known), len(unseen)]), np.stack([-score, score], axis=1))


def tested_together(experiment: Experiment) -> Tested:
    """Return the test items of every trial, known and unseen; labels are 0 of known ones, else one more than the side.

    Unseen items have numbers and groups behind those of the study's own.
    """
    part, known = experiment.plan.open_set, tested_of(experiment)
    held, item, y, groups = part.held_out, {}, {}, {}
    labels, held_groups = splits.labels_of(held), splits.groups_of(held)
    items, units = len(splits.labels_of(experiment.dataset)), int(splits.groups_of(experiment.dataset).max()) + 1
    for t in known.item:
        unseen = reading.draw_of(experiment.plan.draws[t].parameters, held).test
        side = np.sum([(s + 1) * np.isin(labels[unseen], side_of(len(part.classes), s)) for s in part.sides], axis=0)
        item[t] = np.concatenate([known.item[t], items + unseen])
        y[t] = np.concatenate([np.zeros(len(known.y[t]), int), side])
        groups[t] = np.concatenate([known.groups[t], units + held_groups[unseen]])
    return replace(known, item=item, y=y, groups=groups)


def _known_and_unseen(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights with which known items (0) count as much as unseen ones, and of these each side alike."""
    sides = np.unique(y[y > 0])
    weights = np.where(y == 0, 0.5, 0.5 / len(sides)) / np.bincount(y)[y]
    return weights, y


# ---- rows ----


@dataclass(frozen=True)
class Measures:
    """The measures of an open set, or their changes, means over trials with 95 % intervals."""

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


def decide(experiment: Experiment, intervals: str) -> OpenSetPart:
    """Return the part of the verdict about classes held out: rows of numbers, and the sentences that say them.

    intervals: what those of this protocol carry, in words.
    """
    part, nouns = experiment.plan.open_set, experiment.settings.medium.nouns
    found = rows(experiment)
    return OpenSetPart(
        tuple(part.classes), sentence(nouns, part.classes, found), cost(found, METRIC_NAMES[experiment.study.metric]),
        tuple(notes(experiment, intervals)), tuple(found),
    )  # fmt: skip


def rows(experiment: Experiment) -> list[OpenSetRow]:
    """Return a row per method and score: the measures' means, and their differences from maximum softmax.

    Each with its 95 % interval over trials and test items (`stats.tested`); nan where too few trials are there. The
    threshold of the falsely accepted is taken as given.
    """
    part, found = experiment.plan.open_set, by_item(experiment)
    together, alone = tested_together(experiment), tested_of(experiment)
    weighting = WEIGHTINGS[experiment.study.metric]

    def measures(each: ByItem, least: float) -> Measures:
        return Measures(
            interval(each.auroc, together, _known_and_unseen, least=least),
            interval(_unseen_only(each.far, together), *_unseen(together, part.sides), least=least),
            interval(each.known, alone, weighting, least=least),
        )

    none = ByItem({}, {}, {})
    baseline = found.get((BASELINE, "known"), none)
    methods = (*part.methods, SEEN) if len(part.sides) == 2 else part.methods
    table = []
    for method, kind in ((m, k) for m in methods for k in scores_of(m)):
        own = found.get((method, kind), none)
        change = None if method == BASELINE else measures(_change_of(own, baseline), -1.0)
        table.append(OpenSetRow(method, kind, len(own.known), measures(own, 0.0), change))
    return table


def _change_of(own: ByItem, baseline: ByItem) -> ByItem:
    """Return the measures' differences, item by item, of the trials that both have."""
    pairs = ((own.auroc, baseline.auroc), (own.far, baseline.far), (own.known, baseline.known))
    return ByItem(*({t: a[t] - b[t] for t in a if t in b} for a, b in pairs))


def _unseen_only(values: Mapping[int, np.ndarray], together: Tested) -> dict[int, np.ndarray]:
    """Return the values of the unseen items alone, by trial, (U,)."""
    return {t: each[together.y[t] > 0] for t, each in values.items()}


def _unseen(together: Tested, sides: Sequence[int]) -> tuple[Tested, Weighting]:
    """Return the unseen test items of every trial, and the weighting in which each side counts alike."""
    keep = {t: y > 0 for t, y in together.y.items()}
    item, y, groups = ({t: part[t][keep[t]] for t in keep} for part in (together.item, together.y, together.groups))
    return replace(together, item=item, y=y, groups=groups), only(*(side + 1 for side in sides))


# ---- sentences ----


def sentence(nouns: Nouns, classes: Sequence[str], found: Sequence[OpenSetRow]) -> str:
    """Return what each kind of `other` changed in the AUROC, by both scores: to give the better would be to choose."""
    told, alone, words = _told(found, "known"), _told(found, "other"), meanings(nouns)
    if BASELINE not in told or len(told) < 2:
        return "Not measured: fewer than two trials are there."
    changes = [f"{words[m]} {_change(told[m])} or {_change(alone[m])}" for m in told if m != BASELINE]
    return (
        f"{capital(nouns.many)} of {listed([f'“{name}”' for name in classes])}, which no training saw, are told from "
        f"known ones with an AUROC of {share_text(told[BASELINE].level.auroc.mean)}% where there is no “other” class. "
        f"Training one changes that, in points, by the largest probability of a known class or by that of “other” "
        f"alone: {'; '.join(changes)}."
    )


def _told(found: Sequence[OpenSetRow], score: str) -> dict[str, OpenSetRow]:
    """Return the rows of the methods that are measured, by one score."""
    measured = [row for row in found if row.score == score and row.trials >= 2 and np.isfinite(row.level.auroc.mean)]
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


def share_text(share: float | None) -> str:
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
        found[name] = np.load(experiment.results.folder / unit.path / "other.npy", allow_pickle=False)[:number]
    draw = reading.draw_of(experiment.plan.draws[trial].parameters, part.held_out)
    unseen = splits.take(part.held_out, draw.test)
    for side in part.sides:
        tested = unseen.x[np.isin(unseen.y, side_of(len(part.classes), side))]
        found[f"never seen: {part.names(side)}"] = tested[:number]
    return found
