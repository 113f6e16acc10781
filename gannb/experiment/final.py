"""The final generator: the study's GAN, trained once on all labelled items but the locked test."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gannb.data.examples import Dataset
from gannb.experiment.experiment import Experiment
from gannb.trials import splits
from gannb.trials.splits import Design
from gannb.work.locks import study_lock
from gannb.work.progress import Progress
from gannb.work.scheduler import run_units
from gannb.work.store import is_done
from gannb.work.unit import Task, Unit

FINAL = "final"  # in the place of a trial's number


def final_items(dataset: Dataset, design: Design) -> np.ndarray:
    """Return the indices (N,) of the items that the final generator learns, rising.

    What is tested on stays locked: a given test set in any case, in the draw protocol the trials' common one, and what
    shares a group with it. Re-splits without a given test set have no such items: every one was trained on.
    """
    groups = splits.groups_of(dataset)
    if dataset.test is not None:
        locked = np.arange(len(dataset.pool), len(groups))
    elif design.protocol == "draw":
        locked = splits.make_draw(dataset, design, 0).test
    else:
        locked = np.empty(0, np.int64)
    return np.flatnonzero(~np.isin(groups, groups[locked]))


def locked_text(dataset: Dataset, design: Design) -> str:
    """Return what was kept back from the final generator, in words."""
    if dataset.test is not None:
        return "the test set that was given with the images was kept back"
    if design.protocol == "draw":
        return "the study's test set, and whatever belongs to a group with it, was kept back"
    return "nothing was kept back, since re-splits have no test set of their own"


def make_final_draw(task: Task) -> None:
    """Choose all labelled items but the locked test."""
    p = task.parameters
    dataset = Dataset.load(task.study / f"data-{p['data']}")
    design = Design(p["protocol"], p["n_per_class"], p["test_share"], p["seed"], "")
    none = np.empty(0, np.int64)
    np.savez(task.folder / "draw.npz", train=final_items(dataset, design), reserve=none, test=none)


def final_unit(experiment: Experiment) -> Unit:
    """Return the unit of training the final generator."""
    design = {k: v for k, v in asdict(experiment.design).items() if k not in ("why", "most_trials")}
    parameters = {"data": experiment.data_key, "trial": FINAL, **design}
    draw = Unit(1, "draw", f"{FINAL}/draw", make_final_draw, 1, parameters)
    return experiment.generator_on(draw, experiment.family)


def train_final(experiment: Experiment) -> Path:
    """Return the folder of the final generator, trained now unless it is there; goes on from its checkpoint.

    Raises:
        InputError: another process is at work on the study, or its folder cannot be written.
        RuntimeError: the training failed.
    """
    unit = final_unit(experiment)
    if not is_done(experiment.folder, unit):
        progress = Progress("training the final generator", experiment.seconds_by_kind())
        with study_lock(experiment.folder):
            outcome = run_units(experiment.folder, [unit], device=experiment.device, workers=1, progress=progress)
        if outcome.failed:
            raise RuntimeError(f"{unit.path} failed: {outcome.failed[0][1]}")
    return experiment.folder / unit.path


def final_paths(experiment: Experiment) -> tuple[Path, Path]:
    """Return the folders of the study's data and of the draw that the final generator learns."""
    draw = final_unit(experiment).need("draw")
    return experiment.folder / f"data-{experiment.data_key}", experiment.folder / draw.path


def weights_digest(folder: Path) -> str:
    """Return the sha256 of a generator's weights."""
    with open(folder / "generator.safetensors", "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
