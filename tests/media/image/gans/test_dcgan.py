"""DCGAN: first weights, and the label as a plane."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gannb.media.image.gans.dcgan import DcganDiscriminator


def test_dcgan_starts_from_small_normal_weights():
    network = DcganDiscriminator((32, 32, 3), 3)
    convolutions = torch.cat([m.weight.flatten() for m in network.modules() if isinstance(m, nn.Conv2d)]).detach()
    assert convolutions.std() == pytest.approx(0.02, rel=0.02) and abs(convolutions.mean()) < 0.001


def test_the_first_convolution_of_a_dcgan_sees_the_label_as_a_plane_of_pixels():
    network = DcganDiscriminator((8, 8, 3), 3, base=8)
    seen = []
    network.layers[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.rand((2, 3, 8, 8))
    network(x, torch.tensor([2, 0]))
    assert torch.equal(seen[0][:, :3], x) and torch.equal(seen[0][:, 3].flatten(1), network.plane.weight[[2, 0]])
