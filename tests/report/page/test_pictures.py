"""Items on the page are shown by their medium: as a figure, or as HTML of its own; the words are the medium's too."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import pandas as pd
from planted_figures import GRIDS, examples
from planted_study import Reader

from gannb.data.examples import Examples
from gannb.data.medium import Grid, Nouns, Phrases
from gannb.report import plots
from gannb.report.page import captions
from gannb.report.page.pictures import items_picture
from gannb.report.publish import Page, write_page
from gannb.utils.figures import new_axes


class Vectors:
    """Vectors (D,) float32, drawn as lines: what showing them takes, and no more."""

    name = "vectors"
    nouns = Nouns("vector", "vectors", "coordinates")
    phrases = Phrases("small noise", "1% noise", "with the same coordinates", "Turned", "measured", "")
    measuring_classifier = "linear"
    measures = {}

    def grid(self, grid: Grid, ax=None):
        """Each vector is a line in its place."""
        ax = ax or new_axes(4, 3)
        for r, row in enumerate(grid.cells):
            for c, cell in enumerate(row):
                if cell.item is not None:
                    ax.plot(c + np.linspace(0, 0.9, len(cell.item)), cell.item - r)
        ax.set_yticks([-r for r in range(len(grid.rows))], grid.rows)
        ax.set_xticks(range(len(grid.columns)), grid.columns)
        return ax

    def html(self, grid: Grid) -> None:
        """Lines are seen: the page shows the figure."""


class Written(Vectors):
    """The same, written out on the page."""

    def html(self, grid: Grid) -> str:
        """A paragraph a row."""
        said = (" ".join(f"{cell.item[0]:.0f}" for cell in row) for row in grid.cells)
        rows = zip(grid.rows, said, strict=True)
        return "".join(f"<p>{html.escape(name)}: {numbers}</p>" for name, numbers in rows)


def vectors() -> Examples:
    x = np.arange(12, dtype=np.float32).reshape(6, 2)
    return Examples(x, np.repeat([0, 1], 3), ("<a>", "b"), np.arange(6).astype(str), np.arange(6))


def page(medium, folder: Path) -> str:
    """A page with samples of vectors."""
    shown = captions.samples_texts(vectors(), 0, medium.nouns)
    table = pd.DataFrame({"class": ["<a>", "b"]})
    picture = items_picture(folder / "figures", "samples", medium, plots.samples(vectors(), vectors()), table, shown)
    verdict = {
        "answer": "helps", "reason": "", "sentence": "Yes.", "metric": "accuracy", "rope": 0.01, "problems": [],
        "yardsticks": "", "sensitivity": None, "copying": "None.", "advice": "",
        "contrasts": [{"role": "primary", "level": 0.95}],
        "options": [], "depth": None, "instead": [], "controls": [], "worth": None, "claims": [], "disagreement": "",
        "gan": "toy",
    }  # fmt: skip
    page = Page("toy", medium, verdict, {"samples": picture})
    return write_page(folder / "report.html", page).read_text(encoding="utf-8")


def test_a_medium_that_draws_its_items_has_them_on_the_page_as_a_figure(tmp_path):
    found = Reader(page(Vectors(), tmp_path))
    (image,) = found.named("img")
    assert image["src"].startswith("data:image/png;base64,") and "made by the GAN" in image["alt"]
    assert {file.name for file in (tmp_path / "figures").iterdir()} == {"samples.png", "samples.svg", "samples.csv"}


def test_a_medium_that_writes_its_items_has_them_on_the_page_as_it_wrote_them(tmp_path):
    written = page(Written(), tmp_path)
    assert "<p>&lt;a&gt;: 0 2 4 0 2 4</p><p>b: 6 8 10 6 8 10</p>" in written and "<img" not in written
    assert (tmp_path / "figures" / "samples.png").is_file()


def test_what_the_page_speaks_of_is_the_mediums(tmp_path):
    said = Reader(page(Vectors(), tmp_path)).text
    assert "Do GAN vectors help to train the classifier?" in said and "(small noise)" in said
    assert "made by a GAN (generative adversarial network), here toy, which has learnt from" in said
    assert "image" not in said and "pixel" not in said


def test_grids_know_nothing_of_what_an_item_is():
    over_time = plots.samples_over_time(np.zeros((3, 2, 1, 5)), [1, 2, 3], ("a", "b"))
    assert [cell.item.shape for cell in over_time.cells[1]] == [(5,)] * 3
    assert plots.samples_over_time(GRIDS, [1, 10, 100, 1000], ("a", "b", "c")).columns == ["1", "10", "100", "1,000"]
    assert plots.samples(examples(), examples(per_class=1)).cells[0][4].item is None
