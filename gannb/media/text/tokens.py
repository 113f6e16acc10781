"""Sentences as words: cut into tokens without any vocabulary, put together again, and as numbers for networks.

A token is a word or a punctuation mark, in small letters. Nothing here is learnt: a vocabulary, where one is needed, is
made by whoever is given training items. Networks see a word as hashes, of itself and of its pieces of 3 to 5 letters.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from gannb.media.text.parameters import MAX_TOKENS, MOST_CHARACTERS

GRAMS = 24  # hashes of pieces that a word has at most; the shortest pieces first
PIECES = (3, 4, 5)  # letters, the blanks at both ends of a word included, as scikit-learn's `char_wb`
WIDTH = 1 + GRAMS  # hashes of a word: its own, then those of its pieces
UNKNOWN = "\0"  # stands for a word that is left out, and is none
DTYPE = np.dtype(f"<U{MOST_CHARACTERS}")

# Scripts that are written without blanks are cut into characters: kana and Chinese
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’][^\W{_UNSPACED}]+)*|[^\w\s]|_")
_JOINER = "\u200d"
_NOT_BEFORE, _NOT_AFTER = frozenset(",.!?;:%)]}…،؟。，！？、"), frozenset("([{#@$")


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a sentence, in small letters.

    Vowel signs belong to the letter before them, as do the parts of one emoji; `don't` is one word.
    """
    return list(_tokens(text))


@lru_cache(maxsize=2**15)
def _tokens(text: str) -> tuple[str, ...]:
    """Return `tokens`, cut once: a study's test sentences are read by every classifier and every measure."""
    return tuple(text[start:end].lower() for start, end in spans(text))


def spans(text: str) -> list[tuple[int, int]]:
    """Return where the tokens of a sentence start and end."""
    found: list[tuple[int, int]] = []
    for match in _PIECE.finditer(text):
        start, end = match.span()
        if found and found[-1][1] == start and _joined(text[found[-1][0] : start], match[0]):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _joined(before: str, piece: str) -> bool:
    """Tell whether a piece goes on with the token right before it."""
    last = before[-1]
    if _is_mark(piece[0]) or last == _JOINER or _is_tone(piece[0]):
        return True
    if _is_mark(last) and before[0].isalpha() and piece[0].isalnum():
        return True  # a word of a script whose vowels are signs
    return _is_flag(piece[0]) and _is_flag(before[0]) and len(before) == 1


def _is_mark(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character) in ("Mn", "Mc", "Me")


def _is_tone(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def written(words: Sequence[str]) -> str:
    """Return tokens as a sentence, as `tokens` would cut it again; at most `MOST_CHARACTERS`, in whole tokens."""
    text = ""
    for word in words:
        longer = text + ("" if not text or _stands_close(text, word) else " ") + word
        if len(longer) > MOST_CHARACTERS:
            break
        text = longer
    return text


def _stands_close(text: str, word: str) -> bool:
    """Tell whether a word follows a text without a blank; never where the two would become one token."""
    close = word[0] in _NOT_BEFORE or text[-1] in _NOT_AFTER or (_unspaced(text[-1]) and _unspaced(word[0]))
    return close and tokens(text[-1] + word)[-1] == word and tokens(text[-1] + word)[0] == text[-1]


def _unspaced(character: str) -> bool:
    return re.match(f"[{_UNSPACED}]", character) is not None


def key(text: str) -> str:
    """Return what is the same for sentences that differ by letter case, blanks and composition of accents alone."""
    return " ".join(tokens(unicodedata.normalize("NFC", text)))


def words_key(text: str) -> str:
    """Return what is the same for sentences that differ by letter case, blanks and punctuation alone; never ""."""
    words = [token for token in tokens(unicodedata.normalize("NFC", text)) if any(c.isalnum() for c in token)]
    return " ".join(words) or key(text)


def array(texts: Sequence[str]) -> np.ndarray:
    """Return sentences as items, (N,) of fixed width."""
    return np.array(list(texts), DTYPE)


# ---- hashes ----


def hashed(texts: np.ndarray, most: int = MAX_TOKENS) -> np.ndarray:
    """Return sentences (N,) as hashes of their words, (N, most, `WIDTH`) int32; 0 where there is no word or piece."""
    number: dict[str, int] = {}  # of each word among those of these sentences, from 1 on; 0 is none
    sentences = [_tokens(text)[:most] for text in texts.tolist()]
    lengths = np.fromiter(map(len, sentences), np.intp, len(sentences))
    rows = np.zeros((len(texts), most), np.intp)
    rows[np.arange(most) < lengths[:, None]] = [
        number.setdefault(w, len(number) + 1) for words in sentences for w in words
    ]
    return np.stack([np.zeros(WIDTH, np.int32), *map(of_word, number)])[rows]


@lru_cache(maxsize=200_000)
def of_word(word: str) -> np.ndarray:
    """Return the hashes of a word and of its pieces, (W,) int32, W being `WIDTH`."""
    numbers = np.zeros(WIDTH, np.int32)
    numbers[0] = _hash(word)
    _WORDS.setdefault(int(numbers[0]), word)
    for place, piece in zip(range(1, WIDTH), _pieces(word), strict=False):
        numbers[place] = _hash(piece)
    numbers.flags.writeable = False
    return numbers


def _pieces(word: str) -> Iterator[str]:
    padded = f" {word} "
    for length in PIECES:
        for start in range(len(padded) - length + 1):
            yield padded[start : start + length]


def _hash(text: str) -> int:
    """A number of 1 .. 2^31 - 1 that is the same on every machine."""
    return (zlib.crc32(text.encode("utf-8", "surrogatepass")) & 0x7FFFFFFF) or 1


UNKNOWN_HASH = _hash(UNKNOWN)
_WORDS: dict[int, str] = {}  # by hash: all whose hashes this process has made, which is where hashes are read again


def word_of(number: int) -> str:
    """Return the word with a hash that this process has made; of two with one hash, the first (1 pair in 2^31)."""
    return _WORDS[number]
