"""How the command line talks: how much of it, and whether in colour."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import IO

TALK = "GANNB_TALK"  # quiet | normal | verbose; in the environment, so that a run's kernels talk like it
QUIET, NORMAL, VERBOSE = "quiet", "normal", "verbose"
COLOURS = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "blue": 34}  # as ANSI codes


def talk() -> str:
    """Return how much this process says: `quiet`, `normal` or `verbose`."""
    return os.environ.get(TALK, NORMAL)


@contextlib.contextmanager
def talking(level: str) -> Iterator[None]:
    """Let this process, and those that it starts, say so much until the block ends."""
    before = os.environ.get(TALK)
    os.environ[TALK] = level
    try:
        yield
    finally:
        os.environ.pop(TALK) if before is None else os.environ.update({TALK: before})


def paint(text: str, colour: str, stream: IO[str]) -> str:
    """Return the text in a colour of `COLOURS`, if the stream is a terminal that shows it; see no-color.org."""
    shown = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if shown else text
