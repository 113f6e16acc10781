"""A small study of clips of which every unit is done."""

from __future__ import annotations

from pathlib import Path

from clip_sets import folder_of

from gannb.experiment.experiment import Experiment
from gannb.study.model import make_study
from gannb.work.store import execute

GIVEN = {
    "n_per_class": 4, "trials": 2, "gan_steps": 3, "n_synthetic": 5, "classifier_steps": 4, "protocol": "draw",
    "classifier_steps_most": 4, "classifier_seeds": 1, "device": "cpu", "name": "calls", "preset": "smoke",
    "workers": 1,
    "arms": ("real", "real+gan+classic", "gan", "real+copies+classic", "real+gaussian+classic",
             "real+interpolation+classic", "real+mislabelled+classic", "real+more+classic"),
}  # fmt: skip


def finished_calls(root: Path, outputs: Path | None = None) -> Experiment:
    """A study of two classes of calls whose units are made in this process, in a folder below `outputs`."""
    data = folder_of(root / "clips", n=30, seconds=0.3, rate=4000)
    experiment = Experiment.open(make_study(**GIVEN, data=str(data), output_dir=str(outputs or root / "out")))
    for stage in (1, 2, 3, 4):
        assert {execute(experiment.folder, unit, "cpu") for unit in experiment.plan.units(stage)} == {None}
    return experiment
