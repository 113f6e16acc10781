"""The forms of an image in which a copy is still a copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES, default, resolve
from gannb.media.image.augmentation.transforms import augment
from gannb.media.image.forms import forms

GREY, COLOUR = (28, 28, 1), (32, 32, 3)


def images(shape: tuple[int, ...], n: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


def has(made: list[np.ndarray], wanted: np.ndarray) -> bool:
    return any(np.array_equal(each, wanted) for each in made)


@pytest.mark.parametrize(
    ("policy", "shape", "number"),
    [
        ("shift", GREY, 5 * 5), ("none", GREY, 5 * 5), ("flip", GREY, 2 * 5 * 5), ("flip", COLOUR, 2 * 5 * 5),
        ("none", COLOUR, 2 * 5 * 5), ("affine", (8, 8, 1), 3 * 3), ("trivial", GREY, 5 * 5),
        ("flip", (64, 64, 3), 2 * 5 * 5),
    ],
)  # fmt: skip
def test_forms_are_shifts_and_mirror_images_of_the_policy_or_the_default(policy, shape, number):
    x = images(shape)
    made = [form(x) for form in forms(resolve(policy, shape), shape)]
    assert len(made) == number - 1 and all(each.shape == x.shape and each.dtype == x.dtype for each in made)
    assert len({each.tobytes() for each in [x, *made]}) == number  # all differ, also from images as they are


def test_an_image_is_shifted_and_mirrored():
    x = images(GREY)
    made = [form(x) for form in forms(resolve("flip", GREY), GREY)]
    shifted = np.concatenate([x[:, :, :1], x[:, :, :-1]], axis=2)  # by one to the right, the edge repeated
    assert has(made, shifted) and has(made, x[:, :, ::-1])
    assert not has([form(x) for form in forms(resolve("shift", GREY), GREY)], x[:, :, ::-1])


@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_whatever_the_default_policy_makes_is_a_form(shape):
    """At the sizes where it moves whole pixels, at most two of them."""
    x, policy = images(shape, n=1), resolve(default(shape), shape)
    made = [x, *(form(x) for form in forms(policy, shape))]
    many = IMAGE.encode(IMAGE.stored(np.repeat(x, 200, axis=0), "cpu"))
    seen = IMAGE.decode(augment(many, policy, torch.Generator().manual_seed(0)))
    assert all(has(made, each[None]) for each in seen)
    assert POLICIES[default(shape)].shift > 0


def test_shifts_of_large_images_are_never_far_from_a_form():
    from gannb.media.image.forms import _offsets

    assert _offsets(1 / 14, 28) == [-2, -1, 0, 1, 2] and _offsets(1 / 16, 8) == [-1, 0, 1]
    found = _offsets(1 / 14, 64)
    assert found[0] == -5 and found[-1] == 5 and max(np.diff(found)) <= 3
