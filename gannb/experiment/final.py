"""The final generator: the study's GAN, trained once on all labelled items but the locked test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gannb.experiment.experiment import Experiment
from gannb.experiment.settings import Settings
from gannb.generators.interface import WEIGHTS
from gannb.utils.errors import Failed
from gannb.utils.files import sha256_of
from gannb.work.locks import study_lock
from gannb.work.progress import Progress
from gannb.work.scheduler import run_units


def locked_text(settings: Settings) -> str:
    """Return what was kept back from the final generator, in words."""
    if settings.dataset.test is not None:
        return f"the test set that was given with the {settings.medium.nouns.many} was kept back"
    if settings.design.protocol == "draw":
        return "the study's test set, and whatever belongs to a group with it, was kept back"
    return "nothing was kept back, since cross-validation has no test set of its own"


def train_final(experiment: Experiment) -> Path:
    """Return the folder of the final generator, trained now unless it is there; goes on from its checkpoint.

    Raises:
        InputError: another process is at work on the study, or its folder cannot be written.
        Failed: the training failed, or what it needs did.
    """
    unit = experiment.plan.final_generator
    if not experiment.results.is_done(unit):
        progress = Progress("training the final generator", experiment.results.costs())
        with study_lock(experiment.folder):
            place = replace(experiment.place, workers=1)
            outcome = run_units(experiment.results.folder, unit.closure(), place, progress=progress)
        if outcome.failed:
            failed, error = outcome.failed[0]
            raise Failed(f"{failed.path} failed: {error}")
    return experiment.results.folder / unit.path


def final_paths(experiment: Experiment) -> tuple[Path, Path]:
    """Return the folders of the study's data and of the draw that the final generator learns."""
    draw = experiment.plan.final_generator.need("draw")
    return experiment.data_folder, experiment.results.folder / draw.path


def weights_digest(folder: Path) -> str:
    """Return the sha256 of a generator's weights."""
    return sha256_of(folder / WEIGHTS)
