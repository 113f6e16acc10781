"""Sentences as words: cut, put together again, hashed."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.media.text.tokens import WIDTH, array, hashed, key, of_word, tokens, words_key, written

SENTENCES = [
    "Don't play  it again, Sam!",
    "add Live from Aragon Ballroom to “Trapeo”…",
    "Réserve 2 tables à 19:30 (près d'ici)",
    "שלום, עולם!",
    "مرحبا بالعالم؟",
    "नमस्ते दुनिया",
    "音楽をかけて。",
    "ok 👩‍👩‍👧 👍🏽 🇫🇷🇩🇪 ❤️",
    "a_b <b>bold</b> &amp; x=1",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_what_is_put_together_is_cut_into_the_same_tokens(text):
    assert tokens(written(tokens(text))) == tokens(text)


@pytest.mark.parametrize("text", SENTENCES)
def test_no_letter_is_lost(text):
    assert "".join(tokens(text)) == "".join(text.lower().split())


def test_words_of_several_signs_and_emoji_of_several_characters_are_one_token():
    assert tokens("नमस्ते दुनिया") == ["नमस्ते", "दुनिया"]
    assert tokens("ok 👩‍👩‍👧👍🏽 🇫🇷🇩🇪") == ["ok", "👩‍👩‍👧", "👍🏽", "🇫🇷", "🇩🇪"]
    assert tokens("don't stop-it") == ["don't", "stop", "-", "it"]
    assert tokens("音楽を") == ["音", "楽", "を"]


def test_case_and_blanks_make_no_other_sentence_and_punctuation_no_other_words():
    assert key("Play  JAZZ now") == key(" play jazz\tnow ")
    assert key("play jazz!") != key("play jazz")
    assert words_key("Play jazz!") == words_key("play, jazz")
    assert words_key("?!") == "? !"


def test_a_long_sentence_ends_with_a_whole_token():
    assert written(["word"] * 200).endswith("word") and len(written(["word"] * 200)) <= 320


def test_hashes_are_of_words_and_their_pieces_and_the_same_everywhere():
    numbers = hashed(array(["play jazz", "jazz", ""]), 4)
    assert numbers.shape == (3, 4, WIDTH) and numbers.dtype == np.int32
    assert (numbers[0, 1] == numbers[1, 0]).all() and not numbers[2].any() and not numbers[0, 2:].any()
    assert of_word("jazz")[0] == 1506435122  # CRC-32, without its highest bit
    assert (of_word("a")[2:] == 0).all()  # " a " is its one piece
