"""Randomness of a training: batches, derived seeds, what is lent of torch's own, and layers that draw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from tiny_gans import TINY, equal, make_training, weights
from torch import nn

from gannb.generators.adversarial.randomness import Passes, RandomLayer, derive, lent_randomness


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


# ---- layers that are random in training


class Jitter(RandomLayer):
    """Adds noise in training."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.rng is None:
            return x
        return x + 0.1 * torch.randn(x.shape, generator=self.rng)


class Jittered(nn.Module):
    """A discriminator with noise on what it sees."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.jitter, self.inner = Jitter(), inner

    def forward(self, x, labels):
        return self.inner(self.jitter(x), labels)


FAMILY = replace(TINY["mlp"], discriminator=lambda shape, classes: Jittered(TINY["mlp"].discriminator(shape, classes)))


def test_a_resumed_training_draws_as_an_undisturbed_one_whatever_global_randomness_does():
    undisturbed, first = make_training(FAMILY), make_training(FAMILY)
    for _ in range(4):
        undisturbed.advance()
    for _ in range(2):
        first.advance()
    torch.manual_seed(99)
    second = make_training(FAMILY)
    second.restore(*first.state())
    for _ in range(2):
        second.advance()
    assert equal(weights(second.discriminator), weights(undisturbed.discriminator))
    assert equal(weights(second.generator), weights(undisturbed.generator))


def test_it_draws_anew_at_every_call_of_a_step_and_changes_the_training():
    plain, random = make_training("mlp"), make_training(FAMILY)
    layer = random.discriminator.jitter
    assert layer.rng is random.rng
    x = torch.zeros(2, 3)
    assert not torch.equal(layer(x), layer(x)) and torch.equal(layer.eval()(x), x)
    layer.train()
    plain.advance(), random.advance()
    assert not equal(weights(plain.discriminator), weights(random.discriminator.inner))
