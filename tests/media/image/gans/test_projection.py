"""Convolutional networks with a projection discriminator: their sizes and their score."""

from __future__ import annotations

import torch
from torch import nn

from gannb.media.image.gans.projection import ConvDiscriminator, ConvGenerator


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_networks_are_those_that_were_measured():
    assert round(size(ConvGenerator((28, 28, 1), 10)), -3) == 163_000
    assert round(size(ConvDiscriminator((28, 28, 1), 10)), -3) == 175_000


def test_the_score_is_a_linear_map_plus_a_projection():
    head = ConvDiscriminator((16, 16, 1), 3, base=8).head.eval()
    h, labels = torch.randn(5, 128), torch.tensor([0, 1, 2, 0, 1])
    scores, logits = head(h, labels)
    expected = h @ head.score.weight[0] + head.score.bias + torch.einsum("nf,nf->n", h, head.embedding.weight[labels])
    assert torch.allclose(scores, expected, atol=1e-5)
    assert torch.allclose(logits, h @ head.label.weight.T + head.label.bias, atol=1e-5)
