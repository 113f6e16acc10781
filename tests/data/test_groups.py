"""The person's groups: from a pattern, from a CSV, joined with duplicates."""

from __future__ import annotations

import pytest
from image_sets import (
    group_of,
    patients,
    photo,
    write,
)

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
