"""Residual blocks: what is added to what, and where the sides double and halve."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gannb.media.image.gans.layers import channels_from_image, start_grid
from gannb.media.image.gans.resnet import DownBlock, ResnetDiscriminator, ResnetGenerator, UpBlock


def silenced(*layers: nn.Module) -> None:
    """Let layers give zeros."""
    for layer in layers:
        for weights in layer.parameters():
            nn.init.zeros_(weights)


def test_without_its_branch_a_block_doubles_its_input():
    block = UpBlock(3, 2, code=4).eval()
    silenced(block.second)
    x, code = torch.randn(2, 3, 4, 5), torch.randn(2, 4)
    expected = block.skip(x).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(block(x, code), expected) and expected.shape == (2, 2, 8, 10)


@pytest.mark.parametrize("first", [True, False])
def test_a_block_that_halves_adds_the_pooled_input_to_its_branch_and_only_the_first_sees_what_is_below_0(first):
    block = DownBlock(2, 3, first).eval()
    x = torch.randn(2, 2, 6, 4)
    branch = block.second(block.first(x if first else x.clamp(min=0)).clamp(min=0))
    expected = F.avg_pool2d(branch, 2) + block.skip(F.avg_pool2d(x, 2))
    assert torch.allclose(block(x), expected, atol=1e-6) and expected.shape == (2, 3, 3, 2)


def test_the_generator_doubles_its_start_grid_until_it_covers_the_image():
    network = ResnetGenerator((17, 31, 3), 2, base=4, noise=6).eval()
    seen = []
    for block in network.blocks:
        block.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape[2:])))
    assert network(torch.randn(2, 6), torch.tensor([0, 1])).shape == (2, 3, 17, 31)
    grid = start_grid(17, 31)
    assert seen == [(grid[0] * 2**n, grid[1] * 2**n) for n in range(1, len(seen) + 1)]
    assert seen[-1][0] >= 17 and seen[-1][1] >= 31 and seen[-2][0] < 17


def test_the_discriminator_sums_over_pixels():
    network = ResnetDiscriminator((16, 16, 1), 2, base=4).eval()
    widths = channels_from_image(16, 16, 4)
    x, labels = torch.rand(3, 1, 16, 16), torch.tensor([0, 1, 1])
    seen = []
    network.head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(x, labels)
    deepest = network.blocks(x)  # no margins at 16 pixels
    assert seen[0].shape == (3, widths[-1]) and torch.allclose(seen[0], deepest.relu().flatten(2).sum(2), atol=1e-5)
    assert [block.is_first for block in network.blocks] == [True, *[False] * (len(widths) - 1)]
