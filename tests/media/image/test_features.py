"""Images as rows of numbers; what is no image is refused, where another medium's items would be changed unseen."""

from __future__ import annotations

import numpy as np
import pytest
from toy_media import FLOAT, INT16, vectors

from gannb.media.image import IMAGE
from gannb.media.image.features import flat, pixels
from gannb.media.image.shifts import SHIFTS, altered, shifted
from gannb.utils.errors import InputError


def test_pixels_are_rows_from_0_to_1_and_flat_ones_stay_whole():
    x = np.array([0, 51, 255, 102], np.uint8).reshape(1, 2, 2, 1)
    assert pixels(x).dtype == np.float32 and pixels(x)[0] == pytest.approx([0, 0.2, 1, 0.4])
    assert flat(x).dtype == np.uint8 and flat(x).tolist() == [[0, 51, 255, 102]]


OTHERS = {
    "int16": vectors(INT16).x,
    "float32": vectors(FLOAT).x,
    "int16 in the shape of images": vectors(INT16, dimensions=16).x.reshape(-1, 4, 4, 1),
    "uint8 in another shape": np.zeros((3, 16), np.uint8),
}
CHANGES = [pixels, flat, altered, *(lambda x, kind=kind: shifted(x, kind, 0) for kind in SHIFTS)]


@pytest.mark.parametrize("change", CHANGES, ids=["pixels", "flat", "altered", *SHIFTS])
@pytest.mark.parametrize("x", OTHERS.values(), ids=OTHERS)
def test_other_items_are_refused_and_not_changed_as_if_they_were_images(change, x):
    with pytest.raises(InputError, match=r"are no images; these are \(N, H, W, C\) of uint8"):
        change(x)


def test_copies_are_told_by_whole_levels():
    x = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    assert IMAGE.exact_features(x).dtype == np.uint8 and IMAGE.exact_features(x).shape == (3, 48)
