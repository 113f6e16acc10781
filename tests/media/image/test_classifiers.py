"""Networks that classify images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_items import planted

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, train
from gannb.media.image import IMAGE
from gannb.media.image.augmentation import POLICIES
from gannb.media.image.classifiers import build, small_cnn
from gannb.utils.errors import InputError

NONE = POLICIES["none"]


@pytest.mark.parametrize("shape", [(4, 4, 1), (8, 8, 1), (28, 28, 1), (32, 20, 3), (96, 96, 3), (5, 64, 3)])
def test_small_cnn_takes_any_shape(shape):
    network = small_cnn(shape, 7).eval()
    logits = network(torch.zeros(2, shape[2], *shape[:2]))
    assert logits.shape == (2, 7)
    assert sum(p.numel() for p in network.parameters()) < 100_000


def test_a_timm_network_is_built_by_name_and_trained_from_scratch():
    items = planted(6, shape=(32, 32, 3))
    network = train(Mixture(items, None, 0.0), Recipe(IMAGE, "mobilenetv3_small_050", 2, 8, NONE), seed=0)
    p = predict(IMAGE, network, items.x)
    assert p.shape == (18, 3)
    assert np.allclose(p.sum(1), 1, atol=1e-5)


def test_a_timm_network_takes_grey_items():
    assert build("resnet10t", (32, 32, 1), 4)(torch.zeros(2, 1, 32, 32)).shape == (2, 4)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("resnet_18", "resnet18"), ("resnet10x", "resnet10t"), ("small_cn", "small_cnn"), ("vgg-11", "vgg11")],
)
def test_an_unknown_network_is_refused_with_near_names(wrong, near):
    with pytest.raises(InputError, match=f"there is no network '{wrong}'") as error:
        build(wrong, (32, 32, 3), 4)
    assert near in str(error.value) and "classifier" in str(error.value)


def test_a_network_that_cannot_take_the_items_is_refused_with_their_size():
    with pytest.raises(InputError, match="cannot take 8x8 items") as error:
        build("vit_tiny_patch16_224", (8, 8, 3), 4)
    assert "set size" in str(error.value) and "\n" not in str(error.value)


def test_the_measuring_classifier_s_head_says_what_the_network_says_of_its_features():
    network = IMAGE.classifier(IMAGE.measuring_classifier, (8, 8, 1), 4).eval()
    batch = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    head = IMAGE.classifier_head(network)
    assert isinstance(head, torch.nn.Linear)
    assert torch.equal(head(IMAGE.classifier_features(network, batch)), network(batch))
