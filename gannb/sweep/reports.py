"""The reports of a sweep's studies: tables, verdict, figures and page of each, without notebooks.

The notebooks of one come with `gannb run outputs/SWEEP/studies/STUDY`, which finds all units made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

from gannb.experiment.experiment import Experiment
from gannb.report.publish import publish
from gannb.study.data_copy import kept_data
from gannb.study.folder import PAGE, STUDIES, load_study
from gannb.sweep.planning import PlannedStudy, PlannedSweep
from gannb.utils.doing import counter, doing
from gannb.utils.errors import Failed, InputError
from gannb.utils.files import read_noted, write_json
from gannb.utils.keys import digest
from gannb.utils.versions import versions
from gannb.work.backends import in_processes
from gannb.work.store import is_done, recorded_failure
from gannb.work.unit import Unit

INDEX = "reports.json"  # in the sweep's folder: of what each study's report is


def write(planned: PlannedSweep) -> tuple[int, dict[str, str]]:
    """Write the reports that are not there yet, or of something else than what is finished now.

    Returns how many were written, and by study, why it has no report, or what its report is without.
    """
    sweep = planned.sweep
    there = {unit for unit in planned.graph.units() if is_done(sweep.units, unit)}
    errors = {u: e for u in planned.graph.units() if u not in there and (e := recorded_failure(sweep.units, u))}
    keys = {study.name: report_key(study, there) for study in planned.studies}
    kept = written(sweep.folder)
    todo = [name for name, key in keys.items() if kept.get(name) != key or not _page(sweep.folder, name).is_file()]
    folders = [str(sweep.folder / STUDIES / name) for name in todo]
    failed = {study.name: why for study in planned.studies if (why := failures(study, errors))}
    without: list[str] = []
    with doing(f"writing {len(todo):,} reports"):
        one_more = counter(len(todo))
        for name, error in _published(folders, planned.place.on_this_machine().workers):
            one_more()
            kept = {other: key for other, key in kept.items() if other != name} | ({} if error else {name: keys[name]})
            write_json(sweep.folder / INDEX, kept)
            if error:
                without.append(name)
                failed[name] = error
    return len(todo) - len(without), failed


def _published(folders: list[str], workers: int) -> Iterator[tuple[str, str]]:
    """Yield each study's name as its report is written, and why it was not. Raises Failed where a process is killed."""
    try:
        yield from in_processes(published, folders, workers) if folders else ()
    except BrokenExecutor:
        raise Failed(
            "a process that wrote reports was killed (out of memory?); those that are written are kept, and the same "
            "command goes on from there; workers=1 takes the least memory"
        ) from None


def written(folder: Path) -> dict[str, str]:
    """Return of which units each study's report is, by name; see `report_key`."""
    return read_noted(folder / INDEX)


def _page(folder: Path, name: str) -> Path:
    return folder / STUDIES / name / PAGE


def report_key(study: PlannedStudy, there: set[Unit]) -> str:
    """Return 16 hex digits of what a study's report is of: its parameters, its units that are there, the version."""
    parameters: dict[str, Any] = study.cell.study.model_dump(mode="json", exclude={"output_dir"})
    return digest(study.answer_key, parameters, sorted(u.key for u in study.units if u in there), versions()["gannb"])


def failures(study: PlannedStudy, errors: Mapping[Unit, str]) -> str:
    """Return how many of a study's units failed and why the first one did, given all that failed; else empty."""
    failed = [(unit, errors[unit]) for unit in study.units if unit in errors]
    if not failed:
        return ""
    unit, error = failed[0]
    return f"{len(failed)} of {len(study.units)} units failed, as {unit.path}: {error}"


def published(folder: str) -> tuple[str, str]:
    """Write the report of a study from the units that are there; return its name, and why that was not possible."""
    study = load_study(folder)
    try:
        publish(Experiment.of(study, *kept_data(study), own_copy=True))
    except (InputError, Failed) as error:
        return study.name, str(error)
    except Exception as error:
        return study.name, f"{type(error).__name__}: {error}"
    return study.name, ""
