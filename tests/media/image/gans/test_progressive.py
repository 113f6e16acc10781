"""Networks that grow: what they make and see at each level, and trainings that are resumed in the middle of one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tiny_gans import equal, make_draw, make_training

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.adversarial.guard import Guard
from gannb.generators.interface import Condition, Job
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.gans.progressive import ProgressiveDiscriminator, ProgressiveGenerator, levels_of

SHAPE = (64, 64, 3)
NOISE, LABELS = torch.randn(4, 64, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 0, 1])
AT = {0.1: 16, 0.45: 32, 0.99: 64}  # share of the training that is done -> pixels a side of what is made


def test_levels_begin_at_16_pixels():
    assert [levels_of((side, side, 3)) for side in (16, 24, 32, 48, 64, 128, 256)] == [1, 2, 2, 3, 3, 4, 5]


@pytest.mark.parametrize(("done", "side"), AT.items())
def test_early_images_are_small_ones_brought_to_the_full_side(done, side):
    network = ProgressiveGenerator(SHAPE, 2, base=8)
    network.reach(done)
    images = network(NOISE, LABELS)
    assert images.shape == (4, 3, 64, 64)
    small = F.avg_pool2d(images, 64 // side)
    assert torch.allclose(F.interpolate(small, scale_factor=64 // side), images, atol=1e-6)
    assert side == 16 or not torch.allclose(F.interpolate(F.avg_pool2d(small, 2), scale_factor=2), small, atol=1e-3)


@pytest.mark.parametrize(("done", "side"), AT.items())
def test_an_early_discriminator_sees_no_more_than_its_level(done, side):
    network = ProgressiveDiscriminator(SHAPE, 2, base=8).eval()
    network.reach(done)
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    coarse = F.interpolate(F.avg_pool2d(images, 64 // side), scale_factor=64 // side)
    with torch.no_grad():
        scores, seen = network(images, LABELS)[0], network(coarse, LABELS)[0]
        coarser = network(F.interpolate(F.avg_pool2d(coarse, 128 // side), scale_factor=128 // side), LABELS)[0]
    assert torch.allclose(scores, seen, atol=1e-5) and not torch.allclose(scores, coarser, atol=1e-5)


def test_a_level_comes_in_without_a_jump():
    network = ProgressiveGenerator(SHAPE, 2, base=8).eval()
    with torch.no_grad():
        network.reach(0.25 - 1e-6)
        before = network(NOISE, LABELS)
        network.reach(0.25 + 1e-6)
        assert torch.allclose(before, network(NOISE, LABELS), atol=1e-3)


@pytest.mark.parametrize("stop", [2, 5, 9])
def test_a_training_resumed_in_any_phase_ends_as_an_undisturbed_one(stop):
    draw = make_draw(shape=(32, 32, 1))
    whole, begun, resumed = (make_training("progressive", steps=12, draw=draw) for _ in range(3))
    for _ in range(12):
        whole.advance()
    for _ in range(stop):
        begun.advance()
    resumed.restore(*begun.state())
    assert resumed.generator.level == begun.generator.level or resumed.generator.fading
    for _ in range(12 - stop):
        resumed.advance()
    assert equal(whole.state()[0], resumed.state()[0])


def test_grids_show_the_average_at_its_level_and_items_are_of_the_last_one(tmp_path):
    draw = make_draw(shape=(32, 32, 1))
    gan = Adversarial(IMAGE, FAMILIES["progressive"]).fit(draw, Job(32, 0))
    first = gan.grids[0].reshape(-1, 32, 32)[:, :, :]
    assert (first[:, ::2, ::2] == first[:, 1::2, 1::2]).all()  # blocks of 2x2
    last = gan.grids[-1].reshape(-1, 32, 32)
    assert (last[:, ::2, ::2] != last[:, 1::2, 1::2]).any()
    gan.save(tmp_path)
    asked = Condition(draw.y)
    assert (Adversarial.load(tmp_path, IMAGE).sample(asked, 0) == gan.sample(asked, 0)).all()


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_however_short_the_training_what_it_makes_is_of_the_last_level(steps):
    training = make_training("progressive", steps=steps, draw=make_draw(shape=(64, 64, 1)))
    for _ in range(steps):
        training.advance()
    assert all((network.level, network.fading) == (2, False) for network in training.staged)


def test_the_guard_watches_it_as_any_other():
    training = make_training("progressive", steps=8, draw=make_draw(shape=(32, 32, 1)))
    guard = Guard(training, make_draw(shape=(32, 32, 1)))
    for _ in range(8):
        training.advance()
    assert guard.check() and guard.good[1]["step"] == 8
