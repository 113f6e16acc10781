"""Generators of sentences without any training."""

from __future__ import annotations

import numpy as np
import pytest
from sentences import sentences

from gannb.generators.interface import Condition, Job
from gannb.generators.registry import load, make
from gannb.media.text import TEXT
from gannb.media.text.controls import CONTROLS
from gannb.media.text.tokens import tokens

LABELS = np.repeat([0, 1, 2], 30)


def made(name: str, seed: int = 0) -> np.ndarray:
    return make(TEXT, name).fit(sentences(12), Job(1, 0)).sample(Condition(LABELS), seed)


@pytest.mark.parametrize("name", CONTROLS)
def test_it_makes_sentences_by_the_seed_and_is_read_again(tmp_path, name):
    generator = make(TEXT, name).fit(sentences(12), Job(1, 0))
    generator.save(tmp_path)
    x = generator.sample(Condition(LABELS), 1)
    assert x.dtype == TEXT.dtype and all(map(str.strip, map(str, x)))
    assert (load(tmp_path, TEXT).sample(Condition(LABELS), 1) == x).all() and (x != made(name, 2)).any()


@pytest.mark.parametrize("name", ["bag_of_words", "bigram"])
def test_words_are_those_of_the_class_and_pairs_too_in_a_chain(name):
    draw, x = sentences(12), made(name)
    for k in range(3):
        words = {w for text in draw.x[draw.y == k] for w in tokens(str(text))}
        pairs = {p for text in draw.x[draw.y == k] for p in zip(tokens(str(text)), tokens(str(text))[1:], strict=False)}
        for text in x[LABELS == k]:
            assert set(tokens(str(text))) <= words
            if name == "bigram":
                assert set(zip(tokens(str(text)), tokens(str(text))[1:], strict=False)) <= pairs


def test_a_bag_of_words_keeps_lengths_and_no_order():
    draw, x = sentences(12), made("bag_of_words")
    lengths = {len(tokens(str(text))) for text in draw.x}
    assert {len(tokens(str(text))) for text in x} <= lengths and not set(x) & set(np.char.lower(draw.x))
