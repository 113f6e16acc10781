"""Sentences as counts of words and pairs, and which of them are the same."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.media.text.features import BUCKETS, counts, identical, word_pairs
from gannb.media.text.tokens import array
from gannb.utils.errors import InputError


def test_counts_are_of_words_and_of_pairs_with_both_ends():
    found = counts(array(["play jazz", "PLAY  jazz", "jazz play"]))
    assert found.dtype == np.uint8 and found.shape == (3, 2 * BUCKETS)
    assert (found[0] == found[1]).all() and (found[0, :BUCKETS] == found[2, :BUCKETS]).all()
    assert found[0, :BUCKETS].sum() == 2 and found[0, BUCKETS:].sum() == 3  # two words, and three pairs with the ends
    assert (found[0] != found[2]).any()


def test_sentences_that_share_nothing_are_as_far_apart_as_can_be():
    a = word_pairs(array(["play some jazz now", "play some blues now", "will it rain"]))
    assert np.allclose(np.linalg.norm(a, axis=1), 1)
    assert np.linalg.norm(a[0] - a[1]) < 1 < np.linalg.norm(a[0] - a[2]) <= np.sqrt(2) + 1e-6


def test_identical_is_but_for_case_and_near_but_for_punctuation():
    exact, near = identical(array(["Play JAZZ", "play, jazz!", "jazz play"]), array(["play  jazz"]))
    assert exact.tolist() == [True, False, False] and near.tolist() == [True, True, False]


def test_what_is_no_sentence_is_refused():
    with pytest.raises(InputError, match="are no sentences"):
        counts(np.zeros((2, 8, 8, 1), np.uint8))
