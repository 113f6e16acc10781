"""Engines: where calls are made, behind one protocol; and the engine of this machine, its processes."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from importlib import import_module
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


@dataclass(frozen=True)
class Room:
    """Room for one more call on an engine: the device there, and what is to be made there."""

    device: str = "cpu"
    alone: bool = False  # nothing else is made in its process meanwhile, so that what kills this is the call
    gans: bool = True  # whether GANs are to be trained there; where some machines have a card, they are on those alone
    worker: str = ""  # the engine's own name of where it is


class WorkerLost(BrokenExecutor):
    """A process on another machine is gone; the message says which one."""


class Engine(Protocol):
    """Where calls are made: in processes of this machine or of others, several at a time."""

    grows: bool  # there may be more room after a while, though no call has ended
    kills: bool  # what is lost, or at work when it is closed, is known to have ended: what it held may be cleared away
    deaths: int  # of processes that made a call alone, until that is to blame: a machine may have been switched off

    def rooms(self, alone: bool = False) -> Sequence[Room]:
        """Return the rooms that there are now for further calls; alone: such as for a call that has killed before."""
        ...

    def submit(self, room: Room, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a function of a module called in another process, in one of the rooms.

        The future raises `BrokenExecutor` where a process was killed: that of the call or, with some engines, another.
        """
        ...

    def execute(self, room: Room, study: Path, units: list[Unit], token: str) -> Future[list[str | None]]:
        """Have units made in one of the rooms; the future is of their errors, as of `execute_together`."""
        ...

    def close(self) -> None:
        """End what is still at work; a later call starts anew."""
        ...


def local_engine(workers: int, calls: int, device: str = "cpu") -> Local:
    """Return the engine of this machine for so many calls at most on a device.

    workers: processes; 0: one per core, or on a GPU as many as its memory holds. No more than calls.
    """
    count = min(worker_count(workers, device), max(1, calls))
    if device.startswith("cuda") and not workers and count > 1:
        count = cuda.processes_that_fit(next(in_processes(cuda.free_bytes, [device], 1)), count)
    return Local(count, device)


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

    grows, kills, deaths = False, True, 1

    def __init__(self, workers: int, device: str = "cpu"):
        self.workers, self.device = workers, device
        self._pool: Executor | None = None
        self._calls: dict[Future[Any], Room] = {}  # that are at work, or were lost

    def rooms(self, alone: bool = False) -> list[Room]:
        """Return a room for every process without a call; see `Engine`."""
        self._calls = {future: room for future, room in self._calls.items() if not future.done() or _is_lost(future)}
        taken = [room for future, room in self._calls.items() if not future.done()]
        alone = alone or self.workers == 1
        if any(room.alone for room in taken) or (alone and taken):
            return []
        return [Room(self.device, alone)] * (1 if alone else self.workers - len(taken))

    def submit(self, room: Room, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a function called in one of the processes; see `Engine`."""
        try:
            future = self._running_pool().submit(_with_one_thread, call, arguments)
        except BrokenExecutor:  # a process was killed after the last call: there are new ones now
            future = self._running_pool().submit(_with_one_thread, call, arguments)
        self._calls[future] = room
        return future

    def execute(self, room: Room, study: Path, units: list[Unit], token: str) -> Future[list[str | None]]:
        """Have units made in one of the processes; see `Engine`."""
        return self.submit(room, execute_together, study, units, room.device, token)

    def _running_pool(self) -> Executor:
        from joblib.externals.loky import get_reusable_executor  # a tenth of a second, too

        self._pool = get_reusable_executor(self.workers, timeout=IDLE, env=ONE_THREAD, **followers())
        return self._pool

    def close(self) -> None:
        """Kill the processes if any of them is still at work, and wait for their end."""
        while any(not each.running() and not each.done() for each in self._calls):
            time.sleep(0.001)  # loky's thread, which is to kill them, fails over calls that it has not passed on yet
        if any(not each.done() or _is_lost(each) for each in self._calls):
            self._pool.shutdown(wait=True, kill_workers=True)
        self._calls.clear()


def _is_lost(future: Future[Any]) -> bool:
    return isinstance(future.exception(), BrokenExecutor)


def _with_one_thread(call: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    if torch := sys.modules.get("torch"):  # else it is loaded later, if at all, and goes by the environment
        torch.set_num_threads(1)
    try:
        return call(*arguments)
    except cuda.CardStuck:
        os._exit(cuda.STUCK)  # nothing on the GPU works any more in this process, not even what ends it in order


def in_processes(
    call: Callable[[Item], Result], items: Sequence[Item], workers: int, device: str = "cpu"
) -> Iterator[Result]:
    """Yield what a function returns for each item, as they are done, in `workers` processes; see `local_engine`.

    Raises:
        BrokenExecutor: a process was killed.
        Exception: what the function raises; the other calls are given up then.
    """
    waiting, at_work = iter(items), set()
    with contextlib.closing(local_engine(workers, len(items), device)) as engine:
        while True:
            at_work |= {engine.submit(room, call, item) for room, item in zip(engine.rooms(), waiting, strict=False)}
            if not at_work:
                return
            done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def execute_together(
    study: Path,
    units: list[Unit],
    device: str,
    token: str | None = None,
    *,
    withdrawn: Callable[[], bool] = lambda: False,
) -> list[str | None]:
    """Make units in threads of this process, on a GPU each on a stream of its own; return their errors.

    What a unit makes does not depend on what is made beside it. Where the memory of a GPU is not enough, those that got
    none are made again, half as many at once, down to one. What another process is making is not waited for.
    token, withdrawn: see `store.execute`.

    Raises:
        CardStuck: a GPU reported an error after which this process can do nothing on it.
        Withdrawn: nobody waits for the units any more.
    """
    for module in {module for unit in units for module in unit.loads}:
        import_module(module)
    make = partial(_on_own_stream, study, device=device, token=token, withdrawn=withdrawn)
    errors = dict(zip(units, _at_once(make, units, device), strict=True))
    at_once = len(units)
    while at_once > 1 and (short := [unit for unit in units if cuda.is_full(errors[unit])]):
        at_once = min((at_once + 1) // 2, len(short))
        for some in (short[i : i + at_once] for i in range(0, len(short), at_once)):
            errors |= dict(zip(some, _at_once(make, some, device), strict=True))
    return [errors[unit] for unit in units]


def _at_once(make: Callable[[Unit], str | None], units: list[Unit], device: str) -> list[str | None]:
    with ThreadPoolExecutor(len(units)) as pool:
        errors = list(pool.map(make, units))
    if device.startswith("cuda"):
        if stuck := next(filter(cuda.sticks, errors), None):
            raise cuda.CardStuck(stuck)
        cuda.free_memory()
    return errors


def _on_own_stream(
    study: Path, unit: Unit, device: str, token: str | None, withdrawn: Callable[[], bool]
) -> str | None:
    if not device.startswith("cuda"):
        return execute(study, unit, device, token, wait=False, withdrawn=withdrawn)
    from gannb.utils.cuda_streams import own_stream  # takes torch, and only a GPU has streams

    with own_stream(device):
        return execute(study, unit, device, token, wait=False, withdrawn=withdrawn)
