"""Synonyms of English words: WordNet's, where nltk and its corpus are at hand. Nothing is fetched."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from gannb.media.text.parameters import TUNED_NAMES
from gannb.utils.errors import InputError


@lru_cache(maxsize=50_000)
def synonyms(word: str) -> tuple[str, ...]:
    """Return the single words that share a meaning with a word, in WordNet's order; none for stop words, as in EDA."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    if word in ENGLISH_STOP_WORDS or not word.isalpha():
        return ()
    named = [name.lower() for meaning in wordnet().synsets(word) for name in meaning.lemma_names()]
    return tuple(dict.fromkeys(name for name in named if name.isalpha() and name != word))


@lru_cache
def wordnet() -> Any:
    """Return nltk's WordNet. Raises InputError where it is not on this machine."""
    try:
        from nltk.corpus import wordnet as found

        found.ensure_loaded()
    except (ImportError, LookupError):
        raise InputError(
            "augmentation=synonyms needs WordNet, which is not on this machine; `pip install nltk` and once "
            f"`python -m nltk.downloader wordnet`, or use {', '.join(TUNED_NAMES[1:])}."
        ) from None
    return found
