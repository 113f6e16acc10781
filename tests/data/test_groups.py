"""The person's groups: from a pattern, from a CSV, joined with duplicates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from image_sets import (
    group_of,
    patients,
    photo,
    write,
)

from gannb.data.groups import Copies, group_finder, groups_if_known, proposal
from gannb.data.medium import Nouns
from gannb.data.source import Source
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def test_groups_from_a_pattern_on_file_names(tmp_path):
    found = read(str(patients(tmp_path)), groups=r"(patient\d+)_")
    assert found.pool.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5] and found.report.n_groups == 6


def test_groups_from_a_pattern_on_folders(tmp_path):
    for k, name in enumerate("ab"):
        for i in range(4):
            write(tmp_path / name / f"p{i // 2}" / f"{i}.png", photo(10 * k + i))
    found = read(str(tmp_path), groups="/(p[0-9])/")
    assert found.pool.groups.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("column, by_path", [("id", True), ("file", True), ("file", False), ("File", False)])
def test_groups_from_a_csv(tmp_path, column, by_path):
    root = patients(tmp_path / "set")
    ids = read(str(root)).pool.ids
    rows = [f"{i if by_path else i.split('/')[1]},x,group {int(k > 2)}" for k, i in enumerate(ids)]
    (tmp_path / "g.csv").write_text("\n".join([f"\ufeff{column},note,group", *rows]), encoding="utf-8")
    found = read(str(root), groups=str(tmp_path / "g.csv"))
    assert found.pool.groups.tolist() == [0] * 3 + [1] * 9


def test_groups_and_duplicates_are_joined(tmp_path):
    patients(tmp_path)
    write(tmp_path / "ill" / "patient99_0.png", photo(0))  # patient 99 is patient 0 once more
    found = read(str(tmp_path), groups=r"(patient\d+)_")
    assert group_of(found, "ill/patient99_0.png") == group_of(found, "ill/patient0_1.png")
    assert found.report.n_groups == 6


@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["name,group", "cat/1.png,a"], "needs id .or file. and group"),
        (["id,group", "cat/1.png,a"], r"no group for 'cat/2.png' \(3 such items\)"),
        (["id,group", "cat/1.png,a", "cat/1.png,b"], "'cat/1.png' into two groups"),
        (["file,group", "1.png,a", "2.png,b"], "'1.png', which several items are called"),
        (["id,group", "cat/1.png,"], "no group for 'cat/1.png'"),
        ([], "needs id .or file. and group"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(tmp_path, lines, sentence):
    for k, name in enumerate(("cat", "dog")):
        for i in (1, 2):
            write(tmp_path / "set" / name / f"{i}.png", photo(10 * k + i))
    (tmp_path / "g.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=sentence):
        read(str(tmp_path / "set"), groups=str(tmp_path / "g.csv"))


# ---- names of copies ----

KINDS = (Copies(r"\.rf\.[0-9a-f]+"), Copies(r"(?:[ _-]+(?i:WORDS)(?:_?[0-9]+)?)+", ("flip", "rot", "crop")))


def proposed(*ids: str, y: list[int] | None = None, groups: list[int] | None = None, test: str = "test/") -> str:
    n = len(ids)
    source = Source(
        "folder", Nouns("clip", "clips", "samples"), list(ids), np.array(y or [0] * n), ("a", "b"),
        np.array([id.startswith(test) for id in ids]), [(1,)] * n, True, lambda i: None, paths=[Path(id) for id in ids],
    )  # fmt: skip
    return proposal(source, np.arange(n) if groups is None else np.array(groups), KINDS)


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (
            ("train/a/1_png.rf.0a.png", "test/a/1_png.rf.1b.png", "train/a/2.png"),
            "2 clips are, .* copies of 1 .* 2 of them",
        ),
        (
            ("a/x.wav", "a/x_flip.wav", "a/y.wav"),
            r"2 clips are, by their names, copies of 1 \(as a/x.wav and a/x_flip.wav\);",
        ),
        (("a/x.wav", "a/x_ROT90_crop.wav", "a/x-rot_2.wav"), "3 clips .* copies of 1"),
    ],
)
def test_names_of_copies_propose_a_pattern_that_joins_them(ids, says):
    sentence = proposed(*ids)
    assert re.search(says, sentence) and ("training and the test set" in sentence) is any("test/" in id for id in ids)
    pattern = re.search("groups='(.*)' so", sentence)[1]
    named = group_finder(pattern)(list(ids))
    assert len(set(named)) == 2 - ("ROT90" in ids[1]) and named[0] == named[1]


def test_where_classes_count_their_files_alike_the_folder_belongs_to_the_pattern():
    ids = ("train/a/1.wav", "test/a/1_flip.wav", "train/b/1.wav", "test/b/1_flip.wav")
    sentence = proposed(*ids, y=[0, 0, 1, 1])
    assert "4 clips are, by their names, copies of 2" in sentence
    named = group_finder(re.search("groups='(.*)' so", sentence)[1])(list(ids))
    assert named == ["a/1", "a/1", "b/1", "b/1"]


@pytest.mark.parametrize(
    ("ids", "groups"),
    [
        (("a/x.wav", "a/x_flip.wav"), [0, 0]),  # found already
        (("a/x_flip_1.wav", "a/x_flip_2.wav"), None),  # may be what they show
        (("a/flip.wav", "a/x.wav", "a/backflip.wav"), None),
        (("a/x_1.wav", "a/x_2.wav"), None),
        (("train/a/1.wav", "test/a/1.wav", "train/a/2.wav"), None),  # numbered anew in every folder
        (("train/a/1.wav", "test/a/1.wav", "train/a/2_flip.wav", "train/a/3_flip.wav"), None),
    ],
)
def test_other_names_propose_nothing(ids, groups):
    assert proposed(*ids, groups=groups) == ""


def test_a_group_that_is_not_told_is_none_where_that_is_allowed(tmp_path):
    assert groups_if_known(r"(p\d)_", ["a/p1_x.png", "a/x.png"]) == ["p1", ""]
    table = tmp_path / "groups.csv"
    table.write_text("file,group\na/x.png,one\ny.png,two\n")
    assert groups_if_known(str(table), ["a/x.png", "b/y.png", "b/x.png"]) == ["one", "two", ""]
    assert groups_if_known(None, ["a", "b"]) == ["", ""]
