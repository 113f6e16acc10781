"""The files below a folder that are items, each once: without what a system left there and what belongs to another."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from gannb.data.medium import Nouns
from gannb.data.source import Source, attempt, refuse_or_list
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, nearest, printable

PARTS = {  # of a set -> what a folder, file or array of it is called
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
SYSTEM = frozenset(  # folders and files of systems, storage servers and programs, in lower case; hidden ones are others
    "__macosx _macosx thumbs.db desktop.ini lost+found $recycle.bin recycler recycled #recycle #snapshot ~snapshot "
    "@eadir @tmp @recycle @recently-snapshot @upload_cache @sharebin @sharesnap @snapshot @synoresource @appdata "
    "@docker @database @autoupdate @quarantine __pycache__ _gsdata_ _vti_cnf _notes"
    "".split()
) | {"system volume information", "network trash folder", "temporary items", "thevolumesettingsfolder"}
ALL_WAYS = "`gannb parameters data` lists what is read of every kind of items"
CONTAINERS = {  # files that hold items, but that are not read, by extension -> the way out
    (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"): "unpack it, and give the folder that comes out",
    (".xlsx", ".xls", ".ods", ".numbers"): "save its sheet as CSV in UTF-8, and give that",
}
FOUND = re.compile(r"found\.[0-9]{3}", re.IGNORECASE)  # where a disk check puts what it found


@dataclass(frozen=True)
class FileKind:
    """What a folder's files are, an item each.

    extensions: those of files that are read; unreadable: of files that a person takes for items, but that are not read
    here, so that they count as bad ones rather than be ignored in silence. In lower case, with the dot.
    header: file -> the item's own shape, from its header alone; raises BadItem.
    decode: file -> the item, and how its values were stored, in a word; raises BadItem.
    on_bad: the parameter that says what becomes of a bad file.
    additions: words, in lower case, that the name of a file or folder has beside an item's own where it is none itself
    but belongs to that item, as `x_mask` beside `x`. originals: words that the item may have in their place.
    """

    nouns: Nouns
    extensions: frozenset[str]
    unreadable: frozenset[str]
    header: Callable[[Path], tuple[int, ...]]
    decode: Callable[[Path], tuple[np.ndarray, str]]
    on_bad: str
    additions: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()

    def is_item(self, name: str | Path) -> bool:
        """Tell whether a file's name says that it is an item, readable or not."""
        return Path(name).suffix.lower() in self.extensions | self.unreadable

    def is_addition(self, folder: str) -> bool:
        """Tell whether a folder's name is a word for what belongs to items."""
        name = folder.lower().strip("_.- ")
        return name.removesuffix("s") in self.additions or name in self.additions

    def is_original(self, folder: str) -> bool:
        """Tell whether a folder's name is a word for the items themselves."""
        name = folder.lower().strip("_.- ")
        return name.removesuffix("s") in self.originals or name in self.originals

    def own_names(self, stem: str) -> list[str]:
        """Return a file's name without extension, and what of it may be an item's own where this one belongs to it."""
        names = [stem]
        while found := next((m for pattern in self.added or () if (m := pattern.fullmatch(names[-1]))), None):
            names.append(found["own"])
        return names

    @cached_property
    def added(self) -> tuple[re.Pattern, re.Pattern] | None:
        """Patterns of a stem that has such a word after, and before, the item's own."""
        return _with_words(self.additions) if self.additions else None

    @cached_property
    def original(self) -> tuple[re.Pattern, re.Pattern] | None:
        """The same of the words that the item may have."""
        return _with_words(self.originals) if self.originals else None


def _with_words(words: Sequence[str]) -> tuple[re.Pattern, re.Pattern]:
    """Words of four letters or more need nothing between them and the rest; a number may follow."""
    between = r"[ _.-]+"
    long, every = ("|".join(w for w in words if len(w) >= least) or "(?!)" for least in (4, 1))
    after = rf"(?P<own>.+?)(?P<tail>(?:{between}(?:{every})|(?:{long}))s?)(?P<number>[ _.-]*(?:\([0-9]+\)|[0-9]+))?"
    return re.compile(after, re.IGNORECASE), re.compile(rf"(?P<tail>(?:{every})s?{between})(?P<own>.+)", re.IGNORECASE)


@dataclass(frozen=True)
class FileEntry:
    """A file that is an item."""

    path: Path
    id: str  # path relative to the data folder, with "/"
    label: int
    is_test: bool


@dataclass
class Walk:
    """Walks the folders of a set, each once, and notes what was left out.

    root: the data's folder.  apart: folders, a class's each, whose files are never another's.
    """

    root: Path
    kind: FileKind
    apart: Sequence[Path] = ()
    others: Counter[str] = field(default_factory=Counter)  # files that are no items, by extension
    hidden: Counter[str] = field(default_factory=Counter)  # items in folders of a system, by the folder's name
    belonging: Counter[str] = field(default_factory=Counter)  # files that belong to an item, by what names them
    links: list[str] = field(default_factory=list)  # that lead to where other files of the set are
    # real path of a folder -> how it was come to, and the folder, a class's, that it is in
    _seen: dict[str, tuple[Path, Path]] = field(default_factory=dict)

    def items(self, folder: Path) -> list[Path]:
        """The items' files below one of the folders, in natural order. Raises InputError."""
        found = []
        for path in self._files(folder, folder):
            if self.kind.is_item(path):
                found.append(path)
            else:
                self.others[path.suffix.lower() or " (no extension)"] += 1
        return self._without_belonging(found, folder)

    def left_out(self) -> list[tuple[str, str]]:
        """(What, why) of all that was left out, most of it in numbers."""
        nouns = self.kind.nouns
        without = f"without {nouns.a_one} extension"
        told = [(f"*{printable(ext)}", f"{_files(n)} {without}") for ext, n in sorted(self.others.items())]
        beside = f"each belonging to the {nouns.one} that has the rest of its name"
        told += [(printable(name), f"{_files(n)}, {beside}") for name, n in self.belonging.items()]
        for name, n in sorted(self.hidden.items()):
            whose = "hidden" if name.startswith(".") else "a system's or a storage server's"
            told.append((printable(name), f"{n:,} {nouns.one if n == 1 else nouns.many}, {whose}"))
        if self.links:
            more = f" and {len(self.links) - 1:,} more" if len(self.links) > 1 else ""
            told.append((self.links[0] + more, "a link to where other files of the set are"))
        return told

    @cached_property
    def _real(self) -> dict[Path, str]:
        return {folder: os.path.realpath(folder) for folder in self.apart}

    def _files(self, folder: Path, own: Path) -> Iterator[Path]:
        """The visible files below a folder; a link that leads to other files of the set is not followed."""
        real = os.path.realpath(folder)
        if folder != self.root and _within(os.path.realpath(self.root), real):
            raise InputError(f'data: "{printable(str(folder))}" is a link to a folder that holds the data; remove it')
        first, of = self._seen.setdefault(real, (folder, own))
        if of != own:
            raise InputError(
                f'data: "{printable(str(folder))}" and "{printable(str(first))}" are one folder by a link; '
                "remove one of them"
            )
        for entry in self._visible(folder):
            if entry.is_symlink() and self._leads_back(entry, own):
                self.links.append(printable(Path(entry.path).relative_to(self.root).as_posix()))
            elif is_folder(entry):
                if self._seen.get(os.path.realpath(entry.path), ("", ""))[1] != own:  # else two links lead there
                    yield from self._files(Path(entry.path), own)
            elif is_file(entry):
                yield Path(entry.path)

    def _leads_back(self, entry: os.DirEntry, own: Path) -> bool:
        """Tell whether a link leads to a folder that holds, or is in, one of the set's; a file, to another class's."""
        target = os.path.realpath(entry.path)
        if is_folder(entry):
            return any(_within(target, real) or _within(real, target) for real in self._real.values())
        return any(_within(target, real) for folder, real in self._real.items() if folder.name != own.name)

    def _visible(self, folder: Path) -> list[os.DirEntry]:
        visible = []
        for entry in _entries(folder):
            if not is_system(entry.name):
                visible.append(entry)
            elif n := _count_items(entry, self.kind):
                is_file = not entry.is_dir(follow_symlinks=False)
                self.hidden[".*" if is_file else f"{entry.name}/"] += n
        return visible

    def note_hidden(self, folder: Path) -> None:
        """Count the items in a system's folders that lie directly in a folder which is not walked itself."""
        self._visible(folder)

    def _without_belonging(self, items: list[Path], folder: Path) -> list[Path]:
        """Leave out files that belong to another of a class, as `x_mask` to `x`, or `masks/x` to `images/x`."""
        if self.kind.added is None:
            return items
        kept, stems = [], _stems(items, folder, self.kind)
        for path in items:
            if name := _what_belongs(path, folder, stems, self.kind):
                self.belonging[name] += 1
            else:
                kept.append(path)
        return kept


def _files(n: int) -> str:
    return f"{n:,} file{'s' * (n != 1)}"


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def part_of(word: str) -> str:
    """Return the part of a set that a word stands for, `train`, `val` or `test`; "" where it stands for none."""
    return next((part for part, words in PARTS.items() if word.strip().lower() in words), "")


def is_system(name: str) -> bool:
    """Tell whether the name of a file or folder is that of a hidden one, or of one that systems and servers make."""
    return name.startswith(".") or name.lower() in SYSTEM or FOUND.fullmatch(name) is not None


def _count_items(entry: os.DirEntry, kind: FileKind) -> int:
    """How many items' files a system's folder holds; links are not followed. A file is 1 or none."""
    if not entry.is_dir(follow_symlinks=False):
        return int(kind.is_item(entry.name))
    return sum(kind.is_item(name) for _, _, names in os.walk(entry.path) for name in names)


def _stems(items: Iterable[Path], folder: Path, kind: FileKind) -> set[str]:
    """The names, without extensions, of items that lie in no folder of additions; also without an original's word."""
    stems = set()
    for path in items:
        if not _folder_of_additions(path, folder, kind):
            stems |= {stem.casefold() for stem in (path.stem, *_stripped(path.stem, kind.original))}
    return stems


def _stripped(stem: str, patterns: tuple[re.Pattern, re.Pattern] | None) -> list[str]:
    return [found["own"] for pattern in patterns or () if (found := pattern.fullmatch(stem))]


def _what_belongs(path: Path, folder: Path, stems: set[str], kind: FileKind) -> str:
    """Return what names a file that belongs to another, as `*_mask.png`; "" where it belongs to none."""
    within = _folder_of_additions(path, folder, kind)
    if within and path.stem.casefold() in stems:
        return f"{within}/"
    stem = path.stem
    while found := next((m for pattern in kind.added if (m := pattern.fullmatch(stem))), None):
        stem = found["own"]
        if stem.casefold() in stems and stem.casefold() != path.stem.casefold():
            before, number = found.start("tail") == 0, found.groupdict().get("number")
            return f"{found['tail']}*{path.suffix}" if before else f"*{found['tail']}{'*' * bool(number)}{path.suffix}"
    return ""


def _folder_of_additions(path: Path, folder: Path, kind: FileKind) -> str:
    """Return the folder, below a class's, whose name is a word for what belongs to items; "" if there is none."""
    return next((part for part in path.relative_to(folder).parts[:-1] if kind.is_addition(part)), "")


def natural_key(name: str) -> tuple:
    """Sorts "class2" before "class10", and names that differ by case only in a fixed order."""
    pieces = re.split(r"([0-9]+)", composed(name))
    return tuple(int(p) if p.isdecimal() and p.isascii() else p.casefold() for p in pieces), name


def _entries(folder: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda e: natural_key(e.name))
    except OSError as error:
        raise InputError(
            f"data: the folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions"
        ) from error


def is_folder(entry: os.DirEntry) -> bool:
    """Tell whether there is a folder, or a link to one that can be seen."""
    try:
        return entry.is_dir()
    except OSError:  # a link to where one may not look, or round in a circle
        return False


def is_file(entry: os.DirEntry) -> bool:
    """Tell whether there is a file, or a link to one or to nothing that can be seen, which is a bad item.

    A pipe or a device is neither.
    """
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return True


def path_of(data: str, ways: str) -> Path:
    """Return the file or folder that is meant by `data`; ways: what may be given instead, for the refusal.

    Raises:
        InputError: nothing is there, or it may not be looked at.
    """
    if printable(data) != data:
        raise InputError(f'data: the name "{printable(data)}" is not UTF-8; rename it')
    path = Path(data).expanduser()
    try:
        there = path.exists() and data.strip() != ""
    except OSError as error:
        raise InputError(f"data: {data!r} cannot be opened ({error.strerror}); check permissions") from error
    if not there:
        raise InputError(f"data: there is no file or folder {data!r}; {like_it(data) or f'{ways}; {ALL_WAYS}'}")
    return path


def like_it(data: str) -> str:
    """Return `did you mean PATH?` for what is spelled most like a path where nothing is; empty where nothing is."""
    place = Path(data).expanduser()
    while not place.parent.exists() and place.parent != place:
        place = place.parent  # of a path it may be any part that is mistyped
    try:
        return nearest(place.name, os.listdir(place.parent), lambda name: repr(str(place.with_name(name))))
    except (OSError, ValueError):  # ValueError: a path that ends with no name
        return ""


def not_read(data: str, ways: str) -> InputError:
    """Return the refusal of a file of a kind that is not read; ways: what may be given instead, where no more is known.

    An archive and a spreadsheet hold what a person means: what to do with these is said.
    """
    suffix = Path(data).suffix.lower()
    way = next((way for suffixes, way in CONTAINERS.items() if suffix in suffixes), f"{ways}; {ALL_WAYS}")
    return InputError(f"data: {data!r} is a file of a kind that is not read; {way}")


def list_entries(folder: Path) -> list[os.DirEntry]:
    """What a folder holds, without hidden things, in natural order. Raises InputError where it cannot be read."""
    return [entry for entry in _entries(folder) if not is_system(entry.name)]


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, hidden ones left out, in natural order; a folder that links lead to comes once."""
    yield from _walk(folder, set())


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    for entry in list_entries(folder):
        if is_folder(entry):
            yield from _walk(Path(entry.path), seen)
        elif is_file(entry):
            yield Path(entry.path)


def entry_of(path: Path, root: Path, label: int, is_test: bool) -> FileEntry:
    """Return an item's file with its id: its path from the data's folder on."""
    return FileEntry(path, printable(path.relative_to(root).as_posix()), label, is_test)


def source_of(
    files: Sequence[FileEntry],
    classes: tuple[str, ...],
    kind: FileKind,
    on_bad: str,
    skipped: list[tuple[str, str]],
    has_test: bool,
) -> Source:
    """Return the set of some files, their headers read. skipped: what else was left out. Raises InputError."""
    shapes, bad = attempt(lambda file: kind.header(file.path), files, threads=1)
    skipped = skipped + refuse_or_list([(files[i].id, reason) for i, reason in bad], on_bad, kind.on_bad)
    kept = [file for file, shape in zip(files, shapes, strict=True) if shape is not None]
    return Source(
        kind="folder",
        nouns=kind.nouns,
        ids=[file.id for file in kept],
        y=np.array([file.label for file in kept], dtype=np.int64),
        classes=classes,
        is_test=np.array([file.is_test for file in kept], dtype=bool),
        shapes=[shape for shape in shapes if shape is not None],
        has_test=has_test,
        load=lambda i: kind.decode(kept[i].path),
        skipped=skipped,
        paths=[file.path for file in kept],
    )
