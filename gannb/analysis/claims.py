"""The claims of the original discussion, each put to a test on a study's evidence.

A test gives a verdict (`supported`, `contradicted`, `undecided`), its number, and a sentence that says what the number
can and cannot show. Each speaks for these items, this size of set, this classifier and this GAN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gannb.analysis.evidence import Evidence, as_row, by_trial, common_trials, difference, per_trial, test_train_ratio
from gannb.analysis.wording import interval_text, points
from gannb.media.image.shifts import SHIFTS
from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.trials.arms import PRIMARY, parse_arm

FITTED = 0.995  # train accuracy above which a classifier has nothing left to overtrain on
DISTORTED = 0.05  # a generated item is "distorted" when a classifier of real ones errs on it this much more often
ATTRACTION = 0.1  # up to this share of copies is taken for none
Finding = tuple[str, str, str]  # verdict, number, why
NOT_TESTED = ("undecided", "", "Not tested: the arms for it are not part of this study.")


def claims(evidence: Evidence) -> list[dict[str, Any]]:
    """Return a row per claim: {"claim", "verdict", "number", "why"}."""
    rows = []
    for claim, test in TESTS.items():
        verdict, number, why = test(evidence)
        rows.append({"claim": claim, "verdict": verdict, "number": number, "why": why})
    return rows


def _by_answer(evidence: Evidence, arm: str, against: str, verdicts: dict[Answer, str]) -> tuple[str, str] | None:
    """Return the verdict on a claim by the answer of a contrast, and its number; None when an arm is missing."""
    if len(common_trials(evidence, arm, against)) < 2:
        return None
    estimate = difference(evidence, arm, against)
    answer = decide(estimate, evidence.rope)
    return verdicts.get(answer, "undecided"), f"{interval_text(as_row(estimate))} points"


def _enlarges(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "contradicted"}
    found = _by_answer(evidence, *PRIMARY, verdicts)
    why = f"{PRIMARY[0]} against {PRIMARY[1]}, for this classifier and size of set.{_deeper(evidence)}"
    return (*found, why) if found else NOT_TESTED


def _deeper(evidence: Evidence) -> str:
    """Return what the same contrast is for each further classifier, in words."""
    said = ""
    for name in list(evidence.classifiers)[1:]:
        arms = [parse_arm(arm).at(name).name for arm in PRIMARY]
        if len(common_trials(evidence, *arms)) >= 2:
            said += f" With {name}: {interval_text(as_row(difference(evidence, *arms)))} points."
    return said


def _collecting(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "supported"}
    found = _by_answer(evidence, "real+more+classic", PRIMARY[0], verdicts)
    return (*found, f"Twice the real images against {PRIMARY[0]}.") if found else NOT_TESTED


def _fine_tuning(evidence: Evidence) -> Finding:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "undecided"}
    found = _by_answer(evidence, "transfer", PRIMARY[0], verdicts)
    why = f"A network pretrained on other images and fine-tuned on the draw, against {PRIMARY[0]}."
    reason = evidence.left_out or "this study has no arm that fine-tunes a pretrained network."
    return (*found, why) if found else ("undecided", "", f"Not tested: {reason[0].lower()}{reason[1:]}")


def _mean_variance(evidence: Evidence) -> Finding:
    found = _by_answer(evidence, "real+gan", "real+gaussian", {Answer.HELPS: "contradicted"})
    why = "real+gan against images with the same mean and covariance; a loss would not prove it, the GAN may be poor."
    return (*found, why) if found else NOT_TESTED


def _overtrains(evidence: Evidence) -> Finding:
    trials = common_trials(evidence, *PRIMARY)
    fitted = [by_trial(evidence, arm, "train_accuracy", trials) for arm in PRIMARY]
    gaps = [fit - by_trial(evidence, arm, "accuracy", trials) for fit, arm in zip(fitted, PRIMARY, strict=True)]
    ece = [by_trial(evidence, arm, "ece", trials).mean() for arm in PRIMARY]
    estimate = paired_t(gaps[0] - gaps[1], test_train_ratio(evidence))
    verdict = "supported" if estimate.low > evidence.rope else "undecided"
    verdict = "contradicted" if estimate.high < evidence.rope else verdict
    why = (
        f"Change of the gap between train and test accuracy, {PRIMARY[0]} against {PRIMARY[1]}; "
        f"calibration error {ece[0]:.3f} against {ece[1]:.3f}."
    )
    if min(fit.mean() for fit in fitted) > FITTED:
        verdict, why = "undecided", why + " Both fit their training images completely, so the gap tells nothing more."
    return verdict, f"{interval_text(as_row(estimate))} points", why


def _distorted(evidence: Evidence) -> Finding:
    recognised, real = (per_trial(evidence, column, "small_cnn") for column in ("gan_test", "ruler_accuracy"))
    if recognised is None or real is None:
        return NOT_TESTED
    if evidence.protocol == "resplit":
        return "undecided", "", "Not tested: no real images are left over to train a classifier that the GAN never saw."
    estimate = paired_t(recognised - real)
    verdict = "undecided"
    if estimate.high < -DISTORTED:
        verdict = "supported"
    elif estimate.low > -DISTORTED:
        verdict = "contradicted"
    number = f"GAN-test {recognised.mean():.1%}, real test images {real.mean():.1%}"
    why = (
        "Share recognised as their class by a classifier trained on real images; "
        f"more than {points(DISTORTED)} points fewer counts as distorted. It does not see a lack of variety."
    )
    return verdict, number, why


# ---- saturation ----


def _saturates(evidence: Evidence) -> Finding:
    if len(evidence.dose_arms) < 2:
        return "undecided", "", "Not tested: it takes several numbers of GAN images (n_synthetic=50,100,200)."
    (fewer, fewer_arm), (most, most_arm) = list(evidence.dose_arms.items())[-2:]
    if most < 2 * fewer:
        return "undecided", "", f"Not tested: {fewer:,} and {most:,} GAN images per class are too close to tell."
    if most * evidence.n_classes > evidence.synthetic_shown:
        return (
            "undecided",
            "",
            (
                f"Not tested: {most * evidence.n_classes:,} GAN images were made and a training shows "
                f"{evidence.synthetic_shown:,} of them; raise classifier_steps."
            ),
        )
    verdicts = {Answer.EQUIVALENT: "supported", Answer.HELPS: "contradicted"}
    found = _by_answer(evidence, most_arm, fewer_arm, verdicts)
    if found is None:
        return NOT_TESTED
    why = (
        f"{most:,} GAN images per class against {fewer:,}: if the interval lies within the margin, more of them no "
        "longer matter. This speaks for “gains saturate” only, not for “no information is added”."
    )
    return (*found, why)


# ---- forms between those of the training set ----


def _in_between(evidence: Evidence) -> Finding:
    names = "between", "between_of_blends", "between_of_real"
    made, blends, real = (per_trial(evidence, name, "pixels") for name in names)
    if made is None or blends is None:
        return NOT_TESTED
    estimate = paired_t(made - blends, test_train_ratio(evidence))
    verdict = "supported" if estimate.low > 0 else "undecided"
    held_out = "" if real is None else f", to held-out real ones {real.mean():.0%}"
    number = f"{made.mean():.0%}; to blends of two images {blends.mean():.0%}{held_out}"
    why = (
        f"Share of test images that lie nearer to a GAN image than to any of as many training images; against blends "
        f"{interval_text(as_row(estimate))} points, in pixels. More than blends would show new forms where real ones "
        "lie, not that every one is valid; fewer would not show that there are none."
    )
    return verdict, number, why


# ---- copying ----


def copying_sentence(evidence: Evidence) -> str:
    """Return in words whether the GAN's items lie closer to the training set than to held-out real ones."""
    found = per_trial(evidence, "nearer_to_train", "pixels")
    if found is None:
        return "Copying was not measured."
    estimate = paired_t(found, test_train_ratio(evidence))
    low, high = (min(1.0, max(-1.0, end)) for end in (estimate.low, estimate.high))
    measured = (
        f"{found.mean():.0%} [{100 * low:.0f}, {100 * high:.0f}] on a scale on which images that are no nearer to the "
        "training set than to unseen real images score 0% and pure copies 100%"
    )
    verdict = _copying(evidence, estimate)
    if verdict == "undecided" and estimate.low > 0:
        measured += "; images that all lie nearest to the same few real ones get such a number by chance as well"
    return {
        "supported": f"The GAN partly copies its training set: {measured}.",
        "contradicted": f"No sign that the GAN copies its training set: {measured}.",
        "undecided": f"Whether the GAN copies its training set is undecided: {measured}.",
    }[verdict]


def _copying(evidence: Evidence, estimate: Estimate) -> str:
    """Return the verdict on copying from the side that generated items take, 0 chance, 1 copies.

    What most trials' permutation tests do not see is undecided: chance takes that side as well.
    """
    if estimate.low > 0:
        flagged = per_trial(evidence, "flagged", "pixels")
        return "undecided" if flagged is not None and flagged.mean() <= 0.5 else "supported"
    return "contradicted" if estimate.high < ATTRACTION else "undecided"


def _copies(evidence: Evidence) -> Finding:
    columns = ("nearer_to_train", "nn_ratio", "authenticity", "authenticity_of_real")
    share, ratio, authentic, honest = (per_trial(evidence, column, "pixels") for column in columns)
    if share is None or ratio is None or authentic is None or honest is None:
        return NOT_TESTED
    why = (
        "Excess of images that are nearer to a training image than to unseen real ones, in pixels: 0% none, 100% pure "
        "copies. "
        f"Nearest-neighbour ratio {ratio.mean():.2f} (1: none); authentic {authentic.mean():.0%}, of held-out real "
        f"images {honest.mean():.0%}."
    )
    estimate = paired_t(share, test_train_ratio(evidence))
    return _copying(evidence, estimate), f"copying {share.mean():.0%}", why


# ---- outside the training domain ----


def _by_shift(evidence: Evidence) -> dict[str, tuple[float, float, Estimate]]:
    """Return, per kind of shifted test items and last over `all`, both primary arms' means and their difference."""
    trials = sorted(set.intersection(*(set(evidence.shifted.get(arm, {})) for arm in PRIMARY)))
    if len(trials) < 2:
        return {}
    arm, against = (np.stack([evidence.shifted[name][t] for t in trials]) for name in PRIMARY)  # (R, F)
    pairs = {kind: (arm[:, i], against[:, i]) for i, kind in enumerate(SHIFTS)}
    pairs["all"] = arm.mean(1), against.mean(1)
    ratio = test_train_ratio(evidence)
    return {kind: (a.mean(), b.mean(), paired_t(a - b, ratio)) for kind, (a, b) in pairs.items()}


def shift_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return, per kind of shifted test items and last over all kinds, both primary arms and their difference.

    {"shift", "meaning", "arm", "against", "difference", "low", "high", "trials"}; shares of balanced accuracy, paired t
    over trials, given the test items. Empty where fewer than two trials have it.
    """
    meanings = {kind: meaning for kind, (meaning, _) in SHIFTS.items()} | {"all": "mean of the above"}
    return [
        {"shift": kind, "meaning": meanings[kind], "arm": float(arm), "against": float(against)}
        | as_row(estimate) | {"trials": estimate.n}
        for kind, (arm, against, estimate) in _by_shift(evidence).items()
    ]  # fmt: skip


def _elsewhere(evidence: Evidence) -> Finding:
    found = _by_shift(evidence)
    if not found:
        return NOT_TESTED
    whole = found["all"][2]
    verdicts = {Answer.HELPS: "contradicted", Answer.EQUIVALENT: "supported", Answer.HURTS: "supported"}
    verdict = verdicts.get(decide(whole, evidence.rope), "undecided")
    each = ", ".join(f"{kind} {points(found[kind][2].mean, sign=True)}" for kind in SHIFTS)
    why = (
        f"{PRIMARY[0]} against {PRIMARY[1]} on shifted test images ({each}), mean over the shifts. Shifts of our "
        "own making stand in for another scanner or camera, and are not the thing itself."
    )
    return verdict, f"{interval_text(as_row(whole))} points", why


TESTS: dict[str, Callable[[Evidence], Finding]] = {
    "A GAN can turn a small set into a much larger one that is good enough for a deep classifier": _enlarges,
    "It will not beat collecting more data": _collecting,
    "Fine-tuning a pretrained classifier is the better way": _fine_tuning,
    "The images are small and distorted": _distorted,
    "It only reproduces mean and variance": _mean_variance,
    "It overtrains the classifier": _overtrains,
    "Gains saturate: no information is added": _saturates,
    "It can learn valid in-between forms": _in_between,
    "It copies its training set": _copies,
    "It is of no use outside its training domain": _elsewhere,
}
