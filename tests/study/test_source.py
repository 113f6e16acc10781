"""Sources beside a study's data: which of their classes is which of the study's."""

from __future__ import annotations

import pytest

from gannb.study.source import chosen_classes, match_classes
from gannb.utils.errors import InputError


def test_classes_match_by_name_and_the_mapping_goes_before():
    theirs, ours = ("cat", "kitten", "wolf", "car"), ("cat", "dog")
    assert match_classes(theirs, ours, None, "related") == [[0], []]
    assert match_classes(theirs, ours, "kitten=cat, wolf=dog", "related") == [[0, 1], [2]]
    assert match_classes(theirs, ours, "cat=,wolf=dog", "related") == [[], [2]]
    assert match_classes(("cafe\u0301",), ("caf\u00e9",), None, "related") == [[0]]  # one name, written in two ways


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (None, r"none of its classes \(cats, car\) is one of this study's \(cat, dog\); .*related_classes=cats=cat"),
        ("kat=cat", "related has no class 'kat'; did you mean 'cats'?"),
        ("cats=dogs", "this study has no class 'dogs'; did you mean 'dog'?"),
        ("cats", "'cats' has no `=`"),
    ],
)
def test_a_mapping_that_maps_nothing_or_names_no_class_is_refused(wish, says):
    with pytest.raises(InputError, match=says.replace("?", r"\?")):
        match_classes(("cats", "car"), ("cat", "dog"), wish, "related")


def test_each_class_is_one_of_the_study_s_left_out_or_one_of_its_own():
    theirs = ("cat", "wolf", "car", "bus")
    assert chosen_classes(theirs, ("cat", "dog"), "wolf=dog,car=", "related") == ["cat", "dog", "", "bus"]


def test_a_class_is_mapped_once_and_saying_so_twice_changes_nothing():
    theirs, ours = ["a", "b"], ["1", "2"]
    assert match_classes(theirs, ours, "a=1,b=2,a=1", "foreign") == [[0], [1]]
    for twice in ("a=1,b=1,a=2", "a=1,a="):
        with pytest.raises(InputError, match="foreign_classes: 'a' is given '1' and '.?'; leave one of them out"):
            match_classes(theirs, ours, twice, "foreign")
