"""What counts as a copy of a training image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from tiny_gans import as_examples, digits_draw
from toy_media import FLOAT, INT16, vectors

from gannb.measures.copy_rule import CopyRule, squared_distances
from gannb.media.image import IMAGE

DRAW = digits_draw(n=16)
NEXT = digits_draw(n=32).x  # the draw and as many others


def others() -> np.ndarray:
    seen = {x.tobytes() for x in DRAW.x}
    return np.stack([x for x in NEXT if x.tobytes() not in seen])


def test_copies_and_what_is_close_to_them_are_found():
    rng = np.random.default_rng(0)
    noisy = np.clip(DRAW.x + rng.normal(0, 6, DRAW.x.shape), 0, 255).astype(np.uint8)
    rule = CopyRule(IMAGE, DRAW)
    assert rule(DRAW.x).all() and rule(noisy).mean() > 0.98


def test_real_images_that_were_not_trained_on_are_hardly_ever_taken_for_copies():
    assert CopyRule(IMAGE, DRAW)(others()).mean() < 0.01


def test_the_rule_is_that_of_the_distances():
    rng = np.random.default_rng(1)
    share = rng.random((len(others()), 1, 1, 1))
    x = np.round(share * others() + (1 - share) * DRAW.x[: len(share)]).astype(np.uint8)
    distances = np.sort(cdist(x.reshape(len(x), -1).astype(float), DRAW.x.reshape(len(DRAW), -1).astype(float)), axis=1)
    expected = distances[:, 0] < distances[:, 1] / 3
    assert 0.1 < expected.mean() < 0.9
    assert np.array_equal(CopyRule(IMAGE, DRAW)(x), expected)


def test_duplicates_in_the_training_set_do_not_hide_each_other():
    twice = as_examples(np.concatenate([DRAW.x, DRAW.x]), np.concatenate([DRAW.y, DRAW.y]))
    assert not CopyRule(IMAGE, twice)(DRAW.x).any()  # as items of their own they would
    grouped = replace(twice, groups=np.tile(np.arange(len(DRAW)), 2))
    assert CopyRule(IMAGE, grouped)(DRAW.x).all()


@pytest.mark.parametrize("entries", [64, 640, 10**6])
def test_an_item_is_judged_alike_whatever_is_looked_at_with_it(monkeypatch, entries):
    monkeypatch.setattr("gannb.measures.copy_rule.ENTRIES", entries)
    x = np.concatenate([DRAW.x[:20], others()[:20]])
    found = CopyRule(IMAGE, DRAW)(x)
    assert np.array_equal(found, np.concatenate([CopyRule(IMAGE, DRAW)(item[None]) for item in x]))
    assert found[:20].all() and not found[20:].any()


# ---- items that are no images ----


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_copies_of_other_items_are_found_however_many_are_looked_at(medium):
    train, further = vectors(medium, 20), vectors(medium, 20, seed=1)
    rule, x = CopyRule(medium, train), np.concatenate([train.x, medium.alter(train.x), further.x])
    found = rule(x)
    assert found[:80].all() and found[80:].mean() < 0.1  # 40 copies, as many altered ones, 40 others
    assert np.array_equal(found, np.concatenate([rule(item[None]) for item in x]))
    distances = np.sort(cdist(x.astype(float), train.x.astype(float)), axis=1)
    assert np.array_equal(found, distances[:, 0] < distances[:, 1] / 3)


def test_the_ends_of_int16_do_not_wrap_around():
    a, b = np.array([[-32768, 0]], np.int16), np.array([[32767, 0], [-32768, 1]], np.int16)
    assert squared_distances(a, b).tolist() == [[65535.0**2, 1.0]]


def test_numbers_whose_squares_are_not_exact_are_compared_pair_by_pair():
    for x in (np.array([[1e8], [1e8 + 1]]), np.array([[2**40], [2**40 + 1]])):  # by sums of squares they are as one
        assert squared_distances(x, x).tolist() == [[0.0, 1.0], [1.0, 0.0]]
