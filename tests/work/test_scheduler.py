"""Many units: each as soon as what it needs is there, whatever happens to the others."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from pace import end_of, wait_for
from tiny_units import (
    be_killed,
    fail,
    fill_the_disk,
    hold_the_card,
    leftovers,
    log,
    need_the_whole_card,
    stick,
    tell_process,
    unit,
    use_card,
    wait_a_little,
    write,
)

from gannb.work import scheduler
from gannb.work.backends import Room, execute_together
from gannb.work.engines import Place
from gannb.work.leases import take
from gannb.work.scheduler import SHARED, Queue, run_units
from gannb.work.store import ELSEWHERE, LEASE, is_done, record_failure, recorded_failure, side_folder
from gannb.work.unit import Unit

pytestmark = pytest.mark.slow


def test_units_are_made_after_what_they_need(tmp_path):
    draw = Unit(1, "draw", "trials/000/draw", write, 1, {"trial": 0}, quick=True)
    middle = unit("b", needs=(draw,), stage=2)
    last = unit("c", needs=(draw, middle), stage=3)
    outcome = run_units(tmp_path, [last], Place(workers=2))
    assert [u.place.rsplit("/")[-1] for u in outcome.made] == ["draw", "b", "c"]
    assert outcome.failed == outcome.blocked == ()
    assert run_units(tmp_path, [last], Place(workers=2)).made == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_units_run_in_other_processes_of_one_thread_each(tmp_path, workers):
    units = [unit(f"u{i}", make=tell_process) for i in range(4)]
    run_units(tmp_path, units, Place(workers=workers))
    told = [(tmp_path / u.path / "value.txt").read_text().split() for u in units]
    assert str(os.getpid()) not in {pid for pid, _ in told}
    assert {threads for _, threads in told} == {"1"}


def calls(units: list[Unit], device: str, cost=lambda unit: 1.0) -> list[list[Unit]]:
    """The units of one call after the other, when none of them ends."""
    queue = Queue(units, {}, cost)
    return list(iter(lambda: queue.next_large(Room(device)), []))


def test_gans_share_a_process_on_a_gpu_and_nothing_else_does():
    gans = [replace(unit(f"gan {i}"), shares=True) for i in range(SHARED + 2)]
    a, b = unit("a"), unit("b")
    assert calls([a, *gans, b], "cuda:1") == [[a], gans[:SHARED], gans[SHARED:], [b]]
    assert calls([a, *gans, b], "cpu") == [[u] for u in [a, *gans, b]]


def test_on_a_gpu_gans_wait_for_the_draws_of_others_and_elsewhere_nothing_does():
    draws = [Unit(1, "draw", f"trials/00{i}/draw", write, 1, {"trial": i}, quick=True) for i in range(2)]
    gans = [replace(unit(f"gan {i}", needs=(draw,)), shares=True) for i, draw in enumerate(draws)]
    for device, first in (("cuda", []), ("cpu", [gans[0]])):
        queue = Queue([draws[0], gans[0], draws[1], gans[1]], {}, lambda unit: 1.0)
        queue.succeed(queue.small.popleft())
        assert queue.next_large(Room(device)) == first
        queue.succeed(queue.small.popleft())
        assert queue.next_large(Room(device)) == [gan for gan in gans if gan not in first]


def test_what_most_work_waits_for_comes_first():
    a, gan, b = unit("a"), replace(unit("gan"), shares=True), unit("b")
    items = unit("items", needs=(gan,))
    long, short = unit("long", needs=(items,)), unit("short", needs=(a,))
    todo = [a, short, b, gan, items, long]
    assert calls(todo, "cpu") == [[gan], [a], [b]]
    assert calls(todo, "cpu", lambda u: 9.0 if u is b else 1.0) == [[b], [gan], [a]]


class Threads:
    """An engine of threads, in which units can wait for each other."""

    grows, kills, deaths = False, False, 1

    def __init__(self, workers: int):
        self.pool, self.count, self.calls = ThreadPoolExecutor(workers), workers, []

    def rooms(self, alone: bool = False) -> list[Room]:
        return [Room()] * (self.count - sum(not future.done() for future in self.calls))

    def execute(self, room: Room, study: Path, units: list[Unit], token: str) -> Future:
        self.calls.append(self.pool.submit(execute_together, study, units, room.device, token))
        return self.calls[-1]

    def close(self) -> None:
        self.pool.shutdown()


def test_a_unit_starts_as_soon_as_what_it_needs_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduler, "engine_for", lambda *_: Threads(2))
    made = threading.Event()
    slow = unit("slow", make=lambda task: write(task) if made.wait(60) else fail(task))  # until the others are there
    first = unit("first")
    second = unit("second", needs=(first,))
    third = unit("third", needs=(second,), make=lambda task: [write(task), made.set()])
    outcome = run_units(tmp_path, [slow, third], Place())
    assert set(outcome.made) == {first, second, third, slow} and outcome.made.index(first) < outcome.made.index(second)


def test_no_more_calls_are_open_than_the_engine_makes_at_a_time(tmp_path, monkeypatch):
    engine, open_before = Threads(2), []
    given = engine.execute

    def counted(*call):
        open_before.append(sum(not future.done() for future in engine.calls))
        return given(*call)

    engine.execute = counted
    monkeypatch.setattr(scheduler, "engine_for", lambda *_: engine)
    run_units(tmp_path, [unit(f"u{i}", make=wait_a_little) for i in range(6)], Place())
    assert len(engine.calls) == 6 and max(open_before) == 1


def test_a_unit_that_fails_stops_only_what_needs_it(tmp_path):
    bad, good = unit("bad", make=fail), unit("good")
    blocked, fine = unit("blocked", needs=(bad, good), stage=2), unit("fine", needs=(good,), stage=2)
    beyond = unit("beyond", needs=(blocked,), stage=3)
    outcome = run_units(tmp_path, [beyond, fine], Place(workers=2))
    assert set(outcome.made) == {good, fine}
    assert outcome.failed == ((bad, "RuntimeError: the loss is nan"),)
    assert set(outcome.blocked) == {blocked, beyond}


def run_on_a_card(study: Path, what: str) -> None:
    """Print what becomes of units on a card that stands for one; in a process of its own, see below."""
    good = [unit(f"good{i}", make=use_card if what == "stuck" else hold_the_card) for i in range(2)]
    bad = unit("bad", make=stick if what == "stuck" else need_the_whole_card)
    blocked = unit("blocked", needs=(bad,), stage=2)
    outcome = run_units(study, [good[0], bad, good[1], blocked], Place(workers=2, device="cuda"))
    print(
        json.dumps([[u.place for u in outcome.made], [[u.place, e] for u, e in outcome.failed], len(outcome.blocked)])
    )


def run_with_a_killed_unit(study: Path) -> None:
    """Print what becomes of units of which one's process is killed; in a process of its own, see below."""
    good = [unit(f"good{i}", make=wait_a_little) for i in range(4)]
    killed = unit("killed", make=be_killed)
    blocked = unit("blocked", needs=(killed,), stage=2)
    outcome = run_units(study, [*good[:2], killed, *good[2:], blocked], Place(workers=2))
    failed = [(u.place, error, recorded_failure(study, u)) for u, error in outcome.failed]
    left = [p.name for p in study.rglob("*") if p.name.startswith(".") or p.name == LEASE]
    print(json.dumps([sorted(u.place for u in outcome.made), failed, [u.place for u in outcome.blocked], left]))


def test_a_unit_whose_process_is_killed_is_reported_and_the_others_finish(tmp_path):
    # in a process of its own: were the unit at work in the launcher itself, the launcher would be killed
    code = f"from tests.work.test_scheduler import *; run_with_a_killed_unit(Path({str(tmp_path)!r}))"
    elsewhere = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=elsewhere, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    made, failed, blocked, left = json.loads(run.stdout.splitlines()[-1])
    assert made == [f"trials/000/good{i}" for i in range(4)]
    ((place, error, recorded),) = failed
    assert place == "trials/000/killed" and "killed" in error and "memory" in error and recorded == error
    assert blocked == ["trials/000/blocked"]
    assert left == []  # what their processes held and had begun to write


@pytest.mark.parametrize("what", ["stuck", "full"])
def test_an_error_of_a_card_costs_its_unit_alone_and_a_full_one_is_waited_for(tmp_path, what):
    code = f"from tests.work.test_scheduler import *; run_on_a_card(Path({str(tmp_path)!r}), {what!r})"
    elsewhere = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "GANNB_TEST_CARD": "1"}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=elsewhere, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    made, failed, blocked = json.loads(run.stdout.splitlines()[-1])
    assert {f"trials/000/good{i}" for i in range(2)} <= set(made)
    if what == "full":
        assert failed == [] and len(made) == 4
        return
    ((place, error),) = failed
    assert place == "trials/000/bad" and blocked == 1 and "device-side assert triggered" in error


RUN = """
import sys
from pathlib import Path
from tiny_units import log, unit, wait_a_little
from gannb.work.engines import Place
from gannb.work.scheduler import run_units

study = Path(sys.argv[1])
units = [unit(f"u{i}", make=wait_a_little) for i in range(4)]
units.append(unit("last", make=wait_a_little, needs=tuple(units)))
try:
    outcome = run_units(study, units[-1:], Place(workers=2))
    print(outcome.failed, outcome.blocked)
except KeyboardInterrupt:
    print(sorted(p.name for p in study.rglob("*") if p.name.startswith(".") or p.name == "lease"))
"""


def start(study: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(study)], cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True
    )


def test_two_at_work_on_the_same_units_make_each_of_them_once(tmp_path):
    both = [start(tmp_path), start(tmp_path)]
    assert [end_of(each)[0] for each in both] == ["() ()\n"] * 2
    assert log(tmp_path) == sorted(f"trials/000/{name}" for name in ("u0", "u1", "u2", "u3", "last"))
    assert len(list(tmp_path.glob("trials/000/*/unit.json"))) == 5 and leftovers(tmp_path) == []


def test_interrupted_it_leaves_nothing_at_work_and_nothing_held(tmp_path):
    run = start(tmp_path)
    wait_for(lambda: list(tmp_path.glob(f"trials/000/*.running/{LEASE}")) or run.poll() is not None, "a unit at work")
    run.send_signal(signal.SIGINT)
    assert end_of(run)[0] == "[]\n"
    assert end_of(start(tmp_path))[0] == "() ()\n" and leftovers(tmp_path) == []


def test_a_full_disk_loses_nothing_that_was_finished(tmp_path):
    before, full, other = unit("before"), unit("full", make=fill_the_disk), unit("other")
    run_units(tmp_path, [before], Place(workers=2))
    outcome = run_units(tmp_path, [before, full, other], Place(workers=2))
    assert outcome.made == (other,)
    ((failed, error),) = outcome.failed
    assert failed is full and "No space left on device" in error
    assert is_done(tmp_path, before) and is_done(tmp_path, other)
    assert not (tmp_path / full.path).exists() and not list(tmp_path.rglob("half.bin"))
    again = run_units(tmp_path, [before, replace(full, make=write), other], Place(workers=2))
    assert [u.place for u in again.made] == [full.place]


def test_what_failed_in_an_earlier_stage_is_not_tried_again_in_a_later_one(tmp_path):
    gan, other = unit("gan", make=fail, stage=2), unit("other", stage=4)
    classifier = unit("classifier", needs=(gan,), stage=4)
    assert run_units(tmp_path, [gan], Place(workers=2)).failed
    mended = replace(gan, make=write)
    later = replace(classifier, needs=(mended,))
    outcome = run_units(tmp_path, [later, other], Place(workers=2))
    assert outcome.made == (other,) and outcome.blocked == (later,)
    assert outcome.failed == ((mended, "RuntimeError: the loss is nan"),)
    assert run_units(tmp_path, [mended], Place(workers=2)).made == (mended,)
    assert run_units(tmp_path, [later], Place(workers=2)).made == (later,)


def run_beside(study: Path, units: list[Unit], another_process: Callable[[Unit], None]) -> scheduler.Outcome:
    """Make units, the first of which another process holds; it does something with it as soon as the last is there."""
    held = take(side_folder(study, units[0], "running") / LEASE)

    def watch() -> None:
        wait_for(lambda: is_done(study, units[-1]), "the last unit")
        another_process(units[0])
        held.release()

    other = threading.Thread(target=watch)
    other.start()
    outcome = run_units(study, units, Place(workers=1))
    other.join()
    return outcome


def test_what_another_process_is_making_is_left_to_it_while_there_is_other_work(tmp_path):
    theirs, mine = unit("theirs"), [unit("a"), unit("b")]

    def finish(unit: Unit) -> None:
        shutil.copytree(tmp_path / mine[0].path, tmp_path / unit.path)

    outcome = run_beside(tmp_path, [theirs, *mine], finish)
    assert set(outcome.made) == {theirs, *mine} and outcome.elsewhere == (theirs,)
    assert log(tmp_path) == ["trials/000/a", "trials/000/b"]  # this one was made nowhere here


def test_what_another_process_gives_up_is_made_here(tmp_path):
    theirs, mine = unit("theirs"), unit("mine")
    outcome = run_beside(tmp_path, [theirs, mine], lambda unit: None)
    assert set(outcome.made) == {theirs, mine} and outcome.elsewhere == ()
    assert log(tmp_path) == ["trials/000/mine", "trials/000/theirs"]


def test_what_fails_in_another_process_before_this_one_hears_of_it_has_failed(tmp_path, monkeypatch):
    engine = Threads(1)

    def too_late(room: Room, study: Path, units: list[Unit], token: str) -> Future:
        record_failure(side_folder(study, units[0], "failed"), RuntimeError("the loss is nan"))  # over there
        engine.calls.append(engine.pool.submit(lambda: [ELSEWHERE]))
        return engine.calls[-1]

    engine.execute = too_late
    monkeypatch.setattr(scheduler, "engine_for", lambda *_: engine)
    outcome = run_units(tmp_path, [theirs := unit("theirs")], Place())
    assert outcome.failed == ((theirs, "RuntimeError: the loss is nan"),) and len(engine.calls) == 1


def test_what_fails_in_another_process_has_failed(tmp_path):
    theirs, mine = unit("theirs"), unit("mine")
    last = unit("last", needs=(theirs,))
    record_failure(side_folder(tmp_path, theirs, "failed"), RuntimeError("an earlier time"))  # which does not count

    def fail_there(unit: Unit) -> None:
        record_failure(side_folder(tmp_path, unit, "failed"), RuntimeError("the loss is nan"))

    outcome = run_beside(tmp_path, [theirs, last, mine], fail_there)
    assert outcome.made == (mine,) and outcome.blocked == (last,)
    assert outcome.failed == ((theirs, "RuntimeError: the loss is nan"),)
    assert log(tmp_path) == ["trials/000/mine"]


def test_without_another_try_what_has_failed_is_left(tmp_path):
    bad, good = unit("bad", make=fail), unit("good")
    assert run_units(tmp_path, [bad], Place(workers=1)).failed
    mended = replace(bad, make=write)
    outcome = run_units(tmp_path, [mended, good], Place(workers=1), again=False)
    assert outcome.made == (good,) and outcome.failed == ((mended, "RuntimeError: the loss is nan"),)
