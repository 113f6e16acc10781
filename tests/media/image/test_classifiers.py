"""Networks that classify images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_items import planted

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, train
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES
from gannb.media.image.classifiers import build, halvings, small_cnn
from gannb.utils.errors import InputError

NONE = POLICIES["none"]


@pytest.mark.parametrize("shape", [(4, 4, 1), (8, 8, 1), (28, 28, 1), (32, 20, 3), (96, 96, 3), (5, 64, 3)])
def test_small_cnn_takes_any_shape(shape):
    network = small_cnn(shape, 7).eval()
    logits = network(torch.zeros(2, shape[2], *shape[:2]))
    assert logits.shape == (2, 7)
    assert sum(p.numel() for p in network.parameters()) < 70_000 + 42_000 * halvings(shape)


@pytest.mark.parametrize(
    ("shape", "deeper"),
    [((4, 4, 1), 0), ((28, 28, 1), 0), ((32, 32, 3), 0), ((32, 200, 3), 0), ((33, 33, 3), 1), ((48, 64, 1), 1),
     ((64, 64, 3), 1), ((65, 80, 3), 2), ((128, 128, 3), 2), ((256, 256, 3), 3)],
)  # fmt: skip
def test_depth_and_first_stride_of_small_cnn_grow_with_the_shorter_side(shape, deeper):
    network = small_cnn(shape, 5)
    first, *others = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    assert halvings(shape) == deeper and len(others) == 2 + deeper
    assert first.stride == (2**deeper, 2**deeper) and {layer.stride for layer in others} == {(1, 1)}
    assert first.kernel_size[0] >= first.stride[0]  # every pixel is seen


def old_small_cnn(shape: tuple[int, int, int], n_classes: int) -> torch.nn.Module:
    """The network as it was before it grew with the side."""
    height, width, channels = shape
    layers: list[torch.nn.Module] = []
    for out in (32, 64, 64):
        layers += [torch.nn.Conv2d(channels, out, 3, padding=1, bias=False), torch.nn.BatchNorm2d(out)]
        layers.append(torch.nn.ReLU(inplace=True))
        if min(height, width) >= 4:
            layers.append(torch.nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        channels = out
    head = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, n_classes)]
    return torch.nn.Sequential(*layers, *head)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (2, 9, 3)])
def test_of_small_items_small_cnn_is_bit_for_bit_what_it_was(shape):
    made = []
    for build_one in (small_cnn, old_small_cnn):
        with torch.random.fork_rng():
            torch.manual_seed(3)
            network = build_one(shape, 4)
        x = torch.rand(6, shape[2], *shape[:2], generator=torch.Generator().manual_seed(0))
        network(x).logsumexp(1).sum().backward()
        made.append((list(network.state_dict().items()), [p.grad for p in network.parameters()]))
    (state, gradients), (old_state, old_gradients) = made
    assert [name for name, _ in state] == [name for name, _ in old_state]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(state, old_state, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(gradients, old_gradients, strict=True))


@pytest.mark.parametrize("side", [32, 64, 128, 256])
def test_large_items_are_brought_to_as_few_places_as_small_ones(side):
    seen = small_cnn((side, side, 1), 3).eval()[:-3](torch.zeros(1, 1, side, side))
    assert max(seen.shape[2:]) <= 4


def test_a_unit_declares_how_much_deeper_small_cnn_is_and_nothing_of_small_items():
    assert IMAGE.classifier_parameters("small_cnn", (32, 32, 3)) == {}
    assert IMAGE.classifier_parameters("small_cnn", (96, 96, 3)) == {"deeper": 2}
    assert IMAGE.classifier_parameters("deep_cnn", (96, 96, 3)) == {}


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
