"""The study's own copy of its data: found again, and where a study may lie."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from image_sets import folder_of, idx_folder

from gannb.data.examples import Dataset
from gannb.study.data_copy import check_place, keep_data, kept_data, known_data, load_data, source_remark, source_stamp
from gannb.study.folder import save_study
from gannb.study.model import Study, make_study
from gannb.utils.errors import InputError


def kept(tmp_path, **given) -> Study:
    """A study whose data were read and kept."""
    study = make_study(output_dir=str(tmp_path / "outputs"), **given)
    stamp = source_stamp(study)
    dataset, key = load_data(study)
    keep_data(study, dataset, key, stamp)
    save_study(study, fingerprint=dataset.fingerprint, data_key=key)
    return study


@pytest.mark.parametrize(
    ("given", "stamp"),
    [
        ({}, "3bf8ba4f942805d3"),
        ({"size": "12"}, "9e167bb0fd4f19ee"),
        ({"groups": r"^(\d)"}, "93569af31404f91e"),
        ({"held_out": "3"}, "0620524bd73225dc"),
    ],
)
def test_a_stamp_is_what_it_was_before_there_were_media(given, stamp):
    """Else no study would find the copy of its data that it has kept."""
    assert source_stamp(make_study(**given)) == stamp


def test_the_copy_serves_until_the_source_or_the_way_it_is_read_changes(tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "set")
    study = kept(tmp_path, data=str(folder), name="mine")
    monkeypatch.setattr("gannb.media.image.reading.read", lambda *_, **__: pytest.fail("read again"))
    assert load_data(study)[0].medium == "image"
    folder.rename(tmp_path / "gone")
    assert len(load_data(study)[0].pool) == 6  # the source is no longer there
    monkeypatch.undo()
    with pytest.raises(InputError, match="no file or folder"):
        load_data(study.model_copy(update={"size": "8"}))


def alike(tmp_path) -> Path:
    """A folder of two classes of three images each, all of one size and of one time, as from an archive."""
    folder = tmp_path / "set"
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            file = folder / name / f"{i}.pgm"
            file.write_bytes(b"P5 8 8 255\n" + rng.integers(0, 256, 64, dtype=np.uint8).tobytes())
            os.utime(file, ns=(10**18, 10**18))
    return folder


def swap(first: Path, second: Path) -> None:
    """Let two files or folders change places; nothing is written."""
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def in_place(file: Path) -> None:
    """Write other pixels into a file, and set its time back."""
    before = file.stat()
    with open(file, "r+b") as stream:
        stream.seek(-64, os.SEEK_END)
        stream.write(bytes(64))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "labels corrected by moving files of one size and time": lambda set: swap(set / "a" / "0.pgm", set / "b" / "0.pgm"),
    "two classes' folders that change names": lambda set: swap(set / "a", set / "b"),
    "a file written over with its time set back": lambda set: in_place(set / "a" / "0.pgm"),
    "a file copied over another, with its time": lambda set: shutil.copy2(set / "a" / "0.pgm", set / "b" / "0.pgm"),
    "one image more": lambda set: shutil.copy2(set / "a" / "0.pgm", set / "a" / "9.pgm"),
    "one image less": lambda set: (set / "a" / "0.pgm").unlink(),
    "a class that is called otherwise": lambda set: (set / "a").rename(set / "c"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_source_is_noticed_and_its_own_copy_goes_on(tmp_path, change):
    study = kept(tmp_path, data=str(alike(tmp_path)), name="mine")
    assert source_remark(study, load_data(study)[1]) == ""
    change(tmp_path / "set")
    with pytest.raises(InputError, match="was made with other data .* `gannb report` goes by the study's own copy"):
        load_data(study)
    dataset, key = kept_data(study)
    assert len(dataset.pool) == 6
    assert source_remark(study, key) == (
        f"remark: the data in {tmp_path / 'set'} have changed since they were read; this is about those that the study "
        "was made with, which it has kept a copy of."
    )


def test_a_source_that_only_looks_changed_is_read_again_and_found_to_be_the_same(tmp_path):
    study = kept(tmp_path, data=str(alike(tmp_path)), name="mine")
    key = load_data(study)[1]
    for file in (tmp_path / "set").rglob("*.pgm"):
        file.chmod(0o600)
        os.utime(file)
    assert source_stamp(study) not in known_data(study.folder)
    assert load_data(study)[1] == key and source_remark(study, key) == ""


def test_a_source_that_is_gone_or_cannot_be_read_leaves_the_copy(tmp_path):
    study = kept(tmp_path, data=str(alike(tmp_path)), name="mine")
    key = load_data(study)[1]
    (tmp_path / "set" / "a" / "0.pgm").write_bytes(b"no image")
    assert "cannot be read as they were (a/0.pgm cannot be used" in source_remark(study, key)
    shutil.rmtree(tmp_path / "set")
    assert source_remark(study, key) == "" and load_data(study)[1] == key


def test_a_stamp_of_files_that_changed_after_they_were_read_is_never_taken_for_theirs(tmp_path):
    study = make_study(output_dir=str(tmp_path / "outputs"), data=str(alike(tmp_path)), name="mine")
    stamp = source_stamp(study)
    dataset, key = load_data(study)
    swap(tmp_path / "set" / "a" / "0.pgm", tmp_path / "set" / "b" / "0.pgm")
    keep_data(study, dataset, key, stamp)
    save_study(study, fingerprint=dataset.fingerprint, data_key=key)
    assert source_stamp(study) not in known_data(study.folder)
    with pytest.raises(InputError, match="was made with other data"):
        load_data(study)


def test_looking_whether_ten_thousand_files_have_changed_opens_none(tmp_path, monkeypatch):
    study = kept(tmp_path, data=str(alike(tmp_path)), name="mine")
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("opened"))
    assert source_stamp(study)


def test_data_that_may_not_be_looked_at_are_refused_by_reading_them(tmp_path, monkeypatch):
    def refused(self, data):
        raise PermissionError(13, "Permission denied", f"{data}/train-images-idx3-ubyte.gz")

    monkeypatch.setattr("gannb.media.image.medium.Images.takes_files_below", refused)
    check_place(make_study(data=str(tmp_path), output_dir=str(tmp_path)))


def test_a_copy_that_the_machine_does_not_let_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    study = kept(tmp_path)
    (copy,) = study.folder.glob("data-*")
    for number in (errno.EMFILE, errno.EACCES, errno.ENOMEM, errno.EIO):
        with monkeypatch.context() as patched, pytest.raises(InputError) as error:
            patched.setattr("numpy.load", raising(OSError(number, os.strerror(number))))
            Dataset.load(copy)
        assert "cannot be read: " in str(error.value)
        assert not re.search("damaged|remove|move|delete", str(error.value)), str(error.value)
    (copy / "pool_x.npy").write_bytes(b"")
    with pytest.raises(InputError, match="is damaged .*: move that folder away, and run again"):
        Dataset.load(copy)


def raising(error: Exception) -> Callable:
    def fail(*_, **__):
        raise error

    return fail


def test_a_copy_that_names_no_medium_is_of_images(tmp_path):
    study = kept(tmp_path)
    (file,) = study.folder.glob("data-*/dataset.json")
    about = json.loads(file.read_text(encoding="utf-8"))
    assert about.pop("medium") == "image"
    file.write_text(json.dumps(about), encoding="utf-8")
    found = Dataset.load(file.parent)
    assert found.medium == "image" and found.pool.x.dtype == np.uint8


def test_a_study_may_not_lie_among_the_files_of_its_data(tmp_path):
    folder_of(tmp_path / "set")
    idx_folder(tmp_path / "idx")
    (tmp_path / "digits").mkdir()
    with pytest.raises(InputError, match="output_dir: .* within its own data; choose a folder outside of"):
        check_place(make_study(data=str(tmp_path / "set"), output_dir=str(tmp_path / "set" / "outputs")))
    check_place(make_study(data=str(tmp_path / "set"), output_dir=str(tmp_path / "set" / ".outputs")))
    check_place(make_study(data=str(tmp_path / "idx"), output_dir=str(tmp_path / "idx" / "outputs")))


def test_no_folder_called_digits_is_taken_for_the_data_of_that_name(tmp_path, monkeypatch):
    folder_of(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    check_place(make_study(data="digits", output_dir="digits"))
