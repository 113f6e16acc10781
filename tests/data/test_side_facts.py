"""Whether side facts tell the class: they do where they differ by class, and not by chance."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.data.medium import Nouns
from gannb.data.side_facts import remark

NOUNS = Nouns("clip", "clips", "samples")


def told(sides: list[dict], y: list[int] | np.ndarray, groups: np.ndarray | None = None) -> str:
    groups = np.arange(len(y)) if groups is None else groups
    return remark(lambda i: sides[i], np.asarray(y), groups, NOUNS)


def test_a_word_that_goes_with_the_class_is_told_with_its_accuracy():
    y = np.repeat([0, 1], 20)
    sides = [{"recorder": "ab"[k], "length": (1.0,)} for k in y]
    sides[0] = sides[0] | {"recorder": "b"}
    sentence = told(sides, y)
    assert "by their recorder: this alone is right for 98% of 40 clips" in sentence
    assert "(cross-validated; always naming the largest class: 50%)" in sentence and "\n" not in sentence


def test_several_facts_are_named_and_which_tells_most():
    y, rng = np.repeat([0, 1], 50), np.random.default_rng(0)
    noisy = np.where(rng.random(100) < 0.2, 1 - y, y)
    sides = [{"length": (float(2 * k + rng.random()),), "recorder": "ab"[n], "format": rng.choice(["x", "y"])}
             for k, n in zip(y, noisy, strict=True)]  # fmt: skip
    sentence = told(sides, y)
    assert "by their length and recorder: this alone is right for 100%" in sentence
    assert "by length alone: 100%" in sentence


@pytest.mark.parametrize("n", [2, 3, 6, 10, 20, 50, 200])
def test_facts_that_have_nothing_to_do_with_the_class_cry_no_wolf(n):
    said = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sides = [
            {
                "length": tuple(rng.lognormal(5, 0.5, 3)),
                "recorder": rng.choice(list("abcd")),
                "format": rng.choice(["x", "y"]),
            }
            for _ in range(2 * n)
        ]
        said += bool(told(sides, np.repeat([0, 1], n)))
    assert said <= 1


def test_of_very_few_items_nothing_is_told_and_of_six_each_it_is():
    for n, expected in ((2, False), (4, False), (6, True)):
        y = np.repeat([0, 1], n)
        assert bool(told([{"recorder": "ab"[k]} for k in y], y)) is expected


def test_the_share_of_the_largest_class_is_what_counts():
    y = np.repeat([0, 1], [95, 5])
    assert not told([{"length": (float(i % 7),)} for i in range(100)], y)  # 95% is right, and tells nothing
    y = np.repeat([0, 1], [90, 10])
    assert "right for 100% of 100 clips (cross-validated; always naming the largest class: 90%)" in told(
        [{"recorder": "ab"[k]} for k in y], y
    )


def test_a_fact_of_each_group_alone_tells_nothing_of_other_groups():
    y, groups = np.repeat([0, 1], 20), np.repeat(np.arange(8), 5)
    assert not told([{"recorder": str(g)} for g in groups], y, groups)
    few = np.repeat(np.arange(4), 10)  # the recorder goes with the class, in two groups of each
    assert not told([{"recorder": "ab"[k]} for k in y], y, few)


def test_what_all_items_share_and_a_single_class_tell_nothing():
    assert told([{"recorder": "a", "length": (1.0, 2.0)}] * 40, np.repeat([0, 1], 20)) == ""
    assert told([{"length": (float(i),)} for i in range(9)], np.zeros(9, int)) == ""


def test_many_classes_and_many_items():
    y = np.repeat(np.arange(50), 200)
    assert "right for 100% of 4,000 clips" in told([{"length": (float(k),)} for k in y], y)
