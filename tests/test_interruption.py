"""Killed and interrupted at work, with real processes: nothing goes on, nothing is lost, nothing is different.

A launcher is killed while GANs are trained, and stopped while classifiers are: a run each, since a run takes a minute.
Workers that are killed over either are in `experiment/test_pulling.py` and `work/test_scheduler.py`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest
from conftest import SMOKE, TOKEN, at_work
from pace import end_of, wait_for

from gannb.analysis.verdict import SCORE_COLUMNS
from gannb.experiment.cleanup import leftovers, remove
from gannb.experiment.experiment import Experiment
from gannb.jupyter.runner import read_experiment
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.work.store import LEASE, RECORD

pytestmark = pytest.mark.slow

# Long enough to be interrupted in the middle of a stage.
STUDY = SMOKE | {"gan_steps": 400, "classifier_steps": 60, "workers": 2}
LONG = 300  # seconds of an idle machine that it may take


@dataclass
class Run:
    """A `gannb run` as a process of its own, and what was seen when it ended."""

    folder: Path
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        given = STUDY | {"arms": ",".join(STUDY["arms"]), "output_dir": self.folder.parent}
        environment = {k: v for k, v in os.environ.items() if k != "GANNB_LAUNCHER"} | {TOKEN: self.token}
        self.folder.parent.mkdir(exist_ok=True)
        self.errors = self.folder.parent / f"{self.token}.stderr"
        with open(self.errors, "w") as stderr, open(self.errors.with_suffix(".stdout"), "w") as stdout:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gannb.cli", "run", "--set", *(f"{k}={v}" for k, v in given.items())],
                env=environment, stdout=stdout, stderr=stderr, start_new_session=True,
            )  # fmt: skip

    def wait_for(self, condition: Callable[[Path], bool]) -> None:
        """Wait until something has happened in the study's folder, while the run is at work."""

        def there() -> bool:
            assert self.process.poll() is None, f"the run ended by itself: {self.errors.read_text()}"
            return condition(self.folder)

        wait_for(there, "the run to come that far", LONG)

    def stop(self, how: signal.Signals) -> None:
        """Send the launcher, and nothing else, a signal; note what is left a while after it is gone."""
        self.before = [p.pid for p in at_work(self.token)]
        self.process.send_signal(how)
        end_of(self.process)
        self.code = self.process.returncode
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not at_work(self.token), "nothing at work", 20)
        left = at_work(self.token)
        self.left = [p.name() for p in left]
        for process in left:
            process.kill()


def training_gans(folder: Path) -> bool:
    return any(folder.glob("trials/*/mlp-*.running/progress"))


def training_classifiers(folder: Path) -> bool:
    return any(folder.glob(f"trials/*/real-*/{RECORD}")) and any(folder.glob("trials/*/real*.running"))


def records(folder: Path) -> dict[str, int]:
    return {str(f.relative_to(folder)): f.stat().st_mtime_ns for f in folder.glob(f"trials/*/*/{RECORD}")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The scores of the same study when nothing happens to it, by one process."""
    experiment = Experiment.open(
        make_study(**STUDY | {"workers": 1}, output_dir=str(tmp_path_factory.mktemp("outputs")))
    )
    experiment.run(4)
    file = experiment.folder / "scores.csv"
    experiment.scores().reindex(columns=list(SCORE_COLUMNS)).to_csv(file, index=False)
    return file


# One study, to which it all happens in turn; each step starts from what the one before left behind.


@pytest.fixture(scope="module")
def killed_in_02(tmp_path_factory) -> Run:
    run = Run(tmp_path_factory.mktemp("interrupted") / "outputs" / "digits")
    run.wait_for(training_gans)
    run.stop(signal.SIGKILL)
    run.records = records(run.folder)
    return run


@pytest.fixture(scope="module")
def interrupted_in_04(killed_in_02) -> Run:
    run = Run(killed_in_02.folder)
    run.wait_for(training_classifiers)
    run.stop(signal.SIGINT)
    run.records = records(run.folder)
    return run


@pytest.fixture(scope="module")
def continued(interrupted_in_04) -> Run:
    run = Run(interrupted_in_04.folder)
    end_of(run.process, LONG)
    run.code = run.process.returncode
    return run


def test_killed_while_gans_are_trained_no_process_is_left(killed_in_02):
    assert killed_in_02.code == -signal.SIGKILL
    assert len(killed_in_02.before) >= 3  # the launcher, a kernel, workers
    assert killed_in_02.left == []


def test_what_was_finished_is_kept(killed_in_02):
    assert len([r for r in killed_in_02.records if "/draw-" in r]) == 2
    assert not [r for r in killed_in_02.records if "/mlp-" in r]


def test_interrupted_while_classifiers_are_trained_it_ends_cleanly_and_says_how_to_go_on(interrupted_in_04):
    assert interrupted_in_04.code == 1
    assert len(interrupted_in_04.before) >= 3 and interrupted_in_04.left == []
    last = interrupted_in_04.errors.read_text().splitlines()[-1]
    assert last == "gannb: stopped; what was finished is kept, and the same command goes on from there."
    assert "Traceback" not in interrupted_in_04.errors.read_text()


def test_another_run_goes_on_and_ends_with_the_same_scores(continued, undisturbed):
    assert continued.code == 0, continued.errors.read_text()
    scores, expected = (
        pd.read_csv(file).drop(columns="seconds").sort_values(["trial", "arm", "seed"], ignore_index=True)
        for file in (continued.folder / "scores.csv", undisturbed)
    )
    pd.testing.assert_frame_equal(scores, expected, check_exact=True)
    assert (continued.folder / "report.html").is_file()


def test_what_was_finished_is_not_made_again(continued, killed_in_02, interrupted_in_04):
    after = records(continued.folder)
    for before in (killed_in_02.records, interrupted_in_04.records):
        assert before and before.items() <= after.items()


def test_nothing_is_left_behind_but_what_killed_processes_were_writing_and_that_is_cleaned_away(continued):
    assert not [p.name for p in continued.folder.rglob("*") if p.name.endswith((".running", ".failed", LEASE))]
    experiment = read_experiment(load_study(continued.folder))
    found = leftovers(experiment)
    assert {each.kind for each in found} <= {"temporary"}
    remove(experiment, found)
    assert not list(continued.folder.rglob(".*"))


# JupyterLab's stop button signals the kernel and the workers that it has started, all at once.

IN_A_KERNEL = """
import sys
from gannb.utils.errors import Stopped
from gannb.experiment.experiment import Experiment
from gannb.study.folder import load_study

experiment = Experiment.open(load_study(sys.argv[1]))
try:
    experiment.run(2)
except Stopped as stopped:
    print(stopped, flush=True)
print(len(experiment.run(2).made), experiment.run(2).failed)
"""


def test_stopped_with_its_workers_the_same_kernel_goes_on(tmp_path):
    experiment = Experiment.open(make_study(**SMOKE | {"gan_steps": 400, "workers": 2}, output_dir=str(tmp_path)))
    environment = {k: v for k, v in os.environ.items() if k != "GANNB_LAUNCHER"}
    kernel = subprocess.Popen(
        [sys.executable, "-c", IN_A_KERNEL, str(experiment.folder)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_for(lambda: training_gans(experiment.folder) or kernel.poll() is not None, "GANs in training", LONG)
    os.killpg(kernel.pid, signal.SIGINT)
    output, errors = end_of(kernel, LONG)
    assert kernel.returncode == 0 and "Traceback" not in errors, errors
    assert "what is finished is kept" in output
    assert output.splitlines()[-1] == "2 ()"
    assert experiment.results.done(2) == [0, 1] and not list(experiment.folder.glob("trials/*/*.running"))
