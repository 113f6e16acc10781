"""Rows and columns of log-mel pictures."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.media.audio.logmel import LogMel
from gannb.media.audio.scale import BANDS, Scale, edges_of

RATES = (8000, 11025, 16000, 22050, 44100, 48000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0, 3.0])
def test_a_picture_has_a_row_a_band_and_a_column_about_every_16_ms_at_every_rate(rate, seconds):
    logmel = LogMel(rate, round(seconds * rate))
    height, width = logmel.shape
    assert height == BANDS == len(logmel.frequencies) and width == len(logmel.seconds)
    assert logmel.pictures(np.zeros((1, logmel.samples), np.int16)).shape == (1, height, width)
    assert width >= 16 and (seconds < 0.3 or width == pytest.approx(seconds / 0.016, abs=2))
    assert 40 < logmel.frequencies[0] < logmel.frequencies[-1] < rate / 2
    assert 0 <= logmel.seconds[0] and seconds - 0.017 <= logmel.seconds[-1] < seconds


def test_a_scale_is_that_of_the_pictures():
    scale, logmel = Scale(8000, 4000), LogMel(8000, 4000)
    assert scale.shape == logmel.shape and np.array_equal(scale.frequencies, logmel.frequencies)


def test_bands_are_even_in_mel_from_40_hz_to_half_of_the_rate():
    edges = edges_of(8000)
    assert len(edges) == BANDS + 2 and edges[0] == pytest.approx(40) and edges[-1] == pytest.approx(4000)
    assert np.ptp(np.diff(2595 * np.log10(1 + edges / 700))) < 1e-9
