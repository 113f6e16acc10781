"""The trainings of a trial's GANs, one figure for every family of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gannb.jupyter.widgets import show
from gannb.report import plots, tables

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment


def health(experiment: Experiment, trial: int) -> None:
    """Draw the curves of every family's training in a trial; see `plots.gan_health`."""
    families = trained(experiment, trial)
    for family in families:
        axes = plots.gan_health(tables.gan_history(experiment, trial, family), experiment.settings.medium.nouns)
        if len(families) > 1:
            axes[0].figure.suptitle(family)


def samples_over_time(experiment: Experiment, trial: int) -> None:
    """Draw what every family made as its training in a trial went on; see `plots.samples_over_time`."""
    for family in trained(experiment, trial):
        gan = experiment.generator(trial, family)
        title = f"{family}, trial {trial}, by training step"
        grid = plots.samples_over_time(gan.grids, gan.grid_steps, experiment.dataset.pool.classes, title=title)
        show(experiment.settings.medium, grid)


def trained(experiment: Experiment, trial: int) -> list[str]:
    """Return the names of a trial's GANs that are there, that of the study's own family first."""
    units = {name: experiment.plan.generator_units[trial, name] for name in experiment.settings.gans}
    return [name for name, unit in units.items() if experiment.results.is_done(unit)]
