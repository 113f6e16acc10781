"""Waiting by the machine's pace: so many seconds of an idle machine, however long these take on a busy one.

How busy it is is measured while something is waited for: by a computation of which it is known how long it takes, for
what waits shares the processor with what it waits for, and by how many processes want a processor at once, for who has
slept is let in first, and one short computation may then see nothing of a crowd.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

STEPS, USUAL = 2_000_000, 0.09  # of the computation, and its seconds on an idle machine
PATIENCE = 60.0  # seconds of an idle machine that anything may take
LOOK = 0.05  # seconds between two looks
PIECE = 5.0  # seconds between two measurements of the pace


def slowness(clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how many times as long as on an idle machine a computation takes now; 1 or more."""
    begun, total = clock(), 0
    for i in range(STEPS):
        total += i * i
    return max(1.0, (clock() - begun) / USUAL, crowd())


def crowd() -> float:
    """Return how many processes a processor has had to serve at once, on average over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


class Patience:
    """So many seconds of an idle machine."""

    def __init__(self, seconds: float = PATIENCE):
        self.left, self._seen, self.waited = seconds, time.monotonic(), 0.0

    def ended(self) -> bool:
        """Tell whether as much has gone by; measures the pace now and then."""
        gone = time.monotonic() - self._seen
        if gone < PIECE:
            return False
        pace = slowness()
        now = time.monotonic()
        self.left -= (now - self._seen) / pace
        self.waited += now - self._seen
        self._seen = now
        return self.left <= 0


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Return the condition's value as soon as it is true."""
    patience = Patience(seconds)
    while not (found := condition()):
        assert not patience.ended(), f"in {seconds:.0f} s of an idle machine ({patience.waited:.0f} s) not: {what}"
        time.sleep(LOOK)
    return found


def end_of(process: subprocess.Popen, seconds: float = PATIENCE) -> tuple[Any, Any]:
    """Return what a process has said on stdout and stderr when it has ended; kill it where it does not end in time."""
    patience = Patience(seconds)
    while True:
        try:
            return process.communicate(timeout=PIECE)
        except subprocess.TimeoutExpired:
            if patience.ended():
                process.kill()
                raise


def run(command: list[str], seconds: float = PATIENCE, **options: Any) -> subprocess.CompletedProcess:
    """Run a command to its end, as `subprocess.run` does; its output is text and is kept."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    with subprocess.Popen(command, **options) as process:
        said = end_of(process, seconds)
    return subprocess.CompletedProcess(command, process.returncode, *said)
