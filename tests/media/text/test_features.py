"""Sentences as counts of words and pairs, and which of them are the same."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.data.examples import Examples
from gannb.generators.interface import Condition, Job
from gannb.measures.copying import NearCopies
from gannb.media.text import TEXT
from gannb.media.text.features import BUCKETS, changes, counts, identical, near_copies, word_pairs
from gannb.media.text.tokens import array, tokens, written
from gannb.utils.errors import InputError


def test_counts_are_of_words_and_of_pairs_with_both_ends():
    found = counts(array(["play jazz", "PLAY  jazz", "jazz play"]))
    assert found.dtype == np.uint8 and found.shape == (3, 2 * BUCKETS)
    assert (found[0] == found[1]).all() and (found[0, :BUCKETS] == found[2, :BUCKETS]).all()
    assert found[0, :BUCKETS].sum() == 2 and found[0, BUCKETS:].sum() == 3  # two words, and three pairs with the ends
    assert (found[0] != found[2]).any()


def test_sentences_that_share_nothing_are_as_far_apart_as_can_be():
    a = word_pairs(array(["play some jazz now", "play some blues now", "will it rain"]))
    assert np.allclose(np.linalg.norm(a, axis=1), 1)
    assert np.linalg.norm(a[0] - a[1]) < 1 < np.linalg.norm(a[0] - a[2]) <= np.sqrt(2) + 1e-6


def test_identical_is_but_for_case_and_near_but_for_punctuation():
    exact, near = identical(array(["Play JAZZ", "play, jazz!", "jazz play"]), array(["play  jazz"]))
    assert exact.tolist() == [True, False, False] and near.tolist() == [True, True, False]


def test_what_is_no_sentence_is_refused():
    with pytest.raises(InputError, match="are no sentences"):
        counts(np.zeros((2, 8, 8, 1), np.uint8))


# ---- near copies ----
TRAIN = array(["will it rain in paris on monday", "play some jazz", "hi"])


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("will it rain in paris on monday", True),
        ("WILL it rain, in Paris on Monday", True),  # a comma is one more
        ("will it rain in london on monday", True),  # another word
        ("will it in rain paris on monday", True),  # two exchanged
        ("will rain in paris on monday", True),  # one left out
        ("will it rain in paris on on monday", True),  # one said twice
        ("will it snow in london on monday", False),  # two others of seven
        ("monday on paris in rain it will", False),  # the same words
        ("will it rain", False),  # a phrase of it
        ("play some rock", True),  # one of three
        ("play jazz", True),
        ("ho", False),  # of a single word there is none
        ("play", False),
    ],
)
def test_a_near_copy_has_all_but_a_quarter_of_the_words_in_their_order(text, near):
    assert near_copies(array([text]), TRAIN).tolist() == [near]


def test_changes_are_counted_word_by_word():
    pairs = {("a b c", "a b c"): 0, ("a b c", "b a c"): 1, ("a b c", "a x c d"): 2, ("", "a b"): 2, ("a b c d", "d"): 3}
    assert {pair: changes(*(part.split() for part in pair)) for pair in pairs} == pairs
    assert all(changes(b.split(), a.split()) == number for (a, b), number in pairs.items())


def test_none_is_overlooked_among_many():
    """However many words two sentences share, and in whatever order they are looked through."""
    rng = np.random.default_rng(0)
    a, b = (array([" ".join(rng.choice(list("abcde"), rng.integers(1, 7))) for _ in range(n)]) for n in (700, 40))
    words_a, words_b = ([tokens(str(text)) for text in part] for part in (a, b))
    longest = [[max(len(p), len(q)) for q in words_b] for p in words_a]
    allowed = np.maximum(np.array(longest) // 4, np.array(longest) >= 3)
    expected = (np.array([[changes(p, q) for q in words_b] for p in words_a]) <= allowed).any(1)
    assert np.array_equal(near_copies(a, b), expected) and 0 < expected.mean() < 1


PLACES = ("paris london rome oslo madrid lima cairo delhi tokyo quito perth turin basel porto leeds bergen".split(),
          "monday tuesday friday sunday today tomorrow tonight noon".split(),
          "rain snow hail storm freeze thunder drizzle clear".split(),
          "please tell me|i do wonder|can you say|let me know|do you know|let us hear".split("|"))  # fmt: skip


def sentences(n: int, seed: int) -> np.ndarray:
    """Sentences of one kind with a rare word in each, as people write them: (n,)."""
    rng = np.random.default_rng(seed)
    towns, days, weathers, starts = PLACES

    def one() -> str:
        rare = "".join(rng.choice(list("bcdfgklmnprst"), 5))
        tail = f"in {rng.choice(towns)} near {rare} {rng.choice(days)} at {rng.integers(24)}"
        return f"{rng.choice(starts)} whether it will {rng.choice(weathers)} {tail}"

    return array([one() for _ in range(n)])


def p_of(made: np.ndarray, train: np.ndarray, unseen: np.ndarray) -> float:
    return NearCopies(near_copies(made, train), near_copies(unseen, train)).p()


def examples(x: np.ndarray) -> Examples:
    return Examples(x, np.zeros(len(x), int), ("weather",), np.arange(len(x)).astype(str), np.arange(len(x)))


def recombined(train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fluent sentences, of which each word stands at this place in some training sentence."""
    words = np.array([tokens(str(text)) for text in train])
    return array([written([words[rng.integers(len(words)), at] for at in range(words.shape[1])]) for _ in range(200)])


def changed(train: np.ndarray, way: str, rng: np.random.Generator) -> np.ndarray:
    def one(words: list[str]) -> list[str]:
        at = int(rng.integers(len(words) - 1))
        if way == "one other word":
            return [*words[:at], "elsewhere", *words[at + 1 :]]
        return [*words[:at], words[at + 1], words[at], *words[at + 2 :]] if way == "two exchanged" else words

    return array([written(one(tokens(str(text)))) for text in train])


def of_words(train: np.ndarray, seed: int) -> np.ndarray:
    """Bags of the words of the training set."""
    of = TEXT.controls["bag_of_words"](TEXT).fit(examples(train), Job(0, seed))
    return of.sample(Condition(np.zeros(200, int)), seed)


HONEST = {
    "bags": of_words,
    "recombined": lambda train, seed: recombined(train, np.random.default_rng(seed)),
    "unseen": lambda train, seed: sentences(200, 200 + seed),
}


@pytest.mark.parametrize("make", HONEST.values(), ids=HONEST)
def test_who_shares_rare_words_with_the_training_set_is_honest(make):
    """Of ten sets two are flagged at the most; by distances of word pairs most of them would be."""
    trials = [(sentences(30, seed), sentences(120, 100 + seed), seed) for seed in range(10)]
    assert sum(p_of(make(train, seed), train, unseen) <= 0.05 for train, unseen, seed in trials) <= 2


@pytest.mark.parametrize("way", ["exact", "one other word", "two exchanged"])
@pytest.mark.parametrize("share", [1.0, 0.2])
def test_a_copier_is_found_every_time(way, share):
    for seed in range(5):
        train, unseen, other = sentences(30, seed), sentences(120, 100 + seed), sentences(200, 200 + seed)
        copied = changed(train, way, np.random.default_rng(seed))
        made = np.concatenate([copied, other[: round(len(copied) * (1 / share - 1))]])
        assert p_of(made, train, unseen) <= 0.05
