"""Which engine makes a study's units: asked for by name, and refused in a sentence where it cannot make them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gannb.utils.errors import InputError
from gannb.utils.trust import trusted_files
from gannb.work.backends import Engine, local_engine, worker_count
from gannb.work.unit import Unit

if TYPE_CHECKING:
    from gannb.work.dask_engine import Dask

LOCAL, SLURM, DASK = "local", "slurm", "dask://"
NAMES = rf"^({LOCAL}|{SLURM}|{DASK}(\[[0-9A-Fa-f:]+\]|[^\s/:\[\]]+):\d{{1,5}})$"  # what an engine is called
SCHEDULER = "GANNB_SCHEDULER"  # variable: address of the scheduler that this process, or its launcher, has started


@dataclass(frozen=True)
class Place:
    """Where units are made, as a study's parameters say."""

    engine: str = LOCAL
    device: str = "cpu"  # as it is asked for: `auto` is settled on the machine that makes a unit
    workers: int = 0  # calls at a time; 0: one per core or, on another engine, as many as its machines take
    settle: Callable[[str], str] = str  # from the device that is asked for to this machine's; raises InputError
    seen: tuple[Path, ...] = ()  # files beside the study's folder that every machine has to see

    @property
    def is_local(self) -> bool:
        """Whether units are made on this machine."""
        return self.engine == LOCAL

    def on_this_machine(self, workers: int | None = None) -> Place:
        """Return the same on this machine.

        workers: by default as many calls at a time as are said, if they are said of this machine; else one per core.
        """
        if workers is None:
            workers = self.workers if self.is_local else 0
        return replace(self, engine=LOCAL, workers=workers)

    def known_processes(self) -> int | None:
        """Return how many units are made at a time; None where only another engine's machines could say."""
        if not self.is_local:
            return self.workers or None
        try:
            device = self.settle(self.device)
        except InputError:  # asked on a machine without the card
            device = self.device
        return worker_count(self.workers, device)

    def joined(self, others: Iterable[Place]) -> Place:
        """Return the same with the files that others have to see as well."""
        return replace(self, seen=tuple(dict.fromkeys(file for place in (self, *others) for file in place.seen)))


def engine_for(place: Place, study: Path, todo: Sequence[Unit]) -> Engine:
    """Return the engine for making units of a study; where there is nothing for it to do, that of this machine.

    Raises:
        InputError: it is not there, or none of its machines can make them.
    """
    if place.is_local:
        return local_engine(place.workers, len(todo), place.settle(place.device))
    if not _are_for_it(todo):
        return local_engine(1, 1)
    engine = _opened(place, study)
    _or_close(engine, lambda: engine.refuse(some_will_do=True))
    return engine


def _are_for_it(todo: Iterable[Unit]) -> bool:
    """Tell whether any unit is made on an engine; quick ones are not."""
    return not all(unit.quick for unit in todo)


def _opened(place: Place, study: Path) -> Dask:
    """Return an engine of other machines, those that are there now known."""
    from gannb.work.dask_engine import PATIENCE, Dask
    from gannb.work.nodes import Wanted

    wanted = Wanted(study, place.device, place.settle, (*place.seen, *trusted_files()))
    with contextlib.ExitStack() as until:
        address, patience = place.engine.removeprefix(DASK), PATIENCE
        if place.engine == SLURM:
            until.enter_context(held(place))
            address, patience = os.environ[SCHEDULER], float("inf")  # jobs wait in their queue for as long as they do
        engine = Dask(place.engine, address, wanted, place.workers, patience, until.pop_all().close)
    _or_close(engine, engine.await_workers)
    return engine


def _or_close(engine: Engine, call: Callable[[], None]) -> None:
    try:
        call()
    except BaseException:
        engine.close()
        raise


@contextlib.contextmanager
def held(place: Place) -> Iterator[None]:
    """Keep the jobs of a batch system until the block ends, for this process and those that it starts.

    Raises:
        InputError: there is no such system here, or it is not said what to ask it for.
    """
    if place.engine != SLURM or SCHEDULER in os.environ:
        yield
        return
    from gannb.work import slurm

    with slurm.jobs(place.workers) as address:
        os.environ[SCHEDULER] = address
        try:
            yield
        finally:
            os.environ.pop(SCHEDULER, None)


@contextlib.contextmanager
def checked(place: Place, study: Path, todo: Iterable[Unit]) -> Iterator[None]:
    """Refuse an engine that cannot make a study's units, before any of them is begun; then keep it, see `held`.

    Raises:
        InputError: the engine is not there; one of its machines has other versions, cannot see the study's folder or
            lacks the device: it is named.
    """
    if place.is_local or not _are_for_it(todo):
        yield
        return
    with held(place):
        with contextlib.closing(_opened(place, study)) as engine:
            engine.refuse()
        yield


def processes(place: Place, study: Path) -> int:
    """Return how many units are made at a time, as things are now. Raises InputError where the engine is not there."""
    if place.is_local:
        return worker_count(place.workers, place.settle(place.device))
    if place.engine == SLURM:
        from gannb.work import slurm

        slurm.check(place.workers)
        return place.workers
    with contextlib.closing(_opened(place, study)) as engine:
        engine.refuse()
        return engine.threads()
