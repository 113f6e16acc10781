"""`status.json`: a summary of a study for people and scripts, rebuilt from its units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gannb.study import write_json
from gannb.work import is_done, is_locked, recorded_failure, side_folder, worker_count

if TYPE_CHECKING:
    from gannb.experiment import Experiment


def write_status(experiment: Experiment, state: str = "") -> dict[str, Any]:
    """Write and return `status.json`: counts of units by kind, failures with their errors, seconds left."""
    folder, units = experiment.folder, experiment.all_units()
    seconds, kinds = experiment.seconds_by_kind(), {}
    failed, left = [], 0.0
    for unit in units:
        count = kinds.setdefault(unit.kind, {"done": 0, "running": 0, "failed": 0, "total": 0})
        count["total"] += 1
        if is_done(folder, unit):
            count["done"] += 1
            continue
        left += seconds[unit.cost]
        if error := recorded_failure(folder, unit):
            count["failed"] += 1
            failed.append({"unit": unit.path, "error": error})
        elif is_locked(side_folder(folder, unit, "running") / "lock"):
            count["running"] += 1
    complete = all(c["done"] == c["total"] for c in kinds.values())
    status = {
        "study": experiment.study.name,
        "state": state or ("failed" if failed else "done" if complete else "unfinished"),
        "units": kinds, "failed": failed,
        "seconds_left": round(left / worker_count(experiment.study.workers)),
    }  # fmt: skip
    write_json(folder / "status.json", status)
    return status
