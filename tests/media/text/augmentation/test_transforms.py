"""Classical augmentation on the hashes of words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gannb.media.text.augmentation.policies import POLICIES, Policy, resolve, strengthened
from gannb.media.text.augmentation.transforms import augment
from gannb.media.text.parameters import POLICY_NAMES
from gannb.media.text.tokens import UNKNOWN_HASH, array, hashed, of_word, word_of
from gannb.utils.errors import InputError


def batch(n: int = 400) -> torch.Tensor:
    return torch.from_numpy(hashed(array(["play some jazz by Maria now", "will it rain"] * (n // 2)), 8))


def augmented(policy: Policy, seed: int = 0, chance=None) -> torch.Tensor:
    return augment(batch(), policy, torch.Generator().manual_seed(seed), chance)


def test_the_policies_are_those_that_are_offered_and_none_gives_the_sentences_back():
    assert tuple(POLICIES) == POLICY_NAMES and resolve("auto") is POLICIES["dropout"]
    assert (augmented(POLICIES["none"]) == batch()).all()
    with pytest.raises(InputError, match="augmentation: 'flip' is none of auto"):
        resolve("flip")


def test_a_word_that_drops_out_becomes_unknown_with_its_pieces():
    x, y = batch(), augmented(Policy(dropout=0.25))
    changed = (x != y).any(2)
    there = x[..., 0] != 0
    assert 0.2 < changed[there].float().mean() < 0.3 and not changed[~there].any()
    assert (y[changed][:, 0] == UNKNOWN_HASH).all() and not y[changed][:, 1:].any()


def test_words_that_are_deleted_leave_no_gap_and_one_word_stays():
    y = augmented(Policy(delete=0.5))
    there = y[..., 0] != 0
    assert (there[:, 1:] <= there[:, :-1]).all() and there.any(1).all()
    assert (augmented(Policy(delete=1.0)) == batch()).all()
    kept = [row[row[:, 0] != 0][:, 0].tolist() for row in y]
    order = [row[row[:, 0] != 0][:, 0].tolist() for row in batch()]
    assert all([w for w in words if w in set(left)] == left for words, left in zip(order, kept, strict=True))


def test_swapped_words_are_the_same_words_in_nearly_the_same_order():
    x, y = batch(), augmented(Policy(swap=0.3))
    assert (x[..., 0].sort(1).values == y[..., 0].sort(1).values).all() and (x != y).any()
    moved = (x[..., 0] != y[..., 0]).sum(1)
    assert (moved % 2 == 0).all() and ((y[..., 0] != 0) == (x[..., 0] != 0)).all()


def test_equal_seeds_equal_results_and_a_chance_makes_all_rarer():
    assert (augmented(POLICIES["full"], 1) == augmented(POLICIES["full"], 1)).all()
    assert (augmented(POLICIES["full"], chance=torch.tensor(0.0)) == batch()).all()
    assert strengthened(Policy(0.1, 0.2, 0.6), 2) == Policy(0.2, 0.4, 0.9)


# ---- synonyms ----
def test_a_word_makes_place_for_one_of_its_synonyms_with_its_pieces(wordnet):
    x, y = batch(), augmented(resolve("synonyms"))
    changed = (x != y).any(2)
    assert {word_of(number) for number in x[changed][:, 0].tolist()} == {"play"}
    assert 0.05 < changed[:, 0][::2].float().mean() < 0.17
    put = y[changed]
    assert {word_of(number) for number in put[:, 0].tolist()} == {"perform", "toy"}
    assert all(np.array_equal(row, of_word(word_of(int(row[0])))) for row in put.numpy())
    assert (augmented(POLICIES["synonyms"], 1) == augmented(POLICIES["synonyms"], 1)).all()
