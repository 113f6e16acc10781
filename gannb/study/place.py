"""The place where a study is to lie: whether it can be written there, and how much its disk has free."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from gannb.work.locks import unwritable

WAY = "choose another output_dir"


def nearest(folder: Path) -> Path:
    """Return the folder, or whatever it is, or the nearest one above it that is there."""
    folder = folder.resolve()
    return next(each for each in (folder, *folder.parents) if os.path.lexists(each))


def check_place(folder: Path, content: bytes = b"") -> None:
    """Refuse a folder, which need not be there yet, in whose place nothing can be written. Nothing of it stays.

    It is tried, since rights alone do not say it: of a file system that can only be read, or that of `/proc`.
    content: to be written as well, synced and renamed, as units are.

    Raises:
        InputError: as whatever is to be written there later would raise it.
    """
    place = nearest(folder)
    try:
        if not place.is_dir():  # before the system's own words, which would name a file within it
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryDirectory(dir=place, prefix=".gannb-") as inside:
            if content:
                _write(Path(inside), content)
    except OSError as error:
        raise unwritable(folder, error, WAY) from None


def _write(folder: Path, content: bytes) -> None:
    with open(folder / "a", "wb") as stream:
        stream.write(content)
        os.fsync(stream.fileno())
    os.rename(folder / "a", folder / "b")


def free_bytes(folder: Path) -> int:
    """Return the bytes that are free where a folder is, or is to be."""
    return shutil.disk_usage(nearest(folder)).free
