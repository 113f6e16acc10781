"""Images behind the protocol: what is their own there; what is passed on is tested where it lies."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from image_sets import folder_of, write
from pace import run
from PIL import Image

from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES, strengthened


def images(*values: int, side: int = 8) -> np.ndarray:
    """Grey images of a single level each, (N, side, side, 1) uint8."""
    return np.stack([np.full((side, side, 1), value, np.uint8) for value in values])


def test_whoever_asks_for_a_name_or_a_parameter_does_not_wait_for_torch():
    code = (
        "import sys\nfrom gannb.media.image import IMAGE as m\n"
        "m.nouns, m.parameters, m.policy_names, m.classifiers, m.recognises('digits'), m.size_text((8, 8, 1))\n"
        "assert 'torch' not in sys.modules"
    )
    assert run([sys.executable, "-c", code]).returncode == 0


def test_a_study_of_images_above_32_pixels_is_told_the_way_to_smaller_ones():
    assert IMAGE.way_to_smaller((33, 40, 3)) == "size=32"
    assert IMAGE.way_to_smaller((96, 96, 3), 0.5) == "size=64"  # about half of the area
    assert IMAGE.way_to_smaller((64, 80, 3), 0.9) == "size=56"
    assert IMAGE.way_to_smaller((64, 64, 3), 0.25) == "size=32" and IMAGE.way_to_smaller((64, 64, 3), 0.2) == ""
    assert IMAGE.way_to_smaller((32, 400, 3)) == ""  # the shorter side decides


@pytest.mark.parametrize("shape", [[8, 8], [8, 8, 0], [8, 8.0, 1], "8x8x1", None])
def test_what_is_no_height_width_and_channels_is_told(shape):
    assert IMAGE.fault_of_shape(shape) == "give the height, width and channels of its images"
    assert IMAGE.fault_of_shape([8, 9, 1]) == ""


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ((16, 8, 1), "set size=16x8"),
        ((8, 8, 3), "set channels=3"),
        ((16, 8, 3), "set size=16x8 and channels=3"),
    ],
)
def test_the_way_to_another_shape_names_what_differs(made, says):
    assert IMAGE.way_to_shape(made, (8, 8, 1)) == says


def test_floats_that_were_cut_off_are_noticed_by_their_two_levels():
    assert IMAGE.fault_of_levels(images(0, 1)) == "values of 0 to 1"
    assert IMAGE.fault_of_levels(images(0, 2)) == ""


def test_near_duplicates_cannot_be_told_below_16_pixels():
    x = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1), dtype=np.uint8)
    exact, near = IMAGE.duplicates_among(x, x[1:2])
    assert exact.tolist() == [False, True, False] and near.shape == (3,)
    exact, near = IMAGE.duplicates_among(x[:, :15], x[1:2, :15])
    assert exact.tolist() == [False, True, False] and near is None


def test_files_below_a_folder_of_images_may_be_taken_for_images_and_none_below_the_digits(tmp_path, monkeypatch):
    folder_of(tmp_path / "photos")
    assert IMAGE.takes_files_below(str(tmp_path / "photos"))
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not IMAGE.takes_files_below("digits") and not IMAGE.takes_files_below("set.npz")


def test_a_policy_has_its_strength_and_auto_is_the_default():
    assert IMAGE.policy("affine", (8, 8, 1)) == POLICIES["affine"]
    assert IMAGE.policy("affine", (8, 8, 1), 2.0) == strengthened(POLICIES["affine"], 2.0) != POLICIES["affine"]
    assert IMAGE.policy("auto", (8, 8, 1)) == IMAGE.policy(IMAGE.default_policy((8, 8, 1)), (8, 8, 1))


def test_a_gan_s_unit_declares_more_of_a_policy_only_where_it_changes_colours():
    assert IMAGE.policy_parameters("none") == IMAGE.policy_parameters("shift") == {}
    assert IMAGE.policy_parameters("trivial") == ({"clamp": False} if POLICIES["trivial"].brightness else {})
    assert any(IMAGE.policy_parameters(name) for name in IMAGE.policies)


def test_images_of_neighbouring_levels_are_a_least_difference_apart():
    a, b = IMAGE.raw_features(images(100, 101))
    assert np.linalg.norm(a - b) == pytest.approx(IMAGE.least_difference((8, 8, 1)), rel=1e-5)
    assert IMAGE.least_difference((8, 8, 1)) == pytest.approx(math.sqrt(64) / 255)


def test_a_blend_is_the_share_of_the_first_rounded():
    blended = IMAGE.blend(images(200, 200, 255), images(100, 100, 0), np.array([0.5, 1.0, 0.3]))
    assert blended.dtype == np.uint8 and blended.shape == (3, 8, 8, 1)
    assert blended[:, 0, 0, 0].tolist() == [150, 200, 76]  # 76.5 goes to the even one


def test_each_shift_is_its_own_function():
    x = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    made = {name: shift(x, 0).tobytes() for name, (_, shift) in IMAGE.shifts.items()}
    assert len(set(made.values())) == len(made) and x.tobytes() not in made.values()


@pytest.mark.parametrize(("shape", "text"), [((8, 9, 1), "8x9 pixels, grey"), ((96, 64, 3), "96x64 pixels, colour")])
def test_a_shape_is_said_height_first(shape, text):
    assert IMAGE.shape_text(shape) == text and text.startswith(IMAGE.size_text(shape))


@pytest.mark.parametrize(("resize", "corner"), [("crop", 0), ("stretch", 255)])
def test_a_study_s_own_parameters_reach_the_reader(tmp_path, resize, corner):
    """Tall images, white at both ends, which a square from the middle does not hold."""
    for name, k in (("cat", 0), ("dog", 1)):
        for i in range(2):
            x = np.full((24, 8, 3), 40 * k + 20 * i, np.uint8)
            x[:6] = x[-6:] = 255
            write(tmp_path / name / f"{i}.png", Image.fromarray(x))
    study = SimpleNamespace(size="8", channels=1, resize=resize, groups=None, on_bad_image="fail")
    found = IMAGE.read(str(tmp_path), study)
    assert found.pool.shape == (8, 8, 1) and found.medium == IMAGE.name and found.pool.x.dtype == IMAGE.dtype
    assert found.pool.x[0, 0, 0, 0] == corner


def test_no_page_says_that_images_were_mirrored_which_are_not_in_every_study():
    assert "mirror images where the study has them" in IMAGE.phrases.classical
