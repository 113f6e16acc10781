"""The forms of a clip in which a copy is still a copy."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import clips

from gannb.media.audio.augmentation import resolve
from gannb.media.audio.forms import forms, moved


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
