"""A folder with a sub-folder of files per class, or train/ and test/ of such."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

from gannb.data.medium import Nouns
from gannb.data.source import Source, attempt, refuse_or_list
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, printable

PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
HIDDEN = ("__macosx", "thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class FileKind:
    """What a folder's files are, an item each.

    extensions: those of files that are read; unreadable: of files that a person takes for items, but that are not read
    here, so that they count as bad ones rather than be ignored in silence. In lower case, with the dot.
    header: file -> the item's own shape, from its header alone; raises BadItem.
    decode: file -> the item, and how its values were stored, in a word; raises BadItem.
    on_bad: the parameter that says what becomes of a bad file.
    """

    nouns: Nouns
    extensions: frozenset[str]
    unreadable: frozenset[str]
    header: Callable[[Path], tuple[int, ...]]
    decode: Callable[[Path], tuple[np.ndarray, str]]
    on_bad: str

    def is_item(self, name: str | Path) -> bool:
        """Tell whether a file's name says that it is an item, readable or not."""
        return Path(name).suffix.lower() in self.extensions | self.unreadable


@dataclass(frozen=True)
class FileEntry:
    """A file of a class folder."""

    path: Path
    id: str  # path relative to the data folder, with "/"
    label: int
    is_test: bool


def from_folder(root: Path, kind: FileKind, on_bad: str) -> Source:
    """Return what lies in a folder with a sub-folder of files per class, or train/, val/ and test/ of such.

    on_bad: what becomes of a file that is not read, "fail" or "skip".  Raises InputError.
    """
    parts = _part_folders(root, kind)
    classes, skipped = _class_names(parts, kind), _stray_items(root, kind)
    if len(parts) == 1:
        _check_no_parts(parts[0][0], kind)
    files, ignored = _files_of(root, parts, classes, kind)
    without = f"files without {kind.nouns.a_one} extension"
    skipped += [(f"*{printable(ext)}", f"{n:,} {without}") for ext, n in sorted(ignored.items())]
    shapes, bad = attempt(lambda file: kind.header(file.path), files, threads=1)
    skipped += refuse_or_list([(files[i].id, reason) for i, reason in bad], on_bad, kind.on_bad)
    kept = [file for file, shape in zip(files, shapes, strict=True) if shape is not None]
    return Source(
        kind="folder",
        nouns=kind.nouns,
        ids=[file.id for file in kept],
        y=np.array([file.label for file in kept], dtype=np.int64),
        classes=classes,
        is_test=np.array([file.is_test for file in kept], dtype=bool),
        shapes=[shape for shape in shapes if shape is not None],
        has_test=any(is_test for _, is_test in parts),
        load=lambda i: kind.decode(kept[i].path),
        skipped=skipped,
    )


def _files_of(
    root: Path, parts: list[tuple[Path, bool]], classes: tuple[str, ...], kind: FileKind
) -> tuple[list[FileEntry], Counter[str]]:
    """The items' files of all parts and classes, and how many others lie among them by extension."""
    files: list[FileEntry] = []
    ignored: Counter[str] = Counter()
    for part, is_test in parts:
        folders = _class_folders(part, kind)
        for label, name in enumerate(classes):
            paths, others = _item_files(folders[name], kind)
            if not paths:
                many = kind.nouns.many
                raise InputError(
                    f"data: class folder {str(folders[name])!r} holds no {many}{_found(others)}; "
                    f"add {many} or remove the folder"
                )
            files += [FileEntry(path, printable(path.relative_to(root).as_posix()), label, is_test) for path in paths]
            ignored += others
    return files, ignored


def natural_key(name: str) -> tuple:
    """Sorts "class2" before "class10", and names that differ by case only in a fixed order."""
    pieces = re.split(r"([0-9]+)", composed(name))
    return tuple(int(p) if p.isdecimal() and p.isascii() else p.casefold() for p in pieces), name


def list_entries(folder: Path) -> list[os.DirEntry]:
    """What a folder holds, hidden things left out, in natural order. Raises InputError where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            visible = [e for e in found if not e.name.startswith(".") and e.name.lower() not in HIDDEN]
    except OSError as error:
        raise InputError(
            f"data: the folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions"
        ) from error
    return sorted(visible, key=lambda e: natural_key(e.name))


def _folders(folder: Path, kind: FileKind) -> list[os.DirEntry]:
    entries = list_entries(folder)
    for entry in entries:  # a link that leads nowhere may have been to a folder
        if entry.is_symlink() and not os.path.exists(entry.path) and not kind.is_item(entry.name):
            raise InputError(f'data: "{printable(entry.path)}" is a link that leads nowhere; mend it or remove it')
    return [entry for entry in entries if entry.is_dir()]


def _part_folders(root: Path, kind: FileKind) -> list[tuple[Path, bool]]:
    """(folder of class folders, whether it is the test set): train/, val/, test/, or the root itself."""
    folders = _folders(root, kind)
    found = {part: [e for e in folders if e.name.lower() in names] for part, names in PARTS.items()}
    n_parts = sum(map(len, found.values()))
    if n_parts == len(folders) > 1 and not found["train"]:
        raise InputError(f"data: {str(root)!r} has {folders[0].name}/ but no train/; add train/ with the same classes")
    if not found["train"] or (n_parts < len(folders) and not found["test"]):
        return [(root, False)]  # class folders; one of them may well be called "train" or "test"
    others = [e.name for e in folders if not any(e in entries for entries in found.values())]
    if others:
        raise InputError(f"data: {str(root)!r} has train/ and test/ but also {others[0]}/; move that folder elsewhere")
    twice = next((entries for entries in found.values() if len(entries) > 1), None)
    if twice:
        raise InputError(f"data: {str(root)!r} has both {twice[0].name}/ and {twice[1].name}/; keep one of them")
    return [(Path(entries[0].path), part == "test") for part, entries in found.items() if entries]


def _class_names(parts: list[tuple[Path, bool]], kind: FileKind) -> tuple[str, ...]:
    """The class folders' names, the same in every part, in natural order."""
    first = parts[0][0]
    names = list(_class_folders(first, kind))
    if not names:
        many = kind.nouns.many
        stray = _stray_items(first, kind)
        where = f"{many} lie directly in" if stray else f"there are no class folders and no {many} in"
        raise InputError(f"data: {where} {str(first)!r}; give one sub-folder of {many} per class")
    for part, _ in parts[1:]:
        differing = sorted(set(names) ^ set(_class_folders(part, kind)), key=natural_key)
        if differing:
            raise InputError(
                f"data: class folder {differing[0]!r} is in only one of {str(first)!r} and {str(part)!r}; "
                "give both the same class folders"
            )
    return tuple(names)


def _class_folders(part: Path, kind: FileKind) -> dict[str, Path]:
    """The class folders by name in natural order; accents in one form, whichever the file system has."""
    found: dict[str, Path] = {}
    for entry in _folders(part, kind):
        if printable(entry.name) != entry.name:
            raise InputError(f'data: the name of the folder "{printable(entry.path)}" is not UTF-8; rename it')
        name = composed(entry.name)
        if name in found:
            raise InputError(f"data: {str(part)!r} has two folders {name!r}, written differently; make them one")
        found[name] = Path(entry.path)
    return found


def _check_no_parts(root: Path, kind: FileKind) -> None:
    """Refuse parts of a set that would be taken for its classes, as seg_train/ beside seg_test/."""
    folders = _class_folders(root, kind)
    for name, twin in combinations(folders, 2):
        inside = _only_folders(folders[name], kind) if _are_parts_of_one(name, twin) else set()
        if inside and inside == _only_folders(folders[twin], kind):
            raise InputError(
                f"data: {name}/ and {twin}/ in {str(root)!r} look like parts of one set, since they hold the same "
                f"folders ({few_of(sorted(inside))}); call them train/ and test/ with nothing else beside them, "
                "or rename them if they are classes"
            )
    for name, other in permutations(folders) if len(folders) == 2 else ():
        inside, beside = (_only_folders(folders[each], kind) for each in (name, other))
        if name.lower() in PARTS["train"] and inside and not beside:
            raise InputError(
                f"data: {str(root)!r} has {name}/ with folders of its own beside {other}/; move {other}/ elsewhere, "
                f"call it test/ if it has the same folders, or rename {name}/ if it is a class"
            )


def _only_folders(folder: Path, kind: FileKind) -> set[str]:
    """The names of a folder's two or more folders; none where there are items beside them, or fewer."""
    if _stray_items(folder, kind):
        return set()
    inside = {entry.name for entry in list_entries(folder) if entry.is_dir()}
    return inside if len(inside) > 1 else set()


def _are_parts_of_one(name: str, other: str) -> bool:
    """Tell whether two names differ by the word for a part alone, as seg_train and seg_test do."""
    words = sorted((word for names in PARTS.values() for word in names), key=len, reverse=True)
    plain = [re.sub("|".join(words), "", each.lower()) for each in (name, other)]
    return plain[0] == plain[1] and all(len(p) < len(n) for p, n in zip(plain, (name, other), strict=True))


def _stray_items(root: Path, kind: FileKind) -> list[tuple[str, str]]:
    found = [e.name for e in list_entries(root) if not e.is_dir() and Path(e.name).suffix.lower() in kind.extensions]
    return [(printable(name), "not in a class folder") for name in found]


def _item_files(folder: Path, kind: FileKind) -> tuple[list[Path], Counter[str]]:
    """The items' files below a class folder, recursively, in natural order, and how many others by extension."""
    items, others = [], Counter()
    for path in walk(folder):
        if kind.is_item(path):
            items.append(path)
        else:
            others[path.suffix.lower() or " (no extension)"] += 1
    return items, others


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, hidden ones left out, in natural order; a link that leads back up is not followed."""
    yield from _walk(folder, set())


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:  # a symbolic link that leads back up
        return
    seen.add(real)
    for entry in list_entries(folder):
        if entry.is_dir():
            yield from _walk(Path(entry.path), seen)
        elif entry.is_file() or entry.is_symlink():  # a dangling link is a bad item, a pipe is nothing
            yield Path(entry.path)


def _found(others: Counter[str]) -> str:
    return f" (found {', '.join(f'*{ext}' for ext in sorted(others)[:3])})" if others else ""
