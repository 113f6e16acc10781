"""How near `gannb plan` comes to what a study takes.

    export OMP_NUM_THREADS=1
    python benchmarks/plans.py FLOWERS --size 64 96

Plans a study of photographs at each side, runs all of its units, and puts both beside each other by kind of unit: the
seconds of one process that were planned and those that the units took. It is short, since what is planned is seconds a
step; the machine has to be quiet, since the plan is for one that is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence

from gan import markdown

from gannb.experiment.estimate import STAGE_SECONDS, plan
from gannb.experiment.experiment import Experiment
from gannb.study.model import Study, make_study
from gannb.work.store import read_unit

SHORT = {
    "protocol": "draw", "trials": 2, "n_per_class": 20, "n_synthetic": 50, "gan_steps": 200, "classifier_steps": 200,
    "classifier_steps_most": 200, "arms": ("real", "real+gan", "real+gan+classic", "gan", "real+copies+classic"),
}  # fmt: skip


def compared(side: str, study: Study) -> list[list[str]]:
    """Return, by kind of unit, then in all, the seconds that are planned and those that the study's units take."""
    planned = plan(study)
    experiment = Experiment.open(study)
    begun = time.monotonic()
    for stage in (1, 2, 3, 4):
        if failed := experiment.run(stage).failed:
            raise RuntimeError(f"{failed[0][0].path}: {failed[0][1]}")
    clock = time.monotonic() - begun
    took: Counter[str] = Counter()
    for unit in experiment.plan.all_units():
        took[unit.kind] += read_unit(experiment.folder, unit)["seconds"]
    guessed = {kind: row["seconds"] for kind, row in planned["units"].items()}
    rows = [row(side, kind, guessed[kind], took[kind]) for kind in guessed]
    rows.append(row(side, "of one process, in all", sum(guessed.values()), took.total()))
    notebooks = 5 * STAGE_SECONDS  # which are planned as well, and not run here
    return [*rows, row(side, "by the clock", planned["seconds"] - notebooks, clock)]


def row(side: str, what: str, planned: float, took: float) -> list[str]:
    """Return a row of the table."""
    return [side, what, f"{planned:.0f}", f"{took:.0f}", f"{took / planned:.2f}" if planned else ""]


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", help="a set of photographs")
    options.add_argument("--size", nargs="+", default=["64", "96"], help="sides in pixels (64 96)")
    options.add_argument("--gan", default="auto", help="the family (auto)")
    options.add_argument("--workers", type=int, default=0, help="processes (0: one per core)")
    given = options.parse_args(words)
    rows = [["side", "units", "planned, s", "took, s", "took / planned"]]
    for size in given.size:
        with tempfile.TemporaryDirectory() as folder:
            own = {"data": given.data, "size": size, "gan": given.gan, "workers": given.workers, "output_dir": folder}
            rows += compared(size, make_study(**SHORT | own))
    print(markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
