"""Labels in tables beside the files: CSV or TSV, a column that names the file, and one of labels or one per class."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from gannb.data.files import FileKind, Walk, entry_of, is_file, is_folder, list_entries, natural_key, part_of, source_of
from gannb.data.source import Source, check_spelling
from gannb.utils.errors import InputError, unreadable
from gannb.utils.naming import composed, few_of, listed, printable

SUFFIXES = (".csv", ".tsv")
DELIMITERS = (",", ";", "\t", "|")
LABELS = (  # names of a column of labels, by themselves
    "label labels class classes category target dx diagnosis species breed y class_name classname class_label "
    "label_name class_id label_id ground_truth groundtruth".split()
)
WORDS = frozenset("label labels class category target diagnosis".split())  # and words of such names: "Finding Labels"
SPLITS = frozenset("split data_split partition set subset dataset data_set usage phase fold part".split())
FLAG_OF_PART = re.compile(r"is_(test|train)(ing)?(_image|_set|_sample)?")
NO_LABEL = frozenset({"nan", "<na>"})  # as pandas writes that there is none
NO_LABELS = frozenset(  # of a second column that holds something else
    "group groups patient patient_id subject subject_id caption captions text id index url width height".split()
)
ON, OFF = frozenset({"1", "1.0", "1,0", "true", "yes"}), frozenset({"0", "0.0", "0,0", "false", "no", "-1", "-1.0", ""})
SEVERAL = ("|", ";", ",", "+", " ")  # between the labels of one file


@dataclass(frozen=True)
class Table:
    """A table's columns and rows, all as written, stripped of spaces; rows are as long as the columns."""

    path: Path
    columns: tuple[str, ...]
    rows: list[list[str]]

    @property
    def name(self) -> str:
        """What sentences call it."""
        return printable(self.path.name)

    def column(self, k: int) -> list[str]:
        """The cells of column k, in the rows' order."""
        return [row[k] for row in self.rows]


class Files:
    """Finds the files that a table means by a path, whatever system wrote it, a name, or a name without extension."""

    def __init__(self, paths: Iterable[Path], root: Path) -> None:
        self.paths, self.root = list(paths), root
        self.by_name: dict[str, list[Path]] = defaultdict(list)  # "b.png" or "b" -> the files of that name
        for path in self.paths:
            for name in {path.name, path.stem}:
                self.by_name[composed(printable(name)).casefold()].append(path)

    @cached_property
    def _keys(self) -> dict[Path, str]:
        return {path: composed(printable(path.relative_to(self.root).as_posix())).casefold() for path in self.paths}

    def find(self, name: str) -> list[Path]:
        """The files meant: none, one, or several where the name alone does not say which."""
        wanted = composed(name).replace("\\", "/").removeprefix("./").casefold()
        named = self.by_name.get(PurePosixPath(wanted).name, [])
        if len(named) < 2:
            return named
        full = [p for p in named if _ends_alike(self._keys[p], wanted)]
        return full or named


def _ends_alike(path: str, wanted: str) -> bool:
    """Tell whether one of two paths is the end of the other, with or without the extension."""
    for each in (path, str(PurePosixPath(path).with_suffix(""))):
        if each == wanted or f"/{each}".endswith(f"/{wanted}") or f"/{wanted}".endswith(f"/{each}"):
            return True
    return False


# ---- reading a table ----


def read_table(path: Path) -> Table:
    """Read a CSV or TSV in UTF-8 or UTF-16, whatever parts its columns. Raises InputError where it cannot be read."""
    try:
        content = path.read_bytes()
        text = content.decode(
            "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        )
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        way = f"cannot be read ({reason}); save it as CSV in UTF-8"
        raise unreadable(f"data: the table {str(path)!r}", error, way) from error
    if "\0" in text:
        raise InputError(f"data: the table {str(path)!r} cannot be read (it holds zeros); save it as CSV in UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    said = re.match(r"sep=(.)\n", text, re.IGNORECASE)  # as spreadsheets write it
    text = text[said.end() :] if said else text
    first = text.split("\n", 1)[0]
    delimiter = said[1] if said else max(DELIMITERS, key=first.count)
    lines = quoted_lines(path, text, delimiter)
    numbered = [(line.number + bool(said), [composed(cell.strip()) for cell in line.cells]) for line in lines]
    width = len(numbered[0][1]) if numbered else 0
    for line, row in numbered:
        if any(row[width:]):
            raise InputError(
                f"data: line {line} of {str(path)!r} has {len(row)} cells and the first {width}; "
                "put quotes around a cell that holds the delimiter"
            )
    rows = [(row + [""] * width)[:width] for _, row in numbered]
    return Table(path, tuple(rows[0]) if rows else (), rows[1:])


def tables_in(root: Path, parts: Sequence[Path]) -> list[Path]:
    """The tables that lie in a data folder; if none, in its parts' folders, or in the only folder that it has."""
    entries = list_entries(root)
    folders = [Path(entry.path) for entry in entries if is_folder(entry)]
    for places in ([root], [part for part in parts if part != root], folders if len(folders) == 1 else []):
        found = [Path(e.path) for place in places for e in list_entries(place) if _is_table(e)]
        if found:
            return found
    return []


def _is_table(entry: object) -> bool:
    return entry.name.lower().endswith(SUFFIXES) and is_file(entry)


@dataclass(frozen=True)
class Line:
    """A line of a table, its cells as written."""

    number: int  # from 1: where it starts in its file
    cells: list[str]


def quoted_lines(path: Path, text: str, delimiter: str) -> list[Line]:
    """Rows of a csv. Raises InputError where a quote is not closed, or has swallowed rows."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, start = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append(Line(start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f'{path}, line {start:,}: a quote is opened there and not closed as it should be ({error}); write "" for '
            "a quote within a cell"
        ) from None
    if lines:
        _check_swallowed(path, lines, delimiter)
    return lines


def _check_swallowed(path: Path, lines: list[Line], delimiter: str) -> None:
    """Refuse cells of several lines of which one would be a row of its own, ending or beginning as others do."""
    width = Counter(len(line.cells) for line in lines).most_common(1)[0][0]
    single = [line.cells for line in lines if not any("\n" in cell for cell in line.cells)]
    often = [{v for v, n in Counter(c[i] for c in single if len(c) == width).items() if n > 1} for i in range(width)]
    for line in lines:
        for part in (part for cell in line.cells if "\n" in cell for part in cell.split("\n")[1:]):
            cells = part.split(delimiter)
            if width > 1 and len(cells) >= width and (cells[0] in often[0] or cells[-1] in often[-1]):
                raise InputError(
                    f"{path}, line {line.number:,}: the quote that is opened there swallows "
                    f"{sum(cell.count(chr(10)) for cell in line.cells):,} further lines that look like rows; write "
                    '"" for a quote within a cell, or close it'
                )


# ---- what a table says ----


@dataclass(frozen=True)
class Labelled:
    """What a table says of its files, row by row. label: "" where it has none; part: "" where it tells none."""

    table: Table
    names: list[str]
    labels: list[str]
    parts: list[str]


def understood(table: Table, files: Files, kind: FileKind, sure: bool = False) -> Labelled | None:
    """What a table says of files; None where it names no file or has no labels.

    sure: only a column that is called so counts as one of labels.
    Raises InputError for several labels of one file, and where it is not clear which column the labels are.
    """
    if table.columns and any(files.find(cell) for cell in table.columns if cell):  # there is no line of names
        columns = tuple(
            "label" if k == 1 and len(table.columns) == 2 else f"{k + 1}" for k in range(len(table.columns))
        )
        table = Table(table.path, columns, [list(table.columns), *table.rows])
    key = _file_column(table, files)
    if key is None:
        return None
    split = part_column(table, [k for k in range(len(table.columns)) if k != key])
    others = [k for k, name in enumerate(table.columns) if k not in (key, split) and not _is_counter(table, k)]
    labels = _labels(table, key, others, kind, sure)
    if labels is None:
        return None
    labels = ["" if label.casefold() in NO_LABEL else label for label in labels]
    parts = [part_of(cell) for cell in table.column(split)] if split is not None else [""] * len(table.rows)
    return Labelled(table, table.column(key), labels, parts)


def _file_column(table: Table, files: Files) -> int | None:
    """The column that names most files, in full before without extension; None where none names any."""

    def named(k: int) -> tuple[int, int]:
        found = [(cell, paths[0]) for cell in set(table.column(k)) if cell and (paths := files.find(cell))]
        return len({path for _, path in found}), sum(
            cell.casefold().endswith(path.suffix.lower()) for cell, path in found
        )

    best = max(range(len(table.columns)), key=named, default=None)
    return best if best is not None and named(best)[0] else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def part_column(table: Table, columns: Sequence[int]) -> int | None:
    """Return which column tells the part of the set, train, val or test, that a row is of; None where none does.

    Raises InputError where one tells it in other words than these, for the test set would be lost.
    """
    names = {k: _plain(table.columns[k]) for k in columns}
    split = next((k for k, name in names.items() if name in SPLITS and all(map(part_of, table.column(k)))), None)
    told = next((k for k, name in names.items() if _tells_parts(name, table.column(k))), None)
    if split is None and told is not None:
        found = [cell or "a blank" for cell in sorted(set(table.column(told)))]
        raise InputError(
            f"data: the column {table.columns[told]!r} of {table.name} seems to tell which rows are for testing, with "
            f"{few_of(found)}; call it `split` and write train, val and test there, or take it out"
        )
    return split


def _tells_parts(name: str, cells: Sequence[str]) -> bool:
    """Tell whether a column is one of parts, by its name, or by that and by words among others for parts."""
    if name in ("split", "data_split") or FLAG_OF_PART.fullmatch(name):
        return True
    words = {cell.casefold() for cell in cells}
    short = all(any(word.startswith(part) and len(word) < 9 for word in words) for part in ("tr", "te"))
    return name in SPLITS and bool(cells) and (any(map(part_of, words)) or short)


def check_called_once(table: Table, column: int) -> None:
    """Raise InputError for a column whose name another one has too, with other cells: one alone would be read."""
    for other, name in enumerate(table.columns):
        alike = other != column and _plain(name) == _plain(table.columns[column])
        if alike and table.column(other) != table.column(column):
            raise InputError(
                f"data: {table.name} has two columns {table.columns[column]!r} that differ; rename the one that is not "
                "meant"
            )


def _is_counter(table: Table, k: int) -> bool:
    """Tell whether a column is that of line numbers, which has no name where pandas has written it."""
    return _plain(table.columns[k]) in ("", "unnamed_0", "index")


def _labels(table: Table, key: int, others: list[int], kind: FileKind, sure: bool) -> list[str] | None:
    named = [k for k in others if _plain(table.columns[k]) in LABELS]
    named = named or [k for k in others if WORDS & set(_plain(table.columns[k]).split("_"))]
    flags = [k for k in others if {c.casefold() for c in table.column(k)} <= ON | OFF and any(table.column(k))]
    if "label" in (names := [_plain(table.columns[k]) for k in named]):
        named = [named[names.index("label")]]
    named = _one_of_the_same(table, named)
    for k in (key, *named):
        check_called_once(table, k)
    if len(named) == 1 and (len(flags) < 2 or named[0] not in flags):
        return _one_each(table, key, named[0], kind)
    if not named and len(flags) > 1 and len(flags) == len(others):
        return _from_flags(table, key, flags, kind)
    if sure:
        return None
    if len(others) == 1 and _plain(table.columns[others[0]]) not in NO_LABELS:
        return _one_each(table, key, others[0], kind)
    if not others or len(others) == 1:
        return None
    if len(flags) > 1 and not named:
        return _from_flags(table, key, flags, kind)
    asked = [table.columns[k] for k in named or others]
    raise InputError(
        f"data: {table.name} does not say which of its columns are the labels ({few_of(asked)}); "
        "call the one that is meant `label`"
    )


def _one_of_the_same(table: Table, columns: list[int]) -> list[int]:
    """Of columns that say the same in other words, as numbers and names, the one with names."""
    if len(columns) < 2:
        return columns
    first = columns[0]
    same = all(
        len(set(zip(table.column(first), table.column(k), strict=True)))
        == len(set(table.column(first)))
        == len(set(table.column(k)))
        for k in columns[1:]
    )
    if not same:
        return columns
    return [next((k for k in columns if not all(re.fullmatch(r"[0-9.]*", c) for c in table.column(k))), first)]


def _one_each(table: Table, key: int, k: int, kind: FileKind) -> list[str]:
    """A column's labels, one a row. Raises InputError where a cell holds several."""
    labels = table.column(k)
    known = set(labels)
    for row, label in enumerate(labels):
        for between in SEVERAL:
            pieces = [piece.strip(" '\"[]") for piece in label.split(between)]
            alone = all(piece in known for piece in pieces) or between in "|;"
            listed_so = label.startswith("[") and label.endswith("]")
            if len(pieces) > 1 and all(pieces) and (alone or listed_so):
                raise _several(table, table.rows[row][key], pieces, pieces[0], kind)
    return labels


def _from_flags(table: Table, key: int, flags: list[int], kind: FileKind) -> list[str]:
    """The name of the one column of each row that is 1. Raises InputError where none is, or several are."""
    labels, without = [], []
    for row in table.rows:
        on = [table.columns[k] for k in flags if row[k].casefold() in ON]
        if len(on) > 1:
            raise _several(table, row[key], on, on[0], kind)
        labels.append(on[0] if on else "")
        without += [] if on else [row[key]]
    if without:
        names = [table.columns[k] for k in flags]
        raise InputError(
            f"data: for {printable(without[0])} ({len(without):,} such lines) none of the columns {few_of(names)} of "
            f"{table.name} is 1; add a column for them, choose one column and call it `label`, or take those lines out"
        )
    return labels


def _several(table: Table, file: str, labels: Sequence[str], one: str, kind: FileKind) -> InputError:
    return InputError(
        f"data: {table.name} gives {printable(file)} several labels ({few_of(labels)}), and a study has one per "
        f"{kind.nouns.one}; choose a column: save a table of two, `file` and `label`, in which label answers one "
        f"question alone, as whether it is {one!r}"
    )


# ---- a set with tables ----


def from_tables(root: Path, tables: Sequence[Path], kind: FileKind, on_bad: str) -> Source:
    """Return the set whose labels stand in tables; what none of them names is left out. Raises InputError."""
    walk = Walk(root, kind, [root])
    items = walk.items(root)
    files = Files(items, root)
    found = [said for said in (understood(read_table(path), files, kind) for path in tables) if said]
    if not found:
        many = kind.nouns.many
        raise InputError(
            f"data: no table in {str(root)!r} ({few_of([printable(p.name) for p in tables])}) names its {many} and "
            f"their labels; give one with the columns file and label, or one sub-folder of {many} per class"
        )
    _check_one_a_part(found, root)
    for said in found:
        check_spelling(said.labels, [f"data: {printable(name)} in {said.table.name}" for name in said.names])
    labels, tests, missing = _join(found, files, root, kind)
    if missing and on_bad == "fail":
        are = f" and {len(missing) - 1:,} more are" if len(missing) > 1 else " is"
        raise InputError(
            f"data: {missing[0][0]}{are} {missing[0][1]}; put it back, take its line out of the table, or set "
            f"{kind.on_bad}=skip"
        )
    classes = tuple(sorted(set(labels.values()) - {""}, key=natural_key))
    number = {name: k for k, name in enumerate(classes)}
    kept = [path for path in items if labels.get(path)]
    entries = [entry_of(path, root, number[labels[path]], tests[path]) for path in kept]
    walk.others -= Counter(path.suffix.lower() for path in tables)
    left = walk.left_out() + missing
    if unlabelled := [path for path in items if not labels.get(path)]:
        more = f" and {len(unlabelled) - 1:,} more" if len(unlabelled) > 1 else ""
        first = printable(unlabelled[0].relative_to(root).as_posix())
        left.append((first + more, f"without a label in {listed([said.table.name for said in found])}"))
    return source_of(entries, classes, kind, on_bad, left, any(entry.is_test for entry in entries))


def _check_one_a_part(found: list[Labelled], root: Path) -> None:
    """Refuse two tables that may both be meant: one, or one for each of train, val and test."""
    parts = [_part_of_table(said.table, root) for said in found]
    if len(found) > 1 and ("" in parts or len(set(parts)) < len(parts)):
        names = listed([printable(said.table.path.relative_to(root).as_posix()) for said in found])
        raise InputError(
            f"data: {names} in {str(root)!r} all give labels; keep the one that is meant, or call them train, "
            "val and test"
        )


def _part_of_table(table: Table, root: Path) -> str:
    """The part that a table's folder or name tells, "" where neither does."""
    within = table.path.relative_to(root)
    words = [*within.parts[:-1], *re.split(r"[^a-zA-Z]+", within.stem)]
    return next(filter(None, map(part_of, words)), "")


def _join(
    found: list[Labelled], files: Files, root: Path, kind: FileKind
) -> tuple[dict[Path, str], dict[Path, bool], list[tuple[str, str]]]:
    """Each named file's label and whether it is of the test set; and (name, reason) of those that are not there."""
    labels: dict[Path, str] = {}
    tests: dict[Path, bool] = {}
    missing = []
    for said in found:
        own = _part_of_table(said.table, root)
        for name, label, part in zip(said.names, said.labels, said.parts, strict=True):
            path = _the_file(said.table, name, files, own)
            if path is None:
                missing.append((printable(name), f"named in {said.table.name}, but not there"))
                continue
            if labels.setdefault(path, label) != label:
                raise _several(said.table, name, [labels[path], label], labels[path], kind)
            in_folder = part_of(path.relative_to(root).parts[0]) if len(path.relative_to(root).parts) > 1 else ""
            tests[path] = (part or in_folder or own) == "test"
    return labels, tests, missing


def _the_file(table: Table, name: str, files: Files, part: str) -> Path | None:
    paths = files.find(name) if name else []
    if len(paths) > 1:  # a table of a part means the files of that part
        paths = [p for p in paths if part_of(p.relative_to(files.root).parts[0]) == part] or paths
    if len(paths) > 1:
        raise InputError(
            f"data: {table.name} names {printable(name)!r}, which several files are called; "
            "write the path relative to the data folder"
        )
    return paths[0] if paths else None


def check_tables_agree(root: Path, tables: Sequence[Path], labels: dict[str, str], kind: FileKind) -> None:
    """Refuse class folders beside a table whose labels are others.

    labels: of each file's id, its folder's name. A table is passed over where no column of it is called one of labels,
    or it names fewer than half of the files. Raises InputError.
    """
    files = Files([root / id for id in labels], root)
    for path in tables:
        try:
            said = understood(read_table(path), files, kind, sure=True)
        except InputError:  # it may be about anything
            continue
        if said is None:
            continue
        of = [(p, label) for name, label in zip(said.names, said.labels, strict=True) for p in files.find(name)]
        pairs = {(labels[printable(p.relative_to(root).as_posix())], label) for p, label in of if label}
        names = {b for _, b in pairs}
        renamed = names <= set(labels.values()) and any(a != b for a, b in pairs)  # b for a, where there is a b
        one_to_one = not renamed and len(pairs) == len({a for a, _ in pairs}) == len(names)
        if 2 * len(of) >= len(labels) and not one_to_one:
            raise InputError(
                f"data: {said.table.name} in {str(root)!r} gives other labels than the class folders; move it "
                f"elsewhere if the folders are meant, or all {kind.nouns.many} into one folder if the table is"
            )
