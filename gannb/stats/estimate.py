"""An estimated mean or difference with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A mean with its interval, all in one unit; nan where there are too few trials for one."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate(Interval):
    """A mean difference over trials with its interval, all in the unit of the differences.

    `low` and `high` are `mean` -+ t(df) * `se`, unless they were cut to what is possible. With `sd` 0 (all trials
    alike) the interval of `paired_t` is the point `mean`: true to the data, though so few trials cannot show that
    further ones would agree too.
    """

    se: float
    df: float
    sd: float  # of the per-trial differences
    n: int  # trials
    level: float
    floor_se: float = 0.0  # the part of se that more trials cannot remove (test items, overlapping training sets)


def half_width(estimate: Interval) -> float:
    """Return how far the interval reaches to either side of its middle."""
    return (estimate.high - estimate.low) / 2
