"""Units on disk: made under a temporary name, synced and renamed, so that one exists whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import os
import shutil
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gannb.utils.files import sync_files, sync_folder, write_json
from gannb.work.unit import Task, Unit

RECORD = "unit.json"


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
        return record_failure(failed, error)


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
        sync_files(temporary)
        if final.exists():  # but not whole
            shutil.rmtree(final)
        os.replace(temporary, final)
        sync_folder(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def record_failure(failed: Path, error: Exception) -> str:
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
