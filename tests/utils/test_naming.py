"""How numbers, arms and answers are said."""

from __future__ import annotations

import pytest

from gannb.analysis.wording import arm_label, interval_text, points, row_word, typeset
from gannb.utils.naming import ended, few_of, nearest, nearest_class


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        ("real+gan+classic", "real + GAN + classic"), ("gan", "GAN"), ("real", "real"),
        ("real+classic@half", "real + classic (half the steps)"), ("fewer+classic", "fewer + classic"),
        ("real+gan.by_classifier:1000", "real + GAN (by classifier, 1,000 per class)"),
        ("real+dcgan:50+classic", "real + dcgan (50 per class) + classic"),
    ],
)  # fmt: skip
def test_arm_names_are_spelled_out(arm, label):
    assert arm_label(arm) == label


def test_points_have_one_decimal_and_no_minus_zero():
    assert [points(v, True) for v in (0.0061, -0.004, -0.0001)] == ["+0.6", "-0.4", "0.0"]
    assert interval_text({"difference": 0.006, "low": -0.004, "high": 0.016}) == "+0.6 [-0.4, 1.6]"


def test_typeset_has_true_minus_signs_and_keeps_numbers_together():
    expected = "−0.4_[−0.8,_0.1] at 95_%, R-1, 3-5".replace("_", "\u00a0")
    assert typeset("-0.4 [-0.8, 0.1] at 95 %, R-1, 3-5") == expected


def test_rows_have_their_words():
    control = {"role": "control", "expected": "helps"}
    assert [row_word(control | {"came_out": c}) for c in (True, False, None)] == [
        "helps, as expected", "not as expected", "too uncertain to tell"
    ]  # fmt: skip
    assert row_word({"role": "exploratory", "answer": None}) == ""
    assert row_word({"role": "primary", "answer": "inconclusive"}) == "undecided"


def test_numbers_are_set_with_true_minus_and_stay_with_their_interval():
    shown = "by −0.4\u00a0[−1.3,\u00a00.5] points, 95\u00a0% of x-2"
    assert typeset("by -0.4 [-1.3, 0.5] points, 95 % of x-2") == shown


# ---- in errors ----


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


def test_a_sentence_ends_once():
    assert [ended(text) for text in ("so", "so.", "so?")] == ["so.", "so.", "so?"]
