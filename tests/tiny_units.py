"""Units that write a line, fail, wait or are killed; in a module of their own, so that worker processes find them."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path

from gannb.work.unit import Task, Unit


def write(task: Task) -> None:
    """Write a file, and note in a log that the unit was made."""
    (task.folder / "value.txt").write_text(str(task.parameters.get("value", "")))
    with open(task.study / "log", "a") as log:
        log.write(task.unit.place + "\n")


def fail(task: Task) -> None:
    (task.folder / "half.txt").write_text("half")
    raise RuntimeError("the loss is nan")


def fill_the_disk(task: Task) -> None:
    (task.folder / "half.bin").write_bytes(b"0" * 1000)
    raise OSError(errno.ENOSPC, "No space left on device", str(task.folder / "half.bin"))


def be_killed(task: Task) -> None:
    (task.folder / "half.txt").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)


def fail_once(task: Task) -> None:
    """Fail the first time, leaving a checkpoint, and go on from it the second time."""
    task.checkpoint.mkdir(parents=True, exist_ok=True)
    if not (task.checkpoint / "step").is_file():
        (task.checkpoint / "step").write_text("41")
        raise RuntimeError("stopped in the middle")
    (task.folder / "value.txt").write_text((task.checkpoint / "step").read_text())


def wait_a_little(task: Task) -> None:
    time.sleep(0.5)
    write(task)


def tell_process(task: Task) -> None:
    import torch

    (task.folder / "value.txt").write_text(f"{os.getpid()} {torch.get_num_threads()}")


MEETING = threading.Barrier(3)


def meet(task: Task) -> None:
    """Wait for the other units of the bundle: what is made one after the other never gets here."""
    MEETING.wait(5)
    write(task)


def unit(
    name: str = "a", make=write, stage: int = 1, needs: tuple[Unit, ...] = (), version: int = 1, **parameters
) -> Unit:
    return Unit(stage, "classifier", f"trials/000/{name}", make, version, {"trial": 0, **parameters}, needs)


def leftovers(study: Path) -> list[str]:
    """Names of everything that is temporary in a study's folder."""
    return sorted(p.name for p in study.rglob("*") if p.name.startswith(".") or p.name.endswith(".running"))


def log(study: Path) -> list[str]:
    return sorted((study / "log").read_text().split())
