"""Randomness of a training: batches, derived seeds, and what is lent of torch's own."""

from __future__ import annotations

import numpy as np
import torch

from gannb.generators.adversarial.randomness import Passes, derive, lent_randomness


def test_batches_use_every_item_equally_often_and_need_only_their_number():
    positions = np.arange(10) * 3
    passes = Passes(positions, batch=64, seed=3)
    for upto in (1, 4, 7):
        counts = np.bincount(np.concatenate([passes[number] for number in range(upto)]) // 3, minlength=10)
        assert np.ptp(counts) <= 1 and counts.sum() == 64 * upto
    assert np.array_equal(Passes(positions, 64, 3)[5], passes[5])
    assert not np.array_equal(Passes(positions, 64, 4)[5], passes[5])
    assert not np.array_equal(passes[0][:10], passes[0][10:20])  # each pass is shuffled anew


def test_a_derived_seed_depends_on_all_of_its_key():
    found = {derive(*key) for key in [(0, 3), (1, 3), (0, 1, 2), (0, 2, 1), (1, 0, 2), (2**63 - 1, 2)]}
    assert len(found) == 6 and all(0 <= seed < 2**64 for seed in found)
    assert derive(7, 3) == derive(7, 3)


def test_what_is_lent_of_global_randomness_is_seeded_and_given_back():
    before = torch.random.get_rng_state()
    drawn = []
    for seed in (5, 5, 6):
        with lent_randomness(seed):
            drawn.append(torch.rand(3))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(torch.random.get_rng_state(), before)
