"""What a command is doing, said on stderr where it has been silent for long; stdout stays clean for pipes.

Whoever does what may take long says so with `doing`, at no cost where nobody listens: `telling` does, once a command.
A command that is told to end does so as where somebody interrupts it: `ending`.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import IO

SILENCE = 10.0  # seconds after which a command says what it is doing; twice as long each time
LONGEST = 80.0  # seconds of silence at most, from then on
STEP = 0.1  # seconds between two looks at the clock


@dataclass
class Activity:
    """Something that may take long."""

    what: str
    begun: float
    total: int = 0  # things to go through; 0 where nobody counts
    done: int = 0

    def text(self, now: float) -> str:
        """Return what is being done, for how long, and how far it is: `reading photos, 12 s, 300 of 2,000`."""
        far = f", {self.done:,} of {self.total:,}" if self.total else ""
        return f"{self.what}, {now - self.begun:.0f} s{far}"


_activities: list[Activity] = []  # of this process, each part of the one before
_heard = [0.0]  # when something was last said


@contextlib.contextmanager
def doing(what: str) -> Iterator[None]:
    """Let `what` be what this process is doing until the block ends; `what` as in `reading photos`."""
    activity = Activity(what, time.monotonic())
    _activities.append(activity)
    try:
        yield
    finally:
        _activities.remove(activity)


def counter(total: int) -> Callable[[], None]:
    """Return what is to be called for each of so many things that the present activity goes through."""
    activity = _activities[-1] if _activities else Activity("", 0.0)
    activity.total, activity.done = total, 0

    def one_more() -> None:
        activity.done += 1  # from several threads it may miss one, and only people read it

    return one_more


def heard() -> None:
    """Note that something was said just now, so that what is being done need not be."""
    _heard[0] = time.monotonic()


@contextlib.contextmanager
def ending() -> Iterator[list[int]]:
    """Let SIGTERM, as of `kill` or a batch system, end this process as Ctrl-C does, until the block ends.

    Without it a study would seem to be at work until its leases expire. Yields a list that has the signal once it came;
    further ones are passed over meanwhile, since some send it to a process and to its group. Where it is ignored or
    has a handler already, and in other threads than the main one, nothing is changed.
    """
    came: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        if came:
            return
        came.append(number)
        if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, signal.SIG_DFL, None):  # as of a shell's `command &`
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield came
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Heard:
    """A stream that notes when something was last said on it."""

    def __init__(self, stream: IO[str]):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write on the stream."""
        heard()
        return self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


@contextlib.contextmanager
def telling(silent: bool = False) -> Iterator[None]:
    """Say on stderr what this process is doing, until the block ends, whenever it was silent for long about it.

    silent: say nothing.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_tell, args=(ended,), daemon=True, name="telling")
    if not silent:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if not silent:
            thread.join()


def _tell(ended: threading.Event) -> None:
    told, wait = 0.0, SILENCE
    activity = None
    while not ended.wait(min(STEP, SILENCE / 2)):
        present, now = (_activities[-1] if _activities else None), time.monotonic()
        if present is not activity:
            activity, wait = present, SILENCE
        if present is None or now - max(present.begun, told, _heard[0]) < wait:
            continue
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            print(f"gannb: {present.text(now)} ...", file=sys.stderr, flush=True)
        told, wait = now, min(LONGEST, 2 * wait)
