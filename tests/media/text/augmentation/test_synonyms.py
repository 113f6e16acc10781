"""Synonyms, of meanings that are planted and of nltk's WordNet where it is at hand."""

from __future__ import annotations

import pytest

from gannb.media.text.augmentation.policies import resolve
from gannb.media.text.augmentation.synonyms import synonyms
from gannb.utils.errors import InputError


def test_synonyms_are_other_single_words_and_stop_words_have_none(wordnet):
    assert synonyms("play") == ("perform", "toy") and synonyms("jazz") == synonyms("unheard") == synonyms("24") == ()
    assert synonyms("will") == ()


def test_nltk_s_own_wordnet():
    pytest.importorskip("nltk")
    try:
        resolve("synonyms")
    except InputError:
        pytest.skip("WordNet is not on this machine")
    synonyms.cache_clear()
    assert "perform" in synonyms("play")
