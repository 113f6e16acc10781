"""How far a sweep scales: what scheduling a unit costs, what planning many studies costs, and time to the end.

    export OMP_NUM_THREADS=1
    python benchmarks/scale.py schedule                    # 10,000 units without work, on an engine that takes no time
    python benchmarks/scale.py plan                        # 1,000 studies of a 10x10x10 grid over the digits
    python benchmarks/scale.py simulate outputs/SWEEP      # 2 to 64 workers, by the seconds that its units recorded

Seconds are the CPU's of this process, but for the simulated ones. The simulation takes the scheduler's own queue,
without doublings of steps, which follow from results, and the median seconds of each kind of unit in the folder of a
sweep or study; of a 3x3x3 grid it says how long all takes

    one graph       as `gannb sweep` does it: every distinct unit once, each as soon as what it needs is there
    one by one      27 studies one after another, each with units of its own
    ideal           what no order can beat: all work evenly divided, or the longest chain of units
"""

from __future__ import annotations

import argparse
import heapq
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from gan import markdown

from gannb.sweep.definition import Sweep, sweep_of
from gannb.sweep.planning import plan_sweep
from gannb.units.kinds import DEFAULT_SECONDS, DRAW, GENERATOR, ITEMS
from gannb.work import scheduler
from gannb.work.backends import Room
from gannb.work.engines import Place
from gannb.work.scheduler import Queue, run_units
from gannb.work.store import RECORD
from gannb.work.unit import Unit, seconds_of

WORKERS = (2, 4, 8, 16, 32, 64)
TRAININGS = 17  # of each GAN's items, in the graph without work
CUBE = {"gan_steps": [500, 1000, 2000], "classifier_steps": [100, 200, 400], "synthetic_share": [0.1, 0.25, 0.5]}


# ---- scheduling ----


class NoTime:
    """An engine that has made everything as soon as it is asked to."""

    grows, kills, deaths = False, True, 1

    def rooms(self, alone: bool = False) -> list[Room]:
        """Return room for 64 calls, since all before have ended."""
        return [Room()] * 64

    def execute(self, room: Room, study: Path, units: Sequence[Unit], token: str) -> Future[Any]:
        """Return what a call returns that makes its units."""
        future: Future[Any] = Future()
        future.set_result([None] * len(units))
        return future

    def close(self) -> None:
        """There is nothing to end."""


def graph(number: int) -> list[Unit]:
    """About so many units as studies have them: a draw, its GAN, its items, and trainings that need these."""
    units: list[Unit] = []
    for trial in range(number // (TRAININGS + 3)):
        drawn = Unit(1, DRAW.stored_as, f"trials/{trial:03d}/draw", print, 1, {"trial": trial}, quick=True)
        fitted = Unit(2, GENERATOR.stored_as, f"trials/{trial:03d}/gan", print, 1, {"trial": trial}, (drawn,), "gan")
        items = Unit(3, ITEMS.stored_as, f"trials/{trial:03d}/items", print, 1, {"trial": trial}, (drawn, fitted))
        places = [f"trials/{trial:03d}/arm{i}" for i in range(TRAININGS)]
        units += [drawn, fitted, items]
        units += [Unit(4, "classifier", place, print, 1, {"trial": trial}, (drawn, items)) for place in places]
    return units


def schedule(number: int) -> dict[str, Any]:
    """Return what it costs to schedule so many units, of which none is there and none takes any time."""
    units = graph(number)
    with tempfile.TemporaryDirectory() as folder, patch.object(scheduler, "engine_for", lambda *_: NoTime()):
        begun = time.process_time()
        outcome = run_units(Path(folder), units, Place())
        spent = time.process_time() - begun
    return {"units": len(outcome.made), "CPU s": f"{spent:.1f}", "ms a unit": f"{1000 * spent / len(units):.2f}"}


# ---- planning ----


def cube(side: int, folder: Path) -> Sweep:
    """A grid of side**3 studies of the digits."""
    steps = [100 + 50 * i for i in range(side)]
    grid = {"gan_steps": steps, "classifier_steps": steps, "synthetic_share": [0.1 + 0.05 * i for i in range(side)]}
    return sweep_of({"data": "digits", "grid": grid}, {"output_dir": str(folder)}, Path("cube.yaml"))


def plan(side: int) -> dict[str, Any]:
    """Return what it costs to plan and check the studies of such a grid, and the memory of this process at most."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        planned = plan_sweep(cube(side, Path(folder)))
        spent = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "studies": len(planned.studies), "units": f"{sum(len(s.units) for s in planned.studies):,}",
        "distinct": f"{len(planned.graph):,}", "saved": f"{planned.shared:.0%}", "CPU s": f"{spent:.1f}",
        "memory, GiB": f"{memory:.2f}",
    }  # fmt: skip


# ---- time to the end ----


def recorded_seconds(folder: Path) -> dict[str, float]:
    """Return the median seconds of the finished units below a folder by kind, and of GANs; else usual ones."""
    found: dict[str, list[float]] = {}
    for file in folder.rglob(RECORD):
        record = json.loads(file.read_text(encoding="utf-8"))
        cost = "gan" if "gan_steps" in record["parameters"] else record["kind"]
        found.setdefault(cost, []).append(record["seconds"])
    return DEFAULT_SECONDS | {cost: float(median(seconds)) for cost, seconds in found.items()}


def finished_after(units: Sequence[Unit], seconds: dict[str, float], workers: int) -> float:
    """Return when the last of some units ends that so many workers make, in the order of the scheduler's queue.

    Quick ones take the process that runs the others no time.
    """
    cost = {unit: seconds_of(unit.cost, seconds) for unit in units}
    queue = Queue(list(units), {}, cost.__getitem__)
    now, order = 0.0, 0
    at_work: list[tuple[float, int, Unit]] = []
    while True:
        while queue.small:
            queue.succeed(queue.small.popleft())
        while len(at_work) < workers and (ready := queue.next_large(Room())):
            order += 1
            heapq.heappush(at_work, (now + cost[ready[0]], order, ready[0]))
        if not at_work:
            return now
        now, _, unit = heapq.heappop(at_work)
        queue.succeed(unit)


def ideal(units: Sequence[Unit], seconds: dict[str, float], workers: int) -> float:
    """Return the time that no order beats."""
    chain: dict[Unit, float] = {}
    for unit in units:  # needed ones first
        own = 0.0 if unit.quick else seconds_of(unit.cost, seconds)
        chain[unit] = own + max((chain[need] for need in unit.needs), default=0.0)
    work = sum(seconds_of(unit.cost, seconds) for unit in units if not unit.quick)
    return max(work / workers, max(chain.values()))


def simulate(recorded: Path) -> list[dict[str, Any]]:
    """Return by number of workers how long the studies of a 3x3x3 grid take."""
    seconds, given = recorded_seconds(recorded), {"data": "digits", "grid": CUBE}
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_sweep(sweep_of(given, {"output_dir": folder}, Path("cube.yaml")))
    units, rows = planned.graph.units(), []
    for workers in WORKERS:
        together, least = finished_after(units, seconds, workers), ideal(units, seconds, workers)
        alone = sum(finished_after(_closed(study.units), seconds, workers) for study in planned.studies)
        rows.append({
            "workers": workers, "one graph, s": f"{together:.0f}", "ideal, s": f"{least:.0f}",
            "of the ideal": f"{least / together:.0%}", "one by one, s": f"{alone:.0f}",
        })  # fmt: skip
    return rows


def _closed(units: Sequence[Unit]) -> list[Unit]:
    return list(dict.fromkeys(need for unit in units for need in unit.closure()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("schedule", "plan", "simulate"))
    parser.add_argument("folder", nargs="?", type=Path, help="of `simulate`: a finished sweep or study")
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=10, help="of `plan`: values on each of three axes")
    options = parser.parse_args(arguments)
    if options.part == "simulate" and options.folder is None:
        parser.error("simulate takes the folder of a finished sweep or study")
    parts = {"schedule": lambda: [schedule(options.units)], "plan": lambda: [plan(options.side)]}
    rows = parts.get(options.part, lambda: simulate(options.folder))()
    print(markdown([list(rows[0]), *(list(map(str, row.values())) for row in rows)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
