"""Captions by themselves: words, which are the same, which leak, and which images they keep together."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.media.captioned.sentences import about, fault, key, names_class, remarks, together, unknown, words

NOBODY = np.zeros(0)


def test_words_and_keys():
    assert words("It's a RED caf\u00e9-bar, isn't it?") == ["it's", "a", "red", "caf\u00e9", "bar", "isn't", "it"]
    assert key("A red  square.") == key("a Red square") != key("a square red")
    assert unknown(["a blue dog", "a dog"], ["a red cat"]) == ["dog", "blue"]


def test_a_caption_of_signs_and_numbers_is_a_caption_if_it_has_a_word():
    assert not fault("3 red squares", "a.png") and not fault("red", "red.png") and not fault("\u72ac", "a.png")
    assert not fault("the letter \u201c\u00c5\u201d in S\u00c3O", "a.png")
    assert fault("0012", "0012.png") and fault("!!", "a.png") and not fault("12", "a.png")


@pytest.mark.parametrize(
    ("caption", "name", "is_so"),
    [
        ("a Black-footed albatross in flight", "001.Black_footed_Albatross", True),
        ("two cats", "cat", True),
        ("a caterpillar", "cat", False),
        ("the digit 3", "3", True),
        ("a black bird with an orange foot", "Black_footed_Albatross", False),
        ("anything", "---", False),
    ],
)
def test_a_caption_that_names_its_class_is_found(caption, name, is_so):
    assert names_class(caption, name) == is_so


def sets(captions: list[str], y: list[int], test: tuple[int, ...] = ()) -> tuple[list, np.ndarray, np.ndarray]:
    return [(caption,) for caption in captions], np.array(y), np.isin(np.arange(len(y)), test)


def test_images_with_one_caption_stay_together_across_classes_too():
    captions = ["one"] * 2 + [f"c {i}" for i in range(8)] + ["ONE."] + [f"d {i}" for i in range(9)]
    found = together(*sets(captions, [0] * 10 + [1] * 10))
    assert len({found.labels[0], found.labels[1], found.labels[10]}) == 1
    assert len(set(found.labels.tolist())) == 18 and (found.n_common, found.n_cut, found.n_across) == (0, 0, 0)


def test_captions_that_make_kinds_keep_nothing_together():
    captions = [f"kind {i % 2}" for i in range(20)]
    found = together(*sets(captions, [0] * 10 + [1] * 10))
    assert len(set(found.labels.tolist())) == 20 and found.n_common == 2
    assert "2 captions stand with so many of a class's images" in remarks(*sets(captions, [0] * 20)[:2], "a", found)[0]


def test_a_caption_of_a_twentieth_of_a_class_keeps_its_images_together_and_one_of_more_does_not():
    for often, groups in ((5, 96), (6, 100)):
        captions = ["often"] * often + [f"c {i}" for i in range(100 - often)]
        assert len(set(together(*sets(captions, [0] * 100)).labels.tolist())) == groups


def test_a_chain_of_captions_does_not_swallow_a_class():
    captions = [(f"link {i}", f"link {i + 1}") for i in range(40)]
    found = together(captions, np.zeros(40, int), np.zeros(40, bool))
    assert np.bincount(found.labels).max() <= 8 and found.n_cut > 0
    assert any("a chain of such captions" in told for told in remarks(captions, np.zeros(40, int), ["a"], found))


def test_a_given_test_set_takes_images_with_its_captions_from_training_unless_hardly_any_remain():
    few = ["shared", *[f"c {i}" for i in range(8)], "shared"]
    found = together(*sets(few, [0] * 10, test=(9,)))
    assert found.labels[0] == found.labels[9] and found.n_across == 0
    many = [f"c {i % 5}" for i in range(10)]
    found = together(*sets(many, [0] * 10, test=(5, 6, 7, 8, 9)))
    assert not set(found.labels[:5]) & set(found.labels[5:]) and found.n_across == 5
    said = remarks(*sets(many, [0] * 10)[:2], ["a"], found)
    assert any("5 images of the given test set have a caption of training images too" in told for told in said)


def test_a_leak_is_said_with_numbers_and_an_example():
    captions, y, _ = sets(["a red cat", "a blue thing", "a dog", "dogs"], [0, 0, 1, 1])
    told = remarks(captions, y, ("cat", "dog"), together(captions, y, np.zeros(4, bool)))
    assert len(told) == 1 and told[0].startswith("3 of 4 captions name their class ('a red cat' of 'cat', 'a dog' of")
    assert "which is a leak" in told[0]
    assert not remarks(captions, y, ("x", "y"), together(captions, y, np.zeros(4, bool)))


def test_captions_that_say_no_more_than_the_class_are_told():
    captions, y, is_test = sets(["one kind"] * 8 + ["another"] * 8, [0] * 8 + [1] * 8)
    told = remarks(captions, y, ("x", "y"), together(captions, y, is_test))
    assert told == ["all images of a class have the same captions, which tell no more than the class does"]


def test_how_many_there_are_is_said():
    assert about([("a b", "c"), ("a  B.",)]) == "3 captions (1 to 2 for each image), 2 different ones of 3 words"
