"""Sketches of data sets: seen are items that two sets share, and not those of one alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.data.sketch import SIZE, share_items, sketch


def dataset(x: np.ndarray, test: np.ndarray | None = None) -> Dataset:
    def examples(items: np.ndarray) -> Examples:
        n = len(items)
        return Examples(items, np.zeros(n, int), ("a",), np.arange(n).astype(str), np.arange(n))

    held = None if test is None else examples(test)
    return Dataset(examples(x), held, "", "", None, "image")


def items(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 4, 4, 1), dtype=np.uint8)


def test_a_sketch_depends_on_the_items_alone_and_is_small():
    x = items(300, 0)
    found = sketch(dataset(x))
    assert found == sorted(found) and len(found) == SIZE and all(len(each) == 16 for each in found)
    assert found == sketch(dataset(x[::-1])) == sketch(dataset(x[:200], x[200:]))
    assert len(sketch(dataset(np.concatenate([x[:5], x[:5]])))) == 5  # of fewer items all, each once


def test_sets_that_share_a_tenth_are_seen_to_whatever_part_it_lies_in():
    seen, shared = [], 40
    for seed in range(20):
        one, other, both = (items(n, 100 * seed + i) for i, n in enumerate((360, 360, shared)))
        a, b = dataset(np.concatenate([one, both])), dataset(other, both)
        seen.append(share_items(sketch(a), sketch(b)))
    assert np.mean(seen) >= 0.9


def test_classes_that_are_held_out_count_too():
    one, other = dataset(items(100, 0)), dataset(items(100, 1))
    assert not share_items(sketch(one), sketch(other))
    assert share_items(sketch(replace(one, held_out=other)), sketch(other))


def test_sets_that_share_nothing_are_not_said_to():
    found = [sketch(dataset(items(400, seed))) for seed in range(20)]
    assert not any(share_items(one, other) for i, one in enumerate(found) for other in found[:i])


def test_items_of_any_medium_have_a_sketch():
    sentences = np.array(["a", "b", "a longer sentence"])
    one, other = sketch(dataset(sentences)), sketch(dataset(sentences[:2]))
    assert len(one) == 3 and set(other) < set(one)  # however wide the array is
