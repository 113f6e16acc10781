"""Fine-tuning networks that were pretrained on images, on log-mel pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from planted_clips import RATE, clips
from safetensors.torch import save_file

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, state_of, train
from gannb.data.medium import Pretrained
from gannb.media.audio.logmel import LogMel
from gannb.media.audio.medium import Sounds
from gannb.media.image import pretrained as of_pictures
from gannb.media.image.pretrained import Weights

NETWORK = "test_efficientnet"  # timm's own, for tests: 360,000 parameters
MEDIUM = Sounds(RATE)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Random weights, in a folder in the hub's form."""
    folder: Path = tmp_path_factory.mktemp("hub")
    torch.manual_seed(0)
    network = timm.create_model(NETWORK)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")
    settings = {"input_size": [3, 32, 32], "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    (folder / "config.json").write_text(json.dumps({"architecture": NETWORK, "pretrained_cfg": settings}))
    return MEDIUM.pretrained.find(str(folder))


def test_it_has_all_that_the_protocol_asks_for():
    asked = {name for name in vars(Pretrained) if not name.startswith("_")}
    assert all(hasattr(MEDIUM.pretrained, name) for name in asked)
    assert MEDIUM.pretrained is Sounds(RATE).pretrained  # one for a rate


def test_frozen_features_are_those_of_the_pictures_as_grey_images(weights):
    x, told = clips(n=1).x, []
    found = MEDIUM.pretrained.frozen_features(weights, x, progress=lambda *done: told.append(done))
    pictures = LogMel(RATE, x.shape[1]).pictures(x)[..., None]
    assert found.shape == (3, MEDIUM.pretrained.features_width(weights)) and told == [(3, 3)]
    assert np.array_equal(found, of_pictures.frozen_features(weights, pictures))


def test_it_is_said_what_is_upsampled(weights):
    assert MEDIUM.pretrained.weights_text(weights) == f"{NETWORK}, log-mel pictures upsampled to 32x32 (bicubic)"


def test_fine_tuning_starts_from_a_head_that_fits_and_takes_waves(weights):
    draw, pretrained = clips(n=6), MEDIUM.pretrained
    mixture = Mixture(draw, None, 0.0)
    features = pretrained.frozen_features(weights, draw.x)
    recipe = Recipe(MEDIUM, NETWORK, 2, 8, MEDIUM.policy("none", draw.shape))
    network, groups = pretrained.starting(weights, mixture, features)(recipe, draw)
    assert (predict(MEDIUM, network.eval(), draw.x).argmax(1) == draw.y).mean() > 0.9
    assert max(group["lr"] for group in groups) == pytest.approx(1e-4)  # with that for photographs it forgets more
    assert groups[-1]["lr"] > groups[0]["lr"] > 0
    before = state_of(network)
    tuned = train(mixture, recipe, 0, start=pretrained.starting(weights, mixture, features))
    assert before.keys() == state_of(tuned).keys()
    assert any(not torch.equal(a, b) for a, b in zip(before.values(), state_of(tuned).values(), strict=True))
