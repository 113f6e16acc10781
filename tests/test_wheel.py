"""The package as it is installed, from the first notebook to the page: built as a wheel, run without its tree."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from conftest import ROOT, SMOKE
from pace import run

import gannb
from gannb.study.model import NOTEBOOKS

pytestmark = pytest.mark.slow

STUDY = {**SMOKE, "arms": ",".join(SMOKE["arms"])}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder, as an installer would lay it out."""
    folder = tmp_path_factory.mktemp("wheel")
    built = run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def by_command(installed: Path, cwd: Path, *words: str) -> str:
    """What the command of the wheel says on stdout, run in a folder outside of the tree as a person would."""
    left_out = ("MPLBACKEND", "GANNB_LAUNCHER")  # the tests' own backend shows no figures in a notebook
    environment = {**{k: v for k, v in os.environ.items() if k not in left_out}, "PYTHONPATH": str(installed)}
    done = run([sys.executable, "-m", "gannb.cli", *words], seconds=300, cwd=cwd, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def executed(installed, tmp_path_factory) -> Path:
    """A study's folder after all five notebooks, with what was said on the way in said.txt."""
    cwd = tmp_path_factory.mktemp("elsewhere")
    said = by_command(installed, cwd, "run", "--set", *(f"{name}={value}" for name, value in STUDY.items()))
    study = cwd / "outputs" / "digits"
    (study / "said.txt").write_text(said, encoding="utf-8")
    return study


def test_a_wheel_holds_the_package_and_its_notebooks_and_nothing_of_the_tests(installed):
    for name in NOTEBOOKS:
        shipped = installed / "gannb" / "_notebooks" / f"{name}.ipynb"
        assert shipped.read_bytes() == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"gannb"}


def test_it_is_the_wheel_that_runs_and_not_the_tree(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = run([sys.executable, "-c", "import gannb; print(gannb.__file__)"], cwd=tmp_path, env=environment).stdout
    assert Path(where.strip()).is_relative_to(installed)


def test_all_five_run_from_end_to_end(installed, executed):
    verdict = json.loads((executed / "verdict.json").read_text(encoding="utf-8"))
    assert "GAN images changed balanced accuracy by" in verdict["sentence"] and verdict["outcomes"]
    said = (executed / "said.txt").read_text(encoding="utf-8")
    assert verdict["sentence"] in said and said.splitlines()[-1] == str(executed / "report.html")
    page = (executed / "report.html").read_text(encoding="utf-8")
    assert "<html" in page and len(page) > 10_000
    status = json.loads(by_command(installed, executed.parent.parent, "status", str(executed), "--json"))
    assert status["state"] == "done" and not status.get("failed")
    for name in ("scores.csv", "quality.csv"):
        assert len(pd.read_csv(executed / name)) > 0


def test_executed_copies_say_what_they_ran_with(executed):
    for name in NOTEBOOKS:
        notebook = nbformat.read(executed / f"{name}.ipynb", as_version=4)
        (opening,) = [c for c in notebook.cells if "gannb.open_experiment(" in c.source]
        said = "".join(output.text for output in opening.outputs)
        assert re.fullmatch(rf"digits: gannb {gannb.__version__}, torch [\d.+\w]+, numpy [\d.]+, on cpu\n", said)


def test_executed_copies_have_their_outputs_and_no_errors(executed):
    folder = executed
    for name in NOTEBOOKS:
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        assert sum(len(c.outputs) for c in notebook.cells if c.cell_type == "code") > 0
        kinds = Counter(o.output_type for c in notebook.cells if c.cell_type == "code" for o in c.outputs)
        assert "error" not in kinds
        shown = [o.data for c in notebook.cells if c.cell_type == "code" for o in c.outputs if "data" in o]
        if name != "05_compare":
            assert any("image/png" in data for data in shown), name
        assert not any("application/vnd.jupyter.widget-view+json" in data for data in shown)  # lost in an exported page
        assert "Traceback" not in str(notebook) and "Warning" not in str(notebook)


@pytest.mark.parametrize(("name", "call"), [("01_data", "widgets.draws("), ("03_generate", "widgets.samples(")])
def test_executed_copies_have_a_picture_in_the_place_of_a_widget(executed, name, call):
    notebook = nbformat.read(executed / f"{name}.ipynb", as_version=4)
    (browsed,) = [c for c in notebook.cells if c.cell_type == "code" and call in c.source]
    said, picture = browsed.outputs
    assert len(said.data["text/plain"].splitlines()) == 1 and "image/png" in picture.data


def test_notebooks_do_what_the_package_does(executed, finished):
    first, second = (pd.read_csv(folder / "scores.csv").drop(columns="seconds") for folder in (executed, finished))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_the_answer_shows_the_outcomes(executed):
    notebook = nbformat.read(executed / "05_compare.ipynb", as_version=4)
    shown = "\n".join(str(o) for c in notebook.cells if c.cell_type == "code" for o in c.outputs)
    assert "recall: 9" in shown and "No metric contradicts another" in shown
    for call in ("plots.reliability(", "plots.confusion_change("):
        (cell,) = [c for c in notebook.cells if call in c.source and c.cell_type == "code"]
        assert any("image/png" in o.get("data", {}) for o in cell.outputs)


def test_nothing_temporary_is_left(executed):
    assert not list(executed.rglob(".*"))
    assert not list(executed.rglob("*.running"))
