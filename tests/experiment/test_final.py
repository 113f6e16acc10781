"""The final generator: what it learns, and that it is trained once."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SMOKE

from gannb.experiment.experiment import Experiment
from gannb.experiment.final import final_paths, locked_text, train_final, weights_digest
from gannb.experiment.plan import FINAL
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.media.image.reading import read
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.trials.splits import final_items, make_draw
from gannb.utils.errors import Failed
from gannb.work.store import is_done, record_failure


def test_the_final_generator_learns_everything_but_the_locked_test(helpful):
    experiment = Experiment.open(load_study(helpful))
    draws = [experiment.settings.items(make_draw(experiment.dataset, experiment.design, t).test).ids for t in range(2)]
    learnt = experiment.settings.items(final_items(experiment.dataset, experiment.design))
    assert not set(learnt.ids) & set(draws[0]) and set(draws[0]) == set(draws[1])
    assert len(learnt) + len(draws[0]) == len(experiment.dataset.pool)


def test_groups_of_test_items_are_locked_as_well_and_a_given_test_set_always_is():
    dataset = read("digits")
    experiment = Experiment.preview(load_like(n_per_class=4))
    test = final_items(dataset, experiment.design)
    locked = np.setdiff1d(np.arange(len(dataset.pool)), test)
    groups = dataset.pool.groups.copy()
    groups[test[0]] = groups[locked[0]]
    linked = replace(dataset, pool=replace(dataset.pool, groups=groups))
    design = replace(experiment.design, protocol="folds", n_per_class=None)
    assert len(final_items(dataset, design)) == len(dataset.pool)  # cross-validation locks nothing
    given = replace(linked, test=dataset.pool.take(np.arange(10)))
    assert set(final_items(given, design)) <= set(range(len(dataset.pool)))
    again = final_items(linked, experiment.design)
    assert not np.isin(groups[again], groups[np.setdiff1d(np.arange(len(groups)), again)]).any()


def load_like(**given):

    return make_study(data="digits", preset="smoke", **given)


@pytest.fixture
def own(helpful, tmp_path) -> Path:
    """A copy of the study that says so, to be at work on."""
    return Path(shutil.copytree(helpful, tmp_path / helpful.name))


def test_it_is_trained_once_and_found_again_by_its_key(own, monkeypatch):
    experiment = Experiment.open(load_study(own))
    unit = experiment.plan.final_generator
    assert unit.place == f"{FINAL}/mlp" and is_done(own, unit)
    monkeypatch.setattr("gannb.experiment.final.run_units", lambda *a, **k: pytest.fail("trained again"))
    assert train_final(experiment) == own / unit.path
    other = Experiment.preview(experiment.study.model_copy(update={"gan_steps": 6}))
    assert other.plan.final_generator.key != unit.key


def test_a_failed_training_is_told(own, monkeypatch):
    from gannb.work.scheduler import Outcome

    experiment = Experiment.open(load_study(own))
    unit = experiment.plan.final_generator
    monkeypatch.setattr(Results, "is_done", lambda *a: False)
    monkeypatch.setattr(
        "gannb.experiment.final.run_units", lambda *a, **k: Outcome((), ((unit, "TrainingError: nan"),), ())
    )
    with pytest.raises(Failed, match=f"{unit.path} failed: TrainingError: nan"):
        train_final(experiment)


@pytest.mark.slow
def test_a_draw_that_failed_once_is_made_when_it_is_asked_for_again(helpful, tmp_path):
    experiment = Experiment.open(load_study(shutil.copytree(helpful, tmp_path / "outputs" / helpful.name)))
    unit = experiment.plan.final_generator
    for each in unit.closure():
        shutil.rmtree(experiment.folder / each.path)
    draw = experiment.folder / unit.need("draw").path
    record_failure(draw.with_name(f"{draw.name}.failed"), OSError("Too many open files"))
    assert is_done(train_final(experiment).parents[1], unit)
    assert not list(experiment.folder.glob(f"{FINAL}/*.failed"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "the study's test set, and whatever belongs to a group with it, was kept back"),
        (
            {"protocol": "folds", "n_per_class": None, "trials": None},
            "nothing was kept back, since cross-validation has no test set",
        ),
    ],
    ids=["draw", "folds"],
)
def test_what_was_kept_back_is_said(given, says):
    settings = Settings(make_study(**SMOKE | given | {"output_dir": "/nowhere"}), read("digits"), "0" * 16)
    assert locked_text(settings).startswith(says)
    tested = replace(settings, dataset=replace(settings.dataset, test=settings.dataset.pool.take(np.arange(10))))
    assert locked_text(tested) == "the test set that was given with the images was kept back"


def test_the_final_folders_hold_the_data_its_draw_and_its_weights(helpful):
    experiment = Experiment.preview(load_study(helpful))
    data, draw = final_paths(experiment)
    assert np.array_equal(np.load(data / "pool_x.npy"), experiment.dataset.pool.x)
    learnt = final_items(experiment.dataset, experiment.design)
    assert np.array_equal(np.load(draw / "draw.npz")["train"], learnt)
    folder = helpful / experiment.plan.final_generator.path
    digest = hashlib.sha256((folder / "generator.safetensors").read_bytes()).hexdigest()
    assert weights_digest(folder) == digest
