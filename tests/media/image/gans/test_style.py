"""StyleGAN2, narrowed: modulated convolutions, weights that are scaled when used, the mapping, the adaptive policy."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tiny_gans import TINY, make_draw

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Job
from gannb.media.image import IMAGE
from gannb.media.image.gans.style import GAIN, EqualConv, EqualLinear, Mapping, ModulatedConv, StyleGenerator

RNG = torch.Generator().manual_seed(0)


def test_a_modulated_convolution_is_one_with_scaled_and_normalised_weights_for_each_image():
    layer, x, style = ModulatedConv(6, 5, 7), torch.randn(3, 6, 8, 8), torch.randn(3, 7)
    torch.nn.init.normal_(layer.convolution.bias)
    made = layer(x, style)
    for image, scales, result in zip(x, layer.affine(style), made, strict=True):
        weight = layer.convolution.weight * scales[None, :, None, None]  # equation 1
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()  # equation 3
        expected = GAIN * F.conv2d(image[None], weight, padding=1) + layer.convolution.bias[:, None, None]
        assert torch.allclose(result, expected[0], atol=1e-4)


def test_scaled_weights_keep_the_mean_square_through_a_leaky_relu():
    for layer, x in [
        (EqualLinear(256, 256), torch.randn(64, 256)),
        (EqualLinear(256, 256, rate=0.01), torch.randn(64, 256)),
        (EqualConv(64, 64), torch.randn(4, 64, 16, 16)),
    ]:
        assert 0.8 < (F.leaky_relu(layer(x), 0.2).square().mean() / x.square().mean()).item() < 1.2


def test_the_mapping_does_not_heed_the_length_of_the_noise():
    mapping, noise, labels = Mapping(16, 3, 8, 12, layers=2), torch.randn(4, 16), torch.tensor([0, 1, 2, 0])
    assert torch.allclose(mapping(noise, labels), mapping(3 * noise, labels), atol=1e-5)
    assert not torch.allclose(mapping(noise, labels), mapping(noise.flip(0), labels), atol=1e-3)


def test_images_begin_with_the_spread_of_pixels_that_are_neither_grey_nor_cut_off():
    images = StyleGenerator((64, 64, 3), 3)(torch.randn(16, 64, generator=RNG), torch.arange(16) % 3)
    assert 0.2 < float(images.detach().std()) < 0.95


def test_its_own_augmentation_adapts_and_another_one_does_so_where_it_is_asked_to():
    draw, job = make_draw(shape=(16, 16, 1)), Job(8, 0)
    own = Adversarial(IMAGE, TINY["style"]).fit(draw, job)
    assert "chance" in own.curves
    assert "chance" not in Adversarial(IMAGE, TINY["style"], policy="shift").fit(draw, job).curves
    assert "chance" not in Adversarial(IMAGE, TINY["mlp"]).fit(draw, job).curves
