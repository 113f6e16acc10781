"""How far a study is: `status.json`, a summary for people and scripts, rebuilt from the units of its last plan.

`plan.json` beside it lists these units. So whoever only asks how far a study is neither plans it anew nor imports what
planning takes, for seconds: this module imports nothing of that either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.utils.files import write_json
from gannb.utils.keys import digest
from gannb.work.backends import worker_count
from gannb.work.progress import seconds_text
from gannb.work.store import failure_at, is_at_work, is_whole, median_seconds
from gannb.work.unit import seconds_of

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
    done: int  # how many of `units` were, when they were listed: a plan follows from what is finished
    failed: int

    @classmethod
    def of_results(cls, results: Results) -> Listing:
        """Return the units of a study that has just been planned."""
        from gannb.experiment.convergence import with_all_doublings  # these import torch
        from gannb.units.kinds import DEFAULT_SECONDS, KINDS

        medium, longest = results.settings.medium, with_all_doublings(results)
        units, most = (tuple((u.path, u.kind, u.cost) for u in p.all_units()) for p in (results.plan, longest))
        words = {kind: KINDS[kind].text(medium.nouns) for _, kind, _ in units}
        counts = _counts(results.folder, units)
        return cls(stamp(results.folder), medium.name, words, DEFAULT_SECONDS, units, most, *counts)

    @classmethod
    def kept(cls, folder: Path, running: bool) -> Listing | None:
        """Return what a study's folder keeps; None where there is none, or the study may have other units now.

        That is so where its parameters, its data or the code have changed, or where units were finished or have failed
        since: steps may have to be doubled then. A process at work (`running`) lists the units anew whenever it plans.
        """
        try:
            kept = json.loads((folder / PLAN).read_text(encoding="utf-8"))
            found = cls(**kept | {name: tuple(map(tuple, kept[name])) for name in ("units", "longest")})
            current = found.of == stamp(folder)
            current = current and (running or (found.done, found.failed) == _counts(folder, found.units))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if current else None

    def write(self, folder: Path) -> None:
        """Keep it in a study's folder."""
        write_json(folder / PLAN, asdict(self))

    def status(self, folder: Path, name: str, workers: int, state: str = "") -> dict[str, Any]:
        """Return how far a study is; see `write_status`. state: where it is known better than from the units."""
        kinds: dict[str, dict[str, int]] = {}
        failed, done = [], []
        for path, kind, cost in self.units:
            count = kinds.setdefault(kind, {"done": 0, "running": 0, "failed": 0, "total": 0})
            count["total"] += 1
            if is_whole(folder / path):
                count["done"] += 1
                done.append((path, cost))
            elif error := failure_at(folder / path):
                count["failed"] += 1
                failed.append({"unit": path, "error": error})
            elif is_at_work(folder / path):
                count["running"] += 1
        seconds = dict(self.seconds) | median_seconds(folder, done)
        left, most = (_seconds_left(folder, units, seconds, workers) for units in (self.units, self.longest))
        complete = all(c["done"] == c["total"] for c in kinds.values())
        state = state or ("running" if any(c["running"] for c in kinds.values()) else "")  # by `gannb work` alone
        return {
            "study": name, "medium": self.medium,
            "state": state or ("failed" if failed else "done" if complete else "unfinished"),
            "units": kinds, "failed": failed,
            "seconds_left": left, "seconds_left_most": most,
        }  # fmt: skip


def stamp(folder: Path) -> str:
    """Return 16 hex digits of what a study's units follow from: `study.json`, and the code by its files' times."""
    code = sorted(Path(__file__).resolve().parent.parent.rglob("*.py"))
    seen = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in code]
    record = folder / "study.json"
    return digest(record.read_text(encoding="utf-8") if record.is_file() else "", seen)


def _counts(folder: Path, units: Iterable[Listed]) -> tuple[int, int]:
    """Return how many of some units are done, and how many have failed."""
    missing = [path for path, _, _ in units if not is_whole(folder / path)]
    return len(list(units)) - len(missing), sum(failure_at(folder / path) is not None for path in missing)


def _seconds_left(folder: Path, units: Iterable[Listed], seconds: Mapping[str, float], workers: int) -> int:
    """Return what the missing ones of some units take with the study's workers."""
    left = sum(seconds_of(cost, seconds) for path, _, cost in units if not is_whole(folder / path))
    return round(left / worker_count(workers)) if left else 0


def write_status(results: Results, state: str = "") -> dict[str, Any]:
    """Write `plan.json` and `status.json`, and return what the latter says.

    Its keys: `study`, its name; `medium`, what its items are, as `image`; `state`, one of `done`, `running`, `failed`
    and `unfinished`; `units`, by kind how many are `done`, `running`, `failed`, and the `total`; `failed`, a list of
    each `unit` (its folder) and `error`; `seconds_left`, what the missing units take with the study's `workers`, and
    `seconds_left_most`, what they take if steps have to be doubled up to the bound (see `convergence`).
    """
    listing, folder, study = Listing.of_results(results), results.folder, results.settings.study
    listing.write(folder)
    status = listing.status(folder, study.name, study.workers, state)
    write_json(folder / STATUS, status)
    return status


def status_of(results: Results, state: str = "") -> dict[str, Any]:
    """Return what `write_status` writes of a study; writes nothing."""
    study = results.settings.study
    return Listing.of_results(results).status(results.folder, study.name, study.workers, state)


def status_text(status: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return a status as text: how far it is, what failed, and the time left. words: by kind, of the work."""
    lines = [f"{status['study']}: {status['state']}"]
    for kind, count in status["units"].items():
        extra = "".join(f", {count[what]} {what}" for what in ("running", "failed") if count[what])
        lines.append(f"  {words[kind]:<34} {count['done']:>5} of {count['total']}{extra}")
    lines += [f"  failed: {failure['unit']}: {failure['error']}" for failure in status["failed"]]
    if status["state"] != "done":
        lines.append(f"  {left_text(status['seconds_left'], status['seconds_left_most'])}")
    return "\n".join(lines)


def left_text(seconds: float, most: float) -> str:
    """Return how much work is left: at least so many seconds, and at most."""
    least = seconds_text(seconds)
    if seconds_text(most) == least:
        return f"about {least} of work left"
    return f"at least {least} of work left; up to {seconds_text(most)} if training converges late and steps are doubled"
