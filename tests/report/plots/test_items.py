"""Figures of images show which image is which, whatever its size, and say where some were left out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from planted_figures import GRIDS, SUSPECTS, WALKS, examples, texts

from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.report import plots


def shown(grid, ax=None):
    """A grid drawn as images are."""
    return plots.show(IMAGE, grid, ax)


def test_a_grid_has_a_named_row_per_class_and_shows_the_first_items():
    data = examples(classes=3, per_class=4)
    ax = shown(plots.class_grid(data, per_class=2))
    assert [label.get_text() for label in ax.get_yticklabels()] == list(data.classes)
    mosaic = ax.images[0].get_array()
    np.testing.assert_array_equal(mosaic[:8, :8], data.x[0, ..., 0])
    np.testing.assert_array_equal(mosaic[9:17, 9:17], data.x[5, ..., 0])


def test_samples_stand_right_of_the_real_ones_of_their_class():
    real, made = examples(classes=2, per_class=4), examples(classes=2, per_class=1)
    ax = shown(plots.samples(real, made, each=2))
    mosaic = ax.images[0].get_array()  # 8 pixels and a gap of 1: two real ones, room of half an image, two made ones
    np.testing.assert_array_equal(mosaic[9:17, 9:17], real.x[5, ..., 0])
    np.testing.assert_array_equal(mosaic[9:17, 22:30], made.x[1, ..., 0])
    assert np.all(mosaic[:, 17:22] == 255) and np.all(mosaic[:, 30:] == 255)  # there is but one of each class
    assert [label.get_text() for label in ax.get_xticklabels()] == ["real", "made by the GAN"]


def test_many_classes_are_cut_and_the_title_says_so():
    ax = shown(plots.class_grid(examples(classes=30, per_class=1), title="All"))
    assert len(ax.get_yticklabels()) == 12
    assert ax.get_title(loc="left") == "All · the first 12 of 30 classes"


@pytest.mark.parametrize("shape", [(8, 8, 3), (20, 30, 1), (300, 200, 3)])
def test_grids_take_colour_oblong_and_large_images(shape):
    ax = shown(plots.class_grid(examples(shape=shape)))
    rows, columns = ax.images[0].get_array().shape[:2]
    assert rows <= 3 * 150 and columns <= 4 * 150


def test_names_with_dollars_are_written_as_they_are():
    data = examples(classes=2)
    odd = Examples(data.x, data.y, ("$x^", "a_b$"), data.ids, data.groups)
    assert {"$x^", "a_b$"} <= set(texts(shown(plots.class_grid(odd))))


def test_samples_over_time_name_their_steps():
    assert {"1", "10", "100", "1,000"} <= set(
        texts(shown(plots.samples_over_time(GRIDS, [1, 10, 100, 1000], ("a", "b", "c"))))
    )


def test_each_pair_of_neighbours_shows_both_images_and_the_distance():
    made, real = np.full((2, 4, 4, 1), 50, np.uint8), np.full((2, 4, 4, 1), 200, np.uint8)
    ax = shown(plots.neighbours(made, real, np.array([0.25, 1.5]), np.array([0, 1]), ("a", "b")))
    mosaic = ax.images[0].get_array()
    assert (mosaic == 50).sum() == (mosaic == 200).sum() == 2 * 16
    assert [t.get_text() for t in ax.texts] == ["0.25", "1.50"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize("side", [4, 64, 300])
def test_frames_stand_around_the_made_images_whatever_their_size(side):
    made, real = np.full((2, side, side, 3), 50, np.uint8), np.full((2, side, side, 3), 200, np.uint8)
    ax = shown(plots.neighbours(made, real, np.ones(2), np.array([0, 0]), ("a",)))
    mosaic = ax.images[0].get_array()
    for frame in ax.patches:
        (left, top), width, height = (np.array(frame.get_xy()) + 0.5).astype(int), frame.get_width(), frame.get_height()
        assert (mosaic[top : top + height, left : left + width] == 50).all()
    assert len(ax.patches) == 2 and (mosaic == 50).sum() == (mosaic == 200).sum() == 2 * 3 * width * height


def test_suspects_and_interpolations_print_their_numbers():
    said = texts(shown(plots.suspects(SUSPECTS)))
    assert said.count("0.25") == 3 and "small_cnn" in said
    said = texts(shown(plots.interpolations(WALKS)))
    assert said.count("90") == said.count("40") == 10 and "a: GAN" in said and "nearest real" in said


@pytest.mark.parametrize("given", [False, True])
def test_where_nothing_is_suspicious_the_axes_say_so(given):
    ax = plt.subplots()[1] if given else None
    drawn = shown(plots.suspects([]), ax)
    assert texts(drawn)[0] == "There are no such images." and not drawn.axison
    assert ax is None or drawn is ax
