"""The trainings of every family of a study, as notebook 02 shows them."""

from __future__ import annotations

import matplotlib.pyplot as plt

from gannb.experiment.experiment import Experiment
from gannb.jupyter import trainings


def test_every_family_has_its_figure_and_its_samples(two_families):
    trainings.health(two_families, 0)
    assert [plt.figure(n).get_suptitle() for n in plt.get_fignums()] == ["mlp", "projection"]
    plt.close("all")
    trainings.samples_over_time(two_families, 1)
    assert [plt.figure(n).axes[0].get_title(loc="left") for n in plt.get_fignums()] == [
        "mlp, trial 1, by training step", "projection, trial 1, by training step"
    ]  # fmt: skip


def test_one_family_needs_no_name_above_its_figure(finished):
    from gannb.study.folder import load_study

    trainings.health(Experiment.preview(load_study(finished)), 0)
    assert [plt.figure(n).get_suptitle() for n in plt.get_fignums()] == [""]
