"""Layers that are random in training draw from the training's own randomness."""

from __future__ import annotations

from dataclasses import replace

import torch
from tiny_gans import TINY, equal, make_training, weights
from torch import nn

from gannb.generators.adversarial.random_layer import RandomLayer


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
