"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gannb.utils.errors import InputError


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

    Raises:
        InputError: there is no writing at its place.
    """
    if folder.is_dir():
        return
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        temporary.mkdir(exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise InputError(f"{folder.parent} cannot be written ({reason}); choose another output_dir.") from None
    try:
        write(temporary)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_json(file: Path, value: Any) -> None:
    """Write JSON so that a reader finds the old content or the new, never a part."""
    write_text(file, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a text file by a temporary name, a sync and a rename."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def sync_files(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as stream:
                os.fsync(stream.fileno())
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
