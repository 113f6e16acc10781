"""Processes that make units."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gannb.work.processes import followers
from gannb.work.store import execute, record_failure, side_folder
from gannb.work.unit import Unit

GANS_AT_ONCE = 8  # in one process on a GPU


def _alone(study: Path, unit: Unit, device: str) -> str | None:
    try:
        return next(_in_processes(study, [unit], device, 1))[1]
    except _worker_died():
        return record_failure(
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
    from gannb.generators.adversarial.cuda_graphs import own_stream

    with own_stream(device):
        return execute(study, unit, device)
