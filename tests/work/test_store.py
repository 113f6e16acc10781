"""One unit: made once, whole or not at all, whoever else makes it."""

from __future__ import annotations

import errno
import json
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from tiny_units import fail, fail_once, leftovers, log, unit, wait_a_little, write

from gannb.work import leases, store
from gannb.work.progress import partial_progress
from gannb.work.store import (
    RECORD,
    _progress_writer,
    execute,
    forget,
    host_at,
    is_at_work,
    is_done,
    parameters_at,
    read_unit,
    recorded_failure,
    seconds_at,
    side_folder,
)  # fmt: skip
from gannb.work.unit import Task


def test_a_unit_is_made_once_and_found_afterwards(tmp_path):
    a = unit(value=7)
    assert not is_done(tmp_path, a)
    assert execute(tmp_path, a, "cpu") is None
    assert execute(tmp_path, a, "cpu") is None
    assert is_done(tmp_path, a)
    assert (tmp_path / a.path / "value.txt").read_text() == "7"
    assert log(tmp_path) == ["trials/000/a"]
    assert leftovers(tmp_path) == []


def name_the_host(task: Task) -> None:
    (task.folder / "host.txt").write_text(host_at(task.study / task.unit.path))


def test_the_machine_that_makes_a_unit_is_named_meanwhile_and_not_afterwards(tmp_path):
    a = replace(unit(), make=name_the_host)
    assert execute(tmp_path, a, "cpu") is None
    assert (tmp_path / a.path / "host.txt").read_text() == socket.gethostname()
    assert host_at(tmp_path / a.path) == "" and leftovers(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut off", "gone", "no record", "half a record", "no JSON object"])
def test_a_unit_that_is_no_longer_whole_is_made_again(damage, tmp_path):
    a = unit(value="seven")
    execute(tmp_path, a, "cpu")
    value, record = tmp_path / a.path / "value.txt", tmp_path / a.path / RECORD
    before = json.loads(record.read_text())
    if damage == "cut off":
        value.write_text("sev")
    elif damage in ("gone", "no record"):
        (value if damage == "gone" else record).unlink()
    else:
        record.write_text(record.read_text()[:20] if damage == "half a record" else "[]")
    assert not is_done(tmp_path, a)
    assert execute(tmp_path, a, "cpu") is None and is_done(tmp_path, a)
    assert value.read_text() == "seven" and log(tmp_path) == ["trials/000/a"] * 2
    assert {**json.loads(record.read_text()), "seconds": 0} == {**before, "seconds": 0}


@pytest.mark.parametrize(
    "record",
    [
        "{}", "null", "7", '{"seconds": "x"}', '{"seconds": null}', '{"seconds": true}', '{"seconds": -1}',
        '{"seconds": NaN}', '{"seconds": Infinity}', '{"seconds": 1, "files": ["value.txt"]}',
        '{"seconds": 1, "files": {"value.txt": "5"}}', '{"seconds": 1, "files": {"value\\u0000": 5}}',
        '{"seconds": 1, "parameters": []}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_record_that_says_less_than_is_asked_of_one_is_none(record, tmp_path):
    a = unit(value="seven")
    execute(tmp_path, a, "cpu")
    (tmp_path / a.path / RECORD).write_text(record)
    assert not is_done(tmp_path, a)
    if "files" not in record:  # what a file is like is asked with it alone
        with pytest.raises(ValueError):
            seconds_at(tmp_path / a.path)
    assert execute(tmp_path, a, "cpu") is None and is_done(tmp_path, a)
    assert log(tmp_path) == ["trials/000/a"] * 2 and seconds_at(tmp_path / a.path) >= 0


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"parameters": 1}', "\0" * 9, "[" * 100_000])
def test_what_a_damaged_record_declares_is_nothing(record, tmp_path):
    assert parameters_at(tmp_path) == {}
    (tmp_path / RECORD).write_text(record)
    assert parameters_at(tmp_path) == {}
    (tmp_path / RECORD).write_text('{"parameters": {"value": 7}}')
    assert parameters_at(tmp_path) == {"value": 7}


@pytest.mark.parametrize("kept", ["", "[]", "{}", '{"error": 1}', "\0" * 9])
def test_a_damaged_failure_is_still_one(kept, tmp_path):
    a = replace(unit(), make=fail)
    execute(tmp_path, a, "cpu")
    (side_folder(tmp_path, a, "failed") / "error.json").write_text(kept)
    assert "is damaged" in recorded_failure(tmp_path, a)


def test_a_unit_of_before_files_were_listed_is_taken_as_it_is(tmp_path):
    a = unit(value=7)
    execute(tmp_path, a, "cpu")
    record = tmp_path / a.path / RECORD
    record.write_text(json.dumps({k: v for k, v in json.loads(record.read_text()).items() if k != "files"}))
    assert is_done(tmp_path, a)


def test_a_finished_unit_says_how_it_was_made(tmp_path):
    a = unit(value=7)
    execute(tmp_path, a, "cpu")
    record = read_unit(tmp_path, a)
    assert record["key"] == a.key and record["device"] == "cpu"
    assert record["parameters"] == {"trial": 0, "value": 7}
    assert record["seconds"] >= 0


def test_an_error_is_written_down_before_the_lease_goes_by_which_others_see_that_the_unit_has_ended(
    tmp_path, monkeypatch
):
    a, seen = unit(make=fail), []
    record = store.record_failure

    def watched(failed: Path, error: Exception) -> str:
        seen.append(is_at_work(tmp_path / a.path))
        return record(failed, error)

    monkeypatch.setattr(store, "record_failure", watched)
    assert execute(tmp_path, a, "cpu") == "RuntimeError: the loss is nan"
    assert seen == [True] and not is_at_work(tmp_path / a.path)


def test_a_unit_that_fails_leaves_its_error_and_nothing_half_written(tmp_path):
    a = unit(make=fail)
    assert execute(tmp_path, a, "cpu") == "RuntimeError: the loss is nan"
    assert recorded_failure(tmp_path, a) == "RuntimeError: the loss is nan"
    assert not (tmp_path / a.path).exists()
    assert not list(tmp_path.rglob("half.txt"))
    assert "in fail" in json.loads((side_folder(tmp_path, a, "failed") / "error.json").read_text())["traceback"]


def test_a_later_success_takes_the_error_away(tmp_path):
    a = unit(make=fail)
    execute(tmp_path, a, "cpu")
    assert execute(tmp_path, replace(a, make=write), "cpu") is None
    assert recorded_failure(tmp_path, a) is None
    assert [p.name for p in (tmp_path / "trials/000").iterdir()] == [Path(a.path).name]


def test_a_checkpoint_outlives_the_attempt_and_goes_with_the_success(tmp_path):
    a = unit(make=fail_once)
    assert execute(tmp_path, a, "cpu") == "RuntimeError: stopped in the middle"
    assert execute(tmp_path, a, "cpu") is None
    assert (tmp_path / a.path / "value.txt").read_text() == "41"
    assert leftovers(tmp_path) == []


def test_a_second_process_waits_for_the_unit_and_finds_it(tmp_path):
    a = unit(make=wait_a_little)
    threads = [threading.Thread(target=execute, args=(tmp_path, a, "cpu")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_done(tmp_path, a) and recorded_failure(tmp_path, a) is None
    assert log(tmp_path) == ["trials/000/a"]


def test_what_another_process_may_be_writing_stays(tmp_path):
    a = unit()
    other = tmp_path / "trials/000" / f".{Path(a.path).name}.abcd1234"
    other.mkdir(parents=True)
    (other / "half.txt").write_text("half")
    assert execute(tmp_path, a, "cpu") is None
    assert leftovers(tmp_path) == [other.name] and (other / "half.txt").is_file()


def lose_the_lease(task: Task, then=write) -> None:
    """Be taken to be gone: another process makes the unit, and this one goes on."""
    (side_folder(task.study, task.unit, "running") / store.LEASE).unlink()
    assert execute(task.study, replace(task.unit, make=then), "cpu") is None
    (task.folder / "value.txt").write_text("of the loser")


def lose_the_lease_and_fail(task: Task) -> None:
    lose_the_lease(task)
    raise RuntimeError("too late")


def lose_the_lease_to_one_at_work(task: Task) -> None:
    """Be taken to be gone, and done nevertheless before the other one is, who writes a checkpoint."""
    lease = side_folder(task.study, task.unit, "running") / store.LEASE
    lease.write_text("another's")
    task.checkpoint.mkdir()
    (task.folder / "value.txt").write_text("of the loser")


@pytest.mark.parametrize("make", [lose_the_lease, lose_the_lease_and_fail])
def test_who_is_later_leaves_what_is_there_as_it_is(make, tmp_path):
    a = unit(make=make, value="of the winner")
    assert execute(tmp_path, a, "cpu") is None
    assert (tmp_path / a.path / "value.txt").read_text() == "of the winner" and is_done(tmp_path, a)
    assert leftovers(tmp_path) == [] and recorded_failure(tmp_path, a) is None
    assert [p.name for p in (tmp_path / "trials/000").iterdir()] == [Path(a.path).name]


def test_who_lost_the_lease_and_is_first_leaves_the_others_checkpoint(tmp_path):
    a = unit(make=lose_the_lease_to_one_at_work)
    assert execute(tmp_path, a, "cpu") is None and is_done(tmp_path, a)
    running = side_folder(tmp_path, a, "running")
    assert {p.name for p in running.iterdir()} == {"checkpoint", store.LEASE}
    assert (running / store.LEASE).read_text() == "another's"


def test_a_whole_unit_that_takes_a_damaged_ones_place_in_the_last_moment_stays(tmp_path):
    a = unit(value=7)
    execute(tmp_path, a, "cpu")
    store._remove_damaged(tmp_path / a.path)
    assert is_done(tmp_path, a) and leftovers(tmp_path) == []


def test_a_unit_that_a_killed_process_was_making_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "EXPIRY", 1.0)
    code = (
        "import sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from tiny_units import be_killed, unit\nfrom gannb.work.store import execute\n"
        "execute(Path(sys.argv[1]), replace(unit(value=7), make=be_killed), 'cpu')"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT / "tests")
    assert killed.returncode == -signal.SIGKILL
    a = unit(value=7)
    assert (side_folder(tmp_path, a, "running") / store.LEASE).is_file()
    assert execute(tmp_path, a, "cpu") is None and is_done(tmp_path, a)
    assert leftovers(tmp_path) == []  # also of what it had written


def test_after_a_process_that_is_known_to_be_gone_can_be_cleared_up(tmp_path):
    def find(task: Task) -> None:
        seen.append(leftovers(tmp_path))
        forget(tmp_path, task.unit, "another")
        seen.append(leftovers(tmp_path))
        forget(tmp_path, task.unit, "mine")
        seen.append(leftovers(tmp_path))
        raise RuntimeError

    a, seen = unit(make=find), []
    execute(tmp_path, a, "cpu", "mine")
    name = Path(a.path).name
    assert seen == [[f".{name}.mine", f"{name}.running"]] * 2 + [[f"{name}.running"]]
    assert list(side_folder(tmp_path, a, "running").iterdir()) == []


def test_progress_of_a_running_unit_can_be_read(tmp_path):
    a, seen = unit(make=lambda task: [task.progress(30, 100), seen.append(partial_progress(tmp_path, a))]), []
    assert partial_progress(tmp_path, a) == 0
    execute(tmp_path, a, "cpu")
    assert seen == [0.3]


def test_progress_is_written_now_and_then_only(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(Path, "write_text", lambda self, text, *rest, **named: written.append(text))
    progress, now = _progress_writer(tmp_path, lambda: False, every=0.2), [0.0]
    monkeypatch.setattr("gannb.work.store.time.monotonic", lambda: now[0])
    for hundredth in range(50):
        now[0] = 100 + hundredth / 100
        progress(1, 2)
    assert len(written) == 3


def test_a_failure_is_reported_even_when_it_cannot_be_recorded(tmp_path, monkeypatch):
    def no_space(file, value):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "write_json", no_space)
    assert "No space left" in execute(tmp_path, unit(), "cpu")


def test_a_finished_unit_that_the_machine_does_not_let_be_read_is_neither_made_again_nor_removed(tmp_path, monkeypatch):
    one = unit(make=write)
    assert execute(tmp_path, one, "cpu") is None
    for number in (errno.EMFILE, errno.EACCES, errno.ENOMEM):
        with monkeypatch.context() as patched, pytest.raises(OSError):
            patched.setattr("gannb.work.store._read_record", raising(OSError(number, "x")))
            is_done(tmp_path, one)
        with monkeypatch.context() as patched:
            patched.setattr("gannb.work.store._read_record", raising(OSError(number, "x")))
            assert execute(tmp_path, one, "cpu")
    assert is_done(tmp_path, one) and execute(tmp_path, one, "cpu") is None and len(log(tmp_path)) == 1


def raising(error: Exception):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            MemoryError(),
            "there is not enough memory; close other programs, or set fewer workers or a smaller batch_size",
        ),
        (OSError(errno.EMFILE, "Too many open files", "/a"), "too many files are open at once (/a); allow more"),
    ],
)
def test_a_unit_that_fails_for_want_of_something_says_of_what(tmp_path, error, says):
    assert store.record_failure(tmp_path / "failed", error).startswith(says)
