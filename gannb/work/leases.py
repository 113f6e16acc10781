"""Leases: files that say that somebody is at work, on any file system and for processes of any machine.

A lease is a file that its holder creates exclusively, with a token of its own, and touches again and again from a
thread. Who finds a lease watches it; one that has not been touched for longer than `EXPIRY`, by the watcher's own
clock, belongs to a process that is gone and is taken over. So the clocks of machines need not agree, and neither
process numbers nor `flock` decide anything, which mean nothing from one machine or container to the next.

A holder that was stopped for longer than that, and goes on, does not know that it has lost its lease. So a lease saves
work that would be done twice; that a result is whole and stays is seen to where it is put in its place (`store`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from gannb.utils.files import seconds_unchanged, unique_name

# Seconds. A holder is taken to be gone when five touches in a row are missing: a machine short of memory or a slow
# network delays one or two. Whoever goes on right after a killed run waits no longer than this.
TOUCH = 2.0  # between two touches of a lease by its holder
EXPIRY = 10.0  # without a touch until a lease may be taken over
LOOK = 0.2  # between two looks at a lease that another process holds


class Stamp(NamedTuple):
    """What a watcher sees of a lease; every touch changes it."""

    token: str
    changed: int  # nanoseconds


class Lease:
    """A lease that this process holds until it is released."""

    def __init__(self, file: Path, descriptor: int, token: str):
        self.file, self.token = file, token
        self.expired: tuple[str, ...] = ()  # tokens of holders before this one that are taken to be gone
        self._descriptor, self._ended = descriptor, threading.Event()
        self._thread = threading.Thread(target=self._touch, daemon=True, name=f"lease of {file}")
        _held.add(self)
        self._thread.start()

    def _touch(self) -> None:
        # by the descriptor, not by the name, where another's lease may be by now
        while not self._ended.wait(TOUCH):
            with contextlib.suppress(OSError):
                os.utime(self._descriptor)

    def is_held(self) -> bool:
        """Tell whether nobody has taken the lease over."""
        stamp = _look(self.file)
        return stamp is not None and stamp.token == self.token

    def release(self) -> None:
        """Let others have it."""
        self._ended.set()
        self._thread.join()
        os.close(self._descriptor)
        _held.discard(self)
        withdraw(self.file, self.token)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


_held: set[Lease] = set()


def take(file: Path, token: str | None = None, wait: bool = True) -> Lease | None:
    """Return the lease of a file, for this process to hold; None, unless asked to wait, if another process holds it.

    token: what tells this holder from all others; by default a new one.

    Raises:
        OSError: the file cannot be written.
    """
    token = token or uuid.uuid4().hex
    seen: Stamp | None = None
    since = 0.0
    expired: list[str] = []
    while (lease := _create(file, token)) is None:
        stamp = _look(file)
        if stamp is None:
            continue  # released in this very moment
        if stamp != seen:
            if seen is not None and not wait:
                return None
            seen, since = stamp, time.monotonic()
        elif time.monotonic() - since > EXPIRY:
            _remove(file, lambda seen, stale=stamp: seen == stale)
            expired.append(stamp.token)
            continue
        time.sleep(LOOK)
    lease.expired = tuple(expired)
    return lease


def is_alive(file: Path) -> bool:
    """Tell, at once, whether somebody holds a lease and has touched it lately.

    Good enough to be told to a person, not to take a lease over: on some network file systems each machine's own clock
    is behind the time of a change.
    """
    try:
        return _look(file) is not None and seconds_unchanged(file) <= EXPIRY
    except OSError:
        return False


def withdraw(file: Path, token: str) -> None:
    """Remove a lease that this process holds, or that one held which it knows to be gone, unless it was taken over."""
    with contextlib.suppress(OSError):
        stamp = _look(file)
        if stamp is not None and stamp.token == token:
            _remove(file, lambda seen: seen.token == token)


def withdraw_all() -> None:
    """Remove every lease of this process, which is about to end."""
    for lease in list(_held):
        withdraw(lease.file, lease.token)


def _create(file: Path, token: str) -> Lease | None:
    """Return the lease, or None if there is one already."""
    while True:
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            break
        except FileExistsError:
            return None
        except FileNotFoundError:  # its folder goes with what was made in it
            file.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.write(descriptor, token.encode())
    except OSError:  # the disk is full
        os.close(descriptor)
        file.unlink(missing_ok=True)
        raise
    return Lease(file, descriptor, token)


def _look(file: Path) -> Stamp | None:
    """Return the token of a lease and the time of its last touch, or None if there is no lease."""
    try:
        with open(file, encoding="utf-8") as stream:  # opened, since a network file system may not look again for less
            return Stamp(stream.read(), os.fstat(stream.fileno()).st_mtime_ns)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise


def _remove(file: Path, is_meant: Callable[[Stamp], bool]) -> None:
    """Remove a lease if it is the one that is meant: of several processes that try, one does.

    Between a look and a removal the lease may have become another's. So it is renamed to a name that nobody else knows,
    looked at there, and put back if it is not the one; where the file system has links, under no newer one.
    """
    aside = unique_name(file)
    try:
        os.rename(file, aside)
    except FileNotFoundError:
        return
    stamp = _look(aside)
    if stamp is not None and not is_meant(stamp):
        try:
            os.link(aside, file)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.rename(aside, file)
    aside.unlink(missing_ok=True)
