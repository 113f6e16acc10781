"""`status.json`: a summary of a study for people and scripts, rebuilt from its units."""

from __future__ import annotations

from typing import Any

from gannb.experiment.convergence import with_all_doublings
from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.media import MEDIA
from gannb.units.kinds import KINDS, seconds_of
from gannb.utils.files import write_json
from gannb.work.backends import worker_count
from gannb.work.progress import seconds_text
from gannb.work.store import is_at_work, recorded_failure


def write_status(results: Results, state: str = "") -> dict[str, Any]:
    """Write and return `status.json`.

    The keys: `study`, its name; `medium`, what its items are, as `image`; `state`, one of `done`, `running`, `failed`
    and `unfinished`; `units`, by kind how many are `done`, `running`, `failed`, and the `total`; `failed`, a list of
    each `unit` (its folder) and `error`; `seconds_left`, what the missing units take with the study's `workers`, and
    `seconds_left_most`, what they take if steps have to be doubled up to the bound (see `convergence`).
    """
    status = status_of(results, state)
    write_json(results.folder / "status.json", status)
    return status


def status_of(results: Results, state: str = "") -> dict[str, Any]:
    """Return what `write_status` writes; `state` where it is known better than from the units."""
    folder, settings = results.folder, results.plan.settings
    seconds, kinds = results.seconds_by_kind(), {}
    failed = []
    for unit in results.plan.all_units():
        count = kinds.setdefault(unit.kind, {"done": 0, "running": 0, "failed": 0, "total": 0})
        count["total"] += 1
        if results.is_done(unit):
            count["done"] += 1
            continue
        if error := recorded_failure(folder, unit):
            count["failed"] += 1
            failed.append({"unit": unit.path, "error": error})
        elif is_at_work(folder / unit.path):
            count["running"] += 1
    left, most = (_seconds_left(results, plan, seconds) for plan in (results.plan, with_all_doublings(results)))
    complete = all(c["done"] == c["total"] for c in kinds.values())
    return {
        "study": settings.study.name,
        "medium": settings.medium.name,
        "state": state or ("failed" if failed else "done" if complete else "unfinished"),
        "units": kinds, "failed": failed,
        "seconds_left": left, "seconds_left_most": most,
    }  # fmt: skip


def _seconds_left(results: Results, plan: Plan, seconds: dict[str, float]) -> int:
    """Return what the missing units of a plan take with the study's workers."""
    left = sum(seconds_of(unit.cost, seconds) for unit in plan.all_units() if not results.is_done(unit))
    return round(left / worker_count(plan.settings.study.workers))


def status_text(status: dict[str, Any]) -> str:
    """Return a status as text: how far it is, what failed, and the time left."""
    lines, nouns = [f"{status['study']}: {status['state']}"], MEDIA[status["medium"]].nouns
    for kind, count in status["units"].items():
        extra = "".join(f", {count[what]} {what}" for what in ("running", "failed") if count[what])
        lines.append(f"  {KINDS[kind].text(nouns):<34} {count['done']:>5} of {count['total']}{extra}")
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
