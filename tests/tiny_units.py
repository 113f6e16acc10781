"""Units that write a line, fail, wait or are killed; in a module of their own, so that worker processes find them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import threading
import time
from pathlib import Path

from gannb.work.unit import Task, Unit

if os.environ.get("GANNB_TEST_CARD"):
    from gannb.utils import cuda_streams  # takes torch, which few of these units need

    # in workers, too: units of `cuda` are made on the CPU, without streams
    cuda_streams.own_stream = lambda device: contextlib.nullcontext()


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
    MEETING.wait(120)
    write(task)


OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 23.64 GiB"
AT_WORK: list[str] = []  # places of units, in threads of this process


def take_memory(task: Task) -> None:
    """Need so much of a card that no more than `fit` units of a process find room beside each other."""
    import torch

    AT_WORK.append(task.unit.place)
    try:
        time.sleep(0.1)  # until the others of the call are there
        if len(AT_WORK) > task.parameters["fit"]:
            raise torch.cuda.OutOfMemoryError(OUT_OF_MEMORY)
    finally:
        time.sleep(0.1)
        AT_WORK.remove(task.unit.place)
    write(task)


def need_the_whole_card(task: Task) -> None:
    """Find no room as long as a unit of another process is at work on the card, named by a file."""
    import torch

    if list(task.study.glob("on-the-card-*")):
        raise torch.cuda.OutOfMemoryError(OUT_OF_MEMORY)
    write(task)


def hold_the_card(task: Task) -> None:
    """Be at work on the card for a while."""
    mark = task.study / f"on-the-card-{task.unit.place.rpartition('/')[2]}"
    mark.touch()
    time.sleep(2)
    mark.unlink()
    write(task)


def stick(task: Task) -> None:
    """Fail as after a CUDA error, and leave it to this process."""
    os.environ[STUCK] = "1"
    raise RuntimeError("CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported")


STUCK = "GANNB_TEST_STUCK_CARD"


def use_card(task: Task) -> None:
    """Fail where the process has seen a CUDA error, as all that follows one does."""
    if os.environ.get(STUCK):
        raise RuntimeError("CUDA error: device-side assert triggered")
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


def tell_machine(task: Task) -> None:
    """Write down, as JSON, what a unit finds where it is made."""
    import torch
    from threadpoolctl import threadpool_info

    from gannb.utils.trust import TRUSTED

    told = {
        "device": task.device, "pid": os.getpid(), "torch": torch.get_num_threads(),
        "pools": max((pool["num_threads"] for pool in threadpool_info()), default=1),
        "trusted": os.environ.get(TRUSTED), "worker": os.environ.get("GANNB_TEST_WORKER", ""),
    }  # fmt: skip
    (task.folder / "told.json").write_text(json.dumps(told))


def wait_for_go(task: Task) -> None:
    """Say which process is at work, and be so until a file beside the study is there that says go on."""
    (task.study / f"at-work-{task.unit.place.rpartition('/')[2]}-{os.getpid()}").touch()
    steps = 0
    while not (task.study / "go").exists():
        time.sleep(0.05)
        task.progress(steps, 10_000)
        steps += 1
    write(task)


def wait_for_the_other(task: Task) -> None:
    """Be at work until another unit is made, which takes another process."""
    until = time.monotonic() + 600
    while not list(task.study.glob("trials/000/other-*/unit.json")):
        assert time.monotonic() < until, "nobody else has made it"
        time.sleep(0.05)
    write(task)
