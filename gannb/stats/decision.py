"""From an interval to an answer."""

from __future__ import annotations

import math
from enum import StrEnum

from gannb.stats.checks import check_level
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.utils.errors import InputError


class Answer(StrEnum):
    """What the decision rule says about one contrast."""

    HELPS = "helps"
    HURTS = "hurts"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"


def decide(estimate: Estimate, rope: float) -> Answer:
    """Interval within [-rope, rope]: equivalent; else above 0: helps; below 0: hurts; else inconclusive.

    Fewer than `LEAST_TRIALS` trials have no answer, whatever their interval. `rope` is the half-width of practical
    equivalence, >= 0, in the unit of the differences, else InputError.
    """
    if not (math.isfinite(rope) and rope >= 0):
        raise InputError(f"rope is {rope}; give the half-width of practical equivalence, 0 or more.")
    if estimate.n < LEAST_TRIALS:
        return Answer.INCONCLUSIVE
    if -rope <= estimate.low and estimate.high <= rope:
        return Answer.EQUIVALENT
    if estimate.low > 0:
        return Answer.HELPS
    if estimate.high < 0:
        return Answer.HURTS
    return Answer.INCONCLUSIVE


def bonferroni_level(level: float, m: int) -> float:
    """Level per interval for which m >= 1 intervals all hold at once with at least `level` (0..1), else InputError."""
    check_level(level)
    if m < 1:
        raise InputError(f"The number of intervals is {m}; it must be at least 1.")
    return 1 - (1 - level) / m
