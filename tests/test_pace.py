"""Waiting by the machine's pace: a busy machine has longer, and what never comes is given up."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pace
import pytest
from pace import Patience, end_of, run, slowness, wait_for


@pytest.fixture
def machine(monkeypatch):
    """A machine of which the clock and the pace are given; a look at it takes a second."""

    def at(slower: float) -> list[float]:
        now = [0.0]
        monkeypatch.setattr(pace, "slowness", lambda: slower)
        monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
        monkeypatch.setattr(pace.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + 1))
        return now

    return at


@pytest.mark.parametrize("slower", [1, 4, 30])
def test_patience_lasts_as_much_longer_as_the_machine_is_slower(machine, slower):
    now = machine(slower)
    with pytest.raises(AssertionError, match=r"in 60 s of an idle machine \(\d+ s\) not: a server"):
        wait_for(lambda: False, "a server")
    assert 60 * slower <= now[0] <= 60 * slower + 2 * pace.PIECE


def test_what_comes_on_a_slow_machine_is_waited_for(machine):
    now = machine(20)
    assert wait_for(lambda: now[0] > 1000 and "there", "a server") == "there"


def test_a_computation_that_shares_its_processor_tells_how_busy_it_is(monkeypatch):
    monkeypatch.setattr(pace, "crowd", lambda: 0.0)
    ticks = iter([0.0, 10 * pace.USUAL])
    assert slowness(lambda: next(ticks)) == pytest.approx(10)
    assert slowness(lambda: 0.0) == 1
    alone, ended = slowness(), threading.Event()
    threads = [threading.Thread(target=lambda: [sum(range(10**5)) for _ in iter(ended.is_set, True)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    beside = slowness()
    ended.set()
    assert beside > alone / 2  # a busy machine may have become idle meanwhile


def test_a_crowd_of_processes_tells_how_busy_the_machine_is_where_the_computation_is_let_in_first(monkeypatch):
    monkeypatch.setattr(pace.os, "getloadavg", lambda: (12.0, 1.0, 1.0))
    monkeypatch.setattr(pace.os, "cpu_count", lambda: 2)
    assert slowness(lambda: 0.0) == 6


def test_a_process_is_run_to_its_end_and_one_that_does_not_end_is_killed(monkeypatch):
    assert run([sys.executable, "-c", "print(1); raise SystemExit(3)"]).returncode == 3
    monkeypatch.setattr(pace, "PIECE", 0.1)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    with pytest.raises(subprocess.TimeoutExpired):
        end_of(process, seconds=0.05)
    assert process.wait() != 0


def test_patience_is_not_measured_at_every_look(monkeypatch):
    monkeypatch.setattr(pace, "slowness", lambda: pytest.fail("too early"))
    patience = Patience(0.0)
    time.sleep(0.01)
    assert not patience.ended()
