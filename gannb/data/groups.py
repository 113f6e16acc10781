"""The person's groups (patients, bursts): from a CSV or a pattern on file names; and joining of groups."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gannb.data.source import Source
from gannb.utils.errors import InputError, unreadable
from gannb.utils.naming import composed


def group_finder(groups: str | None) -> Callable[[list[str]], list[str]]:
    """ids -> the person's group name per item ("" where none is asked for); checked before data is opened.

    Raises:
        InputError: `groups` is neither a readable CSV nor a regular expression.
    """
    if groups is None:
        return lambda ids: [""] * len(ids)
    if groups.lower().endswith(".csv"):
        table = _group_table(Path(groups).expanduser())
        return lambda ids: _groups_from_table(table, ids, groups)
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise InputError(
            f"groups: {groups!r} is neither a .csv file nor a regular expression ({error}); "
            "write for example (patient[0-9]+)_"
        ) from error
    if pattern.groups != 1:
        raise InputError(f"groups: {groups!r} has {pattern.groups} capture groups; write exactly one")
    return lambda ids: [_group_from_pattern(pattern, i) for i in ids]


def groups_if_known(groups: str | None, ids: list[str]) -> list[str]:
    """Return the person's group name per item, "" for those of which `groups` tells none; see `group_finder`."""
    find = group_finder(groups)

    def one(id: str) -> str:
        try:
            return find([id])[0]
        except InputError:
            return ""

    return list(map(one, ids))


def _group_from_pattern(pattern: re.Pattern, id: str) -> str:
    match = pattern.search(PurePosixPath(id).name) or pattern.search(id)
    if not match or not match[1]:
        raise InputError(f"groups: the pattern {pattern.pattern!r} finds no group in {id!r}; widen it")
    return match[1]


def _group_table(path: Path) -> dict[str, str]:
    """id or file name -> group."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [(name or "").strip().lower() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        way = f"cannot be read ({getattr(error, 'strerror', None) or error}); give a CSV in UTF-8"
        raise unreadable(f"groups: {str(path)!r}", error, way) from error
    key = next((name for name in ("id", "file") if name in columns), None)
    if key is None or "group" not in columns:
        raise InputError(f"groups: {str(path)!r} has the columns {columns}; it needs id (or file) and group")
    table: dict[str, str] = {}
    for row in rows:
        name, group = _same_name(row[key] or ""), (row["group"] or "").strip()
        if group and table.setdefault(name, group) != group:
            raise InputError(f"groups: {str(path)!r} puts {name!r} into two groups; keep one line per item")
    return table


def _same_name(name: str) -> str:
    """One spelling for a path, whatever system wrote it."""
    return composed(name.strip().replace("\\", "/").removeprefix("./"))


def _groups_from_table(table: dict[str, str], ids: list[str], source: str) -> list[str]:
    full = [_same_name(i) for i in ids]
    names = [PurePosixPath(i).name for i in full]
    often = Counter(names)
    named = []
    for id, name in zip(full, names, strict=True):
        if id not in table and name in table and often[name] > 1:
            raise InputError(
                f"groups: {source!r} names {name!r}, which several items are called; "
                "write the path relative to the data folder"
            )
        named.append(table.get(id) or table.get(name))
    missing = [id for id, group in zip(ids, named, strict=True) if group is None]
    if missing:
        raise InputError(
            f"groups: {source!r} has no group for {missing[0]!r} ({len(missing):,} such items); "
            "add a line for every item"
        )
    return named


@dataclass(frozen=True)
class Copies:
    """How names say that files are copies of one another: by what follows the name that they share.

    ending: a regular expression without groups that count.  words: those that may stand for `WORDS` in it, in small
    letters; where there are some, the item of the bare name has to be there too.
    """

    ending: str
    words: tuple[str, ...] = ()


def proposal(source: Source, groups: np.ndarray, kinds: Sequence[Copies]) -> str:
    """Return a sentence that proposes `groups` where names of files say that they are copies of one another; else "".

    groups: (N,) those at hand; names that say no more are passed over.
    """
    ids = [PurePosixPath(id) for id in source.ids]
    for kind in kinds if source.paths else ():
        words = {word for id in ids for word in re.split(r"[^a-z]+", id.stem.lower())} if kind.words else set()
        words &= set(kind.words)
        if kind.words and not words:
            continue
        ending = kind.ending.replace("WORDS", "|".join(sorted(words, key=len, reverse=True)))
        shared = [_shared(id.name, ending) for id in ids]
        of_folder = _is_of_several(shared, source.y.tolist())
        keys = [f"{id.parent.name}/{name}" if of_folder else name for id, name in zip(ids, shared, strict=True)]
        clusters: dict[str, list[int]] = {}
        for i, key in enumerate(keys):
            clusters.setdefault(key, []).append(i)
        bare = {key for key, id in zip(keys, ids, strict=True) if id.stem == PurePosixPath(key).name}
        ended = {key for key, id in zip(keys, ids, strict=True) if id.stem != PurePosixPath(key).name}
        found = [
            cluster
            for key, cluster in clusters.items()
            if len(set(groups[cluster].tolist())) > 1 and key in ended and (key in bare or not kind.words)
        ]
        if found:
            start = r"([^/]*/[^/]+?)" if of_folder else r"^(.+?)"
            return _proposed(source, found, rf"{start}(?:{ending})?\.\w+$")
    return ""


def _shared(name: str, ending: str) -> str:
    """The part of a file's name before an ending, or before its extension."""
    found = re.fullmatch(rf"(.+?)(?:{ending})?\.\w+", name)
    return found[1] if found else name


def _is_of_several(names: list[str], y: list[int]) -> bool:
    """Tell whether a name is met in several classes, as where each counts its files from 1."""
    first: dict[str, int] = {}
    return any(first.setdefault(name, label) != label for name, label in zip(names, y, strict=True))


def _proposed(source: Source, clusters: list[list[int]], pattern: str) -> str:
    across = sum(len(each) for each in clusters if len(set(source.is_test[each].tolist())) > 1)
    both = f", {across:,} of them in both the training and the test set" if across else ""
    return (
        f"{sum(map(len, clusters)):,} {source.nouns.many} are, by their names, copies of {len(clusters):,} (as "
        f"{source.ids[clusters[0][0]]} and {source.ids[clusters[0][1]]}){both}; set groups='{pattern}' so that "
        "they stay on one side of every split"
    )


def joined(*labels: np.ndarray) -> np.ndarray:
    """(N,) int64 from 0: items that share a number in any of the label arrays share one in the result."""
    n = len(labels[0])
    from scipy.sparse import coo_array  # takes a fifth of a second, which a study's status need not wait for
    from scipy.sparse.csgraph import connected_components

    rows, columns = [], []
    for offset, label in enumerate(labels):
        rows.append(np.arange(n))
        columns.append(np.unique(label, return_inverse=True)[1] + n * (offset + 1))
    row, column = np.concatenate(rows), np.concatenate(columns)
    total = n * (len(labels) + 1)
    graph = coo_array((np.ones(len(row), np.int8), (row, column)), shape=(total, total))
    component = connected_components(graph, directed=False)[1][:n]
    return np.unique(component, return_inverse=True)[1].astype(np.int64)


def shuffled_groups(groups: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the indices of every group of (N,), in random order: large groups come no sooner than small ones.

    Within a group they rise.
    """
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return [members[i] for i in rng.permutation(len(members))]
