"""Which images a family of GANs can do."""

from __future__ import annotations

import pytest

from gannb.media.image.gans.families import FAMILIES
from gannb.utils.errors import InputError


@pytest.mark.parametrize(
    ("family", "shape", "reason"),
    [
        *((name, (7, 40, 1), f"{name} makes images of .* pixels a side, not 7x40") for name in FAMILIES),
        ("mlp", (8, 33, 1), "mlp makes images of 2 to 32 pixels a side, not 8x33"),
        ("projection", (16, 1025, 1), "projection makes images of 8 to 1024 pixels a side, not 16x1025"),
        *((name, (8, 8, 5), f"{name} makes images of 1 to 4 channels") for name in FAMILIES),
        ("mlp", (64,), "mlp makes images of 1 to 4 channels, not items of shape"),
    ],
)
def test_a_shape_that_a_family_cannot_do_is_refused(family, shape, reason):
    with pytest.raises(InputError, match=reason):
        FAMILIES[family].check(shape)


def test_the_sides_that_a_family_can_do_are_part_of_its_settings():
    settings = FAMILIES["mlp"].settings()
    assert (settings["min_side"], settings["max_side"]) == (2, 32) and settings["augmentation"]["rotation"] == 15
