"""Processes and threads that make units."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import BrokenExecutor

import psutil
import pytest
from tiny_units import STUCK, fail, meet, stick, take_memory, unit, use_card

from gannb.utils import cuda, cuda_streams
from gannb.work import backends
from gannb.work.backends import execute_together, in_processes, local_engine, worker_count
from gannb.work.store import is_done, recorded_failure


def test_units_of_a_bundle_are_made_at_once_and_fail_alone(tmp_path):
    units = [unit("a", meet), unit("b", meet), unit("c", fail), unit("d", meet)]
    errors = execute_together(tmp_path, units, "cpu")
    assert [error is None for error in errors] == [True, True, False, True] and "the loss is nan" in errors[2]
    assert [is_done(tmp_path, u) for u in units] == [True, True, False, True]


@pytest.fixture
def card(monkeypatch):
    """Units of `cuda` are made on the CPU, without streams."""
    monkeypatch.setattr(cuda_streams, "own_stream", lambda device: contextlib.nullcontext())


@pytest.mark.parametrize(("fit", "times"), [(8, 1), (4, 3), (1, 15)])
def test_where_a_card_is_full_fewer_units_are_made_at_once(tmp_path, card, monkeypatch, fit, times):
    tries = []
    monkeypatch.setattr(
        backends, "execute", lambda *given, make=backends.execute, **how: [tries.append(1), make(*given, **how)][1]
    )
    units = [unit(f"u{i}", take_memory, fit=fit) for i in range(8)]
    assert execute_together(tmp_path, units, "cuda") == [None] * 8
    assert all(is_done(tmp_path, u) for u in units) and len(tries) >= 8
    assert (len(tries) == 8) is (times == 1)


def test_a_unit_for_which_a_card_is_too_small_fails_alone_and_in_one_sentence(tmp_path, card):
    units = [unit("large", take_memory, fit=0), *(unit(f"u{i}", take_memory, fit=8) for i in range(3))]
    first, *others = execute_together(tmp_path, units, "cuda")
    assert others == [None] * 3 and first == recorded_failure(tmp_path, units[0])
    assert first.startswith("the memory of the GPU is full; set fewer workers") and "MiB" not in first


def test_an_error_that_sticks_to_the_process_is_raised_and_recorded_in_one_line(tmp_path, card):
    units = [unit("a"), unit("bad", stick)]
    with pytest.raises(cuda.CardStuck):
        execute_together(tmp_path, units, "cuda")
    del os.environ[STUCK]  # that it has left to this process, as a GPU would
    said = recorded_failure(tmp_path, units[1])
    assert "the GPU reported an error" in said and "device-side assert triggered; try again" in said
    assert "\n" not in said and is_done(tmp_path, units[0])
    assert execute_together(tmp_path, [unit("b", use_card)], "cuda") == [None]


def raise_stuck(number: int) -> int:
    raise cuda.CardStuck("CUDA error: device-side assert triggered")


def test_a_process_whose_card_is_stuck_ends(tmp_path):
    with pytest.raises(BrokenExecutor):
        list(in_processes(raise_stuck, [1], 1))


def test_the_default_is_a_process_per_core_and_a_few_on_a_card():
    assert worker_count(0) >= 1
    assert worker_count(3) == worker_count(3, "cuda") == 3
    assert worker_count(0, "cuda:1") == min(worker_count(0), cuda.PROCESSES)


@pytest.mark.parametrize(("gigabytes", "asked", "count"), [(3, 0, 1), (80, 0, 4), (3, 5, 5)])
def test_on_a_card_no_more_processes_start_than_its_memory_holds(monkeypatch, gigabytes, asked, count):
    monkeypatch.setattr("joblib.cpu_count", lambda: 16)
    monkeypatch.setattr(backends, "in_processes", lambda *_: iter([gigabytes * cuda.GIGABYTE]))
    assert local_engine(asked, 9, "cuda").workers == count
    assert local_engine(0, 9, "cpu").workers == 9
    assert local_engine(1, 9, "cuda").workers == 1


def square(number: int) -> int:
    return number**2


def refuse(number: int) -> int:
    raise ValueError(f"not {number}")


def end(number: int) -> int:
    os._exit(1)


def wait_long(number: int) -> int:
    time.sleep(3600)
    return number


@pytest.mark.slow
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
    engine = local_engine(1, 1)
    engine.submit(engine.rooms()[0], wait_long, 1)
    engine.close()
    assert not psutil.pid_exists(kept[0])
    assert next(in_processes(process, [1], 1)) != kept[0]


def test_there_are_no_more_processes_than_calls():
    assert [local_engine(4, calls).workers for calls in (0, 1, 3, 9)] == [1, 1, 3, 4]
