"""Memory: what this process has taken at the most, and what the machine has free."""

from __future__ import annotations

import re
from pathlib import Path

PROCESS = 7e8  # bytes that a process takes with torch and a small study's items, about
STATUS = Path("/proc/self/status")  # of Linux; what `getrusage` calls the most is that of the process before, too


def peak_bytes() -> int:
    """Return the most memory that this process has had since it began; where that is not known, what it has now."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return 1024 * int(found[1])
    import psutil

    return psutil.Process().memory_info().rss


def free_bytes() -> int:
    """Return the memory that the machine can give to new processes."""
    import psutil

    return psutil.virtual_memory().available
