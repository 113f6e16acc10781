"""Making many units: each as soon as what it needs is there."""

from __future__ import annotations

import bisect
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from gannb.work.backends import Engine, engine_for, execute_together
from gannb.work.progress import Progress
from gannb.work.store import execute, forget, is_done, record_failure, recorded_failure, side_folder
from gannb.work.unit import Unit

GANS_AT_ONCE = 8  # in one process on a GPU, which one GAN does not fill


@dataclass(frozen=True)
class Outcome:
    """What became of a call to `run_units`."""

    made: tuple[Unit, ...]
    failed: tuple[tuple[Unit, str], ...]  # with their errors
    blocked: tuple[Unit, ...]  # not tried, since something they need failed


def run_units(
    study: Path, targets: Iterable[Unit], *, device: str = "cpu", workers: int = 0, progress: Progress | None = None
) -> Outcome:
    """Make the targets and whatever they need that is not there yet, in parallel processes of one thread each.

    A unit that fails does not stop the others; what needs it is blocked. What failed in an earlier stage is tried
    again in that stage only, so that a GAN that fails after an hour does not fail in every stage that needs it.
    """
    targets = list(targets)
    stage = min((u.stage for u in targets), default=0)
    wanted = dict.fromkeys(u for target in targets for u in target.closure())
    missing = [u for u in wanted if not is_done(study, u)]
    failed = {u: error for u in missing if u.stage < stage and (error := recorded_failure(study, u))}
    todo = [u for u in missing if u not in failed]
    progress = progress or Progress(quiet=True)
    queue = Queue(todo, failed, progress.cost)
    with progress.watch(study, todo):
        _Run(study, device, queue, engine_for(workers, len(todo)), progress).to_the_end()
    return queue.outcome()


class Queue:
    """Units that are still to be made, of which those come first that the most work waits for."""

    def __init__(self, todo: list[Unit], failed: dict[Unit, str], cost: Callable[[Unit], float]):
        """Units to make, needed ones first; those that failed before; and what a unit costs, in any measure."""
        self.made: list[Unit] = []
        self.failed: dict[Unit, str] = {}
        self.blocked: list[Unit] = []
        self.small: deque[Unit] = deque()  # ready, and made faster than a process takes them
        self.large: list[Unit] = []  # ready, the one first that the most work waits for
        self._needed_by = defaultdict[Unit, list[Unit]](list)
        for unit in todo:
            for need in unit.needs:
                self._needed_by[need].append(unit)
        self._order = _order(todo, self._needed_by, cost)
        there = set(todo) | set(failed)
        self._waiting = {unit: {need for need in unit.needs if need in there} for unit in todo}
        for unit in [unit for unit in todo if not self._waiting[unit]]:
            self._make_ready(unit)
        for unit, error in failed.items():
            self.fail(unit, error)

    def _make_ready(self, unit: Unit) -> None:
        del self._waiting[unit]
        if unit.kind == "draw":
            self.small.append(unit)
        else:
            bisect.insort(self.large, unit, key=self._order.__getitem__)

    def succeed(self, unit: Unit) -> None:
        """Take note that a unit is there: what waited for nothing else is ready."""
        self.made.append(unit)
        for other in self._needed_by[unit]:
            if other in self._waiting:
                self._waiting[other].discard(unit)
                if not self._waiting[other]:
                    self._make_ready(other)

    def fail(self, unit: Unit, error: str) -> None:
        """Take note that a unit failed: nothing that needs it, directly or not, can be made."""
        self.failed[unit] = error
        blocked = deque([unit])
        while blocked:
            for other in self._needed_by[blocked.popleft()]:
                if self._waiting.pop(other, None) is not None:
                    self.blocked.append(other)
                    blocked.append(other)

    def next_large(self, device: str) -> list[Unit]:
        """Return, and take out, the units for the next call: one, or on a GPU several GANs to share a process.

        None are ready, or GANs wait for company: small units that are ready may be what other GANs need.
        """
        if not self.large or (device.startswith("cuda") and self.small):
            return []
        if not device.startswith("cuda") or self.large[0].cost != "gan":
            return [self.large.pop(0)]
        together = [u for u in self.large if u.cost == "gan"][:GANS_AT_ONCE]
        self.large = [u for u in self.large if u not in together]
        return together

    def outcome(self) -> Outcome:
        """Return what became of the units."""
        return Outcome(tuple(self.made), tuple(self.failed.items()), tuple(self.blocked))


def _order(
    todo: list[Unit], needed_by: dict[Unit, list[Unit]], cost: Callable[[Unit], float]
) -> dict[Unit, tuple[float, int]]:
    """Return what to sort units by: the longest chain of work that begins with one, longest first; then as they came.

    So GANs start early, which classifiers wait for.
    """
    chain: dict[Unit, float] = {}
    for unit in reversed(todo):
        chain[unit] = cost(unit) + max((chain[other] for other in needed_by[unit]), default=0.0)
    return {unit: (-chain[unit], number) for number, unit in enumerate(todo)}


@dataclass(frozen=True)
class _Call:
    """Units that one process makes, and the token of their leases."""

    units: list[Unit]
    token: str


class _Run:
    """A queue at work on an engine."""

    def __init__(self, study: Path, device: str, queue: Queue, engine: Engine, progress: Progress):
        self.study, self.device, self.queue, self.engine, self.progress = study, device, queue, engine, progress
        self.open: dict[Future[list[str | None]], _Call] = {}
        self.lost: deque[Unit] = deque()  # at work when a process was killed: which of them killed it is not known
        self.suspect: Unit | None = None  # of the lost ones, the one that is tried now, with nothing beside it

    def to_the_end(self) -> None:
        """Make all units that can be made."""
        try:
            while True:
                self._submit()
                small = self.queue.small.popleft() if self.queue.small else None
                if small is not None:
                    self._settle(small, execute(self.study, small, self.device))
                elif not self.open:
                    return
                self._collect(0 if small is not None else None)
        finally:
            self._end()

    def _submit(self) -> None:
        """Have as many calls at work as the engine makes at a time; one after a loss, until all that was lost is."""
        if self.lost and not self.open:
            self.suspect = self.lost.popleft()
            self._start([self.suspect])
        while not self.lost and self.suspect is None and len(self.open) < self.engine.workers():
            if not (units := self.queue.next_large(self.device)):
                return
            self._start(units)

    def _start(self, units: list[Unit]) -> None:
        call = _Call(units, uuid.uuid4().hex)
        self.progress.started(units)
        self.open[self.engine.submit(execute_together, self.study, units, self.device, call.token)] = call

    def _collect(self, timeout: float | None) -> None:
        """Take note of the calls that have ended, after at least one has unless the time is over before."""
        if not self.open:
            return
        lost: list[_Call] = []
        for future in wait(self.open, timeout, FIRST_COMPLETED).done:
            call = self.open.pop(future)
            try:
                errors = future.result()
            except BrokenExecutor:
                lost.append(call)
                continue
            self.suspect = None
            for unit, error in zip(call.units, errors, strict=True):
                self._settle(unit, error)
        if lost:
            self._lose(lost)

    def _lose(self, calls: list[_Call]) -> None:
        """A process was killed: try again what was at work, one at a time; what was alone has killed it."""
        self.engine.close()
        for call in calls:
            self._forget(call)
        if self.suspect is None:
            self.lost.extend(unit for call in calls for unit in call.units)
            return
        error = ChildProcessError("its process was killed (out of memory?); fewer workers or smaller batches need less")
        self._settle(self.suspect, record_failure(side_folder(self.study, self.suspect, "failed"), error))
        self.suspect = None

    def _settle(self, unit: Unit, error: str | None) -> None:
        if error:
            self.queue.fail(unit, error)
        else:
            self.queue.succeed(unit)
        self.progress.finished(unit, error)

    def _forget(self, call: _Call) -> None:
        for unit in call.units:
            forget(self.study, unit, call.token)

    def _end(self) -> None:
        """End what is still at work, after an interruption, and clear up after it."""
        self.engine.close()
        for call in self.open.values():
            self._forget(call)
