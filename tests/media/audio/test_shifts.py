"""Clips from another source, lightly altered copies, and mixtures."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import RATE, clips, tone

from gannb.media.audio.shifts import SHIFTS, altered, blend, shifted


def power(x: np.ndarray, low: float, high: float, rate: int = RATE) -> np.ndarray:
    """Power of clips (N, T) between two frequencies (Hz), (N,)."""
    spectrum, hertz = np.abs(np.fft.rfft(x)) ** 2, np.fft.rfftfreq(x.shape[1], 1 / rate)
    return spectrum[:, (hertz >= low) & (hertz < high)].sum(axis=1)


@pytest.mark.parametrize("kind", list(SHIFTS))
@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_shifted_clips_are_other_clips_of_the_same_kind(kind, rate):
    x = clips(n=2, rate=rate).x
    made = shifted(x, kind, 0, rate)
    assert made.shape == x.shape and made.dtype == x.dtype and not np.array_equal(made, x)
    assert np.array_equal(made, shifted(x, kind, 0, rate))
    assert shifted(x[:0], kind, 0, rate).shape == (0, x.shape[1])


def test_each_way_does_what_it_says():
    x = clips(n=2).x
    softer = shifted(x, "level", 0, RATE)
    assert np.abs(softer).max() == pytest.approx(np.abs(x).max() / 10, abs=1)
    noise = shifted(x, "noise", 0, RATE).astype(float) - x
    loud = [row[np.abs(row) > 0.1 * np.abs(row).max()].astype(float) for row in x]
    below = [10 * np.log10((a**2).mean() / (b**2).mean()) for a, b in zip(loud, noise, strict=True)]
    assert below == pytest.approx([15] * len(x), abs=0.5)
    high, low = tone(3500)[None], tone(150)[None]
    assert power(shifted(high, "resampled", 0, RATE), 0, 4000) < 0.01 * power(high, 0, 4000)
    assert power(shifted(low, "resampled", 0, RATE), 0, 4000) == pytest.approx(power(low, 0, 4000), rel=0.05)
    for rate, hertz, kept in ((8000, 150, 0.1), (8000, 1000, 1), (16000, 6000, 0.01), (16000, 1000, 1)):
        x = tone(hertz, rate)[None]
        part = power(shifted(x, "telephone", 0, rate), 0, rate / 2, rate) / power(x, 0, rate / 2, rate)
        assert part < kept if kept < 1 else part == pytest.approx(1, rel=0.1)


def test_altered_copies_are_later_louder_and_noisy_by_turns():
    x = clips(n=2).x
    made = altered(x, 0, RATE)
    for waves, by in ((x, 400), (x[:, :800], 200)):  # 50 ms, but no more than a quarter of a clip
        assert np.array_equal(altered(waves, 0, RATE)[0, by:], waves[0, :-by])
    assert np.array_equal(made[1], np.clip(np.rint(x[1] * 10**0.3), -32767, 32767))
    assert 0 < np.abs(made[2].astype(int) - x[2]).max() < 4000
    assert np.array_equal(made, altered(x, 0, RATE)) and made.dtype == np.int16


def test_a_mixture_lies_between_two_clips_and_is_as_loud_as_they_are():
    x = clips(n=2).x
    a, b, share = x[:3], x[3:], np.array([1.0, 0.0, 0.5])
    made = blend(a, b, share)
    assert np.array_equal(made[0], a[0]) and np.array_equal(made[1], b[1])
    sum_of = (a[2].astype(float) + b[2]) / 2
    assert np.corrcoef(made[2], sum_of)[0, 1] > 0.9999
    assert np.abs(made).max(axis=1) == pytest.approx(np.abs(x[:3]).max(axis=1), abs=2)


def test_a_mixture_with_silence_or_with_its_own_opposite_is_finite():
    x, zeros = clips(n=1).x[:1], np.zeros((1, 2048), np.int16)
    assert not blend(zeros, zeros, np.array([0.3])).any()
    assert np.abs(blend(x, zeros, np.array([0.5]))).max() == pytest.approx(np.abs(x).max() / 2, abs=1)
    assert not blend(x, -x, np.array([0.5])).any()
