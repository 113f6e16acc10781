"""Files of captions: csv, jsonl and json in several layouts, as rows of file, caption and class with where each stands.

What cannot be meant is refused in one sentence with file and line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gannb.data.label_tables import Line, quoted_lines
from gannb.media.image.sources.files import FILES
from gannb.media.text.tables import decoded, plain_lines
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of

CELLS = (".csv", ".tsv", ".tab", ".txt", ".token")  # files of rows of cells
LINES = (".jsonl", ".ndjson")  # files with a JSON object on every line
SUFFIXES = (*CELLS, *LINES, ".json")
FILE = "file file_name filename file_path filepath image image_name image_file image_path img path name".split()
CAPTION = "caption captions text sentence sentences raw description prompt comment".split()
CLASS = "class label category class_name label_name".split()
SPLIT = "split part subset partition".split()
TABBED = (".tsv", ".tab", ".token")
NUMBERED = re.compile("#[0-9]+$")  # of the captions of an image, as Flickr8k numbers them: `a.jpg#0`
WAY = "give the columns file and caption, and class unless the images lie in a folder per class"


@dataclass(frozen=True)
class Told:
    """What a row tells of an image; `label` and `part` ("train", "test") are "" where it tells none."""

    file: str
    caption: str
    label: str
    part: str
    where: str  # "captions.csv, line 3", with the file's whole path
    folder: Path  # of the table, which a file's path may start from


def read_table(path: Path) -> list[Told]:
    """Read a file of captions, one row for each caption. Raises InputError where it, as a whole, cannot be meant."""
    told = [each for record, where in records(path, FILE, CAPTION, WAY) for each in _of_record(record, where, path)]
    if not told:
        raise InputError(f"{path} holds no caption; {WAY}")
    return told


def records(
    path: Path, first: Sequence[str], second: Sequence[str], way: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The rows of a file, each as values by plain name ("file_name"), and where it stands.

    first, second: the names that the two columns may have without which a table cannot be meant. Raises InputError.
    """
    text, _ = decoded(path)
    if not text.strip():
        raise InputError(f"{path} is empty; {way}")
    if path.suffix.lower() in LINES:
        found = _of_json_lines(path, text)
    elif path.suffix.lower() == ".json":
        found = _of_json(path, text, way)
    else:
        yield from _of_cells(path, text, first, second, way)
        return
    for record, where in found:
        if not isinstance(record, dict):
            raise InputError(f'{where}: it is no JSON object; write {{"{first[0]}": ..., "{second[0]}": ...}}')
        yield {_plain(name): value for name, value in record.items()}, where


def value_of(record: Mapping[str, Any], names: Sequence[str]) -> Any:
    """What a record has under the first of some names that it has; None where it has none of them."""
    return next((record[name] for name in names if record.get(name) is not None), None)


def names_captions(path: Path) -> bool:
    """Tell whether a table's first line names a column of captions, beside one of files."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
        names = json.loads(first) if path.suffix.lower() in LINES else re.split("[,;|\t]", first)
    except (OSError, ValueError, RecursionError):
        return False
    keys = set(map(_plain, names)) if isinstance(names, dict | list) else set()
    return bool(keys & set(FILE)) and bool(keys & set(CAPTION))


# ---- cells ----


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).casefold()).strip("_")


def _of_cells(
    path: Path, text: str, first: Sequence[str], second: Sequence[str], way: str
) -> Iterator[tuple[Mapping[str, Any], str]]:
    said = re.match(r"sep=(.)\n", text, re.IGNORECASE)  # as spreadsheets write it; its line counts
    delimiter = said[1] if said else _delimiter(path, text.split("\n", 1)[0], first, second)
    text = text[said.end() - 1 :] if said else text
    lines = plain_lines(text) if delimiter == "\t" else quoted_lines(path, text, delimiter)
    names, rows = _columns(path, lines, first, second, way)
    for line in rows:
        where, n = f"{path}, line {line.number:,}", len(line.cells)
        if n != len(names):
            mend = "put quotes around a caption that holds one" if n > len(names) else way
            raise InputError(
                f"{where}: it has {n} cells and the first line has {len(names)}, parted by {delimiter!r}; {mend}"
            )
        yield dict(zip(names, (cell.strip() for cell in line.cells), strict=True)), where


def _delimiter(path: Path, line: str, first: Sequence[str], second: Sequence[str]) -> str:
    """Return what parts the cells, by a file's first line: the mark that makes the two columns of it, or most cells."""
    for mark in ",;\t|":
        names = set(map(_plain, line.split(mark)))
        if names & set(first) and names & set(second):
            return mark
    if "\t" in line and (path.suffix.lower() in TABBED or _is_file(line.split("\t")[0])):
        return "\t"
    return max(",;\t|", key=lambda mark: (line.count(mark), mark == ","))


def _is_file(cell: str) -> bool:
    return FILES.is_item(NUMBERED.sub("", cell.strip()))


def _columns(
    path: Path, lines: Sequence[Line], first: Sequence[str], second: Sequence[str], way: str
) -> tuple[list[str], Sequence[Line]]:
    """The plain names of the columns, and the rows below the header, which may be wanting where files stand first."""
    names = [_plain(cell) for cell in lines[0].cells]
    if set(names) & set(first) and set(names) & set(second):
        return names, lines[1:]
    if first is FILE and _is_file(lines[0].cells[0]) and len(names) in (2, 3):
        return ["file", "caption", "class"][: len(names)], lines
    missing = second[0] if set(names) & set(first) else first[0]
    raise InputError(
        f"{path}, line {lines[0].number}: there is no column {missing!r} (the columns are "
        f"{few_of([repr(cell.strip()) for cell in lines[0].cells])}); {way}"
    )


# ---- json ----


def _of_json_lines(path: Path, text: str) -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{path}, line {number:,}"
            try:
                yield json.loads(line, object_pairs_hook=_once), where
            except (ValueError, RecursionError) as error:
                raise InputError(f"{where}: it is no JSON ({error}); write one object a line") from None


def _of_json(path: Path, text: str, way: str) -> Iterator[tuple[Any, str]]:
    try:
        given = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path}, line {line:,}: it is no JSON ({getattr(error, 'msg', error)}); mend it") from None
    if isinstance(given, dict) and isinstance(given.get("images"), list):
        if isinstance(given.get("annotations"), list):
            return _of_coco(path, given)
        return ((each, f"{path}, image {i + 1:,}") for i, each in enumerate(given["images"]))  # Karpathy's splits
    if isinstance(given, dict):
        return ((_named(name, value), f"{path}, {name!r}") for name, value in given.items())
    if isinstance(given, list):
        return ((value, f"{path}, line {line:,}") for value, line in zip(given, _lines_of(text), strict=False))
    raise InputError(f"{path}: it is neither a list of objects nor one object; {way}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some pairs. Raises ValueError where a name stands twice, of which the last would count alone."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name!r} stands twice in one object")
        found[name] = value
    return found


def _named(name: str, value: Any) -> Any:
    """The record that stands under a file's name: a caption, several, or what has them and more."""
    return {"file": name, **value} if isinstance(value, dict) else {"file": name, "caption": value}


def _lines_of(text: str) -> Iterator[int]:
    """The lines in which the elements of a list begin, one after the other."""
    decoder, at = json.JSONDecoder(), text.find("[") + 1
    while True:
        while at < len(text) and text[at] in " \t\n\r,":
            at += 1
        try:
            _, end = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield text.count("\n", 0, at) + 1
        at = end


def _of_record(given: Mapping[str, Any], where: str, path: Path) -> Iterator[Told]:
    """The rows of one record: as many as it has captions."""
    file, caption, part = (value_of(given, names) for names in (FILE, CAPTION, SPLIT))
    if not isinstance(file, str) or caption is None:
        missing = "caption" if isinstance(file, str) else "file"
        raise InputError(f"{where}: it has no {missing!r} (its names are {few_of([repr(n) for n in given])}); {WAY}")
    label = label_of(given, where)
    for each in caption if isinstance(caption, list) else [caption]:
        part = str(part or "").strip().removeprefix("rest")  # Karpathy's restval are for training
        yield Told(file, _sentence(each, where), label, part, where, path.parent)


def _sentence(given: Any, where: str) -> str:
    found = value_of(given, CAPTION) if isinstance(given, dict) else given
    if not isinstance(found, str):
        raise InputError(f"{where}: its caption is {json.dumps(found)[:40]} and no text; write a sentence")
    return found


def label_of(record: Mapping[str, Any], where: str) -> str:
    """The class that a record tells, "" where it tells none. Raises InputError where it is no name."""
    label = value_of(record, CLASS)
    if label is not None and (isinstance(label, bool) or not isinstance(label, str | int)):
        raise InputError(f"{where}: its class is {json.dumps(label)[:40]} and no name; write a text")
    return "" if label is None else str(label).strip()


def _of_coco(path: Path, given: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Captions as COCO has them: `images` with an id and a file name, `annotations` with an image_id and a caption."""
    images = {_got(path, "images", i, each, "id"): (i, each) for i, each in enumerate(given["images"])}
    names = {each.get("id"): each.get("name") for each in given.get("categories", []) if isinstance(each, dict)}
    for i, each in enumerate(given["annotations"]):
        image, caption = (_got(path, "annotations", i, each, name) for name in ("image_id", "caption"))
        where = f"{path}, annotation {each.get('id', i)}"
        if image not in images:
            raise InputError(f"{where}: there is no image of the id {image!r} in `images`; add it, or take this out")
        file = _got(path, "images", *images[image], "file_name")
        label = names.get(each.get("category_id")) or value_of(images[image][1], CLASS)
        yield {"file": file, "caption": caption, "class": label}, where


def _got(path: Path, what: str, i: int, record: Any, name: str) -> Any:
    if not isinstance(record, dict) or name not in record:
        way = " (boxes or outlines of COCO rather than its captions?)" if name == "caption" else ""
        raise InputError(f"{path}: the {i + 1:,}th of `{what}` has no `{name}`{way}; give COCO's file of captions")
    return record[name]
