"""Figures of scores and outcomes: means over trials, calibration, and which class is taken for which."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted_figures import BINS, CONFUSION, scores, texts

from gannb.report import plots


def test_arms_are_sorted_by_their_means_over_trials():
    ax = plots.arm_scores(scores(), "balanced_accuracy")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["real + GAN + classic", "real + classic", "real"]
    bars = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    np.testing.assert_allclose(bars, [93.1, 91.1, 86.1])


def test_paired_trials_draw_a_line_per_trial_and_the_mean():
    ax = plots.paired_trials(scores(), "balanced_accuracy", "real+gan+classic", "real+classic")
    assert len(ax.lines) == 3 + 1
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [91.1, 93.1])


def test_trial_means_average_the_classifier_seeds():
    table = plots.trial_means(scores(), "balanced_accuracy")
    assert len(table) == 9
    np.testing.assert_allclose(table.loc[table["arm"] == "real", "balanced_accuracy"], [85.1, 86.1, 87.1])


def test_a_bar_for_each_row_has_marks_for_chance_and_for_real_items():
    columns = ["measure", "generator", "value", "chance", "real"]
    table = pd.DataFrame([("m 10", "a", 0.6, 0.1, 0.9), ("m 10", "b", 0.3, 0.1, 0.9), ("m 50", "a", 0.2, 0.02, 0.5)],
                         columns=columns)  # fmt: skip
    ax = plots.between_bars(table)
    assert [bar.get_width() for bar in ax.patches] == [0.6, 0.3, 0.2] and ax.yaxis_inverted()
    assert [line.get_xdata()[0] for line in ax.lines] == [0.1, 0.9, 0.1, 0.9, 0.02, 0.5]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["m 10: a", "m 10: b", "m 50: a"]
    first, second, third = (bar.get_y() for bar in ax.patches)
    assert third - second > second - first


def test_a_reliability_diagram_draws_both_arms_and_leaves_tiny_bins_out():
    ax = plots.reliability(BINS)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["sure as often as right", "real + GAN + classic", "real + classic"]
    assert [list(line.get_xdata()) for line in ax.lines[1:]] == [[70, 90], [60, 95]]
    assert [list(line.get_ydata()) for line in ax.lines[1:]] == [[60, 95], [50, 80]]
    assert ax.get_xlim()[0] <= 50 and ax.get_xlim() == ax.get_ylim()


def test_a_change_of_the_confusion_names_the_classes_and_gives_its_numbers():
    ax = plots.confusion_change(CONFUSION)
    assert {"ill", "well", "+2.0", "−2.0", "−0.1", "+0.1", "predicted as", "true class"} <= set(texts(ax))
    assert len(ax.patches) == 2  # the diagonal is framed


def test_a_class_without_test_items_is_left_blank():
    ax = plots.confusion_change(CONFUSION.assign(ill=[np.nan, 0.0], well=[np.nan, 0.0]))
    assert [t.get_text() for t in ax.texts] == ["0.0", "0.0"]


@pytest.mark.parametrize(
    ("classes", "numbers", "title"), [(12, 144, ""), (30, 0, ""), (40, 0, "the first 30 of 40 classes")]
)
def test_a_confusion_of_many_classes_has_colours_alone_and_of_very_many_the_first(classes, numbers, title):
    names = [f"class {k}" for k in range(classes)]
    ax = plots.confusion_change(pd.DataFrame(np.zeros((classes, classes)), names, names))
    assert (len(ax.texts), ax.get_title(loc="left")) == (numbers, title)
    assert len(ax.get_yticklabels()) == min(classes, 30)
