"""From scores to an answer: contrasts, controls, problems, and the sentences that say them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gannb.analysis.claims import Claim, ShiftRow, claims, shift_rows
from gannb.analysis.class_lights import ClassRow, class_rows
from gannb.analysis.controls import ControlRow, control_rows, control_sentences, way_out, why_no_answer
from gannb.analysis.copying import copying_sentence
from gannb.analysis.evidence import Evidence, common_trials, difference, stands
from gannb.analysis.external import ExternalRow, external
from gannb.analysis.options import Depth, Option, advice, depth, options, yardsticks
from gannb.analysis.small_classes import AgainstBalancing, SmallClasses, small_classes
from gannb.analysis.wording import METRIC_NAMES, in_points, in_unit, points
from gannb.analysis.worth import ArmWorth, Doses, arm_worth, doses
from gannb.classifiers.imbalance import BALANCING
from gannb.stats import decision, outcomes
from gannb.stats.decision import Answer, bonferroni_level
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.outcomes import OUTCOMES, OutcomeRow
from gannb.stats.settling.failures import HARM, WithFailures, with_failures
from gannb.stats.settling.floor import LEAST_TRIALS, item_weight, items_needed
from gannb.stats.settling.planning import POWER, difference_to_tell, trials_to_equate, trials_to_tell
from gannb.trials.arms import PRIMARY, parse_arm
from gannb.trials.contrasts import Contrast
from gannb.utils.errors import InputError
from gannb.utils.naming import ended

SCORE_COLUMNS = (
    "study", "trial", "arm", "n_real", "n_synthetic", "seed", "accuracy", "balanced_accuracy", "macro_f1", "auroc",
    "sensitivity", "specificity", "log_loss", "ece", "train_accuracy", "seconds",
)  # fmt: skip
PARTS = {2: "halves", 3: "two thirds", 4: "three quarters", 5: "four fifths", 10: "nine tenths"}  # by folds: trained on


@dataclass(frozen=True)
class ContrastRow:
    """What a contrast came to."""

    contrast: Contrast
    change: Estimate  # the primary one adjusted for looks, secondary ones and other ways to go for the number of their
    # kind, the others 95 %
    answer: Answer | None  # None of exploratory ones: among many comparisons some look striking by chance
    trials: int  # that have both arms


@dataclass(frozen=True)
class Sensitivity:
    """What GANs that fail now and then would make of the answer."""

    found: WithFailures
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The answer of a study and everything that stands beside it; `to_json` makes `verdict.json` of it."""

    answer: Answer
    reason: str  # why there is no answer, in a few words, whatever the interval; empty where it stands
    sentence: str
    protocol: str
    metric: str
    rope: float
    gan: str
    problems: tuple[str, ...]  # what must stand above the answer
    yardsticks: str  # what comes without any GAN, where it says what the answer is worth; a sentence, or empty
    sensitivity: Sensitivity | None  # None of fewer than three trials
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
    """Return the verdict. A contrast is in it where two trials or more have both of its arms.

    A control that did not come out leaves no answer, neither to the question nor to what stands beside it; that another
    network than the study's first had not converged leaves open what it is compared with.
    """
    usable = [c for c in evidence.contrasts if len(common_trials(evidence, c.arm, c.against)) >= 2]
    level = bonferroni_level(evidence.level, max(1, sum(c.role == "secondary" for c in usable)))
    controls = control_rows(evidence, usable)
    reason = why_no_answer(evidence, controls)
    beside, ways = outcome_rows(evidence), options(evidence)
    gains = {way.arm: way.gain for way in ways}
    rows = [_as_option(contrast_row(evidence, c, level, reason), gains) for c in usable if c.role != "control"]
    primary = difference(evidence, *PRIMARY, evidence.level)
    answer = Answer.INCONCLUSIVE if reason else decision.decide(primary, evidence.rope)
    return Verdict(
        answer, reason, sentence(evidence, primary, answer, reason), evidence.protocol, evidence.metric, evidence.rope,
        evidence.gan, problems=tuple(problems(evidence, controls)),
        yardsticks=yardsticks(evidence, ways, answer, reason), sensitivity=sensitivity(evidence),
        copying=copying_sentence(evidence), contrasts=tuple(rows),
        controls=tuple(controls), advice=advice(evidence, ways, reason, way_out(evidence, controls)),
        options=tuple(ways), depth=depth(evidence, level, reason), worth=arm_worth(evidence), doses=doses(evidence),
        shifts=tuple(shift_rows(evidence)), claims=tuple(claims(evidence, reason)), external=tuple(external(evidence)),
        classes=tuple(class_rows(evidence, reason)), small_classes=small_classes(evidence), outcomes=tuple(beside),
        disagreement=disagreement(evidence.metric, primary, beside),
    )  # fmt: skip


def contrast_row(evidence: Evidence, contrast: Contrast, level: float, reason: str = "") -> ContrastRow:
    """Return what a contrast came to.

    level: of the secondary ones; those and the primary one get an answer. reason: why there is none in this study.
    """
    levels = {"primary": evidence.level, "secondary": level}
    change = difference(evidence, contrast.arm, contrast.against, levels.get(contrast.role, 0.95))
    trials = len(common_trials(evidence, contrast.arm, contrast.against))
    if contrast.role not in levels:
        return ContrastRow(contrast, change, None, trials)
    return ContrastRow(contrast, change, answer_of(evidence, contrast, change, reason), trials)


def answer_of(evidence: Evidence, contrast: Contrast, change: Estimate, reason: str) -> Answer:
    """Return the answer that a contrast has: none where the study has none, or where more steps may give another."""
    answer = decision.decide(change, evidence.rope)
    open_ = reason or not stands(evidence, answer, contrast.arm, contrast.against)
    return Answer.INCONCLUSIVE if open_ else answer


def _as_option(row: ContrastRow, gains: Mapping[str, Estimate]) -> ContrastRow:
    """Return the row with the interval that it has among the options, where it is one: one number for one thing."""
    gain = gains.get(row.contrast.arm)
    return row if gain is None or row.answer or row.contrast.against != PRIMARY[1] else replace(row, change=gain)


# ---- what must stand above the answer ----


def problems(evidence: Evidence, controls: Sequence[ControlRow]) -> list[str]:
    """Return what must stand above the answer: smoke size, missing trials, controls that did not come out."""
    found, many = [], evidence.nouns.many
    if evidence.preset == "smoke":
        found.append(
            "This is a smoke run: it shows that everything works and is far too small for a verdict, or for the checks "
            "of the study itself."
        )
    found += [*_missing_trials(evidence), *_too_few(evidence)]
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
    wrong = [] if evidence.preset == "smoke" else [row for row in controls if not row.came_out]
    return found + control_sentences(evidence, wrong)


def _missing_trials(evidence: Evidence) -> list[str]:
    """Return how many trials could be compared and the first failure, where a trial or a unit failed."""
    done = len(common_trials(evidence, *PRIMARY))
    if done >= evidence.trials_planned and not evidence.failures:
        return []
    first = ended(f" The first failure: {evidence.failures[0]}") if evidence.failures else ""
    fewer = " Comparisons that need what failed have fewer." if done == evidence.trials_planned else ""
    return [f"{done} of {evidence.trials_planned} trials could be compared.{fewer}{first}"]


def _too_few(evidence: Evidence) -> list[str]:
    """Return that trials or test items are too few for an answer, where they are; a smoke run has said so already."""
    primary, nouns = difference(evidence, *PRIMARY, evidence.level), evidence.nouns
    if evidence.preset == "smoke" or decision.decide(primary, evidence.rope) in (Answer.HELPS, Answer.HURTS):
        return []
    if primary.n < LEAST_TRIALS:
        return [f"An answer takes {LEAST_TRIALS} trials or more, whatever their interval; raise trials."]
    needed, there, single = _items_needed(evidence, primary)
    if needed <= there:
        return []
    units = f"test {nouns.many}" if single else f"separate groups of test {nouns.many}"
    return [
        f"The test {nouns.many} are too few to show that nothing of consequence changes: a single {nouns.one} in "
        f"dispute weighs too much against a margin of {points(evidence.rope)} points. That takes about {needed:,} "
        f"{units}, each class with the same share as now, and there are {there:,}."
    ]


def _items_needed(evidence: Evidence, estimate: Estimate) -> tuple[int, int, bool]:
    """Return how many test items, or groups of them, it takes for an interval to fit into the margin.

    Beside it how many there are, and whether each is a single item.
    """
    weights, groups = evidence.tested.items(_by_item(evidence), evidence.weighting)
    there = len(np.unique(groups))
    needed = items_needed(weights, groups, estimate.n, evidence.rope, evidence.level)
    return needed, there, there == len(groups)


def _by_item(evidence: Evidence) -> dict[int, np.ndarray]:
    """Return the primary contrast's differences by trial and test item."""
    arm, against = (evidence.correct[name] for name in PRIMARY)
    return {t: arm[t] - against[t] for t in common_trials(evidence, *PRIMARY)}


# ---- what stands beside the answer ----


def sensitivity(evidence: Evidence) -> Sensitivity | None:
    """Return what GANs that fail now and then would make of the primary contrast; None of fewer than three trials.

    Whatever the contrast's standard error holds beyond chance between trials is added to that of the test items.
    """
    d, weighting = _by_item(evidence), evidence.weighting
    if len(d) < LEAST_TRIALS:
        return None
    primary, by_trial = difference(evidence, *PRIMARY, evidence.level), evidence.tested.results(d, weighting)
    beyond = max(primary.floor_se**2, primary.se**2 - by_trial.var(ddof=1) / len(by_trial))
    least = item_weight(*evidence.tested.items(d, weighting))
    found = with_failures(by_trial, float(np.sqrt(beyond)), least, evidence.level)
    trials, failed = len(by_trial), int(np.sum(found.failed > 0.5))
    look = {0: f"None of the {trials} trials looks", 1: f"1 of the {trials} trials looks"}.get(
        failed, f"{failed} of the {trials} trials look"
    )
    change = in_points(Interval(found.mean, found.low, found.high))
    said = (
        f"If one GAN in ten failed, at a cost of about {100 * HARM:.0f} points, the change would be {change} points. "
        f"{look} like that, which does not exclude that up to {found.rate_not_excluded:.0%} of all GANs fail."
    )
    return Sensitivity(found, said)


# ---- the answer in words ----


def sentence(evidence: Evidence, estimate: Estimate, answer: Answer, reason: str = "") -> str:
    """Return the answer in two sentences: effect, interval and answer; then what a study like this one can tell.

    reason: why there is no answer, whatever the interval.
    """
    where = where_sentence(evidence, f"{evidence.n_train:,.0f}", len(common_trials(evidence, *PRIMARY)))
    words = {
        Answer.HELPS: "they help",
        Answer.HURTS: "they hurt",
        Answer.EQUIVALENT: f"no difference of practical consequence (within {points(evidence.rope)} points)",
        Answer.INCONCLUSIVE: f"undecided; {_what_is_open(estimate, evidence.rope)}",
    }
    changed = f"GAN {evidence.nouns.many} changed {METRIC_NAMES[evidence.metric]} by {in_points(estimate)} points"
    if reason:
        return f"{where}, {changed}. That is undecided: {reason}."
    said = f"{where}, {changed}: {words[answer]}."
    return said if estimate.n < LEAST_TRIALS else f"{said} {_settle_sentence(evidence, estimate, answer)}"


def _what_is_open(estimate: Estimate, rope: float) -> str:
    """Return which side of an undecided interval is excluded, and which is open."""
    margin = f"by {points(rope)} points or more"
    if estimate.n < LEAST_TRIALS:
        return "too few independent trials to tell"
    if estimate.high < rope:
        return f"that they help {margin} is excluded, that they hurt is not"
    if estimate.low > -rope:
        return f"that they hurt {margin} is excluded, that they help is not"
    return f"neither that they help {margin} nor that they hurt is excluded"


def _settle_sentence(evidence: Evidence, estimate: Estimate, answer: Answer) -> str:
    """Return which differences a study like this one tells from none, and of an undecided one, what more would take."""
    tells, rope, many = difference_to_tell(estimate), evidence.rope, evidence.nouns.many
    first = (
        f"Where there is a difference of {points(tells)} points or more, {POWER:.0%} of studies like this one find it"
    )
    if answer is not Answer.INCONCLUSIVE:
        return f"{first}."
    what = f"showing that there is no difference beyond {points(rope)} points"
    if tells > rope:
        what = f"telling {points(rope)} points, or showing that there is no difference beyond that,"
    needed, (items, there, _) = _trials_needed(evidence, estimate), _items_needed(evidence, estimate)
    if needed is None or items > there:
        tested = "" if evidence.tested.folds else "test "
        return f"{first}; {what} would take more {tested}{many}, not only more trials."
    most = evidence.most_trials
    limit = f", and these {many} allow {most:,} disjoint ones" if most is not None and most < needed[1] else ""
    done = len(common_trials(evidence, *PRIMARY))
    about = f"about {needed[0]:,} to " if done < needed[0] < needed[1] else "about "
    about = "up to about " if needed[0] <= done and needed[0] < needed[1] else about
    return f"{first}; {what} would take {about}{needed[1]:,} trials in all{limit}."


def _trials_needed(evidence: Evidence, estimate: Estimate) -> tuple[int, int] | None:
    """Return from how many trials a difference of the margin would be told, and up to how many the lack of one shown.

    None where no number of trials is enough. Where several draws make one independent block, they count as trials.
    """
    step, each = evidence.tested.folds or 1, -(-len(common_trials(evidence, *PRIMARY)) // estimate.n)
    told = trials_to_tell(estimate, evidence.rope, step=step)
    equal = trials_to_equate(estimate, evidence.rope, step=step)
    if told is None or equal is None:
        return None
    least = max(2 * step, LEAST_TRIALS)
    fewest = equal[0] if difference_to_tell(estimate) <= evidence.rope else told[0]
    return max(least, each * fewest), max(least, each * equal[1])


def where_sentence(evidence: Evidence, n: str, trials: int) -> str:
    """Return what was trained on and how often, as a sentence begins."""
    many, tested = evidence.nouns.many, f"{evidence.n_test:,.0f}"
    if evidence.protocol == "given":
        what = f"this training set of {n} {many}" if evidence.whole_set else f"{n} {many} each of this training set"
        return f"Trained {trials} times anew on {what} and tested on its {tested} test {many}"
    if evidence.protocol == "draw":
        return f"On {trials} draws of {n} {many}"
    folds = evidence.tested.folds
    part = PARTS.get(folds, f"{folds - 1} of {folds} parts")
    return (
        f"Trained {trials} times anew on random {part} of these {many} ({n}) and tested on the others ({tested}), "
        "which stand for new ones of the same source"
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
