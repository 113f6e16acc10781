"""Perplexity, its reverse, self-BLEU and shared runs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sentences import sentences

from gannb.generators.interface import Condition, Job
from gannb.generators.registry import make
from gannb.media.text import TEXT
from gannb.media.text.fluency import SHARES, Trigrams, fluency, self_bleu
from gannb.media.text.tokens import tokens


def test_probabilities_of_the_next_word_sum_to_one():
    known = frozenset("abc")
    model = Trigrams([["a", "b"], ["a", "c", "b"]], known)
    for context in (("", ""), ("", "a"), ("a", "c")):
        runs = [[(w,), (context[1], w), (*context, w)] for w in ("a", "b", "c", "\0", "")]
        assert sum(model._chance(run) for run in runs) == pytest.approx(1)


def test_perplexity_is_the_exponential_of_the_mean_surprise():
    model = Trigrams([["a"]], frozenset("a"))
    word = SHARES[3] / 3 + SHARES[0] + SHARES[1] + SHARES[2] / 2  # after the beginning: always a
    end = word
    assert model.perplexity([["a"]]) == pytest.approx(math.exp(-(math.log(word) + math.log(end)) / 2))


def test_what_is_known_of_bags_copies_and_real_sentences_comes_out():
    draw, unseen = sentences(25), sentences(25, seed=7).x
    labels = np.repeat([0, 1, 2], 25)
    bag = make(TEXT, "bag_of_words").fit(draw, Job(1, 0)).sample(Condition(labels), 0)
    one = draw.x[np.zeros(75, int)]
    of = {name: fluency(x, unseen, draw.x) for name, x in {"bag": bag, "one": one, "all": draw.x}.items()}
    assert of["bag"]["perplexity"] > 2 * of["all"]["perplexity"]
    assert of["one"]["reverse_perplexity"] > 2 * of["all"]["reverse_perplexity"]
    assert of["one"]["self_bleu"] == pytest.approx(1) and of["bag"]["self_bleu"] < of["all"]["self_bleu"] < 1
    assert of["all"]["run_share"] == 1 and of["bag"]["run_share"] < 0.8
    assert of["one"]["longest_run"] == len(tokens(str(draw.x[0])))


def test_unseen_real_sentences_are_not_made_likely_by_words_that_are_not_known():
    draw, unseen, others = sentences(8), sentences(40, seed=7).x, sentences(40, seed=9).x
    strange = np.array([f"{text} zyx{i} qua{i}" for i, text in enumerate(others)])
    plain, odd = (fluency(x, unseen, draw.x)["perplexity"] for x in (others, strange))
    assert odd > plain  # two words that nobody knows: not one that all such sentences have in common
    bag = make(TEXT, "bag_of_words").fit(draw, Job(1, 0)).sample(Condition(np.repeat([0, 1, 2], 40)), 0)
    assert fluency(others, unseen, draw.x)["perplexity"] < fluency(bag, unseen, draw.x)["perplexity"]


def test_a_larger_set_of_unseen_sentences_makes_none_of_the_rows_likelier(monkeypatch):
    monkeypatch.setattr("gannb.media.text.fluency.UNSEEN_AT_MOST", 30)
    draw, many = sentences(8), sentences(60, seed=7).x
    whole, half = (fluency(draw.x, many[::n], draw.x)["perplexity"] for n in (1, 2))
    assert abs(np.log(whole / half)) < 0.1


def test_self_bleu_agrees_with_the_definition_on_a_small_case():
    a, b = "the cat sat on the mat".split(), "the cat sat on a mat".split()
    shared = [5 / 6, 3 / 5, 2 / 4, 1 / 3]  # of both, clipped: "the" counts once where the other has it once
    assert self_bleu([a, b]) == pytest.approx(math.exp(np.log(shared).mean()))
    assert math.isnan(self_bleu([a]))
