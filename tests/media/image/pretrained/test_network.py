"""A pretrained network: what it makes of items, and how it is fine-tuned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from tiny_networks import MEAN, NETWORK, STD, items

from gannb.classifiers.heads import head_of
from gannb.classifiers.mixture import Mixture, encoded
from gannb.classifiers.training import Recipe, predict, train
from gannb.media.image import IMAGE
from gannb.media.image import pretrained as transfer
from gannb.media.image.augmentation.policies import Policy
from gannb.media.image.pretrained import network as module
from gannb.media.image.pretrained.network import Pretrained
from gannb.media.image.reading import read
from gannb.utils.errors import InputError

# ---- the network ----


def test_items_reach_the_network_in_its_own_normalisation(weights):
    network, x = Pretrained(weights, 3).eval(), items(5).x
    own = timm.create_model(NETWORK, num_classes=7).eval()
    own.load_state_dict(load_file(weights.file))
    scaled = torch.from_numpy(x / 255.0).float().permute(0, 3, 1, 2)
    wanted = (scaled - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    with torch.no_grad():
        expected = own.forward_head(own.forward_features(wanted), pre_logits=True)
        assert torch.allclose(network.features(encoded(IMAGE, x)), expected, atol=1e-4)


def test_grey_items_fill_three_channels_and_of_four_the_first_three_are_taken(weights):
    network = Pretrained(weights, 3).eval()
    grey = items(4, channels=1).x
    with_a_fourth = np.concatenate([grey, grey, grey, 255 - grey], axis=3)
    with torch.no_grad():
        expected = network(encoded(IMAGE, np.repeat(grey, 3, axis=3)))
        assert torch.allclose(network(encoded(IMAGE, grey)), expected, atol=1e-5)
        assert torch.allclose(network(encoded(IMAGE, with_a_fourth)), expected, atol=1e-5)


def test_items_are_upsampled_to_the_networks_size(weights):
    network = Pretrained(weights, 3)
    assert network.prepared(encoded(IMAGE, items(2, side=9).x)).shape == (2, 3, 32, 32)
    assert "upsampled to 32x32 (bicubic)" in transfer.weights_text(weights)


def test_a_network_without_a_linear_last_layer_is_refused(weights, monkeypatch):
    network = timm.create_model(NETWORK)
    network.get_classifier = lambda: torch.nn.Identity()
    monkeypatch.setattr(module, "_load", lambda _: network)
    with pytest.raises(InputError, match="does not end in one linear layer"):
        Pretrained(weights, 3)


def test_lower_layers_learn_ever_more_slowly(weights):
    groups = Pretrained(weights, 3).groups(1.0)
    rates = sorted({round(group["lr"], 9) for group in groups}, reverse=True)
    assert rates[0] == 1.0 and len(rates) > 3
    assert np.allclose(np.array(rates[1:]) / rates[:-1], module.LAYER_DECAY)
    assert sum(len(group["params"]) for group in groups) == len(list(Pretrained(weights, 3).parameters()))


# ---- the head ----


def test_fine_tuning_starts_from_the_head_and_leaves_batch_normalisations_statistics(weights):
    real, recipe = items(24), Recipe(IMAGE, NETWORK, 1, 8, Policy(), rate=1e-12)
    features = transfer.frozen_features(weights, real.x)
    start = transfer.starting(weights, Mixture(real, None, 0.0), features)
    network = train(Mixture(real, None, 0.0), recipe, 0, start=start)
    matrix, bias = head_of(features, real.y, np.ones(24))
    assert np.array_equal(predict(IMAGE, network, real.x).argmax(1), (features @ matrix.T + bias).argmax(1))
    before, after = load_file(weights.file), network.network.state_dict()
    statistics = [name for name in before if "running_" in name]
    assert statistics and all(torch.equal(before[name], after[name]) for name in statistics)
    longer = train(Mixture(real, None, 0.0), replace(recipe, rate=1.0, steps=3), 0, start=start)
    assert not torch.equal(longer.network.conv_stem.weight, network.network.conv_stem.weight)


# ---- the real network ----


def test_real_weights_tell_a_cat(mobilenet, shared_data):
    photo = Image.open(shared_data / "mobilenetv2-imagenet" / "test_cat_ccby2_openimages.jpg").convert("RGB")
    x = np.asarray(photo.resize((224, 224), Image.Resampling.BICUBIC))[None]
    at_its_size = replace(mobilenet, settings=mobilenet.settings | {"input_size": [3, 224, 224]})
    with torch.no_grad():
        logits = module._load(at_its_size)(Pretrained(at_its_size, 5).prepared(encoded(IMAGE, x)))
    assert 281 <= int(logits.argmax()) <= 285  # ImageNet's cats


@pytest.mark.slow
def test_frozen_features_of_real_weights_tell_flowers_apart(mobilenet, few_flowers):
    """20 photographs per class suffice for more than twice what chance gives on others."""
    pool = read(str(few_flowers), size="48").pool
    rng = np.random.default_rng(0)
    order = [rng.permutation(np.flatnonzero(pool.y == k)) for k in range(5)]
    drawn, unseen = (pool.take(np.concatenate([o[part] for o in order])) for part in (slice(20), slice(20, 40)))
    matrix, bias = head_of(transfer.frozen_features(mobilenet, drawn.x), drawn.y, np.ones(100))
    right = (transfer.frozen_features(mobilenet, unseen.x) @ matrix.T + bias).argmax(1) == unseen.y
    assert right.mean() > 0.45
