"""What a sweep would do, how long it takes and how much disk it needs, from a few timed steps of each kind of study."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gannb.data.medium import Nouns
from gannb.experiment.estimate import (
    AMPLE,
    STAGE_SECONDS,
    copies_bytes,
    expected_seconds,
    least_bytes,
    processes_text,
    refuse_full,
    seconds_from,
    sizes_text,
    timed_steps,
    units_bytes,
    units_table,
)
from gannb.experiment.settings import Settings
from gannb.study.place import check_place, free_bytes
from gannb.sweep.definition import Sweep
from gannb.sweep.planning import PlannedStudy, PlannedSweep, doublings_of, plan_sweep
from gannb.units.kinds import DOUBLED, MEGABYTE
from gannb.utils.console import QUIET, talk
from gannb.utils.doing import doing
from gannb.utils.keys import digest
from gannb.utils.naming import listed
from gannb.work.engines import processes
from gannb.work.store import is_done
from gannb.work.unit import Unit


def plan(sweep: Sweep) -> dict[str, Any]:
    """Return what a sweep would do; times a few steps of each kind of study. Writes nothing.

    The keys: `sweep`; `studies`, their number; `axes`, by parameter its values in words; `data`, the number of data
    sets; `units_of_studies`, the units of all studies, `units_distinct`, how many of them are made, and `shared`, the
    share that is saved; `engine` and `workers`; `units`, by kind `todo`, `total` and `seconds` of one process;
    `seconds` and `disk_bytes` in all, at least; `seconds_most` and `disk_bytes_most`, if steps have to be doubled up to
    the bound; and `free_bytes`, what the disk has free.

    Raises:
        InputError: as a run would, before it begins.
    """
    planned = plan_sweep(sweep)
    check_place(sweep.folder)
    workers = processes(planned.place, sweep.units)
    todo, seconds, longer = _work(planned)
    disk, more_disk = _disk(planned, todo)
    total = sum(seconds.values()) / workers + STAGE_SECONDS
    every = Counter(unit.kind for unit in planned.graph.units())
    by_kind = {
        kind: {
            "todo": sum(unit.kind == kind for unit in seconds), "total": number,
            "seconds": round(sum(spent for unit, spent in seconds.items() if unit.kind == kind)),
        }
        for kind, number in every.items()
    }  # fmt: skip
    return {
        "sweep": sweep.name, "studies": len(planned.studies),
        "axes": {name: list(labels) for name, labels in sweep.axes.items()},
        "data": len({study.settings.data_key for study in planned.studies}),
        "units_of_studies": sum(len(study.units) for study in planned.studies), "units_distinct": len(planned.graph),
        "shared": round(planned.shared, 4), "engine": planned.place.engine, "workers": workers,
        "units": by_kind,
        "seconds": round(total), "seconds_most": round(total + longer / workers),
        "disk_bytes": round(disk), "disk_bytes_most": round(disk + more_disk),
        "free_bytes": free_bytes(sweep.folder),
    }  # fmt: skip


def _owners(planned: PlannedSweep) -> Iterator[tuple[PlannedStudy, list[Unit]]]:
    """Yield every study with those of its units that no study before it has."""
    seen: set[Unit] = set()
    for study in planned.studies:
        own = [unit for unit in study.units if unit not in seen]
        seen.update(own)
        yield study, own


def _work(planned: PlannedSweep) -> tuple[dict[PlannedStudy, list[Unit]], dict[Unit, float], float]:
    """Return by study what is to be made first for it, the seconds of each unit, and those of all doublings."""
    units, timed, doublings = planned.sweep.units, _Timed(), doublings_of(planned)
    todo: dict[PlannedStudy, list[Unit]] = {}
    seconds: dict[Unit, float] = {}
    longer = 0.0
    for study, own in _owners(planned):
        todo[study] = [unit for unit in own if not is_done(units, unit)]
        if todo[study]:
            known = timed.seconds(study.settings)
            seconds |= {unit: expected_seconds(study.settings, unit, known) for unit in todo[study]}
            doubled = [unit for unit in own if unit in doublings]
            longer += sum(doublings[unit] * expected_seconds(study.settings, unit, known) for unit in doubled)
    return todo, seconds, max(0.0, longer)


class _Timed:
    """Seconds of units, timed once for all studies that compute with the same networks on the same data."""

    def __init__(self) -> None:
        self._steps: dict[str, list[dict[str, float]]] = {}

    def seconds(self, settings: Settings) -> dict[str, float]:
        """Return what `experiment.estimate.unit_seconds` does."""
        from gannb.experiment.at_hand import resolve_device

        study, device = settings.study, resolve_device(settings.study.device)
        alike = digest(
            settings.data_key, settings.generators, settings.families, list(study.classifier), study.batch_size,
            study.gan_augmentation, settings.policy_name,
            [settings.medium.families[name].set_as(vars(study)).settings() for name in settings.families],
            settings.can_fine_tune, study.workers, device,
        )  # fmt: skip
        if alike not in self._steps:
            if not self._steps and talk() != QUIET:
                print("gannb: timing a few steps ...", file=sys.stderr, flush=True)
            with doing(f"timing a few steps of {study.name}"):
                self._steps[alike] = timed_steps(settings, device)
        return seconds_from(settings, self._steps[alike], device)


def _disk(planned: PlannedSweep, todo: Mapping[PlannedStudy, list[Unit]]) -> tuple[float, float]:
    """Return the bytes that a sweep will write, and those that all doublings would add."""
    copies = {study.settings.data_key: copies_bytes(study.settings) for study in planned.studies}
    first, more = sum(copies.values()) + MEGABYTE, 0.0
    for study, own in todo.items():
        trained = [unit for unit in own if unit.kind in DOUBLED]
        first += units_bytes(study.settings, own)
        more += study.settings.most_doublings * units_bytes(study.settings, trained)
    return first, more


def check_disk(planned: PlannedSweep, missing: Sequence[Unit]) -> None:
    """Refuse a sweep whose disk has clearly less free than the least that the missing units will write.

    Raises:
        InputError: it has.
    """
    folder, waiting = planned.sweep.folder, set(missing)
    free = free_bytes(folder)
    own = ((study.settings, [unit for unit in units if unit in waiting]) for study, units in _owners(planned))
    refuse_full(folder, free, sum(least_bytes(settings, todo, free < AMPLE) for settings, todo in own if todo))


def plan_text(planned: Mapping[str, Any], nouns: Nouns) -> str:
    """Return as text what `plan` returns."""
    over = listed([f"{name} ({', '.join(labels)})" for name, labels in planned["axes"].items()])
    return "\n".join([
        f"{planned['sweep']}: {planned['studies']:,} studies over {over}; data sets: {planned['data']}.",
        f"Their {planned['units_of_studies']:,} units are {planned['units_distinct']:,} distinct ones, each made once: "
        f"{planned['shared']:.0%} are saved; {processes_text(planned)}.",
        "",
        *units_table(planned, nouns),
        "",
        *sizes_text(planned, "besides, some seconds for each study's page"),
    ])  # fmt: skip
