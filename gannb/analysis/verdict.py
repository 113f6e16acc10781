"""From scores to an answer: contrasts, controls, problems, and the sentences that say them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gannb.analysis.claims import Claim, ShiftRow, claims, shift_rows
from gannb.analysis.class_lights import ClassRow, class_rows
from gannb.analysis.copying import copying_sentence
from gannb.analysis.evidence import Evidence, common_trials, difference
from gannb.analysis.external import ExternalRow, external
from gannb.analysis.options import Depth, Option, advice, depth, options
from gannb.analysis.small_classes import AgainstBalancing, SmallClasses, small_classes
from gannb.analysis.wording import METRIC_NAMES, in_points, in_unit, points
from gannb.analysis.worth import ArmWorth, Doses, arm_worth, doses
from gannb.classifiers.imbalance import BALANCING
from gannb.stats import decision, outcomes
from gannb.stats.decision import Answer, bonferroni_level, trials_to_settle
from gannb.stats.estimate import Estimate, Interval, could_settle
from gannb.stats.outcomes import OUTCOMES, OutcomeRow
from gannb.trials.arms import PRIMARY, parse_arm
from gannb.trials.contrasts import Contrast
from gannb.utils.errors import InputError
from gannb.utils.naming import ended

SCORE_COLUMNS = (
    "study", "trial", "arm", "n_real", "n_synthetic", "seed", "accuracy", "balanced_accuracy", "macro_f1", "auroc",
    "sensitivity", "specificity", "log_loss", "ece", "train_accuracy", "seconds",
)  # fmt: skip
WIDE = 6  # an interval around 0 of more than this many times the rope does not tell whether a control came out


@dataclass(frozen=True)
class ContrastRow:
    """What a contrast came to."""

    contrast: Contrast
    change: Estimate  # secondary ones adjusted for their number, the others 95 %
    answer: Answer | None  # None of exploratory ones: among many comparisons some look striking by chance


@dataclass(frozen=True)
class ControlRow:
    """What a control, whose result is known beforehand, came to."""

    contrast: Contrast
    change: Estimate  # 95 %
    came_out: bool | None  # None: the interval is too wide to tell


@dataclass(frozen=True)
class Verdict:
    """The answer of a study and everything that stands beside it; `to_json` makes `verdict.json` of it."""

    answer: Answer
    sentence: str
    protocol: str
    metric: str
    rope: float
    gan: str
    problems: tuple[str, ...]  # what must stand above the answer
    copying: str
    contrasts: tuple[ContrastRow, ...]  # the primary first
    controls: tuple[ControlRow, ...]
    advice: str
    options: tuple[Option, ...]
    depth: Depth | None
    worth: ArmWorth | None
    doses: Doses | None
    shifts: tuple[ShiftRow, ...]
    claims: tuple[Claim, ...]
    external: tuple[ExternalRow, ...]
    classes: tuple[ClassRow, ...]
    small_classes: SmallClasses | None
    outcomes: tuple[OutcomeRow, ...]
    disagreement: str  # a sentence, or empty

    @property
    def balancing(self) -> list[AgainstBalancing]:
        """What the GAN adds to each way to balance the classes without one; empty where no class is filled up."""
        secondary = [row for row in self.contrasts if row.contrast.role == "secondary"]
        rows = {parse_arm(row.contrast.against).source: row for row in secondary}
        return [AgainstBalancing(way, rows[way].change, str(rows[way].answer)) for way in BALANCING if way in rows]


def read_verdict(folder: Path) -> dict[str, Any]:
    """Return the content of the `verdict.json` that is kept in a study's folder.

    Raises:
        InputError: there is none yet, or it is damaged.
    """
    file = Path(folder) / "verdict.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{file} is not there yet; run notebook 05 or `gannb report` first.") from None
    except ValueError:
        raise InputError(f"{file} is damaged; write it again with `gannb report`.") from None


def decide(evidence: Evidence) -> Verdict:
    """Return the verdict. A contrast is in it where two trials or more have both of its arms."""
    usable = [c for c in evidence.contrasts if len(common_trials(evidence, c.arm, c.against)) >= 2]
    level = bonferroni_level(0.95, max(1, sum(c.role == "secondary" for c in usable)))
    rows = [contrast_row(evidence, c, level) for c in usable if c.role != "control"]
    controls = [control_row(evidence, c) for c in usable if c.role == "control"]
    primary = difference(evidence, *PRIMARY)
    answer = decision.decide(primary, evidence.rope)
    beside, ways = outcome_rows(evidence), options(evidence)
    return Verdict(
        answer, sentence(evidence, primary, answer), evidence.protocol, evidence.metric, evidence.rope, evidence.gan,
        problems=tuple(problems(evidence, controls)), copying=copying_sentence(evidence), contrasts=tuple(rows),
        controls=tuple(controls), advice=advice(evidence, ways), options=tuple(ways), depth=depth(evidence, level),
        worth=arm_worth(evidence), doses=doses(evidence), shifts=tuple(shift_rows(evidence)),
        claims=tuple(claims(evidence)), external=tuple(external(evidence)), classes=tuple(class_rows(evidence)),
        small_classes=small_classes(evidence), outcomes=tuple(beside),
        disagreement=disagreement(evidence.metric, primary, beside),
    )  # fmt: skip


# ---- rows ----


def contrast_row(evidence: Evidence, contrast: Contrast, level: float) -> ContrastRow:
    """Return what a contrast came to. level: of the secondary ones; those and the primary one get an answer."""
    change = difference(evidence, contrast.arm, contrast.against, level if contrast.role == "secondary" else 0.95)
    decided = contrast.role in ("primary", "secondary")
    return ContrastRow(contrast, change, decision.decide(change, evidence.rope) if decided else None)


def control_row(evidence: Evidence, contrast: Contrast) -> ControlRow:
    """Return what a control came to."""
    change = difference(evidence, contrast.arm, contrast.against)
    return ControlRow(contrast, change, came_out(contrast.expected, change.low, change.high, evidence.rope))


def came_out(expected: str, low: float, high: float, rope: float) -> bool | None:
    """Tell whether a control with a known result came out; None where its interval is too wide to tell."""
    wide = high - low > WIDE * rope and low <= 0 <= high
    if expected == "no difference":
        return None if wide else low <= 0 <= high or (-rope <= low and high <= rope)
    as_expected = low > 0 if expected == "helps" else high < 0
    return None if wide and not as_expected else as_expected


# ---- what must stand above the answer ----


def problems(evidence: Evidence, controls: Sequence[ControlRow]) -> list[str]:
    """Return what must stand above the answer: smoke size, missing trials, controls that did not come out."""
    found, many = [], evidence.nouns.many
    if evidence.preset == "smoke":
        found.append("This is a smoke run: it shows that everything works and is far too small for a verdict.")
    found += _missing_trials(evidence)
    if evidence.filled_up:
        found.append(
            f"GAN {many} fill up the smaller classes here, and so would repeated ones: what the GAN itself adds is in "
            "the rows against oversampling and class weights, not in the answer."
        )
    if evidence.keep_classes:
        found.append(
            f"Only {', '.join(evidence.keep_classes)} got GAN {many} (keep_classes). If these classes were chosen by "
            f"looking at test {many} of a study like this one, the answer flatters: confirm it on new {many}."
        )
    return found + [_control_sentence(row) for row in controls if not row.came_out]


def _missing_trials(evidence: Evidence) -> list[str]:
    """Return how many trials could be compared and the first failure, where a trial or a unit failed."""
    done = len(common_trials(evidence, *PRIMARY))
    if done >= evidence.trials_planned and not evidence.failures:
        return []
    first = ended(f" The first failure: {evidence.failures[0]}") if evidence.failures else ""
    fewer = " Comparisons that need what failed have fewer." if done == evidence.trials_planned else ""
    return [f"{done} of {evidence.trials_planned} trials could be compared.{fewer}{first}"]


def _control_sentence(row: ControlRow) -> str:
    """Return in words that a control did not come out, or that it cannot be told."""
    contrast, change = row.contrast, in_points(row.change)
    against = f"{contrast.meaning} ({contrast.arm} against {contrast.against})"
    if row.came_out is None:
        return f"A control is too uncertain to tell: {against} made {change} points."
    if parse_arm(contrast.against).half_budget:
        return (
            f"The classifiers had not converged: the second half of the steps changed {contrast.arm} by "
            f"{change} points; raise classifier_steps."
        )
    wanted = {"helps": "should help", "hurts": "should hurt", "no difference": "should make no difference"}
    return f"A control did not come out: {against} {wanted[contrast.expected]}, and made {change} points."


# ---- the answer in words ----


def sentence(evidence: Evidence, estimate: Estimate, answer: Answer) -> str:
    """Return the answer as one or two sentences with effect, interval, and what the study could settle."""
    n, many = f"{evidence.n_train:,.0f}", evidence.nouns.many
    where = where_sentence(evidence, n, estimate.n)
    words = {
        Answer.HELPS: "they help",
        Answer.HURTS: "they hurt",
        Answer.EQUIVALENT: f"no difference of practical consequence (within {points(evidence.rope)} points)",
        Answer.INCONCLUSIVE: "undecided",
    }
    metric = METRIC_NAMES[evidence.metric]
    return (
        f"{where}, GAN {many} changed {metric} by {in_points(estimate)} points: {words[answer]}. "
        + _settle_sentence(evidence, estimate)
    )


def _settle_sentence(evidence: Evidence, estimate: Estimate) -> str:
    """Return which differences the study could have settled, and what it would take to settle smaller ones."""
    half, many = could_settle(estimate), evidence.nouns.many
    target = evidence.rope if half > evidence.rope else half / 2
    first = f"This study could have settled differences beyond about {points(half)} points"
    if half == 0:
        return first + "."
    needed = trials_to_settle(estimate, target)
    if needed is not None:
        most = evidence.most_trials
        limit = f", and these {many} allow {most:,}" if most is not None and most < needed[1] else ""
        return f"{first}; settling {points(target)} would take about {needed[0]:,} to {needed[1]:,} trials{limit}."
    return f"{first}; settling {points(target)} would take more test {many}, not only more trials."


def where_sentence(evidence: Evidence, n: str, trials: int) -> str:
    """Return what was trained on and how often, as a sentence begins."""
    many, tested = evidence.nouns.many, f"{evidence.n_test:,.0f}"
    if evidence.protocol == "given":
        return f"Trained {trials} times anew on this training set of {n} {many}, and tested on its {tested} test {many}"
    if evidence.protocol == "draw":
        return f"On {len(common_trials(evidence, *PRIMARY))} draws of {n} {many}"
    return (
        f"Trained {trials} times anew on random parts of these {many}, {n} each, and tested on the others, {tested} "
        "each"
    )


# ---- outcomes beside the metric ----


def outcome_rows(evidence: Evidence) -> list[OutcomeRow]:
    """Return what else the primary contrast changed, a row per outcome; the metric itself stands in its own row."""
    if evidence.predictions is None:
        return []
    rows = outcomes.rows(evidence.predictions, evidence.tested)
    return [row for row in rows if row.outcome != evidence.metric]


def disagreement(metric: str, primary: Interval, rows: Sequence[OutcomeRow]) -> str:
    """Return a sentence where some metrics of all classes are better and others worse beyond their intervals, or "".

    `primary` is the metric's own difference with the interval of the verdict, `rows` are those of `outcome_rows`.
    """
    changes = {metric: primary} | {row.outcome: row.change for row in rows if row.class_name is None}
    better, worse = (
        [f"{OUTCOMES[name].label} ({in_unit(change, OUTCOMES[name].share)})" for name, change in changes.items()
         if outcomes.direction(name, change) == sign]
        for sign in (1, -1)
    )  # fmt: skip
    if not better or not worse:
        return ""
    return (
        f"Metrics disagree: better by {', '.join(better)}; worse by {', '.join(worse)}; "
        f"the answer is by {OUTCOMES[metric].label} alone."
    )
