"""Units of work: keys, seeds, failures, killed processes, full disks, one run at a time."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from gannb.utils.console import talking
from gannb.utils.errors import InputError
from gannb.utils.keys import digest, seed_for
from gannb.work import store
from gannb.work.backends import GANS_AT_ONCE, bundles, execute_together, worker_count
from gannb.work.locks import is_running, study_lock
from gannb.work.processes import LAUNCHER
from gannb.work.progress import Progress, partial_progress, seconds_text
from gannb.work.scheduler import run_units
from gannb.work.store import RECORD, _progress_writer, execute, is_done, read_unit, recorded_failure, side_folder
from gannb.work.unit import Task, Unit

# ---- what units do in these tests; at module level, so that worker processes find them ----


def write(task: Task) -> None:
    """Write a file, and note in a log that the unit was made."""
    (task.folder / "value.txt").write_text(str(task.parameters.get("value", "")))
    with open(task.study / "log", "a") as log:
        log.write(task.unit.place + "\n")


def fail(task: Task) -> None:
    (task.folder / "half.txt").write_text("half")
    raise RuntimeError("the loss is nan")


def fill_the_disk(task: Task) -> None:
    (task.folder / "half.bin").write_bytes(b"0" * 1000)
    raise OSError(errno.ENOSPC, "No space left on device", str(task.folder / "half.bin"))


def be_killed(task: Task) -> None:
    (task.folder / "half.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def fail_once(task: Task) -> None:
    """Fail the first time, leaving a checkpoint, and go on from it the second time."""
    task.checkpoint.mkdir(parents=True, exist_ok=True)
    if not (task.checkpoint / "step").is_file():
        (task.checkpoint / "step").write_text("41")
        raise RuntimeError("stopped in the middle")
    (task.folder / "value.txt").write_text((task.checkpoint / "step").read_text())


def wait_a_little(task: Task) -> None:
    time.sleep(0.5)
    write(task)


def tell_process(task: Task) -> None:
    import torch

    (task.folder / "value.txt").write_text(f"{os.getpid()} {torch.get_num_threads()}")


def meet(task: Task) -> None:
    """Wait for the other units of the bundle: what is made one after the other never gets here."""
    MEETING.wait(5)
    write(task)


MEETING = threading.Barrier(3)


def unit(
    name: str = "a", make=write, stage: int = 1, needs: tuple[Unit, ...] = (), version: int = 1, **parameters
) -> Unit:
    return Unit(stage, "classifier", f"trials/000/{name}", make, version, {"trial": 0, **parameters}, needs)


def leftovers(study: Path) -> list[str]:
    """Names of everything that is temporary in a study's folder."""
    return sorted(p.name for p in study.rglob("*") if p.name.startswith(".") or p.name.endswith(".running"))


def log(study: Path) -> list[str]:
    return sorted((study / "log").read_text().split())


# ---- keys ----


def test_a_key_depends_on_parameters_version_kind_name_and_needs():
    base = unit(value=1)
    others = [
        unit(value=2), unit(value=1, more=0), unit(value=1, version=2), unit("b", value=1), unit(value=1, trial=1),
        unit(value=1, needs=(unit("need"),)), unit(value=1, needs=(unit("need", value=3),)),
        replace(base, kind="items"),
    ]  # fmt: skip
    assert len({u.key for u in [base, *others]}) == len(others) + 1


def test_a_key_depends_on_what_the_needed_units_need():
    def chain(value: int) -> Unit:
        return unit("c", needs=(unit("b", needs=(unit("a", value=value),)),))

    assert chain(1).key != chain(2).key
    assert chain(1).key == chain(1).key


def test_a_key_does_not_depend_on_stage_function_or_the_order_of_parameters():
    assert unit(x=1, y=2).key == unit(y=2, x=1).key == unit(x=1, y=2, make=fail, stage=3).key


def test_keys_seeds_and_digests_are_the_same_in_another_process():
    code = (
        "from gannb.utils.keys import digest, seed_for\nfrom gannb.work.unit import Unit\n"
        "u = Unit(1, 'draw', 'trials/000/draw', print, 1, {'b': [1, None, 'ü'], 'a': .1, 'trial': 0})\n"
        "print(u.key, digest('x', {'b': 1, 'a': 2}), seed_for(3, 'trial', 1, 'ü'))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("0", "12345")
    ]
    here = Unit(1, "draw", "trials/000/draw", print, 1, {"b": [1, None, "ü"], "a": 0.1, "trial": 0})
    expected = f"{here.key} {digest('x', {'b': 1, 'a': 2})} {seed_for(3, 'trial', 1, 'ü')}\n"
    assert outputs == [expected, expected]


def test_golden_values_of_digest_and_seed():
    # results of finished studies hang on these: a change makes every unit of every study anew
    assert digest("a", 1, None, {"b": 2, "a": [0.5]}) == "9bb3332a66ca44c2"
    assert seed_for(0, "trial", 3, "generator", "mlp") == 3_953_870_407_477_634_805


def test_a_seed_belongs_to_its_names_alone():
    names = [("a",), ("b",), ("a", 0), ("a", 1), ("a", "1"), ("a", "b"), ("b", "a"), ("ab",)]
    seeds = [seed_for(0, *n) for n in names]
    assert len(set(seeds)) == len(names)
    assert [seed_for(0, *n) for n in reversed(names)] == seeds[::-1]
    assert seed_for(1, "a") != seed_for(0, "a")
    assert all(0 <= s < 2**63 for s in seeds)


# ---- one unit ----


def test_a_unit_is_made_once_and_found_afterwards(tmp_path):
    a = unit(value=7)
    assert not is_done(tmp_path, a)
    assert execute(tmp_path, a, "cpu") is None
    assert execute(tmp_path, a, "cpu") is None
    assert is_done(tmp_path, a)
    assert (tmp_path / a.path / "value.txt").read_text() == "7"
    assert log(tmp_path) == ["trials/000/a"]
    assert leftovers(tmp_path) == []


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
    assert 0 <= record["seconds"] < 5


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


def test_what_a_killed_process_left_behind_is_cleared_away(tmp_path):
    a = unit()
    stale = tmp_path / "trials/000" / f".{Path(a.path).name}.abcd1234"
    stale.mkdir(parents=True)
    (stale / "half.txt").write_text("half")
    assert execute(tmp_path, a, "cpu") is None
    assert leftovers(tmp_path) == []


def test_progress_of_a_running_unit_can_be_read(tmp_path):
    a, seen = unit(make=lambda task: [task.progress(30, 100), seen.append(partial_progress(tmp_path, a))]), []
    assert partial_progress(tmp_path, a) == 0
    execute(tmp_path, a, "cpu")
    assert seen == [0.3]


def test_progress_is_written_now_and_then_only(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(Path, "write_text", lambda self, text, *rest, **named: written.append(text))
    progress = _progress_writer(tmp_path, every=0.2)
    started = time.monotonic()
    while time.monotonic() - started < 0.5:
        progress(1, 2)
    assert 2 <= len(written) <= 4


# ---- many units ----


def test_units_are_made_after_what_they_need(tmp_path):
    draw = Unit(1, "draw", "trials/000/draw", write, 1, {"trial": 0})
    middle = unit("b", needs=(draw,), stage=2)
    last = unit("c", needs=(draw, middle), stage=3)
    outcome = run_units(tmp_path, [last], workers=2)
    assert [u.place.rsplit("/")[-1] for u in outcome.made] == ["draw", "b", "c"]
    assert outcome.failed == outcome.blocked == ()
    assert run_units(tmp_path, [last], workers=2).made == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_units_run_in_other_processes_of_one_thread_each(tmp_path, workers):
    units = [unit(f"u{i}", make=tell_process) for i in range(4)]
    run_units(tmp_path, units, workers=workers)
    told = [(tmp_path / u.path / "value.txt").read_text().split() for u in units]
    assert str(os.getpid()) not in {pid for pid, _ in told}
    assert {threads for _, threads in told} == {"1"}


def test_units_of_a_bundle_are_made_at_once_and_fail_alone(tmp_path):
    units = [unit("a", meet), unit("b", meet), unit("c", fail), unit("d", meet)]
    errors = execute_together(tmp_path, units, "cpu")
    assert [error is None for error in errors] == [True, True, False, True] and "the loss is nan" in errors[2]
    assert [is_done(tmp_path, u) for u in units] == [True, True, False, True]


def test_gans_share_a_process_on_a_gpu_and_nothing_else_does():
    gans = [replace(unit(f"gan {i}"), cost="gan") for i in range(GANS_AT_ONCE + 2)]
    others = [unit("a"), unit("b")]
    found = bundles([others[0], *gans, others[1]], "cuda:1")
    assert found == [gans[:GANS_AT_ONCE], gans[GANS_AT_ONCE:], [others[0]], [others[1]]]
    assert bundles([*gans, *others], "cpu") == [[u] for u in [*gans, *others]]


def test_a_unit_that_fails_stops_only_what_needs_it(tmp_path):
    bad, good = unit("bad", make=fail), unit("good")
    blocked, fine = unit("blocked", needs=(bad, good), stage=2), unit("fine", needs=(good,), stage=2)
    beyond = unit("beyond", needs=(blocked,), stage=3)
    outcome = run_units(tmp_path, [beyond, fine], workers=2)
    assert set(outcome.made) == {good, fine}
    assert outcome.failed == ((bad, "RuntimeError: the loss is nan"),)
    assert set(outcome.blocked) == {blocked, beyond}


def run_with_a_killed_unit(study: Path) -> None:
    """Print what becomes of units of which one's process is killed; in a process of its own, see below."""
    good = [unit(f"good{i}", make=wait_a_little) for i in range(4)]
    killed = unit("killed", make=be_killed)
    blocked = unit("blocked", needs=(killed,), stage=2)
    outcome = run_units(study, [*good[:2], killed, *good[2:], blocked], workers=2)
    failed = [(u.place, error, recorded_failure(study, u)) for u, error in outcome.failed]
    print(json.dumps([sorted(u.place for u in outcome.made), failed, [u.place for u in outcome.blocked]]))


def test_a_unit_whose_process_is_killed_is_reported_and_the_others_finish(tmp_path):
    # in a process of its own: were the unit at work in the launcher itself, the launcher would be killed
    code = f"from tests.work.test_scheduler import *; run_with_a_killed_unit(Path({str(tmp_path)!r}))"
    elsewhere = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=elsewhere, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    made, failed, blocked = json.loads(run.stdout.splitlines()[-1])
    assert made == [f"trials/000/good{i}" for i in range(4)]
    ((place, error, recorded),) = failed
    assert place == "trials/000/killed" and "killed" in error and "memory" in error and recorded == error
    assert blocked == ["trials/000/blocked"]


def test_a_full_disk_loses_nothing_that_was_finished(tmp_path):
    before, full, other = unit("before"), unit("full", make=fill_the_disk), unit("other")
    run_units(tmp_path, [before], workers=2)
    outcome = run_units(tmp_path, [before, full, other], workers=2)
    assert outcome.made == (other,)
    ((failed, error),) = outcome.failed
    assert failed is full and "No space left on device" in error
    assert is_done(tmp_path, before) and is_done(tmp_path, other)
    assert not (tmp_path / full.path).exists() and not list(tmp_path.rglob("half.bin"))
    again = run_units(tmp_path, [before, replace(full, make=write), other], workers=2)
    assert [u.place for u in again.made] == [full.place]


def test_a_failure_is_reported_even_when_it_cannot_be_recorded(tmp_path, monkeypatch):
    def no_space(file, value):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "write_json", no_space)
    assert "No space left" in execute(tmp_path, unit(), "cpu")


def test_what_failed_in_an_earlier_stage_is_not_tried_again_in_a_later_one(tmp_path):
    gan, other = unit("gan", make=fail, stage=2), unit("other", stage=4)
    classifier = unit("classifier", needs=(gan,), stage=4)
    assert run_units(tmp_path, [gan], workers=2).failed
    mended = replace(gan, make=write)
    later = replace(classifier, needs=(mended,))
    outcome = run_units(tmp_path, [later, other], workers=2)
    assert outcome.made == (other,) and outcome.blocked == (later,)
    assert outcome.failed == ((mended, "RuntimeError: the loss is nan"),)
    assert run_units(tmp_path, [mended], workers=2).made == (mended,)
    assert run_units(tmp_path, [later], workers=2).made == (later,)


def test_the_default_is_a_process_per_core():
    assert worker_count(0) >= 1
    assert worker_count(3) == 3


# ---- one run at a time ----


def test_a_second_run_on_the_study_is_refused_in_one_sentence(tmp_path):
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
    assert not is_running(tmp_path)
    with study_lock(tmp_path):  # a killed run holds nothing
        assert is_running(tmp_path)


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


def test_a_process_ends_soon_after_the_one_it_follows():
    code = (
        "import subprocess, sys, time\n"
        "child = 'import sys, time; from gannb.work.processes import end_with; end_with(int(sys.argv[1])); "
        "print(1, flush=True); time.sleep(60)'\n"
        "import os\n"
        "p = subprocess.Popen([sys.executable, '-c', child, str(os.getpid())], stdout=subprocess.PIPE, "
        "start_new_session=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    follower = psutil.Process(int(launcher.stdout.readline()))
    launcher.kill()
    launcher.wait()
    _, alive = psutil.wait_procs([follower], timeout=5)
    for process in alive:
        process.kill()
    assert not alive


# ---- telling people ----


def test_progress_counts_units_by_their_cost():
    gan, draw = unit("gan"), Unit(1, "draw", "trials/000/draw", write, 1, {"trial": 0})
    progress = Progress("02", {"classifier": 9.0, "draw": 1.0}, quiet=True)
    with progress.watch(Path("nowhere"), [draw, gan]):
        assert progress.fraction() == 0
        progress.finished(draw, None)
        assert progress.fraction() == pytest.approx(0.1)
        progress.finished(gan, None)
        assert progress.fraction() == 1


def test_progress_in_a_batch_is_text_now_and_then(tmp_path, capsys):
    units = [unit(f"u{i}") for i in range(200)]
    progress = Progress("04 train_classifiers", every=0.2)
    progress.interactive = False
    with progress.watch(tmp_path, units):
        for u in units[:100]:
            progress.finished(u, None)
            time.sleep(0.01)
        for u in units[100:]:
            progress.finished(u, None)
    lines = capsys.readouterr().out.splitlines()
    assert 3 <= len(lines) <= 8
    assert re.fullmatch(r"04 train_classifiers: +\d+%, \d+ s(, about \d+ s left)?", lines[1])
    assert lines[-1].startswith("04 train_classifiers: 200 of 200 units in ")


def test_progress_tells_of_a_failure_at_once(tmp_path, capsys):
    bad = unit("bad")
    progress = Progress("04", every=60)
    progress.interactive = False
    with progress.watch(tmp_path, [bad]):
        progress.finished(bad, "RuntimeError: the loss is nan")
        assert capsys.readouterr().out == "FAILED trials/000/bad: RuntimeError: the loss is nan\n"


def test_verbose_progress_tells_of_every_unit(tmp_path, capsys):
    good, progress = unit("good"), Progress("04", every=60)
    progress.interactive = False
    with talking("verbose"), progress.watch(tmp_path, [good]):
        progress.finished(good, None)
        assert capsys.readouterr().out == "done trials/000/good\n"


def test_nothing_is_said_when_there_is_nothing_to_do(tmp_path, capsys):
    with Progress("04").watch(tmp_path, []):
        pass
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (45.4, "45 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5370, "1 h 30 min"),
        (12_000, "3 h 20 min"), (3600 * 30, "30 h 00 min"),
    ],
)  # fmt: skip
def test_lengths_of_time_as_people_say_them(seconds, text):
    assert seconds_text(seconds) == text
