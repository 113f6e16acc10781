"""The claims of the original discussion, each put to a test on a study's evidence.

A test gives a verdict (`supported`, `contradicted`, `undecided`), its number, and a sentence that says what the number
can and cannot show. Each can come out in all three ways; what cannot be tested in a study is said not to be. Each
speaks for these items, this size of set, this classifier and this GAN. Intervals are of 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gannb.analysis.controls import way_to_converge
from gannb.analysis.copying import ATTRACTION, copying
from gannb.analysis.evidence import (
    Evidence,
    by_trial,
    common_trials,
    difference,
    has_converged,
    of_trials,
    per_trial,
    possible,
    shifted_difference,
    shifted_level,
    shifted_trials,
    stands,
    with_repeats,
)
from gannb.analysis.wording import in_percent, in_points, points
from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.stats.tested import equal
from gannb.trials.arms import COPIES, MORE, PRIMARY, YARDSTICKS, parse_arm
from gannb.utils.naming import listed

if TYPE_CHECKING:
    import pandas as pd

DEEP = 8  # weighted layers along a network: AlexNet's, the first to be called deep (Krizhevsky et al. 2012)
FITTED = 0.995  # train accuracy above which a classifier has nothing left to overtrain on
DISTORTED = 0.05  # a generated item is "distorted" when a classifier of real ones errs on it this much more often
RECOGNISED = ("gan_test", "ruler_accuracy")  # as their class, of generated and of unseen real items
SUPPORTED, CONTRADICTED, UNDECIDED = "supported", "contradicted", "undecided"


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


NOT_TESTED = Finding(UNDECIDED, "", "Not tested: the arms for it are not part of this study.")


def claims(evidence: Evidence, reason: str = "") -> list[Claim]:
    """Return the claims of `TESTS` in their order, each with what was found of it.

    reason: why the study has no answer; then claims about classifiers are left open, too.
    """
    found = []
    for claim, test in TESTS.items():
        finding = test(evidence)
        if reason and test not in OF_ITEMS and finding.verdict != UNDECIDED:
            finding = replace(finding, verdict=UNDECIDED, why=f"Left open, since {reason}. {finding.why}")
        found.append(Claim(claim.format(many=evidence.nouns.many), finding))
    return found


def _answer(evidence: Evidence, arm: str, against: str) -> tuple[Estimate, Answer] | None:
    """Return what a contrast came to; None where an arm is missing."""
    if not common_trials(evidence, arm, against):
        return None
    estimate = difference(evidence, arm, against)
    return estimate, decide(estimate, evidence.rope)


def _by_answer(evidence: Evidence, arm: str, against: str, verdicts: dict[Answer, str], why: str) -> Finding | None:
    """Return the finding that follows from the answer of a contrast; None where an arm is missing.

    verdicts: by answer; an answer that is not among them leaves the claim undecided.
    """
    if (found := _answer(evidence, arm, against)) is None:
        return None
    estimate, answer = found
    return Finding(verdicts.get(answer, UNDECIDED), f"{in_points(estimate)} points", why)


def _side(estimate: Estimate, bar: float) -> int:
    """Return 1 where an interval lies wholly above a bar, -1 where wholly below, 0 else or with too few trials."""
    if estimate.n < LEAST_TRIALS:
        return 0
    return 1 if estimate.low > bar else -1 if estimate.high < bar else 0


def _not_tested(reason: str, number: str = "") -> Finding:
    return Finding(UNDECIDED, number, f"Not tested: {reason}")


# ---- use ----


def _enlarges(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: SUPPORTED, Answer.HURTS: CONTRADICTED, Answer.EQUIVALENT: CONTRADICTED}
    deep = _deepest(evidence)
    if deep is None:
        return _without_a_deep_one(evidence)
    name, arm, against = deep
    start = "pretrained and fine-tuned" if name == evidence.pretrained else "from scratch"
    why = f"{arm} against {against}: {name}, {evidence.layers[name]} layers deep, {start}. It speaks for this network."
    told = {answer: said for answer, said in verdicts.items() if stands(evidence, answer, arm, against)}
    if told != verdicts:
        why += f" It had not converged: {way_to_converge(evidence)}."
    if told and (unsure := _may_be_repetition(evidence, arm)):
        told.pop(Answer.HELPS)
        why += f" {unsure}"
    return _by_answer(evidence, arm, against, told, why) or NOT_TESTED


def _may_be_repetition(evidence: Evidence, arm: str) -> str:
    """Return why a gain may come of more items in a batch, whatever they are; empty where it is seen not to.

    Real items again in the places of the GAN's tell: what the GAN's bring, they have to bring beyond those.
    """
    many, repeated = evidence.nouns.many, with_repeats(evidence, arm)
    if repeated is None:
        return f"Whether real {many} again ({parse_arm(arm).with_source(COPIES).name}) bring the same was not tried."
    beyond, answer = _answer(evidence, arm, repeated)
    said = f"Against real {many} again ({repeated}) it came to {in_points(beyond)} points."
    return "" if answer is Answer.HELPS else f"{said} So a gain need not be the GAN's."


def _deepest(evidence: Evidence) -> tuple[str, str, str] | None:
    """Return the deepest network on which GAN items were tried, with its arms with and without; None for no deep one.

    A pretrained one only where none is deep that is trained from scratch: it has been enlarged elsewhere already.
    """
    first, *others = evidence.classifiers
    arms = {first: PRIMARY} | {name: tuple(parse_arm(arm).at(name).name for arm in PRIMARY) for name in others}
    deep = {name: both for name, both in arms.items() if evidence.layers.get(name, 0) >= DEEP}
    if not deep and evidence.layers.get(evidence.pretrained, 0) >= DEEP:
        deep = {evidence.pretrained: ("transfer+gan", "transfer")}
    deep = {name: both for name, both in deep.items() if common_trials(evidence, *both)}
    return max(((name, *both) for name, both in deep.items()), key=lambda each: evidence.layers[each[0]], default=None)


def _without_a_deep_one(evidence: Evidence) -> Finding:
    """Return that nothing deep was tried, what would be, and what the plain contrast came to."""
    if (found := _answer(evidence, *PRIMARY)) is None:
        return NOT_TESTED
    first = next(iter(evidence.classifiers))
    further = [name for name, layers in evidence.layers.items() if layers >= DEEP and name != evidence.pretrained]
    way = f"classifier={first},{further[0]}" if further else "a second network in `classifier`"
    return _not_tested(
        f"{first} has {evidence.layers[first]} layers, and a network is called deep from {DEEP}; add a deep one "
        f"({way}) or the arm transfer+gan with pretrained weights. With {first}, {PRIMARY[0]} against {PRIMARY[1]} "
        f"came to {in_points(found[0])} points.",
    )


def _collecting(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: SUPPORTED, Answer.HURTS: CONTRADICTED, Answer.EQUIVALENT: SUPPORTED}
    why = f"Twice the real {evidence.nouns.many} against {PRIMARY[0]}."
    if not has_converged(evidence, MORE):
        verdicts.pop(Answer.HURTS)
        why += " They had not converged, and with more steps may bring more."
    return _by_answer(evidence, MORE, PRIMARY[0], verdicts, why) or NOT_TESTED


def _fine_tuning(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: SUPPORTED, Answer.HURTS: CONTRADICTED, Answer.EQUIVALENT: CONTRADICTED}
    what = evidence.phrases.transfer.format(many=evidence.nouns.many)
    why = f"{what}, against {PRIMARY[0]}; the same within the margin is not better."
    if foreign := evidence.phrases.foreign_kind:
        verdicts = {Answer.HELPS: SUPPORTED}
        why += f" That one of {foreign} does no better says nothing of networks pretrained on {evidence.nouns.many}."
    if not has_converged(evidence, "transfer"):
        verdicts = {Answer.HELPS: SUPPORTED}
        why += " It had not converged, and with more steps may come to more."
    reason = evidence.left_out or "this study has no arm that fine-tunes a pretrained network."
    found = _by_answer(evidence, "transfer", PRIMARY[0], verdicts, why)
    return found or _not_tested(f"{reason[0].lower()}{reason[1:]}")


def _mean_variance(evidence: Evidence) -> Finding:
    many = evidence.nouns.many
    why = (
        f"Training on GAN {many} alone, against as many that have only the mean and covariance of each class. Better "
        "shows that the GAN has learnt more than those; the same within the margin, that it has not; worse would show "
        "only that it is poorer."
    )
    verdicts = {Answer.HELPS: CONTRADICTED, Answer.EQUIVALENT: SUPPORTED}
    found = _by_answer(evidence, "gan", "gaussian", verdicts, why)
    return found or _not_tested("it takes the arms gan and gaussian.")


def _overtrains(evidence: Evidence) -> Finding:
    trials, many = common_trials(evidence, *PRIMARY), evidence.nouns.many
    if not trials:
        return NOT_TESTED
    if evidence.mix != "added":
        return _not_tested(
            f"the arms saw the real {many} unequally often, since GAN {many} take the place of real ones in each batch "
            "(mix=replaced); what is seen less often is learnt less by heart."
        )
    if evidence.keep_classes:
        return _not_tested(
            f"the arms saw the real {many} unequally often, since classes without GAN {many} have real ones again in "
            "their places (keep_classes)."
        )
    fitted = [by_trial(evidence, arm, "train_accuracy", trials) for arm in PRIMARY]
    estimate = _change_of_gap(evidence, fitted[0] - fitted[1])
    verdict = {1: SUPPORTED, -1: CONTRADICTED, 0: UNDECIDED}[_side(estimate, evidence.rope)]
    ece = [by_trial(evidence, arm, "ece", trials).mean() for arm in PRIMARY]
    why = (
        f"Change of the gap between train and test accuracy, {PRIMARY[0]} against {PRIMARY[1]}, which see the real "
        f"{many} equally often; calibration error {ece[0]:.3f} against {ece[1]:.3f}."
    )
    if min(fit.mean() for fit in fitted) > FITTED:
        verdict = UNDECIDED
        why += f" Both fit their training {many} completely, so the gap tells nothing more."
    return Finding(verdict, f"{in_points(estimate)} points", why)


def _change_of_gap(evidence: Evidence, fitted: pd.Series) -> Estimate:
    """Return the change of the gap between train and test accuracy, over trainings and test items.

    fitted: the change of train accuracy, by trial.
    """
    arm, against = (evidence.correct[name] for name in PRIMARY)
    return evidence.tested.difference({t: fitted[t] - (arm[t] - against[t]) for t in fitted.index}, equal)


def _distorted(evidence: Evidence) -> Finding:
    many = evidence.nouns.many
    parts = [per_trial(evidence, column, evidence.measuring_classifier) for column in RECOGNISED]
    if any(part is None for part in parts):
        return NOT_TESTED
    if not evidence.judged_by_a_stranger:
        return _not_tested(f"no real {many} are left over to train a classifier that the GAN never saw.")
    recognised, real = parts
    verdict = {-1: SUPPORTED, 1: CONTRADICTED, 0: UNDECIDED}[_side(of_trials(evidence, recognised - real), -DISTORTED)]
    number = f"GAN-test {recognised.mean():.1%}, unseen real {many} {real.mean():.1%}"
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
    verdicts = {Answer.EQUIVALENT: SUPPORTED, Answer.HELPS: CONTRADICTED}
    return _by_answer(evidence, most_arm, fewer_arm, verdicts, why) or NOT_TESTED


# ---- forms between those of the training set ----


def _in_between(evidence: Evidence) -> Finding:
    """New and valid: no nearer to training items than to unseen real ones, and recognised about as often as those.

    Copies and what is made of training items (blurred ones, blends of two) hug the training set; noise and blots keep
    away from it and are not recognised.
    """
    side = per_trial(evidence, "nearer_to_train", evidence.raw_space)
    parts = [per_trial(evidence, column, evidence.measuring_classifier) for column in RECOGNISED]
    if side is None or any(part is None for part in parts):
        return NOT_TESTED
    nearness, valid = of_trials(evidence, side), of_trials(evidence, parts[0] - parts[1])
    judged = evidence.judged_by_a_stranger
    new, recognised = -_hugging(evidence, nearness), _side(valid, -DISTORTED) if judged else 0
    verdict = SUPPORTED if min(new, recognised) > 0 else CONTRADICTED if min(new, recognised) < 0 else UNDECIDED
    number = f"nearness to training {evidence.nouns.many} {in_percent(possible(nearness))}"
    number += f"; recognition {in_points(valid)} points" if judged else ""
    return Finding(verdict, number, _why_in_between(evidence, judged))


def _hugging(evidence: Evidence, nearness: Estimate) -> int:
    """Return 1 where items hug the training set, -1 where they do not, 0 where it is open.

    Items that all lie nearest to the same few real ones may be near the training set by chance, as far as most trials'
    permutation tests see.
    """
    flagged = per_trial(evidence, "flagged", evidence.raw_space)
    side = _side(nearness, ATTRACTION)
    if side > 0 and evidence.judged_elsewhere:  # by items that may be farther from the GAN's for their origin
        return 0
    return 0 if side > 0 and flagged is not None and flagged.mean() <= 0.5 else side


def _why_in_between(evidence: Evidence, judged: bool) -> str:
    nouns = evidence.nouns
    near = f"nearer to a training {nouns.one} than to unseen real ones beyond chance, in {nouns.raw}"
    if nearly := evidence.phrases.nearly:
        near = f"near copies, which differ from a training {nouns.one} {nearly}, beyond what unseen real ones are"
    why = (
        f"New: fewer than {ATTRACTION:.0%} of GAN {nouns.many} are {near} (copies: 100%). Valid: a classifier of "
        f"real {nouns.many} recognises them at most {points(DISTORTED)} points less often than unseen real ones. "
        "Both shown supports the claim, either refuted contradicts it."
    )
    if not judged:
        why += (
            f" Here that classifier has learnt from the {nouns.many} that the GAN has learnt from, so that validity "
            "cannot be shown: nearness alone can contradict the claim."
        )
    return why


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
    """Return a row per way to shift test items, and last one of all together; none for too few trials or items."""
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
    if not rows and shifted_trials(evidence, *PRIMARY):
        many = evidence.nouns.many
        return _not_tested(f"of some class a single one, or a single group, is among the shifted test {many}.")
    if not rows:
        return NOT_TESTED
    *each, whole = rows
    tried = {arm: shifted_difference(evidence, PRIMARY[0], arm) for arm in YARDSTICKS}
    beside = {arm: change for arm, change in tried.items() if change is not None}
    answers = [decide(change, evidence.rope) for change in (whole.change, *beside.values())]
    gains, matched = Answer.HELPS, (Answer.EQUIVALENT, Answer.HURTS)
    verdict = SUPPORTED if any(answer in matched for answer in answers) else UNDECIDED
    verdict = CONTRADICTED if beside and all(answer == gains for answer in answers) else verdict
    changes = ", ".join(f"{row.shift} {points(row.change.mean, sign=True)}" for row in each)
    why = (
        f"{PRIMARY[0]} against {PRIMARY[1]} on shifted test {evidence.nouns.many} ({changes}), mean over the shifts. "
        f"{_yardsticks_text(evidence, beside)} Shifts of our own making stand in for {evidence.phrases.elsewhere}, and "
        "are not the thing itself."
    )
    return Finding(verdict, f"{in_points(whole.change)} points", why)


def _yardsticks_text(evidence: Evidence, beside: Mapping[str, Estimate]) -> str:
    """Return what the GAN came to against arms with as many items from no GAN, in sentences."""
    if not beside:
        return (
            f"A gain would not contradict the claim: any items added to the real ones may bring it, and without "
            f"{listed(evidence.yardsticks, 'or') or 'items from no GAN'} in the study that cannot be told."
        )
    against = " and ".join(f"{in_points(change)} points against {arm}" for arm, change in beside.items())
    return f"On the same it came to {against}, without a GAN; only a GAN that is better than all of these is of use."


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
OF_ITEMS = (_distorted, _in_between, _copies)  # tests of what the GAN's items are like, which ask no classifier's gain
