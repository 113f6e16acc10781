"""Forest plots show every row with its numbers, and stay readable when one lies far off."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
from planted_figures import VERDICT, texts

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


def test_the_words_of_a_long_option_leave_room_for_its_number():
    option = "fine-tuning a pretrained network with a foreign GAN's images"
    long = VERDICT["options"][0] | {"option": option, "difference": -0.102, "low": -0.219, "high": -0.122}
    ax = plots.headline(VERDICT | {"options": [long]})
    ax.figure.canvas.draw()
    written = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert written[option].x1 < written[typeset(interval_text(long))].x0


def test_of_many_other_ways_the_headline_shows_the_first():
    many = [VERDICT["options"][0] | {"arm": f"arm {i}"} for i in range(9)]
    assert [r.get("arm") for r in plots.headline_rows(VERDICT | {"options": many})[1:]] == [
        f"arm {i}" for i in range(5)
    ]


def test_marks_carry_their_value_for_a_pointer():
    drawing = plots.svg(plots.headline(VERDICT).figure, "headline")
    assert drawing.count("<title>fine-tuning a pretrained network: +6.0") == 2  # its bar and its mark
