"""A study made by version 0.1, before the package was divided by medium, opens and goes on.

`made_by_0_1.tar.xz` is its folder: scikit-learn's digits, two trials, small on purpose, every unit finished.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from gannb.experiment.experiment import Experiment
from gannb.report.publish import publish
from gannb.study.folder import load_study
from gannb.work.store import RECORD
from gannb.work.unit import Unit

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


def old_units(experiment: Experiment) -> list[Unit]:
    """The units of the older study that are what they were: its draws, generators, items and their quality."""
    return [unit for stage in (1, 2, 3) for unit in experiment.plan.units(stage) if experiment.results.is_done(unit)]


def test_it_opens_with_its_draws_generators_and_items(folder):
    experiment = Experiment.open(load_study(folder))
    assert experiment.results.done(1) == [0, 1]
    names = {unit.place.rpartition("/")[2] for unit in old_units(experiment)}
    assert {"draw", "mlp", "mlp-items", "mlp-quality", "copies", "gaussian-items", "ruler", "yardsticks"} <= names


def test_it_goes_on_and_makes_no_generator_and_no_items_anew(folder):
    """Classifiers are trained in another way since, and the default arms are others."""
    experiment = Experiment.open(load_study(folder))
    kept, before = {unit.path for unit in old_units(experiment)}, made(folder)
    gone = [experiment.plan.draws[1], experiment.plan.generator_units[1, "copies"]]
    for unit in gone:
        shutil.rmtree(folder / unit.path)
    outcomes = [experiment.run(stage) for stage in (1, 2, 3, 4)]
    assert not any(outcome.failed or outcome.blocked for outcome in outcomes)
    after = made(folder)
    assert {path for path in kept if before[path] != after[path]} == {unit.path for unit in gone}
    assert publish(experiment).stat().st_size > 100_000
