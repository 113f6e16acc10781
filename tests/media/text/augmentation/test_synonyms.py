"""Synonyms, of meanings that are planted and of nltk's WordNet where it is at hand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gannb.media.text.augmentation import synonyms as module
from gannb.media.text.augmentation.policies import resolve
from gannb.media.text.augmentation.synonyms import synonyms
from gannb.utils.errors import InputError

MEANINGS = {"play": [["play", "perform"], ["Perform", "take_on", "toy"]], "jazz": [["jazz"]], "will": [["testament"]]}


@pytest.fixture
def wordnet(monkeypatch):
    """In the place of nltk's: meanings with the names of what has them."""
    known = {word: [SimpleNamespace(lemma_names=lambda names=names: names) for names in of]
             for word, of in MEANINGS.items()}  # fmt: skip
    synonyms.cache_clear()
    monkeypatch.setattr(module, "wordnet", lambda: SimpleNamespace(synsets=lambda word: known.get(word, [])))
    yield
    synonyms.cache_clear()


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
