"""Nearest real items in all of their forms: as brute force finds them, and the same whichever part is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from planted_items import digits_trial
from scipy.spatial.distance import cdist

from gannb.measures.forms import AsTheyAre, in_forms
from gannb.media.image import IMAGE
from gannb.media.image.features import pixels

SHAPE = (8, 8, 1)
FORMS = IMAGE.alike_forms(IMAGE.policy("flip", SHAPE), SHAPE)


def brute_force(query: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Distance of each item (Q, H, W, C) to the nearest form of each other (N, H, W, C), (Q, N)."""
    each = [cdist(pixels(query), pixels(form(x))) for form in (lambda x: x, *FORMS)]
    return np.min(each, axis=0)


def test_an_item_is_as_near_as_the_nearest_of_its_forms():
    real, other, _ = digits_trial(0)
    expected = brute_force(other.x, real.x)
    searched = in_forms(real.x, pixels(real.x), FORMS, pixels, 0)
    (index, distance), (_, second_half) = searched.nearest_few(pixels(other.x), [(3, range(80)), (1, range(40, 80))])
    assert index.shape == distance.shape == (len(other), 3)
    assert np.mean(index[:, 0] == expected.argmin(1)) > 0.99
    np.testing.assert_allclose(distance, np.take_along_axis(expected, index, 1), rtol=0.02)  # nearly the nearest form
    assert np.mean(np.isclose(second_half[:, 0], expected[:, 40:].min(1))) > 0.99


@pytest.mark.parametrize("form", [0, 3, len(FORMS) - 1])
def test_a_copy_in_another_form_has_distance_0(form):
    real, _, _ = digits_trial(1)
    searched = in_forms(real.x, pixels(real.x), FORMS, pixels, 0)
    [(index, distance)] = searched.nearest_few(pixels(FORMS[form](real.x)), [(1, range(80))])
    assert np.all(distance == 0) and np.mean(index[:, 0] == np.arange(len(real))) > 0.95


def test_items_as_they_are_are_searched_exactly():
    real, other, _ = digits_trial(2)
    x, query = pixels(real.x), pixels(other.x)
    [(index, distance), (_, nearest)] = AsTheyAre(x).nearest_few(query, [(2, range(30, 80)), (1, range(30))])
    expected = cdist(query, x)
    assert index.min() >= 30
    np.testing.assert_allclose(distance, np.sort(expected[:, 30:], 1)[:, :2])
    np.testing.assert_allclose(nearest[:, 0], expected[:, :30].min(1))


def test_items_that_are_all_alike_can_be_searched():
    x = np.full((5, *SHAPE), 7, np.uint8)
    [(index, distance)] = in_forms(x, pixels(x), FORMS, pixels, 0).nearest_few(pixels(x), [(9, range(5))])
    assert index.shape == (5, 5) and np.all(distance == 0)
