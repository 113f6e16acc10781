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

from gannb.media.image.sources.files import FILES
from gannb.media.text.tables import Line, decoded, plain_lines, quoted_lines
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of

CELLS = (".csv", ".tsv", ".tab", ".txt", ".token")  # files of rows of cells
LINES = (".jsonl", ".ndjson")  # files with a JSON object on every line
SUFFIXES = (*CELLS, *LINES, ".json")
FILE = "file file_name filename file_path filepath image image_name image_file image_path img path name".split()
CAPTION = "caption captions text sentence sentences raw description prompt comment".split()
CLASS = "class label category class_name label_name".split()
SPLIT = "split part subset partition".split()
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
    text, _ = decoded(path)
    if not text.strip():
        raise InputError(f"{path} is empty; {WAY}")
    suffix = path.suffix.lower()
    if suffix in LINES:
        told = list(_of_json_lines(path, text))
    else:
        told = _of_json(path, text) if suffix == ".json" else list(_of_cells(path, text))
    if not told:
        raise InputError(f"{path} holds no caption; {WAY}")
    return told


def names_captions(path: Path) -> bool:
    """Tell whether a table's first line names a column of captions, beside one of files."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
        names = json.loads(first) if path.suffix.lower() in LINES else re.split("[,;|\t]", first)
    except (OSError, ValueError):
        return False
    keys = set(map(_plain, names)) if isinstance(names, dict | list) else set()
    return bool(keys & set(FILE)) and bool(keys & set(CAPTION))


# ---- cells ----


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).casefold()).strip("_")


def _of_cells(path: Path, text: str) -> Iterator[Told]:
    delimiter = max(",;\t|", key=lambda mark: (text.split("\n", 1)[0].count(mark), mark == ","))
    lines = plain_lines(text) if delimiter == "\t" else quoted_lines(path, text, delimiter)
    columns, rows = _columns(path, lines)
    width = len(lines[0].cells)
    for line in rows:
        where = f"{path}, line {line.number:,}"
        if len(line.cells) != width:
            way = "put quotes around a caption that holds one" if len(line.cells) > width else WAY
            raise InputError(
                f"{where}: it has {len(line.cells)} cells and the first line has {width}, parted by {delimiter!r}; {way}"
            )
        yield Told(*(line.cells[k].strip() if k is not None else "" for k in columns), where, path.parent)


def _columns(path: Path, lines: Sequence[Line]) -> tuple[list[int | None], Sequence[Line]]:
    """The positions of file, caption, class and split, None where there is none, and the rows below the header."""
    names = [_plain(cell) for cell in lines[0].cells]
    at = [next((names.index(name) for name in known if name in names), None) for known in (FILE, CAPTION, CLASS, SPLIT)]
    if at[0] is not None and at[1] is not None:
        return at, lines[1:]
    first = re.sub("#[0-9]+$", "", lines[0].cells[0].strip())
    if FILES.is_item(first) and len(names) in (2, 3):  # there is no header
        return [0, 1, 2 if len(names) == 3 else None, None], lines
    missing = "file" if at[0] is None else "caption"
    raise InputError(
        f"{path}, line {lines[0].number}: there is no column {missing!r} (the columns are "
        f"{few_of([repr(cell.strip()) for cell in lines[0].cells])}); {WAY}"
    )


# ---- json ----


def _of_json_lines(path: Path, text: str) -> Iterator[Told]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{path}, line {number:,}"
            try:
                given = json.loads(line)
            except ValueError as error:
                raise InputError(f"{where}: it is no JSON ({error}); write one object a line") from None
            yield from _of_record(given, where, path.parent)


def _of_json(path: Path, text: str) -> list[Told]:
    try:
        given = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise InputError(f"{path}, line {line:,}: it is no JSON ({getattr(error, 'msg', error)}); mend it") from None
    if isinstance(given, dict) and isinstance(given.get("annotations"), list) and isinstance(given.get("images"), list):
        return list(_of_coco(path, given))
    if isinstance(given, dict) and isinstance(given.get("images"), list):  # Karpathy's splits
        given = given["images"]
    if isinstance(given, dict):
        records = ((_named(name, value), f"{path}, {name!r}") for name, value in given.items())
    elif isinstance(given, list):
        records = ((value, f"{path}, line {line:,}") for value, line in zip(given, _lines_of(text), strict=False))
    else:
        raise InputError(f'{path}: it is neither a list of {{"file", "caption"}} nor one object; {WAY}')
    return [told for record, where in records for told in _of_record(record, where, path.parent)]


def _named(name: str, value: Any) -> Any:
    """The record that stands under a file's name: a caption, several, or what has them and more."""
    return {"file": name, **value} if isinstance(value, dict) else {"file": name, "caption": value}


def _lines_of(text: str) -> Iterator[int]:
    """The lines in which the elements of a list begin, one after the other; line 1 for all where it is nested."""
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


def _of_record(given: Any, where: str, folder: Path) -> Iterator[Told]:
    """The rows of one record: as many as it has captions."""
    if not isinstance(given, dict):
        raise InputError(f'{where}: it is no JSON object; write {{"file": ..., "caption": ...}}')
    found = {name: next((given[k] for k in given if _plain(k) == name), None) for name in map(_plain, given)}
    file, caption, label, part = (
        next((found[name] for name in known if found.get(name) is not None), None)
        for known in (FILE, CAPTION, CLASS, SPLIT)
    )
    if not isinstance(file, str) or caption is None:
        missing = "caption" if isinstance(file, str) else "file"
        raise InputError(f"{where}: it has no {missing!r} (its names are {few_of([repr(n) for n in given])}); {WAY}")
    if label is not None and (isinstance(label, bool) or not isinstance(label, str | int)):
        raise InputError(f"{where}: its class is {json.dumps(label)[:40]} and no name; write a text")
    for each in caption if isinstance(caption, list) else [caption]:
        each = each.get("raw", each.get("caption")) if isinstance(each, dict) else each
        if not isinstance(each, str):
            raise InputError(f"{where}: its caption is {json.dumps(each)[:40]} and no text; write a sentence")
        name = "" if label is None else str(label).strip()
        yield Told(file, each, name, str(part or "").strip().removeprefix("rest"), where, folder)  # Karpathy's restval


def _of_coco(path: Path, given: Mapping[str, Any]) -> Iterator[Told]:
    """Captions as COCO has them: `images` with an id and a file name, `annotations` with an image_id and a caption."""
    files = {_got(path, "images", i, each, "id"): _got(path, "images", i, each, "file_name")
             for i, each in enumerate(given["images"])}  # fmt: skip
    names = {each.get("id"): str(each.get("name")) for each in given.get("categories", []) if isinstance(each, dict)}
    classes = {each["id"]: str(each[k]) for each in given["images"] for k in CLASS if k in each}
    for i, each in enumerate(given["annotations"]):
        image, where = _got(path, "annotations", i, each, "image_id"), f"{path}, annotation {each.get('id', i)}"
        if image not in files:
            raise InputError(f"{where}: there is no image of the id {image!r} in `images`; add it, or take this out")
        label = names.get(each.get("category_id"), "") or classes.get(image, "")
        yield Told(files[image], str(_got(path, "annotations", i, each, "caption")), label, "", where, path.parent)


def _got(path: Path, what: str, i: int, record: Any, name: str) -> Any:
    if not isinstance(record, dict) or name not in record:
        way = " (boxes or outlines of COCO rather than its captions?)" if name == "caption" else ""
        raise InputError(f"{path}: the {i + 1:,}th of `{what}` has no `{name}`{way}; give COCO's file of captions")
    return record[name]
