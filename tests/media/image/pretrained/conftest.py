"""A small network with random weights, and the real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from tiny_networks import MEAN, NETWORK, STD

from gannb.media.image.pretrained import Weights, find


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the hub's form, with random weights."""
    folder = tmp_path_factory.mktemp("hub")
    torch.manual_seed(0)
    network = timm.create_model(NETWORK, num_classes=7)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")
    settings = {"input_size": [3, 32, 32], "mean": MEAN, "std": STD, "interpolation": "bicubic", "num_classes": 7}
    about = {"architecture": NETWORK, "model_args": {"num_classes": 7}, "pretrained_cfg": settings}
    (folder / "config.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(scope="session")
def weights(folder) -> Weights:
    found = find(str(folder))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def mobilenet(shared_data) -> Weights:
    """The real MobileNetV2, at a size that is quick."""
    file = shared_data / "mobilenetv2-imagenet" / "mobilenetv2_100_same.safetensors"
    settings = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, 128, 128]}
    return Weights("mobilenetv2_100", str(file), "", {"pad_type": "same"}, settings)
