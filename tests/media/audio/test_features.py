"""Clips as rows of numbers, and what copies look like in them."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import RATE, clips

from gannb.measures.copying import copying_p, flagged, surroundings
from gannb.measures.forms import in_forms
from gannb.media.audio.augmentation.policies import resolve
from gannb.media.audio.features import exact, forms, least_difference, moved, raw
from gannb.media.audio.shifts import as_samples, with_noise
from gannb.utils.errors import InputError

SHAPE = (4096,)


def test_features_are_levels_of_pictures_and_exact_ones_whole_numbers():
    x = clips(n=2).x
    whole, levels = exact(x, RATE), raw(x, RATE)
    assert whole.dtype == np.uint8 and whole.max() == 170 and whole.min() == 0
    assert levels.dtype == np.float32 and np.allclose(levels, whole / 170)
    assert np.array_equal(exact(x[3:4], RATE), whole[3:4])


def test_features_do_not_change_with_the_level_and_hardly_with_faint_noise():
    x, rng = clips(n=4, samples=SHAPE[0]).x, np.random.default_rng(0)
    levels = raw(x, RATE)
    apart = np.linalg.norm(levels[0] - levels[1])  # two of a class
    assert np.linalg.norm(raw(x // 4, RATE) - levels, axis=1).max() < least_difference(SHAPE, RATE)
    noisy = as_samples(with_noise(x.astype(float), 30, rng))
    assert np.linalg.norm(raw(noisy, RATE) - levels, axis=1).max() < 0.3 * apart


@pytest.mark.parametrize("x", [np.zeros((2, 8), np.uint8), np.zeros((2, 8, 8, 1), np.int16), np.zeros(8, np.int16)])
def test_what_is_no_clip_is_refused(x):
    with pytest.raises(InputError, match="are no clips; these are"):
        raw(x, RATE)


# ---- copies ----

CHANGES = {
    "exact": lambda x, rng: x,
    "50 ms later": lambda x, rng: moved(x, 400),
    "50 ms earlier": lambda x, rng: moved(x, -400),
    "6 dB louder, cut off": lambda x, rng: as_samples(2.0 * x),
    "6 dB softer": lambda x, rng: as_samples(0.5 * x),
    "noise at 30 dB": lambda x, rng: as_samples(with_noise(x.astype(float), 30, rng)),
    "all of it": lambda x, rng: as_samples(0.5 * with_noise(moved(x, 333).astype(float), 30, rng)),
}


def p_of(made: np.ndarray, copied: float = 1.0) -> float:
    """The p value of the test for copying: 24 training and 24 held-out clips, `made` of the training ones."""
    both = clips(n=16, samples=SHAPE[0], seed=1)
    in_train = np.arange(len(both)) % 2 == 0
    train, held_out = both.take(in_train), both.take(~in_train)
    x = np.concatenate([train.x, held_out.x])
    extract = lambda items: raw(items, RATE)  # noqa: E731
    real = in_forms(x, extract(x), forms(resolve("full", SHAPE, RATE), SHAPE, RATE), extract, 0)
    return copying_p(surroundings(real, len(train), extract(made)), train, held_out)


def training() -> np.ndarray:
    return clips(n=16, samples=SHAPE[0], seed=1).x[::2]


@pytest.mark.parametrize("change", list(CHANGES))
def test_copies_are_found_exact_shifted_louder_and_with_noise(change):
    assert flagged([p_of(CHANGES[change](training(), np.random.default_rng(0)))], 1.0)


def test_honest_clips_are_not_taken_for_copies():
    assert not flagged([p_of(clips(n=8, samples=SHAPE[0], seed=9).x)], 1.0)


# ---- forms ----


@pytest.mark.parametrize(("rate", "samples", "reach"), [(8000, 8192, 0.1), (48000, 48000, 0.1), (8000, 800, 0.025)])
def test_forms_are_shifts_both_ways_as_far_as_those_of_augmentation(rate, samples, reach):
    x = np.arange(1, samples + 1, dtype=np.int16)[None] % 1000 + 1
    made = [form(x) for form in forms(resolve("none", (samples,), rate), (samples,), rate)]
    silent = sorted(int((each == 0).sum()) * (1 if each[0, 0] == 0 else -1) for each in made)
    assert silent[-1] == -silent[0] == round(reach * rate) and 0 not in silent
    assert np.diff(sorted({0, *silent})).max() <= 0.026 * rate
    assert all(each.shape == x.shape and each.dtype == x.dtype for each in made)


def test_clips_move_later_and_earlier():
    x = clips(n=1).x
    assert np.array_equal(moved(x, 5)[:, 5:], x[:, :-5]) and not moved(x, 5)[:, :5].any()
    assert np.array_equal(moved(x, -5)[:, :-5], x[:, 5:]) and not moved(x, -5)[:, -5:].any()
