"""Where a study is to lie."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gannb.study import place
from gannb.study.place import check_place, free_bytes, nearest
from gannb.utils.errors import InputError


def test_the_nearest_that_is_there_is_found_whatever_it_is(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "away")
    assert nearest(tmp_path / "not" / "there") == nearest(tmp_path) == tmp_path.resolve()
    assert nearest(tmp_path / "file" / "in" / "it") == tmp_path.resolve() / "file"
    assert nearest(tmp_path / "link" / "study") == tmp_path.resolve()


@pytest.mark.parametrize("content", [b"", b"0" * 4096])
def test_a_place_that_can_be_written_stays_as_it_was(content, tmp_path):
    check_place(tmp_path / "not" / "there", content)
    check_place(tmp_path, content)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["file", "file/within", "/dev/null", "/proc/gannb"])
def test_what_is_no_folder_is_refused_with_the_way_out(where, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        InputError, match=rf"^{tmp_path / where} cannot be written \(.+\); choose another output_dir\.$"
    ):
        check_place(tmp_path / where)


def test_a_full_disk_is_told_as_one(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(place.os, "fsync", full)
    check_place(tmp_path)
    with pytest.raises(InputError, match=r"\(no space left on device\); make room"):
        check_place(tmp_path, b"0")
    assert list(tmp_path.iterdir()) == []


def test_what_is_free_is_asked_where_the_folder_is_to_be(tmp_path):
    (tmp_path / "file").touch()
    assert free_bytes(tmp_path / "not" / "there") > 0 and free_bytes(Path(tmp_path / "file" / "within")) > 0
