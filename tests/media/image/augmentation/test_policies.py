"""The policies of images, by name."""

from __future__ import annotations

import pytest

from gannb.media.image.augmentation.policies import resolve
from gannb.utils.errors import InputError


@pytest.mark.parametrize(
    ("shape", "name", "padding"),
    [
        ((8, 8, 1), "affine", "border"),
        ((15, 40, 3), "affine", "reflection"),
        ((28, 28, 1), "shift", "border"),
        ((96, 64, 3), "flip", "reflection"),
    ],
)
def test_auto_follows_the_size_and_the_channels(shape, name, padding):
    auto = resolve("auto", shape)
    assert auto == resolve(name, shape) and auto.padding == padding


def test_an_unknown_policy_is_refused_with_the_names_that_exist():
    with pytest.raises(InputError, match="augmentation: 'flips' is none of auto, none, shift, flip"):
        resolve("flips", (28, 28, 1))
