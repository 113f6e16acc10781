"""The words of a draw by number: all that a generator of sentences knows of language before it is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from gannb.media.text.tokens import tokens, written

NOTHING, UNKNOWN, END, BLANK = range(4)  # numbers of no word: beyond the end, not in the draw, the end, to be filled
FIRST = 4  # of the words


class Vocabulary:
    """Words by number, from `FIRST` on, the most frequent first."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.numbers = {word: FIRST + i for i, word in enumerate(self.words)}

    @classmethod
    def of(cls, x: np.ndarray) -> Vocabulary:
        """Return the vocabulary of sentences (N,): all of their words."""
        often = Counter(token for text in x for token in tokens(str(text)))
        return cls(sorted(often, key=lambda word: (-often[word], word)))

    def __len__(self) -> int:
        return FIRST + len(self.words)

    def encode(self, x: np.ndarray, most: int) -> np.ndarray:
        """Sentences (N,) -> numbers of their words (N, most) int64, `NOTHING` behind the last one."""
        numbers = np.full((len(x), most), NOTHING, np.int64)
        for row, text in zip(numbers, x, strict=True):
            words = [self.numbers.get(token, UNKNOWN) for token in tokens(str(text))[:most]]
            row[: len(words)] = words
        return numbers

    def decode(self, numbers: np.ndarray) -> list[str]:
        """Numbers (N, T) -> sentences; what is no word is passed over, and nothing is read behind an end."""
        return [written([self.words[i - FIRST] for i in _until_end(row) if i >= FIRST]) for row in numbers]


def _until_end(row: np.ndarray) -> list[int]:
    ends = np.flatnonzero(row == END)
    return row[: ends[0] if len(ends) else len(row)].tolist()
