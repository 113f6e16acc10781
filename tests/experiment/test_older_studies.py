"""A study made by version 0.1, before the package was divided by medium, opens, goes on and says what it said.

`made_by_0_1.tar.xz` is its folder: scikit-learn's digits, two trials, small on purpose, every unit finished.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from gannb.experiment.experiment import Experiment
from gannb.report.publish import publish
from gannb.study.folder import load_study
from gannb.work.store import RECORD

ARCHIVE = Path(__file__).with_name("made_by_0_1.tar.xz")


@pytest.fixture
def folder(tmp_path) -> Path:
    """The older study's folder, unpacked."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "made_by_0_1"


def made(folder: Path) -> dict[str, int]:
    """When each unit was made."""
    return {str(f.parent.relative_to(folder)): f.stat().st_mtime_ns for f in folder.glob(f"trials/*/*/{RECORD}")}


def test_it_opens_with_everything_done(folder):
    experiment = Experiment.open(load_study(folder))
    assert [experiment.results.done(stage) for stage in (1, 2, 3, 4)] == [[0, 1]] * 4


def test_published_again_it_gives_the_same_verdict(folder):
    before = (folder / "verdict.json").read_text(encoding="utf-8")
    page = publish(Experiment.open(load_study(folder)))
    assert (folder / "verdict.json").read_text(encoding="utf-8") == before
    assert page.stat().st_size > 100_000


def test_it_goes_on_where_units_are_missing_and_makes_no_other_anew(folder):
    experiment = Experiment.open(load_study(folder))
    gone = [
        experiment.plan.draws[1],
        experiment.plan.generator_units[1, "copies"],
        experiment.plan.classifiers[0, "real"],
    ]
    for unit in gone:
        shutil.rmtree(folder / unit.path)
    before = made(folder)
    outcomes = [experiment.run(stage) for stage in (1, 2, 3, 4)]
    assert not any(outcome.failed or outcome.blocked for outcome in outcomes)
    after = made(folder)
    assert {path for path in after if before.get(path) != after[path]} == {unit.path for unit in gone}


def test_its_scores_come_out_the_same_when_they_are_computed_again(folder):
    """On the same machine and versions to the last digit; elsewhere the classifiers see the same items."""
    experiment = Experiment.open(load_study(folder))
    unit = experiment.plan.classifiers[0, "real+gan+classic"]
    file = folder / unit.path / "scores.json"
    before = json.loads(file.read_text(encoding="utf-8"))
    shutil.rmtree(folder / unit.path)
    assert not experiment.run(4).failed
    again = json.loads(file.read_text(encoding="utf-8"))
    same = ("trial", "arm", "n_real", "n_synthetic", "seed")
    assert [[row[name] for name in same] for row in again] == [[row[name] for name in same] for row in before]
    assert again[0]["accuracy"] == pytest.approx(before[0]["accuracy"], abs=0.1)
