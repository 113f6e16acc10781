"""Curves: a training with what healthy looks like, the worth in real images, and the gain by number of images."""

from __future__ import annotations

import numpy as np
import pytest
from planted_figures import DOSES, HISTORY, WORTH, texts

from gannb.media.image import IMAGE
from gannb.report import plots

NOUNS = IMAGE.nouns


def test_a_training_is_drawn_with_what_healthy_looks_like_and_where_the_guard_went_back():
    axes = plots.gan_health(HISTORY, NOUNS)
    assert [ax.get_title(loc="left") for ax in axes] == ["Losses", "Discriminator", "Diversity of samples"]
    assert all("healthy" in ax.get_xlabel() for ax in axes)
    dotted = [[line for line in ax.lines if line.get_linestyle() == ":"] for ax in axes]
    assert [[line.get_xdata()[0] for line in lines] for lines in dotted] == [[1], [1], [1]]
    assert [list(line.get_ydata()) for line in axes[2].lines if line.get_marker() == "."] == [[0.2, 0.9]]


def test_of_a_training_without_a_discriminator_the_panel_says_so():
    curves = {name: HISTORY["curves"][name] for name in ("step", "generator_loss")}
    losses, second, diversity = plots.gan_health(HISTORY | {"curves": curves}, NOUNS)
    assert "There is no discriminator." in texts(second) and not second.lines
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["generator"]
    assert "healthy: falls, and settles" in losses.get_xlabel() and diversity.get_title(loc="left")


def test_the_worth_curve_draws_level_and_interval():
    ax = plots.worth_curve(WORTH, "balanced_accuracy", NOUNS)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["interval of the worth", "real images only", "real + GAN + classic", "worth"]
    assert any(np.allclose(line.get_ydata(), 92.0) for line in ax.lines)


def test_a_worth_that_was_not_measured_is_said_in_words():
    assert "could not be measured" in " ".join(texts(plots.worth_curve(None, "accuracy", NOUNS)))
    beyond = plots.worth_curve(WORTH | {"worth": None}, "accuracy", NOUNS)
    assert "worth" not in [text.get_text() for text in beyond.get_legend().get_texts()]


def test_the_dose_response_shows_every_dose_its_fit_and_the_published_curve():
    ours, published = plots.dose_response(DOSES, 0.01, NOUNS)
    assert [t.get_text() for t in ours.get_xticklabels()] == ["50", "200", "800"]
    assert ours.get_lines()[0].get_ydata() == pytest.approx([1, 1, 1])
    fit = next(line for line in ours.get_lines() if line.get_label() == "fit")
    assert fit.get_ydata()[-1] == pytest.approx(2 * 800 / 860)
    assert published.get_lines()[0].get_ydata()[0] == pytest.approx(100 * (147 - 143) / 182)
    plots.dose_response(DOSES | {"plateau": None}, 0.01, NOUNS)
