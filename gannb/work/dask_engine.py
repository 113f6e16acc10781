"""The workers of a Dask scheduler as an engine: machines of a laboratory, a cloud, or jobs of a batch system.

Every call is sent to one worker, and which one is chosen here: so it is known which call was lost with a worker, no
call waits for a worker that cannot make it, and one that killed its process is tried where it takes no other along.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from gannb.utils.doing import doing
from gannb.utils.errors import Failed, InputError
from gannb.utils.memory import PROCESS
from gannb.utils.trust import TRUSTED
from gannb.work.backends import Result, Room, WorkerLost
from gannb.work.nodes import Found, Mark, Wanted, examine, make_here
from gannb.work.unit import Unit

if TYPE_CHECKING:
    from distributed import Client

ANSWER = 5.0  # seconds within which a scheduler that is there answers
CONNECT = 30.0  # seconds for getting to know one that does
FIRST = 30.0  # seconds to wait for a scheduler's first worker
EXAMINE = 300.0  # seconds that a worker may take to say what it is, most of them for loading torch
LOOK = 0.5  # seconds between two looks at who is there
PATIENCE = 120.0  # seconds without a worker that takes calls, after which the run ends
CARD = "GPU"  # the resource that a worker with a card declares: `dask worker --resources GPU=1`
PAUSES = 0.8  # share of a worker's memory limit from which on Dask gives it nothing more to do


@dataclass(frozen=True)
class Worker:
    """A worker as its scheduler describes it."""

    address: str
    name: str
    threads: int
    running: bool  # it takes calls; else it has paused, or is about to end
    card: bool
    memory: float  # bytes that it has in use
    limit: float  # of these; 0: none

    @classmethod
    def of(cls, address: str, said: dict[str, Any]) -> Worker:
        """Return a worker from what its scheduler says of it."""
        memory = said.get("metrics", {}).get("memory") or 0
        return cls(
            address, str(said["name"]), said["nthreads"], said.get("status") == "running",
            bool(said.get("resources", {}).get(CARD)), memory, said.get("memory_limit") or 0,
        )  # fmt: skip

    def paused(self) -> str:
        """Return why it is given nothing to do, and the way out."""
        if not self.limit:
            return "it is closing"
        return (
            f"{self.memory / 1e9:.1f} GB of its memory limit of {self.limit / 1e9:.1f} GB are in use, and above "
            f"{PAUSES:.0%} Dask gives it nothing to do; start it with a larger --memory-limit, or fewer threads"
        )

    def lacks(self) -> str:
        """Return what its settings leave too little of; empty where they do not."""
        each = self.limit / self.threads
        if not self.limit or PAUSES * each >= PROCESS:
            return ""
        return (
            f"its memory limit is {self.limit / 1e9:.2f} GB for {self.threads} threads, and Dask pauses it at "
            f"{PAUSES:.0%} of that, where one process takes {PROCESS / 1e9:.1f} GB; start it with --memory-limit 4GB"
        )


class Dask:
    """The workers of a Dask scheduler that can make a study's units; each thread of theirs takes one call."""

    grows, kills, deaths = True, False, 2

    def __init__(
        self,
        engine: str,
        address: str,
        wanted: Wanted,
        most: int = 0,
        patience: float = PATIENCE,
        after: Callable[[], None] = lambda: None,
    ):
        """Connect to a scheduler.

        engine: what the person has named. address: HOST:PORT. most: calls at a time at the most; 0: as many as there is
        room for. patience: seconds without a worker that takes calls. after: what is to be done once it is closed.

        Raises:
            InputError: Dask is not installed, or no scheduler answers.
        """
        self.engine, self.wanted, self.most, self.patience, self._after = engine, wanted, most, patience, after
        self._client = connect(engine, address)
        self._made_folder = not wanted.study.exists()  # for the marks; it goes again where nothing comes into it
        self._address, self._name = address, f"gannb-{uuid.uuid4().hex}"  # its name begins the keys of its calls
        self._workers: dict[str, Worker] = {}
        self._others: Counter[str] = Counter()  # calls of others on a worker
        self._found: dict[str, Future[Found]] = {}  # of each worker that was ever there
        self._marks: list[Mark] = []  # that these were shown
        self._calls: dict[Future[Any], tuple[Room, Any]] = {}  # that have not ended, with the future of Dask
        self._said: dict[tuple[str, str], str] = {}  # by worker and by what of it
        self._looked, self._useful = 0.0, time.monotonic()  # when it was last looked who is there, and when one was

    # ---- who is there

    def _look(self) -> None:
        """Take note of who is there now, at most every half second; give up what was at work on one that is gone."""
        if time.monotonic() - self._looked < LOOK:
            return
        try:
            if self._client.status != "running":
                raise OSError(self._client.status)
            said = self._described()
            working = self._client.processing()
        except (OSError, ValueError, RuntimeError) as error:
            raise self._gone() from error
        self._workers = {address: Worker.of(address, about) for address, about in said.items()}
        self._others = Counter({a: sum(not self._is_mine(key) for key in keys) for a, keys in working.items()})
        for address in self._workers.keys() - self._found.keys():
            self._found[address] = future = Future()
            Thread(target=self._examine, args=(self._workers[address], future), daemon=True).start()
        self._give_up({key for keys in working.values() for key in keys})
        self._tell()
        self._looked = time.monotonic()

    def _described(self) -> dict[str, dict[str, Any]]:
        """Return by address what the scheduler says of its workers.

        A client keeps the last answer in one place, where one of its own, without workers, may be meanwhile.
        """
        while True:
            said = self._client.scheduler_info()
            if len(said["workers"]) == said.get("n_workers", len(said["workers"])):
                return said["workers"]

    def _is_mine(self, key: Any) -> bool:
        return str(key).startswith(self._name)

    def _gone(self) -> Failed:
        return Failed(
            f"{self.engine}: the scheduler is gone; what is finished is kept. Start it and its workers again, and the "
            "same command goes on from there."
        )

    def _examine(self, worker: Worker, future: Future[Found]) -> None:
        """Ask a worker what it is; its mark is gone before the answer is there, since then the folder may go, too."""
        try:
            self._marks.append(mark := Mark(self.wanted.study))
            try:
                found = self._answer_of(worker, replace(self.wanted, token=mark.token))
            finally:
                with contextlib.suppress(OSError):  # `close` tries again
                    mark.remove()
        except Exception as error:  # it has gone meanwhile, or it says nothing that this machine can read
            found = Found("", lacks=f"it does not answer ({type(error).__name__}: {error})")
        _settle(future, lambda: found)

    def _answer_of(self, worker: Worker, wanted: Wanted) -> Found:
        said = self._client.run(examine, wanted, workers=[worker.address], on_error="return")
        found = said[worker.address]
        if isinstance(found, ModuleNotFoundError) and (found.name or "").partition(".")[0] == "gannb":
            return Found("", lacks="gannb is not installed there; install the same version as here")
        if not isinstance(found, Found):
            return Found("", lacks=f"it cannot say what it is ({type(found).__name__}: {found})")
        return replace(found, lacks=found.lacks or worker.lacks())

    def _answers(self) -> dict[str, Found]:
        """Return by address what the workers say of themselves that have said it."""
        return {address: future.result() for address, future in self._found.items() if future.done()}

    def _named(self, worker: Worker) -> str:
        """Return what people call a worker: its name, and its machine where that is known and another word."""
        answers = self._answers()
        host = answers[worker.address].host if worker.address in answers else ""
        return f"worker {worker.name}" + (f" on {host}" if host and host not in worker.name else "")

    def _fit(self) -> list[Worker]:
        """Return the workers that can make the units."""
        answers = self._answers()
        return [w for w in self._workers.values() if w.address in answers and not answers[w.address].lacks]

    def unfit(self) -> dict[str, str]:
        """Return by its name what each worker lacks that cannot make the units."""
        answers = self._answers()
        workers = [w for w in self._workers.values() if w.address in answers and answers[w.address].lacks]
        return {self._named(worker): answers[worker.address].lacks for worker in workers}

    def await_workers(self) -> None:
        """Wait until a worker is there, and until those that are have said what they are.

        Raises:
            InputError: there is none.
        """
        until = time.monotonic() + max(FIRST, self.patience - PATIENCE)
        with doing(f"waiting for the workers of {self.engine}"):
            self._look()
            while not self._workers:
                if time.monotonic() > until:
                    raise InputError(
                        f"engine={self.engine}: the scheduler has no workers; start some, each on its machine, with "
                        f"`dask worker {self._address} --nworkers auto --nthreads 1`."
                    )
                time.sleep(LOOK)
                self._look()
            wait_for(self._found.values(), EXAMINE)
        for future in self._found.values():
            _settle(future, lambda: Found("", lacks=f"it has not said what it is within {EXAMINE:.0f} s"))
        self._useful = time.monotonic()

    def refuse(self, some_will_do: bool = False) -> None:
        """Raise InputError where a worker cannot make the units, or where none can if some will do; it is named."""
        unfit = self.unfit()
        if unfit and not (some_will_do and self._fit()):
            (name, lacks), *others = unfit.items()
            further = f" ({len(others)} further workers are refused, too)" if others else ""
            raise InputError(f"engine={self.engine}: {name}: {lacks}{further}.")
        self._tell()

    def _tell(self) -> None:
        """Say, once of each, which workers are of no use and why; end the run where none has been for long."""
        for name, lacks in self.unfit().items():
            self._say(name, "is not used", lacks)
        for worker in self._fit():
            if not worker.running:
                self._say(self._named(worker), "has paused", worker.paused())
        if self._calls or any(worker.running for worker in self._fit()):
            self._useful = time.monotonic()
        elif time.monotonic() - self._useful > self.patience:
            why = "; ".join(self._said.values()) or "none is there"
            raise Failed(
                f"{self.engine}: no worker has taken work for {self.patience:.0f} s ({why}); what is finished is kept, "
                "and the same command goes on from there."
            )

    def _say(self, name: str, what: str, why: str) -> None:
        if (name, what) not in self._said:
            self._said[name, what] = f"{name} {what}: {why}"
            print(f"gannb: {self.engine}: {self._said[name, what]}.", file=sys.stderr, flush=True)

    # ---- calls

    def rooms(self, alone: bool = False) -> list[Room]:
        """Return a room for every thread without a call; see `Engine`.

        Whoever has nothing at work may queue behind the calls of others, so that nobody waits for all of theirs.
        """
        self._look()
        calls = [room for room, _ in list(self._calls.values())]
        workers = [worker for worker in self._fit() if worker.running]
        free = {worker.address: self._free(worker, calls, alone) for worker in workers}
        if not calls and workers and not any(free.values()):
            least = min(workers, key=lambda worker: self._others[worker.address] / worker.threads)
            free[least.address] = 1
        cards = any(worker.card for worker in self._fit())
        rooms = [
            (turn, Room(self._device(worker), alone or worker.threads == 1, worker.card or not cards, worker.address))
            for worker in workers for turn in range(free[worker.address])
        ]  # fmt: skip
        # GANs are taken first where they can be made; else one room of each worker comes before a second of any
        rooms.sort(key=lambda each: (cards and not each[1].gans, each[0]))
        return [room for _, room in rooms][: max(0, self.most - len(calls)) if self.most else None]

    def _device(self, worker: Worker) -> str:
        return self._found[worker.address].result().device

    def _free(self, worker: Worker, calls: list[Room], alone: bool) -> int:
        """Return how many calls a worker has room for, given those that are at work."""
        taken = [room for room in calls if room.worker == worker.address]
        if taken and (alone or (worker.threads > 1 and any(room.alone for room in taken))):
            return 0
        free = max(0, worker.threads - len(taken) - self._others[worker.address])
        return min(free, 1) if alone else free

    def submit(self, room: Room, call: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Have a function called on a worker; see `Engine`."""
        future: Future[Result] = Future()
        dask = self._client.submit(
            call, *arguments, workers=[room.worker], allow_other_workers=False, retries=0, pure=False,
            key=f"{self._name}-{uuid.uuid4().hex}",
        )  # fmt: skip
        self._calls[future] = room, dask
        dask.add_done_callback(partial(self._pass_on, future))
        return future

    def execute(self, room: Room, study: Path, units: list[Unit], token: str) -> Future[list[str | None]]:
        """Have units made on a worker; see `Engine`."""
        return self.submit(room, make_on_worker, study, units, room.device, token, os.environ.get(TRUSTED, "{}"))

    def _pass_on(self, future: Future[Any], dask: Any) -> None:
        """Pass on what became of a call, in a thread of Dask's."""
        self._calls.pop(future, None)
        try:
            if dask.status == "finished":
                _settle(future, dask.result)
            elif dask.status == "error":
                error = dask.exception()
                lost = type(error).__name__ == "KilledWorker"
                _settle(future, error=WorkerLost(f"{len(self._workers)} workers were lost") if lost else error)
            elif self._client.status != "running":
                _settle(future, error=self._gone())
        except BaseException:  # the scheduler went in between; a call that is given up is no `Exception`
            _settle(future, error=self._gone())

    def _give_up(self, working: set[str]) -> None:
        """Give up the calls on workers that are gone, and those that a worker had not begun when it paused."""
        for future, (room, dask) in list(self._calls.items()):
            worker = self._workers.get(room.worker)
            if worker is not None and (worker.running or dask.key in working):
                continue
            self._calls.pop(future, None)
            host = self._found[room.worker].result().host
            if worker is None:
                print(f"gannb: {self.engine}: a worker on {host} was lost; what it was making is made again.",
                      file=sys.stderr, flush=True)  # fmt: skip
            _settle(future, error=WorkerLost(f"the worker that made it, on {host}, was lost"))
            with contextlib.suppress(Exception):
                dask.cancel()

    def close(self) -> None:
        """Give up what is still at work: units see it within a second or two, and end."""
        calls = [dask for _, dask in list(self._calls.values())]
        self._calls.clear()
        with contextlib.suppress(Exception):
            if calls and self._client.status == "running":
                self._client.cancel(calls)
            self._client.close(timeout=CONNECT)
        for mark in self._marks:  # a worker that has not answered has its mark still
            with contextlib.suppress(OSError):
                mark.remove()
        if self._made_folder:
            with contextlib.suppress(OSError):
                self.wanted.study.rmdir()
        self._after()

    def threads(self) -> int:
        """Return how many calls its workers take at a time, no more than are asked for."""
        threads = sum(worker.threads for worker in self._fit())
        return min(threads, self.most) if self.most else threads


def _settle(future: Future[Any], result: Callable[[], Any] | None = None, error: BaseException | None = None) -> None:
    """Give a future its end, unless it has one."""
    with contextlib.suppress(InvalidStateError):
        if result is None:
            future.set_exception(error)
        else:
            future.set_result(result())


def make_on_worker(study: Path, units: list[Unit], device: str, token: str, trusted: str) -> list[str | None]:
    """Make units in the Dask worker that this runs in; given up when the call is, or when its launcher is gone."""
    from distributed import get_worker
    from distributed.worker import thread_state

    worker, key = get_worker(), thread_state.key

    def withdrawn() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "released", "forgotten")

    return make_here(study, units, device, token, trusted, withdrawn)


def connect(engine: str, address: str) -> Client:
    """Return a client of the scheduler at HOST:PORT.

    Raises:
        InputError: Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            f"engine={engine} takes a package that is not installed; install it with `pip install 'gannb[dask]'`, here "
            "and on every machine, or use engine=local."
        ) from None
    host, _, port = address.rpartition(":")
    nobody = InputError(
        f"engine={engine}: no Dask scheduler answers at {address}; is the name right? Start one there with "
        f"`dask scheduler --port {port}`, or use engine=local."
    )
    if not _answers(host.strip("[]"), int(port)):
        raise nobody
    if not _is_scheduler(address):
        if not _answers(host.strip("[]"), int(port)):
            raise nobody  # it has gone meanwhile
        raise InputError(
            f"engine={engine}: what answers at {address} is no Dask scheduler, perhaps its dashboard; take the port of "
            "the line `Scheduler at` that it prints, or use engine=local."
        )
    for name in ("distributed", "distributed.client"):  # what matters of it is said in a sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), doing(f"connecting to {address}"):
            warnings.simplefilter("ignore")  # on versions that differ, which are looked at by name
            return Client(f"tcp://{address}", timeout=CONNECT, name="gannb", set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError, ImportError):
        raise nobody from None


def _is_scheduler(address: str) -> bool:
    """Tell whether a Dask scheduler is what listens at HOST:PORT; what says nothing of itself within `CONNECT` is none.

    A client would wait for its greeting for ever. Asked in a thread, since a notebook has a loop of its own.
    """
    from distributed.core import rpc

    async def ask() -> str:
        async with rpc(f"tcp://{address}") as there:
            return (await asyncio.wait_for(there.identity(), CONNECT))["type"]

    found: Future[str] = Future()

    def settle() -> None:
        try:
            found.set_result(asyncio.run(ask()))
        except Exception:  # whatever it speaks
            found.set_result("")

    Thread(target=settle, daemon=True).start()
    with doing(f"asking {address} what it is"), contextlib.suppress(TimeoutError):
        return found.result(2 * CONNECT) == "Scheduler"
    return False


def _answers(host: str, port: int) -> bool:
    """Tell whether anything listens at a port, within a few seconds; it may just be starting."""
    until = time.monotonic() + ANSWER
    while True:
        try:
            socket.create_connection((host, port), timeout=ANSWER).close()
            return True
        except (OSError, OverflowError, UnicodeError):
            if time.monotonic() > until:
                return False
            time.sleep(LOOK)
