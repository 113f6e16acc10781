"""Running the notebooks of a study."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path

import pytest
from image_sets import photos
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from gannb.experiment.experiment import Experiment
from gannb.jupyter.runner import execute_notebook, read_experiment, run_notebooks
from gannb.study.folder import load_study, open_study
from gannb.study.model import NOTEBOOKS, make_study
from gannb.utils.console import talking
from gannb.utils.errors import Failed, InputError
from gannb.work.processes import LAUNCHER


def test_what_a_study_is_and_has_can_be_told_whatever_becomes_of_its_images(tmp_path):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    key = Experiment.open(study).settings.data_key
    shutil.copy(tmp_path / "a/cat/0.png", tmp_path / "a/dog/new.png")
    (tmp_path / "a/cat/empty.png").touch()
    assert read_experiment(load_study(study.folder)).settings.data_key == key
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").mkdir()  # as where a disk is not mounted
    assert read_experiment(load_study(study.folder)).settings.data_key == key


def test_a_study_whose_change_was_cut_short_is_still_told_as_it_was(tmp_path, monkeypatch):
    study = make_study(data=str(photos(tmp_path / "a")), output_dir=str(tmp_path / "outputs"))
    key = Experiment.open(study).settings.data_key

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gannb.experiment.experiment.save_study", full)
    with pytest.raises(OSError):
        Experiment.open(open_study(study.folder, size="16"))
    assert (
        len(list(study.folder.glob("data-*"))) == 2
        and read_experiment(load_study(study.folder)).settings.data_key == key
    )


def test_quiet_keeps_the_notebooks_silent(monkeypatch, tmp_path, capsys):
    given = {}
    monkeypatch.setattr("papermill.execute_notebook", lambda *paths, **settings: given.update(settings))
    for level, prints in (("quiet", False), ("normal", True)):
        with talking(level):
            execute_notebook("01_data", tmp_path)
        assert (given["stdout_file"] is not None) == ("== 01_data" in capsys.readouterr().out) == prints


@pytest.mark.slow
def test_wrong_input_found_by_a_notebook_is_its_sentence(smoke):
    experiment = Experiment.preview(load_study(smoke))
    for trial in (0, 1):
        shutil.rmtree(smoke / experiment.plan.classifiers[trial, "real+classic"].path)
    with pytest.raises(InputError, match="Fewer than two trials of 'digits' can be compared"):
        run_notebooks(load_study(smoke), NOTEBOOKS[4:])


def test_a_report_of_what_is_damaged_is_refused_before_its_notebook(smoke, monkeypatch):
    monkeypatch.setattr("gannb.jupyter.runner.execute_notebook", lambda *_: pytest.fail("a notebook was begun"))
    next(smoke.glob("trials/000/mlp-items-*/x.npy")).write_bytes(bytes(3000))
    with pytest.raises(InputError, match="mlp-items-.*damaged or missing"):
        run_notebooks(load_study(smoke), NOTEBOOKS[4:])


@pytest.fixture
def papermill(monkeypatch):
    """Let papermill write so much of a notebook, and then end with an error or without."""

    def ends(written: str, error: BaseException | None = None) -> None:
        def execute(source, target, **_):
            Path(target).write_text(written)
            if error:
                raise error

        monkeypatch.setattr("papermill.execute_notebook", execute)

    return ends


def cell_error(name: str, value: str) -> PapermillExecutionError:
    return PapermillExecutionError(0, 1, "code", name, value, [])


WHOLE = json.dumps({"cells": [{"source": "1"}]})


@pytest.mark.parametrize(
    ("raised", "error", "says"),
    [
        (cell_error("InputError", "trials=1 is not valid."), InputError, "^trials=1 is not valid.$"),
        (cell_error("ParameterError", "trials=1 is not valid."), InputError, "^trials=1 is not valid.$"),
        (cell_error("Failed", "Set trials=12."), Failed, "^Set trials=12.$"),
        (cell_error("ValueError", "no"), RuntimeError, "^01_data: ValueError: no; .*01_data.ipynb shows where$"),
        (DeadKernelError("died"), RuntimeError, "^the kernel of 01_data was killed .*; run again to go on$"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
    ids=["input", "parameter", "failed", "cell", "killed", "stopped"],
)
def test_an_error_in_a_notebook_is_told_and_its_copy_is_kept(papermill, tmp_path, monkeypatch, raised, error, says):
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", False)
    papermill(WHOLE, raised)
    with pytest.raises(error, match=says):
        execute_notebook("01_data", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["01_data.ipynb"]
    assert (tmp_path / "01_data.ipynb").read_text() == WHOLE


@pytest.mark.parametrize("written", ["", '{"cells": [', "[]", '{"cells": []}'])
def test_a_copy_that_was_not_written_to_its_end_replaces_none(papermill, tmp_path, written):
    (tmp_path / "01_data.ipynb").write_text("of before")
    papermill(written)
    execute_notebook("01_data", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["01_data.ipynb"]
    assert (tmp_path / "01_data.ipynb").read_text() == "of before"


def test_kernels_are_told_whose_they_are_and_the_environment_is_put_back(smoke, monkeypatch):
    monkeypatch.delenv(LAUNCHER, raising=False)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    seen = []
    monkeypatch.setattr(
        "gannb.jupyter.runner.execute_notebook",
        lambda name, folder: seen.append((name, folder, os.environ[LAUNCHER], os.environ["MPLBACKEND"])),
    )
    result = run_notebooks(load_study(smoke), ["01_data", "05_compare"])
    told = (smoke, str(os.getpid()), "module://matplotlib_inline.backend_inline")
    assert seen == [("01_data", *told), ("05_compare", *told)]
    assert LAUNCHER not in os.environ and os.environ["MPLBACKEND"] == "Agg"
    assert result["page"] == smoke / "report.html" and result["failed"] == []
