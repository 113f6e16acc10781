"""The file of new captions: what it gives, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from captioned_sets import table

from gannb.data.examples import Examples
from gannb.media.captioned.new_captions import read, remarks
from gannb.utils.errors import InputError

CAPTIONS = np.array([["a red thing", ""], ["a blue thing", "seen from afar"]])
POOL = Examples(
    np.zeros((2, 2)), np.arange(2), ("circle", "square"), np.array(["a", "b"]), np.arange(2), captions=CAPTIONS
)


def test_captions_classes_and_unknown_words(tmp_path):
    rows = [(" a  green thing", "square"), ("A red thing.", "circle"), ("a green zebra", "circle")]
    found = read(table(tmp_path / "new.csv", rows, ("caption", "class")), POOL)
    assert found == (("a green thing", 1), ("A red thing.", 0), ("a green zebra", 0))
    assert remarks(found, POOL) == [
        "2 words of the new captions stand in no caption of the data, and a GAN knows nothing of them: green, zebra",
        "1 of 3 new captions stand in the data too, and are not new",
    ]
    as_lines = tmp_path / "new.jsonl"
    as_lines.write_text("".join(json.dumps({"text": c, "label": n}) + "\n" for c, n in rows), encoding="utf-8")
    assert read(as_lines, POOL) == found


def test_nothing_is_said_where_all_is_known(tmp_path):
    file = table(tmp_path / "new.csv", [("a blue thing seen", "circle")], ("caption", "class"))
    assert remarks(read(file, POOL), POOL) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("caption,class\na thing,sqare\n", "new.csv, line 2: there is no class 'sqare'; did you mean 'square'"),
        ("caption,class\na thing,\n", "new.csv, line 2: it has no class; give the columns caption and class"),
        ("caption,class\n,circle\n", r"new.csv, line 2 cannot be used \(its caption is empty\)"),
        ("caption,class\na.png,circle\n", "its caption is the name of a file"),
        ("caption\na thing\n", "new.csv, line 1: there is no column 'class'"),
        ("caption,class\na thing, red,circle\n", "line 2: it has 3 cells and the first line has 2.*put quotes"),
        ("caption,class\n", "holds no caption"),
        ("", "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path, text, says):
    (tmp_path / "new.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read(tmp_path / "new.csv", POOL)


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="new_captions: there is no file"):
        read(tmp_path / "new.csv", POOL)
    (tmp_path / "new.docx").touch()
    with pytest.raises(InputError, match="is of a kind that is not read; give .csv"):
        read(Path(tmp_path / "new.docx"), POOL)
