"""How the command line talks: how much of it, whether in colour, and what if nobody listens."""

from __future__ import annotations

import contextlib
import os
import sys
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


def open_streams() -> None:
    """Have standard input, output and error, also where this process was started without, as by `2>&-`.

    Else the next files that are opened would get their numbers, and what libraries print would be written into these.
    A character that the output's encoding lacks is written out, as `\\u2248`.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def mute(stream: IO[str]) -> None:
    """Let what is still to be written to a stream go nowhere, since nobody reads it any more."""
    with contextlib.suppress(OSError, ValueError):  # one of a test has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
