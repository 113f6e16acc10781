"""Processes that end with the one that started them."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import psutil

from gannb.utils.trust import TRUSTED
from gannb.work.leases import withdraw_all


def followers() -> dict[str, Any]:
    """Return the settings for loky's workers that make them end with this process, also those that get no work."""
    return {"initializer": _follow, "initargs": (os.getpid(), os.environ.get(TRUSTED, "{}"))}


def _follow(parent: int, trusted: str) -> None:
    """Start a worker; what may run in it is what may run in its parent now, not when the first worker was started."""
    os.environ[TRUSTED] = trusted
    end_with(parent)


def end_with(parent: int, every: float = 0.5) -> None:
    """End this process soon after process `parent` is gone, from a thread that only watches (once per process).

    Jupyter kernels run in their own session and loky workers outlive a killed parent (loky #360, papermill #125):
    without this, killing the launcher would leave them at work.
    """
    if parent in _watched:
        return
    _watched.add(parent)
    try:
        born = psutil.Process(parent).create_time()
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        while _is_alive(parent, born):
            time.sleep(every)
        withdraw_all()  # or who goes on would have to wait until they expire
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


_watched: set[int] = set()


def _is_alive(pid: int, born: float) -> bool:
    try:
        process = psutil.Process(pid)
        return process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


LAUNCHER = "GANNB_LAUNCHER"  # pid of the `gannb run` that this kernel belongs to


def follow_launcher() -> None:
    """In a kernel that `gannb run` started: end when the launcher is gone."""
    if os.environ.get(LAUNCHER):
        end_with(int(os.environ[LAUNCHER]))


def in_jupyterlab() -> bool:
    """Tell whether a person sits before this kernel, who can use widgets; not in a kernel that `gannb run` started."""
    return bool(os.environ.get("JPY_SESSION_NAME")) and not os.environ.get(LAUNCHER)
