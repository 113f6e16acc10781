"""Forest plots show every row with its numbers, and stay readable when one lies far off."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
from planted_figures import VERDICT, row, texts

from gannb.analysis.wording import interval_text, row_word, typeset
from gannb.report import plots


@pytest.mark.parametrize("draw", [plots.forest, plots.forest_narrow])
def test_the_forest_shows_every_row_with_its_numbers(draw):
    ax = draw(VERDICT)
    written = " | ".join(texts(ax))
    for r in VERDICT["contrasts"] + VERDICT["controls"]:
        assert r["meaning"] in written
        assert typeset(interval_text(r)) in written


def test_the_forest_is_grouped_and_gives_answers_where_there_are_any():
    rows = plots.forest_rows(VERDICT)
    assert [r["role"] for r in rows] == ["primary", "secondary", "exploratory", "control", "control", "control"]
    words = [row_word(r) for r in rows]
    assert words == ["undecided", "helps", "", "no difference seen", "hurts, as expected", "not as expected"]


def test_a_far_row_does_not_squeeze_the_primary_and_ends_in_an_arrow():
    ax = plots.forest(VERDICT)
    assert ax.get_xlim()[1] < 20  # points, though a control lies at -60
    assert "<" in [line.get_marker() for line in ax.lines]


def test_the_band_of_no_consequence_is_as_wide_as_the_rope():
    band = plots.forest(VERDICT).patches[0].get_extents().transformed(plt.gca().transData.inverted())
    assert (round(band.x0, 6), round(band.x1, 6)) == (-1.0, 1.0)


# ---- the headline ----


def test_the_headline_has_the_answers_own_interval_first_and_then_the_other_ways():
    primary, other = plots.headline_rows(VERDICT)
    asked = next(r for r in VERDICT["contrasts"] if r["role"] == "primary")
    assert (primary["low"], primary["high"], primary["option"]) == (asked["low"], asked["high"], "GAN images")
    assert (other["option"], other["role"]) == ("fine-tuning a pretrained network", "option")
    written = " | ".join(texts(plots.headline(VERDICT)))
    for r in (primary, other):
        assert r["option"] in written and typeset(interval_text(r)) in written


def test_the_headline_of_a_study_without_other_ways_is_the_answer_alone():
    alone = VERDICT | {"options": [row for row in VERDICT["options"] if row["arm"] == "real+gan+classic"]}
    ax = plots.headline(alone)
    assert len(plots.headline_rows(alone)) == 1 and "GAN images" in texts(ax)


def test_the_words_of_a_long_option_take_further_lines_and_leave_room_for_its_number():
    option = "fine-tuning a pretrained network with a foreign GAN's images"
    long = VERDICT["options"][0] | {"option": option, "difference": -0.102, "low": -0.219, "high": -0.122}
    ax = plots.headline(VERDICT | {"options": [long, long | {"option": "short"}]})
    ax.figure.canvas.draw()
    written = {text.get_text().replace("\n", " "): text for text in ax.texts}
    words, number = written[option].get_window_extent(), written[typeset(interval_text(long))].get_window_extent()
    assert words.x1 < number.x0
    assert ax.texts[0].get_window_extent().y0 > words.y1  # the answer's: no row reaches into another
    assert written["short"].get_window_extent().y1 < words.y0
    assert written["short"].get_fontsize() == written[option].get_fontsize()


def test_of_many_other_ways_the_headline_shows_the_first():
    many = [VERDICT["options"][0] | {"arm": f"arm {i}"} for i in range(9)]
    assert [r.get("arm") for r in plots.headline_rows(VERDICT | {"options": many})[1:]] == [
        f"arm {i}" for i in range(5)
    ]


def test_marks_carry_their_value_for_a_pointer():
    drawing = plots.svg(plots.headline(VERDICT).figure, "headline")
    assert drawing.count("<title>fine-tuning a pretrained network: +6.0") == 2  # its bar and its mark


@pytest.mark.parametrize("letter", "xW")
@pytest.mark.parametrize("draw", [plots.forest_of_studies, plots.forest_of_studies_narrow])
def test_forty_studies_with_very_long_names_lose_no_word_at_the_edges(draw, letter):
    studies = [
        row("real+gan+classic", "real+classic", "primary", 0.02, 0.3, "inconclusive", rope=0.01,
            study=f"{i:02d}-{letter * 57}", about="1,234 real images, 12 trials, balanced accuracy")
        for i in range(40)
    ]  # fmt: skip
    ax = draw(studies)
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    for text in (*ax.texts, ax.xaxis.label):
        box = text.get_window_extent()
        assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0, text.get_text()
    assert len([t for t in ax.texts if t.get_text().endswith("…")]) == 40


# ---- several studies together ----

STUDIES = [row("real+gan+classic", "real+classic", "primary", d, 0.01, "inconclusive", study=f"s{i}", about="80 images",
               rope=0.01) for i, d in enumerate((0.01, -0.02, 0.03))]  # fmt: skip
TOGETHER = {"study": "All 3 together", "about": "next data set [-5.0, 6.0]", "difference": 0.005, "low": -0.01,
            "high": 0.02, "next_low": -0.05, "next_high": 0.06}  # fmt: skip


@pytest.mark.parametrize("draw", [plots.forest_of_studies, plots.forest_of_studies_narrow])
def test_studies_together_are_a_diamond_as_wide_as_their_interval_with_a_line_for_the_next(draw):
    ax = draw(STUDIES, TOGETHER)
    (diamond,) = [patch for patch in ax.patches if len(getattr(patch, "get_xy", list)()) == 5]
    x, y = diamond.get_xy()[:, 0], diamond.get_xy()[:, 1]
    assert (x.min(), x.max(), x[1]) == pytest.approx((-1.0, 2.0, 0.5)) and y.max() > len(STUDIES) > y.min() - 0.5
    written = " | ".join(texts(ax))
    assert "All 3 together" in written and typeset(interval_text(TOGETHER)) in written
    assert "next data set [−5.0,\u00a06.0]" in written
    arrows = [line.get_marker() for line in ax.lines if line.get_marker() in "<>"]
    assert arrows == ["<", ">"]  # the next data set's interval goes on beyond the axis
    (line,) = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 1.2]
    assert tuple(line.get_xdata()) == ax.get_xlim()


@pytest.mark.parametrize("draw", [plots.forest_of_studies, plots.forest_of_studies_narrow])
def test_without_a_pooled_answer_there_is_no_diamond(draw):
    assert not [patch for patch in draw(STUDIES).patches if len(getattr(patch, "get_xy", list)()) == 5]


def test_long_words_leave_the_bars_their_room():
    long = "GAN sentences alone instead of the real ones, half of a training item kept, the rest made anew"
    rows = [row("maskgan_start.half", "real+bag_of_words+classic", "exploratory", 0.02, 0.03) | {"meaning": long}] * 12
    ax = plots.forest(VERDICT | {"contrasts": [*VERDICT["contrasts"], *rows]})
    ax.figure.canvas.draw()
    page, axes = ax.figure.bbox, ax.get_window_extent()
    assert axes.width > 0.3 * page.width
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 for box in (*boxes, ax.xaxis.label.get_window_extent()))
    left = sorted((box for box in boxes if box.x1 < axes.x0), key=lambda box: -box.y1)
    assert all(above.y0 >= below.y1 - 2 for above, below in zip(left, left[1:], strict=False))  # no line on another
