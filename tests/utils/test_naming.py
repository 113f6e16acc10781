"""Names in sentences and errors."""

from __future__ import annotations

from gannb.utils.naming import counted, ended, few_of, listed, nearest, nearest_class, shortened


def test_the_nearest_name_is_asked_for_and_none_that_is_far():
    assert nearest("dcgna", ["wgan", "dcgan"]) == "did you mean dcgan?"
    assert nearest("cats", ["cat", "cart", "dog"], repr, most=2) == "did you mean 'cat' or 'cart'?"
    assert nearest("cats", ["dog"]) == nearest("cats", []) == ""


def test_a_class_that_is_not_there_is_told_the_nearest_or_which_there_are():
    assert nearest_class("cats", ("cat", "dog")) == "did you mean 'cat'?"
    assert nearest_class("7", tuple("abcdefghij")) == (
        "the classes are 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 more."
    )
    assert few_of(["a", "b"]) == "a, b"


def test_names_are_listed_with_the_word_that_is_asked_for():
    assert [listed(names) for names in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert listed(["a", "b"], "or") == "a or b"


def test_a_sentence_ends_once():
    assert [ended(text) for text in ("so", "so.", "so?")] == ["so.", "so.", "so?"]


def test_a_long_text_is_shown_by_its_begin_and_length():
    assert shortened("short") == "short" and shortened("x" * 1000) == f"{'x' * 80}... (1,000 characters)"


def test_one_thing_is_counted_as_one():
    assert [counted(n, "set", "sets") for n in (0, 1, 1200)] == ["0 sets", "1 set", "1,200 sets"]
