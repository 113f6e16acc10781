"""Sentences as rows of numbers, without any network: how often words and pairs of neighbouring words stand in them.

Words are counted by hash, so that there is no vocabulary that would have to be learnt. A sentence begins and ends with
a mark of its own, so that its first and last word make pairs as well.
"""

from __future__ import annotations

import numpy as np

from gannb.media.text.tokens import key, tokens, words_key
from gannb.media.text.tokens import of_word as hashes
from gannb.utils.errors import InputError

BUCKETS = 1024  # for words, and as many for pairs: about a hundred times as many as a sentence has
SPREAD = 0x9E3779B1  # Knuth's multiplier: two hashes become one


def checked(x: np.ndarray) -> np.ndarray:
    """Return sentences (N,) as they are. Raises InputError where they are none."""
    if x.dtype.kind != "U" or x.ndim != 1:
        raise InputError(f"Items of shape {x.shape} and type {x.dtype} are no sentences; these are (N,) of text.")
    return x


def counts(x: np.ndarray) -> np.ndarray:
    """Count words and pairs of neighbours: sentences (N,) -> (N, 2 `BUCKETS`) uint8, by letter case alike."""
    found = np.zeros((len(checked(x)), 2 * BUCKETS), np.uint8)
    for row, text in zip(found, x, strict=True):
        words = [int(hashes(token)[0]) for token in tokens(str(text))]
        for word in words:
            row[word % BUCKETS] += 1
        for before, after in zip([0, *words], [*words, 0], strict=True):
            row[BUCKETS + (before * SPREAD + after) % (2**31 - 1) % BUCKETS] += 1
    return found


def word_pairs(x: np.ndarray) -> np.ndarray:
    """Sentences (N,) -> (N, 2 `BUCKETS`) float32 of length 1: two that share no word or pair are sqrt(2) apart."""
    found = np.sqrt(counts(x).astype(np.float32))
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)


def identical(x: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which sentences (N,) stand among others, but for case and blanks; and which but for punctuation, too."""
    exact, near = ({form(str(text)) for text in others} for form in (key, words_key))
    return (
        np.fromiter((key(str(text)) in exact for text in x), bool, len(x)),
        np.fromiter((words_key(str(text)) in near for text in x), bool, len(x)),
    )
