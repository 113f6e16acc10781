"""What images say before any is opened: names, parameters, what is wrong with a shape or with levels."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from pace import run

from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES
from gannb.media.image.parameters import ImageParameters


def test_the_names_of_policies_are_those_that_there_are():
    assert {*IMAGE.policy_names, *IMAGE.gan_policies} == set(POLICIES)


def test_they_are_at_hand_without_torch_and_without_pillow():
    code = "import sys, gannb.media; sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert run([sys.executable, "-c", code]).returncode == 0


def test_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ImageParameters(inception="weights.pth", pretrained="resnet=here/w.safetensors")
    assert given.inception == str(tmp_path / "weights.pth")
    assert given.pretrained == f"resnet={tmp_path}/here/w.safetensors"
    assert ImageParameters(pretrained="./folder").pretrained == str(tmp_path / "folder")
    assert ImageParameters(pretrained="resnet10t").pretrained == "resnet10t"


@pytest.mark.parametrize("shape", [[8, 8], [8, 8, "1"], "8x8x1", None, [8, 8, 0], [8.0, 8, 1]])
def test_a_shape_that_is_none_of_images_is_told(shape):
    assert IMAGE.fault_of_shape(shape) == "give the height, width and channels of its images"
    assert IMAGE.fault_of_shape([8, 8, 1]) == ""


@pytest.mark.parametrize(
    ("made", "way"),
    [((16, 8, 1), "set size=16x8"), ((8, 8, 3), "set channels=3"), ((9, 7, 3), "set size=9x7 and channels=3")],
)
def test_the_way_to_a_shape_names_the_parameters(made, way):
    assert IMAGE.way_to_shape(made, (8, 8, 1)) == way


def test_two_grey_levels_are_none_that_are_meant():
    x = np.zeros((2, 8, 8, 1), np.uint8)
    x[0, 0, 0] = 1
    assert IMAGE.fault_of_levels(x) == "values of 0 to 1" and IMAGE.fault_of_levels(x * 2) == ""
