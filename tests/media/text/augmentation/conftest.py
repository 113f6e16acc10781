"""A small stand-in for WordNet."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gannb.media.text.augmentation import synonyms as module
from gannb.media.text.augmentation.synonyms import synonyms

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
