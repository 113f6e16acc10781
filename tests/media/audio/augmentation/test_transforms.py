"""Augmentation of waves: each operation does what it says, is drawn per clip, and lets gradients through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from planted_clips import RATE, tone

from gannb.media.audio.augmentation.policies import POLICIES, Policy, resolve
from gannb.media.audio.augmentation.transforms import augment

T = 4096
TONE = torch.from_numpy(tone(500) / np.float32(32767))


def transformed(policy: Policy, n: int = 64, seed: int = 0, **more) -> torch.Tensor:
    return augment(TONE.repeat(n, 1), policy, torch.Generator().manual_seed(seed), **more)


def pitch(wave: torch.Tensor) -> float:
    spectrum = torch.fft.rfft(wave * torch.hann_window(len(wave))).abs()
    return float(spectrum.argmax()) * RATE / len(wave)


def middle(waves: torch.Tensor) -> torch.Tensor:
    """Where the energy of waves (N, T) has its centre, (N,) samples."""
    power = waves.square()
    return (power * torch.arange(waves.shape[1])).sum(1) / power.sum(1)


def test_an_empty_policy_gives_back_the_very_clips():
    waves = TONE[None]
    assert augment(waves, Policy(), torch.Generator()) is waves


def test_clips_are_shifted_both_ways_up_to_the_limit_and_silence_comes_in():
    moved = transformed(Policy(shift=0.1))
    by = middle(moved) - middle(TONE[None])
    assert -800 <= by.min() < -500 and 500 < by.max() <= 800  # 0.1 s
    assert moved[by.argmax(), :400].abs().max() < 1e-6


def test_speed_changes_pitch_and_length_by_up_to_the_limit():
    moved = transformed(Policy(speed=0.12))
    heard = np.array([pitch(wave) for wave in moved])
    assert 435 < heard.min() < 460 and 540 < heard.max() < 565
    power = moved.square().sum(1)  # a slower one is longer
    assert np.corrcoef(heard, power)[0, 1] < -0.9
    assert (middle(moved) - middle(TONE[None])).abs().max() < 20


def test_a_speed_of_one_leaves_samples_as_they_are():
    assert torch.allclose(transformed(Policy(speed=1e-7, shift=1e-9), n=2), TONE.repeat(2, 1), atol=1e-3)


@pytest.mark.parametrize("decibels", [15.0, 45.0])
def test_noise_lies_so_many_decibels_below_the_sounding_clip(decibels):
    noise = transformed(Policy(noise=(decibels, decibels)), clamp=False) - TONE
    loud = TONE[TONE.abs() > 0.1 * TONE.abs().max()].square().mean()
    assert 10 * torch.log10(loud / noise.square().mean()) == pytest.approx(decibels, abs=0.2)


def test_gain_is_in_decibels_and_what_it_lifts_beyond_the_range_is_cut_off_if_asked():
    louder = transformed(Policy(gain=6.0), clamp=False).abs().amax(1) / TONE.abs().max()
    assert 0.5 < louder.min() < 0.6 and 1.8 < louder.max() < 2.0
    assert transformed(Policy(gain=6.0)).abs().max() == 1


def test_a_piece_in_time_is_silenced():
    noise = torch.randn((1, T), generator=torch.Generator().manual_seed(1))
    made = augment(noise.repeat(64, 1), Policy(time_mask=0.1), torch.Generator().manual_seed(0))
    silent = made == 0
    assert silent.sum(1).max() <= 0.1 * RATE + 1 and 0.4 < silent.sum(1).float().mean() / (0.1 * RATE) < 0.6
    assert silent.int().diff(dim=1).abs().sum(1).max() <= 2  # one piece
    assert len({row.int().argmax().item() for row in silent}) > 30  # at many places


def test_a_band_of_frequencies_is_taken_out_and_no_other():
    noise = torch.randn((1, T), generator=torch.Generator().manual_seed(1))
    made = augment(noise.repeat(32, 1), Policy(frequency_mask=0.2), torch.Generator().manual_seed(0))
    gone = torch.fft.rfft(made).abs() < 1e-3 * torch.fft.rfft(noise).abs()
    share = gone.float().mean(1)
    assert 0 <= share.min() and 0.1 < share.max() <= 0.4  # a fifth of the mel scale is up to two fifths of the band
    edges = gone.int().diff(dim=1).abs().sum(1)
    assert edges.max() <= 2  # one piece


@pytest.mark.parametrize("name", list(POLICIES))
def test_each_clip_has_its_own_draw_from_the_seed_and_gradients_pass(name):
    policy = resolve(name, (T,), RATE)
    assert torch.equal(transformed(policy, 8, seed=1), transformed(policy, 8, seed=1))
    if name != "none":
        made = transformed(policy, 8, seed=1)
        assert not torch.equal(made, transformed(policy, 8, seed=2)) and len(made.unique(dim=0)) == 8
    waves = TONE.repeat(4, 1).requires_grad_()
    augment(waves, policy, torch.Generator().manual_seed(0), clamp=False).square().sum().backward()
    assert torch.isfinite(waves.grad).all() and (waves.grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "none"])
def test_a_chance_of_0_leaves_clips_as_they_are_and_of_1_all_are_changed(name):
    policy = replace(resolve(name, (T,), RATE), gain=0.0)
    still = transformed(policy, 8, chance=torch.tensor(0.0))
    assert torch.allclose(still, TONE.repeat(8, 1), atol=2e-3)  # places are single floats
    changed = transformed(policy, 8, chance=torch.tensor(1.0))
    assert ((changed - TONE).abs().amax(1) > 1e-3).all()


def test_silence_stays_silent_and_finite():
    made = augment(torch.zeros(3, T), resolve("full", (T,), RATE), torch.Generator().manual_seed(0))
    assert not made.any()
