"""Grids of clips as figures."""

from __future__ import annotations

import numpy as np
import pytest
from planted_clips import RATE, tone

from gannb.data.medium import Cell, Grid
from gannb.media.audio.display import MOST_COLUMNS, coloured, draw, levels, marks, pictured
from gannb.media.audio.logmel import LogMel

LOW, HIGH = tone(300), tone(3000)


def grid(*items: np.ndarray | None, **about) -> Grid:
    return Grid([[Cell(item) for item in items]], ["owl"], **about)


def test_low_frequencies_lie_below_and_a_clip_goes_from_left_to_right():
    low, high = (levels(each, RATE).mean(axis=1).argmax() for each in (LOW, HIGH))
    scale = marks(LogMel(RATE, 4096))
    assert high / 64 < scale["2 kHz"] < scale["1 kHz"] < scale["500 Hz"] < low / 64 < scale["100 Hz"]
    late = levels(np.concatenate([np.zeros(3096, np.int16), LOW[:1000]]), RATE)
    assert late[:, : late.shape[1] // 2].max() == 0 and late.max() == 255


@pytest.mark.parametrize(("rate", "highest", "lowest"), [(4000, "1 kHz", "200 Hz"), (8000, "2 kHz", "100 Hz")])
def test_a_scale_names_frequencies_that_are_there_with_room_between_them(rate, highest, lowest):
    found = marks(LogMel(rate, rate))
    heights = list(found.values())
    assert list(found)[0] == highest and list(found)[-1] == lowest and min(np.diff(heights)) >= 0.18
    assert 0 < heights[0] and heights[-1] < 1
    assert "16 kHz" in marks(LogMel(48000, 48000)) and len(marks(LogMel(48000, 48000))) >= 4


def test_long_clips_keep_their_bands_and_their_loudest_moments():
    long = np.zeros(30 * RATE, np.int16)
    long[17 * RATE : 17 * RATE + 4096] = LOW
    found = levels(long, RATE)
    assert found.shape[0] == 64 and found.shape[1] <= MOST_COLUMNS and found.max() == 255
    assert abs(found.max(axis=0).argmax() / found.shape[1] - 17.2 / 30) < 0.03


def test_silence_is_black_and_the_maximum_bright():
    colours = coloured(np.array([[0, 255]], np.uint8))[0]
    assert colours[0].max() < 10 and colours[1].min() > 150
    shown = pictured(grid(np.zeros(4096, np.int16), None), RATE)
    assert shown.cells[0][0].item.max() < 10 and shown.cells[0][1].item is None


def test_a_figure_has_one_scale_of_frequencies_and_of_seconds():
    ax = draw(grid(LOW, None, HIGH, columns=("a", "b", "c")), RATE)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["– 2 kHz", "– 1 kHz", "– 500 Hz", "– 100 Hz", "0", "0.512 s"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["owl"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    ax.figure.canvas.draw()
    edges = [text.get_window_extent() for text in ax.texts[: texts.index("0")]]
    assert all(not one.overlaps(other) for one, other in zip(edges, edges[1:], strict=False))
    assert all(0 <= box.x0 and box.x1 <= ax.figure.bbox.width for box in edges)


def test_seconds_stand_below_notes_and_above_the_names_of_moments():
    noted = Grid([[Cell(LOW, note="0.93 copy?")]], ["owl"], below="training steps", columns=["100"])
    ax = draw(noted, RATE)
    ax.figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    ticks = ax.get_xticklabels()[0].get_window_extent()
    assert boxes["0.512 s"].y1 <= boxes["0.93 copy?"].y0 + 1 and ticks.y1 <= boxes["0.512 s"].y0 + 1
