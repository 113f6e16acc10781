"""Units of work: keys, seeds, locks, workers, status.

A unit is a pure function that reads files and writes one folder. Its key is a hash of its name, the version of its
code, the parameters it declares, the keys of the units it needs and the fingerprint of the data. The folder is made
under a temporary name, synced and renamed, so that a unit exists whole or not at all: resuming, running in parallel
and going back to an earlier parameter are all the same thing, namely finding that the folder is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gannb.work.backends import _alone, _in_processes, _worker_died
from gannb.work.progress import Progress
from gannb.work.store import execute, is_done, recorded_failure
from gannb.work.unit import Unit

# ---- many units ----


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
    made: list[Unit] = []
    blocked: list[Unit] = []
    progress = progress or Progress(quiet=True)
    with progress.watch(study, todo):
        while todo:
            ready = [u for u in todo if all(n not in todo for n in u.needs)]
            stopped = {u for u in ready if any(n in failed or n in blocked for n in u.needs)}
            blocked += stopped
            for unit, error in _run_wave(study, [u for u in ready if u not in stopped], device, workers):
                made += [] if error else [unit]
                failed |= {unit: error} if error else {}
                progress.finished(unit, error)
            todo = [u for u in todo if u not in ready]
    return Outcome(tuple(made), tuple(failed.items()), tuple(blocked))


def _run_wave(study: Path, units: list[Unit], device: str, workers: int) -> Iterator[tuple[Unit, str | None]]:
    """Yield every unit with its error, as they finish. Units do not need each other."""
    small = [u for u in units if u.kind == "draw"]  # a process costs more than these
    yield from ((u, execute(study, u, device)) for u in small)
    rest = dict.fromkeys(u for u in units if u not in small)
    try:
        for unit, error in _in_processes(study, list(rest), device, workers):
            del rest[unit]
            yield unit, error
    except _worker_died():
        # Which unit killed its worker is not known: give each of the rest a process of its own.
        yield from ((unit, _alone(study, unit, device)) for unit in rest)
