"""Units on disk: made under a temporary name, synced and renamed, so that one exists whole or not at all.

Who makes a unit holds its lease, so that it is made once. Where two processes make it nevertheless, as after one of
them was stopped for a while, the first that gives it its name wins: what is finished is never replaced or removed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gannb.utils.cuda import in_one_line, sticks
from gannb.utils.errors import shortage_of
from gannb.utils.files import move_unless_taken, sync_files, sync_folder, unique_name, write_json
from gannb.work.leases import Lease, is_alive, take, withdraw
from gannb.work.unit import Task, Unit

RECORD = "unit.json"
LEASE = "lease"  # in the unit's `running` folder
ELSEWHERE = "another process is making it"  # said of a unit in place of an error
HOST = "host"  # beside it: the name of the machine that makes the unit, for people; nothing is decided by it


def is_done(study: Path, unit: Unit) -> bool:
    """Tell whether the unit's result is there, and whole; see `is_whole`."""
    return is_whole(study / unit.path)


def is_whole(folder: Path) -> bool:
    """Tell whether a folder holds a finished unit, every file as long as it was written.

    What is not, as after a disk's fault or a copy that was cut off, is made again; so is what has no whole record.
    Raises OSError where it cannot be looked at, as with too many open files or without the right to: it may be whole.
    """
    try:
        files = _read_record(folder).get("files", {})
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError) as error:  # ValueError: also a byte of zeros in a file's name
        if (found := shortage_of(error)) and errno.EIO not in found.numbers:
            raise
        return False


def side_folder(study: Path, unit: Unit, what: str) -> Path:
    """Return the folder of a unit that is `running` (lease, progress, checkpoint) or `failed` (its error)."""
    return study / f"{unit.path}.{what}"


def read_unit(study: Path, unit: Unit) -> dict[str, Any]:
    """Return the record of a finished unit: parameters, seconds, versions."""
    return _read_record(study / unit.path)


def parameters_at(folder: Path) -> dict[str, Any]:
    """Return what the unit in a folder has declared; nothing where its record is gone or says nothing of it."""
    try:
        parameters = json.loads((folder / RECORD).read_text(encoding="utf-8"))["parameters"]
    except (FileNotFoundError, NotADirectoryError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return parameters if isinstance(parameters, dict) else {}


def _read_record(folder: Path) -> dict[str, Any]:
    """Return a unit's record, which says all that is asked of one. Raises OSError or ValueError where there is none."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except RecursionError:  # brackets without end
        record = None
    if not _is_record(record):
        raise ValueError(f"{folder / RECORD} is damaged")
    return record


def _is_record(record: Any) -> bool:
    """Tell whether a JSON value is a unit's record: each part that is read of one is there, and of its kind."""
    if not isinstance(record, dict):
        return False
    seconds, files = record.get("seconds"), record.get("files", {})  # older ones list no files
    timed = type(seconds) in (int, float) and 0 <= seconds < math.inf
    listed = isinstance(files, dict) and all(type(size) is int for size in files.values())
    return timed and listed and isinstance(record.get("parameters", {}), dict)


def seconds_at(folder: Path) -> float:
    """Return the seconds that the finished unit in a folder took. Raises OSError or ValueError where there is none."""
    return _read_record(folder)["seconds"]


def recorded_failure(study: Path, unit: Unit) -> str | None:
    """Return the error that a unit failed with when it was last tried, or None."""
    return failure_at(study / unit.path)


def failure_at(folder: Path) -> str | None:
    """Return the error that the unit that belongs into a folder failed with when it was last tried, or None."""
    file = folder.with_name(f"{folder.name}.failed") / "error.json"
    try:
        error = json.loads(file.read_text(encoding="utf-8"))["error"]
    except FileNotFoundError:  # perhaps in this moment, when it was made after all
        return None
    except (ValueError, LookupError, TypeError, RecursionError):
        error = None
    return error if isinstance(error, str) and error else f"nobody knows why any more, since {file} is damaged"


def failure_time(folder: Path) -> int:
    """Return when the unit that belongs into a folder failed when it was last tried, in nanoseconds; 0: it has not."""
    try:
        return (folder.with_name(f"{folder.name}.failed") / "error.json").stat().st_mtime_ns
    except OSError:
        return 0


def is_at_work(folder: Path) -> bool:
    """Tell whether a process is making the unit that belongs into a folder."""
    return is_alive(folder.with_name(f"{folder.name}.running") / LEASE)


def host_at(folder: Path) -> str:
    """Return the name of the machine that is making the unit that belongs into a folder; empty where it is not said."""
    try:
        return folder.with_name(f"{folder.name}.running").joinpath(HOST).read_text(encoding="utf-8")
    except OSError:
        return ""


class Withdrawn(BaseException):
    """Raised in a unit at work that nobody waits for any more: no error, and no handler of errors may hide it."""


def execute(
    study: Path,
    unit: Unit,
    device: str,
    token: str | None = None,
    *,
    wait: bool = True,
    withdrawn: Callable[[], bool] = lambda: False,
) -> str | None:
    """Make one unit in this process; return None, or the error that it failed with.

    Safe to call for the same unit from several processes: the second waits for the first and finds the result, or, not
    `wait`, returns ELSEWHERE.

    token: the holder's of the unit's lease, for whoever has to clear up after this process; see `forget`.
    withdrawn: tells whether nobody waits for the unit any more. It is asked about once a second.

    Raises:
        Withdrawn: so it was; nothing is left of it but its checkpoint.
    """
    running, failed = side_folder(study, unit, "running"), side_folder(study, unit, "failed")
    try:
        if (held := take(running / LEASE, token, wait)) is None:
            return None if is_done(study, unit) else ELSEWHERE
        with held as lease:
            try:
                if not is_done(study, unit):
                    with _named(running / HOST):
                        _make(study, unit, device, running, lease.token, withdrawn)
                for gone in lease.expired:  # not before: one that was only stopped may go on, and may not fail for this
                    shutil.rmtree(_temporary(study / unit.path, gone), ignore_errors=True)
                shutil.rmtree(failed, ignore_errors=True)
                _clear(running, lease)
            except Exception as error:  # written down before the lease goes, by which others see that it has ended
                return _failure(study, unit, failed, error)
        with contextlib.suppress(OSError):  # another process has come to see whether the unit is there
            running.rmdir()
        return None
    except Exception as error:
        return _failure(study, unit, failed, error)


def _failure(study: Path, unit: Unit, failed: Path, error: Exception) -> str | None:
    """Return the error that a unit failed with, written down; None where another process has made it meanwhile."""
    with contextlib.suppress(OSError):
        if is_done(study, unit):
            return None
    return record_failure(failed, error)


@contextlib.contextmanager
def _named(file: Path) -> Iterator[None]:
    """Let a file say which machine is at work, until the block ends; nothing hangs on whether it can be written."""
    with contextlib.suppress(OSError):
        file.write_text(socket.gethostname(), encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def forget(study: Path, unit: Unit, token: str) -> None:
    """Clear up after a process that was making the unit with this token and that is known to be gone."""
    withdraw(side_folder(study, unit, "running") / LEASE, token)
    shutil.rmtree(_temporary(study / unit.path, token), ignore_errors=True)


def _temporary(final: Path, token: str) -> Path:
    return final.with_name(f".{final.name}.{token}")


def _make(study: Path, unit: Unit, device: str, running: Path, token: str, withdrawn: Callable[[], bool]) -> None:
    temporary = _temporary(study / unit.path, token)
    temporary.mkdir()
    started = time.monotonic()
    try:
        progress = _progress_writer(running, withdrawn)
        unit.make(Task(unit, study, temporary, running / "checkpoint", device, progress))
        seconds = round(time.monotonic() - started, 3)
        files = {str(f.relative_to(temporary)): f.stat().st_size for f in temporary.rglob("*") if f.is_file()}
        record = {"kind": unit.kind, "key": unit.key, "version": unit.version, "seconds": seconds, "files": files}
        write_json(temporary / RECORD, record | {"device": device, "parameters": unit.parameters})
        sync_files(temporary)
        _put_in_place(temporary, study / unit.path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_in_place(temporary: Path, final: Path) -> None:
    """Give a finished unit its name, unless another process has finished it meanwhile: then that one stays."""
    while not is_whole(final):
        if move_unless_taken(temporary, final):
            return sync_folder(final.parent)
        _remove_damaged(final)
    return None


def _remove_damaged(final: Path) -> None:
    """Remove a unit that is not whole, by a name that nobody else knows: meanwhile a whole one may be in its place."""
    aside = unique_name(final)
    try:
        os.rename(final, aside)
    except FileNotFoundError:
        return
    if is_whole(aside) and move_unless_taken(aside, final):
        return
    shutil.rmtree(aside, ignore_errors=True)


def _clear(running: Path, lease: Lease) -> None:
    """Remove progress and checkpoint of a unit that is done, unless another process has come to hold its lease."""
    if not lease.is_held():
        return
    for left in running.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left != lease.file:
            left.unlink(missing_ok=True)


def record_failure(failed: Path, error: Exception) -> str:
    """Write down the error that a unit failed with, and return it as a sentence."""
    message = f"{type(error).__name__}: {error}".strip()
    if found := shortage_of(error):
        said = found.text(getattr(error, "filename", None))
        message = said if found.whole else f"{said} ({message})"
    elif sticks(message):
        message = f"the GPU reported an error: {in_one_line(message)}; try again, or set device=cpu"
    with contextlib.suppress(OSError):  # a full disk must not hide the error that it caused
        write_json(failed / "error.json", {"error": message, "traceback": "".join(traceback.format_exception(error))})
    return message


def _progress_writer(running: Path, withdrawn: Callable[[], bool], every: float = 1.0) -> Callable[[int, int], None]:
    last = [0.0]

    def write(done: int, total: int) -> None:
        if time.monotonic() - last[0] >= every:
            last[0] = time.monotonic()
            if withdrawn():
                raise Withdrawn
            with contextlib.suppress(OSError):
                (running / "progress").write_text(f"{done} {total}")

    return write
