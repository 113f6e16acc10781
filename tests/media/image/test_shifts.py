"""Shifted test items: every shift does what it says, at its strength, and nothing else; and lightly altered copies."""

from __future__ import annotations

import numpy as np
import pytest
from planted_items import digits_trial

from gannb.media.image.shifts import CONTRAST, LIGHT_NOISE, NOISE, ROTATION, SHIFTS, altered, shifted


def images(n: int = 6, side: int = 32, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(60, 196, (n, side, side, channels), dtype=np.uint8)


@pytest.mark.parametrize("kind", SHIFTS)
@pytest.mark.parametrize("shape", [(3, 8, 8, 1), (2, 20, 33, 3), (0, 8, 8, 1)])
def test_a_shift_keeps_shape_and_type_and_follows_its_seed(kind, shape):
    x = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    y = shifted(x, kind, 3)
    assert y.shape == x.shape and y.dtype == np.uint8 and np.array_equal(y, shifted(x, kind, 3))
    assert len(x) == 0 or not np.array_equal(y, x)


def test_noise_has_its_strength_and_is_new_in_every_item():
    x = np.full((4, 64, 64, 1), 128, np.uint8)
    y = shifted(x, "noise", 0).astype(float) - 128
    assert y.std() == pytest.approx(255 * NOISE, rel=0.03) and abs(y.mean()) < 1
    assert abs(np.corrcoef(y[0].ravel(), y[1].ravel())[0, 1]) < 0.1


def test_blur_spreads_a_point_and_keeps_what_is_even():
    x = np.zeros((1, 64, 64, 1), np.uint8)
    x[0, 32, 32] = 255
    y = shifted(x, "blur", 0)
    assert y[0, 32, 32, 0] < 30 and y[0, 32, 34, 0] > 0
    assert (shifted(np.full((1, 32, 32, 3), 77, np.uint8), "blur", 0) == 77).all()


def test_contrast_keeps_the_mean_and_halves_the_spread():
    x = images()
    y = shifted(x, "contrast", 0)
    assert y.mean() == pytest.approx(x.mean(), abs=0.5) and y.std() == pytest.approx(CONTRAST * x.std(), rel=0.02)


def test_rotation_turns_by_its_angle_one_way_or_the_other():
    x = np.zeros((40, 65, 65, 1), np.uint8)
    x[:, 31:34, 33:] = 255  # a bar from the middle to the right
    y = shifted(x, "rotation", 0)[..., 0].astype(float)
    rows, columns = np.mgrid[:65, :65] - 32
    angles = np.degrees(np.arctan2((y * rows).sum((1, 2)), (y * columns).sum((1, 2))))
    assert np.abs(angles) == pytest.approx(np.full(40, ROTATION), abs=1) and {-1, 1} == set(np.sign(angles))


def test_altered_copies_are_near_and_not_the_same():
    x = digits_trial(0)[0].x
    changed = altered(x)
    off = np.abs(changed.astype(int) - x).reshape(len(x), -1)
    assert (off.max(axis=1) > 0).mean() > 0.9 and off.mean() < 12 and changed.dtype == np.uint8
    colour = np.random.default_rng(0).integers(0, 256, (6, 20, 20, 3), dtype=np.uint8)
    assert altered(colour).shape == colour.shape


def test_the_noise_of_an_altered_copy_is_lighter_than_that_of_a_shift():
    x = np.full((3, 64, 64, 1), 128, np.uint8)
    light = altered(x)[1].astype(float) - 128  # by turns: brighter, noisy, JPEG
    assert light.std() == pytest.approx(255 * LIGHT_NOISE, rel=0.05) and SHIFTS["noise"][0].startswith("noise of 10%")
    assert shifted(x, "noise", 0).std() == pytest.approx(25.5, rel=0.05) and NOISE == 0.1
