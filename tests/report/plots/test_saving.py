"""Figures as files: whole, and always the same."""

from __future__ import annotations

import pandas as pd
from planted_figures import (
    VERDICT,
)

from gannb.report import plots


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
