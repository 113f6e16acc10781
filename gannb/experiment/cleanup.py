"""What a study's folder holds that its parameters need no more, and its removal.

Units of earlier parameters are kept, so that going back to them costs nothing; this is for who will not go back. Looked
at are units, wherever the study has them, the copies of the data and of external sources, and what stopped
processes left under temporary names. Everything else in the folder, as figures, notebooks and whatever a person put
there, is left alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gannb.data.medium import Nouns
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import FINAL
from gannb.study.data_copy import data_name, known_data
from gannb.study.external import READERS
from gannb.study.view import view_name
from gannb.units.kinds import KINDS
from gannb.utils.files import is_abandoned, unique_name, write_json
from gannb.work.locks import study_lock
from gannb.work.store import RECORD, is_at_work

PLACES = ("*", "trials/*/*", "tuning/*", "tuning/*/*", f"{FINAL}/*")  # of units, below the study's folder
UNIT = re.compile(r".+-[0-9a-f]{16}")
BESIDE = re.compile(r"(.+-[0-9a-f]{16})\.(running|failed)")  # progress, checkpoints and errors of a unit
UNFINISHED = re.compile(r"\.(.+-[0-9a-f]{16})\.[0-9a-f]{8,32}")  # a unit or copy of a stopped process, or in removal
COPY = re.compile(rf"(data|view|{'|'.join(READERS)})-[0-9a-f]{{16}}")
# a file under the name that it has while it is written, or by which machines know that they see the folder
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}|\.[0-9a-f]{32}\.mark")
NOTEBOOK = re.compile(r"\.\w+\.running\.ipynb")
OTHER = {
    "checkpoint": "progress and errors of such units",
    "data": "copies of data that were read in another way",
    "external": "copies of sources from outside, used no more",
    "temporary": "temporary files of stopped processes",
}


@dataclass(frozen=True)
class Leftover:
    """A file or folder that is needed no more."""

    path: Path
    kind: str  # of a unit, as it is stored (see `units.kinds`), or of `OTHER`
    bytes: int


def leftovers(experiment: Experiment) -> list[Leftover]:
    """Return what the study's parameters need no more; nothing that a process is at work on."""
    return leftovers_of(experiment.results.folder, [needs_of(experiment)])


@dataclass(frozen=True)
class Needs:
    """What a study needs of the folder that holds its units."""

    units: frozenset[str]  # their paths
    copies: frozenset[str]  # of data and of external sources
    weights_missing: bool  # see `_of_units`


def needs_of(experiment: Experiment) -> Needs:
    """Return what a study needs, whatever number of steps it turns out to train for."""
    settings, plan = experiment.settings, experiment.plan
    longest = replace(plan, doublings=dict.fromkeys(settings.checked_arms, settings.most_doublings))
    units = (*plan.all_units(), *longest.units(4), plan.final_generator)  # more trials may need fewer steps, and more
    copies = {data_name(settings.data_key), *(source.folder for source in settings.external.values())}
    copies |= {view_name(settings.view.key)} if settings.view else set()
    paths = frozenset(u.path for unit in units for u in unit.closure())
    return Needs(paths, frozenset(copies), bool(plan.left_out))


def leftovers_of(folder: Path, needs: Sequence[Needs]) -> list[Leftover]:
    """Return what none of the studies needs that have their units in a folder."""
    needed = {folder / path for each in needs for path in each.units}
    copies = {name for each in needs for name in each.copies}
    found = [*_of_units(folder, needed, any(each.weights_missing for each in needs)), *_of_study(folder, copies)]
    return [Leftover(path, kind, _size(path)) for path, kind in found]


def _of_units(folder: Path, needed: set[Path], weights_missing: bool) -> Iterator[tuple[Path, str]]:
    """Yield what belongs to none of the units in the folders `needed`.

    weights_missing: the study wants pretrained weights, which are not on this machine. Nobody can tell then which of
    the units that have them are needed, so none of them goes.
    """
    for path in sorted(path for place in PLACES for path in folder.glob(place) if path.is_dir()):
        if UNIT.fullmatch(path.name):
            about = {} if path in needed or is_at_work(path) else _record(path)
            if about and not (weights_missing and "weights" in about["parameters"]):
                yield path, about["kind"]
        elif beside := BESIDE.fullmatch(path.name):
            unit = path.with_name(beside[1])
            if unit not in needed and not is_at_work(unit):
                yield path, "checkpoint"
        elif (unfinished := UNFINISHED.fullmatch(path.name)) and _is_given_up(path, path.with_name(unfinished[1])):
            yield path, "temporary"


def _is_given_up(unfinished: Path, whole: Path) -> bool:
    """Tell whether nobody is writing an unfinished unit, by its lease, or copy, by how long it has not changed."""
    return is_abandoned(unfinished) if COPY.fullmatch(whole.name) else not is_at_work(whole)


def _of_study(folder: Path, copies: set[str]) -> Iterator[tuple[Path, str]]:
    """Yield copies of data and sources but for the current ones, and temporary files, directly in the folder."""
    for path in sorted(folder.iterdir()):
        if (copy := COPY.fullmatch(path.name)) and path.name not in copies:
            yield path, "data" if copy[1] in ("data", "view") else "external"
        elif NOTEBOOK.fullmatch(path.name):
            yield path, "temporary"
        elif TEMPORARY.fullmatch(path.name) and path.is_file() and is_abandoned(path):
            yield path, "temporary"


def _record(unit: Path) -> dict[str, Any]:
    """Return the record of a unit; nothing for a folder that is none."""
    try:
        record = json.loads((unit / RECORD).read_text(encoding="utf-8"))
        return record if record["kind"] in KINDS and isinstance(record["parameters"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; what goes meanwhile counts for nothing."""
    if path.is_dir():
        return sum(_size(Path(below) / name) for below, _, names in os.walk(path) for name in names)
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_size
    return 0


def clean_text(found: Iterable[Leftover], nouns: Nouns) -> str:
    """Return how many of each kind are needed no more, and how much they hold; nouns: what the items are called."""
    number, size = Counter(), Counter()
    for each in found:
        number[each.kind] += 1
        size[each.kind] += each.bytes
    if not number:
        return "Nothing to remove: the parameters of the study need all that is there."
    names = {stored: kind.text(nouns) for stored, kind in KINDS.items()} | OTHER
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
        return remove_still(experiment.results.folder, found, leftovers(experiment))


def remove_still(folder: Path, found: Iterable[Leftover], now: Iterable[Leftover]) -> list[Leftover]:
    """Remove what was found in a folder of units and is still needed by nobody; return it."""
    still = {each.path for each in now}
    gone = [each for each in found if each.path in still]
    _forget([each.path.name for each in gone if each.kind == "data"], folder)
    for each in gone:
        _remove(each.path)
    for parent in {each.path.parent for each in gone} - {folder}:
        if not any(parent.iterdir()):
            parent.rmdir()
    return gone


def _forget(copies: list[str], folder: Path) -> None:
    """Take copies of the data out of the index of those at hand, before they go."""
    if copies:
        known = {stamp: key for stamp, key in known_data(folder).items() if data_name(key) not in copies}
        write_json(folder / "data.json", known)


def _remove(path: Path) -> None:
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return
    if UNIT.fullmatch(path.name):  # a unit, or a copy of the data
        path = path.replace(unique_name(path))
    with contextlib.suppress(FileNotFoundError):  # another process clears up after a killed one, too
        shutil.rmtree(path)
