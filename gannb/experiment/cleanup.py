"""What a study's folder holds that its parameters need no more, and its removal.

Units of earlier parameters are kept, so that going back to them costs nothing; this is for who will not go back. Looked
at are units, wherever the study has them, the copies of the data and of sources from outside, and what stopped
processes left under temporary names. Everything else in the folder, as figures, notebooks and whatever a person put
there, is left alone.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from gannb.experiment.experiment import Experiment
from gannb.experiment.final import FINAL, final_unit
from gannb.generators.external import EXTERNAL
from gannb.study.data_copy import known_data
from gannb.study.model import Study
from gannb.units.kinds import UNITS
from gannb.utils.files import write_json
from gannb.work.locks import is_locked, study_lock
from gannb.work.store import RECORD

PLACES = ("*", "trials/*/*", "tuning/*", "tuning/*/*", f"{FINAL}/*")  # of units, below the study's folder
UNIT = re.compile(r".+-[0-9a-f]{16}")
BESIDE = re.compile(r"(.+-[0-9a-f]{16})\.(running|failed)")  # progress, checkpoints and errors of a unit
UNFINISHED = re.compile(r"\.(.+-[0-9a-f]{16})\.[0-9a-f]{8}")  # of a unit that was stopped, or is being removed
COPY = re.compile(rf"(data|{'|'.join(EXTERNAL)})-[0-9a-f]{{16}}")
BY_PROCESS = re.compile(r"\..+\.(\d{1,7})(-\d+)?")  # temporary files and copies, with the process that makes them
NOTEBOOK = re.compile(r"\.\w+\.running\.ipynb")
OTHER = {
    "checkpoint": "progress and errors of such units",
    "data": "copies of data that were read in another way",
    "outside": "copies of sources from outside, used no more",
    "temporary": "temporary files of stopped processes",
}


@dataclass(frozen=True)
class Leftover:
    """A file or folder that is needed no more."""

    path: Path
    kind: str  # of a unit (see `words.UNITS`), or of `OTHER`
    bytes: int


def leftovers(experiment: Experiment) -> list[Leftover]:
    """Return what the study's parameters need no more; nothing that a process is at work on."""
    units = [*experiment.all_units(), final_unit(experiment)]
    needed = {experiment.folder / u.path for unit in units for u in unit.closure()}
    copies = {f"data-{experiment.data_key}", *(source.folder for source in experiment.outside.values())}
    found = [*_of_units(experiment.folder, needed, bool(experiment.left_out)), *_of_study(experiment.folder, copies)]
    return [Leftover(path, kind, _size(path)) for path, kind in found]


def _of_units(folder: Path, needed: set[Path], weights_missing: bool) -> Iterator[tuple[Path, str]]:
    """Yield what belongs to none of the units in the folders `needed`.

    weights_missing: the study wants pretrained weights, which are not on this machine. Nobody can tell then which of
    the units that have them are needed, so none of them goes.
    """
    for path in sorted(path for place in PLACES for path in folder.glob(place) if path.is_dir()):
        if UNIT.fullmatch(path.name):
            about = {} if path in needed or _at_work(path) else _record(path)
            if about and not (weights_missing and "weights" in about["parameters"]):
                yield path, about["kind"]
        elif beside := BESIDE.fullmatch(path.name):
            unit = path.with_name(beside[1])
            if unit not in needed and not _at_work(unit):
                yield path, "checkpoint"
        elif (unfinished := UNFINISHED.fullmatch(path.name)) and not _at_work(path.with_name(unfinished[1])):
            yield path, "temporary"


def _of_study(folder: Path, copies: set[str]) -> Iterator[tuple[Path, str]]:
    """Yield copies of data and sources but for the current ones, and temporary files, directly in the folder."""
    for path in sorted(folder.iterdir()):
        if (copy := COPY.fullmatch(path.name)) and path.name not in copies:
            yield path, "data" if copy[1] == "data" else "outside"
        elif NOTEBOOK.fullmatch(path.name):
            yield path, "temporary"
        elif (made := BY_PROCESS.fullmatch(path.name)) and not psutil.pid_exists(int(made[1])):
            yield path, "temporary"


def _record(unit: Path) -> dict[str, Any]:
    """Return the record of a unit; nothing for a folder that is none."""
    try:
        record = json.loads((unit / RECORD).read_text(encoding="utf-8"))
        return record if record["kind"] in UNITS and isinstance(record["parameters"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _at_work(unit: Path) -> bool:
    return is_locked(unit.with_name(f"{unit.name}.running") / "lock")


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if not file.is_dir())


def clean_text(found: Iterable[Leftover]) -> str:
    """Return how many of each kind are needed no more, and how much they hold."""
    number, size = Counter(), Counter()
    for each in found:
        number[each.kind] += 1
        size[each.kind] += each.bytes
    if not number:
        return "Nothing to remove: the parameters of the study need all that is there."
    names = UNITS | OTHER
    lines = [f"{'needed no more':<46} {'number':>6} {'size':>10}"]
    lines += [f"  {names[kind]:<44} {number[kind]:>6} {size_text(size[kind]):>10}" for kind in names if number[kind]]
    return "\n".join([*lines, f"{'in all':<46} {number.total():>6} {size_text(size.total()):>10}"])


def size_text(size: int) -> str:
    """Return a number of bytes as people say it: `340 kB`, `12.0 MB`."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{-(-size // 1000):,} kB"


def remove(experiment: Experiment, found: Iterable[Leftover]) -> list[Leftover]:
    """Remove what was found, unless it has come to be needed or worked on since; return what was removed.

    A folder gets a temporary name first, so that half a unit is never taken for a whole one.

    Raises:
        InputError: another process is at work on the study.
    """
    with study_lock(experiment.folder):
        still = {each.path for each in leftovers(experiment)}
        gone = [each for each in found if each.path in still]
        _forget([each.path.name for each in gone if each.kind == "data"], experiment.study)
        for each in gone:
            _remove(each.path)
        for folder in {each.path.parent for each in gone} - {experiment.folder}:
            if not any(folder.iterdir()):
                folder.rmdir()
    return gone


def _forget(copies: list[str], study: Study) -> None:
    """Take copies of the data out of the index of those at hand, before they go."""
    if copies:
        known = {stamp: key for stamp, key in known_data(study).items() if f"data-{key}" not in copies}
        write_json(study.folder / "data.json", known)


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if UNIT.fullmatch(path.name):  # a unit, or a copy of the data
        path = path.replace(path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}"))
    shutil.rmtree(path)
