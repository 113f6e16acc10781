"""Figures: each draws what it is given, on the Axes it is given, and changes nothing; the files are always the same."""

from __future__ import annotations

import copy

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from planted_figures import (
    BINS,
    CONFUSION,
    COUNTS,
    GRIDS,
    PAIRS,
    SUSPECTS,
    VERDICT,
    WALKS,
    WORTH,
    examples,
    scores,
)

from gannb.analysis.interpolations import Interpolations
from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.report import plots


def shown(make):
    """A function that draws the grid that another one makes, as images are drawn."""
    return lambda *given, ax=None: plots.show(IMAGE, make(*given), ax)


DRAWN = {
    "class_grid": (shown(plots.class_grid), (examples(),)),
    "samples_over_time": (shown(plots.samples_over_time), (GRIDS, [1, 10, 100, 1000], ("a", "b", "c"))),
    "neighbours": (shown(plots.neighbours), PAIRS),
    "suspects": (shown(plots.suspects), (SUSPECTS,)),
    "interpolations": (shown(plots.interpolations), (WALKS,)),
    "class_counts": (plots.class_counts, (COUNTS,)),
    "samples": (shown(plots.samples), (examples(), examples(per_class=5))),
    "forest": (plots.forest, (VERDICT,)),
    "headline": (plots.headline, (VERDICT,)),
    "forest_narrow": (plots.forest_narrow, (VERDICT,)),
    "worth_curve": (plots.worth_curve, (WORTH, "balanced_accuracy", IMAGE.nouns)),
    "reliability": (plots.reliability, (BINS,)),
    "confusion_change": (plots.confusion_change, (CONFUSION,)),
    "arm_scores": (plots.arm_scores, (scores(), "balanced_accuracy")),
    "paired_trials": (plots.paired_trials, (scores(), "balanced_accuracy", "real+gan+classic", "real+classic")),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws_on_the_given_axes_and_returns_them(name):
    draw, given = DRAWN[name]
    ax = plt.subplots()[1]
    assert draw(*given, ax=ax) is ax
    assert ax.has_data() or ax.texts


@pytest.mark.parametrize("name", DRAWN)
def test_makes_a_figure_of_its_own_when_none_is_given(name):
    draw, given = DRAWN[name]
    first, second = draw(*given), draw(*given)
    assert first.figure is not second.figure
    first.figure.canvas.draw()


@pytest.mark.parametrize("name", DRAWN)
def test_leaves_its_input_and_the_settings_alone(name):
    draw, given = DRAWN[name]
    before, settings = copy.deepcopy(given), dict(plt.rcParams)
    draw(*given)
    assert dict(plt.rcParams) == settings
    for old, new in zip(before, given, strict=True):
        if isinstance(old, pd.DataFrame):
            pd.testing.assert_frame_equal(old, new)
        elif isinstance(old, Interpolations):
            np.testing.assert_array_equal(old.latent, new.latent)
        elif isinstance(old, Examples):
            np.testing.assert_array_equal(old.x, new.x)
        else:
            np.testing.assert_equal(old, new)
