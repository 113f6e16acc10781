"""The formats in which images come, and which of them a path holds.

A new format is one function that returns a `Source`, named in `open_source`, and recognised in `recognises`.
"""

from __future__ import annotations

from pathlib import Path

from gannb.data.files import list_entries, not_read, path_of, walk
from gannb.data.folders import from_folder, from_loose
from gannb.data.source import Source
from gannb.media.image.parameters import DIGITS
from gannb.media.image.sources.arrays import (
    IDX_FILES,
    from_digits,
    from_idx,
    from_npz,
    is_npz,
    loose_idx,
    loose_npz,
)
from gannb.media.image.sources.files import FILES

WAYS = (
    'give "digits", a folder with one sub-folder of images per class (or train/ and test/ of such), '
    "one folder of images with a CSV of file and label, an .npz in the MedMNIST layout, or a folder with the four "
    "idx .gz files"
)
WAYS_UNLABELLED = "give a folder of images, in sub-folders or not, or what else `data` takes"


def recognises(data: str) -> bool:
    """Tell whether there are images at `data`, by names and headers alone."""
    if data == DIGITS:
        return True
    path = Path(data).expanduser()
    if not path.is_dir():
        return is_npz(path)
    return is_idx(path) or any(map(FILES.is_item, walk(path)))


def is_idx(folder: Path) -> bool:
    """Tell whether a folder is a set of idx files, of which nothing else in it is read."""
    return any((folder / name).exists() for name in IDX_FILES)


def open_source(data: str, on_bad_image: str) -> Source:
    """Return what is at `data` (`digits`, a folder, a MedMNIST-layout .npz or idx files), its labels checked.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    if data == DIGITS:
        return from_digits()
    path = path_of(data, WAYS)
    if path.is_dir():
        names = {entry.name for entry in list_entries(path)}
        return from_idx(path) if names & set(IDX_FILES) else from_folder(path, FILES, on_bad_image)
    if path.suffix.lower() == ".npz":
        return from_npz(path)
    raise not_read(data, WAYS)


def open_unlabelled(data: str, on_bad_image: str) -> Source:
    """Return the images at `data`, whatever their labels: of a folder all that lie in it, at any depth.

    An .npz or idx files are read without theirs, and may have none.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    if data == DIGITS:
        return from_digits()
    path = path_of(data, WAYS_UNLABELLED)
    if path.is_dir():
        return loose_idx(path) if is_idx(path) else from_loose(path, FILES, on_bad_image)
    if path.suffix.lower() == ".npz":
        return loose_npz(path)
    raise not_read(data, WAYS_UNLABELLED)
