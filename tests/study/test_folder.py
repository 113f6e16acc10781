"""A study's folder: where it is, and what study.json in it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pace import run

from gannb.study import folder
from gannb.study.folder import (
    STUDIES,
    find_folder,
    git_revision,
    is_saved,
    load_study,
    open_study,
    project_root,
    read_record,
    save_study,
    sweep_of,
    units_folder,
)
from gannb.study.model import PRESETS, make_study
from gannb.utils.errors import InputError
from gannb.work.locks import study_lock


def test_a_folder_is_found_from_any_directory_below(tmp_path, monkeypatch):
    save_study(make_study(output_dir=str(tmp_path / "outputs")))
    below = tmp_path / "notebooks" / "more"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_folder("outputs/digits") == tmp_path / "outputs" / "digits"
    assert find_folder(tmp_path / "outputs" / "digits") == tmp_path / "outputs" / "digits"


def test_a_folder_that_is_nowhere_yet_is_one_of_the_project_where_one_works_in_it(monkeypatch):
    monkeypatch.chdir(project_root() / "notebooks")
    assert find_folder("outputs/not-there-yet") == project_root() / "outputs" / "not-there-yet"


def test_elsewhere_a_folder_that_is_nowhere_yet_is_in_the_working_directory(tmp_path, monkeypatch):
    """So `papermill --cwd ELSEWHERE` starts a new study there, and not beside the notebooks."""
    monkeypatch.chdir(tmp_path)
    assert find_folder("outputs/not-there-yet") == tmp_path / "outputs" / "not-there-yet"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"preset": "smoke", "trials": 3},
        {"preset": "gpu", "n_per_class": 20, "arms": ("real", "gan")},
        {"name": "other", "rope": 0.02, "size": "32", "channels": 3, "device": "cpu"},
    ],
)
def test_a_study_comes_back_from_its_folder_as_it_was(tmp_path, given):
    study = make_study(output_dir=str(tmp_path), **given)
    save_study(study)
    assert load_study(study.folder) == study
    assert make_study(**study.changes()) == study


def test_only_what_was_set_by_hand_is_kept_as_set(tmp_path):
    study = make_study(output_dir=str(tmp_path), preset="smoke", trials=3)
    save_study(study)
    record = json.loads((study.folder / "study.json").read_text())
    assert record["set"] == {"preset": "smoke", "data": "digits", "trials": 3}
    assert record["parameters"]["n_synthetic"] == PRESETS["smoke"]["n_synthetic"]
    assert {"torch", "numpy", "gannb"} <= record["versions"].keys()


def test_a_moved_folder_is_the_same_study_in_another_place(tmp_path):
    study = make_study(output_dir=str(tmp_path), trials=3)
    save_study(study)
    (tmp_path / "elsewhere").mkdir()
    study.folder.rename(tmp_path / "elsewhere" / "renamed")
    moved = load_study(tmp_path / "elsewhere" / "renamed")
    assert (moved.name, moved.trials, moved.folder) == ("renamed", 3, tmp_path / "elsewhere" / "renamed")


def test_facts_of_the_data_stay_when_a_study_is_saved_without_them(tmp_path):
    study = make_study(output_dir=str(tmp_path))
    save_study(study, fingerprint="abc")
    save_study(study)
    assert json.loads((study.folder / "study.json").read_text())["fingerprint"] == "abc"


def test_opening_changes_what_is_given_and_keeps_the_rest(tmp_path):
    save_study(make_study(output_dir=str(tmp_path), trials=3, gan_steps=7))
    study = open_study(tmp_path / "digits", gan_steps=9, n_synthetic=None)
    assert (study.trials, study.gan_steps, study.n_synthetic) == (3, 9, PRESETS["laptop"]["n_synthetic"])


def test_opening_writes_nothing(tmp_path):
    open_study(tmp_path / "new", preset="smoke")
    assert list(tmp_path.iterdir()) == []


def test_opening_a_folder_without_a_study_starts_one_named_after_it(tmp_path):
    study = open_study(tmp_path / "mine", data="digits")
    assert (study.name, study.folder) == ("mine", tmp_path / "mine")


def test_opening_refuses_an_unknown_parameter(tmp_path):
    with pytest.raises(InputError, match="gan_steps"):
        open_study(tmp_path / "mine", gan_stpes=3)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"set": 3}', "null", '{"set": {"trials": 2}} more'])
def test_a_damaged_study_is_refused_by_name(tmp_path, content):
    (tmp_path / "study.json").write_text(content)
    for read in (load_study, open_study):
        with pytest.raises(InputError, match="damaged") as error:
            read(tmp_path)
        assert str(tmp_path / "study.json") in str(error.value)


def test_a_damaged_study_is_not_written_over(tmp_path):
    study = make_study(output_dir=str(tmp_path))
    study.folder.mkdir()
    (study.folder / "study.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        save_study(study)


def test_a_folder_without_a_study_cannot_be_loaded(tmp_path):
    with pytest.raises(InputError, match="There is no study in"):
        load_study(tmp_path)


def test_a_study_whose_run_is_only_beginning_is_no_missing_one(tmp_path):
    with study_lock(tmp_path), pytest.raises(InputError, match="A run is beginning in .*; the study is recorded"):
        load_study(tmp_path)


def test_a_study_that_is_called_nearly_so_is_named(tmp_path):
    for name in ("outputs/photos", "elsewhere"):
        save_study(make_study(name=Path(name).name, output_dir=str((tmp_path / name).parent)))
    for wrong, meant in (("photos", "outputs/photos"), ("outputs/fotos", "outputs/photos"), ("elsewere", "elsewhere")):
        with pytest.raises(InputError, match=rf"There is no study in .*/{wrong}; did you mean .*/{meant}\?$"):
            load_study(tmp_path / wrong)


def test_a_study_is_at_hand_without_torch():
    code = "import sys, gannb.study.folder, gannb.utils.errors; sys.exit('torch' in sys.modules)"
    assert run([sys.executable, "-c", code]).returncode == 0


def test_a_study_of_a_sweep_has_its_units_in_the_sweeps_folder(tmp_path):
    folder = tmp_path / "map" / STUDIES / "small"
    assert sweep_of(folder) is None and units_folder(folder) == folder  # one that lies so by chance
    save_study(make_study(name="small", output_dir=str(folder.parent)))
    (tmp_path / "map" / "sweep.json").write_text("{}")
    assert sweep_of(folder) == tmp_path / "map" and units_folder(folder) == tmp_path / "map" / "units"
    with pytest.raises(InputError, match="map is the folder of a sweep: `gannb sweep .*its studies lie in studies/"):
        load_study(tmp_path / "map")


def test_outside_a_checkout_there_is_no_revision(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "project_root", lambda: Path(tmp_path))
    assert git_revision() is None


def test_what_the_items_of_a_kept_study_are_is_known_without_a_look_at_them(tmp_path, monkeypatch):
    study = make_study(data="digits", output_dir=str(tmp_path))
    save_study(study)
    monkeypatch.setattr("gannb.study.model.recognised", lambda data: pytest.fail("the data are looked through"))
    assert load_study(study.folder).medium == "image"
    record = read_record(study.folder)
    assert "medium" not in record["set"] and is_saved(load_study(study.folder))
