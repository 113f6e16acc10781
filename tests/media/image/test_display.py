"""Grids of images: where each stands, with its frame and its note."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.data.medium import Cell, Grid
from gannb.media.image.display import MOST_PIXELS, draw, thinned
from gannb.utils.figures import RED


def image(value: int, side: int = 20) -> np.ndarray:
    return np.full((side, side, 1), value, np.uint8)


def test_what_belongs_together_stands_closer_and_has_its_note_below_its_middle():
    pair = [Cell(image(10), RED, "0.50"), Cell(image(20))]
    ax = draw(Grid([pair * 2], ["a"], together=2))
    line = ax.images[0].get_array()[0]
    starts = [int(i) for i in np.flatnonzero(np.diff(line.astype(int), prepend=255) < 0)]
    assert starts == [0, 22, 54, 76]  # 20 pixels each, 2 within a pair, 12 between pairs
    assert [note.xy[0] for note in ax.texts] == [20.5, 74.5] and len(ax.patches) == 2


def test_rows_may_be_short_and_places_empty():
    ax = draw(Grid([[Cell(image(10)), Cell(image(20))], [Cell(None), Cell(image(30))], []], ["a", "b", "c"]))
    whole = ax.images[0].get_array()
    assert {int(v) for v in np.unique(whole)} == {10, 20, 30, 255}
    assert (whole[22:42, 22:42] == 30).all() and (whole[22:42, :22] == 255).all() and (whole[44:] == 255).all()


def test_rows_and_columns_are_named_at_the_middle_of_what_they_name():
    ax = draw(Grid([[Cell(image(0))] * 4] * 2, ["a", "b"], together=2, columns=("left", "right")))
    assert list(ax.get_yticks()) == [9.5, 31.5] and list(ax.get_xticks()) == [20.5, 74.5]


def test_names_of_rows_may_have_lines_each_cut_off_by_itself():
    names = ["one line\nand a second one", "x" * 30]
    ax = draw(Grid([[Cell(image(0))]] * 2, names))
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one line\nand a second one", "x" * 23 + "…"]
    longer = draw(Grid([[Cell(image(0))]], ["x" * 23 + "\n" + "x" * 23]))
    assert longer.figure.get_figwidth() == draw(Grid([[Cell(image(0))]], ["x" * 23])).figure.get_figwidth()


@pytest.mark.parametrize("side", [8, 128, 129, 1000])
def test_large_images_are_thinned(side):
    drawn = thinned(image(0, side))
    assert len(drawn) <= MOST_PIXELS and (side > MOST_PIXELS or len(drawn) == side)
