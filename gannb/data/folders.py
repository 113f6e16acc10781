"""A folder with a sub-folder of files per class, or train/ and test/ of such."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import combinations, permutations
from pathlib import Path

from gannb.data.files import (
    PARTS,
    FileEntry,
    FileKind,
    Walk,
    entry_of,
    is_folder,
    list_entries,
    natural_key,
    part_of,
    source_of,
    walk,
)
from gannb.data.label_tables import check_tables_agree, from_tables, tables_in
from gannb.data.source import Source
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, printable

# parts of a set that have a number or a letter, as fold1 and fold2
NUMBERED = re.compile(
    r"(?<![a-z])(cv|k?folds?|splits?|parts?|batch(es)?|chunks?|shards?|subsets?)[ _.-]*([0-9]+|[a-z])$", re.IGNORECASE
)


def from_folder(root: Path, kind: FileKind, on_bad: str) -> Source:
    """Return what lies in a folder with a sub-folder of files per class, or train/, val/ and test/ of such.

    Where there are no such folders, but tables of labels beside the files, these are read: see `label_tables`.
    on_bad: what becomes of a file that is not read, "fail" or "skip".  Raises InputError.
    """
    parts = _part_folders(root, kind)
    tables = tables_in(root, [part for part, _ in parts])
    if tables and not all(_has_classes(part, kind) for part, _ in parts):
        return from_tables(root, tables, kind, on_bad)
    classes, strays = _class_names(parts, kind), _stray_items(root, kind)
    if len(parts) == 1:
        _check_no_parts(parts[0][0], kind)
    for part, _ in parts:
        _check_no_additions(part, kind)
    files, left_out = _files_of(root, parts, classes, kind)
    check_tables_agree(root, tables, {file.id: classes[file.label] for file in files}, kind)
    return source_of(files, classes, kind, on_bad, strays + left_out, any(is_test for _, is_test in parts))


def from_loose(root: Path, kind: FileKind, on_bad: str) -> Source:
    """Return every item below a folder, at any depth: nothing is read from the names of the folders that it lies in.

    All are of one class, which has no name. on_bad: as in `from_folder`.  Raises InputError.
    """
    walk, many = Walk(root, kind), kind.nouns.many
    paths = walk.items(root)
    if not paths:
        raise InputError(f"data: {str(root)!r} holds no {many}{_found(walk.others)}; give a folder that does")
    files = [entry_of(path, root, 0, False) for path in paths]
    return source_of(files, ("",), kind, on_bad, walk.left_out(), False)


def _files_of(
    root: Path, parts: list[tuple[Path, bool]], classes: tuple[str, ...], kind: FileKind
) -> tuple[list[FileEntry], list[tuple[str, str]]]:
    """The items' files of all parts and classes, and what was left out among them and why."""
    files: list[FileEntry] = []
    folders = [(_class_folders(part, kind), is_test) for part, is_test in parts]
    walk = Walk(root, kind, [folder for found, _ in folders for folder in found.values()])
    for folder in {root, *(part for part, _ in parts)}:
        walk.note_hidden(folder)
    for found, is_test in folders:
        for label, name in enumerate(classes):
            before = walk.others.copy()
            paths = walk.items(found[name])
            if not paths:
                many = kind.nouns.many
                raise InputError(
                    f"data: class folder {str(found[name])!r} holds no {many}{_found(walk.others - before)}; "
                    f"add {many} or remove the folder"
                )
            files += [entry_of(path, root, label, is_test) for path in paths]
    return files, walk.left_out()


def _folders(folder: Path, kind: FileKind) -> list[os.DirEntry]:
    entries = list_entries(folder)
    for entry in entries:  # a link that leads nowhere may have been to a folder
        if entry.is_symlink() and not os.path.exists(entry.path) and not kind.is_item(entry.name):
            raise InputError(f'data: "{printable(entry.path)}" is a link that leads nowhere; mend it or remove it')
    return [entry for entry in entries if is_folder(entry)]


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
        raise InputError(
            f"data: {where} {str(first)!r}; give one sub-folder of {many} per class, or beside them a CSV with the "
            "columns file and label"
        )
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
    _check_not_the_other_way_round(root, folders, kind)
    _check_no_part_among_classes(root, folders, kind)
    for name, other in permutations(folders) if len(folders) == 2 else ():
        inside, beside = (_only_folders(folders[each], kind) for each in (name, other))
        if name.lower() in PARTS["train"] and inside and not beside:
            raise InputError(
                f"data: {str(root)!r} has {name}/ with folders of its own beside {other}/; move {other}/ elsewhere, "
                f"call it test/ if it has the same folders, or rename {name}/ if it is a class"
            )


def _check_not_the_other_way_round(root: Path, folders: dict[str, Path], kind: FileKind) -> None:
    """Refuse classes that each hold train/ and test/, of which nobody would take notice."""
    inside = {part_of(name) for folder in folders.values() for name in _only_folders(folder, kind)}
    if len(folders) > 1 and {"train", "test"} <= inside <= {"train", "val", "test"}:
        first = next(iter(folders))
        raise InputError(
            f"data: the class folders in {str(root)!r} hold train/ and test/ each; put the parts above the classes, "
            f"as train/{first} and test/{first}, or rename them if they are no parts"
        )


def _check_no_part_among_classes(root: Path, folders: dict[str, Path], kind: FileKind) -> None:
    """Refuse test/ with the classes' own folders in it beside them, which would be taken for one class more."""
    for name in filter(part_of, folders):
        inside = _only_folders(folders[name], kind)
        if inside and inside <= {other for other in folders if not part_of(other)}:
            raise InputError(
                f"data: {name}/ in {str(root)!r} holds folders that are called as those beside it are "
                f"({few_of(sorted(inside))}); move those beside it into train/, or rename {name}/ if it is a class"
            )


def _check_no_additions(part: Path, kind: FileKind) -> None:
    """Refuse masks/ beside images/, or with the classes' own folders in it, which is no class."""
    folders = _class_folders(part, kind)
    for name, other in permutations(folders, 2):
        if not kind.is_addition(name) or kind.is_addition(other):
            continue
        inside = _only_folders(folders[name], kind)
        if (inside and inside <= set(folders)) or _is_added_to(folders[name], folders[other], kind):
            raise InputError(
                f"data: {name}/ in {str(part)!r} looks like what belongs to the {kind.nouns.many} of {other}/, not "
                f"like a class; move {name}/ elsewhere, or rename it if it is one"
            )


def _has_classes(part: Path, kind: FileKind) -> bool:
    """Tell whether there are class folders, other than images/ alone, or that and masks/."""
    folders = _class_folders(part, kind)
    own = [name for name in folders if not kind.is_addition(name)]
    return len(folders) > 1 and not (len(own) == 1 and _is_original(own[0], kind))


def _is_original(folder: str, kind: FileKind) -> bool:
    return kind.is_original(folder) or folder.lower() in (kind.nouns.one, kind.nouns.many)


def _is_added_to(folder: Path, other: Path, kind: FileKind) -> bool:
    """Tell whether a folder holds what belongs to the items of another, by the names of most of its files."""
    if not _is_original(other.name, kind):
        return False
    stems = {path.stem.casefold() for path in walk(other) if kind.is_item(path)}
    names = [path.stem for path in walk(folder) if kind.is_item(path)]
    return 2 * sum(any(each.casefold() in stems for each in kind.own_names(name)) for name in names) > len(names)


def _only_folders(folder: Path, kind: FileKind) -> set[str]:
    """The names of a folder's two or more folders; none where there are items beside them, or fewer."""
    if _stray_items(folder, kind):
        return set()
    inside = {entry.name for entry in list_entries(folder) if is_folder(entry)}
    return inside if len(inside) > 1 else set()


def _are_parts_of_one(name: str, other: str) -> bool:
    """Tell whether two names differ by the word for a part alone, as seg_train and seg_test or fold1 and fold2 do."""
    if name.lower() in PARTS["train"] or other.lower() in PARTS["train"]:  # beside eval/, holdout/, unlabelled/
        return True
    if all(NUMBERED.search(each) for each in (name, other)):
        return NUMBERED.sub("", name).lower() == NUMBERED.sub("", other).lower()
    words = sorted((word for names in PARTS.values() for word in names), key=len, reverse=True)
    plain = [re.sub("|".join(words), "", each.lower()) for each in (name, other)]
    return plain[0] == plain[1] and all(len(p) < len(n) for p, n in zip(plain, (name, other), strict=True))


def _stray_items(root: Path, kind: FileKind) -> list[tuple[str, str]]:
    found = [e.name for e in list_entries(root) if not is_folder(e) and Path(e.name).suffix.lower() in kind.extensions]
    return [(printable(name), "not in a class folder") for name in found]


def _found(others: Counter[str]) -> str:
    return f" (found {', '.join(f'*{ext}' for ext in sorted(others)[:3])})" if others else ""
