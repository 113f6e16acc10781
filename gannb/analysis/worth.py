"""What generated items are worth: in real items, and by their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gannb.analysis.evidence import Evidence, by_trial, common_trials, difference, has_converged, test_train_ratio
from gannb.data.medium import Nouns
from gannb.stats.estimate import Estimate, half_width
from gannb.stats.intervals import paired_t
from gannb.stats.settling.draws import block_means
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.stats.worth import Worth, plateau, worth_in_real
from gannb.trials.arms import PRIMARY
from gannb.trials.contrasts import curve_arms

# ---- worth in real items ----


@dataclass(frozen=True)
class CurvePoint:
    """One number of real items alone, and the mean of the metric that it reaches."""

    arm: str
    n: float  # items, a mean over trials
    mean: float


NOT_MEASURED = f"Not measured: that takes {LEAST_TRIALS} trials or more, whose scores are not all the same."


@dataclass(frozen=True)
class ArmWorth:
    """What the primary arm is worth in real items, read off the learning curve of real items alone."""

    arm: str
    n_real: int  # real items that it trains on
    mean: float  # of the metric
    worth: Worth
    curve: tuple[CurvePoint, ...]  # by rising number
    sentence: str


def arm_worth(evidence: Evidence) -> ArmWorth | None:
    """Return what the primary arm is worth in real items; None where three trials have no curve, or show no spread."""
    arms = curve_arms(evidence.protocol)
    trials = common_trials(evidence, PRIMARY[0], *arms)
    if len(trials) < LEAST_TRIALS or not (widening := _widening(evidence, trials)).all():
        return None
    scores = np.stack([by_trial(evidence, arm, evidence.metric, trials) for arm in arms], 1)  # (R, P)
    n = np.array([by_trial(evidence, arm, "n_real", trials).mean() for arm in arms])
    own = by_trial(evidence, PRIMARY[0], evidence.metric, trials)
    n_real = round(by_trial(evidence, PRIMARY[0], "n_real", trials).mean())
    worth = worth_in_real(n, scores, own, widening=widening)
    points = zip(arms, n, scores.mean(0), strict=True)
    curve = tuple(CurvePoint(arm, float(size), float(mean)) for arm, size, mean in points)
    said = worth_sentence(evidence.nouns, n_real, worth, [point.n for point in curve])
    if not has_converged(evidence, arms[-1]):
        said += " The curve's last point had not converged: with more steps it may be higher, and the worth no more."
    return ArmWorth(PRIMARY[0], n_real, float(own.mean()), worth, curve, said)


def _widening(evidence: Evidence, trials: Sequence[int]) -> np.ndarray:
    """Return by how much test items and shared training items widen the intervals between arm and curve, (P,).

    The arm may do well on other items than the arms of real ones do; given other test items its worth would be another.
    0 where the trials are all alike, of which no multiple would do.
    """
    own = by_trial(evidence, PRIMARY[0], evidence.metric, trials)
    found = []
    for arm in curve_arms(evidence.protocol):
        by_trials = half_width(paired_t(own - by_trial(evidence, arm, evidence.metric, trials)))
        found.append(half_width(difference(evidence, PRIMARY[0], arm)) / by_trials if by_trials > 0 else 0.0)
    return np.array(found)


def worth_sentence(nouns: Nouns, n_real: int, worth: Worth, curve: Sequence[float]) -> str:
    """Return what generated items are worth in real ones, in words.

    n_real: real items beside them; curve: the numbers of real items at which the curve was measured, rising.
    """
    real, first, last = f"real {nouns.many}", curve[0], curve[-1]
    start = f"{n_real:,} {real} plus GAN {nouns.many}"
    if worth.at_least and worth.at_most:
        return f"{start}: this study cannot tell how many {real} they are worth."
    if worth.at_most:
        about = f"about {worth.worth:,.0f} {real}" if worth.worth else f"{first:,.0f} {real} or fewer"
        return f"{start} are worth {about} [{worth.high:,.0f} or fewer; the curve starts at {first:,.0f}]."
    if worth.at_least:
        about = f"about {worth.worth:,.0f} {real}" if worth.worth else f"{last:,.0f} {real} or more"
        return f"{start} are worth {about} [{worth.low:,.0f} or more; the curve ends at {last:,.0f}]."
    return f"{start} are worth {worth.worth:,.0f} {real} [{worth.low:,.0f}, {worth.high:,.0f}]."


# ---- the dose response ----


@dataclass(frozen=True)
class DoseRow:
    """The gain over real items alone with one number of generated ones."""

    n_synthetic: int  # per class
    gain: Estimate


@dataclass(frozen=True)
class Plateau:
    """What the gain goes towards as generated items become more."""

    gain: Estimate
    half_at: float  # the number per class at which it has come half of the way


@dataclass(frozen=True)
class Doses:
    """The dose response."""

    rows: tuple[DoseRow, ...]  # by rising number
    plateau: Plateau | None


def doses(evidence: Evidence) -> Doses | None:
    """Return the dose response: the gain over real items alone by generated items; None without several doses."""
    arms = {n: arm for n, arm in evidence.dose_arms.items() if len(common_trials(evidence, arm, PRIMARY[1])) >= 2}
    if len(arms) < 2:
        return None
    rows = tuple(DoseRow(n, difference(evidence, arm, PRIMARY[1])) for n, arm in arms.items())
    return Doses(rows, _plateau(evidence, arms))


def _plateau(evidence: Evidence, arms: dict[int, str]) -> Plateau | None:
    """Return the plateau as `stats.worth.plateau` fits it; None where it knows none. arms: by number of items.

    None also where too few trials have every dose.
    """
    trials = common_trials(evidence, PRIMARY[1], *arms.values())
    if len(trials) < LEAST_TRIALS:
        return None
    base = by_trial(evidence, PRIMARY[1], evidence.metric, trials)
    gains = np.stack([by_trial(evidence, arm, evidence.metric, trials) - base for arm in arms.values()], 1)  # (R, P)
    gains = block_means(gains, evidence.tested.units(trials))
    found = plateau(np.array(list(arms), float), gains, test_train_ratio(evidence))
    return Plateau(*found) if found else None
