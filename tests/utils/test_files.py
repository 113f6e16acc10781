"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from gannb.utils import files
from gannb.utils.errors import InputError
from gannb.utils.files import (
    absolute,
    files_at,
    is_abandoned,
    move_unless_taken,
    read_bytes,
    read_json,
    seconds_unchanged,
    sha256_of,
    sync_files,
    unique_name,
    write_bytes,
    write_folder,
    write_json,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def filled(folder: Path, text: str = "ours") -> Path:
    folder.mkdir()
    (folder / "value.txt").write_text(text)
    return folder


def test_temporary_names_are_hidden_and_no_two_are_the_same(tmp_path):
    made = {unique_name(tmp_path / "a.json") for _ in range(100)}
    assert len(made) == 100 and all(p.parent == tmp_path and p.name.startswith(".a.json.") for p in made)


def test_a_folder_that_another_process_has_written_meanwhile_stays(tmp_path):
    def write(folder: Path) -> None:
        (folder / "value.txt").write_text("ours")
        filled(tmp_path / "data", "theirs")

    write_folder(tmp_path / "data", write)
    assert (tmp_path / "data" / "value.txt").read_text() == "theirs" and names(tmp_path) == ["data"]


def test_two_that_write_a_folder_at_once_do_not_share_a_temporary_one(tmp_path):
    def write(folder: Path) -> None:
        assert names(folder) == []
        (folder / "value.txt").write_text("outer")
        write_folder(tmp_path / "data", lambda inner: (inner / "value.txt").write_text("inner"))

    write_folder(tmp_path / "data", write)
    assert (tmp_path / "data" / "value.txt").read_text() == "inner" and names(tmp_path) == ["data"]


def test_a_folder_has_its_name_when_its_files_are_on_the_disk(tmp_path, monkeypatch):
    seen, synced = [], []
    monkeypatch.setattr(files, "sync_files", lambda folder: seen.append((names(folder), names(tmp_path))))
    monkeypatch.setattr(files, "sync_folder", synced.append)
    write_folder(tmp_path / "data", lambda folder: (folder / "value.txt").write_text("ours"))
    assert len(seen) == 1 and seen[0][0] == ["value.txt"] and "data" not in seen[0][1] and synced == [tmp_path]


def test_everything_in_a_folder_is_brought_to_the_disk(tmp_path, monkeypatch):
    (tmp_path / "data" / "held_out").mkdir(parents=True)
    for name in ("x.npy", "held_out/x.npy"):
        (tmp_path / "data" / name).write_text("x")
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    sync_files(tmp_path / "data")
    assert sorted(synced) == [str(tmp_path / "data" / name) for name in ("", "held_out", "held_out/x.npy", "x.npy")]


def test_a_folder_that_cannot_be_written_to_its_end_leaves_nothing(tmp_path):
    def write(folder: Path) -> None:
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_folder(tmp_path / "data", write)
    assert names(tmp_path) == []


def test_a_folder_is_moved_where_there_is_nothing_and_nowhere_else(tmp_path):
    assert move_unless_taken(filled(tmp_path / "a"), tmp_path / "b")
    assert not move_unless_taken(filled(tmp_path / "c", "other"), tmp_path / "b")
    assert (tmp_path / "b" / "value.txt").read_text() == "ours" and names(tmp_path) == ["b", "c"]
    with pytest.raises(OSError):
        move_unless_taken(tmp_path / "none", tmp_path / "d")


def test_a_text_is_replaced_whole(tmp_path):
    write_text(tmp_path / "a.json", "1")
    write_text(tmp_path / "a.json", "2")
    assert (tmp_path / "a.json").read_text() == "2" and names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("writable", [True, False])
def test_a_file_or_folder_was_changed_when_the_last_thing_in_it_was(tmp_path, monkeypatch, writable):
    def refuse(**_):
        raise PermissionError

    folder = filled(tmp_path / "a")
    if not writable:
        monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    long_ago = time.time() - 7200
    os.utime(folder, (long_ago, long_ago))
    assert not is_abandoned(folder)  # what is in it is new
    os.utime(folder / "value.txt", (long_ago, long_ago))
    assert is_abandoned(folder) and 7100 < seconds_unchanged(folder / "value.txt") < 7400
    assert names(folder) == ["value.txt"] and names(tmp_path) == ["a"]
    assert not is_abandoned(tmp_path / "none")


def test_times_are_counted_by_the_file_systems_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(files.time, "time", lambda: 0.0)  # a machine whose clock is wrong
    assert 0 <= seconds_unchanged(filled(tmp_path / "a")) < 60


def test_json_is_written_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a" / "value.json"
    write_json(file, {"old": 1})
    with pytest.raises(TypeError):
        write_json(file, {"new": object()})
    assert json.loads(file.read_text()) == {"old": 1}
    assert [f.name for f in file.parent.iterdir()] == ["value.json"]


def test_a_failed_write_leaves_the_old_text_and_no_temporary_file(tmp_path, monkeypatch):
    file = tmp_path / "text"
    write_text(file, "old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_text(file, "new")
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["text"]


def test_bytes_are_kept_as_they_are_and_a_file_has_their_hash(tmp_path):
    write_bytes(tmp_path / "new" / "a.bin", b"a\r\n\xff")
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"a\r\n\xff" and names(tmp_path / "new") == ["a.bin"]
    assert sha256_of(tmp_path / "new" / "a.bin") == hashlib.sha256(b"a\r\n\xff").hexdigest()


def test_a_hash_is_made_again_only_where_the_file_is_seen_to_have_changed(tmp_path, monkeypatch):
    file, made = tmp_path / "weights", []
    file.write_bytes(b"one")
    monkeypatch.setattr(files, "sha256_of", lambda path: made.append(path) or sha256_of(path))
    assert files.sha256_once(file) == files.sha256_once(file) == hashlib.sha256(b"one").hexdigest()
    file.write_bytes(b"two")
    os.utime(file, (1e9, 1e9))
    assert files.sha256_once(file) == hashlib.sha256(b"two").hexdigest() and made == [file, file]
    with pytest.raises(OSError):
        files.sha256_once(tmp_path / "missing")


def test_bytes_are_written_whole_or_the_file_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "new" / "a.png"
    write_bytes(file, b"before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        write_bytes(file, b"after")
    assert file.read_bytes() == b"before" and [p.name for p in file.parent.iterdir()] == ["a.png"]


def test_a_file_that_is_not_there_or_cannot_be_read_is_told_apart(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a", "none") == b"abc"
    for missing in (tmp_path / "b", tmp_path / "a" / "b", tmp_path):
        with pytest.raises(InputError, match="^none$"):
            read_bytes(missing, "none")
    with pytest.raises(InputError, match=r"cannot be read \(file name too long\)"):
        read_bytes(tmp_path / ("x" * 300), "none")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a.json is damaged; move it away"):
        read_json(tmp_path / "a.json")


def test_files_are_told_apart_by_more_than_size_and_time(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, ns=(10**18, 10**18))
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to("loop")
    before = files_at(tmp_path)
    assert [Path(seen[0]).name for seen in before] == ["a", "b"] and files_at(tmp_path / "a") == before[:1]
    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "b").rename(tmp_path / "a")
    (tmp_path / "c").rename(tmp_path / "b")
    now = files_at(tmp_path)
    assert [seen[:3] for seen in now] == [seen[:3] for seen in before] and now != before


@pytest.mark.parametrize("path", ["~nobody-has-this-name/x", "a\0b"])
def test_a_path_that_means_none_is_refused_by_what_names_it(path):
    with pytest.raises(InputError, match="^data: .* is no path here"):
        absolute(path, "data")
