"""The package as it is installed: built as a wheel, put elsewhere, and run without the tree that it was built from."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, SMOKE
from pace import run

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


def gannb(installed: Path, cwd: Path, *words: str) -> str:
    """What the command of the wheel says on stdout, run in a folder outside of the tree."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = run([sys.executable, "-m", "gannb.cli", *words], seconds=300, cwd=cwd, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_holds_the_package_and_its_notebooks_and_nothing_of_the_tests(installed):
    assert all((installed / "gannb" / "_notebooks" / f"{name}.ipynb").is_file() for name in NOTEBOOKS)
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"gannb"}


def test_a_study_runs_from_a_wheel_to_its_page(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = run([sys.executable, "-c", "import gannb; print(gannb.__file__)"], cwd=tmp_path, env=environment).stdout
    assert Path(where.strip()).is_relative_to(installed)  # and not the tree's own package
    gannb(installed, tmp_path, "run", "--set", *(f"{name}={value}" for name, value in STUDY.items()))
    study = tmp_path / "outputs" / "digits"
    assert {f"{name}.ipynb" for name in NOTEBOOKS} <= {path.name for path in study.iterdir()}
    assert "<html" in (study / "report.html").read_text(encoding="utf-8")
    assert json.loads(gannb(installed, tmp_path, "status", str(study), "--json"))["state"] == "done"
