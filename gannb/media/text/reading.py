"""Reading sentences: checked, cut to one length, duplicates on one side, with a fingerprint.

`read` takes a csv, tsv or jsonl, a folder with `train` and `test` files of these, a folder with a sub-folder of .txt
files per class (or train/ and test/ of such), or a folder with a .txt per class that has a sentence on each line.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gannb.data.assembly import Links, assemble, identical, linked
from gannb.data.examples import Dataset, Examples, without_labels
from gannb.data.files import PARTS, FileKind, list_entries, natural_key, not_read, path_of, walk
from gannb.data.folders import from_folder
from gannb.data.groups import group_finder
from gannb.data.source import DENIED, BadItem, Source, check_counts, check_spelling, refuse_or_list
from gannb.media.text.parameters import MAX_TOKENS, MOST_CHARACTERS, NAME, NOUNS
from gannb.media.text.tables import Columns, Row, Rows, decoded, is_table, read_table, read_texts
from gannb.media.text.tokens import array, key, spans, words_key
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, printable

TEXT_FILES = frozenset({".txt"})
LONGEST = 20_000  # characters of a sentence, from where on it is a fault of the file and none is cut off
ON_BAD = "on_bad_text"
WAYS = "give a .csv, .tsv or .jsonl of `text` and `label`, or a folder of .txt files per class"
WAYS_UNLABELLED = (
    "give a .csv, .tsv or .jsonl with `text`, or a folder of such or of .txt files, a sentence on each line"
)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")


def recognises(data: str) -> bool:
    """Tell whether sentences lie at `data`, by names alone."""
    path = Path(data).expanduser()
    if path.is_file():
        return is_table(path.name)
    if not path.is_dir():
        return is_table(path.name)
    return bool(_tables_of(path)) or next(_first_texts(path, 3), None) is not None


def _first_texts(folder: Path, depth: int) -> Iterable[Path]:
    """The .txt files of a folder, or below it down to a depth, where no other items lie."""
    entries = list_entries(folder)
    files = [e for e in entries if e.is_file()]
    if files:
        yield from (Path(e.path) for e in files if Path(e.name).suffix.lower() in TEXT_FILES)
    elif depth > 1:
        for entry in entries[:1]:
            yield from _first_texts(Path(entry.path), depth - 1)


def read(
    data: str,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    max_tokens: int = MAX_TOKENS,
    groups: str | None = None,
    on_bad_text: str = "fail",
) -> Dataset:
    """Read, check, cut and group a labelled set of sentences; see `TextParameters` for what the parameters mean.

    Blanks at both ends and doubled ones are taken away, accents composed; nothing else of a sentence is changed.
    Sentences that differ by letter case, blanks and punctuation alone stay on one side of every split. Raises
    InputError, in a sentence with file and line.
    """
    find_groups = group_finder(groups)
    source, notes = _source(data, Columns(text_column, label_column), on_bad_text)
    check_counts(source, data)
    named = find_groups(source.ids)
    texts = [source.load(i)[0] for i in range(len(source.ids))]
    x, brought_to = _brought_to(texts, max_tokens)
    same = identical(key(text).encode() for text in texts)
    found = linked(source, same, Links(_near(texts, same), np.empty((0, 2), np.int64)), named)
    return assemble(
        NAME, data, source, x, [_digest(text) for text in texts], found,
        shapes=_lengths(texts), modes={"UTF-8": len(texts)}, brought_to=" ".join([brought_to, *notes]),
        traits={"max_tokens": max_tokens},
    )  # fmt: skip


def read_like(data: str, max_tokens: int, on_bad_text: str) -> tuple[Examples, str]:
    """Read labelled sentences of any of the forms, cut as others are; and how, in a sentence. Raises InputError."""
    return _like(*_source(data, Columns(settable=False), on_bad_text), max_tokens)


def read_unlabelled(data: str, max_tokens: int, on_bad_text: str) -> tuple[Examples, str]:
    """Read sentences without their labels, cut as others are; and how, in a sentence. Raises InputError.

    data: a table, or a folder with tables, and .txt files with a sentence on each line, at any depth. Of a table the
    column `text` is read, or its only one. All are of one class, which has no name.
    """
    path = path_of(data, WAYS_UNLABELLED)
    files = [file for file in walk(path) if _holds_sentences(file)] if path.is_dir() else [path]
    if not files or not _holds_sentences(files[0]):
        raise InputError(f"data: {data!r} holds no sentences; {WAYS_UNLABELLED}")
    parts = [(_unlabelled(file, path if path.is_dir() else path.parent), False) for file in files]
    found, brought = _like(*_of_rows(parts, on_bad_text, data), max_tokens)
    return without_labels(found), brought


def _holds_sentences(file: Path) -> bool:
    return is_table(file.name) or file.suffix.lower() in TEXT_FILES


def _unlabelled(file: Path, root: Path) -> Rows:
    """The sentences of a file, their ids from the folder `root` on; all of one class."""
    found = read_texts(file) if is_table(file.name) else _lines_of(file)
    within = file.relative_to(root).parent
    rows = [replace(row, id=(within / row.id).as_posix(), label="unlabelled") for row in found.rows]
    return Rows(rows, found.notes)


def _like(source: Source, notes: list[str], max_tokens: int) -> tuple[Examples, str]:
    """Return the sentences of a source, cut as others are; and how, in a sentence."""
    texts = [source.load(i)[0] for i in range(len(source.ids))]
    x, brought_to = _brought_to(texts, max_tokens)
    found = Examples(x, source.y, source.classes, np.array(source.ids, str), np.arange(len(x)))
    return found, " ".join([brought_to, *notes]) if texts else ""


def _near(texts: Sequence[str], same: np.ndarray) -> np.ndarray:
    """Return (N,) labels that sentences of the same words share; of identical ones the first has a say alone."""
    near = identical(words_key(text).encode() for text in texts)
    return np.where(same == np.arange(len(texts)), near, np.arange(len(texts)))


# ---- where they lie ----


def _source(data: str, columns: Columns, on_bad: str) -> tuple[Source, list[str]]:
    path = path_of(data, WAYS)
    if not path.is_dir():
        if not is_table(path.name):
            raise not_read(data, WAYS)
        return _of_rows([(read_table(path, columns), False)], on_bad, data)
    if tables := _tables_of(path):
        return _of_rows([(read_table(file, columns), is_test) for file, is_test in tables], on_bad, data)
    if lists := _lists_of(path):
        return _of_rows([(_lines_of(file), False) for file in lists], on_bad, data)
    kind = FileKind(NOUNS, TEXT_FILES, frozenset(), _header, _decode, ON_BAD)
    source = from_folder(path, kind, on_bad)
    return _checked_texts(source, on_bad), []


def _tables_of(folder: Path) -> list[tuple[Path, bool]]:
    """The tables of a folder, train before validation before test, and whether each is the test set.

    Raises InputError where there are tables and none is called train, or there are two of a part.
    """
    files = [Path(e.path) for e in list_entries(folder) if e.is_file() and is_table(e.name)]
    if len(files) == 1 and files[0].stem.lower() not in PARTS["test"]:
        return [(files[0], False)]
    found = {part: [file for file in files if file.stem.lower() in names] for part, names in PARTS.items()}
    if files and not found["train"]:
        names = ", ".join(file.name for file in files[:3])
        raise InputError(f"data: {str(folder)!r} holds {names} and no file called train; name the one to read")
    twice = next((several for several in found.values() if len(several) > 1), None)
    if twice:
        raise InputError(f"data: {str(folder)!r} has both {twice[0].name} and {twice[1].name}; keep one of them")
    return [(file, part == "test") for part, several in found.items() for file in several]


def _lists_of(folder: Path) -> list[Path]:
    """The .txt files of a folder without sub-folders, of which each is a class; none where there are sub-folders."""
    entries = list_entries(folder)
    if any(entry.is_dir() for entry in entries):
        return []
    return [Path(e.path) for e in entries if Path(e.name).suffix.lower() in TEXT_FILES]


def _lines_of(file: Path) -> Rows:
    """A sentence on each line of a file, whose name is their class."""
    text, notes = decoded(file)
    lines = ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
    return Rows([Row(f"{file.name}:{n}", line, file.stem) for n, line in lines], notes)


def _header(file: Path) -> tuple[int, ...]:
    return (file.stat().st_size,)


def _decode(file: Path) -> tuple[np.ndarray, str]:
    """The text of one file; its lines are one sentence. Raises BadItem."""
    try:
        text, _ = decoded(file)
    except InputError as error:
        raise BadItem(DENIED if isinstance(error.__cause__, PermissionError) else str(error)) from None
    if fault := _fault(text):
        raise BadItem(fault)
    return tidy(text), "UTF-8"


def _checked_texts(source: Source, on_bad: str) -> Source:
    """Read the files once; the bad ones are refused or left out."""
    texts, bad = [], []
    for i, id in enumerate(source.ids):
        try:
            texts.append(source.load(i)[0])
        except BadItem as reason:
            bad.append((id, str(reason)))
            texts.append(None)
    skipped = refuse_or_list(bad, on_bad, ON_BAD)
    keep = [i for i, text in enumerate(texts) if text is not None]
    kept = [texts[i] for i in keep]
    return replace(source.take(keep), load=lambda i: (kept[i], "UTF-8"), skipped=source.skipped + skipped)


# ---- rows ----


def _of_rows(parts: list[tuple[Rows, bool]], on_bad: str, data: str) -> tuple[Source, list[str]]:
    """Put rows of files together, the faulty ones refused or left out."""
    rows = [(row, is_test) for found, is_test in parts for row in found.rows]
    faults = [(row.id, row.fault or _fault(row.text) or _fault_of_label(row.label)) for row, _ in rows]
    skipped = refuse_or_list([(id, fault) for id, fault in faults if fault], on_bad, ON_BAD)
    good = [(row, is_test) for (row, is_test), (_, fault) in zip(rows, faults, strict=True) if not fault]
    tests = [row.part == "test" if row.part else is_test for row, is_test in good]
    labels = [tidy(row.label) for row, _ in good]
    check_spelling(labels, [row.id for row, _ in good])
    classes = tuple(sorted(set(labels), key=natural_key))
    texts = [tidy(row.text) for row, _ in good]
    notes = [note for found, _ in parts for note in found.notes]
    source = Source(
        kind="table", nouns=NOUNS, ids=[row.id for row, _ in good], classes=classes,
        y=np.array([classes.index(label) for label in labels], np.int64), shapes=[()] * len(good),
        is_test=np.array(tests, bool), has_test=any(tests) or any(is_test for _, is_test in parts),
        load=lambda i: (texts[i], "UTF-8"), skipped=skipped,
    )  # fmt: skip
    return source, [f"{len(good):,} rows were read.", *notes]


def _fault(text: str) -> str:
    """Return why a sentence cannot be used, or ""."""
    if not text.strip():
        return "its sentence is empty"
    if len(text) > LONGEST:
        return f"its sentence has {len(text):,} characters, and {LONGEST:,} are the most; is a line end missing?"
    if not spans(text):
        return "its sentence has neither a word nor a punctuation mark"
    return ""


def _fault_of_label(label: str) -> str:
    return "" if label.strip() else "its class is empty"


def tidy(text: str) -> str:
    """Return a text in one line, without doubled blanks and control characters, its accents composed."""
    kept = "".join(" " if unicodedata.category(c) == "Cc" else c for c in composed(printable(text)))
    return " ".join(kept.split())


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


# ---- to one length ----


def _brought_to(texts: Sequence[str], max_tokens: int) -> tuple[np.ndarray, str]:
    """Return sentences as items, and in words what was cut off."""
    ends = [_end(text, max_tokens) for text in texts]
    cut = sum(end < len(text) for text, end in zip(texts, ends, strict=True))
    x = array([text[:end] for text, end in zip(texts, ends, strict=True)])
    said = f"{len(texts):,} sentences of up to {max_tokens} words and punctuation marks"
    said += f"; {cut:,} longer ones were cut off there (max_tokens)." if cut else "; none was cut off."
    entities = sum(ENTITY.search(text) is not None for text in texts)
    said += f" {entities:,} hold HTML entities such as &amp;, which stay as they are." if entities else ""
    return x, said


def _end(text: str, max_tokens: int) -> int:
    """Return where a sentence is cut off: after so many tokens, and characters, if it is longer."""
    found = spans(text)[:max_tokens]
    fitting = [end for _, end in found if end <= MOST_CHARACTERS]
    last = fitting[-1] if fitting else MOST_CHARACTERS
    return len(text) if len(text) <= MOST_CHARACTERS and len(found) == len(spans(text)) else last


def _lengths(texts: Sequence[str]) -> dict[str, int]:
    """Return how many sentences have so many tokens, in steps of 8: "up to 8 words" -> items."""
    counts = Counter(8 * -(-len(spans(text)) // 8) for text in texts)
    return {f"up to {most} words": counts[most] for most in sorted(counts)}
