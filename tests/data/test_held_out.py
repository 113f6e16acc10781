"""Classes that are held out: which items go where, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_gans import as_examples, make_draw

from gannb.data.examples import Dataset
from gannb.data.held_out import hold_out
from gannb.media.image.parameters import NOUNS
from gannb.media.image.reading import read
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_labels_stay_with_their_items_and_a_copy_is_the_same(tmp_path):
    whole = replace(read("digits"), traits={"rate": 8000})
    dataset = hold_out(whole, ("3",), NOUNS)
    for part, named in ((dataset.pool, "012456789"), (dataset.held_out.pool, "3")):
        assert part.classes == tuple(named)
        before = whole.pool.take([np.flatnonzero(whole.pool.ids == i)[0] for i in part.ids[:50]])
        assert [part.classes[k] for k in part.y[:50]] == [whole.pool.classes[k] for k in before.y]
        np.testing.assert_array_equal(part.x[:50], before.x)
    assert dataset.prepared not in (whole.prepared, hold_out(whole, ("4",), NOUNS).prepared)
    dataset.save(tmp_path / "copy")
    again = Dataset.load(tmp_path / "copy")
    assert again.traits == again.held_out.traits == {"rate": 8000}
    assert again.prepared == dataset.prepared and again.held_out.pool.classes == ("3",)
    np.testing.assert_array_equal(again.held_out.pool.x, dataset.held_out.pool.x)


def grouped(groups: list[int], given_test: bool = False) -> Dataset:
    """Four classes of four items each with these groups; with a given test set of one item more per class."""
    whole = replace(read("digits"), traits={"rate": 8000})
    draw = as_examples(make_draw(4, 4).x, np.repeat(np.arange(4), 4))
    draw = replace(draw, groups=np.array(groups), classes=("cat", "cow", "dog", "hen"))
    test = replace(draw.take(np.arange(0, 16, 4)), groups=np.arange(100, 104)) if given_test else None
    return replace(whole, pool=draw, test=test)


def test_held_out_items_that_share_a_group_with_other_classes_are_used_nowhere():
    groups = list(range(16))
    groups[14] = groups[0]  # an item of "hen" and one of "cat"
    dataset = hold_out(grouped(groups, given_test=True), ("hen",), NOUNS)
    assert dataset.held_out.report.removed_from_pool == ["14"]
    assert dataset.held_out.pool.ids.tolist() == ["12", "13", "15"] and len(dataset.held_out.test) == 1
    assert "0" in dataset.pool.ids
    with pytest.raises(InputError, match="class 'hen' keeps 1 images to train on once .* hold out another class"):
        hold_out(grouped([*range(12), 0, 1, 2, 15]), ("hen",), NOUNS)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"held_out": "cats"}, "there is no class 'cats'; did you mean 'cat'"),
        ({"held_out": "zzz"}, "there is no class 'zzz'; the classes are 'cat', "),
        ({"held_out": ("cat", "dog", "hen")}, "1 of 4 classes would remain, and a classifier needs two; hold out 2"),
    ],
)
def test_held_out_classes_are_checked_by_name_and_number(given, sentence):
    with pytest.raises(InputError, match="held_out: " + sentence):
        hold_out(grouped(list(range(16))), make_study(**given).held_out, NOUNS)
