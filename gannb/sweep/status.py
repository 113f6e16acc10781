"""How far a sweep is: its studies, the distinct units of all of them, the machines at work, and the time left.

As of a study, `plan.json` in the sweep's folder lists the units, so that whoever only asks plans nothing anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.experiment.status import (
    PLAN,
    STATUS,
    Listed,
    by_kind,
    counts_of,
    hosts,
    seconds_left,
    stamp,
    state_at,
    state_of,
    unit_lines,
    what_is_left,
)
from gannb.study.folder import SWEEP, UNITS
from gannb.utils.files import write_json
from gannb.utils.naming import few_of
from gannb.work.costs import Costs
from gannb.work.locks import is_running
from gannb.work.store import failure_at

if TYPE_CHECKING:
    from gannb.sweep.planning import PlannedSweep

STATES = ("done", "running", "failed", "unfinished")  # of a study


@dataclass(frozen=True)
class SweepListing:
    """The distinct units of a sweep as it was last planned, and which of them each study has."""

    of: str  # see `experiment.status.stamp`
    words: Mapping[str, str]  # by kind, what people call the work
    seconds: Mapping[str, float]  # by cost, about what a unit takes while none is done
    units: tuple[Listed, ...]
    studies: Mapping[str, tuple[int, ...]]  # by name, the places of its units among those
    doublings: tuple[tuple[int, int], ...]  # place of a training, and how many times it may be added or was, negative
    processes: int | None  # at work at a time, as of a study
    done: int  # how many of `units` were, when they were listed
    failed: int

    @classmethod
    def of_sweep(cls, planned: PlannedSweep) -> SweepListing:
        """Return the units of a sweep that has just been planned."""
        from gannb.sweep.planning import doublings_of
        from gannb.units.kinds import DEFAULT_SECONDS, KINDS  # these take half a second

        sweep, units = planned.sweep, planned.graph.units()
        place = {unit: i for i, unit in enumerate(units)}
        nouns = planned.studies[0].settings.medium.nouns
        words = {kind: KINDS[kind].text(nouns) for kind in dict.fromkeys(unit.kind for unit in units)}
        listed = tuple((unit.path, unit.kind, unit.cost) for unit in units)
        studies = {study.name: tuple(place[unit] for unit in study.units) for study in planned.studies}
        counts = counts_of(sweep.units, listed)
        doublings = tuple((place[unit], times) for unit, times in doublings_of(planned).items())
        return cls(
            stamp(sweep.folder / SWEEP), words, DEFAULT_SECONDS, listed, studies, doublings,
            planned.place.known_processes(), *counts,
        )  # fmt: skip

    @classmethod
    def kept(cls, folder: Path, running: bool) -> SweepListing | None:
        """Return what a sweep's folder keeps; None where there is none, or there may be other units now (`Listing`)."""
        try:
            kept = json.loads((folder / PLAN).read_text(encoding="utf-8"))
            studies = {name: tuple(places) for name, places in kept["studies"].items()}
            pairs = {name: tuple(map(tuple, kept[name])) for name in ("units", "doublings")}
            found = cls(**kept | pairs | {"studies": studies})
            current = found.of == stamp(folder / SWEEP)
            current = current and (running or (found.done, found.failed) == counts_of(folder / UNITS, found.units))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if current else None

    def write(self, folder: Path) -> None:
        """Keep it in a sweep's folder."""
        write_json(folder / PLAN, asdict(self))

    def status(self, folder: Path, running: bool) -> dict[str, Any]:
        """Return how far a sweep is; see `sweep_status`."""
        units = folder / UNITS
        states = {path: state_at(units / path) for path, _, _ in self.units}
        of_study = {name: [states[self.units[i][0]] for i in places] for name, places in self.studies.items()}
        studies = {name: "running" if "running" in found else state_of(found) for name, found in of_study.items()}
        costs = Costs.of(units, self.seconds, ((p, cost) for p, _, cost in self.units if states[p] == "done"))
        left = seconds_left(units, self.units, costs, self.processes)
        at_work = running or "running" in states.values()
        return {
            "sweep": folder.name, "state": "running" if at_work else state_of(states.values()),
            "studies": {state: [name for name, found in studies.items() if found == state] for state in STATES},
            "units": by_kind((kind, states[path]) for path, kind, _ in self.units),
            "failed": [{"unit": p, "error": failure_at(units / p)} for p in states if states[p] == "failed"],
            "hosts": hosts(units, states),
            "seconds_left": left, "seconds_left_most": left and left + self._longer(studies, costs),
        }  # fmt: skip

    def _longer(self, studies: Mapping[str, str], costs: Costs) -> int:
        """Return what all doublings take that may turn out to be needed in studies that are not done."""
        open_ = {place for name, places in self.studies.items() if studies[name] != "done" for place in places}
        longer = sum(times * costs(self.units[place][2]) for place, times in self.doublings if place in open_)
        return max(0, round(longer / (self.processes or 1)))


def sweep_status(folder: Path) -> tuple[dict[str, Any], str]:
    """Write `status.json` anew, unless the sweep can only be read; return it, and the same as text.

    Its keys: `sweep`, its name; `state`, one of `done`, `running`, `failed` and `unfinished`; `studies`, by state their
    names; `units`, `failed`, `hosts`, `seconds_left` and `seconds_left_most` as of a study, of all studies together.

    Raises:
        InputError: there is no sweep, or it has to be planned anew and its data can be read no more.
    """
    running = is_running(folder)
    listing = SweepListing.kept(folder, running) or _planned_anew(folder)
    status = listing.status(folder, running)
    try:
        write_json(folder / STATUS, status)
    except OSError:
        pass
    return status, status_text(status, listing.words)


def _planned_anew(folder: Path) -> SweepListing:
    from gannb.sweep.definition import read_sweep  # takes a second
    from gannb.sweep.planning import plan_sweep

    listing = SweepListing.of_sweep(plan_sweep(read_sweep(folder), own_copy=True))
    try:
        listing.write(folder)
    except OSError:
        pass
    return listing


def status_text(status: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return a status as text. words: by kind, of the work."""
    studies = status["studies"]
    every = sum(map(len, studies.values()))
    lines = [f"{status['sweep']}: {status['state']}"]
    lines += [f"  {'studies':<34} {len(studies['done']):>5} of {every}{_others(studies)}"]
    lines += unit_lines(status, words)
    lines += [f"  failed in {few_of(studies['failed'])}"] if studies["failed"] else []
    errors = Counter(failure["error"] for failure in status["failed"])
    lines += [f"    {error}" + (f" ({number} units)" if number > 1 else "") for error, number in errors.items()]
    lines += what_is_left(status)
    return "\n".join(lines)


def _others(studies: Mapping[str, list[str]]) -> str:
    return "".join(f", {len(studies[state])} {state}" for state in ("running", "failed") if studies[state])
