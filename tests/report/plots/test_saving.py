"""Figures as files: whole, and always the same."""

from __future__ import annotations

import base64
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
        saved = plots.save(ax.figure, tmp_path / "figures", "forest", pd.DataFrame({"a": [1, 2]}))
        written.append({file.name: file.read_bytes() for file in (tmp_path / "figures").iterdir()})
    assert written[0] == written[1] and len(written[0]) == 3
    png, svg, csv = (written[0][f"forest.{ending}"] for ending in ("png", "svg", "csv"))
    assert png.startswith(b"\x89PNG") and b"<svg" in svg and csv == b"a\n1\n2\n"
    assert (saved.png, saved.svg.encode()) == (png, svg)


def test_a_saved_figure_is_embedded_as_what_was_saved():
    saved = saving.Saved("forest", bytes(range(256)), '<?xml version="1.0"?><svg width="1"><path id="a"/></svg>')
    kind, _, body = saved.as_address().partition(";base64,")
    assert kind == "data:image/png" and base64.b64decode(body) == saved.png
    assert saved.as_element() == '<svg aria-hidden="true" width="1"><path id="forest-a"/></svg>'


def test_the_ids_of_an_embedded_drawing_are_its_own_and_its_marks_keep_their_titles():
    drawing = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg width="1"><metadata>when</metadata><defs><path id="g1"/>'
        '<style>* {}</style></defs><g id="axes_1"><title>a" id="x</title><use href="#g1"/>'
        '<rect clip-path="url(#g1)"/></g></svg>'
    )
    assert plots.inline_svg(drawing, "forest") == (
        '<svg aria-hidden="true" width="1"><defs><path id="forest-g1"/></defs><g><title>a" id="x</title>'
        '<use href="#forest-g1"/><rect clip-path="url(#forest-g1)"/></g></svg>'
    )


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
