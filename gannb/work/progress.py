"""Telling people how far the work is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gannb.utils.console import VERBOSE, talk
from gannb.utils.doing import heard
from gannb.work.costs import Costs
from gannb.work.processes import in_jupyterlab
from gannb.work.store import seconds_at, side_folder
from gannb.work.unit import Unit

TOLD, UNTOLD = "{desc} {bar} {n:.0f}% [{elapsed}<{remaining}]", "{desc} {bar} [{elapsed}]"  # a bar, with the time left


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

    def __init__(self, label: str = "", costs: Costs | None = None, quiet: bool = False, every: float = 5):
        """Costs: what units take, so that the time left does not treat a draw like a GAN."""
        self.label, self.costs, self.quiet, self.every = label, costs or Costs({}), quiet, every
        self.interactive = in_jupyterlab()

    def cost(self, unit: Unit) -> float:
        """Return the expected seconds of a unit."""
        return self.costs(unit.cost)

    @contextlib.contextmanager
    def watch(self, study: Path, todo: list[Unit]) -> Iterator[None]:
        """Show progress over `todo` until the block ends."""
        self.study, self.open = study, dict.fromkeys(todo)
        self.todo, self.left = (Counter(unit.cost for unit in todo) for _ in range(2))  # by cost, how many
        self.running: dict[Unit, None] = {}
        self.failed = 0
        self.begun = time.monotonic()
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
        from tqdm.notebook import tqdm  # needs ipywidgets, which only JupyterLab shows

        return tqdm(total=100, desc=self.label, bar_format=UNTOLD)

    def started(self, units: list[Unit]) -> None:
        """Take note that units are being made."""
        self.running |= dict.fromkeys(units)

    def finished(self, unit: Unit, error: str | None) -> None:
        """Take note that a unit has ended."""
        self.running.pop(unit, None)
        self.failed += bool(error)
        if unit in self.open:
            del self.open[unit]
            self.left[unit.cost] -= 1
        with contextlib.suppress(OSError, ValueError):  # one that failed has no record
            self.costs.learn(unit.cost, seconds_at(self.study / unit.path))
        if error and not self.quiet:
            print(f"FAILED {unit.place}: {error}", flush=True)
        elif talk() == VERBOSE and not self.quiet:
            print(f"done {unit.place}", flush=True)

    def fraction(self) -> float:
        """Return the share of the work that is done, running units counted in part."""
        seconds = {cost: self.costs(cost) for cost in self.todo}
        total, left = (sum(count * seconds[cost] for cost, count in of.items()) for of in (self.todo, self.left))
        running = sum(seconds[u.cost] * partial_progress(self.study, u) for u in list(self.running))
        return min(1.0, max(0.0, 1.0 - (left - running) / (total or 1.0)))

    def _show(self, stop: threading.Event, bar: Any) -> None:
        told, said = time.monotonic(), 0.0
        while not stop.wait(0.5):
            share = self.fraction()
            if bar is not None:
                bar.bar_format, bar.n = TOLD if self._can_tell() else UNTOLD, 100 * share
                bar.refresh()
            elif time.monotonic() - told >= (self.every if share - said >= 0.1 else 12 * self.every):
                print(self._line(share), flush=True)
                heard()
                told, said = time.monotonic(), share
        if bar is None:
            spent = seconds_text(time.monotonic() - self.begun)
            print(f"{self.label}: {self._count()} in {spent}{self._failures()}", flush=True)

    def _can_tell(self) -> bool:
        """Tell whether the share that is done, and so the time left, rests on no guess."""
        return self.costs.can_share(self.todo)

    def _count(self) -> str:
        every = self.todo.total()
        return f"{every - len(self.open) - self.failed} of {every} units"

    def _failures(self) -> str:
        """Return what stands after what is done: how many were tried in vain."""
        return f", {self.failed} failed" if self.failed else ""

    def _line(self, share: float) -> str:
        spent = time.monotonic() - self.begun
        if not self._can_tell():
            return f"{self.label}: {self._count()}, {seconds_text(spent)}{self._failures()}"
        left = f", about {seconds_text(spent / share * (1 - share))} left" if share > 0.02 else ""
        return f"{self.label}: {share:4.0%}, {seconds_text(spent)}{left}{self._failures()}"


def seconds_text(seconds: float) -> str:
    """Return a length of time as people say it: `45 s`, `12 min`, `3 h 20 min`, `5.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes >= 48 * 60:
        return f"{minutes / 60 / 24:.1f} days"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
