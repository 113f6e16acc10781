"""One run at a time for a study."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from gannb.utils.errors import InputError
from gannb.work import leases
from gannb.work.locks import LEASE, is_running, only_here, study_lock
from gannb.work.processes import LAUNCHER


def test_a_second_run_on_the_study_is_refused_in_one_sentence(tmp_path, monkeypatch):
    code = (
        "import sys\nfrom pathlib import Path\nfrom gannb.work.locks import study_lock\n"
        "with study_lock(Path(sys.argv[1])):\n    print('locked', flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "locked\n"
        assert is_running(tmp_path)
        with pytest.raises(InputError, match="Another run is at work on") as error, study_lock(tmp_path):
            pass
        assert str(tmp_path) in str(error.value) and "\n" not in str(error.value)
    finally:
        first.kill()
        first.wait()
    expiry = leases.EXPIRY
    monkeypatch.setattr(leases, "EXPIRY", 1.0)
    with study_lock(tmp_path):  # what a killed run held expires
        monkeypatch.setattr(leases, "EXPIRY", expiry)
        assert is_running(tmp_path)
    assert not is_running(tmp_path) and list(tmp_path.iterdir()) == []


def test_a_folder_made_for_a_lock_goes_again_unless_something_came_into_it(tmp_path):
    refused, begun, there = (tmp_path / name for name in ("refused", "begun", "there"))
    there.mkdir()
    with pytest.raises(ValueError, match="the data"), study_lock(refused):
        raise ValueError("the data cannot be read")
    with study_lock(begun):
        (begun / "study.json").touch()
    with study_lock(there):
        pass
    with only_here(tmp_path / "set" / ".work" / LEASE, tmp_path / "set", "busy", "another"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "there"]


def test_a_study_without_a_run_is_held_without_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(leases.time, "sleep", lambda seconds: pytest.fail("waited"))
    with study_lock(tmp_path / "new"):
        assert is_running(tmp_path / "new")


def test_a_run_that_was_killed_long_ago_does_not_seem_to_run(tmp_path):
    (tmp_path / LEASE).write_text("gone")
    os.utime(tmp_path / LEASE, (1e9, 1e9))
    assert not is_running(tmp_path)


@pytest.mark.parametrize("how", ["flock fails", "no fcntl"])
def test_file_systems_without_flock_will_do(how, tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        + ("sys.modules['fcntl'] = None\n" if how == "no fcntl" else
           "import fcntl\ndef flock(*_): raise OSError(37, 'No locks available')\nfcntl.flock = fcntl.lockf = flock\n")
        + "from gannb.work.locks import study_lock\nfrom gannb.work.store import execute, is_done\n"
        "from tiny_units import unit\n"
        "with study_lock(Path(sys.argv[1])):\n"
        "    print(execute(Path(sys.argv[1]), unit(), 'cpu'), is_done(Path(sys.argv[1]), unit()))"
    )  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT / "tests", capture_output=True, text=True
    )
    assert run.stdout == "None True\n", run.stderr
    assert not any("fcntl" in file.read_text(encoding="utf-8") for file in (ROOT / "gannb").rglob("*.py"))


def test_kernels_work_under_the_lock_of_their_launcher(tmp_path, monkeypatch):
    with study_lock(tmp_path):
        monkeypatch.setenv(LAUNCHER, str(os.getpid()))
        with study_lock(tmp_path):
            pass


def test_a_folder_that_cannot_be_written_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written") as error, study_lock(tmp_path / "file" / "study"):
        pass
    assert "output_dir" in str(error.value)
