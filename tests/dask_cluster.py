"""A Dask scheduler and workers as processes of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from pace import end_of, wait_for

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Cluster:
    """A scheduler on loopback, and workers by name; without a nanny, so that what is killed stays so."""

    def __init__(self, folder: Path):
        self.folder, self.workers, self.count = folder, {}, 0
        self.start()

    def start(self) -> None:
        """Start a scheduler, at a port that is free; the workers of an earlier one have gone with it."""
        self.workers.clear()
        file = self.folder / f"scheduler-{self.count}.json"
        self.count += 1
        self.scheduler = self._process("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        wait_for(lambda: file.is_file() and file.read_text().endswith("}"), "a Dask scheduler", 120)
        self.address = json.loads(file.read_text())["address"]

    @property
    def engine(self) -> str:
        return f"dask://{self.address.rpartition('//')[2]}"

    def add(self, name: str, *options: str, nanny: bool = False, **environment: str) -> subprocess.Popen:
        """Start a worker; what it has to say is in a file beside."""
        more = ("--name", name, "--nthreads", "1", "--local-directory", str(self.folder / name), "--no-dashboard")
        limit = () if "--memory-limit" in options else ("--memory-limit", "0")
        kind = "--nanny" if nanny else "--no-nanny"
        self.workers[name] = self._process(
            "worker", self.address, kind, *more, *limit, *options, GANNB_TEST_WORKER=name, **environment
        )
        return self.workers[name]

    def await_workers(self, paused: tuple[str, ...] = ()) -> None:
        """Wait until all workers have joined, and some of them have paused."""
        from distributed import Client

        wanted = {name: "paused" if name in paused else "running" for name in self.workers}
        with Client(self.address, set_as_default=False, timeout=120) as client:
            wait_for(lambda: statuses(client) == wanted, "the workers", 120)

    def _process(self, what: str, *options: str, **environment: str) -> subprocess.Popen:
        # as on a machine of its own, which sets no number of threads
        plain = {key: value for key, value in os.environ.items() if key not in ONE_THREAD}
        path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *options]
        with open(self.folder / f"{what}.log", "a") as log:
            return subprocess.Popen(command, cwd=self.folder, env=plain | path | environment, stderr=log, stdout=log)

    def kill(self, name: str) -> None:
        """Kill a worker, as where its machine goes."""
        process = self.workers.pop(name)
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        for child in children:  # of a nanny
            child.kill()
        end_of(process)

    @contextmanager
    def joined(self, name: str, *options: str, wait: bool = True, **how: Any) -> Iterator[subprocess.Popen]:
        """Have one worker more until the block ends."""
        process = self.add(name, *options, **how)
        try:
            if wait:
                self.await_workers()
            yield process
        finally:
            if name in self.workers:
                self.kill(name)

    def close(self) -> None:
        """End all processes; a nanny ends what it has started."""
        for name in list(self.workers):
            self.kill(name)
        self.scheduler.kill()
        end_of(self.scheduler)


def statuses(client: Any) -> dict[str, str]:
    """Return by name what each worker says that it is."""
    return {worker["name"]: worker["status"] for worker in client.scheduler_info()["workers"].values()}
