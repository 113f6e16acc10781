"""What a sweep is: a grid, or a list, of studies, as its file says it and as its folder keeps it.

A sweep's file is a study's file with one entry more: `grid`, several values of some parameters, of which every
combination is a study, or `studies`, a list of the parameters of each. What else it says holds for all of them. A value
of the grid may bring further parameters with it: `data: [digits, {data: photos, size: 32}]`; and there may be a list of
grids over the same parameters, where not every value of one goes with every value of another.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from gannb.study.folder import STUDIES, SWEEP, UNITS, has_study, has_sweep, load_study
from gannb.study.model import LONGEST_NAME, Study, check_spelling, make_study, name_from
from gannb.study.written import GRID, LISTED, NOTHING, is_sweep, read_yaml
from gannb.utils.errors import InputError, ParameterError
from gannb.utils.files import read_json, write_json
from gannb.utils.keys import digest
from gannb.utils.naming import few_of, listed, nearest
from gannb.utils.trust import is_import_path
from gannb.utils.versions import versions

# parameters that no cell has of its own: answers by several metrics or margins are not one map
OF_THE_SWEEP = ("name", "output_dir", "engine", "workers", "device", "metric", "rope")
MOST = 10_000  # cells
DEFAULT = "default"  # in words, the value of a parameter that nobody gives


@dataclass(frozen=True)
class Cell:
    """One study of a sweep, and where it stands in it."""

    study: Study
    at: Mapping[str, str]  # by axis, its value in words

    @property
    def name(self) -> str:
        """The name of the study, and of its folder."""
        return self.study.name


@dataclass(frozen=True)
class Sweep:
    """Studies that share one folder of units."""

    folder: Path
    axes: Mapping[str, Sequence[str]]  # by parameter that differs, its values in words, in their order
    cells: Sequence[Cell]

    @property
    def name(self) -> str:
        """The name of the sweep, and of its folder."""
        return self.folder.name

    @property
    def units(self) -> Path:
        """The folder of all units, and of the copies of the data."""
        return self.folder / UNITS

    def write(self) -> None:
        """Keep in the folder which studies there are, and where each stands."""
        cells = [{"study": c.name, "data": c.study.data, "at": dict(c.at)} for c in self.cells]
        axes = {name: list(labels) for name, labels in self.axes.items()}
        write_json(self.folder / SWEEP, {"axes": axes, "cells": cells, "versions": versions()})


def read_sweep(folder: Path) -> Sweep:
    """Return the sweep that a folder keeps, whose studies were all begun.

    Raises:
        InputError: there is none, or what it keeps is damaged.
    """
    kept = _kept(folder)
    missing = [each["study"] for each in kept["cells"] if not has_study(folder / STUDIES / each["study"])]
    if missing:
        raise InputError(
            f"The sweep in {folder} was not begun to its end: {few_of(missing, 4)} is missing; `gannb sweep` with the "
            "sweep's file goes on."
        )
    cells = [Cell(load_study(folder / STUDIES / each["study"]), each["at"]) for each in kept["cells"]]
    return Sweep(folder.resolve(), kept["axes"], cells)


def _kept(folder: Path) -> dict[str, Any]:
    file = folder / SWEEP
    if not has_sweep(folder):
        raise InputError(f"There is no sweep in {folder}; begin one with `gannb sweep SWEEP.yaml`.")
    kept = read_json(file)
    try:
        whole = all(isinstance(each["study"], str) and dict(each["at"]) for each in kept["cells"]) and kept["axes"]
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise InputError(f"{file} is damaged; `gannb sweep` with the sweep's file writes it again, its units are kept.")
    return kept


# ---- a file ----


def sweep_of_file(file: str | Path, changes: Mapping[str, Any]) -> Sweep:
    """Return the sweep of a YAML file, with changes to what holds for all of its studies; writes nothing.

    Raises:
        InputError: it is not valid, has no cell or the same one twice, or its name is in use for something else.
    """
    file = Path(file)
    given = read_yaml(file)
    if not is_sweep(given):
        raise InputError(f"{file} has no {GRID} and no list of {LISTED}, so it is one study: `gannb run {file}`.")
    return sweep_of(given, changes, file)


def sweep_of(given: Mapping[str, Any], changes: Mapping[str, Any], file: Path) -> Sweep:
    """Return the sweep of what a file says; raises InputError as `sweep_of_file`."""
    if GRID in given and LISTED in given:
        raise InputError(f"{file} has both a {GRID} and a list of {LISTED}; leave one of them out.")
    common = {name: value for name, value in given.items() if name not in (GRID, LISTED)}
    if GRID in given:
        axes, places = _of_grids(given[GRID], file)
    else:
        axes, places = _of_list(given[LISTED], common, file)
    _check_changes(changes, places, file)
    common |= changes
    place = _place(common, file)
    cells = [_cell(each, common, place, file) for each in places]
    _check_distinct(cells, file)
    sweep = Sweep(place, axes, cells)
    _check_name(sweep)
    return sweep


@dataclass(frozen=True)
class _Place:
    """A cell before its study is made: its name, its values in words, and the parameters of its own."""

    name: str
    at: Mapping[str, str]
    own: Mapping[str, Any]


def _of_grids(given: Any, file: Path) -> tuple[dict[str, list[str]], list[_Place]]:
    """Return the values of each axis in words, and the places of a grid, or of several with the same axes."""
    if not given:
        raise InputError(f"{file}: the {GRID} is empty; name a parameter in it, with several values in brackets.")
    grids = given if isinstance(given, list) else [given]
    if not all(isinstance(grid, Mapping) and grid for grid in grids):
        raise InputError(f"{file}: the {GRID} is no list of `parameter: [values]`; write one such line per parameter.")
    if other := next((grid for grid in grids if set(grid) != set(grids[0])), None):
        differ = few_of(sorted(set(other) ^ set(grids[0])))
        raise InputError(f"{file}: the grids differ in {differ}; give all of them the same parameters.")
    number = sum(prod(len(v) if isinstance(v, list) else 1 for v in grid.values()) for grid in grids)
    if number > MOST:
        raise InputError(f"{file}: the {GRID} has {number:,} cells, and a sweep takes {MOST:,}; leave some values out.")
    of_grids = [_axes(grid, file) for grid in grids]
    every = {name: [value for axes in of_grids for value in axes[name]] for name in grids[0]}
    labels = {name: _labels(name, values) for name, values in every.items()}
    places = []
    for axes in of_grids:
        own_labels = {name: _labels(name, values) for name, values in axes.items()}
        for own in product(*axes.values()):
            if twice := _said_twice(own):
                raise InputError(f"{file}: {twice} is said by two axes of the {GRID}; leave it to one of them.")
            at, called = ({n: of[n][_key(v)] for n, v in zip(axes, own, strict=True)} for of in (labels, own_labels))
            places.append(_Place(_name(called), at, {k: v for each in own for k, v in each.items()}))
    return {name: list(of_axis.values()) for name, of_axis in labels.items()}, _told_apart(places)


def _axes(grid: Mapping[Any, Any], file: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the values of each axis of a grid, each with the parameters that it brings with it."""
    _check_names(grid, file)
    axes = {name: _values(name, given, file) for name, given in grid.items()}
    for name, values in axes.items():
        times = Counter(map(_key, values))
        if twice := next((value for value in values if times[_key(value)] > 1), None):
            raise InputError(f"{file}: {GRID}: {name} has {_label(name, twice[name])} twice; leave one of them out.")
    return axes


def _told_apart(places: Sequence[_Place]) -> list[_Place]:
    """Return the places with other names for those that have one in common: those of all that they differ in."""
    names = Counter(place.name.casefold() for place in places)
    return [replace(place, name=_name(place.at)) if names[place.name.casefold()] > 1 else place for place in places]


def _key(value: Mapping[str, Any]) -> str:
    """Return what a value has in common with one that is only written in another way."""
    return json.dumps({name: _plain(name, given) for name, given in value.items()}, sort_keys=True)


def _plain(name: str, given: Any) -> str | None:
    if given is None:
        return None
    if name == "data":
        return str(Path(str(given)))
    return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def _values(name: str, given: Any, file: Path) -> list[dict[str, Any]]:
    """Return the values of an axis, each with the parameters that it brings with it."""
    if not isinstance(given, list):
        given = _nothing(given)
        way = f"write [{given}, ...] for several, or move it out of the {GRID}" if given else "give several in brackets"
        raise InputError(f"{file}: {GRID}: {name} is {'one value' if given else 'without a value'}; {way}.")
    if not given:
        raise InputError(f"{file}: {GRID}: {name} has no values; give several in brackets, or leave {name} out.")
    found = [dict(each) if isinstance(each, Mapping) else {name: each} for each in given]
    for each in found:
        _check_names(each, file)
        if name not in each:
            raise InputError(f"{file}: {GRID}: a value of {name} does not say its {name}; add `{name}: ...` to it.")
    return [{k: _nothing(v) for k, v in each.items()} for each in found]


def _nothing(value: Any) -> Any:
    return None if isinstance(value, str) and value in NOTHING else value


def _said_twice(own: Sequence[Mapping[str, Any]]) -> str:
    names = [name for each in own for name in each]
    return next((name for name in names if names.count(name) > 1), "")


def _of_list(studies: Any, common: Mapping[str, Any], file: Path) -> tuple[dict[str, list[str]], list[_Place]]:
    """Return the parameters that listed studies differ in, with their values in words, and the studies.

    common: what holds for those that say nothing else.
    """
    if not studies:
        raise InputError(f"{file}: the list of {LISTED} is empty; write the parameters of one study per line.")
    if not isinstance(studies, list) or not all(isinstance(each, Mapping) for each in studies):
        raise InputError(f"{file}: {LISTED} takes a list, as `- {{n_per_class: 20, gan: mlp}}`, one line per study.")
    if len(studies) > MOST:
        raise InputError(f"{file}: there are {len(studies):,} studies, and a sweep takes {MOST:,}; leave some out.")
    own = [{k: _nothing(v) for k, v in each.items() if k != "name"} for each in studies]
    for each in own:
        _check_names(each, file)
    axes = list(dict.fromkeys(name for each in own for name in each))
    if not axes:
        raise InputError(f"{file}: the list of {LISTED} gives no parameter; write those in which they differ.")
    values = {name: [{name: each.get(name, _nothing(common.get(name)))} for each in own] for name in axes}
    labels = {name: _labels(name, of_axis) for name, of_axis in values.items()}
    ats = [{name: labels[name][_key(values[name][i])] for name in axes} for i in range(len(own))]
    places = [
        _Place(_name({k: _label(k, v) for k, v in each.items()} or {"": DEFAULT}), at, each)
        for each, at in zip(own, ats, strict=True)
    ]
    named = [
        replace(place, name=str(given["name"])) if given.get("name") else place
        for given, place in zip(studies, _told_apart(places), strict=True)
    ]
    return {name: list(of_axis.values()) for name, of_axis in labels.items()}, named


def _check_names(given: Mapping[Any, Any], file: Path) -> None:
    """Refuse what is no parameter, or none that a cell has of its own, and functions that would run."""
    for name, value in given.items():
        if not isinstance(name, str) or name not in Study.model_fields:
            check_spelling([name] if isinstance(name, str) else [])
            hint = nearest(str(name), Study.model_fields) or "`gannb parameters` lists those that there are."
            raise InputError(f"{file}: there is no parameter {name}; {hint}")
        if name in OF_THE_SWEEP:
            raise InputError(f"{file}: {name} is the same for all studies of a sweep; say it once, for all of them.")
        if name == "foreign" and any(isinstance(v, str) and is_import_path(v) for v in _flat(value)):
            raise InputError(
                f"{file}: foreign: a function is not taken from a file, which may be somebody else's; leave it out "
                "there and add --set foreign=... to the command line."
            )


def _flat(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [each for part in value.values() for each in _flat(part)]
    return [each for part in value for each in _flat(part)] if isinstance(value, list) else [value]


def _labels(name: str, values: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the different values of an axis in words, each another one, by `_key`."""
    different: dict[str, Mapping[str, Any]] = {}
    for value in values:
        different.setdefault(_key(value), value)
    values = list(different.values())
    given = [None if value[name] is None else str(value[name]) for value in values]
    labels = _paths(given) if name == "data" else [_label(name, value[name]) for value in values]
    if len(set(labels)) < len(labels):  # they differ in what they bring with them
        brought = ["".join(f"-{k}={_label(k, v)}" for k, v in each.items() if k != name) for each in values]
        labels = [label + more for label, more in zip(labels, brought, strict=True)]
    times = Counter()
    for i, label in enumerate(labels):
        times[label] += 1
        labels[i] = label if times[label] == 1 else f"{label}-{i + 1}"
    return dict(zip(different, labels, strict=True))


def _paths(data: Sequence[str | None]) -> list[str]:
    """Return names of data sets: those of their folders, with as much of the path as tells them apart."""
    for depth in range(1, max(len(Path(each or "").parts) for each in data) + 2):
        labels = [_label("data", each) if depth == 1 or each is None else _end(each, depth) for each in data]
        if len(set(labels)) == len(set(data)):
            break
    return labels


def _end(path: str, depth: int) -> str:
    return "-".join(Path(path).parts[-depth:]).strip("/-")


def _label(name: str, value: Any) -> str:
    if name == "data" and value is not None:
        return name_from(str(value))
    words = ",".join(map(str, value)) if isinstance(value, list) else DEFAULT if value is None else str(value)
    return re.sub(r"[^\w.+,@:-]+", "-", words).strip("-") or DEFAULT


def _name(at: Mapping[str, str]) -> str:
    """Return the name of a cell's study: `digits,n_per_class=20,gan=mlp`."""
    name = ",".join(label if axis in ("data", "") else f"{axis}={label}" for axis, label in at.items())
    name = re.sub(r"[/\\:]+", "-", name)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{name.encode()[: LONGEST_NAME - 20].decode(errors='ignore')}-{digest(name)[:8]}"


# ---- cells ----


def _check_changes(changes: Mapping[str, Any], places: Sequence[_Place], file: Path) -> None:
    own = {name for place in places for name in place.own}
    if both := next((name for name in changes if name in own), None):
        raise InputError(f"--set {both}: the studies of {file} differ in it; change it there.")
    if wrong := next((name for name in changes if name in (GRID, LISTED)), None):
        raise InputError(f"--set {wrong}: it is written in the sweep's file; change it there.")


def _place(common: Mapping[str, Any], file: Path) -> Path:
    """Return the sweep's folder: named as it says, or else as its file is."""
    named = {name: common[name] for name in ("output_dir",) if common.get(name) is not None}
    try:
        return make_study(**named, name=str(common.get("name") or file.stem)).folder
    except ParameterError as error:
        raise InputError(f"{file}: {error}") from None


def _cell(place: _Place, common: Mapping[str, Any], folder: Path, file: Path) -> Cell:
    given = {**common, **place.own, "name": place.name, "output_dir": str(folder / STUDIES)}
    try:
        return Cell(make_study(**given), place.at)
    except ParameterError as error:
        said = re.sub("^There is", "there is", str(error))
        whose = f"{file}, {place.name}" if error.parameter in place.own or not error.parameter else str(file)
        raise InputError(f"{whose}: {said}") from None


def _check_distinct(cells: Sequence[Cell], file: Path) -> None:
    """Refuse two cells that are one study under two names, or two studies under one name."""
    by_name: dict[str, Cell] = {}
    by_parameters: dict[str, Cell] = {}
    for cell in cells:
        key = digest(cell.study.model_dump(mode="json", exclude={"name"}))
        if other := by_parameters.get(key):
            raise InputError(f"{file}: {other.name} and {cell.name} are the same study; leave one of them out.")
        if cell.name.casefold() in by_name:
            raise InputError(f"{file}: two of the studies are called {cell.name}; give each another `name`.")
        by_name[cell.name.casefold()] = by_parameters[key] = cell


def _check_name(sweep: Sweep) -> None:
    """Refuse a name that is in use: by a study, or by a sweep that has no study in common with this one.

    A grid that has grown or shrunk since is the same sweep still.
    """
    way = "give this one another name (--set name=...)"
    if has_study(sweep.folder):
        raise InputError(f"The name {sweep.name!r} is in use by the study in {sweep.folder}; {way}.")
    if not has_sweep(sweep.folder):
        return
    kept = _kept(sweep.folder)
    before = {(each["study"], each.get("data")) for each in kept["cells"]}
    if not before & {(cell.name, cell.study.data) for cell in sweep.cells}:
        over = listed([f"{name} ({few_of(labels, 4)})" for name, labels in kept["axes"].items()])
        raise InputError(f"The name {sweep.name!r} is in use by another sweep, over {over}; {way}.")
