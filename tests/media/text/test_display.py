"""Sentences on a page and in a figure: escaped, in their own direction, with the words marked that differ."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gannb.data.medium import Cell, Grid
from gannb.media.text.display import differing, draw, html
from gannb.media.text.tokens import array

EVIL = "<script>alert(1)</script> & \"q\" 'x' <img src=x onerror=y>"


def marked(text: str) -> list[str]:
    return re.findall(r"<mark[^>]*>(.*?)</mark>", text)


def test_words_that_the_other_has_not_are_marked():
    assert marked(differing("Play some JAZZ now", "play some blues now")) == ["JAZZ"]
    assert marked(differing("play jazz", "Play, jazz!")) == []
    assert marked(differing("a b c d", "b x d")) == ["a", "c"]
    assert differing("play <b> jazz", "play jazz").count("&lt;") == 1


@pytest.mark.parametrize("text", [EVIL, "שלום <b>עולם</b>", "مرحبا & 👩‍👩‍👧", "\u202eevil\u202c"])
def test_nothing_of_a_sentence_is_interpreted(text):
    grid = Grid([[Cell(array([text])[0]), Cell(array(["play jazz"])[0])]], [text], together=2, columns=(text,))
    page = html(grid)
    inside = re.sub(r"</?(?:div|table|thead|tbody|tr|td|th|bdi|mark|small|p)(?: [a-z]+=\"[^\"<>]*\")*>", "", page)
    assert "<" not in inside and ">" not in inside
    assert page.count('<bdi dir="auto">') == 2  # the sentences
    assert page.count("<bdi>") == 1  # the class, whose cell stays at the left


def test_pairs_stand_in_lines_of_their_own_with_notes_and_frames():
    cells = [Cell(array([t])[0], "#ff0000", "0.42") if i % 2 == 0 else Cell(array([t])[0])
             for i, t in enumerate(["play some jazz", "play the blues", "will it rain", "will it snow"])]  # fmt: skip
    page = html(Grid([cells], ["music"], together=2))
    assert page.count("<tr>") == 2 and page.count("0.42") == 2 and "#ff0000" in page and 'rowspan="2"' in page
    assert marked(page) == ["the blues", "snow"]
    assert html(Grid([[Cell(None)]], ["none"])).count("<td") == 1


def test_a_figure_holds_every_sentence():
    grid = Grid([[Cell(array(["play $x^2$ some jazz"])[0], note="1.0")], [Cell(array([EVIL])[0])]], ["a", "b"])
    ax = draw(grid)
    texts = " ".join(text.get_text() for text in ax.texts)
    assert "jazz" in texts and "[1.0]" in texts and [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    plt.close(ax.figure)


def drawn(text: str) -> np.ndarray:
    """What is dark of a figure with a text."""
    figure = plt.figure(figsize=(2, 0.4))
    figure.text(0.1, 0.3, text)
    figure.canvas.draw()
    dark = np.asarray(figure.canvas.buffer_rgba())[..., 0] < 128
    plt.close(figure)
    return dark


def test_figures_show_scripts_from_right_to_left_as_they_are_read():
    """As their letters in the order in which they stand on paper, forced to run from left to right."""
    first, second = "\u05d0", "\u05d1"
    assert np.array_equal(drawn(first + second), drawn(f"\u202d{second}{first}\u202c"))
    assert not np.array_equal(drawn(first + second), drawn(f"\u202d{first}{second}\u202c"))


def test_names_of_classes_break_between_their_words_and_are_escaped():
    one = Grid([[Cell(np.array("play it"))]], ["SearchScreeningEvent"], columns=["real"])
    assert "Search<wbr>Screening<wbr>Event</bdi></th>" in html(one)
    assert "play_<wbr>it&lt;b&gt;</bdi></th>" in html(Grid([[Cell(np.array("play it"))]], ["play_it<b>"]))
