"""Generators without a GAN that make sentences: words drawn at random, and chains of pairs of words.

What a classifier of bags of words gains from these, it cannot owe to fluency.
"""

from __future__ import annotations

import numpy as np

from gannb.generators.simple import Copies, Mislabelled, Simple
from gannb.media.text.tokens import array, tokens, written

MOST_TOKENS = 32  # of a chain that finds no end


class BagOfWords(Simple):
    """Words of the class in random order: as many as one of its sentences has, each as likely as it is frequent."""

    name = "bag_of_words"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        sentences = [tokens(str(text)) for text in self._items(k)]
        words = [word for sentence in sentences for word in sentence]
        lengths = rng.choice([len(sentence) for sentence in sentences], m)
        return array([written([words[i] for i in rng.integers(len(words), size=n)]) for n in lengths])


class Bigram(Simple):
    """A chain of words: each is one of those that follow the last one in the sentences of the class."""

    name = "bigram"

    def _make(self, k: int, m: int, rng: np.random.Generator) -> np.ndarray:
        following: dict[str, list[str]] = {}
        for text in self._items(k):
            words = tokens(str(text))
            for before, after in zip(["", *words], [*words, ""], strict=True):
                following.setdefault(before, []).append(after)
        return array([written(self._chain(following, rng)) for _ in range(m)])

    def _chain(self, following: dict[str, list[str]], rng: np.random.Generator) -> list[str]:
        """Words from a sentence's beginning to its end."""
        words = [str(following[""][rng.integers(len(following[""]))])]
        while words[-1] and len(words) <= MOST_TOKENS:
            after = following[words[-1]]
            words.append(after[rng.integers(len(after))])
        return words[:-1]


CONTROLS: dict[str, type[Simple]] = {kind.name: kind for kind in (Copies, Mislabelled, BagOfWords, Bigram)}
