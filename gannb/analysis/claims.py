"""The claims of the original discussion, each put to a test on a study's evidence.

A test gives a verdict (`supported`, `contradicted`, `undecided`), its number, and a sentence that says what the number
can and cannot show. Each speaks for these items, this size of set, this classifier and this GAN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gannb.analysis.copying import copying
from gannb.analysis.evidence import (
    Evidence,
    by_trial,
    common_trials,
    difference,
    of_trials,
    per_trial,
    shifted_difference,
    shifted_level,
)
from gannb.analysis.wording import in_points, points
from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate
from gannb.trials.arms import PRIMARY, parse_arm

FITTED = 0.995  # train accuracy above which a classifier has nothing left to overtrain on
DISTORTED = 0.05  # a generated item is "distorted" when a classifier of real ones errs on it this much more often


@dataclass(frozen=True)
class Finding:
    """What a test found of a claim."""

    verdict: str  # supported | contradicted | undecided
    number: str  # with its unit; empty where nothing was tested
    why: str  # what the number can and cannot show, in sentences


@dataclass(frozen=True)
class Claim:
    """A claim of the discussion, and what was found of it."""

    claim: str  # in words
    found: Finding


NOT_TESTED = Finding("undecided", "", "Not tested: the arms for it are not part of this study.")


def claims(evidence: Evidence) -> list[Claim]:
    """Return the claims of `TESTS` in their order, each with what was found of it."""
    return [Claim(claim.format(many=evidence.nouns.many), test(evidence)) for claim, test in TESTS.items()]


def _by_answer(evidence: Evidence, arm: str, against: str, verdicts: dict[Answer, str], why: str) -> Finding | None:
    """Return the finding that follows from the answer of a contrast; None where an arm is missing.

    verdicts: by answer; an answer that is not among them leaves the claim undecided.
    """
    if len(common_trials(evidence, arm, against)) < 2:
        return None
    estimate = difference(evidence, arm, against)
    answer = decide(estimate, evidence.rope)
    return Finding(verdicts.get(answer, "undecided"), f"{in_points(estimate)} points", why)


def _not_tested(reason: str) -> Finding:
    return Finding("undecided", "", f"Not tested: {reason}")


# ---- use ----


def _enlarges(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "contradicted"}
    why = f"{PRIMARY[0]} against {PRIMARY[1]}, for this classifier and size of set.{_deeper(evidence)}"
    return _by_answer(evidence, *PRIMARY, verdicts, why) or NOT_TESTED


def _deeper(evidence: Evidence) -> str:
    """Return what the same contrast is for each further classifier, in words."""
    said = ""
    for name in list(evidence.classifiers)[1:]:
        arms = [parse_arm(arm).at(name).name for arm in PRIMARY]
        if len(common_trials(evidence, *arms)) >= 2:
            said += f" With {name}: {in_points(difference(evidence, *arms))} points."
    return said


def _collecting(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "supported"}
    why = f"Twice the real {evidence.nouns.many} against {PRIMARY[0]}."
    return _by_answer(evidence, "real+more+classic", PRIMARY[0], verdicts, why) or NOT_TESTED


def _fine_tuning(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "undecided"}
    why = f"A network pretrained on other {evidence.nouns.many} and fine-tuned on the draw, against {PRIMARY[0]}."
    reason = evidence.left_out or "this study has no arm that fine-tunes a pretrained network."
    found = _by_answer(evidence, "transfer", PRIMARY[0], verdicts, why)
    return found or _not_tested(f"{reason[0].lower()}{reason[1:]}")


def _mean_variance(evidence: Evidence) -> Finding:
    why = (
        f"real+gan against {evidence.nouns.many} with the same mean and covariance; a loss would not prove it, the GAN "
        "may be poor."
    )
    return _by_answer(evidence, "real+gan", "real+gaussian", {Answer.HELPS: "contradicted"}, why) or NOT_TESTED


def _overtrains(evidence: Evidence) -> Finding:
    trials = common_trials(evidence, *PRIMARY)
    fitted = [by_trial(evidence, arm, "train_accuracy", trials) for arm in PRIMARY]
    gaps = [fit - by_trial(evidence, arm, "accuracy", trials) for fit, arm in zip(fitted, PRIMARY, strict=True)]
    ece = [by_trial(evidence, arm, "ece", trials).mean() for arm in PRIMARY]
    estimate = of_trials(evidence, gaps[0] - gaps[1])
    verdict = "supported" if estimate.low > evidence.rope else "undecided"
    verdict = "contradicted" if estimate.high < evidence.rope else verdict
    why = (
        f"Change of the gap between train and test accuracy, {PRIMARY[0]} against {PRIMARY[1]}; "
        f"calibration error {ece[0]:.3f} against {ece[1]:.3f}."
    )
    if min(fit.mean() for fit in fitted) > FITTED:
        verdict = "undecided"
        why += f" Both fit their training {evidence.nouns.many} completely, so the gap tells nothing more."
    return Finding(verdict, f"{in_points(estimate)} points", why)


def _distorted(evidence: Evidence) -> Finding:
    columns, many = ("gan_test", "ruler_accuracy"), evidence.nouns.many
    recognised, real = (per_trial(evidence, column, evidence.measuring_classifier) for column in columns)
    if recognised is None or real is None:
        return NOT_TESTED
    if evidence.protocol != "draw":
        return _not_tested(f"no real {many} are left over to train a classifier that the GAN never saw.")
    estimate = of_trials(evidence, recognised - real)
    verdict = "undecided"
    if estimate.high < -DISTORTED:
        verdict = "supported"
    elif estimate.low > -DISTORTED:
        verdict = "contradicted"
    number = f"GAN-test {recognised.mean():.1%}, real test {many} {real.mean():.1%}"
    why = (
        f"Share recognised as their class by a classifier trained on real {many}; "
        f"more than {points(DISTORTED)} points fewer counts as distorted. It does not see a lack of variety."
    )
    return Finding(verdict, number, why)


# ---- saturation ----


def _saturates(evidence: Evidence) -> Finding:
    many = evidence.nouns.many
    if len(evidence.dose_arms) < 2:
        return _not_tested(f"it takes several numbers of GAN {many} (n_synthetic=50,100,200).")
    (fewer, fewer_arm), (most, most_arm) = list(evidence.dose_arms.items())[-2:]
    if most < 2 * fewer:
        return _not_tested(f"{fewer:,} and {most:,} GAN {many} per class are too close to tell.")
    if most * evidence.n_classes > evidence.synthetic_shown:
        return _not_tested(
            f"{most * evidence.n_classes:,} GAN {many} were made and a training shows "
            f"{evidence.synthetic_shown:,} of them; raise classifier_steps."
        )
    why = (
        f"{most:,} GAN {many} per class against {fewer:,}: if the interval lies within the margin, more of them no "
        "longer matter. This speaks for “gains saturate” only, not for “no information is added”."
    )
    verdicts = {Answer.EQUIVALENT: "supported", Answer.HELPS: "contradicted"}
    return _by_answer(evidence, most_arm, fewer_arm, verdicts, why) or NOT_TESTED


# ---- forms between those of the training set ----


def _in_between(evidence: Evidence) -> Finding:
    names = "between", "between_of_blends", "between_of_real"
    made, blends, real = (per_trial(evidence, name, evidence.raw_space) for name in names)
    if made is None or blends is None:
        return NOT_TESTED
    nouns, estimate = evidence.nouns, of_trials(evidence, made - blends)
    verdict = "supported" if estimate.low > 0 else "undecided"
    held_out = "" if real is None else f", to held-out real ones {real.mean():.0%}"
    number = f"{made.mean():.0%}; to blends of two {nouns.many} {blends.mean():.0%}{held_out}"
    why = (
        f"Share of test {nouns.many} that lie nearer to a GAN {nouns.one} than to any of as many training "
        f"{nouns.many}; against blends {in_points(estimate)} points, in {nouns.raw}. More than blends would show new "
        "forms where real ones lie, not that every one is valid; fewer would not show that there are none."
    )
    return Finding(verdict, number, why)


# ---- copying ----


def _copies(evidence: Evidence) -> Finding:
    found = copying(evidence)
    return Finding(found.verdict, found.number, found.why) if found else NOT_TESTED


# ---- outside the training domain ----


@dataclass(frozen=True)
class ShiftRow:
    """Both primary arms on test items shifted in one way, shares of balanced accuracy."""

    shift: str  # a name in `Evidence.shifts`, or `all` for their mean
    meaning: str
    arm: float
    against: float
    change: Estimate  # over trials and test items


def shift_rows(evidence: Evidence) -> list[ShiftRow]:
    """Return a row per way to shift test items, and last one of all together; none for too few trials."""
    if not evidence.shifts or shifted_difference(evidence, *PRIMARY) is None:
        return []
    ways = [*enumerate(evidence.shifts.items()), (None, ("all", "mean of the above"))]
    return [_shift_row(evidence, number, shift, meaning) for number, (shift, meaning) in ways]


def _shift_row(evidence: Evidence, number: int | None, shift: str, meaning: str) -> ShiftRow:
    arm, against = (shifted_level(evidence, name, number) for name in PRIMARY)
    return ShiftRow(shift, meaning, arm, against, shifted_difference(evidence, *PRIMARY, number))


def _elsewhere(evidence: Evidence) -> Finding:
    if not evidence.shifts:
        return _not_tested(
            f"this kit knows no way to make test {evidence.nouns.many} as another source might give them."
        )
    rows = shift_rows(evidence)
    if not rows:
        return NOT_TESTED
    *each, whole = rows
    verdicts = {Answer.HELPS: "contradicted", Answer.EQUIVALENT: "supported", Answer.HURTS: "supported"}
    verdict = verdicts.get(decide(whole.change, evidence.rope), "undecided")
    changes = ", ".join(f"{row.shift} {points(row.change.mean, sign=True)}" for row in each)
    why = (
        f"{PRIMARY[0]} against {PRIMARY[1]} on shifted test {evidence.nouns.many} ({changes}), mean over the shifts. "
        f"Shifts of our own making stand in for {evidence.phrases.elsewhere}, and are not the thing itself."
    )
    return Finding(verdict, f"{in_points(whole.change)} points", why)


TESTS: dict[str, Callable[[Evidence], Finding]] = {  # `{many}`: what the items are called
    "A GAN can turn a small set into a much larger one that is good enough for a deep classifier": _enlarges,
    "It will not beat collecting more data": _collecting,
    "Fine-tuning a pretrained classifier is the better way": _fine_tuning,
    "The {many} are small and distorted": _distorted,
    "It only reproduces mean and variance": _mean_variance,
    "It overtrains the classifier": _overtrains,
    "Gains saturate: no information is added": _saturates,
    "It can learn valid in-between forms": _in_between,
    "It copies its training set": _copies,
    "It is of no use outside its training domain": _elsewhere,
}
