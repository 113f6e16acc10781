"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from gannb.utils.errors import InputError, is_of_the_machine, shortage_of, unreadable

# a link that leads nowhere or in a circle, or what has just gone
NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
ABANDONED = 3600.0  # seconds without a change after which a temporary file is nobody's any more


def absolute(path: str | Path, what: str) -> Path:
    """Return the absolute path that is meant, `~` being somebody's home. what: the parameter, or whatever names it.

    Raises:
        InputError: no path is written so.
    """
    try:
        return Path(path).expanduser().resolve()
    except (
        RuntimeError,
        ValueError,
    ) as error:  # nobody has a home of that name; a byte of zeros in it; a ring of links
        raise InputError(f"{what}: {str(path)!r} is no path here ({error}); write it in full.") from None


def read_bytes(file: Path, missing: str) -> bytes:
    """Return a file's content.

    Raises:
        InputError: there is no such file (`missing` is what to say then), or it cannot be read now.
    """
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise InputError(missing) from None
    except (OSError, MemoryError, ValueError) as error:  # ValueError: a byte of zeros in its name
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise unreadable(str(file), error, f"cannot be read ({reason}).") from None


def read_json(file: Path) -> Any:
    """Return what a JSON file that this package has written holds.

    Raises:
        InputError: it is damaged, or cannot be read now.
    """
    try:
        return json.loads(read_bytes(file, f"There is no {file}; run again."))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} is damaged; move it away, and run again.") from None


def read_noted(file: Path) -> dict[str, Any]:
    """Return the object that a JSON file that this package has written holds; an empty one where there is no file.

    Raises InputError as `read_json`.
    """
    return read_json(file) if file.is_file() else {}


def files_at(path: Path) -> list[tuple[str, int, int, int, int]]:
    """Return what tells a file, or every file below a folder, from what may be in its place later; links are followed.

    Its path, size, time of the last change of its content, and number and time of the last change of any kind, which
    differ where files of one size and time have changed places, or where a program has set the time back.
    """
    found = []
    for file in [path] if os.path.isfile(path) else sorted(_below(path)):
        try:
            seen = file.stat()
        except OSError as error:
            if error.errno not in NOTHING_THERE:
                raise
            continue
        if stat.S_ISREG(seen.st_mode):
            found.append((str(file), seen.st_size, seen.st_mtime_ns, seen.st_ino, seen.st_ctime_ns))
    return found


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
        way = shortage_of(error).way if is_of_the_machine(error) else "choose another output_dir"
        raise InputError(f"{folder.parent} cannot be written ({reason}); {way}.") from None
    try:
        write(temporary)
        sync_files(temporary)  # its name must never stand over less
        if move_unless_taken(temporary, folder):
            sync_folder(folder.parent)
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
    """Write a text file in UTF-8; see `write_bytes`."""
    write_bytes(file, text.encode("utf-8"))


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file by a temporary name, a sync and a rename, so that a reader finds the old content or the new."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = unique_name(file)
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, 64 hex digits."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_once(file: Path) -> str:
    """Return the same as `sha256_of`, read once a process as long as nothing of the file is seen to change.

    Raises OSError where it cannot be read.
    """
    seen = files_at(file)
    return _sha256_of_seen(*seen[0]) if seen else sha256_of(file)


@lru_cache
def _sha256_of_seen(file: str, *seen: int) -> str:
    return sha256_of(Path(file))


def sync_files(folder: Path) -> None:
    """Wait until everything in a folder is on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as stream:
                os.fsync(stream.fileno())
        elif path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
