"""Generators of clips without a GAN."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import RATE, clips

from gannb.generators.interface import Condition, Job
from gannb.media.audio.gans.controls import CONTROLS
from gannb.media.audio.logmel import LogMel
from gannb.media.audio.medium import Sounds

MEDIUM = Sounds(RATE)


@pytest.mark.parametrize("name", list(CONTROLS))
def test_each_makes_clips_that_are_read_back_the_same(name, tmp_path):
    draw, asked = clips(), Condition(np.array([0, 2, 1, 2]))
    control = CONTROLS[name](MEDIUM).fit(draw, Job(1, 5))
    made = control.sample(asked, 3)
    assert made.shape == (4, *draw.shape) and made.dtype == np.int16 and made.any(axis=1).all()
    control.save(tmp_path)
    assert np.array_equal(CONTROLS[name].load(tmp_path, MEDIUM).sample(asked, 3), made)


def test_a_gaussian_of_clips_is_one_of_their_pictures_and_sounds_like_its_class():
    draw = clips(n=12)
    made = CONTROLS["gaussian"](MEDIUM).fit(draw, Job(1, 0)).sample(Condition(np.arange(3).repeat(6)), 1)
    logmel = LogMel(RATE, draw.shape[0])
    means = np.stack([logmel.pictures(draw.x[draw.y == k]).mean(axis=0) for k in range(3)])
    shown = logmel.pictures(made).astype(float)
    apart = np.abs(shown[:, None] - means).mean(axis=(2, 3))
    assert (apart.argmin(axis=1) == np.arange(3).repeat(6)).mean() > 0.8
    assert np.abs(made).max(axis=1) == pytest.approx(0.9 * 32767, abs=2)


def test_an_interpolation_is_a_mixture_of_two_clips_of_the_class():
    draw = clips(n=4)
    made = CONTROLS["interpolation"](MEDIUM).fit(draw, Job(1, 0)).sample(Condition(np.array([1, 1])), 1)
    own = draw.x[draw.y == 1].astype(float)
    for clip in made.astype(float):
        weights, left, *_ = np.linalg.lstsq(own.T, clip, rcond=None)
        assert left[0] < 1e-3 * (clip**2).sum() and (weights > 0.01).sum() <= 2
