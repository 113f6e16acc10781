"""Slurm as an engine: jobs by `sbatch` and `scancel` that stand for Slurm's and run a job as a process of this machine.

They are real programs, so all of dask-jobqueue is real as well; two workers start within 10 s of an idle machine.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import ROOT
from pace import wait_for
from tiny_units import leftovers, log, unit, wait_a_little

from gannb.utils.errors import InputError
from gannb.work import slurm
from gannb.work.engines import SCHEDULER, Place, held, processes
from gannb.work.scheduler import run_units

pytest.importorskip("dask_jobqueue", reason="needs gannb[slurm]")

SBATCH = """#!/bin/sh
cp "$1" "{folder}/job-$$.sh"  # Slurm takes the script when it is submitted; whoever submitted it removes it then
setsid sh "{folder}/job-$$.sh" > "{folder}/job.log" 2>&1 < /dev/null &
echo $! >> "{folder}/jobs"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do kill -- -$job 2> /dev/null; done
exit 0
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A machine that submits jobs, whose user has said how large one is."""
    import dask

    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text.format(folder=tmp_path) if name == "sbatch" else text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'tests'}")
    said = {"cores": 1, "processes": 1, "memory": "2GB", "interface": "lo", "local-directory": str(tmp_path / "local")}
    with dask.config.set({f"jobqueue.slurm.{key}": value for key, value in said.items()}):
        yield tmp_path


def ended(cluster: Path) -> bool:
    """Tell whether no process of any job is left."""
    jobs = [int(job) for job in (cluster / "jobs").read_text().split()]
    return not any(Path(f"/proc/{job}").exists() for job in jobs)


@pytest.mark.slow
def test_jobs_make_what_this_machine_makes_and_end(cluster):
    study, units = cluster / "study", [unit(f"u{i}", make=wait_a_little) for i in range(6)]
    place = Place("slurm", workers=2)
    with held(place):
        assert SCHEDULER in os.environ and processes(place, study) == 2
        for some in (units[:3], units):  # as one stage after another
            assert not run_units(study, some, place).failed
    assert SCHEDULER not in os.environ
    assert len(log(study)) == 6 and leftovers(study) == [] and len((cluster / "jobs").read_text().split()) == 2
    wait_for(lambda: ended(cluster), "the end of the jobs")


def test_what_is_missing_is_said_in_a_sentence(cluster, monkeypatch):
    import dask

    with pytest.raises(InputError, match="say with workers=N how many processes"):
        slurm.check(0)
    with (
        dask.config.set({"jobqueue.slurm.memory": None}),
        pytest.raises(
            InputError,
            match=r"no jobqueue.yaml says how large a job is \(jobqueue.slurm.memory missing\); say it in ~/.config",
        ),
    ):
        slurm.check(2)
    (cluster / "scancel").unlink()
    (cluster / "sbatch").unlink()
    monkeypatch.setenv("PATH", str(cluster))
    with pytest.raises(InputError, match="there is no sbatch on this machine"):
        slurm.check(2)
