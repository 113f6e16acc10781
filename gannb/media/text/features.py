"""Sentences as rows of numbers, without any network: how often words and pairs of neighbouring words stand in them.

Words are counted by hash, so that there is no vocabulary that would have to be learnt. A sentence begins and ends with
a mark of its own, so that its first and last word make pairs as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from gannb.media.text.tokens import key, tokens, words_key
from gannb.media.text.tokens import of_word as hashes
from gannb.utils.errors import InputError

BUCKETS = 1024  # for words, and as many for pairs: about a hundred times as many as a sentence has
CHANGED = 4  # of so many words one may be another one in a near copy
LEAST_CHANGED = 3  # words of a sentence of which one may
AT_ONCE = 512  # sentences that are compared with all others at once
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
        words = np.array([0, *(hashes(token)[0] for token in tokens(str(text))), 0], np.int64)
        np.add.at(row, words[1:-1] % BUCKETS, 1)
        np.add.at(row, BUCKETS + (words[:-1] * SPREAD + words[1:]) % (2**31 - 1) % BUCKETS, 1)
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


# ---- near copies ----


def near_copies(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Tell which sentences (M,) nearly are one of others (N,): (M,) bool.

    One of four words, or of three, may be left out, added, put in the place of another one or exchanged with the next:
    the order of words counts, and whole sentences do, so that having words or a phrase in common makes no copy. Of
    unseen real sentences of SNIPS 0.7 to 0.9 % come so near to 70 or 175 training sentences, of bags of words none, of
    those of a language model 1.0 and 0.1 %, of chains of word pairs 24 and 11 %.
    """
    made, known = ([tokens(str(text)) for text in checked(part)] for part in (x, train))
    near = np.zeros(len(made), bool)
    for start in range(0, len(made), AT_ONCE):
        part = made[start : start + AT_ONCE]
        for i, j in zip(*_with_words_in_common(part, known), strict=True):
            near[start + i] = near[start + i] or changes(part[i], known[j]) <= _allowed(part[i], known[j])
    return near


def _allowed(a: Sequence[str], b: Sequence[str]) -> int:
    longer = max(len(a), len(b))
    return max(longer // CHANGED, int(longer >= LEAST_CHANGED))


def _with_words_in_common(a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (of a, of b) that have enough words in common, in whatever order, to be near copies.

    A change takes away one common word at the most.
    """
    numbers: dict[tuple[str, int], int] = {}
    of_a, of_b = (_marked(part, numbers) for part in (a, b))
    common = (_table(of_a, len(numbers)) @ _table(of_b, len(numbers)).T).tocoo()
    lengths_a, lengths_b = (np.array([max(1, len(words)) for words in part]) for part in (a, b))
    longer = np.maximum(lengths_a[common.row], lengths_b[common.col])
    enough = common.data >= longer - np.maximum(longer // CHANGED, longer >= LEAST_CHANGED)
    return common.row[enough], common.col[enough]


def _marked(sentences: Sequence[Sequence[str]], numbers: dict[tuple[str, int], int]) -> list[list[int]]:
    """Number words, one that stands there again by itself; new ones are added to `numbers`."""
    found = []
    for words in sentences:
        again: Counter[str] = Counter()
        found.append([])
        for word in words:
            found[-1].append(numbers.setdefault((word, again[word]), len(numbers)))
            again[word] += 1
    return found


def _table(rows: Sequence[Sequence[int]], width: int) -> csr_matrix:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    places = np.fromiter((place for row in rows for place in row), np.int64, starts[-1])
    return csr_matrix((np.ones(len(places), np.int32), places, starts), shape=(len(rows), max(1, width)))


def changes(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the fewest words to leave out, add, replace or exchange with the next that make one sentence of another.

    Damerau 1964; no word is changed twice (optimal string alignment).
    """
    before, last = [], list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            least = min(last[j] + 1, row[-1] + 1, last[j - 1] + (word != other))
            if i > 1 and j > 1 and word == b[j - 2] and a[i - 2] == other:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
