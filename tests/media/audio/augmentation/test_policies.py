"""The policies of clips, by name."""

from __future__ import annotations

import pytest
from planted_clips import RATE

from gannb.media.audio.augmentation.policies import Policy, default, resolve, strengthened
from gannb.utils.errors import InputError

T = 4096


def test_policies_by_name():
    assert resolve("auto", (T,), 16000) == resolve(default((T,)), (T,), 16000)
    assert resolve("shift", (T,), 16000).rate == 16000
    with pytest.raises(InputError, match="augmentation: 'flip' is none of auto, none, shift"):
        resolve("flip", (T,), RATE)


def test_a_stronger_policy_has_wider_ranges_and_an_empty_one_stays_empty():
    full = resolve("full", (T,), RATE)
    twice = strengthened(full, 2.0)
    assert (twice.shift, twice.gain, twice.speed) == (2 * full.shift, 2 * full.gain, 2 * full.speed)
    assert twice.frequency_mask == 0.4 and twice.noise == (full.noise[0] / 2, full.noise[1])
    assert strengthened(Policy(), 2.0) == Policy()
