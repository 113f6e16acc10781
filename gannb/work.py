"""Units of work: keys, seeds, locks, workers, status.

A unit is a pure function that reads files and writes one folder. Its key is a hash of its name, the version of its
code, the parameters it declares, the keys of the units it needs and the fingerprint of the data. The folder is made
under a temporary name, synced and renamed, so that a unit exists whole or not at all: resuming, running in parallel
and going back to an earlier parameter are all the same thing, namely finding that the folder is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import shutil
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from gannb.callables import TRUSTED
from gannb.console import VERBOSE, talk
from gannb.errors import InputError
from gannb.study import write_json

RECORD = "unit.json"
GANS_AT_ONCE = 8  # in one process on a GPU


# ---- seeds and keys ----


def digest(*parts: Any) -> str:
    """Return 16 hex digits that depend on the parts' JSON alone (stable over processes, platforms and versions)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def seed_for(study_seed: int, *names: str | int) -> int:
    """Return a seed in 0 .. 2**63-1 for a named purpose, so that adding a purpose changes no other.

    `numpy.random.SeedSequence` over the study's seed and a stable hash of the names.
    """
    words = np.frombuffer(hashlib.sha256(json.dumps(names).encode()).digest(), dtype=np.uint32)
    state = np.random.SeedSequence([study_seed, *words.tolist()]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


@dataclass(frozen=True, eq=False)
class Unit:
    """One piece of work: what it is, what it needs, and the function that makes it."""

    stage: int  # the notebook it belongs to, 1 to 5
    kind: str  # draw, generator, items, quality, classifier
    place: str  # where it goes below the study's folder, without the key: "trials/000/generator-mlp"
    make: Callable[[Task], None]
    version: int  # raised by hand when the function's result changes
    parameters: dict[str, Any] = field(default_factory=dict)
    needs: tuple[Unit, ...] = ()
    cost: str = ""  # units of one cost take about the same time; by default, those of one kind

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", self.cost or self.kind)

    @cached_property
    def key(self) -> str:
        """16 hex digits: the identity of the unit's result."""
        name = self.place.rsplit("/", 1)[-1]
        trial = self.parameters.get("trial")
        return digest(self.kind, name, trial, self.version, self.parameters, [need.key for need in self.needs])

    @property
    def path(self) -> str:
        """The unit's folder, relative to the study's."""
        return f"{self.place}-{self.key}"

    def need(self, kind: str) -> Unit:
        """Return the needed unit of a kind."""
        return next(need for need in self.needs if need.kind == kind)

    def closure(self) -> list[Unit]:
        """Return the unit and everything it needs, needed ones first."""
        return list(dict.fromkeys([*(u for need in self.needs for u in need.closure()), self]))


@dataclass(frozen=True)
class Task:
    """What a unit's function gets: where to read, where to write, and whom to tell."""

    unit: Unit
    study: Path  # the study's folder
    folder: Path  # the unit's own folder, under a temporary name, to be written into
    checkpoint: Path  # a folder that outlives a killed process
    device: str
    progress: Callable[[int, int], None]

    @property
    def parameters(self) -> dict[str, Any]:
        """What the unit declares; nothing else may change its result."""
        return self.unit.parameters

    def needed(self, kind: str) -> Path:
        """Return the folder of the needed unit of a kind."""
        return self.study / self.unit.need(kind).path


# ---- one unit ----


def is_done(study: Path, unit: Unit) -> bool:
    """Tell whether the unit's result is there, and whole: every file as long as it was written.

    What is not, as after a disk's fault or a copy that was cut off, is made again.
    """
    try:
        files = read_unit(study, unit).get("files", {})  # older ones are without
        return all((study / unit.path / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, AttributeError):
        return False


def side_folder(study: Path, unit: Unit, what: str) -> Path:
    """Return the folder of a unit that is `running` (progress, checkpoint) or `failed` (its error)."""
    return study / f"{unit.path}.{what}"


def read_unit(study: Path, unit: Unit) -> dict[str, Any]:
    """Return the record of a finished unit: parameters, seconds, versions."""
    return json.loads((study / unit.path / RECORD).read_text(encoding="utf-8"))


def execute(study: Path, unit: Unit, device: str) -> str | None:
    """Make one unit in this process; return None, or the error that it failed with.

    Safe to call for the same unit from several processes: the second waits for the first and finds the result.
    """
    running, failed = side_folder(study, unit, "running"), side_folder(study, unit, "failed")
    try:
        running.mkdir(parents=True, exist_ok=True)
        with open(running / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for stale in (study / unit.path).parent.glob(f".{glob.escape(Path(unit.path).name)}.*"):
                shutil.rmtree(stale, ignore_errors=True)  # of a process that was killed
            if not is_done(study, unit):
                _make(study, unit, device, running)
            shutil.rmtree(failed, ignore_errors=True)
            shutil.rmtree(running, ignore_errors=True)
        return None
    except Exception as error:
        return _record_failure(failed, error)


def recorded_failure(study: Path, unit: Unit) -> str | None:
    """Return the error that a unit failed with when it was last tried, or None."""
    file = side_folder(study, unit, "failed") / "error.json"
    return json.loads(file.read_text(encoding="utf-8"))["error"] if file.is_file() else None


def _make(study: Path, unit: Unit, device: str, running: Path) -> None:
    final = study / unit.path
    temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}")
    temporary.mkdir()
    started = time.monotonic()
    try:
        unit.make(Task(unit, study, temporary, running / "checkpoint", device, _progress_writer(running)))
        seconds = round(time.monotonic() - started, 3)
        files = {str(f.relative_to(temporary)): f.stat().st_size for f in temporary.rglob("*") if f.is_file()}
        record = {"kind": unit.kind, "key": unit.key, "version": unit.version, "seconds": seconds, "files": files}
        write_json(temporary / RECORD, record | {"device": device, "parameters": unit.parameters})
        _sync(temporary)
        if final.exists():  # but not whole
            shutil.rmtree(final)
        os.replace(temporary, final)
        _sync_folder(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _record_failure(failed: Path, error: Exception) -> str:
    message = f"{type(error).__name__}: {error}".strip()
    with contextlib.suppress(OSError):  # a full disk must not hide the error that it caused
        write_json(failed / "error.json", {"error": message, "traceback": traceback.format_exc()})
    return message


def _progress_writer(running: Path, every: float = 1.0) -> Callable[[int, int], None]:
    last = [0.0]

    def write(done: int, total: int) -> None:
        if time.monotonic() - last[0] >= every:
            last[0] = time.monotonic()
            with contextlib.suppress(OSError):
                (running / "progress").write_text(f"{done} {total}")

    return write


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as stream:
                os.fsync(stream.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---- many units ----


@dataclass(frozen=True)
class Outcome:
    """What became of a call to `run_units`."""

    made: tuple[Unit, ...]
    failed: tuple[tuple[Unit, str], ...]  # with their errors
    blocked: tuple[Unit, ...]  # not tried, since something they need failed


def run_units(
    study: Path, targets: Iterable[Unit], *, device: str = "cpu", workers: int = 0, progress: Progress | None = None
) -> Outcome:
    """Make the targets and whatever they need that is not there yet, in parallel processes of one thread each.

    A unit that fails does not stop the others; what needs it is blocked. What failed in an earlier stage is tried
    again in that stage only, so that a GAN that fails after an hour does not fail in every stage that needs it.
    """
    targets = list(targets)
    stage = min((u.stage for u in targets), default=0)
    wanted = dict.fromkeys(u for target in targets for u in target.closure())
    missing = [u for u in wanted if not is_done(study, u)]
    failed = {u: error for u in missing if u.stage < stage and (error := recorded_failure(study, u))}
    todo = [u for u in missing if u not in failed]
    made: list[Unit] = []
    blocked: list[Unit] = []
    progress = progress or Progress(quiet=True)
    with progress.watch(study, todo):
        while todo:
            ready = [u for u in todo if all(n not in todo for n in u.needs)]
            stopped = {u for u in ready if any(n in failed or n in blocked for n in u.needs)}
            blocked += stopped
            for unit, error in _run_wave(study, [u for u in ready if u not in stopped], device, workers):
                made += [] if error else [unit]
                failed |= {unit: error} if error else {}
                progress.finished(unit, error)
            todo = [u for u in todo if u not in ready]
    return Outcome(tuple(made), tuple(failed.items()), tuple(blocked))


def _run_wave(study: Path, units: list[Unit], device: str, workers: int) -> Iterator[tuple[Unit, str | None]]:
    """Yield every unit with its error, as they finish. Units do not need each other."""
    small = [u for u in units if u.kind == "draw"]  # a process costs more than these
    yield from ((u, execute(study, u, device)) for u in small)
    rest = dict.fromkeys(u for u in units if u not in small)
    try:
        for unit, error in _in_processes(study, list(rest), device, workers):
            del rest[unit]
            yield unit, error
    except _worker_died():
        # Which unit killed its worker is not known: give each of the rest a process of its own.
        yield from ((unit, _alone(study, unit, device)) for unit in rest)


def _alone(study: Path, unit: Unit, device: str) -> str | None:
    try:
        return next(_in_processes(study, [unit], device, 1))[1]
    except _worker_died():
        return _record_failure(
            side_folder(study, unit, "failed"),
            ChildProcessError("its process was killed (out of memory?); fewer workers or smaller batches need less"),
        )


def _worker_died() -> type[BaseException]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    return BrokenProcessPool


def worker_count(workers: int) -> int:
    """Return the number of processes meant by the parameter `workers` (0: one per core)."""
    import joblib

    return workers or joblib.cpu_count()


def _in_processes(study: Path, units: list[Unit], device: str, workers: int) -> Iterator[tuple[Unit, str | None]]:
    import joblib

    if not units:
        return
    groups = bundles(units, device)
    jobs = min(worker_count(workers), len(groups))
    call = joblib.delayed(_in_worker)
    # with n_jobs=1 joblib works in this very process, and a unit that is killed would take the kernel with it
    with joblib.parallel_config("loky", n_jobs=max(2, jobs), inner_max_num_threads=1, **followers()):
        parallel = joblib.Parallel(return_as="generator_unordered", pre_dispatch=jobs, batch_size=1)
        for number, errors in parallel(call(study, i, group, device) for i, group in enumerate(groups)):
            yield from zip(groups[number], errors, strict=True)


def bundles(units: list[Unit], device: str) -> list[list[Unit]]:
    """Return the units in the groups that share a process: several GANs on a GPU, which one does not fill."""
    together = [u for u in units if u.cost == "gan"] if device.startswith("cuda") else []
    alone = [[u] for u in units if u not in together]
    return [together[i : i + GANS_AT_ONCE] for i in range(0, len(together), GANS_AT_ONCE)] + alone


def followers() -> dict[str, Any]:
    """Return the settings for joblib's workers that make them end with this process, also those that get no work."""
    return {"initializer": _follow, "initargs": (os.getpid(), os.environ.get(TRUSTED, "{}"))}


def _follow(parent: int, trusted: str) -> None:
    """Start a worker; what may run in it is what may run in its parent now, not when the first worker was started."""
    os.environ[TRUSTED] = trusted
    end_with(parent)


def _in_worker(study: Path, number: int, units: list[Unit], device: str) -> tuple[int, list[str | None]]:
    import torch

    torch.set_num_threads(1)
    return number, execute_together(study, units, device)


def execute_together(study: Path, units: list[Unit], device: str) -> list[str | None]:
    """Make units in threads of this process, on a GPU each on a stream of its own; return their errors.

    What a unit makes does not depend on what is made beside it.
    """
    if len(units) == 1:
        return [_on_own_stream(study, units[0], device)]
    with ThreadPoolExecutor(len(units)) as pool:
        return list(pool.map(lambda unit: _on_own_stream(study, unit, device), units))


def _on_own_stream(study: Path, unit: Unit, device: str) -> str | None:
    if not device.startswith("cuda"):
        return execute(study, unit, device)
    from gannb.generators.capture import own_stream

    with own_stream(device):
        return execute(study, unit, device)


def end_with(parent: int, every: float = 0.5) -> None:
    """End this process soon after process `parent` is gone, from a thread that only watches (once per process).

    Jupyter kernels run in their own session and loky workers outlive a killed parent (loky #360, papermill #125):
    without this, killing the launcher would leave them at work.
    """
    if parent in _watched:
        return
    _watched.add(parent)
    try:
        born = psutil.Process(parent).create_time()
    except psutil.NoSuchProcess:
        os._exit(1)

    def watch() -> None:
        while _is_alive(parent, born):
            time.sleep(every)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


_watched: set[int] = set()


def _is_alive(pid: int, born: float) -> bool:
    try:
        process = psutil.Process(pid)
        return process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# ---- one run at a time ----

LAUNCHER = "GANNB_LAUNCHER"  # pid of the `gannb run` that this kernel belongs to


@contextlib.contextmanager
def study_lock(folder: Path) -> Iterator[None]:
    """Hold the study for this process; kernels that `gannb run` started are covered by its lock.

    Raises:
        InputError: another process is at work on the study, or the folder cannot be written.
    """
    if os.environ.get(LAUNCHER):
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "a+")
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise InputError(f"{folder} cannot be written ({reason}); choose another output_dir.") from None
    with lock:
        if not _lock_within(lock, seconds=1.0):  # `gannb status` holds it for a moment
            raise InputError(f"Another run is at work on {folder}; wait for it, or give this study a name.")
        yield


def _lock_within(lock: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def is_running(folder: Path) -> bool:
    """Tell whether a process is at work on the study."""
    return is_locked(folder / ".lock")


def is_locked(file: Path) -> bool:
    """Tell whether a process holds the lock on a file; one that was killed holds nothing."""
    try:
        with open(file) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def follow_launcher() -> None:
    """In a kernel that `gannb run` started: end when the launcher is gone."""
    if os.environ.get(LAUNCHER):
        end_with(int(os.environ[LAUNCHER]))


# ---- telling people ----


def in_jupyterlab() -> bool:
    """Tell whether a person sits before this kernel, who can use widgets; not in a kernel that `gannb run` started."""
    return bool(os.environ.get("JPY_SESSION_NAME")) and not os.environ.get(LAUNCHER)


def partial_progress(study: Path, unit: Unit) -> float:
    """Return the share of a running unit that is done, 0 to 1."""
    try:
        done, total = (side_folder(study, unit, "running") / "progress").read_text().split()
        return min(1.0, int(done) / max(1, int(total)))
    except (OSError, ValueError):
        return 0.0


class Progress:
    """Progress of many units: a bar in JupyterLab, elsewhere a line of text every tenth of the way or minute.

    Widgets show as "model not found" in exported pages, so a batch run gets text.
    """

    def __init__(self, label: str = "", costs: dict[str, float] | None = None, quiet: bool = False, every: float = 5):
        """Costs: expected seconds by the cost of units, so that the time left does not treat a draw like a GAN."""
        self.label, self.costs, self.quiet, self.every = label, costs or {}, quiet, every
        self.interactive = in_jupyterlab()

    def _cost(self, unit: Unit) -> float:
        return self.costs.get(unit.cost, 1.0)

    @contextlib.contextmanager
    def watch(self, study: Path, todo: list[Unit]) -> Iterator[None]:
        """Show progress over `todo` until the block ends."""
        self.study, self.open, self.done, self.count = study, dict.fromkeys(todo), 0.0, len(todo)
        self.total, self.started = sum(map(self._cost, todo)) or 1.0, time.monotonic()
        if self.quiet or not todo:
            yield
            return
        stop = threading.Event()
        bar = self._bar()
        thread = threading.Thread(target=self._show, args=(stop, bar), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            if bar is not None:
                bar.n = bar.total if not self.open else bar.n
                bar.refresh()
                bar.close()

    def _bar(self) -> Any:
        if not self.interactive:
            return None
        from tqdm.notebook import tqdm

        return tqdm(total=100, desc=self.label, bar_format="{desc} {bar} {n:.0f}% [{elapsed}<{remaining}]")

    def finished(self, unit: Unit, error: str | None) -> None:
        """Take note that a unit has ended."""
        self.open.pop(unit, None)
        self.done += self._cost(unit)
        if error and not self.quiet:
            print(f"FAILED {unit.place}: {error}", flush=True)
        elif talk() == VERBOSE and not self.quiet:
            print(f"done {unit.place}", flush=True)

    def fraction(self) -> float:
        """Return the share of the work that is done, running units counted in part."""
        running = sum(self._cost(u) * partial_progress(self.study, u) for u in list(self.open))
        return min(1.0, (self.done + running) / self.total)

    def _show(self, stop: threading.Event, bar: Any) -> None:
        told, said = time.monotonic(), 0.0
        while not stop.wait(0.5):
            share = self.fraction()
            if bar is not None:
                bar.n = 100 * share
                bar.refresh()
            elif time.monotonic() - told >= (self.every if share - said >= 0.1 else 12 * self.every):
                print(self._line(share), flush=True)
                told, said = time.monotonic(), share
        if bar is None:
            spent = seconds_text(time.monotonic() - self.started)
            print(f"{self.label}: {self.count - len(self.open)} of {self.count} units in {spent}", flush=True)

    def _line(self, share: float) -> str:
        spent = time.monotonic() - self.started
        left = f", about {seconds_text(spent / share * (1 - share))} left" if share > 0.02 else ""
        return f"{self.label}: {share:4.0%}, {seconds_text(spent)}{left}"


def seconds_text(seconds: float) -> str:
    """Return a length of time as people say it: `45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
