"""From scores to an answer: contrasts, controls, worth in real items, claims, and the sentences that say them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb import stats
from gannb.arms import CONVERGENCE, PRIMARY, Contrast, curve_arms
from gannb.errors import InputError
from gannb.stats import Answer, Estimate, Worth
from gannb.work import recorded_failure

if TYPE_CHECKING:
    import pandas as pd

    from gannb.experiment import Experiment

SCORE_COLUMNS = (
    "study", "trial", "arm", "n_real", "n_synthetic", "seed", "accuracy", "balanced_accuracy", "macro_f1", "auroc",
    "sensitivity", "specificity", "log_loss", "ece", "train_accuracy", "seconds",
)  # fmt: skip
METRIC_NAMES = {"balanced_accuracy": "balanced accuracy", "accuracy": "accuracy"}
WIDE = 6  # an interval around 0 of more than this many times the rope does not tell whether a control came out
FITTED = 0.995  # train accuracy above which a classifier has nothing left to overtrain on
DISTORTED = 0.05  # a generated item is "distorted" when a classifier of real ones errs on it this much more often
ATTRACTION = 0.1  # up to this share of copies is taken for none


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that the verdict is made from: arrays and tables, no files."""

    protocol: str  # draw | resplit
    metric: str
    rope: float
    scores: pd.DataFrame  # tidy, one row per trial, arm and classifier seed
    quality: pd.DataFrame  # tidy, one row per trial, generator and feature space
    contrasts: tuple[Contrast, ...]
    correct: dict[str, dict[int, np.ndarray]]  # arm -> trial -> (I,) share of its classifiers that are right
    y: dict[int, np.ndarray]  # trial -> (I,) labels of the test items
    groups: dict[int, np.ndarray]  # trial -> (I,) groups of the test items
    n_train: float  # items trained on and tested on, means over trials
    n_test: float
    gan: str  # the study's family
    trials_planned: int
    failures: tuple[str, ...] = ()
    preset: str = "laptop"
    most_trials: int | None = None  # disjoint draws that the pool allows


def gather(experiment: Experiment) -> Evidence:
    """Read what is finished of a study.

    Raises:
        InputError: fewer than two trials have the primary contrast's two arms yet.
        RuntimeError: so many units failed that fewer than two trials will.
    """
    scores, correct, y, groups = experiment.scores(), {}, {}, {}
    for trial in range(experiment.study.trials):
        for arm in experiment.arms:
            p = experiment.probabilities(trial, arm.name)
            if p is not None:
                if trial not in y:
                    test = experiment.items(experiment.draw(trial).test)
                    y[trial], groups[trial] = test.y, test.groups
                correct.setdefault(arm.name, {})[trial] = (p.argmax(2) == y[trial]).mean(0)
    failures = {u: recorded_failure(experiment.folder, u) for u in experiment.all_units()}
    evidence = Evidence(
        experiment.design.protocol, experiment.study.metric, experiment.study.rope, scores, experiment.quality(),
        tuple(experiment.contrasts), correct, y, groups,
        n_train=float(np.mean([len(experiment.draw(t).train) for t in y])) if y else 0.0,
        n_test=float(np.mean([len(labels) for labels in y.values()])) if y else 0.0,
        gan=experiment.family, trials_planned=experiment.study.trials,
        failures=tuple(f"{u.path}: {error}" for u, error in failures.items() if error), preset=experiment.study.preset,
        most_trials=experiment.design.most_trials,
    )  # fmt: skip
    if len(common_trials(evidence, *PRIMARY)) < 2:
        problem = f"Fewer than two trials of {experiment.study.name!r} can be compared"
        if evidence.failures:
            raise RuntimeError(f"{problem}; the first failure: {evidence.failures[0]}")
        raise InputError(f"{problem}: run notebooks 02 to 04 first, or `gannb run`.")
    return evidence


def read_verdict(folder: Path) -> dict[str, Any]:
    """Return the verdict kept in a study's folder.

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


# ---- estimates ----


def common_trials(evidence: Evidence, *arms: str) -> list[int]:
    """Return the trials in which every one of the arms is there."""
    there = [set(evidence.correct.get(arm, {})) for arm in arms]
    return sorted(set.intersection(*there))


def by_trial(evidence: Evidence, arm: str, column: str, trials: Sequence[int]) -> np.ndarray:
    """Return (R,) values of a score, averaged over classifier seeds."""
    rows = evidence.scores[evidence.scores["arm"] == arm]
    return rows.groupby("trial")[column].mean().loc[list(trials)].to_numpy(float)


def test_train_ratio(evidence: Evidence) -> float:
    """Return n_test / n_train for the correction of re-splits, 0 for disjoint draws."""
    return evidence.n_test / evidence.n_train if evidence.protocol == "resplit" else 0.0


def difference(evidence: Evidence, arm: str, against: str, level: float = 0.95) -> Estimate:
    """Return the paired difference of the metric: crossed over trials and test items, or corrected for re-splits."""
    trials = common_trials(evidence, arm, against)
    if evidence.protocol == "resplit":
        d = by_trial(evidence, arm, evidence.metric, trials) - by_trial(evidence, against, evidence.metric, trials)
        return _possible(stats.paired_t(d, test_train_ratio(evidence), level))
    y = evidence.y[trials[0]]
    weights = stats.balanced_weights(y) if evidence.metric == "balanced_accuracy" else stats.equal_weights(y)
    d = np.stack([evidence.correct[arm][t] - evidence.correct[against][t] for t in trials])  # (R, I)
    strata = y if evidence.metric == "balanced_accuracy" else np.zeros_like(y)
    return stats.crossed_t(d, weights, strata, evidence.groups[trials[0]], level)


def _possible(estimate: Estimate) -> Estimate:
    """Return the estimate with its interval cut to what a difference of shares can be, -1 to 1."""
    return replace(estimate, low=max(-1.0, estimate.low), high=min(1.0, estimate.high))


def as_row(estimate: Estimate) -> dict[str, float]:
    """Return the difference and its interval, as they stand in the rows of the verdict."""
    return {"difference": estimate.mean, "low": estimate.low, "high": estimate.high}


def contrast_row(evidence: Evidence, contrast: Contrast, level: float) -> dict[str, Any]:
    """Return one row of the verdict's contrasts; exploratory ones and controls carry no answer of their own."""
    estimate = difference(evidence, contrast.arm, contrast.against, level)
    decided = contrast.role in ("primary", "secondary")
    return {
        "arm": contrast.arm, "against": contrast.against, "role": contrast.role, "meaning": contrast.meaning,
        "answer": str(stats.decide(estimate, evidence.rope)) if decided else None,
        **as_row(estimate), "level": level,
        "trials": estimate.n, "could_settle": stats.could_settle(estimate),
    }  # fmt: skip


def control_row(evidence: Evidence, contrast: Contrast) -> dict[str, Any]:
    """Return one row of the verdict's controls: what was expected and whether it came out."""
    row = contrast_row(evidence, contrast, 0.95)
    return {k: row[k] for k in ("arm", "against", "meaning", "difference", "low", "high", "trials")} | {
        "expected": contrast.expected, "came_out": came_out(contrast.expected, row["low"], row["high"], evidence.rope)
    }  # fmt: skip


def came_out(expected: str, low: float, high: float, rope: float) -> bool | None:
    """Tell whether a control with a known result came out; None where its interval is too wide to tell."""
    wide = high - low > WIDE * rope and low <= 0 <= high
    if expected == "no difference":
        return None if wide else low <= 0 <= high or (-rope <= low and high <= rope)
    as_expected = low > 0 if expected == "helps" else high < 0
    return None if wide and not as_expected else as_expected


def worth(evidence: Evidence) -> dict[str, Any] | None:
    """Return what the primary arm is worth in real items, or None where the real-only curve is not there."""
    arms = curve_arms(evidence.protocol)
    trials = common_trials(evidence, PRIMARY[0], *arms)
    if len(trials) < 2:
        return None
    curve = np.stack([by_trial(evidence, arm, evidence.metric, trials) for arm in arms], 1)  # (R, P)
    n = np.array([by_trial(evidence, arm, "n_real", trials).mean() for arm in arms])
    arm = by_trial(evidence, PRIMARY[0], evidence.metric, trials)
    found: Worth = stats.worth_in_real(n, curve, arm, test_train_ratio(evidence), widening=_widening(evidence))
    return {
        "arm": PRIMARY[0], "n_real": round(by_trial(evidence, PRIMARY[0], "n_real", trials).mean()),
        "mean": float(arm.mean()), "worth": found.worth, "low": found.low, "high": found.high,
        "at_least": found.at_least, "at_most": found.at_most,
        "curve": [{"arm": a, "n": float(m), "mean": float(v)} for a, m, v in zip(arms, n, curve.mean(0), strict=True)],
    }  # fmt: skip


def _widening(evidence: Evidence) -> np.ndarray | float:
    """Return by how much test items widen the intervals between the primary arm and the curve's; re-splits carry them.

    The arm may do well on other items than real images' arms do; given other test items its worth would be another.
    """
    if evidence.protocol == "resplit":
        return 1.0
    gaps = [difference(evidence, PRIMARY[0], arm) for arm in curve_arms(evidence.protocol)]
    return np.array([stats.item_widening(gap) for gap in gaps])


# ---- the verdict ----


def decide(evidence: Evidence) -> dict[str, Any]:
    """Return the verdict: the content of `verdict.json`."""
    usable = [c for c in evidence.contrasts if len(common_trials(evidence, c.arm, c.against)) >= 2]
    secondary = sum(c.role == "secondary" for c in usable)
    levels = {"secondary": stats.bonferroni_level(0.95, max(1, secondary))}
    rows = [contrast_row(evidence, c, levels.get(c.role, 0.95)) for c in usable if c.role != "control"]
    controls = [control_row(evidence, c) for c in usable if c.role == "control"]
    primary = difference(evidence, *PRIMARY)
    answer = stats.decide(primary, evidence.rope)
    return {
        "answer": str(answer),
        "sentence": sentence(evidence, primary, answer),
        "protocol": evidence.protocol, "metric": evidence.metric, "rope": evidence.rope, "gan": evidence.gan,
        "problems": problems(evidence, controls),
        "copying": copying_sentence(evidence),
        "contrasts": rows, "controls": controls,
        "worth": worth_row(evidence), "claims": claims(evidence),
    }  # fmt: skip


def worth_row(evidence: Evidence) -> dict[str, Any] | None:
    """Return the worth with its sentence."""
    row = worth(evidence)
    return row and row | {"sentence": worth_sentence(row)}


def problems(evidence: Evidence, controls: list[dict[str, Any]]) -> list[str]:
    """Return what must stand above the answer: smoke size, missing trials, controls that did not come out."""
    found = []
    if evidence.preset == "smoke":
        found.append("This is a smoke run: it shows that everything works and is far too small for a verdict.")
    done = len(common_trials(evidence, *PRIMARY))
    if done < evidence.trials_planned or evidence.failures:
        first = f" The first failure: {evidence.failures[0]}." if evidence.failures else ""
        found.append(f"{done} of {evidence.trials_planned} trials could be compared.{first}")
    return found + [_control_sentence(c) for c in controls if not c["came_out"]]


def _control_sentence(control: dict[str, Any]) -> str:
    against = f"{control['meaning']} ({control['arm']} against {control['against']})"
    if control["came_out"] is None:
        return f"A control is too uncertain to tell: {against} made {interval_text(control)} points."
    if control["against"] == CONVERGENCE:
        return (
            f"The classifiers had not converged: the second half of the steps changed {control['arm']} by "
            f"{interval_text(control)} points; raise classifier_steps."
        )
    wanted = {"helps": "should help", "hurts": "should hurt", "no difference": "should make no difference"}
    return (
        f"A control did not come out: {against} {wanted[control['expected']]}, and made "
        f"{interval_text(control)} points."
    )


# ---- sentences ----


def points(value: float, sign: bool = False) -> str:
    """Return a difference of shares in percentage points: .006 -> `0.6`, or `+0.6`."""
    text = f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"
    return {"-0.0": "0.0", "+0.0": "0.0"}.get(text, text)


def interval_text(row: dict[str, Any]) -> str:
    """Return `+0.6 [-0.4, 1.6]` for a contrast, in points."""
    return f"{points(row['difference'], True)} [{points(row['low'])}, {points(row['high'])}]"


def sentence(evidence: Evidence, estimate: Estimate, answer: Answer) -> str:
    """Return the answer as one or two sentences with effect, interval, and what the study could settle."""
    n = f"{evidence.n_train:,.0f}"
    if evidence.protocol == "draw":
        where = f"On {estimate.n} draws of {n} images"
    else:
        where = f"Over {estimate.n} re-splits of one set, {n} images to train on and {evidence.n_test:,.0f} to test on"
    words = {
        Answer.HELPS: "they help",
        Answer.HURTS: "they hurt",
        Answer.EQUIVALENT: f"no difference of practical consequence (within {points(evidence.rope)} points)",
        Answer.INCONCLUSIVE: "undecided",
    }
    metric = METRIC_NAMES[evidence.metric]
    return (
        f"{where}, GAN images changed {metric} by {interval_text(as_row(estimate))} points: {words[answer]}. "
        + _settle_sentence(evidence, estimate)
    )


def _settle_sentence(evidence: Evidence, estimate: Estimate) -> str:
    half = stats.could_settle(estimate)
    target = evidence.rope if half > evidence.rope else half / 2
    first = f"This study could have settled differences beyond about {points(half)} points"
    if half == 0:
        return first + "."
    needed = stats.trials_to_settle(estimate, target)
    if needed is not None:
        most = evidence.most_trials
        limit = f", and these images allow {most:,}" if most is not None and most < needed[1] else ""
        return f"{first}; settling {points(target)} would take about {needed[0]:,} to {needed[1]:,} trials{limit}."
    if evidence.protocol == "resplit":
        return f"{first}; {_resplit_outlook(estimate)}."
    return f"{first}; settling {points(target)} would take more test images, not only more trials."


def _resplit_outlook(estimate: Estimate) -> str:
    """Return what twice the re-splits would settle, and what no number of them goes below."""
    twice, ever = (min(1.0, stats.half_width_after(estimate, n)) for n in (2 * estimate.n, 10**6))
    return (
        f"{2 * estimate.n} re-splits would settle about {points(twice)}, and no number of them less than about "
        f"{points(ever)}"
    )


def worth_sentence(row: dict[str, Any]) -> str:
    """Return what the synthetic items are worth in real ones, in words."""
    n, curve = row["n_real"], row["curve"]
    start = f"{n:,} real images plus GAN images"
    if row["at_least"] and row["at_most"]:
        return f"{start}: this study cannot tell how many real images they are worth."
    if row["at_most"]:
        about = (
            f"about {row['worth']:,.0f} real images" if row["worth"] else f"{curve[0]['n']:,.0f} real images or fewer"
        )
        return f"{start} are worth {about} [{row['high']:,.0f} or fewer; the curve starts at {curve[0]['n']:,.0f}]."
    if row["at_least"]:
        end = curve[-1]["n"]
        about = f"about {row['worth']:,.0f} real images" if row["worth"] else f"{end:,.0f} real images or more"
        return f"{start} are worth {about} [{row['low']:,.0f} or more; the curve ends at {end:,.0f}]."
    return f"{start} are worth {row['worth']:,.0f} real images [{row['low']:,.0f}, {row['high']:,.0f}]."


def copying_sentence(evidence: Evidence) -> str:
    """Return in words whether the GAN's items lie closer to the training set than to held-out real ones."""
    found = _per_trial(evidence, "nearer_to_train", "pixels")
    if found is None:
        return "Copying was not measured."
    estimate = stats.paired_t(found, test_train_ratio(evidence))
    low, high = (min(1.0, max(-1.0, end)) for end in (estimate.low, estimate.high))
    measured = (
        f"{found.mean():.0%} [{100 * low:.0f}, {100 * high:.0f}] on a scale on which images that are no nearer to the "
        "training set than to unseen real images score 0% and pure copies 100%"
    )
    return {
        "supported": f"The GAN partly copies its training set: {measured}.",
        "contradicted": f"No sign that the GAN copies its training set: {measured}.",
        "undecided": f"Whether the GAN copies its training set is undecided: {measured}.",
    }[_copying(estimate)]


def _copying(estimate: Estimate) -> str:
    """Return the verdict on copying from the side that generated items take: 0 chance, 1 copies."""
    if estimate.low > 0:
        return "supported"
    return "contradicted" if estimate.high < ATTRACTION else "undecided"


# ---- claims ----


def claims(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the claims of the original discussion that this study puts to a test.

    Each has a verdict (`supported`, `contradicted`, `undecided`), its number and why.
    """
    tests: tuple[tuple[str, Callable[[Evidence], tuple[str, str, str]]], ...] = (
        ("A GAN can turn a small set into a much larger one that is good enough for a deep classifier", _enlarges),
        ("It will not beat collecting more data", _collecting),
        ("The images are small and distorted", _distorted),
        ("It only reproduces mean and variance", _mean_variance),
        ("It overtrains the classifier", _overtrains),
        ("It copies its training set", _copies),
    )
    rows = []
    for claim, test in tests:
        verdict, number, why = test(evidence)
        rows.append({"claim": claim, "verdict": verdict, "number": number, "why": why})
    return rows


def _by_answer(evidence: Evidence, arm: str, against: str, verdicts: dict[Answer, str]) -> tuple[str, str] | None:
    """Return the verdict on a claim by the answer of a contrast, and its number; None when an arm is missing."""
    if len(common_trials(evidence, arm, against)) < 2:
        return None
    estimate = difference(evidence, arm, against)
    answer = stats.decide(estimate, evidence.rope)
    return verdicts.get(answer, "undecided"), f"{interval_text(as_row(estimate))} points"


NOT_TESTED = ("undecided", "", "Not tested: the arms for it are not part of this study.")


def _enlarges(evidence: Evidence) -> tuple[str, str, str]:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "contradicted"}
    found = _by_answer(evidence, *PRIMARY, verdicts)
    return (*found, f"{PRIMARY[0]} against {PRIMARY[1]}, for this classifier and size of set.") if found else NOT_TESTED


def _collecting(evidence: Evidence) -> tuple[str, str, str]:
    verdicts = {Answer.HELPS: "supported", Answer.HURTS: "contradicted", Answer.EQUIVALENT: "supported"}
    found = _by_answer(evidence, "real+more+classic", PRIMARY[0], verdicts)
    return (*found, f"Twice the real images against {PRIMARY[0]}.") if found else NOT_TESTED


def _mean_variance(evidence: Evidence) -> tuple[str, str, str]:
    found = _by_answer(evidence, "real+gan", "real+gaussian", {Answer.HELPS: "contradicted"})
    why = "real+gan against images with the same mean and covariance; a loss would not prove it, the GAN may be poor."
    return (*found, why) if found else NOT_TESTED


def _overtrains(evidence: Evidence) -> tuple[str, str, str]:
    trials = common_trials(evidence, *PRIMARY)
    fitted = [by_trial(evidence, arm, "train_accuracy", trials) for arm in PRIMARY]
    gaps = [fit - by_trial(evidence, arm, "accuracy", trials) for fit, arm in zip(fitted, PRIMARY, strict=True)]
    ece = [by_trial(evidence, arm, "ece", trials).mean() for arm in PRIMARY]
    estimate = stats.paired_t(gaps[0] - gaps[1], test_train_ratio(evidence))
    verdict = "supported" if estimate.low > evidence.rope else "undecided"
    verdict = "contradicted" if estimate.high < evidence.rope else verdict
    why = (
        f"Change of the gap between train and test accuracy, {PRIMARY[0]} against {PRIMARY[1]}; "
        f"calibration error {ece[0]:.3f} against {ece[1]:.3f}."
    )
    if min(fit.mean() for fit in fitted) > FITTED:
        verdict, why = "undecided", why + " Both fit their training images completely, so the gap tells nothing more."
    return verdict, f"{interval_text(as_row(estimate))} points", why


def _distorted(evidence: Evidence) -> tuple[str, str, str]:
    recognised, real = (_per_trial(evidence, column, "small_cnn") for column in ("gan_test", "ruler_accuracy"))
    if recognised is None or real is None:
        return NOT_TESTED
    if evidence.protocol == "resplit":
        return "undecided", "", "Not tested: no real images are left over to train a classifier that the GAN never saw."
    estimate = stats.paired_t(recognised - real)
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


def _copies(evidence: Evidence) -> tuple[str, str, str]:
    columns = ("nearer_to_train", "nn_ratio", "authenticity", "authenticity_of_real")
    share, ratio, authentic, honest = (_per_trial(evidence, column, "pixels") for column in columns)
    if share is None or ratio is None or authentic is None or honest is None:
        return NOT_TESTED
    why = (
        "Excess of images that are nearer to a training image than to unseen real ones, in pixels: 0% none, 100% pure "
        "copies. "
        f"Nearest-neighbour ratio {ratio.mean():.2f} (1: none); authentic {authentic.mean():.0%}, of held-out real "
        f"images {honest.mean():.0%}."
    )
    estimate = stats.paired_t(share, test_train_ratio(evidence))
    return _copying(estimate), f"copying {share.mean():.0%}", why


def _per_trial(evidence: Evidence, column: str, features: str) -> np.ndarray | None:
    """Return (R,) values of a quality measure of the study's GAN; None where there are fewer than two."""
    table = evidence.quality
    if table.empty:
        return None
    rows = table[(table["generator"] == evidence.gan) & (table["features"] == features)].sort_values("trial")
    values = rows[column].to_numpy(float)
    return values if len(values) >= 2 and np.isfinite(values).all() else None
