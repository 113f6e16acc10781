"""Making many units: each as soon as what it needs is there."""

from __future__ import annotations

import bisect
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path

from gannb.utils.cuda import is_full
from gannb.work.backends import Engine, Room, WorkerLost
from gannb.work.engines import Place, engine_for
from gannb.work.progress import Progress
from gannb.work.store import (
    ELSEWHERE,
    execute,
    failure_time,
    forget,
    is_at_work,
    is_done,
    record_failure,
    recorded_failure,
    side_folder,
)
from gannb.work.unit import Unit

SHARED = 8  # units that share a process on a GPU, at the most
LOOK = 0.5  # seconds between two looks at units that other processes are making, and at an engine that grows


@dataclass(frozen=True)
class Outcome:
    """What became of a call to `run_units`."""

    made: tuple[Unit, ...]
    failed: tuple[tuple[Unit, str], ...]  # with their errors
    blocked: tuple[Unit, ...]  # not tried, since something they need failed
    elsewhere: tuple[Unit, ...] = ()  # of those made, what another process has made


def run_units(
    study: Path,
    targets: Iterable[Unit],
    place: Place,
    *,
    progress: Progress | None = None,
    again: bool = True,
) -> Outcome:
    """Make the targets and whatever they need that is not there yet, in parallel processes of one thread each.

    place: on which engine, on which device and how many at once.

    A unit that fails does not stop the others; what needs it is blocked. What failed in an earlier stage is tried
    again in that stage only, so that what fails after an hour does not fail in every stage that needs it; not `again`:
    nowhere. What another process, on this machine or another, is making meanwhile is left to it and waited for at the
    end; where it comes to nothing, it is made here.

    Raises:
        InputError: the engine is not there, or none of its machines can make the units.
        Failed: the engine was lost; what is finished is kept.
    """
    targets = list(targets)
    stage = min((u.stage for u in targets), default=0)
    wanted = dict.fromkeys(u for target in targets for u in target.closure())
    missing = [u for u in wanted if not is_done(study, u)]
    failed = {u: error for u in missing if (u.stage < stage or not again) and (error := recorded_failure(study, u))}
    todo = [u for u in missing if u not in failed]
    progress = progress or Progress(quiet=True)
    queue = Queue(todo, failed, progress.cost)
    with progress.watch(study, todo):
        run = _Run(study, queue, engine_for(place, study, todo), progress)
        run.to_the_end()
    return replace(queue.outcome(), elsewhere=tuple(run.made_elsewhere))


class Queue:
    """Units that are still to be made, of which those come first that the most work waits for."""

    def __init__(self, todo: list[Unit], failed: dict[Unit, str], cost: Callable[[Unit], float]):
        """Units to make, needed ones first; those that failed before; and what a unit costs, in any measure."""
        self.made: list[Unit] = []
        self.failed: dict[Unit, str] = {}
        self.blocked: list[Unit] = []
        self.small: deque[Unit] = deque()  # ready, and quick
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
        if unit.quick:
            self.small.append(unit)
        else:
            self.put_back(unit)

    def put_back(self, unit: Unit) -> None:
        """Make a unit that was taken out ready again."""
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

    def next_large(self, room: Room) -> list[Unit]:
        """Return, and take out, the units for the next call: one, or on a GPU several that share a process.

        Empty where none is ready that is to be made in this room, or where units wait for others to share with: quick
        ones may be what those need.
        """
        on_card = room.device.startswith("cuda")
        first = next((unit for unit in self.large if room.gans or not unit.shares), None)
        if first is None or (on_card and self.small):
            return []
        if not on_card or not first.shares:
            self.large.remove(first)
            return [first]
        together = [u for u in self.large if u.shares][:SHARED]
        self.large = [u for u in self.large if u not in together]
        return together

    def outcome(self) -> Outcome:
        """Return what became of the units."""
        return Outcome(tuple(self.made), tuple(self.failed.items()), tuple(self.blocked))


def _order(
    todo: list[Unit], needed_by: dict[Unit, list[Unit]], cost: Callable[[Unit], float]
) -> dict[Unit, tuple[float, int]]:
    """Return what to sort units by: the longest chain of work that begins with one, longest first; then as they came.

    So what takes long and is waited for, as a GAN, starts early.
    """
    chain: dict[Unit, float] = {}
    for unit in reversed(todo):
        chain[unit] = cost(unit) + max((chain[other] for other in needed_by[unit]), default=0.0)
    return {unit: (-chain[unit], number) for number, unit in enumerate(todo)}


@dataclass(frozen=True)
class _Call:
    """Units that one process makes, the token of their leases, and when each last failed before that."""

    units: list[Unit]
    token: str
    alone: bool  # whether what kills the process is known to be the one unit
    failed_before: dict[Unit, int]


class _Run:
    """A queue at work on an engine."""

    def __init__(self, study: Path, queue: Queue, engine: Engine, progress: Progress):
        self.study, self.queue, self.engine, self.progress = study, queue, engine, progress
        self.open: dict[Future[list[str | None]], _Call] = {}
        self.lost: deque[Unit] = deque()  # at work when a process was killed: they are tried again, each alone in one
        self.deaths: Counter[Unit] = Counter()  # of processes that made the unit alone
        self.elsewhere: dict[Unit, int] = {}  # at work in other processes -> when they last failed before that
        self.made_elsewhere: list[Unit] = []

    def to_the_end(self) -> None:
        """Make all units that can be made."""
        try:
            while True:
                self._look_elsewhere()
                self._submit()
                small = self.queue.small.popleft() if self.queue.small else None
                if small is not None and is_done(self.study, small):
                    self._found(small)
                elif small is not None:
                    self._settle(small, execute(self.study, small, "cpu"))
                elif not (self.open or self.elsewhere or self.lost or self.queue.large):
                    return
                self._collect(0 if small is not None else LOOK if self.elsewhere or self.engine.grows else None)
        finally:
            self._end()

    def _submit(self) -> None:
        """Have as many calls at work as the engine has room for, those first that were lost."""
        while self.lost:
            if not (rooms := self.engine.rooms(alone=True)):
                return
            self._start([self.lost.popleft()], rooms[0])
        for room in self.engine.rooms():  # also where nothing is ready: an engine that grows looks who is there
            if units := self._next(room):
                self._start(units, room)

    def _next(self, room: Room) -> list[Unit]:
        """Return the units for the next call, without those that another process is making or has made meanwhile."""
        while units := self.queue.next_large(room):
            before = self._failure_times(units)  # of a process that may end in between
            others = [unit for unit in units if is_at_work(self.study / unit.path)]
            self.elsewhere |= {unit: before[unit] for unit in others}
            there = [unit for unit in units if unit not in others and is_done(self.study, unit)]
            for unit in there:
                self._found(unit)
            if mine := [unit for unit in units if unit not in (*others, *there)]:
                return mine
        return []

    def _found(self, unit: Unit) -> None:
        """Take note that another process has made a unit."""
        self.made_elsewhere.append(unit)
        self._settle(unit, None)

    def _failure_times(self, units: Iterable[Unit]) -> dict[Unit, int]:
        return {unit: failure_time(self.study / unit.path) for unit in units}

    def _look_elsewhere(self) -> None:
        """Take note of what other processes have made, or failed to make; what they left becomes ready here."""
        for unit, failed_before in list(self.elsewhere.items()):
            if is_at_work(folder := self.study / unit.path):
                continue
            del self.elsewhere[unit]
            if is_done(self.study, unit):
                self._found(unit)
            elif failure_time(folder) > failed_before:
                self._settle(unit, recorded_failure(self.study, unit))
            else:
                self.queue.put_back(unit)

    def _start(self, units: list[Unit], room: Room) -> None:
        alone = room.alone and len(units) == 1
        call = _Call(units, uuid.uuid4().hex, alone, self._failure_times(units))
        self.progress.started(units)
        self.open[self.engine.execute(room, self.study, units, call.token)] = call

    def _collect(self, timeout: float | None) -> None:
        """Take note of the calls that have ended, after at least one has unless the time is over before."""
        if not self.open:
            time.sleep(timeout or 0)
            return
        done = wait(self.open, timeout, FIRST_COMPLETED).done
        if self.engine.kills and any(isinstance(future.exception(), BrokenExecutor) for future in done):
            self.engine.close()
            done = set(self.open)  # by now all have ended
        lost: list[tuple[_Call, BrokenExecutor]] = []
        for future in done:
            call = self.open.pop(future)
            try:
                errors = future.result()
            except BrokenExecutor as error:
                lost.append((call, error))
                continue
            for unit, error in zip(call.units, errors, strict=True):
                if error == ELSEWHERE:
                    self.elsewhere[unit] = call.failed_before[unit]  # by now it may have failed there
                elif is_full(error) and not call.alone:
                    self.lost.append(unit)  # other processes had the memory of the GPU
                else:
                    self._settle(unit, error)
        if lost:
            self._lose(lost)

    def _lose(self, calls: list[tuple[_Call, BrokenExecutor]]) -> None:
        """A process was killed: try again what was at work, each alone in one; what was alone has killed it.

        A process ends itself where a GPU reported an error that sticks to it; then what was alone says which.
        """
        for call, error in calls:
            self.deaths.update(call.units if call.alone else [])
            if call.alone and self.deaths[call.units[0]] >= self.engine.deaths:
                self._blame(call, error)
            else:
                self.lost.extend(call.units)
            if self.engine.kills:  # after a failure is written down: by the lease others see that it has ended
                self._forget(call)

    def _blame(self, call: _Call, error: BrokenExecutor) -> None:
        """Take note that a unit has failed, as it says itself or by killing its process."""
        (unit,) = call.units
        if failure_time(self.study / unit.path) > call.failed_before[unit]:
            said = recorded_failure(self.study, unit)
        else:
            what = str(error) if isinstance(error, WorkerLost) else "its process was killed"
            killed = ChildProcessError(f"{what} (out of memory?); fewer workers or smaller batches need less")
            said = record_failure(side_folder(self.study, unit, "failed"), killed)
        self._settle(unit, said)

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
        if self.engine.kills:
            for call in self.open.values():
                self._forget(call)
