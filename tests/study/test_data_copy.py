"""The study's own copy of its data: found again, and where a study may lie."""

from __future__ import annotations

import json

import numpy as np
import pytest
from image_sets import folder_of, idx_folder

from gannb.data.examples import Dataset
from gannb.study.data_copy import check_place, keep_data, load_data, source_stamp
from gannb.study.folder import save_study
from gannb.study.model import Study, make_study
from gannb.utils.errors import InputError


def kept(tmp_path, **given) -> Study:
    """A study whose data were read and kept."""
    study = make_study(output_dir=str(tmp_path / "outputs"), **given)
    dataset, key = load_data(study)
    keep_data(study, dataset, key)
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
