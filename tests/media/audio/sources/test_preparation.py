"""What becomes of a clip: its level, its ends, its length, its rate."""

from __future__ import annotations

import numpy as np
import pytest
from clip_sets import RATE, sound
from scipy.signal import resample_poly

from gannb.data.source import BadItem
from gannb.media.audio.sources.preparation import PEAK, faded, loudest, prepared, resampled, trimmed

SOUND = sound(0)


def clip_of(samples: np.ndarray, rate: int = RATE, samples_kept: int = 8000) -> np.ndarray:
    return prepared(samples, rate, RATE, samples_kept)[0]


def test_level_and_direct_current_leave_no_trace():
    plain = clip_of(SOUND)
    assert plain.dtype == np.int16 and plain.shape == (8000,) and np.abs(plain).max() == round(PEAK * 32767)
    for changed in (0.03 * SOUND, SOUND + 0.3, 1.9 * SOUND - 0.5):
        assert np.abs(clip_of(changed).astype(int) - plain).max() <= 1


def test_silence_before_and_after_is_trimmed_and_the_rest_centred():
    plain, late = clip_of(SOUND), clip_of(np.pad(SOUND, (1700, 300)))
    sounding = np.flatnonzero(plain)
    assert abs(sounding[0] - (7999 - sounding[-1])) <= 1 and 2500 < len(sounding) < 4000
    apart = [np.abs(np.roll(late, s).astype(int) - plain).max() for s in range(-120, 121)]
    assert min(apart) < 0.15 * 32767  # the same sound, but for what the trimming's steps leave


def test_quiet_ends_are_trimmed_at_35_db_below_the_loudest_moment():
    tone = np.sin(2 * np.pi * 400 * np.arange(4000) / RATE)
    for below, kept in ((32, 8000), (38, 4000)):
        quiet = 10 ** (-below / 20) * tone
        assert abs(len(trimmed(np.concatenate([quiet[:2000], tone, quiet[:2000]]), RATE)) - kept) <= 200


def test_of_a_long_clip_the_loudest_part_is_kept():
    long = np.concatenate([0.2 * sound(1, 2.0), sound(2, 1.0), 0.3 * sound(3, 3.0)])
    kept = loudest(long, 8000)
    assert kept.base is long and abs((kept.__array_interface__["data"][0] - long.ctypes.data) / 8 - 16000) < 900
    assert loudest(SOUND, 8000) is SOUND


def test_ends_are_faded_over_5_ms():
    found = faded(np.ones(1000), RATE)
    assert found[0] == 0 and found[40] == found[500] == 1 and found[-1] == 0 and 0 < found[20] < 1
    assert (np.diff(found[:40]) > 0).all() and np.isfinite(faded(np.ones(3), RATE)).all()


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 44100, 48000])
def test_another_rate_is_brought_to_that_of_the_study(rate):
    wide = sound(0, rate=rate)
    assert np.allclose(resampled(wide, rate, RATE)[:4000], SOUND[:4000], atol=0.02)
    assert np.abs(clip_of(wide, rate).astype(int) - clip_of(SOUND)).max() < 1200


def test_resampling_is_that_of_scipy_and_none_is_none():
    assert np.array_equal(resampled(SOUND, 8000, 12000), resample_poly(SOUND, 3, 2))
    assert resampled(SOUND, 8000, 8000) is SOUND


@pytest.mark.parametrize("samples", [200, 1, 2])
def test_the_shortest_clips_come_through(samples):
    found = clip_of(np.linspace(-0.5, 0.5, samples), samples_kept=800)
    assert found.shape == (800,) and found.dtype == np.int16


def test_how_much_of_its_power_a_clip_keeps_at_a_rate_is_told_and_nothing_is_refused():
    low, high = (np.sin(2 * np.pi * hertz * np.arange(24000) / 48000) for hertz in (500, 9000))
    assert prepared(low, 48000, RATE, 8000)[1] == pytest.approx(1, abs=0.01)
    assert prepared(low + 2 * high, 48000, RATE, 8000)[1] == pytest.approx(0.2, abs=0.01)
    assert prepared(high, 48000, 24000, 8000)[1] == pytest.approx(1, abs=0.01)
    with pytest.raises(BadItem, match=r"^nothing of it is left at 8,000 samples a second, since .* above 4,000 Hz"):
        prepared(high, 48000, RATE, 8000)
