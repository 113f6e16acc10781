"""What a study's folder holds that its parameters need no more, and its removal.

Units of earlier parameters are kept, so that going back to them costs nothing; this is for who will not go back. Looked
at are units, wherever the study has them, the copies of the data, and what stopped processes left under temporary
names. Everything else in the folder, as figures, notebooks and whatever a person put there, is left alone.
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

import psutil

from gannb.experiment import Experiment
from gannb.study import write_json
from gannb.words import UNITS
from gannb.work import RECORD, is_locked, study_lock

PLACES = ("*", "trials/*/*", "tuning/*", "tuning/*/*")  # of units, below the study's folder
UNIT = re.compile(r".+-[0-9a-f]{16}")
BESIDE = re.compile(r"(.+-[0-9a-f]{16})\.(running|failed)")  # progress, checkpoints and errors of a unit
UNFINISHED = re.compile(r"\.(.+-[0-9a-f]{16})\.[0-9a-f]{8}")  # of a unit that was stopped, or is being removed
COPY = re.compile(r"data-([0-9a-f]{16})")
BY_PROCESS = re.compile(r"\..+\.(\d{1,7})(-\d+)?")  # temporary files and copies, with the process that makes them
NOTEBOOK = re.compile(r"\.\w+\.running\.ipynb")
OTHER = {
    "checkpoint": "progress and errors of such units",
    "data": "copies of data that were read in another way",
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
    needed = {experiment.folder / u.path for unit in experiment.all_units() for u in unit.closure()}
    found = [*_of_units(experiment.folder, needed), *_of_study(experiment.folder, f"data-{experiment.data_key}")]
    return [Leftover(path, kind, _size(path)) for path, kind in found]


def _of_units(folder: Path, needed: set[Path]) -> Iterator[tuple[Path, str]]:
    """Yield what belongs to none of the units in the folders `needed`."""
    for path in sorted(path for place in PLACES for path in folder.glob(place) if path.is_dir()):
        if UNIT.fullmatch(path.name) and path not in needed and (kind := _kind(path)) and not _at_work(path):
            yield path, kind
        elif beside := BESIDE.fullmatch(path.name):
            unit = path.with_name(beside[1])
            if unit not in needed and not _at_work(unit):
                yield path, "checkpoint"
        elif (unfinished := UNFINISHED.fullmatch(path.name)) and not _at_work(path.with_name(unfinished[1])):
            yield path, "temporary"


def _of_study(folder: Path, copy: str) -> Iterator[tuple[Path, str]]:
    """Yield copies of the data but for the current one, and temporary files, of those directly in the folder."""
    for path in sorted(folder.iterdir()):
        if COPY.fullmatch(path.name) and path.name != copy:
            yield path, "data"
        elif NOTEBOOK.fullmatch(path.name):
            yield path, "temporary"
        elif (made := BY_PROCESS.fullmatch(path.name)) and not psutil.pid_exists(int(made[1])):
            yield path, "temporary"


def _kind(unit: Path) -> str:
    """Return the kind of a unit by its record; empty for a folder that is none."""
    try:
        kind = json.loads((unit / RECORD).read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError):
        return ""
    return kind if kind in UNITS else ""


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
        _forget([each.path.name for each in gone if each.kind == "data"], experiment.folder / "data.json")
        for each in gone:
            _remove(each.path)
        for folder in {each.path.parent for each in gone} - {experiment.folder}:
            if not any(folder.iterdir()):
                folder.rmdir()
    return gone


def _forget(copies: list[str], index: Path) -> None:
    """Take copies of the data out of the index of those at hand, before they go."""
    if copies:
        known = json.loads(index.read_text(encoding="utf-8"))
        write_json(index, {stamp: key for stamp, key in known.items() if f"data-{key}" not in copies})


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if UNIT.fullmatch(path.name):  # a unit, or a copy of the data
        path = path.replace(path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}"))
    shutil.rmtree(path)
