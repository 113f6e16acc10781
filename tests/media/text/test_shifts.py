"""Sentences changed: much, as others might write them, or so little that copies stay copies."""

from __future__ import annotations

import numpy as np
import pytest
from sentences import sentences

from gannb.media.text.features import word_pairs
from gannb.media.text.shifts import SHIFTS, altered, shifted
from gannb.media.text.tokens import tokens


@pytest.mark.parametrize("kind", SHIFTS)
def test_a_shift_follows_the_seed_and_changes_some_sentences(kind):
    x = sentences(20).x
    once, again, other = (shifted(x, kind, seed) for seed in (0, 0, 1))
    assert (once == again).all() and once.dtype == x.dtype and all(tokens(str(text)) for text in once)
    lowered = np.char.lower(x)
    assert 0.1 < np.mean(once != lowered) and ((once != other).any() or kind == "no punctuation")


def test_altered_copies_are_nearer_to_their_own_than_to_any_other():
    x = sentences(20).x
    changed = altered(x, 3)
    away = np.linalg.norm(word_pairs(changed)[:, None] - word_pairs(x)[None], axis=2)
    own = away[np.arange(len(x)), np.arange(len(x))]
    assert np.mean(own <= away.min(1) + 1e-6) > 0.9 and (own > 0).mean() > 0.9
