"""A study made by version 0.1 opens: what it found stays as it is, and by today's rules it is made anew beside that.

`made_by_0_1.tar.xz` is its folder: scikit-learn's digits, two trials, small on purpose, every unit finished. Since then
draws swap train and reserve, and classifiers are trained until they converge: no unit of it answers today's question.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from gannb.analysis.verdict import read_verdict
from gannb.experiment.cleanup import leftovers
from gannb.experiment.experiment import Experiment
from gannb.report.publish import publish
from gannb.study.folder import load_study
from gannb.utils.errors import InputError
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


def test_it_opens_with_everything_to_be_done(folder):
    experiment = Experiment.open(load_study(folder))
    assert (experiment.settings.trials, experiment.design.protocol) == (2, "draw")
    assert [experiment.results.done(stage) for stage in (1, 2, 3, 4)] == [[]] * 4


def test_what_it_found_stays_and_is_not_taken_for_an_answer_of_today(folder):
    before = {name: (folder / name).read_bytes() for name in ("verdict.json", "scores.csv")}
    with pytest.raises(InputError, match="run notebooks 02 to 04 first"):
        publish(Experiment.open(load_study(folder)))
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert read_verdict(folder)["answer"] == "inconclusive"


def test_its_units_stay_until_they_are_cleaned_away(folder):
    before = made(folder)
    experiment = Experiment.open(load_study(folder))
    assert not experiment.run(1).failed and experiment.results.done(1) == [0, 1]
    after = made(folder)
    assert {path: after[path] for path in before} == before and len(after) == len(before) + 2
    listed = {str(item.path.relative_to(folder)) if item.path.is_absolute() else str(item.path)
              for item in leftovers(experiment)}  # fmt: skip
    assert set(before) <= listed
