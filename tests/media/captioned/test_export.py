"""The code by which people read a set of captioned images; the formats themselves are read in tests/export."""

from __future__ import annotations

import numpy as np
import pytest
from jinja2 import Environment

from gannb.export.formats import FORMATS, Shard, formats_of
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.export import READING


@pytest.mark.parametrize("format", READING)
def test_the_code_of_the_card_reads_a_set_with_its_captions(tmp_path, monkeypatch, capsys, format):
    pytest.importorskip("webdataset" if format == "webdataset" else "datasets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    (tmp_path / "made").mkdir()
    shard, captions = Shard(0, ((0, 0, 2),), ("cat",), ("cat",)), {(0, 0): "one cat", (0, 1): "two cats"}
    layout = FORMATS[format](CAPTIONED, True)
    items = [(0, i, np.full((8, 8, 3), 99, np.uint8)) for i in range(2)]
    layout.write(tmp_path / "made", shard, items, captions)
    layout.finish(tmp_path / "made", [(shard, captions)])
    given: dict = {}
    exec(Environment().from_string(READING[format]).render(folder="made", urls="train-00000.tar"), given)
    if format == "webdataset":
        assert sorted(text for _, text, _ in given["images"]) == ["one cat", "two cats"]
    else:
        assert given["images"]["text"][:] == ["one cat", "two cats"] and "one cat" in capsys.readouterr().out


def test_every_format_of_items_has_its_code():
    assert set(CAPTIONED.reading_code) == set(formats_of(CAPTIONED)) and CAPTIONED.column == "image"
