"""The trainings of every family of a study, as notebook 02 shows them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
from conftest import SMOKE

from gannb.experiment.experiment import Experiment
from gannb.jupyter import trainings
from gannb.report import tables
from gannb.study.model import make_study


@pytest.fixture(scope="module")
def two_families(tmp_path_factory) -> Experiment:
    """A study of two families of GANs, of which the GANs are trained."""
    given = SMOKE | {"arms": ("real", "real+projection+classic"), "output_dir": str(tmp_path_factory.mktemp("two"))}
    experiment = Experiment.open(make_study(**given))
    assert not experiment.run(2).failed
    return experiment


def test_every_family_has_its_figure_and_its_samples(two_families):
    trainings.health(two_families, 0)
    assert [plt.figure(n).get_suptitle() for n in plt.get_fignums()] == ["mlp", "projection"]
    plt.close("all")
    trainings.samples_over_time(two_families, 1)
    assert [plt.figure(n).axes[0].get_title(loc="left") for n in plt.get_fignums()] == [
        "mlp, trial 1, by training step", "projection, trial 1, by training step"
    ]  # fmt: skip


def test_the_tables_have_every_family(two_families):
    assert list(tables.gans(two_families)["family"]) == ["mlp", "mlp", "projection", "projection"]
    assert list(tables.guard_log(two_families)["family"]) == ["all"]


def test_one_family_needs_no_name_above_its_figure(finished):
    from gannb.study.folder import load_study

    trainings.health(Experiment.preview(load_study(finished)), 0)
    assert [plt.figure(n).get_suptitle() for n in plt.get_fignums()] == [""]
