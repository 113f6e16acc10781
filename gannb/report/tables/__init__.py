"""Tables for the notebooks and the page: what was read, drawn, trained and measured, as data frames.

Tabulates, never computes: numbers come from other modules.
"""

from __future__ import annotations

from gannb.report.tables.data import class_counts, data_summary, draws, duplicates
from gannb.report.tables.items import (
    QUALITY,
    Pairs,
    nearest_pairs,
    quality,
    quality_means,
    real_sides,
    suspects,
    trial_pairs,
)
from gannb.report.tables.results import arm_means, arms, claims, confusion_change, depth, options, outcomes, reliability
from gannb.report.tables.styled import LIGHT_COLOURS, class_rows, criteria, light_number, show, traffic_lights
from gannb.report.tables.training import gan_history, gans, guard_log, tuning

__all__ = [
    "LIGHT_COLOURS", "QUALITY", "Pairs", "arm_means", "arms", "claims", "class_counts", "class_rows",
    "confusion_change", "criteria", "data_summary", "depth", "draws", "duplicates", "gan_history", "gans", "guard_log",
    "light_number", "nearest_pairs", "options", "outcomes", "quality", "quality_means", "real_sides",
    "reliability", "show", "suspects", "traffic_lights", "trial_pairs", "tuning",
]  # fmt: skip
