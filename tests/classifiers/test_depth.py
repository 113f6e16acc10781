"""How deep networks are, counted from the networks themselves."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from gannb.classifiers.depth import weighted_layers
from gannb.media.image.classifiers import build


@pytest.mark.parametrize(
    ("name", "layers"),
    [("small_cnn", 4), ("deep_cnn", 20), ("resnet18", 18), ("vgg11", 11)],  # as their papers count them
)
def test_layers_are_counted_along_the_network(name, layers):
    shape = (32, 32, 3)
    assert weighted_layers(build(name, shape, 5), torch.zeros(1, 3, 32, 32)) == layers


def test_what_runs_beside_a_longer_way_is_not_counted():
    class Beside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.short, self.long = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))

        def forward(self, x):
            return self.short(x) + self.long(x)

    assert weighted_layers(Beside(), torch.zeros(2, 4)) == 2


def test_a_transformer_is_counted_as_well():
    network = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=3)
    assert weighted_layers(network, torch.zeros(1, 3, 32, 32)) == 1 + 12 * 4 + 1  # patches, 12 blocks, the head


def test_gradients_that_are_switched_off_do_not_matter():
    with torch.no_grad():
        assert weighted_layers(build("small_cnn", (8, 8, 1), 3), torch.zeros(1, 1, 8, 8)) == 4
