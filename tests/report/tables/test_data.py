"""Tables of what was read, and of how it is divided into trials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gannb.data.examples import Dataset
from gannb.media.image import IMAGE
from gannb.media.image.reading import read
from gannb.report import tables


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return read("digits")


def test_the_summary_counts_what_was_read_and_found(digits):
    report = replace(
        digits.report, exact_duplicates=[["a", "b"], ["c", "d", "e"]], label_conflicts=[["a", "f"]],
        removed_from_pool=["g"], skipped=[("h.png", "truncated")], links_cut=1200,
    )  # fmt: skip
    found = replace(digits, report=report, test=digits.pool.take(np.arange(3)))
    value = tables.data_summary(found, IMAGE.nouns)["value"]
    assert value["items"] == "1,800" and value["given test set"] == "3 items" and value["classes"] == "10"
    assert value["size"] == "8x8 pixels, grey" and value["exact duplicates"] == "5 items in 2 sets"
    assert value["same image, other class"] == "1 set" and value["left out of the pool"].startswith("1 (")
    assert value["skipped"] == "h.png: truncated" and value["near duplicates left apart"].startswith("1,200 pairs")
    assert "kinds of pixels" in value.index and digits.fingerprint.startswith(value["content fingerprint"])


def test_without_a_test_set_or_faults_the_summary_says_none(digits):
    value = tables.data_summary(digits, IMAGE.nouns)["value"]
    assert value["given test set"] == value["classes held out"] == value["skipped"] == "none"


def test_classes_are_counted_by_part(digits):
    test = digits.pool.take(np.flatnonzero(digits.pool.y == 3)[:7])
    counts = tables.class_counts(replace(digits, test=test)).set_index(["part", "class"])["items"]
    assert counts["pool"].tolist() == np.bincount(digits.pool.y).tolist()
    assert counts["test"].to_dict() == {str(k): 7 * (k == 3) for k in range(10)}


def test_duplicates_are_a_row_a_set_and_one_row_says_that_there_are_none(digits):
    report = replace(
        digits.report, exact_duplicates=[[f"i{n}" for n in range(8)]], near_duplicates=[], label_conflicts=[["a", "b"]]
    )
    table = tables.duplicates(replace(digits, report=report))
    assert table[["kind", "items"]].to_numpy().tolist() == [["exact", 8], ["other class", 2]]
    assert table["ids"][0] == "i0, i1, i2, i3, i4, i5"  # the first of many
    none = replace(report, exact_duplicates=[], label_conflicts=[])
    assert tables.duplicates(replace(digits, report=none))["kind"].tolist() == ["none found"]


def test_a_draw_is_a_row_of_its_sizes(planted):
    table = tables.draws(planted)
    assert table.index.tolist() == [0, 1, 2] and table.columns.tolist() == ["train", "reserve", "test"]
    for trial, row in table.iterrows():
        draw = planted.results.draw(trial)
        assert row.tolist() == [len(draw.train), len(draw.reserve), len(draw.test)]
