"""How far a study is, told quickly where its folder still says it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from image_sets import photos

from gannb.experiment.experiment import Experiment
from gannb.experiment.status import PLAN, STATUS
from gannb.jupyter.status import study_status
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.work.locks import study_lock

HEAVY = ("torch", "sklearn", "scipy", "pandas", "matplotlib", "papermill", "IPython", "timm", "joblib")


@pytest.fixture
def of_photos(tmp_path):
    """A study of photos, of which nothing is done."""
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    return study


def test_a_status_is_told_whatever_becomes_of_the_images(of_photos, tmp_path):
    shutil.rmtree(tmp_path / "a")
    assert study_status(load_study(of_photos.folder))[0]["state"] == "unfinished"
    (of_photos.folder / PLAN).unlink()
    assert study_status(load_study(of_photos.folder))[0]["state"] == "unfinished"


def test_a_study_that_can_only_be_read_has_a_status(of_photos, monkeypatch):
    def read_only(*_):
        raise OSError(30, "Read-only file system")

    for module in ("experiment", "jupyter"):
        monkeypatch.setattr(f"gannb.{module}.status.write_json", read_only)
    assert study_status(load_study(of_photos.folder))[0]["state"] == "unfinished"
    (of_photos.folder / PLAN).unlink()
    assert study_status(load_study(of_photos.folder))[0]["state"] == "unfinished"


def test_what_was_planned_anew_is_kept(smoke):
    (smoke / PLAN).unlink()
    said = study_status(load_study(smoke))
    assert (smoke / PLAN).is_file() and json.loads((smoke / STATUS).read_text()) == said[0]
    assert study_status(load_study(smoke)) == said


def imported(smoke, code: str) -> set[str]:
    """The heavy modules that a status takes in a process of its own."""
    code = f"import sys\nfrom gannb.cli import main\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()) & set(HEAVY)


def test_a_finished_study_and_one_at_work_are_told_without_what_takes_seconds_to_import(smoke):
    code = f"assert main(['status', {str(smoke)!r}]) == 0"
    assert imported(smoke, code) == set()
    with study_lock(smoke):
        assert imported(smoke, code) == set()
    (smoke / PLAN).unlink()
    assert "torch" not in imported(smoke, code)  # though it has to be planned


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["completion", "bash"], ["parameters", "trials"]])
def test_help_comes_without_what_takes_seconds_to_import(smoke, arguments):
    code = f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass"
    assert imported(smoke, code) == set()
