"""Images from elsewhere that are copies of a study's own: mirrored, turned and cropped ones too."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from gannb.media.image import IMAGE
from gannb.media.image.duplicates import copies_of, crops, near


def scenes(n: int, side: int, seed: int, channels: int = 3) -> np.ndarray:
    """Images with large and small things in them, no two alike."""
    rng = np.random.default_rng(seed)
    rough = gaussian_filter(rng.standard_normal((n, side, side, channels)), (0, side / 16, side / 16, 0))
    fine = gaussian_filter(rng.standard_normal((n, side, side, channels)), (0, 1, 1, 0))
    x = rough / rough.std() + 0.3 * fine / fine.std()
    return (128 + 50 * x).clip(0, 255).astype(np.uint8)


WAYS = {
    "itself": lambda x: x,
    "brighter": lambda x: (0.9 * x + 20).astype(np.uint8),
    "mirrored": lambda x: x[:, :, ::-1],
    "turned": lambda x: np.rot90(x, 1, (1, 2)),
    "upside down": lambda x: x[:, ::-1, ::-1],
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_copy_is_found_however_it_is_turned_and_nothing_else_is(way, channels):
    own, other = scenes(12, 32, 0, channels), scenes(12, 32, 1, channels)
    found = copies_of(np.concatenate([np.ascontiguousarray(way(own[:5])), other]), own)
    assert found[:5].all() and not found[5:].any()


def test_a_part_of_an_image_and_an_image_of_which_one_has_a_part_are_copies():
    own, other = scenes(12, 96, 0), scenes(12, 96, 1)
    parts = np.stack([np.array(Image.fromarray(x[4:80, 10:86]).resize((96, 96), Image.LANCZOS)) for x in own[:6]])
    assert copies_of(np.concatenate([parts, other]), own)[:6].mean() > 0.8
    assert copies_of(own[:6], np.concatenate([parts, other])).mean() > 0.8
    assert not copies_of(other, own).any()


def test_of_many_images_mirrored_ones_alone_are_searched_for(monkeypatch):
    monkeypatch.setattr(near, "MOST_TURNED", 10)
    own = scenes(12, 32, 0)
    assert copies_of(np.ascontiguousarray(own[:, :, ::-1]), own).all()
    assert not copies_of(np.ascontiguousarray(np.rot90(own, 1, (1, 2))), own).any()


def test_below_16_pixels_identical_images_alone_are_copies():
    own = scenes(6, 8, 0)
    assert copies_of(own, own).all() and not copies_of(np.ascontiguousarray(own[:, :, ::-1]), own).any()
    assert copies_of(own[:0], own).shape == (0,) and not copies_of(own, own[:0]).any()


def test_what_is_said_to_be_overlooked_is_so():
    said = IMAGE.phrases.overlooked
    assert f"below {near.THUMB} pixels" in said and f"from {crops.LEAST_SIDE} pixels on" in said
    assert f"up to {crops.MOST:,} images" in said
