"""A small study of images with captions, of which everything up to its synthetic images is made."""

from __future__ import annotations

from pathlib import Path

from captioned_sets import captioned_folder

from gannb.experiment.experiment import Experiment
from gannb.study.model import make_study
from gannb.work.store import execute

GIVEN = {
    "n_per_class": 8, "trials": 2, "gan_steps": 3, "n_synthetic": 5, "classifier_steps": 4, "protocol": "draw",
    "classifier_steps_most": 4, "classifier_seeds": 1, "device": "cpu", "name": "shapes", "preset": "smoke",
    "workers": 1, "arms": ("real", "real+gan+classic"),
}  # fmt: skip


def made_of_captions(root: Path, outputs: Path) -> Experiment:
    """A study of two shapes whose GANs and images are made in this process, in a folder below `outputs`."""
    data = captioned_folder(root / "shapes", n=24)
    experiment = Experiment.open(make_study(**GIVEN, data=str(data), output_dir=str(outputs)))
    for stage in (1, 2):
        assert {execute(experiment.folder, unit, "cpu") for unit in experiment.plan.units(stage)} == {None}
    return experiment
