"""Arrays of an .npz file: which there are, and those that are wanted, of which nothing is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from gannb.utils.errors import InputError, unreadable

MAX_BYTES = 8 * 2**30  # of all arrays together
UNREADABLE = (
    ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile, MemoryError, SyntaxError, RuntimeError,
)  # fmt: skip


def holds(path: Path, names: Collection[str]) -> bool:
    """Tell whether a file is an .npz with one of some arrays, by its name and its table of contents alone."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not {f"{name}.npy" for name in names}.isdisjoint(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def arrays_of(path: Path, wanted: Collection[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Those of the wanted arrays that a file has, and the names of its others.

    Raises InputError where it cannot be read, or holds too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(member.file_size for member in archive.infolist() if member.filename[:-4] in wanted)
        if declared > MAX_BYTES:
            raise InputError(f"{path} unpacks to {declared / 2**30:.0f} GiB, too much; save fewer or smaller items")
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in wanted if name in found.files}
            others = [name for name in found.files if name not in wanted]
    except InputError:
        raise
    except UNREADABLE as error:
        if "Object arrays" in str(error):
            raise InputError(f"{path} holds object arrays, never unpickled here; save plain numbers") from error
        way = f"is not a readable .npz file ({error}); save it again with numpy.savez"
        raise unreadable(str(path), error, way) from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"{name} of {path} is not an array; save it again with numpy.savez")
    return arrays, others
