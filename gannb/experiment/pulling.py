"""Pulling: processes that make what a study is missing, beside others, on any machine that sees the study's folder.

They need no scheduler and no open port, since all they have to agree on stands in the folder: a unit is there, or is
held by a lease, or is for whoever comes first. A node that is killed costs the unit that it was making, once its lease
has expired; one that joins late takes what is left. What is made is the same as in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gannb.experiment.experiment import Experiment
from gannb.study.folder import has_sweep, is_file, load_study, read_record, study_near
from gannb.utils.doing import doing
from gannb.utils.errors import InputError
from gannb.utils.versions import difference, versions
from gannb.work.scheduler import Outcome

LOOK = 1.0  # seconds between two looks for a study


def pull(folder: Path, workers: int | None = None) -> Outcome:
    """Make what the study in a folder is missing, and return when all of it is there, whoever has made it.

    workers: processes at work at once here; by default the study's `workers`.

    Raises:
        InputError: the study was begun with other versions; or it cannot be done here.
    """
    study = load_study(folder)
    check_versions(study.folder)
    experiment = Experiment.preview(study, own_copy=True)
    if not experiment.data_folder.is_dir():
        raise InputError(f"{folder} holds no copy of its data as they are read now; go on with `gannb run {folder}`.")
    return experiment.help(workers)


def check_numbers(workers: int | None, minutes: float) -> None:
    """Raise InputError for numbers of processes, or of minutes to wait, that cannot be meant."""
    if workers is not None and not 0 <= workers <= 1024:
        raise InputError(f"workers: {workers} is not possible; take 0 (one per core) to 1,024.")
    if not 0 <= minutes < float("inf"):
        raise InputError(f"wait: {minutes} minutes are not possible; take 0 or more.")


def await_study(folder: Path, minutes: float, is_begun: Callable[[Path], bool]) -> None:
    """Wait until a study or sweep is begun, as its last record shows that is written after all that it needs.

    Raises InputError where it is not within so many minutes.
    """
    if is_file(folder):
        raise InputError(f"{folder} is a file; give the folder of a study or of a sweep.")
    until = time.monotonic() + 60 * minutes
    with doing(f"waiting for a study in {folder}"):
        while not is_begun(folder):
            if time.monotonic() >= until:
                raise InputError(_not_begun(folder))
            time.sleep(LOOK)


def _not_begun(folder: Path) -> str:
    """Return that there is nothing to help with in a folder, and the way out."""
    way = "say with --wait MINUTES how long to wait for it."
    if has_sweep(folder):
        return f"The sweep in {folder} is only being recorded; try again in a minute, or {way}"
    near = study_near(folder)
    nothing = f"No study or sweep has been begun in {folder}, as seen from this machine{f'; {near}' if near else '.'}"
    return f"{nothing} Begin one with `gannb run` or `gannb sweep`, or {way}"


def check_versions(folder: Path) -> None:
    """Raise InputError for other versions than the study's, whose numbers would depend on which machine made what."""
    if found := difference(read_record(folder).get("versions", {}), versions()):
        package, theirs, ours = found
        raise InputError(
            f"{package} is {ours} on this machine, and the study in {folder} was begun with {theirs}; its numbers "
            "would depend on which machine made which part: install the same here."
        )
