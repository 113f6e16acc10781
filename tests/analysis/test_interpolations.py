"""Walks through a GAN's noise."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.analysis.interpolations import FRAMES, trial_interpolations
from gannb.experiment.experiment import Experiment
from gannb.generators.adversarial.sampling import great_circle
from gannb.generators.interface import Condition
from gannb.study.folder import open_study


def test_the_way_between_two_noises_keeps_their_length():
    a, b = np.random.default_rng(0).normal(size=(2, 64))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    way = great_circle(a, b, np.linspace(0, 1, 5))
    np.testing.assert_allclose(way[[0, -1]], [a, b], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, rtol=1e-5)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    assert steps == pytest.approx(steps[0], rel=1e-4)
    np.testing.assert_allclose(great_circle(a, a, np.array([0.5]))[0], a, atol=1e-6)


def test_interpolations_lead_from_sample_to_sample_beside_real_images_and_blends(finished):
    experiment = Experiment.preview(open_study(finished))
    found = trial_interpolations(experiment, 0)
    assert found.latent.shape == found.real.shape == found.blends.shape == (4, FRAMES, 8, 8, 1)
    assert found.classes == ("0", "3", "6", "9") and ((found.sure >= 0) & (found.sure <= 1)).all()
    np.testing.assert_array_equal(found.blends[:, [0, -1]], found.latent[:, [0, -1]])
    test = {item.tobytes() for item in experiment.settings.items(experiment.results.draw(0).test).x}
    assert {item.tobytes() for item in found.real.reshape(-1, 8, 8, 1)} <= test
    generator = experiment.generator(0)
    ends = generator.between(np.array([0, 3]), 5, 3)[:, [0, -1]].reshape(-1, 8, 8, 1)
    np.testing.assert_array_equal(ends, generator.sample(Condition(np.array([0, 0, 3, 3])), 5))
