"""Processes that pull work from a study's folder, as real processes: the same numbers as one, nothing made twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from pace import end_of, wait_for

from gannb.experiment.experiment import Experiment
from gannb.study.folder import open_study
from gannb.sweep.running import help_begun
from gannb.utils.errors import InputError
from gannb.work.store import LEASE

pytestmark = pytest.mark.slow

TINY = {
    "data": "digits", "preset": "smoke", "trials": 2, "gan_steps": 150, "workers": 1,
    "arms": ["real+classic", "real+gan+classic", "gan"],
}  # fmt: skip
TAKEN = re.compile(rb'"(seconds|items_per_second)": [0-9.]+')
MADE = re.compile(r"([\d,]+) units were made here, ([\d,]+) meanwhile elsewhere")


def begun(folder: Path) -> Experiment:
    """A study that was begun, of which no unit is made."""
    return Experiment.open(open_study(folder, **TINY))


def worker(folder: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "gannb.cli", "work", str(folder), "--workers", "1", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def counts(process: subprocess.Popen) -> tuple[int, int]:
    """Wait for a worker's end; return how many units it says it made, and others."""
    said, complaints = end_of(process, 300)
    assert process.returncode == 0, complaints
    if said.startswith("Every unit was there already; `gannb run "):
        return 0, 0
    return tuple(int(number.replace(",", "")) for number in MADE.search(said).groups())


def results(folder: Path) -> dict[str, bytes]:
    """What the units of a study hold, but for how long each took."""
    return {
        str(file.relative_to(folder)): TAKEN.sub(b"", file.read_bytes())
        for file in sorted((folder / "trials").rglob("*"))
        if file.is_file() and file.name != "unit.json"
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The study made by one process."""
    folder = tmp_path_factory.mktemp("alone") / "tiny"
    experiment = begun(folder)
    for stage in (1, 2, 3, 4):
        assert not experiment.run(stage).failed
    return folder


def test_two_at_work_make_what_one_makes_and_nothing_twice(alone, tmp_path):
    folder = tmp_path / "tiny"
    begun(folder)
    both = [worker(folder), worker(folder)]
    (mine, theirs), (mine_too, theirs_too) = (counts(each) for each in both)
    made = len(list(folder.glob("trials/*/*/unit.json")))
    assert max(mine + theirs, mine_too + theirs_too) <= made  # what was there before one came does not count
    assert made <= mine + mine_too <= made + 3  # they may come to a unit in one moment
    assert results(folder) == results(alone) and made == len(list(alone.glob("trials/*/*/unit.json")))
    assert not [path for path in folder.rglob("*") if path.name.endswith((".running", ".failed"))]


def test_dask_workers_make_what_one_process_makes(alone, tmp_path, tmp_path_factory):
    pytest.importorskip("distributed", reason="needs gannb[dask]")
    from dask_cluster import Cluster

    folder, cluster = tmp_path / "tiny", Cluster(tmp_path_factory.mktemp("dask"))
    cluster.add("alpha")
    cluster.await_workers()
    experiment = Experiment.open(open_study(folder, **TINY, engine=cluster.engine))
    failed = [experiment.run(stage).failed for stage in (1, 2, 3, 4)]
    cluster.close()
    assert not any(failed) and results(folder) == results(alone)
    assert json.loads((folder / "study.json").read_text())["device"] == f"auto, where {cluster.engine} is"


def test_what_a_killed_worker_was_making_is_made_by_another(alone, tmp_path):
    folder = tmp_path / "tiny"
    begun(folder)
    killed = worker(folder)
    wait_for(
        lambda: list(folder.glob(f"trials/*/mlp-*.running/{LEASE}")) or killed.poll() is not None, "a GAN at work", 300
    )
    late = worker(folder)
    os.killpg(killed.pid, signal.SIGKILL)  # as when its node goes
    end_of(killed)
    counts(late)
    assert results(folder) == results(alone)


def test_a_run_beside_it_finds_everything(alone, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(alone, folder)
    for generator in folder.glob("trials/*/mlp-*"):
        if generator.name.count("-") == 1:  # neither its items nor their quality
            shutil.rmtree(generator)
    helper = worker(folder)
    outcome = begun(folder).run(4)
    counts(helper)
    assert not outcome.failed and results(folder) == results(alone)


def test_what_failed_is_left_to_the_run(alone, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(alone, folder)
    lost = next(path for path in folder.glob("trials/000/mlp-*") if path.name.count("-") == 1)
    shutil.rmtree(lost)
    failed = lost.with_name(f"{lost.name}.failed")
    failed.mkdir()
    (failed / "error.json").write_text(json.dumps({"error": "RuntimeError: the loss is nan"}))
    before = begun(folder)
    assert before.help(1).failed[0][1] == "RuntimeError: the loss is nan"
    process = worker(folder)
    _, complaints = end_of(process)
    assert process.returncode == 1 and f"trials/000/{lost.name} failed: RuntimeError: the loss is nan" in complaints


def test_a_study_that_is_not_there_is_waited_for_or_refused(alone, tmp_path):
    folder = tmp_path / "tiny"
    with pytest.raises(InputError, match=r"No study or sweep has been begun in .*tiny.*gannb run.*--wait MINUTES"):
        help_begun(folder)
    waiting = worker(folder, "--wait", "5")
    time.sleep(1)
    shutil.copytree(alone, tmp_path / "copy").rename(folder)  # whole at once
    assert counts(waiting) == (0, 0)


def test_a_study_says_that_it_is_begun_when_all_is_there_that_its_units_read(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(Experiment, "note_networks", lambda self: order.append((self.folder / "study.json").exists()))
    begun(tmp_path / "tiny")
    assert order == [False]


def test_other_versions_are_refused(alone, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(alone, folder)
    record = json.loads((folder / "study.json").read_text())
    local = record["versions"]["numpy"] + "+cpu"  # the same code, built for another device
    (folder / "study.json").write_text(json.dumps(record | {"versions": record["versions"] | {"numpy": local}}))
    assert help_begun(folder, 1).made == ()
    (folder / "study.json").write_text(json.dumps(record | {"versions": record["versions"] | {"numpy": "1.2.3"}}))
    with pytest.raises(InputError, match=rf"numpy is {np.__version__} on this machine, .* was begun with 1.2.3"):
        help_begun(folder)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": -1}, "workers: -1 is not possible"),
        ({"minutes": -1.0}, "wait: -1.0 minutes are not possible"),
        ({"minutes": float("nan")}, "wait: nan minutes are not possible"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(tmp_path, options, said):
    with pytest.raises(InputError, match=re.escape(said)):
        help_begun(tmp_path, **options)


def test_a_folder_without_its_data_is_refused(alone, tmp_path):
    folder = tmp_path / "tiny"
    shutil.copytree(alone, folder)
    for copy in folder.glob("data-*"):
        shutil.rmtree(copy)
    with pytest.raises(InputError, match="holds no copy of its data"):
        help_begun(folder)
