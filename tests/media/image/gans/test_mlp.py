"""Fully connected networks: all pixels at once, in the order of an image."""

from __future__ import annotations

import torch
from torch import nn

from gannb.media.image.gans.layers import LEAK
from gannb.media.image.gans.mlp import MlpDiscriminator, MlpGenerator


def test_the_last_layer_s_values_are_the_pixels_channel_by_channel_and_row_by_row():
    network = MlpGenerator((2, 3, 2), 2, hidden=4, noise=3, embedding=2).eval()
    last = network.layers[-2]
    nn.init.zeros_(last.weight)
    last.bias.data = torch.linspace(-1, 1, 12)
    made = network(torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 0]))
    expected = torch.linspace(-1, 1, 12).tanh().reshape(2, 2, 3)  # (C, H, W)
    assert made.shape == (5, 2, 2, 3) and torch.allclose(made, expected.expand(5, -1, -1, -1))


def test_the_discriminator_is_two_hidden_layers_and_a_head():
    network = MlpDiscriminator((2, 3, 2), 3, hidden=4).eval()
    x, labels = torch.rand(5, 2, 2, 3), torch.tensor([0, 1, 2, 0, 1])
    _, first, _, second, _ = network.layers
    h = x.reshape(5, 12) @ first.weight.T + first.bias
    h = nn.functional.leaky_relu(h, LEAK) @ second.weight.T + second.bias
    score, logits = network.head(nn.functional.leaky_relu(h, LEAK), labels)
    found = network(x, labels)
    assert torch.allclose(found[0], score, atol=1e-6) and torch.allclose(found[1], logits, atol=1e-6)


def test_shares_of_classes_give_the_image_between():
    """The label reaches the generator by its embedding alone: in eval mode nothing else depends on the batch."""
    network = MlpGenerator((4, 4, 1), 2, hidden=8, noise=3).eval()
    z = torch.randn(1, 3)
    whole = network(z, torch.tensor([1]))
    assert torch.equal(network(z, torch.tensor([[0.0, 1.0]])), whole)
    assert not torch.equal(network(z, torch.tensor([[0.5, 0.5]])), whole)
