"""Processes and threads that make units."""

from __future__ import annotations

import os
import time
from concurrent.futures import BrokenExecutor

import psutil
import pytest
from tiny_units import fail, meet, unit

from gannb.work.backends import engine_for, execute_together, in_processes, worker_count
from gannb.work.store import is_done


def test_units_of_a_bundle_are_made_at_once_and_fail_alone(tmp_path):
    units = [unit("a", meet), unit("b", meet), unit("c", fail), unit("d", meet)]
    errors = execute_together(tmp_path, units, "cpu")
    assert [error is None for error in errors] == [True, True, False, True] and "the loss is nan" in errors[2]
    assert [is_done(tmp_path, u) for u in units] == [True, True, False, True]


def test_the_default_is_a_process_per_core():
    assert worker_count(0) >= 1
    assert worker_count(3) == 3


def square(number: int) -> int:
    return number**2


def refuse(number: int) -> int:
    raise ValueError(f"not {number}")


def end(number: int) -> int:
    os._exit(1)


def wait_long(number: int) -> int:
    time.sleep(3600)
    return number


def test_calls_are_made_in_other_processes():
    assert sorted(in_processes(square, [1, 2, 3], 2)) == [1, 4, 9]
    assert set(in_processes(process, [1], 1)).isdisjoint({os.getpid()})


def process(number: int) -> int:
    return os.getpid()


def test_what_a_call_raises_is_raised_and_a_killed_process_is_told():
    with pytest.raises(ValueError, match="not 3"):
        list(in_processes(refuse, [3], 2))
    with pytest.raises(BrokenExecutor):
        list(in_processes(end, [1], 1))
    assert list(in_processes(square, [4], 1)) == [16]


def test_processes_are_kept_for_the_next_call_unless_they_are_still_at_work():
    kept = [next(in_processes(process, [1], 1)) for _ in range(2)]
    assert kept[0] == kept[1]
    engine = engine_for(1, 1)
    engine.submit(wait_long, 1)
    engine.close()
    assert not psutil.pid_exists(kept[0])
    assert next(in_processes(process, [1], 1)) != kept[0]


def test_there_are_no_more_processes_than_calls():
    assert [engine_for(4, calls).workers() for calls in (0, 1, 3, 9)] == [1, 1, 3, 4]
