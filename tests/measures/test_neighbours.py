"""The exact nearest of many: brute force, at any scale, in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gannb.measures import neighbours
from gannb.measures.fidelity import (
    nearest,
)
from gannb.measures.neighbours import nearest_of_stream


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(n: int, d: int = 6, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return rng(seed).normal(shift, 1, (n, d))


@pytest.mark.parametrize("q, n, d", [(1, 1, 1), (7, 3, 2), (500, 200, 64), (50, 3000, 10)])
def test_nearest_is_brute_force(q, n, d):
    query, reference = normal(q, d, seed=7), normal(n, d, seed=8)
    index, distance = nearest(query, reference)
    full = cdist(query, reference)
    np.testing.assert_array_equal(index, full.argmin(axis=1))
    np.testing.assert_allclose(distance, full.min(axis=1), rtol=1e-12)
    assert index.dtype == np.int64


def test_nearest_finds_copies_at_exactly_0_far_from_the_origin():
    reference = (1e4 + normal(300, 32)).astype(np.float32)
    order = rng(9).permutation(300)
    index, distance = nearest(reference[order], reference)
    np.testing.assert_array_equal(index, order)
    assert (distance == 0).all()


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e30])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_nearest_is_exact_at_any_scale_and_of_equals_the_first(scale, offset):
    reference = scale * (np.concatenate([normal(100, 20)] * 2) + offset)
    query = scale * (normal(60, 20, seed=1) + offset)
    full = cdist(query, reference)
    index, distance = nearest(query, reference)
    np.testing.assert_array_equal(index, full.argmin(axis=1))
    np.testing.assert_allclose(distance, full.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("spread", [0.0, 1e-12])
def test_nearest_of_items_far_off_an_almost_constant_reference(spread):
    reference, query = 1 + spread * normal(50, 3), 1e9 * normal(20, 3, seed=1)
    np.testing.assert_allclose(nearest(query, reference)[1], cdist(query, reference).min(axis=1))


def test_nearest_of_a_stream_is_the_same_whatever_the_blocks(monkeypatch):
    query, reference = normal(50, 8), normal(30, 8, seed=1)
    monkeypatch.setattr(neighbours, "BLOCK_ENTRIES", 100)
    parts = list(nearest_of_stream(np.split(query, [7, 8, 40]), reference))
    for found, whole in zip(map(np.concatenate, zip(*parts, strict=True)), nearest(query, reference), strict=True):
        np.testing.assert_array_equal(found, whole)
