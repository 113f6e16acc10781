"""The families of GANs that make sounds."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import RATE, clips

from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Job
from gannb.media.audio.gans.families import default_family, families
from gannb.media.audio.medium import Sounds
from gannb.media.image.gans.families import FAMILIES as OF_IMAGES


def test_the_default_is_a_family():
    assert default_family((8192,)) in families(RATE)


def test_the_names_do_not_depend_on_the_rate_and_a_name_is_its_familys():
    assert list(families(8000)) == list(families(48000))
    assert all(family.name == name for name, family in families(RATE).items())


@pytest.mark.parametrize("name", list(families(RATE)))
def test_each_learns_for_a_step_and_makes_clips(name):
    draw, family = clips(n=4, classes=2), families(RATE)[name]
    family.check(draw.shape)
    training = Training(Sounds(RATE), family, family.augmentation, draw, Job(2, 1))
    before = [p.clone() for p in training.generator.parameters()]
    training.advance()
    assert training.is_finite()
    assert any((a != b).any() for a, b in zip(before, training.generator.parameters(), strict=True))
    made, _ = training.fixed_samples(1)
    assert training.form.items(made).shape == (8, *draw.shape) and np.isfinite(training.form.raw_features(made)).all()


def test_what_its_authors_trained_is_told_and_is_no_setting():
    family = families(RATE)["wavegan"]
    assert family.published_steps == 200_000 and "published_steps" not in family.settings()


def test_a_family_of_pictures_has_the_settings_of_its_family_of_images():
    ours, theirs = families(RATE)["specgan"].settings(), OF_IMAGES["projection"].settings()
    own = {"rate", "augmentation"}
    assert {name: theirs[name] for name in ours if name not in own} == {n: ours[n] for n in ours if n not in own}
