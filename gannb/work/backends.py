"""Engines: where calls are made, behind one protocol; and the engine of this machine, its processes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gannb.utils import cuda
from gannb.work.processes import followers
from gannb.work.store import execute
from gannb.work.unit import Unit

Item, Result = TypeVar("Item"), TypeVar("Result")
IDLE = 300  # seconds after which a process that gets nothing to do ends
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
     "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    "1",
)  # fmt: skip


class Engine(Protocol):
    """Where calls are made: in processes of this machine or of others, several at a time."""

    def workers(self) -> int:
        """Return how many calls are made at a time."""
        ...

    def submit(self, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a function of a module called in another process.

        The future raises `BrokenExecutor` where a process was killed: that of the call or, with some engines, another.
        """
        ...

    def close(self) -> None:
        """End what is still at work, and return when it is gone; a later `submit` starts anew."""
        ...


def engine_for(workers: int, calls: int, device: str = "cpu") -> Engine:
    """Return the engine for so many calls at most on a device.

    workers: processes; 0: one per core, or on a GPU as many as its memory holds. No more than calls.
    """
    count = min(worker_count(workers, device), max(1, calls))
    if device.startswith("cuda") and not workers and count > 1:
        count = cuda.processes_that_fit(next(in_processes(cuda.free_bytes, [device], 1)), count)
    return Local(count)


def worker_count(workers: int, device: str = "cpu") -> int:
    """Return the number of processes meant by the parameter `workers` (0: one per core, and on a GPU a few)."""
    if workers:
        return workers
    from joblib import cpu_count  # a tenth of a second, and knows of a container's share

    return min(cpu_count(), cuda.PROCESSES) if device.startswith("cuda") else cpu_count()


class Local:
    """Processes of this machine, of one thread each.

    They end with this process and serve its later calls too. When one is killed, loky ends all of them, and every call
    that is open raises `BrokenExecutor`.
    """

    def __init__(self, workers: int):
        self._workers = workers
        self._pool: Executor | None = None
        self._futures: list[Future[Any]] = []

    def workers(self) -> int:
        """Return the number of processes."""
        return self._workers

    def submit(self, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a function called in one of the processes; see `Engine`."""
        try:
            future = self._running_pool().submit(_with_one_thread, call, arguments)
        except BrokenExecutor:  # a process was killed after the last call: there are new ones now
            future = self._running_pool().submit(_with_one_thread, call, arguments)
        self._futures.append(future)
        return future

    def _running_pool(self) -> Executor:
        from joblib.externals.loky import get_reusable_executor  # a tenth of a second, too

        self._pool = get_reusable_executor(self._workers, timeout=IDLE, env=ONE_THREAD, **followers())
        return self._pool

    def close(self) -> None:
        """Kill the processes if any of them is still at work, and wait for their end."""
        while any(not each.running() and not each.done() for each in self._futures):
            time.sleep(0.001)  # loky's thread, which is to kill them, fails over calls that it has not passed on yet
        if any(not each.done() or isinstance(each.exception(), BrokenExecutor) for each in self._futures):
            self._pool.shutdown(wait=True, kill_workers=True)
        self._futures.clear()


def _with_one_thread(call: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    import torch  # takes a second: in the worker, not in whoever asks how far a study is

    torch.set_num_threads(1)
    try:
        return call(*arguments)
    except cuda.CardStuck:
        os._exit(cuda.STUCK)  # nothing on the GPU works any more in this process, not even what ends it in order


def in_processes(
    call: Callable[[Item], Result], items: Sequence[Item], workers: int, device: str = "cpu"
) -> Iterator[Result]:
    """Yield what a function returns for each item, as they are done, in `workers` processes; see `engine_for`.

    Raises:
        BrokenExecutor: a process was killed.
        Exception: what the function raises; the other calls are given up then.
    """
    waiting, at_work = iter(items), set()
    with contextlib.closing(engine_for(workers, len(items), device)) as engine:
        while True:
            at_work |= {engine.submit(call, item) for item in islice(waiting, engine.workers() - len(at_work))}
            if not at_work:
                return
            done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def execute_together(study: Path, units: list[Unit], device: str, token: str | None = None) -> list[str | None]:
    """Make units in threads of this process, on a GPU each on a stream of its own; return their errors.

    What a unit makes does not depend on what is made beside it. Where the memory of a GPU is not enough, those that got
    none are made again, half as many at once, down to one. token: see `store.execute`.

    Raises:
        CardStuck: a GPU reported an error after which this process can do nothing on it.
    """
    errors = dict(zip(units, _at_once(study, units, device, token), strict=True))
    at_once = len(units)
    while at_once > 1 and (short := [unit for unit in units if cuda.is_full(errors[unit])]):
        at_once = min((at_once + 1) // 2, len(short))
        for some in (short[i : i + at_once] for i in range(0, len(short), at_once)):
            errors |= dict(zip(some, _at_once(study, some, device, token), strict=True))
    return [errors[unit] for unit in units]


def _at_once(study: Path, units: list[Unit], device: str, token: str | None) -> list[str | None]:
    with ThreadPoolExecutor(len(units)) as pool:
        errors = list(pool.map(lambda unit: _on_own_stream(study, unit, device, token), units))
    if device.startswith("cuda"):
        if stuck := next(filter(cuda.sticks, errors), None):
            raise cuda.CardStuck(stuck)
        cuda.free_memory()
    return errors


def _on_own_stream(study: Path, unit: Unit, device: str, token: str | None) -> str | None:
    if not device.startswith("cuda"):
        return execute(study, unit, device, token)
    from gannb.utils.cuda_streams import own_stream  # takes torch, and only a GPU has streams

    with own_stream(device):
        return execute(study, unit, device, token)
