"""One run at a time for a study, and for whatever else takes one process only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gannb.utils.errors import InputError, is_of_the_machine, shortage_of
from gannb.work.leases import Lease, is_alive, take
from gannb.work.processes import LAUNCHER

LEASE = ".lease"  # in the study's folder while a process is at work on it


@contextlib.contextmanager
def study_lock(folder: Path) -> Iterator[None]:
    """Hold the study for this process; kernels that `gannb run` started are covered by its lock.

    Raises:
        InputError: another process is at work on the study, or the folder cannot be written.
    """
    if os.environ.get(LAUNCHER):
        yield
        return
    busy = f"Another run is at work on {folder}; wait for it, or give this study a name."
    with only_here(folder / LEASE, folder, busy, "choose another output_dir"):
        yield


@contextlib.contextmanager
def only_here(lease: Path, folder: Path, busy: str, way_out: str) -> Iterator[None]:
    """Hold a lease on a folder for this process. One that a killed process left is waited for until it expires.

    A folder that is made for it goes again where nothing comes into it, as where what was asked for is refused.

    Raises:
        InputError: another process holds it (`busy`), or the folder cannot be written (`way_out` says what to do).
    """
    made = [each for each in dict.fromkeys((lease.parent, folder)) if not os.path.lexists(each)]
    try:
        with _held(lease, folder, busy, way_out):
            yield
    finally:
        for each in made:
            with contextlib.suppress(OSError):  # it is not empty, or was never made
                each.rmdir()


def _held(lease: Path, folder: Path, busy: str, way_out: str) -> Lease:
    """Return the lease, taken; raises InputError as `only_here`."""
    try:
        held = take(lease, wait=False)
    except OSError as error:
        raise unwritable(folder, error, way_out) from None
    if held is None:
        raise InputError(busy)
    return held


def unwritable(folder: Path, error: OSError, way_out: str) -> InputError:
    """Return what to raise where a folder cannot be written; the way out is that of what has run out, if anything."""
    reason = (error.strerror or "cannot be written").lower()
    way = shortage_of(error).way if is_of_the_machine(error) else way_out
    return InputError(f"{folder} cannot be written ({reason}); {way}.")


def is_running(folder: Path) -> bool:
    """Tell whether a process is at work on the study; one that was killed seems to be for `leases.EXPIRY` seconds."""
    return is_alive(folder / LEASE)
