"""Copies of clips: the same samples, and the same recording in another form."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from clip_sets import RATE, sound

from gannb.media.audio.duplicates import among, copies_of, correlation, near_pairs
from gannb.media.audio.sources.preparation import prepared, resampled

SOUNDS = [sound(i) for i in range(12)]


def items(sounds, rate: int = RATE) -> np.ndarray:
    return np.stack([prepared(each, rate, RATE, 4000)[0] for each in sounds])


X = items(SOUNDS)


def coded(sound: np.ndarray, **options: str) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, **options)
    file.seek(0)
    return soundfile.read(file)[0]


def noisy(sound: np.ndarray) -> np.ndarray:
    loud = np.sqrt(np.mean(sound**2))
    return sound + np.random.default_rng(0).normal(0, loud * 10 ** (-30 / 20), len(sound))


FORMS = {
    "softer": lambda s: 0.2 * s,
    "upside down": lambda s: -s,
    "8 bits": lambda s: np.round(s * 127) / 128,
    "50 ms later": lambda s: np.pad(s, (400, 0)),
    "noise at 30 dB": noisy,
    "MP3": lambda s: coded(s, format="MP3"),
    "Vorbis": lambda s: coded(s, format="OGG"),
    "Opus": lambda s: coded(s, format="OGG", subtype="OPUS"),
    "resampled and back": lambda s: resampled(resampled(s, 8000, 11025), 11025, 8000),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_the_same_recording_in_another_form_is_a_near_duplicate(form):
    changed = items(map(form, SOUNDS[:6]))
    exact, near = among(changed, X)
    assert near.all() and (form is FORMS["softer"] or not exact.all())
    pairs, distances = near_pairs(np.concatenate([X, changed]))
    assert pairs.tolist() == [[i, 12 + i] for i in range(6)] and (distances <= 0.05).all()


def test_identical_clips_are_exact_and_others_neither():
    exact, near = among(X[[3, 0]], X[:2])
    assert exact.tolist() == near.tolist() == [False, True]
    assert copies_of(X[:6], X[6:]).tolist() == [False] * 6 and len(near_pairs(X)[0]) == 0


@pytest.mark.parametrize(("n", "others"), [(0, 3), (3, 0), (1, 1)])
def test_sets_of_none_and_of_one_come_through(n, others):
    exact, near = among(X[:n], X[6 : 6 + others])
    assert exact.shape == near.shape == (n,) and not near.any()
    assert near_pairs(X[:n])[0].shape == (0, 2)


def test_silence_is_like_nothing():
    silent = np.zeros((2, 4000), np.int16)
    assert correlation(silent, X[:2]).tolist() == [0, 0] and not among(silent, X)[1].any()


def test_the_correlation_is_the_largest_over_all_shifts():
    one = np.zeros((1, 100), np.int16)
    one[0, 10:20] = [5, -3, 8, 2, -9, 4, 4, -1, 7, 3]
    assert correlation(one, np.roll(one, 70, axis=1))[0] == pytest.approx(1, abs=1e-5)
    assert correlation(one, -one)[0] == pytest.approx(1, abs=1e-5)
    rng = np.random.default_rng(0).integers(-99, 99, (2, 1, 64)).astype(np.int16)
    full = np.abs(np.correlate(rng[0, 0].astype(float), rng[1, 0].astype(float), "full")).max()
    norms = np.linalg.norm(rng[0].astype(float)) * np.linalg.norm(rng[1].astype(float))
    assert correlation(*rng)[0] == pytest.approx(full / norms, abs=1e-5)
