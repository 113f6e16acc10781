"""Convolutional networks with a projection discriminator: their sizes and their score."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from gannb.media.image.gans.families import FAMILIES
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


def test_spectral_norm_holds_every_layer_of_the_discriminator_unless_r1_does():
    held, free = (FAMILIES[name].discriminator((16, 16, 1), 3) for name in ("projection", "projection_r1"))
    layers = [name for name, module in free.named_modules() if hasattr(module, "weight")]
    assert [name for name in layers if is_parametrized(held.get_submodule(name), "weight")] == layers
    assert not any(is_parametrized(module) for module in free.modules())
    assert FAMILIES["projection_r1"].r1 > 0 == FAMILIES["projection"].r1
