"""One run at a time for a study."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gannb.utils.errors import InputError
from gannb.work.processes import LAUNCHER


@contextlib.contextmanager
def study_lock(folder: Path) -> Iterator[None]:
    """Hold the study for this process; kernels that `gannb run` started are covered by its lock.

    Raises:
        InputError: another process is at work on the study, or the folder cannot be written.
    """
    if os.environ.get(LAUNCHER):
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "a+")
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise InputError(f"{folder} cannot be written ({reason}); choose another output_dir.") from None
    with lock:
        if not _lock_within(lock, seconds=1.0):  # `gannb status` holds it for a moment
            raise InputError(f"Another run is at work on {folder}; wait for it, or give this study a name.")
        yield


def _lock_within(lock: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def is_running(folder: Path) -> bool:
    """Tell whether a process is at work on the study."""
    return is_locked(folder / ".lock")


def is_locked(file: Path) -> bool:
    """Tell whether a process holds the lock on a file; one that was killed holds nothing."""
    try:
        with open(file) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
