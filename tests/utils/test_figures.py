"""What all figures share."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from gannb.utils.figures import FONTS, STYLE, TIP, new_axes, say, set_title, short, tip, title_text


def test_new_axes_are_those_of_a_new_figure_of_the_size():
    first, second = new_axes(4, 3), new_axes(4, 3)
    assert first.figure is not second.figure and first.figure.get_size_inches().tolist() == [4, 3]


@pytest.mark.parametrize(("most", "shown"), [(5, "horse"), (4, "hor…"), (1, "…")])
def test_a_text_is_cut_to_so_many_characters(most, shown):
    assert short("horse", most) == shown and len(shown) <= most


def test_a_title_says_where_rows_were_left_out():
    assert title_text("All", 12, 30) == "All · the first 12 of 30 classes"
    assert title_text("All", 3, 3) == "All" and title_text("", 12, 30) == "the first 12 of 30 classes"


def test_a_title_is_written_as_it_is_and_an_empty_one_changes_nothing():
    ax = plt.subplots()[1]
    ax.set_title("before", loc="left")
    assert set_title(ax, "") is ax and ax.get_title(loc="left") == "before"
    set_title(ax, "$x^$")
    ax.figure.canvas.draw()  # as mathematics it would be refused


def test_axes_that_have_nothing_to_show_say_so_and_show_nothing_else():
    ax = plt.subplots()[1]
    assert say(ax, "There are none.") is ax and not ax.axison
    assert [text.get_text() for text in ax.texts] == ["There are none."]


def test_a_tip_keeps_its_text_apart_from_the_attribute_that_holds_it():
    assert tip('a "b"') == f"{TIP}a ”b”"


def test_fonts_that_are_not_installed_are_not_asked_for():
    found = STYLE["font.family"]
    assert found and (found == ["sans-serif"] or set(found) <= set(FONTS))
