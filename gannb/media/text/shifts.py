"""Sentences changed: as other people might write them, and so little that a copy is still a copy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gannb.media.text.features import checked
from gannb.media.text.tokens import array, tokens, written

TYPING = 0.2  # share of the words with a typing error
DROPPED = 0.2  # share of the words that are left out
LEAST_LETTERS = 3  # of a word in which an error is made

Words = list[str]


def _typing(words: Words, rng: np.random.Generator) -> Words:
    """Two neighbouring letters change places in some of the words."""
    return [_mistyped(word, rng) if rng.random() < TYPING and len(word) >= LEAST_LETTERS else word for word in words]


def _mistyped(word: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(words: Words, rng: np.random.Generator) -> Words:
    kept = [word for word in words if rng.random() >= DROPPED]
    return kept or words[:1]


def _bare(words: Words, rng: np.random.Generator) -> Words:
    return [word for word in words if any(c.isalnum() for c in word)] or words


SHIFTS: dict[str, tuple[str, Callable[[Words, np.random.Generator], Words]]] = {
    "typing errors": (f"two letters exchanged in {TYPING:.0%} of the words", _typing),
    "words left out": (f"{DROPPED:.0%} of the words left out", _dropped),
    "no punctuation": ("without punctuation", _bare),
}


def shifted(x: np.ndarray, kind: str, seed: int) -> np.ndarray:
    """Sentences (N,) changed in one of the ways of `SHIFTS`; equal seeds, equal results."""
    rng, change = np.random.default_rng(seed), SHIFTS[kind][1]
    return array([written(change(tokens(str(text)), rng)) for text in checked(x)])


def altered(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Lightly altered copies (N,): two neighbouring words exchanged, one left out, or one said twice, by turns."""
    rng = np.random.default_rng(seed)
    return array([written(_lightly(tokens(str(text)), i % 3, rng)) for i, text in enumerate(checked(x))])


def _lightly(words: Words, way: int, rng: np.random.Generator) -> Words:
    if len(words) < 2:
        return words
    at = int(rng.integers(len(words) - 1))
    if way == 0:
        return [*words[:at], words[at + 1], words[at], *words[at + 2 :]]
    return words[:at] + words[at + 1 :] if way == 1 else [*words[: at + 1], *words[at:]]
