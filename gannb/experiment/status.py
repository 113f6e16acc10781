"""How far a study is: `status.json`, a summary for people and scripts, rebuilt from the units of its last plan.

`plan.json` beside it lists these units. So whoever only asks how far a study is neither plans it anew nor imports what
planning takes, for seconds: this module imports nothing of that either.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.study.folder import units_folder
from gannb.utils.files import write_json
from gannb.utils.keys import digest
from gannb.work.costs import Costs
from gannb.work.progress import seconds_text
from gannb.work.store import failure_at, host_at, is_at_work, is_whole

if TYPE_CHECKING:
    from gannb.experiment.results import Results

STATUS, PLAN = "status.json", "plan.json"
Listed = tuple[str, str, str]  # of a unit: its folder below the study's, its kind and its cost


@dataclass(frozen=True)
class Listing:
    """The units of a study as it was last planned, and what it takes to tell of them."""

    of: str  # see `stamp`: another one, and the study may have other units now
    medium: str
    words: Mapping[str, str]  # by kind, what people call the work
    seconds: Mapping[str, float]  # by cost, about what a unit takes while none is done
    units: tuple[Listed, ...]
    longest: tuple[Listed, ...]  # the units if steps have to be doubled up to the bound (see `convergence`)
    processes: int | None  # at work at a time; None where only another engine's machines could say
    done: int  # how many of `units` were, when they were listed: a plan follows from what is finished
    failed: int

    @classmethod
    def of_results(cls, results: Results) -> Listing:
        """Return the units of a study that has just been planned."""
        from gannb.experiment.convergence import with_all_doublings  # these take half a second
        from gannb.units.kinds import DEFAULT_SECONDS, KINDS

        medium, longest = results.settings.medium, with_all_doublings(results)
        units, most = (tuple((u.path, u.kind, u.cost) for u in p.all_units()) for p in (results.plan, longest))
        words = {kind: KINDS[kind].text(medium.nouns) for _, kind, _ in units}
        counts = counts_of(results.folder, units)
        return cls(
            stamp(results.settings.study.folder / "study.json"),
            medium.name,
            words,
            DEFAULT_SECONDS,
            units,
            most,
            results.settings.place.known_processes(),
            *counts,
        )

    @classmethod
    def kept(cls, folder: Path, running: bool) -> Listing | None:
        """Return what a study's folder keeps; None where there is none, or the study may have other units now.

        That is so where its parameters, its data or the code have changed, or where units were finished or have failed
        since: steps may have to be doubled then. A process at work (`running`) lists the units anew whenever it plans.
        """
        try:
            kept = json.loads((folder / PLAN).read_text(encoding="utf-8"))
            found = cls(**kept | {name: tuple(map(tuple, kept[name])) for name in ("units", "longest")})
            current = found.of == stamp(folder / "study.json")
            current = current and (
                running or (found.done, found.failed) == counts_of(units_folder(folder), found.units)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if current else None

    def write(self, folder: Path) -> None:
        """Keep it in a study's folder."""
        write_json(folder / PLAN, asdict(self))

    def status(self, folder: Path, name: str, state: str = "") -> dict[str, Any]:
        """Return how far a study is; see `write_status`. state: where it is known better than from the units."""
        units = units_folder(folder)
        states = {path: state_at(units / path) for path, _, _ in self.units}
        kinds = by_kind((kind, states[path]) for path, kind, _ in self.units)
        failed = [{"unit": path, "error": failure_at(units / path)} for path in states if states[path] == "failed"]
        costs = Costs.of(units, self.seconds, ((p, cost) for p, _, cost in self.units if states[p] == "done"))
        left, most = (seconds_left(units, each, costs, self.processes) for each in (self.units, self.longest))
        state = state or ("running" if "running" in states.values() else "")  # by `gannb work` alone
        return {
            "study": name, "medium": self.medium, "state": state or state_of(states.values()),
            "units": kinds, "failed": failed, "hosts": hosts(units, states),
            "seconds_left": left, "seconds_left_most": most,
        }  # fmt: skip


def state_at(folder: Path) -> str:
    """Return how far the unit is that belongs into a folder: `done`, `running`, `failed`, or empty.

    What has failed and is being tried again is running.
    """
    if is_whole(folder):
        return "done"
    return "running" if is_at_work(folder) else "failed" if failure_at(folder) else ""


def state_of(states: Iterable[str]) -> str:
    """Return how far what consists of some units is, which nobody is at work on, given how far each of them is."""
    found = set(states)
    return "failed" if "failed" in found else "done" if found <= {"done"} else "unfinished"


def by_kind(states: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return by kind how many units are done, running and failed, and the total, given the kind and state of each."""
    kinds: dict[str, dict[str, int]] = {}
    for kind, state in states:
        count = kinds.setdefault(kind, {"done": 0, "running": 0, "failed": 0, "total": 0})
        count["total"] += 1
        if state:
            count[state] += 1
    return kinds


def hosts(folder: Path, states: Mapping[str, str]) -> dict[str, int]:
    """Return how many units each machine is at work on, by its name, given how far the unit of each path is."""
    at_work = [host_at(folder / path) for path, state in states.items() if state == "running"]
    return dict(sorted(Counter(filter(None, at_work)).items()))


def stamp(record: Path) -> str:
    """Return 16 hex digits of what units follow from: a study's or sweep's record, and the code by its files' times."""
    code = sorted(Path(__file__).resolve().parent.parent.rglob("*.py"))
    seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in code]
    return digest(record.read_text(encoding="utf-8") if record.is_file() else "", seen)


def counts_of(folder: Path, units: Iterable[Listed]) -> tuple[int, int]:
    """Return how many of some units are done, and how many have failed."""
    missing = [path for path, _, _ in units if not is_whole(folder / path)]
    return len(list(units)) - len(missing), sum(failure_at(folder / path) is not None for path in missing)


def seconds_left(folder: Path, units: Iterable[Listed], costs: Costs, processes: int | None) -> int | None:
    """Return what the missing ones of some units take in so many processes; None as long as that is a guess."""
    missing = [cost for path, _, cost in units if not is_whole(folder / path)]
    if not missing:
        return 0
    return round(sum(map(costs, missing)) / processes) if processes and costs.can_tell(missing) else None


def write_status(results: Results, state: str = "") -> dict[str, Any]:
    """Write `plan.json` and `status.json`, and return what the latter says.

    Its keys: `study`, its name; `medium`, what its items are, as `image`; `state`, one of `done`, `running`, `failed`
    and `unfinished`; `units`, by kind how many are `done`, `running`, `failed`, and the `total`; `failed`, a list of
    each `unit` (its folder) and `error`; `hosts`, by the name of each machine at work the units that it is making;
    `seconds_left`, what the missing units take, and `seconds_left_most`, what they take if steps have to be doubled up
    to the bound (see `convergence`); both None as long as they would rest on a guess, since no such GAN, or no such
    classifier, has been made, or only the machines of another engine could say how many are at work.
    """
    listing, study = Listing.of_results(results), results.settings.study
    folder = study.folder
    listing.write(folder)
    status = listing.status(folder, study.name, state)
    write_json(folder / STATUS, status)
    return status


def status_text(status: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return a status as text: how far it is, what failed, and the time left. words: by kind, of the work."""
    lines = [f"{status['study']}: {status['state']}", *unit_lines(status, words)]
    lines += [f"  failed: {failure['unit']}: {failure['error']}" for failure in status["failed"]]
    lines += what_is_left(status)
    return "\n".join(lines)


def unit_lines(status: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    """Return a line on the units of each kind, and one on the machines that are at work, where there are any."""
    lines = []
    for kind, count in status["units"].items():
        extra = "".join(f", {count[what]} {what}" for what in ("running", "failed") if count[what])
        lines.append(f"  {words[kind]:<34} {count['done']:>5} of {count['total']}{extra}")
    hosts = [f"{host} ({units})" for host, units in status["hosts"].items()]
    return [*lines, *([f"  at work: {', '.join(hosts)}"] if hosts else [])]


def what_is_left(status: Mapping[str, Any]) -> list[str]:
    """Return a line on what is left to do; none where all is done."""
    if status["state"] == "done":
        return []
    if status["state"] == "running" and all(count["done"] == count["total"] for count in status["units"].values()):
        return ["  every unit that is planned is made; a process is still at work here"]
    return [f"  {left_text(status['seconds_left'], status['seconds_left_most'])}"]


def left_text(seconds: float | None, most: float | None) -> str:
    """Return how much work is left: at least so many seconds, and at most; None where that is not known."""
    if seconds is None or most is None:
        return (
            "how long it takes is not known before one GAN, one classifier and so on is made, nor where only the "
            "engine's machines could say how many are at work; `gannb plan` estimates it"
        )
    least = seconds_text(seconds)
    if seconds_text(most) == least:
        return f"about {least} of work left"
    return f"at least {least} of work left; up to {seconds_text(most)} if training converges late and steps are doubled"
