"""Log-mel pictures of sounds: what they show at every rate, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_clips import RATE, clips, tone
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from gannb.media.audio.logmel import FLOOR, FULL, LogMel, LogMelLayer
from gannb.media.audio.scale import BANDS

RATES = (8000, 11025, 16000, 22050, 44100, 48000)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_in_the_middle_of_a_band_is_brightest_there_in_the_lowest_bands_too(rate):
    """Of shorter transforms some of the low bands would be empty, and a tone in them not seen at all."""
    logmel = LogMel(rate, rate)
    for band in (0, 1, 2, 3, 5, 10, 40, BANDS - 2):
        [picture] = logmel.pictures(tone(logmel.frequencies[band], rate, rate)[None])
        assert picture.max() == 255 and abs(int(picture.max(axis=1).argmax()) - band) <= (1 if band < 3 else 0)


@pytest.mark.parametrize("rate", [2000, 3000, 4000, 6000, *RATES])
def test_no_band_is_empty(rate):
    noise = np.random.default_rng(0).integers(-9000, 9000, (1, rate)).astype(np.int16)
    assert LogMel(rate, rate).pictures(noise)[0, :, 10:-10].min() > 0


def test_two_sounds_of_a_rate_and_its_double_look_alike():
    low, high = (LogMel(rate, rate).pictures(tone(700, rate, rate)[None])[0].astype(float) for rate in (8000, 16000))
    rows = [LogMel(rate, rate).frequencies[p.max(axis=1).argmax()] for rate, p in ((8000, low), (16000, high))]
    assert rows == pytest.approx([700, 700], rel=0.05)
    assert np.abs(low.max(axis=0) - high.max(axis=0)).mean() < 10  # of 255, over time


def test_the_power_under_the_bands_is_that_of_scipys_transform():
    x, logmel = clips(n=1).x[:1], LogMel(RATE, 2048)
    mine = logmel._spectra(torch.from_numpy(x / np.float32(FULL)))[0].numpy()
    window = np.pad(hann(logmel.window, sym=False), (logmel.frame - logmel.window) // 2)
    theirs = ShortTimeFFT(window, logmel.hop, RATE, phase_shift=None).stft(x[0] / FULL, p0=0, p1=mine.shape[1])
    assert np.allclose(mine, np.abs(theirs) ** 2, atol=1e-3)


def test_levels_are_decibels_below_the_clips_maximum():
    logmel, both = LogMel(RATE, 8192), np.zeros((1, 8192), np.int16)
    both[0, :4096], both[0, 4096:] = tone(500), tone(500) // 10  # 20 dB softer
    [picture] = logmel.pictures(both)
    loud, soft = picture[:, :28].max(), picture[:, 36:].max()
    assert loud == 255 and (int(loud) - soft) / 255 * FLOOR == pytest.approx(20, abs=0.5)
    assert np.array_equal(logmel.pictures(both // 2)[0].max(axis=1) > 0, picture.max(axis=1) > 0)


def test_a_picture_does_not_change_with_the_level_nor_with_what_is_beside_it():
    x, logmel = clips().x, LogMel(RATE, 2048)
    pictures = logmel.pictures(x)
    assert np.abs(logmel.pictures(x // 4).astype(int) - pictures).max() <= 12  # rounding to 16 bits
    assert np.array_equal(logmel.pictures(x[[5, 2]]), pictures[[5, 2]])


def test_silence_is_black_and_black_is_silence():
    logmel = LogMel(RATE, 2048)
    assert not logmel.pictures(np.zeros((2, 2048), np.int16)).any()
    assert not logmel.sounds(np.zeros((2, *logmel.shape), np.uint8)).any()
    assert logmel.pictures(np.zeros((0, 2048), np.int16)).shape == (0, *logmel.shape)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_a_sound_made_of_a_picture_has_that_picture(rate):
    x = clips(n=2, rate=rate, samples=rate // 2).x
    logmel = LogMel(rate, rate // 2)
    pictures = logmel.pictures(x)
    made = logmel.sounds(pictures)
    assert made.dtype == np.int16 and made.shape == x.shape
    assert np.abs(made).max(axis=1) == pytest.approx(0.9 * FULL, abs=2)
    again = logmel.pictures(made).astype(float)
    assert np.abs(again - pictures).mean() / 255 * FLOOR < 1.5  # dB


def test_what_is_on_the_floor_is_exactly_silent_and_no_faint_noise():
    logmel = LogMel(RATE, 8192)
    half = np.zeros((1, 8192), np.int16)
    half[0, 4096:] = clips(n=1, samples=4096).x[0]
    [made] = logmel.sounds(logmel.pictures(half))
    assert np.abs(made[:3000]).max() <= 3 and np.abs(made[4096:]).max() > 20000


def test_sounds_depend_on_the_picture_and_the_seed_alone():
    logmel = LogMel(RATE, 2048)
    pictures = logmel.pictures(clips().x)
    made = logmel.sounds(pictures, seed=3)
    assert np.array_equal(logmel.sounds(pictures[[4, 1]], seed=3), made[[4, 1]])
    assert not np.array_equal(logmel.sounds(pictures[:1], seed=4), made[:1])


def test_the_layer_shows_networks_the_same_picture_and_lets_gradients_through():
    x = clips(n=1).x
    waves = torch.from_numpy(x / np.float32(FULL)).requires_grad_()
    shown = LogMelLayer(RATE, 2048)(waves)
    expected = LogMel(RATE, 2048).pictures(x)[:, None]
    assert np.abs((shown.detach().numpy() + 1) / 2 * 255 - expected).max() <= 0.51
    shown.square().sum().backward()
    assert torch.isfinite(waves.grad).all() and waves.grad.abs().sum() > 0


def test_gradients_of_silence_are_finite():
    waves = torch.zeros(1, 2048, requires_grad=True)
    LogMelLayer(RATE, 2048)(waves).sum().backward()
    assert torch.isfinite(waves.grad).all()
