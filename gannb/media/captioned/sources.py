"""The forms in which captions come with images, and which of them a path holds.

A table of file, caption and perhaps class (see `tables`), in the data's folder, in its parts, in `annotations/`, or
elsewhere; a .txt beside each image; a folder of texts that mirrors the folder of images, as CUB has them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from gannb.data.files import Walk, entry_of, is_folder, list_entries, natural_key, part_of, path_of, source_of, walk
from gannb.data.folders import from_folder
from gannb.data.label_tables import Files
from gannb.data.source import Source, check_spelling, refuse_or_list
from gannb.media.captioned.sentences import fault, key
from gannb.media.captioned.tables import CELLS, LINES, NUMBERED, SUFFIXES, Told, names_captions, read_table
from gannb.media.image.sources.files import FILES
from gannb.media.text.reading import tidy
from gannb.media.text.tables import decoded
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, listed, printable

WAYS = "give a folder of images with captions.csv (file, caption and perhaps class) or a .txt beside each image"
TABLE = re.compile(r"captions?([_-].*)?", re.IGNORECASE)  # of which nothing but captions can be meant
MAYBE = ("metadata",)  # of which the first line tells whether it holds captions
TEXTS = re.compile(r"(text|captions?)([_-].*)?", re.IGNORECASE)  # a folder of texts beside images/
TEXT_BESIDE = ".txt files beside the images"
WORD_IN_BYTES = re.compile(rb"[^\W\d_]{2}|[\xc3-\xf4][\x80-\xbf]")  # two letters, or one beyond ASCII
LOOKED_AT = 20  # images, for a text beside them


@dataclass(frozen=True)
class Form:
    """How captions lie with images.

    name: what sentences call it.  images: the folder of the images.  rows: what is told.
    """

    name: str
    images: Path
    rows: Callable[[], list[Told]]


def recognises(data: str) -> bool:
    """Tell whether images with captions lie at `data`, by names and first lines alone."""
    root = Path(data).expanduser()
    if root.is_file():
        return root.suffix.lower() in (*CELLS, *LINES) and names_captions(root) and _has_images(root.parent)
    return root.is_dir() and _has_images(root) and bool(_forms(root))


def open_source(data: str, captions: str | None, on_bad: str) -> tuple[Source, str]:
    """Return the images at `data` with their captions, and in a sentence where these and the classes stand.

    captions: a file or folder of captions, where they do not lie beside the images. Raises InputError.
    """
    root = path_of(data, WAYS)
    if root.is_file() and recognises(data):
        raise InputError(
            f"data: {data!r} is a file of captions; give the folder of its images as data, and this file as captions "
            "(--set captions=...)"
        )
    if not root.is_dir():
        raise InputError(f"data: {data!r} is a file, and captions go with files of images; {WAYS}")
    form = _given(root, Path(captions)) if captions else _lying_beside(root)
    rows, skipped = _usable(form.rows(), on_bad)
    classes = "and classes " if any(told.label for told in rows) else ""
    return _source(form, rows, skipped, on_bad), f"Captions {classes}are those of {form.name}"


def _has_images(folder: Path) -> bool:
    return any(map(FILES.is_item, walk(folder)))


# ---- where captions lie ----


def _given(root: Path, place: Path) -> Form:
    """The form of a file or folder that a person names. Raises InputError where it is not there, or of another kind."""
    if place.is_dir():
        return Form(f"{place}", root, lambda: _mirrored(root, place))
    if not place.exists():
        raise InputError(f"captions: there is no file or folder {str(place)!r}; name the one that holds the captions")
    if place.suffix.lower() not in SUFFIXES:
        raise InputError(f"captions: {str(place)!r} is of a kind that is not read; give {listed(SUFFIXES, 'or')}")
    return Form(place.name, root, lambda: read_table(place))


def _lying_beside(root: Path) -> Form:
    """The one form of captions that lie in a folder. Raises InputError where there is none, or more than one."""
    forms = _forms(root)
    if not forms:
        raise InputError(f"data: there are no captions in {str(root)!r}; {WAYS}, or set captions to where they are")
    if len(forms) > 1:
        raise InputError(
            f"data: {str(root)!r} holds captions in {listed([form.name for form in forms])}; keep one of them, or set "
            "captions to the one that is meant"
        )
    return forms[0]


def _forms(root: Path) -> list[Form]:
    """All forms of captions in a folder, each with its images."""
    tables = _tables(root)
    places = Counter((table.parent, _part_of(table, root)) for table in tables)
    groups = [tables] if tables and max(places.values()) == 1 else [[table] for table in tables]
    forms = [
        Form(listed([_shown(table, root) for table in group]), root, lambda group=group: _rows_of(group, root))
        for group in groups
    ]
    images, texts = _mirror(root)
    if texts:
        forms.append(Form(f"{texts.name}/", images, lambda: _mirrored(images, texts)))
    elif _has_texts_beside(root):
        forms.append(Form(TEXT_BESIDE, root, lambda: _mirrored(root, root)))
    return forms


def _tables(root: Path) -> list[Path]:
    """The tables of captions in a folder and in those directly below it, each telling by its name that it is one."""
    entries = list_entries(root)
    found = [Path(e.path) for e in entries if not is_folder(e)]
    for folder in filter(is_folder, entries):
        found += [Path(e.path) for e in list_entries(Path(folder.path)) if not is_folder(e)]
    return [path for path in found if _is_table(path)]


def _is_table(path: Path) -> bool:
    """Tell whether a file is a table of captions, by its name, or where that may be another's by its first line."""
    if path.stem.lower() in MAYBE:
        return path.suffix.lower() in (*CELLS, *LINES) and names_captions(path)
    return path.suffix.lower() in SUFFIXES and bool(TABLE.fullmatch(path.stem))


def _part_of(table: Path, root: Path) -> str:
    """The part of the set that a table's folder or name tells, "" where neither does."""
    own = [*table.relative_to(root).parts[:-1], *re.split(r"[^a-zA-Z]+", table.stem)] if table != root else []
    return next(filter(None, map(part_of, own)), "")


def _rows_of(tables: Sequence[Path], root: Path) -> list[Told]:
    rows = [(told, _part_of(table, root)) for table in tables for told in read_table(table)]
    return [replace(told, part=told.part or part) for told, part in rows]


def _mirror(root: Path) -> tuple[Path, Path | None]:
    """The folders of images and of their texts, which have the same folders in them; None where there are none."""
    folders = [Path(e.path) for e in list_entries(root) if is_folder(e)]
    images = [folder for folder in folders if FILES.is_original(folder.name)]
    texts = [folder for folder in folders if TEXTS.fullmatch(folder.name) and _holds_texts_alone(folder)]
    return (images[0], texts[0]) if len(images) == len(texts) == 1 else (root, None)


def _holds_texts_alone(folder: Path) -> bool:
    first = next(walk(folder), None)
    return first is not None and first.suffix.lower() == ".txt"


def _has_texts_beside(root: Path) -> bool:
    """Tell whether the first images of a folder have a .txt with words beside them, and no numbers as of boxes."""
    first = islice((path for path in walk(root) if FILES.is_item(path)), LOOKED_AT)
    texts = [text for path in first if (text := path.with_suffix(".txt")).is_file()]
    return 2 * sum(map(_has_words, texts)) > len(texts)


def _has_words(text: Path) -> bool:
    with text.open("rb") as file:
        return bool(WORD_IN_BYTES.search(file.read(500)))


def _mirrored(images: Path, texts: Path) -> list[Told]:
    """What the .txt files of a folder tell of the images at the same places in another: a caption on each line."""
    of_stem: dict[str, list[Path]] = {}
    for path in walk(images):
        if FILES.is_item(path):
            of_stem.setdefault(_stem(path, images), []).append(path)
    rows = []
    for file in walk(texts):
        if file.suffix.lower() != ".txt" or (images == texts and _stem(file, texts) not in of_stem):
            continue
        having = of_stem.get(_stem(file, texts), [])
        if len(having) > 1:
            names = listed([printable(path.name) for path in having])
            raise InputError(f"{file}: it may be the text of {names}; give each of them a name of its own")
        image = printable(having[0].relative_to(images).as_posix()) if having else f"{_stem(file, texts)}.*"
        lines = [(n, line) for n, line in enumerate(decoded(file)[0].split("\n"), 1) if line.strip()]
        rows += [Told(image, line, "", "", f"{file}, line {n}", images) for n, line in lines or [(1, "")]]
    return rows


def _stem(path: Path, root: Path) -> str:
    return composed(printable(path.relative_to(root).with_suffix("").as_posix()))


def _shown(path: Path, root: Path) -> str:
    return printable(path.relative_to(root).as_posix())


# ---- what they say ----


def _usable(rows: list[Told], on_bad: str) -> tuple[list[Told], list[tuple[str, str]]]:
    """The rows with captions in one line, and (where, why) of those that are left out. Raises InputError for them."""
    tidied = [replace(told, caption=tidy(told.caption), label=tidy(told.label)) for told in rows]
    wrong = next((told for told in tidied if told.part and not part_of(told.part)), None)
    if wrong:
        raise InputError(f"{wrong.where}: its part {wrong.part!r} is none; write train, val or test there")
    faults = [fault(told.caption, told.file) for told in tidied]
    bad = [(told.where, why) for told, why in zip(tidied, faults, strict=True) if why]
    skipped = refuse_or_list(bad, on_bad, FILES.on_bad)
    return [told for told, why in zip(tidied, faults, strict=True) if not why], skipped


def _source(form: Form, rows: list[Told], skipped: list[tuple[str, str]], on_bad: str) -> Source:
    """The images that rows tell of, with their captions. Raises InputError."""
    if any(told.label for told in rows):
        source, missing = _by_column(form, rows, on_bad)
    else:
        source, missing = _by_folder(form, rows, on_bad)
    bad = missing + [(id, f"it has no caption in {form.name}") for id in _without(source)]
    skipped = skipped + refuse_or_list(bad, on_bad, FILES.on_bad)
    read = [(what, why) for what, why in source.skipped if what != "*.txt" or form.name != TEXT_BESIDE]
    source = replace(source, skipped=read + skipped).take([i for i, own in enumerate(source.captions) if own])
    _check_not_one_for_all(form, source)
    return source


def _without(source: Source) -> list[str]:
    return [id for id, own in zip(source.ids, source.captions, strict=True) if not own]


def _check_not_one_for_all(form: Form, source: Source) -> None:
    keys = {key(caption) for own in source.captions for caption in own}
    if len(keys) == 1:
        raise InputError(
            f"data: all {len(source.ids):,} images have one caption, {source.captions[0][0]!r}, in {form.name}; give "
            "each image a sentence about itself, or set medium=image to leave captions out"
        )


class _Found:
    """Which image each row means, and what the rows of an image say together."""

    def __init__(self, form: Form, rows: Sequence[Told], paths: Iterable[Path]) -> None:
        self.root, self.files = form.images, Files(paths, form.images)
        self.exact = {self.id_of(path): path for path in self.files.paths}
        self.folders = {path.parent.name for path in self.files.paths}
        self.of: dict[Path, list[Told]] = {}
        self.missing: list[tuple[str, str]] = []
        for told in rows:
            path = self.path_of(told)
            if path is None:
                self.missing.append((told.where, f"the image {printable(told.file)!r}, which it names, is not there"))
            else:
                self.of.setdefault(path, []).append(told)

    def id_of(self, path: Path) -> str:
        """An image's path from the folder of images on."""
        return composed(printable(path.relative_to(self.root).as_posix()))

    def path_of(self, told: Told) -> Path | None:
        """The image of a row. Raises InputError where several may be meant."""
        name = composed(told.file).replace("\\", "/").removeprefix("./")
        for each in dict.fromkeys((name, NUMBERED.sub("", name))):
            from_table = told.folder / each
            if from_table.is_relative_to(self.root) and self.id_of(from_table) in self.exact:
                return self.exact[self.id_of(from_table)]
            if each in self.exact:
                return self.exact[each]
            found = [path for path in self.files.find(each) if not self._is_elsewhere(path, each)]
            if len(found) > 1 and told.part:
                found = [path for path in found if self.part(path) == part_of(told.part)] or found
            if len(found) > 1:
                names = few_of([self.id_of(path) for path in found], 3)
                raise InputError(
                    f"{told.where}: {printable(told.file)!r} may be any of {names}; write the path from the data's "
                    "folder on"
                )
            if found:
                return found[0]
        return None

    def _is_elsewhere(self, path: Path, named: str) -> bool:
        """Tell whether a row names another folder of the data than the one that a file of that name lies in."""
        folder = PurePosixPath(named).parent.name
        return folder != path.parent.name and folder in self.folders

    def part(self, path: Path) -> str:
        """The part of the set that an image's folders tell."""
        return next(
            filter(None, (part_of(re.sub("[0-9]+$", "", p)) for p in path.relative_to(self.root).parts[:-1])), ""
        )

    def captions(self, path: Path) -> tuple[str, ...]:
        """The different captions of an image, as they are first written."""
        first: dict[str, str] = {}
        for told in self.of.get(path, ()):
            first.setdefault(key(told.caption), told.caption)
        return tuple(first.values())

    def one(self, path: Path, what: str, told_by: Callable[[Told], str]) -> str:
        """What all rows of an image say of it, "" where none says anything. Raises InputError where they differ."""
        said = [(told_by(told), told) for told in self.of.get(path, ()) if told_by(told)]
        for value, told in said[1:]:
            if value != said[0][0]:
                raise InputError(
                    f"{told.where}: {self.id_of(path)} has the {what} {value!r} there and {said[0][0]!r} in "
                    f"{said[0][1].where}; all captions of an image belong to one {what}"
                )
        return said[0][0] if said else ""

    def is_test(self, path: Path) -> bool:
        """Tell whether an image is of a given test set, by its rows or else by its folders."""
        return (self.one(path, "part", lambda told: part_of(told.part)) or self.part(path)) == "test"


def _by_column(form: Form, rows: list[Told], on_bad: str) -> tuple[Source, list[tuple[str, str]]]:
    """The source whose classes stand in the rows, and (where, why) of what is missing."""
    bare = [(told.where, "it has no class, unlike other rows") for told in rows if not told.label]
    rows = [told for told in rows if told.label]
    check_spelling([told.label for told in rows], [told.where for told in rows])
    walk = Walk(form.images, FILES, [form.images])
    items = walk.items(form.images)
    found = _Found(form, rows, items)
    labels = {path: found.one(path, "class", lambda told: told.label) for path in items}
    classes = tuple(sorted({label for label in labels.values() if label}, key=natural_key))
    _check_not_alone(form, found, labels)
    _check_folders_agree(form, labels, set(classes))
    kept = [path for path in items if labels[path]]
    entries = [entry_of(p, form.images, classes.index(labels[p]), found.is_test(p)) for p in kept]
    walk.others.clear()
    source = source_of(entries, classes, FILES, on_bad, walk.left_out(), any(entry.is_test for entry in entries))
    source = replace(source, captions=[found.captions(path) for path in source.paths])
    without = [(found.id_of(p), f"it has no caption in {form.name}") for p in items if not labels[p]]
    return source, found.missing + bare + without


def _check_not_alone(form: Form, found: _Found, labels: dict[Path, str]) -> None:
    """Refuse a class that one row of a table tells alone, as an unquoted comma makes one of the rest of a caption."""
    counts = Counter(labels.values())
    for path, label in labels.items():
        if label and counts[label] == 1 and len(counts) > 2:
            told = found.of[path][0]
            comma = " (a comma in a caption that has no quotes around it?)" if form.name.endswith(CELLS) else ""
            raise InputError(
                f"{told.where}: the class {label!r} has this image alone{comma}; mend the row, or give that class at "
                "least 2 images"
            )


def _check_folders_agree(form: Form, labels: dict[Path, str], classes: set[str]) -> None:
    """Refuse classes in rows that are others than those of the folders, where these have the same names."""
    folders = {path: composed(path.parent.name) for path, label in labels.items() if label}
    other = next((path for path, folder in folders.items() if folder != labels[path]), None)
    if other and set(folders.values()) == classes:
        raise InputError(
            f"data: {_shown(other, form.images)} lies in the folder of {folders[other]!r}, and {form.name} gives it "
            f"the class {labels[other]!r}; mend the one that is wrong"
        )


def _by_folder(form: Form, rows: list[Told], on_bad: str) -> tuple[Source, list[tuple[str, str]]]:
    """The source whose classes are the folders that the images lie in, or stand in a table of labels; the same."""
    images = _images_below(form.images)
    if not _tables_of_labels(images) and not _in_folders(images):
        raise InputError(
            f"data: {form.name} tells no class and the images lie directly in {str(images)!r}; give each row a class, "
            "or lay the images into a folder for each class"
        )
    source = from_folder(images, FILES, on_bad)
    form = replace(form, images=images)
    found = _Found(form, rows, source.paths)
    source = replace(source, captions=[found.captions(path) for path in source.paths])
    if any(told.part for told in rows):
        is_test = np.array([found.is_test(path) for path in source.paths], bool)
        source = replace(source, is_test=is_test, has_test=bool(is_test.any()))
    return source, found.missing


def _in_folders(root: Path) -> bool:
    """Tell whether images lie in folders other than those of train, validation and test."""
    own = [Path(e.path) for e in list_entries(root) if is_folder(e) and _has_images(Path(e.path))]
    parts = [folder for folder in own if part_of(re.sub("[0-9]+$", "", folder.name))]
    if own and len(parts) == len(own):
        return any(is_folder(e) for folder in parts for e in list_entries(folder))
    return bool(own)


def _images_below(root: Path) -> Path:
    """The folder of images alone, where a folder holds that and no other images."""
    holding = [Path(e.path) for e in list_entries(root) if is_folder(e) and _has_images(Path(e.path))]
    stray = any(FILES.is_item(e.name) for e in list_entries(root) if not is_folder(e))
    return holding[0] if len(holding) == 1 and not stray and FILES.is_original(holding[0].name) else root


def _tables_of_labels(root: Path) -> list[Path]:
    files = [Path(e.path) for e in list_entries(root) if not is_folder(e)]
    return [path for path in files if path.suffix.lower() in (".csv", ".tsv") and not _is_table(path)]
