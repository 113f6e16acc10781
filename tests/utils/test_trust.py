"""Foreign functions: what they have to return."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.utils.errors import InputError
from gannb.utils.trust import call, check_shape

LABELS = np.array([0, 1, 1])


@pytest.mark.parametrize(("shape", "dtype"), [((50, 1), np.int16), ((12,), np.int32), ((8, 8, 3), np.uint8)])
def test_items_are_of_the_shape_and_type_that_are_asked_for(shape, dtype):
    items = call(
        "m:f", lambda labels, seed: np.full((len(labels), *shape), seed, dtype), LABELS, 7, shape, np.dtype(dtype)
    )
    assert items.shape == (3, *shape) and items.dtype == dtype and (items == 7).all()
    assert call("m:f", lambda labels, seed: 1 / 0, LABELS[:0], 7, shape, np.dtype(dtype)).shape == (0, *shape)


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (np.zeros((3, 50, 1)), r"returned float64; it takes labels \(M,\) and a seed, and returns \(M, 50, 1\) int16"),
        (np.zeros((2, 50, 1), np.int16), r"returned shape \(2, 50, 1\) for 3 labels"),
        (np.zeros((3, 50), np.int16), r"returned shape \(3, 50\) for 3 labels"),
        (np.zeros((3, 40, 1), np.int16), r"makes items of 40x1, and this study has 50x1; shorten it"),
    ],
)
def test_others_are_refused(returned, says):
    with pytest.raises(InputError, match=f"foreign: m:f {says}"):
        call(
            "m:f",
            lambda labels, seed: returned,
            LABELS,
            0,
            (50, 1),
            np.dtype(np.int16),
            lambda made, wanted: "shorten it",
        )


def test_without_advice_a_shape_is_only_named():
    with pytest.raises(InputError, match=r"w makes items of 3x2, and this study has 3x3\.$"):
        check_shape("w", (3, 2), (3, 3))
