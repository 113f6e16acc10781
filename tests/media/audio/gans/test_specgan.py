"""Families of images on log-mel pictures, and back to sounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_clips import RATE, clips, tone

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.audio.augmentation.policies import Policy, resolve
from gannb.media.audio.gans.families import families
from gannb.media.audio.gans.specgan import Pictures, augment
from gannb.media.audio.logmel import LogMel
from gannb.media.audio.medium import Sounds

MEDIUM, SPECGAN = Sounds(RATE), families(RATE)["specgan"]
ASKED = Condition(np.array([0, 1, 2, 0]))


def shown(x: np.ndarray) -> torch.Tensor:
    form = Pictures(MEDIUM, LogMel(RATE, x.shape[1]))
    return form.encode(form.stored(x, "cpu"))


def test_its_form_is_the_picture_and_the_way_back_a_sound():
    x = clips(n=1).x
    form = SPECGAN.form(MEDIUM, x.shape[1:])
    encoded = form.encode(form.stored(x, "cpu"))
    assert encoded.shape == (3, 1, *form.logmel.shape) and -1 <= encoded.min() and encoded.max() == 1
    pictures = form.decode(encoded)
    assert np.array_equal(pictures, form.logmel.pictures(x))
    assert np.array_equal(form.items(pictures), form.logmel.sounds(pictures))
    assert np.array_equal(form.raw_features(pictures), MEDIUM.raw_features(x))


def test_a_gan_of_pictures_gives_clips_and_is_the_same_when_read_again(tmp_path):
    draw = clips()
    gan = Adversarial(MEDIUM, SPECGAN).fit(draw, Job(4, 1))
    made = gan.sample(ASKED, 2)
    assert made.shape == (4, *draw.shape) and made.dtype == np.int16
    assert np.array_equal(gan.sample(ASKED, 2, np.array([0, 1, 2, 7]))[:3], made[:3])
    assert np.isfinite(gan.realness(made, ASKED.labels)).all()
    assert gan.grids.shape[1:] == (3, 8, *draw.shape)
    gan.save(tmp_path)
    assert np.array_equal(Adversarial.load(tmp_path, MEDIUM).sample(ASKED, 2), made)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_clips_of_any_rate_and_length_can_be_made(rate):
    draw, family = clips(n=4, rate=rate, samples=rate // 4), families(rate)["specgan"]
    family.check(draw.shape)
    assert Adversarial(Sounds(rate), family).fit(draw, Job(1, 1)).sample(ASKED, 2).shape == (4, rate // 4)


# ---- augmentation of pictures ----


def test_an_empty_policy_gives_back_the_very_pictures():
    pictures = shown(clips(n=1).x)
    assert augment(pictures, Policy(), LogMel(RATE, 2048), torch.Generator()) is pictures


def test_a_shift_and_another_speed_show_as_in_the_picture_of_the_changed_sound():
    logmel, x = LogMel(RATE, 4096), tone(800)[None]
    rng = torch.Generator().manual_seed(0)
    moved = augment(shown(x).repeat(40, 1, 1, 1), Policy(shift=0.1, speed=0.1, rate=RATE), logmel, rng)[:, 0]
    rows = logmel.frequencies[moved.amax(dim=2).argmax(dim=1)]
    assert 700 < rows.min() < 770 and 830 < rows.max() < 900
    columns = (moved.amax(dim=1) + 1).pow(8)
    middles = (columns * torch.from_numpy(logmel.seconds).float()).sum(1) / columns.sum(1)
    assert middles.min() < 0.2 and middles.max() > 0.3  # it was at .256
    assert moved.min() >= -1 and moved.max() <= 1


def test_masks_are_black_in_one_piece():
    pictures = torch.ones(30, 1, 64, 64)
    rng = torch.Generator().manual_seed(0)
    made = augment(pictures, Policy(time_mask=0.2, frequency_mask=0.2, rate=RATE), LogMel(RATE, 8192), rng)[:, 0]
    black = made == -1
    columns, rows = black.all(dim=1), black.all(dim=2)
    assert columns.sum(1).max() <= 13 and rows.sum(1).max() <= 13 and columns.any() and rows.any()
    for hit in (columns, rows):
        assert hit.int().diff(dim=1).abs().sum(1).max() <= 2


@pytest.mark.parametrize("name", ["shift", "speed", "masks", "full"])
def test_gradients_pass_through_and_a_chance_of_0_changes_nothing(name):
    logmel, pictures = LogMel(RATE, 4096), shown(clips(n=1, samples=4096).x).requires_grad_()
    policy = resolve(name, (4096,), RATE)
    augment(pictures, policy, logmel, torch.Generator().manual_seed(1)).sum().backward()
    assert torch.isfinite(pictures.grad).all() and pictures.grad.abs().sum() > 0
    still = augment(pictures, policy, logmel, torch.Generator().manual_seed(1), torch.tensor(0.0))
    assert torch.allclose(still, pictures, atol=1e-4)
