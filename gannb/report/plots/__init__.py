"""Figures: arrays and tables in, matplotlib Axes out. Draws, never computes: numbers come from other modules.

Every function that draws does so on one Axes, `ax` or a new one, and returns it (`.figure` is its figure). Items are
put together as a grid (`class_grid`, `samples`, ...), which `show` has drawn by their medium.
"""

from __future__ import annotations

from gannb.report.plots.curves import dose_response, gan_health, worth_curve
from gannb.report.plots.forests import (
    forest,
    forest_narrow,
    forest_of_studies,
    forest_of_studies_narrow,
    forest_rows,
    headline,
    headline_rows,
)
from gannb.report.plots.items import (
    class_grid,
    interpolations,
    neighbours,
    samples,
    samples_over_time,
    show,
    suspects,
)
from gannb.report.plots.saving import Saved, inline_svg, png, save, svg
from gannb.report.plots.scores import (
    LEAST_SHARE,
    arm_scores,
    between_bars,
    class_counts,
    confusion_change,
    paired_trials,
    reliability,
    trial_means,
)
from gannb.utils.figures import MOST_ROWS, short

__all__ = [
    "LEAST_SHARE", "MOST_ROWS", "Saved", "arm_scores", "between_bars", "class_counts", "class_grid", "confusion_change",
    "dose_response", "forest", "forest_narrow", "forest_of_studies", "forest_of_studies_narrow", "forest_rows",
    "gan_health", "headline", "headline_rows", "inline_svg", "interpolations", "neighbours", "paired_trials", "png",
    "reliability", "samples", "samples_over_time", "save", "short", "show", "suspects", "svg", "trial_means",
    "worth_curve",
]  # fmt: skip
