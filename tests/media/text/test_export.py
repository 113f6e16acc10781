"""Sentences as files, and as tables that other libraries and the kit itself read."""

from __future__ import annotations

import pandas as pd
import pytest
from sentences import sentences

from gannb.export.formats import FORMATS, Shard, formats_of
from gannb.media.image import IMAGE
from gannb.media.text import TEXT
from gannb.media.text.export import READING, encode
from gannb.media.text.reading import read

MADE = sentences(6)
SHARD = Shard(0, ((0, 0, 6), (1, 0, 6), (2, 0, 6)), MADE.classes, MADE.classes)


def written(folder, name: str) -> list[tuple[str, str]]:
    items = [(int(k), i, x) for i, (k, x) in enumerate(zip(MADE.y, MADE.x, strict=True))]
    FORMATS[name](TEXT).write(folder, SHARD, items)
    return [(str(x), MADE.classes[k]) for k, _, x in items]


def test_a_sentence_is_utf_8_with_a_line_end():
    assert encode("café שלום") == "café שלום\n".encode()
    assert TEXT.files("a b") == {".txt": b"a b\n"}


def test_every_format_says_how_it_is_read_and_tables_are_of_sentences_alone():
    assert set(formats_of(TEXT)) == set(FORMATS) == set(READING)
    assert formats_of(IMAGE) == ["folder", "webdataset", "parquet"]


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_table_is_read_by_pandas_and_by_the_kit(tmp_path, name):
    expected = written(tmp_path, name)
    file = tmp_path / f"train-00000.{name}"
    table = pd.read_csv(file, keep_default_na=False) if name == "csv" else pd.read_json(file, lines=True)
    assert list(zip(table["text"], table["label"], strict=True)) == expected
    dataset = read(str(file))
    assert dataset.pool.x.tolist() == MADE.x.tolist() and dataset.pool.n_classes == 3


def test_parquet_is_read_by_datasets_as_text_and_class_label(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    expected = written(tmp_path, "parquet")
    found = datasets.load_dataset("parquet", data_files=str(tmp_path / "train-00000.parquet"), split="train",
                                  cache_dir=str(tmp_path / "cache"))  # fmt: skip
    assert found.features["label"].names == list(MADE.classes)
    assert [(row["text"], MADE.classes[row["label"]]) for row in found] == expected


def test_equal_sentences_are_equal_bytes(tmp_path):
    for name in ("csv", "jsonl"):
        written(tmp_path, name)
        before = (tmp_path / f"train-00000.{name}").read_bytes()
        written(tmp_path, name)
        assert (tmp_path / f"train-00000.{name}").read_bytes() == before and b"\r" not in before
