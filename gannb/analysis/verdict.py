"""From scores to an answer: contrasts, controls, worth in real items, claims, and the sentences that say them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gannb.analysis.claims import claims, copying_sentence, shift_rows
from gannb.analysis.class_lights import class_rows
from gannb.analysis.evidence import Evidence, as_row, by_trial, common_trials, difference, test_train_ratio
from gannb.analysis.external import instead
from gannb.analysis.options import advice, depth, options
from gannb.analysis.small_classes import small_classes
from gannb.analysis.wording import METRIC_NAMES, change_text, interval_text, points
from gannb.stats import decision, outcomes
from gannb.stats.decision import Answer, bonferroni_level, half_width_after, item_widening, trials_to_settle
from gannb.stats.estimate import Estimate, could_settle
from gannb.stats.outcomes import OUTCOMES
from gannb.stats.worth import Worth, plateau, worth_in_real
from gannb.trials.arms import PRIMARY
from gannb.trials.contrasts import Contrast, curve_arms
from gannb.utils.errors import InputError
from gannb.utils.naming import ended

SCORE_COLUMNS = (
    "study", "trial", "arm", "n_real", "n_synthetic", "seed", "accuracy", "balanced_accuracy", "macro_f1", "auroc",
    "sensitivity", "specificity", "log_loss", "ece", "train_accuracy", "seconds",
)  # fmt: skip
WIDE = 6  # an interval around 0 of more than this many times the rope does not tell whether a control came out


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


# ---- rows ----


def contrast_row(evidence: Evidence, contrast: Contrast, level: float) -> dict[str, Any]:
    """Return one row of the verdict's contrasts; exploratory ones and controls carry no answer of their own."""
    estimate = difference(evidence, contrast.arm, contrast.against, level)
    decided = contrast.role in ("primary", "secondary")
    return {
        "arm": contrast.arm, "against": contrast.against, "role": contrast.role, "meaning": contrast.meaning,
        "answer": str(decision.decide(estimate, evidence.rope)) if decided else None,
        **as_row(estimate), "level": level,
        "trials": estimate.n, "could_settle": could_settle(estimate),
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
    found: Worth = worth_in_real(n, curve, arm, test_train_ratio(evidence), widening=_widening(evidence))
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
    return np.array([item_widening(gap) for gap in gaps])


def doses(evidence: Evidence) -> dict[str, Any] | None:
    """Return the dose response, or None without several doses: the gain over real items alone by synthetic items.

    `rows`: {"n_synthetic" (per class), "difference", "low", "high", "trials"} by rising number. `plateau`: what the
    gain goes towards, as `stats.plateau` fits it; None where the largest number is not yet half of the way, since the
    interval would then cover far too rarely, and where fewer than two trials have every dose.
    """
    arms = {n: arm for n, arm in evidence.dose_arms.items() if len(common_trials(evidence, arm, PRIMARY[1])) >= 2}
    if len(arms) < 2:
        return None
    found = {n: difference(evidence, arm, PRIMARY[1]) for n, arm in arms.items()}
    rows = [{"n_synthetic": n, **as_row(estimate), "trials": estimate.n} for n, estimate in found.items()]
    return {"rows": rows, "plateau": _plateau(evidence, arms)}


def _plateau(evidence: Evidence, arms: dict[int, str]) -> dict[str, float] | None:
    trials = common_trials(evidence, PRIMARY[1], *arms.values())
    if len(trials) < 2:
        return None
    base = by_trial(evidence, PRIMARY[1], evidence.metric, trials)
    gains = np.stack([by_trial(evidence, arm, evidence.metric, trials) - base for arm in arms.values()], 1)  # (R, P)
    found, half = plateau(np.array(list(arms), float), gains, test_train_ratio(evidence))
    return as_row(found) | {"half_at": half} if half <= max(arms) else None


# ---- the verdict ----


def decide(evidence: Evidence) -> dict[str, Any]:
    """Return the verdict: the content of `verdict.json`."""
    usable = [c for c in evidence.contrasts if len(common_trials(evidence, c.arm, c.against)) >= 2]
    secondary = sum(c.role == "secondary" for c in usable)
    levels = {"secondary": bonferroni_level(0.95, max(1, secondary))}
    rows = [contrast_row(evidence, c, levels.get(c.role, 0.95)) for c in usable if c.role != "control"]
    controls = [control_row(evidence, c) for c in usable if c.role == "control"]
    primary = difference(evidence, *PRIMARY)
    answer = decision.decide(primary, evidence.rope)
    others, ways = outcome_rows(evidence), options(evidence)
    return {
        "answer": str(answer),
        "sentence": sentence(evidence, primary, answer),
        "protocol": evidence.protocol, "metric": evidence.metric, "rope": evidence.rope, "gan": evidence.gan,
        "problems": problems(evidence, controls),
        "copying": copying_sentence(evidence),
        "contrasts": rows, "controls": controls,
        "advice": advice(evidence, ways), "options": ways, "depth": depth(evidence, levels["secondary"]),
        "worth": worth_row(evidence), "doses": doses(evidence), "shifts": shift_rows(evidence),
        "claims": claims(evidence), "instead": instead(evidence), "classes": class_rows(evidence),
        "small_classes": small_classes(evidence),
        "outcomes": others, "disagreement": disagreement(evidence.metric, as_row(primary), others),
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
        first = ended(f" The first failure: {evidence.failures[0]}") if evidence.failures else ""
        fewer = " Comparisons that need what failed have fewer." if done == evidence.trials_planned else ""
        found.append(f"{done} of {evidence.trials_planned} trials could be compared.{fewer}{first}")
    if evidence.filled_up:
        found.append(
            "GAN images fill up the smaller classes here, and so would repeated ones: what the GAN itself adds is in "
            "the rows against oversampling and class weights, not in the answer."
        )
    if evidence.keep_classes:
        found.append(
            f"Only {', '.join(evidence.keep_classes)} got GAN images (keep_classes). If these classes were chosen by "
            "looking at test images of a study like this one, the answer flatters: confirm it on new images."
        )
    return found + [_control_sentence(c) for c in controls if not c["came_out"]]


def _control_sentence(control: dict[str, Any]) -> str:
    against = f"{control['meaning']} ({control['arm']} against {control['against']})"
    if control["came_out"] is None:
        return f"A control is too uncertain to tell: {against} made {interval_text(control)} points."
    if control["against"].endswith("@half"):
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
    half = could_settle(estimate)
    target = evidence.rope if half > evidence.rope else half / 2
    first = f"This study could have settled differences beyond about {points(half)} points"
    if half == 0:
        return first + "."
    needed = trials_to_settle(estimate, target)
    if needed is not None:
        most = evidence.most_trials
        limit = f", and these images allow {most:,}" if most is not None and most < needed[1] else ""
        return f"{first}; settling {points(target)} would take about {needed[0]:,} to {needed[1]:,} trials{limit}."
    if evidence.protocol == "resplit":
        return f"{first}; {_resplit_outlook(estimate)}."
    return f"{first}; settling {points(target)} would take more test images, not only more trials."


def _resplit_outlook(estimate: Estimate) -> str:
    """Return what twice the re-splits would settle, and what no number of them goes below."""
    twice, ever = (min(1.0, half_width_after(estimate, n)) for n in (2 * estimate.n, 10**6))
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


# ---- outcomes beside the metric ----


def outcome_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return what else the primary contrast changed, a row per outcome; the metric itself stands in its own row."""
    if evidence.predictions is None:
        return []
    found = outcomes.rows(evidence.predictions, test_train_ratio(evidence))
    return [row for row in found if row["outcome"] != evidence.metric]


def disagreement(metric: str, primary: dict[str, float], rows: Sequence[dict[str, Any]]) -> str:
    """Return a sentence where some metrics of all classes are better and others worse beyond their intervals, or "".

    `primary` is the metric's own difference with the interval of the verdict, `rows` are those of `outcome_rows`.
    """
    changes = {metric: primary} | {row["outcome"]: row for row in rows if row["class"] is None}
    better, worse = (
        [f"{OUTCOMES[name].label} ({change_text(row, OUTCOMES[name].share)})" for name, row in changes.items()
         if outcomes.direction(name, row) == sign]
        for sign in (1, -1)
    )  # fmt: skip
    if not better or not worse:
        return ""
    return (
        f"Metrics disagree: better by {', '.join(better)}; worse by {', '.join(worse)}; "
        f"the answer is by {OUTCOMES[metric].label} alone."
    )
