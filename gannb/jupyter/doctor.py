"""`gannb doctor`: what holds on this machine, a line each, within a minute; nothing is written that stays."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.study.model import make_study
from gannb.study.place import check_place, free_bytes
from gannb.utils import cuda
from gannb.utils.errors import InputError
from gannb.utils.memory import PROCESS
from gannb.work.backends import worker_count
from gannb.work.progress import seconds_text

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.experiment.settings import Settings
    from gannb.generators.interface import Generator

GOOD, REMARK, BAD = "ok", "note", "FAIL"  # BAD: a study would fail
LEAST_DISK, USUAL_DISK = 1e8, 2e9  # bytes; a study of small items takes tens of megabytes, one of a large set some GB
STEPS = 30  # of a GAN, by which this machine is timed
ALIKE = 2  # levels of an item by which one made on a GPU may differ from the same one made on the CPU
BUSY = 0.5  # of the cores, from which on it is said that other programs are at work
DEFAULT = "digits"  # the set that comes with the kit
OUTPUTS = "outputs"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    name: str
    state: str  # GOOD, REMARK or BAD
    text: str

    def line(self) -> str:
        """Return it as a line of text."""
        return f"{self.state:<5} {self.name:<12} {self.text}"


def examine(folder: str | Path = OUTPUTS, device: str = "auto") -> Iterator[Finding]:
    """Yield what holds on this machine, as soon as it is known; a check that breaks is a finding of its own.

    folder: where studies go. device: as of a study.
    """
    for name, check in CHECKS.items():
        try:
            state, text = check(Path(folder), device)
        except Exception as error:  # whatever is wrong with this machine is what is asked for
            said = cuda.in_one_line(str(error)) or "no reason is given"
            state, text = BAD, f"{type(error).__name__}: {said}"
        if text:
            yield Finding(name, state, text)


# ---- the checks: (where studies go, device) -> state and text; no text where there is nothing to say ----


def _python(folder: Path, device: str) -> tuple[str, str]:
    least = metadata("gannb")["Requires-Python"].removeprefix(">=")
    here = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info[:2] >= tuple(map(int, least.split(".")[:2]))
    return (GOOD, here) if good else (BAD, f"{here}; gannb needs {least} or newer")


def _packages(folder: Path, device: str) -> tuple[str, str]:
    """Every package that is needed is installed; torch can be imported, and multiplies."""
    missing = [name for name, extra in _required() if not extra and _version_of(name) is None]
    if missing:
        return BAD, f"not installed: {', '.join(missing)}; install gannb again"
    import torch

    product = torch.eye(3) @ torch.ones(3)
    if not bool((product == 1).all()):
        return BAD, f"torch {torch.__version__} multiplies wrongly"
    return GOOD, f"gannb {version('gannb')}, torch {torch.__version__}, timm {version('timm')}, numpy {np.__version__}"


def _extras(folder: Path, device: str) -> tuple[str, str]:
    """Which optional parts are there; none is needed."""
    of: dict[str, list[str]] = {}
    for name, extra in _required():
        if extra and extra != "dev":
            of.setdefault(extra, []).append(name)
    there = {extra: all(_version_of(name) for name in names) for extra, names in of.items()}
    way = {extra: "there" if found else f"not there (pip install gannb[{extra}])" for extra, found in there.items()}
    said = [f"{extra}: {found}" for extra, found in way.items()]
    return GOOD if all(there.values()) else REMARK, "; ".join(said)


def _required() -> list[tuple[str, str]]:
    """Return the packages that gannb asks for, each with the extra that it belongs to, or "" where it is needed."""
    found = []
    for line in requires("gannb") or []:
        package, _, marker = line.partition(";")
        extra = marker.split("extra ==")[1].strip(" '\"") if "extra ==" in marker else ""
        found.append((package.split("[")[0].split(">")[0].split("=")[0].strip(), extra))
    return found


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor(folder: Path, device: str) -> tuple[str, str]:
    """How many cores there are, how busy they are, and how many processes a study would start."""
    cores, busy = worker_count(0), os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    text = f"{cores} cores: a study on the CPU starts {cores} processes of one thread each"
    if busy > BUSY * cores:
        return REMARK, f"{text}; other programs want {busy:.0f} cores, and studies take longer"
    return GOOD, text


def _speed(folder: Path, device: str) -> tuple[str, str]:
    """How long the default study's GAN and classifier take for a step here, in seconds of the CPU."""
    settings, draw = _settings(), _draw()
    _fitted("cpu", 1)  # warms up
    started = time.process_time()
    _fitted("cpu", STEPS)
    gan = (time.process_time() - started) / STEPS
    total = seconds_text(gan * settings.gan_steps)
    return GOOD, (
        f"{1000 * gan:.1f} ms a step of {settings.family} on the {DEFAULT} of {len(draw)} items, one core: "
        f"{total} for its {settings.gan_steps:,} steps"
    )


def _memory(folder: Path, device: str) -> tuple[str, str]:
    import psutil

    memory, needed = psutil.virtual_memory(), PROCESS * worker_count(0)
    text = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    if memory.available < PROCESS:
        return BAD, f"{text}; one process takes about {PROCESS / 1e9:.1f} GB: close other programs"
    if memory.available < needed:
        fit = int(memory.available // PROCESS)
        return REMARK, f"{text}; that is enough for {fit} processes of a small study: set workers={fit}"
    return GOOD, f"{text}; the processes of a small study take about {needed / 1e9:.1f}"


def _disk(folder: Path, device: str) -> tuple[str, str]:
    free = free_bytes(folder)
    text = f"{free / 1e9:,.1f} GB free at {folder}"
    if free < LEAST_DISK:
        return BAD, f"{text}; a small study takes about {LEAST_DISK / 1e6:.0f} MB: make room"
    return (REMARK, f"{text}; `gannb plan` says what a study takes") if free < USUAL_DISK else (GOOD, text)


def _writing(folder: Path, device: str) -> tuple[str, str]:
    """Files can be written, synced and renamed where studies go, and where the system keeps temporary ones."""
    try:
        for place in (folder, Path(tempfile.gettempdir())):
            check_place(place, b"0" * 4096)
    except InputError as error:
        return BAD, str(error).removesuffix(".")
    return GOOD, f"studies can be written to {folder}"


def _device(folder: Path, device: str) -> tuple[str, str]:
    """Which device studies compute on, and why it is not a GPU that is there."""
    if refused := _refused(device):
        return BAD, refused
    wrong, found = cuda.fault(), cuda.cards()
    if device != "cpu" and wrong:
        return (REMARK if device == "auto" else BAD), f"{wrong[0].upper()}{wrong[1:]}; studies compute on the CPU"
    if not found:
        wanted = device.startswith("cuda")
        return (BAD if wanted else GOOD), "no GPU is seen: studies compute on the CPU"
    if (number := _number(device)) >= len(found):
        return BAD, f"there is no {device}; the last GPU of this machine is cuda:{len(found) - 1}"
    card = found[number]
    fit = cuda.processes_that_fit(card.bytes_free, min(worker_count(0), cuda.PROCESSES))
    return GOOD, (
        f"{card.name}, capability {card.capability}, driver {card.driver}, {card.bytes_free / 1e9:.1f} of "
        f"{card.bytes_in_all / 1e9:.1f} GB free: {fit} processes by default"
    )


def _refused(device: str) -> str:
    """Return why no study may name such a device, on whatever machine; empty where one may."""
    from gannb.experiment.at_hand import resolve_device

    try:
        make_study(data=DEFAULT, device=device)
        if not device.startswith(("auto", "cuda")):  # which the machine has, or has not
            resolve_device(device)
    except InputError as error:
        return str(error).removesuffix(".")
    return ""


def _number(device: str) -> int:
    return int(device.partition(":")[2] or 0)


def _gpu_path(folder: Path, device: str) -> tuple[str, str]:
    """Training on the GPU goes on without a fault, its items come again byte for byte and are those of the CPU."""
    if device == "cpu" or _refused(device) or cuda.fault() or _number(device) >= len(cuda.cards()):
        return GOOD, ""
    card = device if device.startswith("cuda") else "cuda"
    started = time.perf_counter()
    gan = _fitted(card, STEPS)
    spent = (time.perf_counter() - started) / STEPS
    first, again = (_sampled(gan.to(card)) for _ in range(2))
    if not np.array_equal(first, again):
        return BAD, "items made twice on the GPU differ: large sets could not be made again"
    if (off := np.abs(first.astype(float) - _sampled(gan.to("cpu"))).max()) > ALIKE:
        return BAD, f"items made on the GPU differ from the CPU's by {off:.0f} levels"
    return (
        GOOD,
        f"{1000 * spent:.1f} ms a step, the start included; items as on the CPU to {off:.0f} levels, twice the same",
    )


@cache
def _settings() -> Settings:
    from gannb.experiment.experiment import Experiment

    place = {"name": "gannb-doctor", "output_dir": tempfile.gettempdir()}  # where no study is, and none is written
    return Experiment.preview(make_study(data=DEFAULT, device="cpu", **place)).settings


@cache
def _draw() -> Examples:
    from gannb.trials import splits

    settings = _settings()
    return settings.items(splits.make_draw(settings.dataset, settings.design, 0).train)


def _fitted(device: str, steps: int) -> Any:
    """Return the default study's GAN, trained for a few steps on one of its draws."""
    from gannb.generators import registry
    from gannb.generators.interface import Job

    settings = _settings()
    return registry.make(settings.medium, settings.family).fit(_draw(), Job(steps, 0, device))


def _sampled(gan: Generator) -> np.ndarray:
    from gannb.generators.interface import Condition

    return gan.sample(Condition(_draw().y[:64]), 0)


CHECKS: dict[str, Callable[[Path, str], tuple[str, str]]] = {
    "python": _python, "packages": _packages, "extras": _extras, "processor": _processor, "speed": _speed,
    "memory": _memory, "disk": _disk, "writing": _writing, "device": _device, "GPU path": _gpu_path,
}  # fmt: skip
