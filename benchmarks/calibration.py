"""Whether the rule itself is calibrated: intervals, the rule and the worth in real items, on planted truth.

    export OMP_NUM_THREADS=1
    python benchmarks/calibration.py simulate --studies 4000 --out rows.jsonl     # minutes
    python benchmarks/calibration.py train --studies 20 --out rows.jsonl          # under a minute of a core a study
    python benchmarks/calibration.py --table --out rows.jsonl

`simulate` counts how often each check holds in simulated studies (`planted.py`); one row of JSON per setting and check.
`train` repeats small real studies of the digits with planted truths (`planted_training.py`); one row per study and
contrast. Rows that are there are not computed again. A share from 4,000 studies is known to about +-.7 points, one
from 2,000 to +-1.0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gannb.media.image.reading import read
from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate, half_width
from gannb.stats.intervals import balanced_weights, crossed_t, paired_t
from gannb.stats.worth import Worth, worth_in_real
from gannb.utils.keys import seed_for

sys.path.insert(0, str(Path(__file__).parent))
from gan import append, by_setting, markdown, read_rows  # noqa: E402
from planted import Curve, Nested, Resplit  # noqa: E402
from planted_training import CONTRASTS, ROPE, Size, study_rows  # noqa: E402

# ---- checks: the share of studies in which something should hold ----


@dataclass(frozen=True)
class Check:
    """What is counted, and the share of studies that is wanted."""

    what: str
    low: float
    high: float
    must_fail: bool = False  # a wrong analysis, for which the check has to come out outside the wanted share

    def holds(self, share: float) -> bool:
        """Whether a share is the wanted one."""
        return self.low <= share <= self.high


FALSE_ALARM = Check("paired interval excludes 0", 0.04, 0.06)
GIVEN_ITEMS = Check("paired interval covers the difference on its test items", 0.94, 0.96)
CROSSED = Check("crossed interval covers the difference over draws and test items", 0.94, 0.97)
DECIDED = Check("the answer is `helps` or `hurts`", 0.0, 0.06)
EQUIVALENT = Check("the answer is `equivalent`", 0.0, 0.05)
CORRECTED = Check("corrected interval covers the difference", 0.94, 1.0)
WORTH = Check("interval covers the worth", 0.90, 1.0)
WORTH_FORGOTTEN = Check("interval covers the worth, test items forgotten", 0.90, 1.0, must_fail=True)
AT_LEAST = Check("the answer is `n or more`", 0.90, 1.0)
REPLICATES = Check("classifier seeds taken as trials: interval excludes 0", 0.04, 0.06, must_fail=True)
ITEMS_FORGOTTEN = Check("paired interval covers the difference over draws and test items", 0.94, 0.97, must_fail=True)
UNCORRECTED = Check("interval without the correction covers the difference", 0.94, 1.0, must_fail=True)

MANY = 2000  # test items that hardly add to the noise of 8 trials
Checks = dict[Check, bool | float]  # whether it holds; of an interval, how far off it is, which covers up to 1


def nested_checks(model: Nested, rng: np.random.Generator) -> Checks:
    """What holds in one simulated study of disjoint draws; as in a study, the rule takes the crossed interval."""
    difference, given_items = model.study(rng)
    weights = balanced_weights(model.y)
    scores = difference @ weights  # (R, C)
    paired, replicates = paired_t(scores.mean(axis=1)), paired_t(scores.ravel())
    crossed = crossed_t(difference.mean(axis=1), weights, model.y, np.arange(model.items))
    covered = reach(crossed, model.effect)
    if model.effect:
        return {CROSSED: covered, EQUIVALENT: decide(crossed, ROPE) == Answer.EQUIVALENT}
    decided = {DECIDED: decide(crossed, ROPE) in (Answer.HELPS, Answer.HURTS)}
    forgotten = {ITEMS_FORGOTTEN: reach(paired, 0)} if model.items < MANY else {}
    if model.liking:
        return {GIVEN_ITEMS: reach(paired, given_items), CROSSED: covered} | forgotten | decided
    return {FALSE_ALARM: reach(paired, 0) > 1, REPLICATES: reach(replicates, 0) > 1, CROSSED: covered} | decided


def resplit_checks(model: Resplit, rng: np.random.Generator) -> Checks:
    """What holds in one study that splits one finite set again and again."""
    first, second = model.study(rng)
    corrected, effect = paired_t(first - second, model.ratio), model.effect
    answer = decide(corrected, ROPE)
    if effect:
        return {CORRECTED: reach(corrected, effect), EQUIVALENT: answer == Answer.EQUIVALENT}
    forgotten = {UNCORRECTED: reach(paired_t(first - second), 0)} if model.own else {}
    return {CORRECTED: reach(corrected, 0), DECIDED: answer in (Answer.HELPS, Answer.HURTS)} | forgotten


def curve_checks(model: Curve, rng: np.random.Generator) -> Checks:
    """Whether the interval of one study's worth in real items holds the planted number."""
    curve, arm = model.study(rng)
    weights = balanced_weights(model.nested.y)
    sizes, scores = np.array(model.sizes), (curve @ weights, arm @ weights)
    found = worth_in_real(sizes, *scores, widening=widening(curve, arm, model.nested.y))
    if model.worth > sizes[-1]:
        return {WORTH: holds_worth(found, model.worth), AT_LEAST: found.at_least}
    forgotten = {} if model.same_items else {WORTH_FORGOTTEN: holds_worth(worth_in_real(sizes, *scores), model.worth)}
    return {WORTH: holds_worth(found, model.worth)} | forgotten


def widening(curve: np.ndarray, arm: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(P,) what the sampling of test items adds to the intervals between arm (R, I) and curve (R, P, I)."""
    items = balanced_weights(y), y, np.arange(len(y))
    differences = [arm - point for point in curve.swapaxes(0, 1)]
    return np.array([half_width(crossed_t(d, *items)) / half_width(paired_t(d @ items[0])) for d in differences])


def holds_worth(found: Worth, planted: float) -> bool:
    """Whether an interval, which may run off either end of the curve, holds the planted worth."""
    return bool((found.at_most or found.low <= planted) and (found.at_least or planted <= found.high))


def reach(estimate: Estimate, value: float) -> float:
    """How far an estimate is off the true value, in half-widths of its interval."""
    return abs(estimate.mean - value) / max(half_width(estimate), 1e-12)


CHECKS: dict[type, Callable[[Any, np.random.Generator], Checks]] = {
    Nested: nested_checks,
    Resplit: resplit_checks,
    Curve: curve_checks,
}

# ---- settings ----

DIGITS, LARGE, PHOTOS = Nested(), Nested(items=10_000), Resplit(items=300, test_share=0.5)
CURVE = Curve()
SETTINGS: dict[str, Nested | Resplit | Curve] = {
    "360 test items, arms alike on every item": replace(DIGITS, liking=0.0),
    "the same with 5 classifier seeds": replace(DIGITS, liking=0.0, seeds=5),
    "360 test items, each arm likes some": DIGITS,
    "360 test items, an effect of the margin": replace(DIGITS, effect=ROPE),
    "10,000 test items, arms alike on every item": replace(LARGE, liking=0.0),
    "10,000 test items, each arm likes some": LARGE,
    "10,000 test items, an effect of the margin": replace(LARGE, effect=ROPE),
    "360 test items, one GAN in ten costs 3 points, no effect on average": replace(DIGITS, failing=0.1, failure=0.7),
    "360 test items, one GAN in ten costs 12 points, no effect on average": replace(DIGITS, failing=0.1, failure=2.0),
    "re-splits 624 / 156, arms see other features": Resplit(),
    "re-splits 624 / 156, arms differ by chance": Resplit(shared=10, own=0),
    "re-splits 624 / 156, an effect of the margin": Resplit(effect=ROPE),
    "re-splits 150 / 150, arms see other features": PHOTOS,
    "re-splits 150 / 150, an effect of the margin": replace(PHOTOS, effect=ROPE),
    "worth 57 real items": replace(CURVE, worth=57),
    "worth 80 real items": replace(CURVE, worth=80),
    "worth 113 real items": replace(CURVE, worth=113),
    "worth 113 real items, 20 trials": replace(CURVE, worth=113, nested=Nested(20)),
    "worth 113 real items, 20 trials, 2,000 test items": replace(CURVE, worth=113, nested=Nested(20, items=2000)),
    "worth 113 real items, the arm likes other test items": replace(CURVE, worth=113, same_items=False),
    "worth 640 real items, the curve ends at 160": replace(CURVE, worth=640),
}


def simulated_rows(setting: str, studies: int) -> list[dict[str, Any]]:
    """Rows of one setting: for each check the share of so many studies in which it holds."""
    model, rng = SETTINGS[setting], np.random.default_rng(seed_for(0, "calibration", setting))
    studies //= 2 if is_large(model) else 1
    found = [CHECKS[type(model)](model, rng) for _ in range(studies)]
    about = {"part": "simulate", "setting": setting, "studies": studies}
    return [about | _row(check, np.array([checks[check] for checks in found])) for check in found[0]]


def _row(check: Check, found: np.ndarray) -> dict[str, Any]:
    """The share of studies in which a check holds; for intervals also the factor that would make it 95 %."""
    share = float(np.mean(found if found.dtype == bool else found <= 1))
    enough = None if found.dtype == bool else float(np.quantile(found, 0.95))
    return asdict(check) | {"share": share, "holds": check.holds(share), "enough": enough}


def is_large(model: Nested | Resplit | Curve) -> bool:
    """Whether a study takes so long that half as many have to do."""
    items = model.nested.items if isinstance(model, Curve) else model.items
    return items >= MANY


# ---- tables ----


def simulated_table(rows: Sequence[dict[str, Any]]) -> str:
    """The checks as Markdown."""
    head = ["simulated studies", "number", "check", "wanted, %", "found, %", "holds", "enough"]
    return by_setting(head, rows, _cells)


def _cells(row: dict[str, Any]) -> list[str]:
    said = {(True, False): "yes", (False, False): "**no**", (False, True): "no, as it must be"}
    holds = said.get((row["holds"], row["must_fail"]), "**yes, and must not**")
    wanted = f"{100 * row['low']:.0f} to {100 * row['high']:.0f}"
    enough = "" if row["enough"] is None else f"{row['enough']:.2f}"
    return [row["what"], wanted, f"{100 * row['share']:.1f}", holds, enough]


def trained_table(rows: Sequence[dict[str, Any]]) -> str:
    """The answers of the repeated real studies as Markdown, a row per planted truth."""
    head = [
        "contrast",
        "planted",
        "studies",
        "trials",
        "mean difference, points",
        *map(str, Answer),
        "right",
        "opposite",
    ]
    groups = [[row for row in rows if (row["arm"], row["against"]) == (c.arm, c.against)] for c in CONTRASTS]
    return markdown([head, *(_answers(group) for group in groups if group)])


def _answers(group: Sequence[dict[str, Any]]) -> list[str]:
    """The cells of one planted truth."""
    planted, said = group[0]["planted"], [row["answer"] for row in group]
    counts = [str(said.count(answer)) for answer in map(str, Answer)]
    trials, mean = sum(row["trials"] for row in group), np.mean([row["difference"] for row in group])
    right = sum(is_right(planted, answer) for answer in said)
    opposite = said.count({"helps": "hurts", "hurts": "helps"}.get(planted, ""))
    about = [f"`{group[0]['arm']}` against `{group[0]['against']}`", planted, str(len(group)), str(trials)]
    return [*about, f"{100 * mean:+.1f}", *counts, f"{100 * right / len(said):.0f} %", str(opposite)]


def is_right(planted: str, answer: str) -> bool:
    """Whether the rule found what was planted; where that is nothing, neither help nor harm."""
    return answer not in ("helps", "hurts") if planted == "no difference" else answer == planted


# ---- command line ----


def simulate(studies: int, out: Path) -> None:
    """Add the rows of the settings that are not there yet."""
    done = {row.get("setting") for row in read_rows(out)}
    for setting in (name for name in SETTINGS if name not in done):
        for row in simulated_rows(setting, studies):
            append(row, out)
            print(f"{setting}: {row['what']}: {row['share']:.3f}", file=sys.stderr)


def train(studies: int, out: Path) -> None:
    """Add the rows of the studies that are not there yet."""
    done = {row.get("study") for row in read_rows(out)}
    digits = read("digits")
    for study in (number for number in range(studies) if number not in done):
        for row in study_rows(digits, study, Size()):
            append(row, out)
            print(f"study {study}: {row['arm']} {row['difference']:+.4f}, {row['answer']}", file=sys.stderr)


def arguments(words: list[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("simulate", "train"))
    parser.add_argument("--studies", type=int, help="per setting: 4,000 simulated ones, 20 real ones")
    parser.add_argument("--out", type=Path, default=Path("rows.jsonl"), help="where the rows are")
    parser.add_argument("--table", action="store_true", help="only print the rows as Markdown")
    asked = parser.parse_args(words)
    if not asked.table and asked.part is None:
        parser.error("give simulate, train, or --table")
    return asked


def main(words: list[str] | None = None) -> int:
    """Compute rows, or print them."""
    asked = arguments(words)
    torch.set_num_threads(1)
    if asked.table:
        parts = {part: [r for r in read_rows(asked.out) if r["part"] == part] for part in ("simulate", "train")}
        tables = {"simulate": simulated_table, "train": trained_table}
        print("\n\n".join(tables[part](rows) for part, rows in parts.items() if rows))
    elif asked.part == "simulate":
        simulate(asked.studies or 4000, asked.out)
    else:
        train(asked.studies or 20, asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
