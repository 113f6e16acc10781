"""Whether answers settle and stay right: intervals of K-fold, draws and given sets, looks, planning, failing GANs.

    export OMP_NUM_THREADS=1
    python benchmarks/calibration_folds.py --studies 1000 --out rows.jsonl     # minutes of one core
    python benchmarks/calibration_folds.py --table --out rows.jsonl

One row of JSON per setting and check: the share of simulated studies (`planted_folds.py`) in which it holds, the share
that is wanted, and the median half-width of the interval in points. A check that must fail is of a wrong analysis,
which the same studies have to find out. Rows that are there are not computed again. "Within 3 Monte-Carlo errors" is
what a row is judged by: 2.3 points at 94 % in 1,000 studies.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate, half_width
from gannb.stats.intervals import balanced_weights, crossed_t, paired_t
from gannb.stats.settling.cross_validation import cv_interval, training_results
from gannb.stats.settling.draws import draws_interval
from gannb.stats.settling.failures import with_failures
from gannb.stats.settling.looks import look_levels, looks_until
from gannb.stats.settling.planning import trials_to_equate, trials_to_tell
from gannb.stats.settling.pooling import pooled
from gannb.utils.keys import seed_for

sys.path.insert(0, str(Path(__file__).parent))
from gan import append, by_setting, read_rows  # noqa: E402
from planted import Nested  # noqa: E402
from planted_folds import FOLDS, Blocked, Folded, Learnt  # noqa: E402

ROPE = 0.01
COVERS = (0.94, 1.0)  # at least the nominal share, but for what a t interval of few trials is off
WRONG = (0.0, 0.05)


@dataclass(frozen=True)
class Found:
    """What one study says of one check; `half` may also be hundredths of a number of trials, which the table shows."""

    what: str
    holds: bool
    half: float = float("nan")  # half-width of the interval
    wanted: tuple[float, float] = COVERS
    must_fail: bool = False
    not_0: bool | None = None  # the interval excludes 0


Studied = Iterator[Found]


def covers(what: str, estimate: Estimate, truth: float, must_fail: bool = False) -> Found:
    """Whether an interval covers the truth."""
    return Found(
        what, bool(estimate.low <= truth <= estimate.high), half_width(estimate), COVERS, must_fail,
        bool(estimate.low > 0 or estimate.high < 0),
    )  # fmt: skip


# ---- repeated K-fold ----

REPEATS = (2, 3, 5, 10)
RATIO = 1 / (FOLDS - 1)  # n_test / n_train


def of_folds(model: Folded | Learnt, fails: Sequence[str], rng: np.random.Generator, all_sets: bool = False) -> Studied:
    """Intervals from 8 to 40 trainings on one set; `fails`: those that this world has to find out.

    all_sets: the truth is that of all sets like this, which no interval from one set can promise.
    """
    d, fold, of_set = model.study(rng, REPEATS[-1])
    truth = model.effect if all_sets else of_set
    weights, about = balanced_weights(model.y), (model.y, model.groups)
    results = training_results(d, fold, weights, model.y)
    for repeats in REPEATS:
        trainings = repeats * FOLDS
        found = cv_interval(d[:repeats], fold[:repeats], weights, *about)
        must_fail = all_sets or f"K-fold, {trainings}" in fails
        yield covers(f"K-fold, {trainings} trainings", found, truth, must_fail)
    for trainings in (8, 40):
        repeats = trainings // FOLDS
        naive = [naive_items(d[:repeats], model.y), paired_t(results[:trainings])]
        for name, estimate in zip(("items alone", "trainings alone"), naive, strict=True):
            if f"{name}, {trainings}" in fails:
                yield covers(f"{name}, {trainings} trainings", estimate, truth, must_fail=True)
    yield covers("re-splits (Nadeau-Bengio), 8 trainings", paired_t(results[:8], RATIO), truth)
    if not all_sets:
        found = all_looks(d, fold, truth, model, weights)
        yield replace(found, must_fail="looks" in fails)


def naive_items(d: np.ndarray, y: np.ndarray) -> Estimate:
    """The mean over classes and its standard error over items, each by itself, as of one run of cross-validation."""
    by_item, classes = d.mean(axis=0), np.unique(y)
    mean = np.mean([by_item[y == k].mean() for k in classes])
    se = np.sqrt(sum(by_item[y == k].var(ddof=1) / np.sum(y == k) for k in classes)) / len(classes)
    return Estimate(mean, mean - 1.96 * se, mean + 1.96 * se, se, np.inf, 0.0, len(d), 0.95)


def all_looks(d: np.ndarray, fold: np.ndarray, truth: float, model: Folded | Learnt, weights: np.ndarray) -> Found:
    """Whether the intervals of all looks at one study hold, each at its level."""
    looks = looks_until(40, FOLDS)
    shown = [
        cv_interval(d[: n // FOLDS], fold[: n // FOLDS], weights, model.y, model.groups, level)
        for n, level in zip(looks, look_levels(looks, 40), strict=True)
    ]
    held = all(e.low <= truth <= e.high for e in shown)
    return Found(f"K-fold, looks at {', '.join(map(str, looks))} together", held, half_width(shown[-1]))


# ---- draws, given sets, few test items ----


def of_blocks(model: Blocked, rng: np.random.Generator) -> Studied:
    """Intervals from several draws inside each block, against one draw a block."""
    d, weights, groups = model.study(rng), balanced_weights(model.y), np.arange(model.items)
    about = (weights, model.y, groups)
    first = d[:: model.draws]
    yield covers("one draw a block", draws_interval(first, np.arange(len(first)), *about), model.effect)
    averaged = draws_interval(d, model.block, *about)
    yield covers(f"{model.draws} draws a block, averaged, t over blocks", averaged, model.effect)
    each = draws_interval(d, np.arange(len(d)), *about)
    overlap = model.draws > 2
    name = f"{model.draws} draws a block, each as a trial" if overlap else "train and reserve swapped, each as a trial"
    yield covers(name, each, model.effect, must_fail=overlap)


def of_given(model: Nested, rng: np.random.Generator) -> Studied:
    """The interval of trials that all train on one given set, for that set: trainings and test items are random."""
    difference, _ = model.study(rng)
    weights, groups = balanced_weights(model.y), np.arange(model.items)
    d = difference.mean(axis=1)
    yield covers(
        "given set, trainings and test items",
        draws_interval(d, np.arange(len(d)), weights, model.y, groups),
        model.effect,
    )
    yield covers("given set, trainings alone", paired_t(d @ weights), model.effect, must_fail=True)


def of_few_items(items: int, rng: np.random.Generator) -> Studied:
    """A baseline of 98 % that an arm truly lifts to 100 %, on few test items and 8 trials."""
    y, truth = np.zeros(items, dtype=int), 0.02
    easy = rng.random(items) >= truth
    right = np.where(easy, 1.0, rng.random((8, items)) < 0.2)  # the items that the baseline misses, it mostly misses
    truth = truth * 0.8
    weights, groups = balanced_weights(y), np.arange(items)
    bare = crossed_t(1 - right, weights, y, groups)
    floored = draws_interval(1 - right, np.arange(8), weights, y, groups)
    yield covers("with the floor", floored, truth)
    yield Found(
        "with the floor: `equivalent`, though it helps", decide(floored, ROPE) == Answer.EQUIVALENT, wanted=WRONG
    )
    yield covers("without", bare, truth, must_fail=True)
    wrong = decide(bare, ROPE) == Answer.EQUIVALENT
    yield Found("without: `equivalent`, though it helps", wrong, wanted=WRONG, must_fail=True)


# ---- looks, planning, failing GANs, pooling: normal trials ----


def of_looks(effect: float, rng: np.random.Generator) -> Studied:
    """Looks at 4, 8, 16, 32 trials of standard deviation 1, up to the first answer (margin 1)."""
    d, looks = rng.normal(effect, 1, 32), looks_until(32)
    shown = [paired_t(d[:n], level=level) for n, level in zip(looks, look_levels(looks, 32), strict=True)]
    yield Found("all looks together", all(e.low <= effect <= e.high for e in shown), half_width(shown[-1]))
    answered = [decide(e, 1.0) != Answer.INCONCLUSIVE for e in shown]
    yield Found("settled by 32 trials", any(answered), looks[answered.index(True)] / 100 if any(answered) else 0.32)
    peeks = [paired_t(d[:n]) for n in looks]
    yield Found("all looks together at 95 % each", all(e.low <= effect <= e.high for e in peeks), must_fail=True)


def of_planning(effect: float, rng: np.random.Generator) -> Studied:
    """Power at the planned number of trials, the spread known; and at the number whose half-width is the effect.

    Without an effect, power to be equivalent within half a standard deviation.
    """
    planned, half = planned_trials(effect)
    e = paired_t(rng.normal(effect, 1, planned))
    answered = e.low > 0 if effect else decide(e, 0.5) == Answer.EQUIVALENT
    yield Found("answers at the planned number", answered, planned / 100, (0.8, 0.9))
    if effect:
        told = paired_t(rng.normal(effect, 1, half)).low > 0
        yield Found("answers where the half-width is the effect", told, half / 100, (0.8, 0.9), must_fail=True)


@cache
def planned_trials(effect: float) -> tuple[int, int]:
    """Trials for 80 % power, and trials whose expected half-width is the effect; standard deviation 1."""
    known = Estimate(0, 0, 0, 0, 10**6, 1.0, 10**6, 0.95)
    planned = trials_to_tell(known, effect) if effect else trials_to_equate(known, 0.5)
    half = next(n for n in range(3, 10**4) if stats.t.ppf(0.975, n - 1) / np.sqrt(n) <= (effect or 0.5))
    return planned[1], half


def of_failing(trials: int, share: float, harm: float, spread: float, rng: np.random.Generator) -> Studied:
    """GANs of which a share fails, in trials of standard deviation `spread`; all in points."""
    d = (rng.normal(0, spread, trials) - harm * (rng.random(trials) < share)) / 100
    truth, plain = -share * harm / 100, paired_t(d)
    row = with_failures(d, 0.0, 1e-3)
    yield Found("sensitivity row", bool(row.low <= truth <= row.high), (row.high - row.low) / 2)
    yield covers("paired t", plain, truth, must_fail=harm > 4 * spread)


def of_studies(k: int, between: float, rng: np.random.Generator) -> Studied:
    """Pooled studies of unequal size: the mean, and the next data set's effect; in points."""
    ses = rng.uniform(0.5, 2.0, k)
    effects = rng.normal(0, between, k) + rng.normal(0, ses)
    found = pooled(effects / 100, ses / 100)
    yield Found("interval of the mean", bool(found.low <= 0 <= found.high), (found.high - found.low) / 2)
    following = rng.normal(0, between) / 100
    inside = bool(found.next_low <= following <= found.next_high)
    yield Found("the next data set's effect", inside, (found.next_high - found.next_low) / 2, (0.9, 1.0))
    fixed = 1.96 / np.sqrt(np.sum(1 / ses**2)) / 100
    mean = np.sum(effects / ses**2) / np.sum(1 / ses**2) / 100
    yield Found("fixed effect", bool(abs(mean) <= fixed), float(fixed), must_fail=between >= 1)


# ---- settings ----

BREAST = Folded(effect=-0.026)
QUIET = Folded(gan=0.02, own=0.3, seed=0.2, liking=0.6)
NOISY = Folded(gan=0.4)
SMALL, FIVE = Folded(sizes=(38, 112), effect=0.027), Folded(sizes=(100,) * 5, gan=0.06, own=0.5)
FAILING = Folded(sizes=(200,) * 5, gan=0.02, own=0.3, seed=0.2, liking=0.2, failing=0.1, failure=0.82)
PLAIN = ("items alone, 8", "items alone, 40")
BLOCKED = Blocked(of_items=0.35, gan=0.05, items=720)
GIVEN = Nested(draw=0.0, draw_item=0.0, item=2.34, gan=0.1)
FAILURES = (  # trials, their standard deviation, share of GANs that fail, what they lose; in points
    (8, 1, 0.0, 0), (8, 1, 0.1, 12), (8, 1, 0.1, 6), (8, 1, 0.1, 3), (8, 1, 0.2, 8), (8, 3, 0.1, 12), (8, 0.5, 0.05, 8),
    (16, 1, 0.1, 12),
)  # fmt: skip
POOLED = ((4, 0), (4, 2), (10, 0), (10, 2))  # studies, standard deviation of their true effects in points
BY_TRAINING = ("trainings alone, 40",)
SETTINGS: dict[str, Callable[[np.random.Generator], Studied]] = {
    "195 and 530 items (breast-like), effect -2.6": partial(of_folds, BREAST, PLAIN[:1]),
    "the same, quiet: trainings alike, items not": partial(of_folds, QUIET, BY_TRAINING),
    "the same, noisy: trainings differ by 7 points": partial(of_folds, NOISY, PLAIN),
    "38 and 112 items, effect +2.7": partial(of_folds, SMALL, ()),
    "500 items, 5 classes": partial(of_folds, FIVE, ()),
    "500 items, 5 classes, groups of 5": partial(of_folds, replace(FIVE, group=5, liking=0.6), PLAIN),
    "a linear classifier, arms see other features": partial(of_folds, Learnt(), BY_TRAINING),
    "1,000 items, 5 classes, quiet, one GAN in ten loses 12 points": partial(
        of_folds, FAILING, ("K-fold, 8", "K-fold, 12", "K-fold, 20", "looks")
    ),
    "this set likes an arm; asked of all such sets": partial(of_folds, Folded(of_set=0.2), (), all_sets=True),
    "8 blocks of 2 draws": partial(of_blocks, BLOCKED),
    "8 blocks of 4 draws": partial(of_blocks, replace(BLOCKED, draws=4)),
    "a given training set, 8 trials, 360 test items": partial(of_given, GIVEN),
    **{f"{n} test items, baseline 98 %, truth +1.6": partial(of_few_items, n) for n in (20, 50, 100)},
    "looks, no effect": partial(of_looks, 0.0),
    "looks, an effect of 2 sd": partial(of_looks, 2.0),
    "planned for an effect of .5 sd": partial(of_planning, 0.5),
    "planned for an effect of 1 sd": partial(of_planning, 1.0),
    "planned for a margin of .5 sd": partial(of_planning, 0.0),
    **{
        f"{n} trials, sd {sd:g}, {share:.0%} of GANs lose {harm:g} points": partial(of_failing, n, share, harm, sd)
        for n, sd, share, harm in FAILURES
    },
    **{f"{k} studies, true effects differ by {sd:g} points": partial(of_studies, k, sd) for k, sd in POOLED},
}


def simulated_rows(setting: str, studies: int) -> list[dict[str, Any]]:
    """Rows of one setting: for each check the share of so many studies in which it holds."""
    rng = np.random.default_rng(seed_for(0, "calibration-folds", setting))
    studies //= 2 if SETTINGS[setting].func is of_failing else 1  # integrals, 40 ms each
    found = [list(SETTINGS[setting](rng)) for _ in range(studies)]
    return [{"setting": setting, "studies": studies} | _row(same) for same in zip(*found, strict=True)]


def _row(found: Sequence[Found]) -> dict[str, Any]:
    """One check over all studies."""
    first, share = found[0], float(np.mean([f.holds for f in found]))
    slack = [3 * np.sqrt(w * (1 - w) / len(found)) for w in first.wanted]
    told = None if first.not_0 is None else float(np.mean([f.not_0 for f in found]))
    return {
        "what": first.what, "low": first.wanted[0], "high": first.wanted[1], "must_fail": first.must_fail,
        "share": share, "half": float(np.median([f.half for f in found])), "not_0": told,
        "holds": bool(first.wanted[0] - slack[0] <= share <= first.wanted[1] + slack[1]),
    }  # fmt: skip


# ---- table and command line ----


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The checks as Markdown."""
    head = [
        "simulated studies",
        "number",
        "check",
        "wanted, %",
        "found, %",
        "holds",
        "half-width (or trials)",
        "excludes 0, %",
    ]
    return by_setting(head, rows, _cells)


def _cells(row: dict[str, Any]) -> list[str]:
    said = {(True, False): "yes", (False, False): "**no**", (False, True): "no, as it must be"}
    holds = said.get((row["holds"], row["must_fail"]), "**yes, and must not**")
    wanted = f"{100 * row['low']:.0f} to {100 * row['high']:.0f}"
    half = "" if np.isnan(row["half"]) else f"{100 * row['half']:.2f}"
    told = "" if row["not_0"] is None else f"{100 * row['not_0']:.0f}"
    return [row["what"], wanted, f"{100 * row['share']:.1f}", holds, half, told]


def main(words: list[str] | None = None) -> int:
    """Compute rows, or print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="per setting")
    parser.add_argument("--out", type=Path, default=Path("rows.jsonl"), help="where the rows are")
    parser.add_argument("--table", action="store_true", help="only print the rows as Markdown")
    asked = parser.parse_args(words)
    if asked.table:
        print(table(read_rows(asked.out)))
        return 0
    done = {row["setting"] for row in read_rows(asked.out)}
    for setting in (name for name in SETTINGS if name not in done):
        for row in simulated_rows(setting, asked.studies):
            append(row, asked.out)
            print(f"{setting}: {row['what']}: {row['share']:.3f}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
