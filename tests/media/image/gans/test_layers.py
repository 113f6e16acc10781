"""The layers that the families' networks share."""

from __future__ import annotations

import pytest
import torch
from tiny_gans import MAKERS, TINY, as_examples, equal, make_draw, make_training, weights
from torch import nn

from gannb.media.image.gans.layers import (
    ConditionalBatchNorm,
    channels_from_image,
    cropped,
    doublings,
    margins,
    padded,
    start_grid,
)


def test_larger_images_get_more_doublings_and_channels_up_to_a_cap():
    assert [doublings(s, s) for s in (8, 16, 28, 64, 96, 128)] == [2, 2, 3, 4, 5, 5]
    assert start_grid(96, 96) == (3, 3) and start_grid(17, 16) == (5, 4) and start_grid(8, 8) == (2, 2)
    assert channels_from_image(128, 128, 16) == [16, 32, 64, 128, 128]
    assert channels_from_image(16, 16, 16) == [32, 64]
    assert start_grid(28, 28) == (4, 4) and channels_from_image(32, 32, 16) == [16, 32, 64]  # as they were measured


@pytest.mark.parametrize(("height", "width"), [(8, 8), (28, 28), (17, 31), (8, 100)])
def test_images_are_padded_to_whole_cells_by_their_edge_and_cropped_back(height, width):
    x = torch.rand((2, 1, height, width))
    wide = padded(x, margins(height, width))
    cells = 2 ** doublings(height, width)
    assert tuple(s // cells for s in wide.shape[2:]) == start_grid(height, width)
    assert all(s % cells == 0 for s in wide.shape[2:])
    assert torch.equal(cropped(wide, (height, width)), x)
    assert set(wide.unique().tolist()) == set(x.unique().tolist())


def test_conditional_batch_norm_follows_its_formula():
    norm = ConditionalBatchNorm(3, 5)
    nn.init.normal_(norm.affine.weight), nn.init.normal_(norm.affine.bias)
    x, code = torch.randn(6, 3, 4, 4), torch.randn(6, 5)
    mean, variance = x.mean(dim=(0, 2, 3), keepdim=True), x.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
    gain, bias = norm.affine(code)[:, :3, None, None], norm.affine(code)[:, 3:, None, None]
    assert torch.allclose(norm(x, code), (1 + gain) * (x - mean) / (variance + 1e-5).sqrt() + bias, atol=1e-4)


# ---- one network for each class ----


def of_class(network: nn.Module, k: int) -> dict[str, torch.Tensor]:
    return weights(network.networks[k])


def test_one_network_per_class_learns_in_its_turn_alone():
    training = make_training("dcgan_per_class")
    pairs = (training.generator, training.discriminator)
    for step in range(3):
        before = [[of_class(network, k) for k in range(3)] for network in pairs]
        training.advance()
        for network, old in zip(pairs, before, strict=True):
            assert [equal(of_class(network, k), old[k]) for k in range(3)] == [k != step for k in range(3)]
    first = make_training("dcgan_per_class")
    for network, new in zip((first.generator, first.discriminator), pairs, strict=True):
        old, new = dict(network.named_parameters()), dict(new.named_parameters())
        matrices = [name for name, p in old.items() if p.ndim > 1]
        assert [name for name in matrices if torch.equal(old[name], new[name])] == []


def test_a_classs_networks_never_depend_on_the_images_of_another():
    draw = make_draw()
    x = draw.x.copy()
    x[draw.y == 1] = 255 - x[draw.y == 1]
    trainings = [make_training("dcgan_per_class", draw=d) for d in (draw, as_examples(x, draw.y))]
    for training in trainings:
        for _ in range(9):
            training.advance()
    for networks in zip(*((t.generator, t.discriminator, t.average) for t in trainings), strict=True):
        assert [equal(*(of_class(network, k) for network in networks)) for k in range(3)] == [True, False, True]


def test_what_a_classs_network_makes_does_not_depend_on_the_labels_around_it():
    made_by, discriminator = (make((8, 8, 1), 4).eval() for make in MAKERS["dcgan_per_class"])
    z, labels = torch.randn((6, TINY["dcgan_per_class"].noise)), torch.tensor([0, 1, 3, 1, 0, 1])
    with torch.no_grad():
        images = made_by(z, labels)
        scores = discriminator(images, labels)[0]
        for k in (0, 1, 3):
            alone, only = torch.full((6,), k), torch.zeros(6, dtype=torch.long)
            assert torch.equal(made_by(z, alone), made_by.networks[k](z, only))
            assert torch.equal(images[labels == k], made_by(z, alone)[labels == k])
            assert torch.equal(scores[labels == k], discriminator.networks[k](images, only)[0][labels == k])
