"""Figures as files: whole, and always the same."""

from __future__ import annotations

import re
import warnings

import matplotlib.pyplot as plt
import pandas as pd
from planted_figures import VERDICT

from gannb.report import plots
from gannb.report.plots import saving
from gannb.utils.figures import tip


def test_save_writes_png_svg_and_csv_the_same_each_time(tmp_path):
    written = []
    for _ in range(2):
        ax = plots.forest(VERDICT)
        files = plots.save(ax.figure, tmp_path / "figures", "forest", pd.DataFrame({"a": [1, 2]}))
        written.append([file.read_bytes() for file in files])
    assert [file.name for file in files] == ["forest.png", "forest.svg", "forest.csv"]
    assert written[0] == written[1]
    assert written[0][0].startswith(b"\x89PNG") and b"<svg" in written[0][1] and written[0][2] == b"a\n1\n2\n"
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["forest.csv", "forest.png", "forest.svg"]


def test_a_mark_with_a_tip_shows_it_in_svg_and_svg_has_no_date():
    ax = plt.subplots()[1]
    ax.plot([0, 1], [0, 1], gid=tip("0.6 points"))
    drawn = saving.svg(ax.figure, "mine")
    assert drawn.count("<title>0.6 points</title>") == 1 and "tip:" not in drawn and "dc:date" not in drawn


def test_figures_of_other_names_share_no_ids():
    ax = plt.subplots()[1]
    ax.plot([0, 1], [0, 1], clip_on=True)
    first, second = (set(re.findall(r'<clipPath id="([^"]+)"', saving.svg(ax.figure, name))) for name in "ab")
    assert first and not first & second


def test_a_name_with_a_letter_that_no_font_has_is_drawn_without_a_warning():
    figure, ax = plt.subplots()
    ax.set_title("music \U0001f3b6")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert saving.png(figure) and saving.svg(figure, "a")
    plt.close(figure)
