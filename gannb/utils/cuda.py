"""The GPU of this machine: why it cannot be used, how many processes it holds, what its errors mean, exact results.

Torch is imported inside the functions: most of who asks has no GPU to ask about.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import glob
from typing import Any

from gannb.utils.errors import SHORTAGES

GIGABYTE = 2**30
PROCESSES = 4  # on one card, at the most: they share its time, and each begins with half a gigabyte of its own
PROCESS_BYTES = 3 * GIGABYTE  # that one takes with eight small GANs, or with a network fine-tuned at 224 pixels, about
STUCK = 70  # exit status of a process whose GPU reported an error that sticks to it
HIDDEN = ("", "-1")  # in CUDA_VISIBLE_DEVICES
# NVIDIA's driver and cards (whose devices may not be made before somebody asks), its boards, WSL, AMD's cards
DEVICES = (
    "/proc/driver/nvidia/gpus/*", "/sys/module/nvidia", "/dev/nvidia[0-9]*", "/dev/nvgpu*", "/dev/nvhost-gpu",
    "/dev/dxg", "/dev/kfd",
)  # fmt: skip
ASKED = "name,driver_version,compute_cap,memory.total,memory.free"
# After one of these every later call of the process fails as well, whatever it asks for.
STICKS = re.compile(
    r"CUDA error: (?!out of memory|no kernel image|invalid device ordinal)|device-side assert|illegal memory access|"
    r"unspecified launch failure|CU(BLAS|DNN)_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR|MAPPING_ERROR)"
)


class CardStuck(RuntimeError):
    """A GPU's error that sticks to this process, which has to end."""


def sticks(message: str | None) -> bool:
    """Tell whether an error, by its message, leaves the process unable to use the GPU."""
    return message is not None and STICKS.search(message) is not None


def is_full(message: str | None) -> bool:
    """Tell whether an error, by its message, is that the memory of the GPU was not enough."""
    return message is not None and re.search(SHORTAGES[0].says, message) is not None


def in_one_line(message: str) -> str:
    """Return what a GPU's error says without the paragraph on how to look for it."""
    return message.strip().partition("\n")[0].strip()


def free_memory() -> None:
    """Give back what torch keeps of the GPU's memory for later: other processes may need it now."""
    import torch

    if torch.cuda.is_initialized():
        gc.collect()  # what failed may still hold what it had asked for
        torch.cuda.empty_cache()


# ---- which cards there are, and whether torch can use them ----


@dataclass(frozen=True)
class Card:
    """A GPU as its driver describes it."""

    name: str
    driver: str  # its version
    capability: str  # "9.0"
    bytes_in_all: int
    bytes_free: int


def may_be_there() -> bool:
    """Tell whether torch is to be asked for a GPU: False where the system shows no device of one, or hides them all."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in HIDDEN or sys.platform == "darwin":
        return False
    return not sys.platform.startswith("linux") or any(glob(pattern) for pattern in DEVICES)


def cards() -> list[Card]:
    """Return the NVIDIA cards that the driver knows, whether torch can use them or not; none where they are hidden."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in HIDDEN:
        return []
    command = ["nvidia-smi", f"--query-gpu={ASKED}", "--format=csv,noheader,nounits"]
    with suppress(
        OSError, subprocess.SubprocessError, ValueError, TypeError
    ):  # no driver, or an answer of another kind
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        rows = [[part.strip() for part in line.split(",")] for line in said.splitlines() if line.strip()]
        return [Card(*row[:3], *(int(megabytes) * 2**20 for megabytes in row[3:])) for row in rows]
    return []


def fault() -> str:
    """Return why torch cannot use a GPU that is in this machine; empty where it can, or where there is none."""
    import torch

    found = cards()
    if not found:
        return ""
    card, build = found[0], torch.version.cuda
    if build is None:
        return f"this torch is built without CUDA, so that {card.name} stays idle; install the build of torch for CUDA"
    if not torch.cuda.is_available():
        return (
            f"torch, built for CUDA {build}, cannot use {card.name} with driver {card.driver}; install a newer driver, "
            "or a build of torch for an older CUDA"
        )
    capability, known = torch.cuda.get_device_capability(0), torch.cuda.get_arch_list()
    if not runs_on(capability, known):
        has = ", ".join(known)
        return (
            f"this torch has no kernels for {card.name} (capability {capability[0]}.{capability[1]}; it has {has}); "
            "install a build of torch that has them, or use device=cpu"
        )
    return ""


def runs_on(capability: tuple[int, int], kernels: list[str]) -> bool:
    """Tell whether a card of a capability runs one of the kernels that torch was built with: `sm_80`, `compute_90`.

    Binary code runs on cards of its own generation from its own version on, `compute` code on every later card.
    """
    for name in kernels:
        if not (match := re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", name)):
            continue
        kind, major, minor, bound = match[1], int(match[2]), int(match[3]), match[4]
        if kind == "sm" and major == capability[0] and minor <= capability[1] and (not bound or bound == "f"):
            return True
        if kind == "sm" and bound == "a" and (major, minor) == capability:
            return True
        if kind == "compute" and not bound and (major, minor) <= capability:
            return True
    return False


def free_bytes(device: str) -> int:
    """Return the free memory of a card. To be called in a process that works on it: that takes half a gigabyte."""
    import torch

    return torch.cuda.mem_get_info(device)[0]


def processes_that_fit(free: int, most: int) -> int:
    """Return how many processes work on a card with so many free bytes: at least one, at most `most`."""
    return max(1, min(most, free // PROCESS_BYTES))


# ---- exact results ----

_exactness = threading.Lock()
_exact: dict[str, Any] = {"depth": 0, "before": ()}


def _switches() -> list[tuple[Any, str, bool]]:
    """Return what decides how exact a GPU computes: where it stands, its name, and its value for exact results."""
    import torch

    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    return [
        (cudnn, "deterministic", True), (cudnn, "benchmark", False), (cudnn, "allow_tf32", False),
        (products, "allow_tf32", False),
    ]  # fmt: skip


@contextmanager
def exact() -> Iterator[None]:
    """Have a GPU compute in whole float32 and in one order of sums, so that the same call gives the same bytes.

    The switches belong to the whole process: the last of several threads that leaves puts them back.
    """
    with _exactness:
        if _exact["depth"] == 0:
            _exact["before"] = [(where, name, getattr(where, name)) for where, name, _ in _switches()]
            for where, name, value in _switches():
                setattr(where, name, value)
        _exact["depth"] += 1
    try:
        yield
    finally:
        with _exactness:
            _exact["depth"] -= 1
            if _exact["depth"] == 0:
                for where, name, value in _exact["before"]:
                    setattr(where, name, value)
