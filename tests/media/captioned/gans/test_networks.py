"""Networks that are told codes of captions: shapes, and that they heed them."""

from __future__ import annotations

import pytest
import torch

from gannb.media.captioned.encoders import WIDTH
from gannb.media.captioned.gans.conditioning import SCALE
from gannb.media.captioned.gans.networks import CaptionDiscriminator, CaptionGenerator


@pytest.mark.parametrize("shape", [(16, 16, 3), (30, 21, 1), (8, 40, 4)])
def test_images_of_any_shape_are_made_and_scored(shape):
    noise, told = torch.randn(5, 32), torch.randn(5, WIDTH)
    x = CaptionGenerator(shape, 2, base=8)(noise, told)
    assert x.shape == (5, shape[2], *shape[:2]) and x.abs().max() <= 1
    scores, logits = CaptionDiscriminator(shape, 2, base=8)(x, told)
    assert scores.shape == (5,) and logits is None


def test_both_heed_what_they_are_told():
    noise, told = torch.randn(4, 32), torch.randn(2, 4, WIDTH)
    generator, discriminator = CaptionGenerator((16, 16, 3), 2, base=8), CaptionDiscriminator((16, 16, 3), 2, base=8)
    x = generator(noise, told[0])
    assert not torch.allclose(x, generator(noise, told[1]))
    assert not torch.allclose(discriminator(x, told[0])[0], discriminator(x, told[1])[0])


def test_they_are_as_large_as_they_are_said_to_be():
    """About .43 and .32 million weights at 32 pixels, as the published measurement that they are compared with."""
    sizes = [
        sum(p.numel() for p in kind((32, 32, 3), 2).parameters()) for kind in (CaptionGenerator, CaptionDiscriminator)
    ]
    assert sizes == [pytest.approx(430_000, rel=0.02), pytest.approx(320_000, rel=0.02)]


def test_a_score_hears_of_a_caption_with_the_weight_of_a_class():
    """A code as it is told has a length of 8; spectral norm leaves 1 to the embedding of a class."""
    discriminator, heard = CaptionDiscriminator((16, 16, 3), 2, base=8), []
    for layer in (discriminator.code, discriminator.projection):
        layer.register_forward_hook(lambda module, given, made: heard.append(given[0]))
    told = SCALE * torch.nn.functional.normalize(torch.randn(4, WIDTH), dim=1)
    discriminator(torch.randn(4, 3, 16, 16), told)
    assert len(heard) == 2 and all(torch.allclose(codes.norm(dim=1), torch.ones(4)) for codes in heard)
