"""The words of a draw by number."""

from __future__ import annotations

import numpy as np

from gannb.media.text.tokens import array
from gannb.media.text.writers.vocabulary import BLANK, END, FIRST, NOTHING, UNKNOWN, Vocabulary


def test_words_come_from_the_sentences_the_most_frequent_first():
    words = Vocabulary.of(array(["b a", "B c", "b!"]))
    assert words.words == ("b", "!", "a", "c") and len(words) == FIRST + 4


def test_sentences_become_numbers_and_come_back():
    words = Vocabulary.of(array(["Play jazz, now", "stop"]))
    numbers = words.encode(array(["play jazz, now", "stop jazzz", "a b c d e f"]), 5)
    assert numbers.shape == (3, 5) and (numbers[1, 2:] == NOTHING).all() and numbers[1, 1] == UNKNOWN
    assert words.decode(numbers[:2]) == ["play jazz, now", "stop"]


def test_nothing_is_read_behind_an_end():
    words = Vocabulary(("a", "b"))
    assert words.decode(np.array([[FIRST, END, FIRST], [BLANK, FIRST + 1, NOTHING]])) == ["a", "b"]
