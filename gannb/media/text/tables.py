"""Files of labelled sentences: csv, tsv and jsonl, as rows of text and label with the lines that they stand in.

What cannot be meant is refused in one sentence with file and line. Nothing is guessed in silence: how a file was taken
stands in its notes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gannb.data.contents import of_a_web_server, of_no_medium
from gannb.data.files import part_of
from gannb.data.label_tables import Line, Table, check_called_once, part_column, quoted_lines
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of, nearest

SUFFIXES = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".jsonl": "", ".ndjson": ""}  # of files, and what parts cells
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}  # between cells, and what each is called
TEXT, LABEL = "text", "label"
HEAD = 512  # bytes that tell what a file is
HEADLESS = 0.5  # of the rows: a column of classes has fewer different values than this share


@dataclass(frozen=True)
class Row:
    """A labelled sentence as it stands in a file; `fault`: why it cannot be used, or "" if it can."""

    id: str  # file:line
    text: str
    label: str
    fault: str = ""
    part: str = ""  # of the set, train, val or test; "" where the file does not tell


@dataclass
class Rows:
    """The rows of one or more files, and how these were taken, in sentences."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """What a person says of the columns: names, or numbers from 1; None: `text` and `label`.

    settable: whether that is said of this table: parameters speak of a study's own data alone.
    """

    text: str | None = None
    label: str | None = None
    settable: bool = True

    def way(self, what: str) -> str:
        """Return how a person says which column it is; what: `text` or `label`."""
        return f"set {what}_column" if self.settable else f"call it {what!r} there"


def is_table(name: str) -> bool:
    """Tell whether a file's name is that of a table of sentences."""
    return Path(name).suffix.lower() in SUFFIXES


def read_table(path: Path, columns: Columns = Columns()) -> Rows:
    """Read one file. Raises InputError where it, as a whole, cannot be meant."""
    text, notes = decoded(path)
    if not text.strip():
        raise InputError(f"{path} holds no rows; give a header `{TEXT}`, `{LABEL}` and a row for each sentence")
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return Rows(list(_of_json(path, text, columns)), notes)
    lines, delimiter = _lines(path, text)
    usual = SUFFIXES[path.suffix.lower()]
    notes += [f"{path.name}: its cells are parted by {delimiter!r}."] if delimiter != usual else []
    return _rows(path, lines, columns, delimiter, notes)


def read_texts(path: Path) -> Rows:
    """Read the sentences of one file without any labels: its column `text`, or the only one. Raises InputError."""
    text, notes = decoded(path)
    suffix = path.suffix.lower()
    if not text.strip():
        return Rows([], notes)
    if suffix in (".jsonl", ".ndjson"):
        return Rows([_text_of_json(path, number, given) for number, given in _objects(path, text)], notes)
    tabs = SUFFIXES[suffix] == "\t"  # a single column has none, and commas then are the sentences' own
    lines, delimiter = (plain_lines(text), "\t") if tabs else _lines(path, text)
    return Rows(_texts(path, lines, delimiter), notes)


# ---- bytes ----


def decoded(path: Path) -> tuple[str, list[str]]:
    """Return a file's text, and what to say of its encoding. Raises InputError where it is neither UTF-8 nor UTF-16."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"data: {path} cannot be read ({error.strerror}); check its name and permissions") from error
    if content and (fault := of_no_medium(content[:HEAD], "file")):
        raise InputError(f"{path} cannot be used: {fault}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _checked(path, content.decode("utf-16")), [f"{path.name} is UTF-16."]
        except UnicodeDecodeError:
            raise InputError(f"{path} begins as UTF-16 and is damaged; save it again as UTF-8") from None
    try:
        return _checked(path, content.decode("utf-8-sig")), []
    except UnicodeDecodeError as error:
        line, byte = content[: error.start].count(b"\n") + 1, content[error.start]
        raise InputError(
            f"{path}, line {line:,}: byte {byte:#04x} is not UTF-8 (a file of Windows, cp1252?); save the file as UTF-8"
        ) from None


def _checked(path: Path, text: str) -> str:
    """Return a text that holds no NUL, which stands in no sentence."""
    if (at := text.find("\0")) >= 0:
        many = text.count("\0") > len(text) / 4
        what = "NULs between its letters (UTF-16 without a mark?)" if many else "a NUL character"
        raise InputError(f"{path}, line {text.count(chr(10), 0, at) + 1:,}: it has {what}; save the file as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# ---- lines ----


def plain_lines(text: str) -> list[Line]:
    """Lines parted by tabs, in which a quote is a quote: quoting would merge rows where a sentence has but one."""
    lines = [Line(n, line.split("\t")) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    quoted = all(cell.startswith('"') and cell.endswith('"') and len(cell) > 1 for line in lines for cell in line.cells)
    if not quoted:
        return lines
    return [Line(line.number, [cell[1:-1].replace('""', '"') for cell in line.cells]) for line in lines]


def _lines(path: Path, text: str) -> tuple[list[Line], str]:
    """Return the lines of a csv or tsv, and what parts their cells: a first line `sep=;` of Excel's says so."""
    if fault := of_a_web_server(text[:HEAD].encode(errors="replace"), "table"):
        raise InputError(f"{path} cannot be used: {fault}")
    usual = SUFFIXES[path.suffix.lower()]
    said = re.match(r"sep=(.)\n", text, re.IGNORECASE)
    delimiter = said[1] if said else _delimiter(text, usual)
    lines = plain_lines(text) if usual == delimiter == "\t" else quoted_lines(path, text, delimiter)
    return lines[1:] if said else lines, delimiter


def _delimiter(text: str, usual: str) -> str:
    """Return what parts the cells of a table: the one that its first line has most of; of a tsv tabs, if it has any."""
    first = text.split("\n", 1)[0]
    if usual == "\t" and usual in first:
        return usual
    return max(DELIMITERS, key=lambda mark: (first.count(mark), mark == usual))


# ---- columns ----


def _rows(path: Path, lines: list[Line], columns: Columns, delimiter: str, notes: list[str]) -> Rows:
    text, label, header, said = _found_columns(path, lines, columns)
    width, split = len(lines[0].cells), _split(path, lines, (text, label)) if header else None
    rows = []
    for line in lines[header:]:
        if len(line.cells) != width:
            rows.append(_of_another_width(path, line, width, delimiter))
        else:
            part = "" if split is None else part_of(line.cells[split])
            rows.append(Row(f"{path.name}:{line.number}", line.cells[text], line.cells[label], part=part))
    _check_not_numbers(path, rows, columns)
    return Rows(rows, [*notes, *said])


def _split(path: Path, lines: list[Line], taken: Sequence[int]) -> int | None:
    """Return the column that tells which rows are for testing; None where there is none. Raises InputError."""
    names = [cell.strip() for cell in lines[0].cells]
    rows = [[cell.strip() for cell in line.cells] for line in lines[1:] if len(line.cells) == len(names)]
    table = Table(path, tuple(names), rows)
    for column in taken:
        check_called_once(table, column)
    return part_column(table, [k for k in range(len(names)) if k not in taken])


def _texts(path: Path, lines: list[Line], delimiter: str) -> list[Row]:
    """Return the rows of a table without labels. Raises InputError where several columns are none called `text`."""
    names = [cell.strip().lower() for cell in lines[0].cells] if lines else []
    if len(names) > 1 and TEXT not in names:
        raise InputError(f"{path}, line {lines[0].number}: there is no column {TEXT!r}; call that of the sentences so")
    at, width = (names.index(TEXT), len(names)) if TEXT in names else (0, len(names))
    rows = [
        Row(f"{path.name}:{line.number}", line.cells[at], "")
        if len(line.cells) == width
        else _of_another_width(path, line, width, delimiter)
        for line in lines[TEXT in names :]
    ]
    _check_not_numbers(path, rows, Columns(settable=False))
    return rows


def _of_another_width(path: Path, line: Line, width: int, delimiter: str) -> Row:
    """Return a row that cannot be used, since it has more or fewer cells than the first line."""
    mark = DELIMITERS.get(delimiter, repr(delimiter))
    fault = f"it has {len(line.cells)} cells and the first line has {width}; a {mark} within a sentence?"
    return Row(f"{path.name}:{line.number}", "", "", fault)


def _found_columns(path: Path, lines: list[Line], columns: Columns) -> tuple[int, int, int, list[str]]:
    """Return the positions of text and label, the number of header lines (0 or 1), and what to say."""
    first = [cell.strip() for cell in lines[0].cells]
    names = [cell.lower() for cell in first]
    asked = [columns.text or TEXT, columns.label or LABEL]
    named = [name.lower() in names for name in asked]
    numbered = [given is not None and _is_number(given, first) for given in (columns.text, columns.label)]
    if all(known or by_number for known, by_number in zip(named, numbered, strict=True)):
        at = [names.index(n.lower()) if n.lower() in names else _position(path, n, first) for n in asked]
        header = any(named) or _is_header(lines, at[1])
        return at[0], at[1], int(header), [] if header else [f"{path.name} has no header."]
    if columns.text is None and columns.label is None and len(first) == 2:
        return _of_two(path, lines, columns)
    what, missing = next(pair for pair in zip((TEXT, LABEL), asked, strict=True) if pair[1].lower() not in names)
    hint = nearest(missing, first) or f"the columns are {few_of([repr(name) for name in first])}"
    raise InputError(f"{path}, line {lines[0].number}: there is no column {missing!r}; {columns.way(what)} ({hint})")


def _is_number(given: str, first: Sequence[str]) -> bool:
    return given.isdecimal() and given not in first


def _position(path: Path, given: str, first: Sequence[str]) -> int:
    if not 1 <= int(given) <= len(first):
        raise InputError(f"{path}, line 1: there is no column number {given}; it has {len(first)} columns")
    return int(given) - 1


def _is_header(lines: list[Line], label: int) -> bool:
    """Tell whether the first line names columns: what it has for a class, no other row has."""
    others = {line.cells[label] for line in lines[1:] if len(line.cells) > label}
    return len(lines) > 1 and lines[0].cells[label] not in others


def _of_two(path: Path, lines: list[Line], columns: Columns) -> tuple[int, int, int, list[str]]:
    """Return the same of two columns that are not called text and label: the class has the fewer different values."""
    pairs = [line.cells for line in lines if len(line.cells) == 2]
    different = [len({pair[i].strip() for pair in pairs}) for i in (0, 1)]
    label = int(different[1] < different[0])
    if different[label] > max(2, HEADLESS * len(pairs)) or different[0] == different[1]:
        raise InputError(
            f"{path}, line {lines[0].number}: it names no columns `{TEXT}` and `{LABEL}`, and neither column looks "
            f"like one of classes; add a header{', or set text_column and label_column, as 1 and 2' * columns.settable}"
        )
    header = _is_header(lines, label)
    seen = different[label] - header
    said = f"{path.name} has no columns `{TEXT}` and `{LABEL}`: its {'first second'.split()[label]} column, which has "
    said += f"{seen:,} different values, is taken for the classes"
    said += f", and line {lines[0].number} for a header." if header else "; there is no header."
    return 1 - label, label, int(header), [said]


def _check_not_numbers(path: Path, rows: Sequence[Row], columns: Columns) -> None:
    """Refuse a column of numbers: sentences have letters."""
    texts = [row.text for row in rows if row.text.strip()]
    if texts and not any(c.isalpha() for text in texts for c in text):
        raise InputError(
            f"{path}, line {rows[0].id.rpartition(':')[2]} and on: the sentences are {texts[0]!r} and the like, "
            f"without any letter; if the sentences are in another column, {columns.way(TEXT)}"
        )


# ---- jsonl ----


def _objects(path: Path, text: str) -> Iterator[tuple[int, dict]]:
    """The JSON objects of a file that has one on every line, with the numbers of the lines. Raises InputError."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError) as error:
            why = error if isinstance(error, ValueError) else "lists within lists without an end"
            raise InputError(f"{path}, line {number:,}: it is no JSON ({why}); write one object a line") from None
        if not isinstance(given, dict):
            raise InputError(f'{path}, line {number:,}: it is no JSON object; write {{"text": ..., "label": ...}}')
        yield number, given


def _text_of_json(path: Path, number: int, given: dict) -> Row:
    """Return a row without a label. Raises InputError where the object has no text."""
    if TEXT not in given:
        raise InputError(f"{path}, line {number:,}: there is no {TEXT!r}; call the sentences so")
    return _json_row(f"{path.name}:{number}", given[TEXT], "")


def _of_json(path: Path, text: str, columns: Columns) -> Iterator[Row]:
    """Rows of a file with a JSON object on every line."""
    asked = [columns.text or TEXT, columns.label or LABEL]
    objects = list(_objects(path, text))
    split = _split_of_json(path, [given for _, given in objects], asked)
    for number, given in objects:
        missing = [(what, name) for what, name in zip((TEXT, LABEL), asked, strict=True) if name not in given]
        if missing:
            what, name = missing[0]
            hint = nearest(name, given) or f"the names are {few_of([repr(n) for n in given])}"
            raise InputError(f"{path}, line {number:,}: there is no {name!r}; {columns.way(what)} ({hint})")
        row = _json_row(f"{path.name}:{number}", given[asked[0]], given[asked[1]])
        yield replace(row, part=part_of(str(given[split]))) if split else row


def _split_of_json(path: Path, objects: Sequence[dict], taken: Sequence[str]) -> str:
    """Return the name under which every object tells the part of the set; "" where none does. Raises InputError."""
    names = [name for name in (objects[0] if objects else ()) if name not in taken]
    names = [name for name in names if all(isinstance(given.get(name), str) for given in objects)]
    table = Table(path, tuple(names), [[given[name].strip() for name in names] for given in objects])
    found = part_column(table, range(len(names)))
    return "" if found is None else names[found]


def _json_row(id: str, text: object, label: object) -> Row:
    if not isinstance(text, str):
        return Row(id, "", "", f"its sentence is {json.dumps(text)[:40]} and no text")
    if isinstance(label, bool) or not isinstance(label, str | int):
        return Row(id, "", "", f"its class is {json.dumps(label)[:40]} and no name")
    return Row(id, text, str(label))
