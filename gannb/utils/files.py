"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gannb.utils.errors import InputError

ABANDONED = 3600.0  # seconds without a change after which a temporary file is nobody's any more


def files_at(path: Path) -> list[tuple[str, int, int]]:
    """Return path, size and time of the last change of a file, or of every file below a folder, links followed."""
    files = [path] if path.is_file() else sorted(_below(path))
    return [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]


def _below(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(top)) in seen:  # a link that leads back up, or to where another one does
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield from (Path(top) / name for name in names)


def write_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Write a folder whole or not at all, unless it is there: `write` fills it under a temporary name.

    Where another process has written it meanwhile, that one stays.

    Raises:
        InputError: there is no writing at its place.
    """
    if folder.is_dir():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = unique_name(folder)
        temporary.mkdir()
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise InputError(f"{folder.parent} cannot be written ({reason}); choose another output_dir.") from None
    try:
        write(temporary)
        move_unless_taken(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def unique_name(path: Path) -> Path:
    """Return a hidden name beside a file or folder that no other process has, on whatever machine."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}")


def move_unless_taken(folder: Path, to: Path) -> bool:
    """Rename a folder, unless there is a folder with anything in it already; tell whether it was done."""
    try:
        os.rename(folder, to)
        return True
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False


def seconds_unchanged(path: Path) -> float:
    """Return the seconds since a file, or a folder and everything in it, was last changed.

    They are counted by the clock that is behind the times of changes there, which on a network may be another
    machine's: by the time that a new file gets. Where nothing can be written, this machine's clock has to do.

    Raises:
        OSError: it is not there, or is going in this very moment.
    """
    changed = max(each.lstat().st_mtime for each in (path, *path.rglob("*")))
    try:
        with tempfile.TemporaryFile(dir=path.parent) as new:
            return os.fstat(new.fileno()).st_mtime - changed
    except OSError:
        return time.time() - changed


def is_abandoned(path: Path) -> bool:
    """Tell whether a temporary file or folder was last changed so long ago that nobody is writing it any more."""
    try:
        return seconds_unchanged(path) > ABANDONED
    except OSError:
        return False


def write_json(file: Path, value: Any) -> None:
    """Write JSON so that a reader finds the old content or the new, never a part."""
    write_text(file, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text file by a temporary name, a sync and a rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = unique_name(file)
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def sync_files(folder: Path) -> None:
    """Wait until everything in a folder is on the disk."""
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as stream:
                os.fsync(stream.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
