"""R3GAN: its blocks."""

from __future__ import annotations

import torch

from gannb.media.image.gans.r3gan import PlainBlock


def test_the_blocks_of_r3gan_start_as_the_identity():
    block, x = PlainBlock(16), torch.rand((2, 16, 4, 4))
    assert torch.equal(block(x), x)
