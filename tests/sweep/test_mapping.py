"""The map as its reader has it, from planted results: what is settled, what failed, in words and by keyboard."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from browsing import browser_page, in_browser
from planted_study import Reader
from planted_sweep import planted_sweep
from sweep_files import sweep as of_file

from gannb.sweep.entries import Entry, entries, results
from gannb.sweep.mapping import column_axis, panels, write_map

FAILED = "flowers,n_per_class=20,gan=mlp"
LATE = "letters,n_per_class=80,gan=projection"


@pytest.fixture
def drawn(tmp_path):
    sweep = planted_sweep(tmp_path, without=(FAILED, LATE))
    return sweep, *write_map(
        sweep, {FAILED: "3 of 9 units failed, as trials/000/mlp-0: RuntimeError: the loss is <nan>"}
    )


def test_every_place_has_its_gain_interval_and_answer(drawn):
    sweep, page, answer = drawn
    text = page.read_text()
    table = pd.read_csv(sweep.folder / "map.csv")
    gans = table[table["is_gan"]]
    assert len(gans) == 18 and len(table[~table["is_gan"]]) == 9  # blends, once for both families
    assert answer.startswith("Helps in ") and "no result in 2" in answer
    counts = gans["answer"].value_counts()
    assert f"Helps in {counts['helps']} of 18" in answer and f"hurts in {counts['hurts']}" in answer
    for kind in ("helps", "hurts", "inconclusive"):
        assert text.count(f'class="place {kind}" title') == (table["answer"] == kind).sum()
    first = gans.iloc[0]
    assert f"{100 * first['difference']:+.1f}".replace("-", "−") in text


def test_what_failed_is_hatched_and_named_and_what_is_to_come_said(drawn):
    text = drawn[1].read_text()
    assert text.count('class="place failed"') == 2  # in its place, and in the legend
    assert text.count('class="place missing"') == 1 and "Studies that are not finished yet: 1." in text
    assert f"{FAILED}: 3 of 9 units failed, as trials/000/mlp-0: RuntimeError: the loss is &lt;nan&gt;" in text


def test_sentences_say_where_it_helps_where_it_hurts_and_where_blends_do_as_well(drawn):
    said = drawn[1].read_text()
    assert "GAN images help in" in said and re.search(
        r"GAN images help in \d+ of 16: [^.]*clothes, projection \(5", said
    )
    assert re.search(r"GAN images hurt in \d+ of 16: [^<]*mlp \([^)]*80 per class\)", said)
    assert re.search(r"Blends of two real images, without any GAN, do as well or better in \d+ of 16; the GAN", said)


def test_multiplicity_is_said_and_only_what_holds_for_all_has_a_star(drawn):
    sweep, page, _ = drawn
    table, text = pd.read_csv(sweep.folder / "map.csv"), page.read_text()
    shown = table[table["difference"].notna()]
    assert f"The map has {len(shown)} intervals" in text and "Each has its own chance of 1 in 20 to miss" in text
    settled = shown[shown["answer"] != "inconclusive"]
    starred = settled[settled["answer"] == settled["answer_of_all_together"]]
    assert 0 < len(starred) < len(settled) and text.count(" ★</i>") == len(starred)


def test_two_ways_of_one_family_have_a_row_each(tmp_path):
    sweep = of_file(tmp_path, {"grid": {"n_per_class": [5, 20], "gan": ["mlp", {"gan": "mlp", "gan_steps": 4000}]}})
    (panel,) = panels(sweep, entries(sweep, {}, {}))
    assert [words[-1] for words, _ in panel.rows] == ["mlp", "mlp-gan_steps=4000"]
    assert all(None not in places for _, places in panel.rows)


def test_makers_are_pooled_over_data_sets_that_are_independent(drawn, tmp_path):
    text = drawn[1].read_text()
    assert text.count("on the next such data set the true mean would lie in") == 3
    assert "projection: over 3 data sets" in text and "blends, no GAN: over 3 data sets" in text
    (tmp_path / "two").mkdir()
    two = write_map(planted_sweep(tmp_path / "two", sets=2), {})[0].read_text()
    assert "the next such data set" not in two and "takes 3 data sets" in two
    assert re.search(r"mlp: clothes, mean of 3 places [+−][\d.]+.*; flowers, mean of 3 places", two)


def test_the_page_needs_nothing_but_itself_and_says_all_in_words(drawn):
    page = Reader(drawn[1].read_text())
    assert page.loads and all(link.startswith("studies/") and link.endswith("/report.html") for link in page.loads)
    labels = [found["aria-label"] for found in page.named("a") if "aria-label" in found]
    assert len(labels) == 16 + 9 and all(" points, " in label for label in labels)
    assert len(page.ids) == len(set(page.ids))


def test_places_lead_to_no_page_that_does_not_lie_beside_the_map(drawn):
    sweep = drawn[0]
    for page in sweep.folder.glob("studies/*/report.html"):
        page.unlink()
    alone = Reader(write_map(sweep, {})[0].read_text())
    assert not alone.loads and not alone.named("a")
    said = [found["title"] for found in alone.named("td") if "title" in found]
    assert sum(" points, " in text for text in said) == 16 + 9


def test_sizes_make_the_columns_and_each_data_set_a_panel(tmp_path):
    sweep = planted_sweep(tmp_path, sets=2)
    assert column_axis(sweep) == "n_per_class"
    found = panels(sweep, entries(sweep, results(sweep), {}))
    assert [panel.title for panel in found] == ["clothes", "flowers"]
    assert [names for names, _ in found[0].rows] == [("mlp",), ("projection",), ("blends, no GAN",)]
    assert all(len(places) == 3 and all(places) for panel in found for _, places in panel.rows)


@in_browser
def test_on_a_phone_nothing_but_the_map_scrolls_and_every_place_is_reached_by_the_keyboard(drawn):
    with browser_page(drawn[1].as_uri(), width=400) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.keyboard.press("Tab")
        reached = set()
        for _ in range(60):
            reached.add(page.evaluate("document.activeElement.getAttribute('aria-label') || ''"))
            page.keyboard.press("Tab")
        assert sum(" points, " in label for label in reached) == 16 + 9


def test_families_alone_make_rows_of_one_column(tmp_path):
    sweep = of_file(tmp_path, {"grid": {"gan": ["mlp", "dcgan"]}})
    places = [Entry(f"gan={name}", {"gan": name}, name, True) for name in ("mlp", "dcgan")]
    (panel,) = panels(sweep, places)
    assert column_axis(sweep) == "" and panel.columns == ["change"]
    assert [(names, places[0].kind) for names, places in panel.rows] == [(("mlp",), "missing"), (("dcgan",), "missing")]


def test_a_panel_has_the_sizes_of_its_data_set_alone_from_small_to_large(tmp_path):
    grids = [{"data": ["digits"], "n_per_class": [16, 4]}, {"data": ["photos"], "n_per_class": [100]}]
    sweep = of_file(tmp_path, {"medium": "image", "grid": grids})
    places = [Entry(cell.name, cell.at, "mlp", True) for cell in sweep.cells]
    assert [panel.columns for panel in panels(sweep, places)] == [["4", "16"], ["100"]]
