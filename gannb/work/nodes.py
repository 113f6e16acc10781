"""What happens on the machines of an engine: whether one can make a study's units, and making them there.

Only names, paths and texts go to and fro: a unit that was sent is not equal to the one that it was.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gannb.utils import cuda
from gannb.utils.errors import InputError
from gannb.utils.trust import TRUSTED
from gannb.utils.versions import difference, versions
from gannb.work.backends import ONE_THREAD, execute_together
from gannb.work.store import is_done
from gannb.work.unit import Unit

LATE = 30.0  # seconds within which a machine sees what another has written to a folder that both share, at the latest
SEEN = 10.0  # seconds after which a folder that is not seen is taken for one that is not shared
LOOK = 0.5  # seconds between two looks for it


@dataclass(frozen=True)
class Wanted:
    """What a machine needs for making a study's units."""

    study: Path
    device: str
    settle: Callable[[str], str]  # see `Place`
    seen: tuple[Path, ...] = ()
    versions: Mapping[str, str] = field(default_factory=versions)  # of the machine that asks
    token: str = ""  # of the file that shows that it is the study's folder, see `Mark`


@dataclass(frozen=True)
class Found:
    """What a machine says of itself: its name, the device that it computes on, or what it lacks."""

    host: str
    device: str = ""
    lacks: str = ""  # a sentence without its end; empty: nothing


class Mark:
    """A file in a study's folder, by which another machine knows the folder, and that it may write there."""

    def __init__(self, study: Path):
        self.token = uuid.uuid4().hex
        study.mkdir(parents=True, exist_ok=True)
        self.file = mark_in(study, self.token)
        self.file.write_text(self.token)

    def remove(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)


def mark_in(study: Path, token: str) -> Path:
    """Return where the file of a `Mark` is."""
    return study / f".{token}.mark"


async def examine(wanted: Wanted) -> Found:
    """Return what the machine that this runs on says of itself; on a thread, since its loop has others to answer."""
    return await asyncio.to_thread(look_around, wanted)


def look_around(wanted: Wanted) -> Found:
    """Return what this machine says of itself."""
    os.environ |= ONE_THREAD  # before torch is loaded, which reads it once; with `--no-nanny` nobody else sets it
    import sklearn.metrics  # noqa: F401  # where several threads of a worker do so first, one may find half of it
    import sklearn.neighbors  # noqa: F401
    import torch  # noqa: F401

    host = socket.gethostname()
    if found := difference(versions(), wanted.versions):
        package, here, there = found
        why = "numbers would depend on which machine made which part: install the same on both"
        return Found(host, lacks=f"{package} is {here} there, and {there} here; {why}")
    if lacks := _of_the_folder(wanted):
        return Found(host, lacks=lacks)
    if unseen := [str(file) for file in wanted.seen if not os.access(file, os.R_OK)]:
        return Found(host, lacks=f"{unseen[0]} cannot be read there; put it where all machines see it")
    try:
        return Found(host, wanted.settle(wanted.device))
    except InputError as error:
        return Found(host, lacks=str(error).rstrip("."))


def _of_the_folder(wanted: Wanted) -> str:
    """Return why this machine cannot work in the study's folder; empty where it can."""
    way = "put output_dir where all machines see it and may write, by the same path"
    mark, until = mark_in(wanted.study, wanted.token), time.monotonic() + SEEN
    while not _holds(mark, wanted.token):
        if time.monotonic() > until:
            return f"the folder {wanted.study} is not seen there; {way}"
        time.sleep(LOOK)
    try:
        written = mark.with_name(f".{uuid.uuid4().hex}.mark")
        written.write_text("")
        written.unlink()
    except OSError as error:
        return f"the folder {wanted.study} cannot be written there ({(error.strerror or str(error)).lower()}); {way}"
    return ""


def _holds(file: Path, text: str) -> bool:
    try:
        os.listdir(file.parent)  # a network file system looks again for this, and not for the file alone
        return file.read_text() == text
    except OSError:
        return False


def make_here(
    study: Path, units: list[Unit], device: str, token: str, trusted: str, withdrawn: Callable[[], bool]
) -> list[str | None]:
    """Make units in this process, of one thread each; return their errors; see `execute_together`.

    trusted: the functions that may be run, as a person has named them to the launcher; see `utils.trust`.
    """
    os.environ[TRUSTED] = trusted
    from threadpoolctl import threadpool_limits

    if torch := sys.modules.get("torch"):  # else it is loaded later, with what `look_around` has set
        torch.set_num_threads(1)
    with threadpool_limits(1):
        _await_needs(study, units)
        try:
            return execute_together(study, units, device, token, withdrawn=withdrawn)
        except cuda.CardStuck:
            os._exit(cuda.STUCK)  # nothing on the GPU works any more in this process


def _await_needs(study: Path, units: list[Unit]) -> None:
    """Wait until this machine sees what another has just finished; what does not come, the unit itself misses."""
    until = time.monotonic() + LATE
    for need in {need for unit in units for need in unit.needs}:
        while not is_done(study, need) and time.monotonic() < until:
            os.listdir((study / need.path).parent)  # a network file system looks again for this
            time.sleep(LOOK)
