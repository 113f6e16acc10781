"""Tuning: one list for every arm, draws that no trial uses, and the chosen configuration is what is trained."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import SMOKE

from gannb.classifiers import training
from gannb.classifiers.training import Diverged
from gannb.experiment.experiment import Experiment
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES, strengthened
from gannb.study.folder import open_study
from gannb.study.model import DEFAULT_ARMS, make_study
from gannb.trials import splits
from gannb.trials.arms import parse_arm
from gannb.trials.contrasts import study_arms
from gannb.trials.tuning import LIST, Configuration, best, configurations, tuned_as
from gannb.units import classifiers
from gannb.utils.errors import InputError
from gannb.work.store import is_done
from gannb.work.unit import Task, Unit

GIVEN = SMOKE | {"tune": True, "augmentation": "affine", "workers": 1}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A smoke study with tuned arms of which everything is done."""
    experiment = Experiment.open(make_study(**GIVEN, output_dir=str(tmp_path_factory.mktemp("outputs"))))
    assert not any(experiment.run(stage).failed for stage in (1, 2, 3, 4))
    return experiment


def task_of(experiment: Experiment, unit: Unit) -> Task:
    return Task(unit, experiment.folder, experiment.folder, experiment.folder, "cpu", lambda done, total: None)


# ---- the list ----


def test_every_arm_has_the_list_as_far_as_it_exists_in_it():
    found = {name: configurations(parse_arm(name), "affine") for name in ("real", "real+classic", "real+gan")}
    assert configurations(parse_arm("real+gan+classic"), "affine") == list(LIST)
    assert {c.learning_rate for c in found["real"]} == {0.5, 1.0, 2.0} and len(found["real"]) == 3
    assert {c.strength for c in found["real+classic"]} == {0.5, 1.0, 2.0} and len(found["real+classic"]) == 5
    assert {c.share for c in found["real+gan"]} == {1.0, 2.0} and len(found["real+gan"]) == 5
    assert configurations(parse_arm("gan"), "affine") == found["real"]  # its share is all
    assert all(each[0] == Configuration() for each in found.values())


def test_where_the_augmentation_is_left_open_the_others_are_tried_too():
    chosen = configurations(parse_arm("real+classic"), "shift", IMAGE.tuned_policies)
    assert [c.policy for c in chosen if c.policy] == ["none", "affine", "flip", "trivial"]
    assert configurations(parse_arm("real"), "shift", IMAGE.tuned_policies) == configurations(
        parse_arm("real"), "shift"
    )


def test_arms_that_must_differ_in_one_thing_alone_are_tuned_as_one():
    arms = study_arms((*DEFAULT_ARMS, "real+gan:50+classic", "real+gan.averaged"), "draw", IMAGE)
    found = {arm.name: tuned_as(arm.name) for arm in arms}
    assert found["real"] == "real" and found["real+mislabelled+classic"] == "real+copies+classic"
    assert found["real+copies+classic"] == "real+copies+classic"  # a control of tuning as well
    assert found["fewer+classic"] == found["real+more+classic"] == found["real+classic"] == "real+classic"
    assert found["real+gan:50+classic"] == "real+gan+classic" and found["real+gan.averaged"] == "real+gan"
    assert found["real+gaussian+classic"] == "real+gaussian+classic" and found["gan"] == "gan"


def test_the_best_is_chosen_where_it_is_better_than_the_studys_own_beyond_its_error():
    clear = np.array([[0.50, 0.60, 0.58], [0.52, 0.61, 0.60], [0.49, 0.60, 0.57], [0.51, 0.62, 0.59]])
    assert best(clear) == 1
    chance = np.array([[0.50, 0.80], [0.80, 0.50], [0.60, 0.62], [0.61, 0.60]])
    assert best(chance) == 0
    assert best(np.full((4, 3), 0.7)) == 0


def test_a_configuration_that_diverges_is_not_chosen():
    scores = np.array([[0.5, 0.9, 0.6], [0.5, np.nan, 0.7], [0.5, 0.9, 0.6]])
    assert best(scores) == 2
    assert best(np.array([[np.nan, 0.2], [0.5, 0.3]])) == 1


def test_configurations_are_said_in_words():
    assert str(Configuration()) == "as the study has it"
    assert str(Configuration(0.5, share=2.0)) == "rate x0.5, share x2"


def test_strength_changes_the_ranges_and_no_chance():
    policy = replace(POLICIES["flip"], rotation=10, p=0.7)
    double = strengthened(policy, 2)
    assert (double.shift, double.rotation, double.flip, double.p) == (2 / 14, 20, 0.5, 0.7)
    assert strengthened(policy, 1) == policy
    assert (
        strengthened(POLICIES["trivial"], 2).contrast == 1.0 and strengthened(POLICIES["none"], 2) == POLICIES["none"]
    )


# ---- draws of their own ----


@pytest.mark.parametrize("trials", [2, 12, 14])
def test_draws_for_tuning_share_no_item_with_any_trial_and_do_not_depend_on_their_number(trials, tmp_path):
    experiment = Experiment.preview(make_study(data="digits", tune=True, trials=trials, output_dir=str(tmp_path)))
    draws = {t: splits.make_draw(experiment.dataset, experiment.design, t) for t in (*range(trials), -1, -2)}
    of_trials = {i for t in range(trials) for i in (*draws[t].train, *draws[t].reserve, *draws[t].test)}
    used = [i for t in (-1, -2) for i in (*draws[t].train, *draws[t].reserve)]
    assert len(used) == len(set(used)) and not of_trials & set(used)
    assert np.array_equal(draws[-1].test, draws[-1].reserve) and len(draws[-2].train) == 80
    few = Experiment.preview(make_study(data="digits", tune=True, trials=3, output_dir=str(tmp_path)))
    for t in (-1, -2):
        assert np.array_equal(draws[t].train, splits.make_draw(few.dataset, few.design, t).train)


def test_too_few_items_for_draws_of_their_own_are_refused_with_the_way_out(tmp_path):
    given = {"data": "digits", "n_per_class": 15, "output_dir": str(tmp_path)}
    with pytest.raises(InputError, match="2 of them for tuning.*at most n_per_class=13, or tune=false") as error:
        Experiment.open(make_study(**given, tune=True))
    assert list(tmp_path.iterdir()) == [] and "\n" not in str(error.value)
    Experiment.preview(make_study(**given | {"n_per_class": 13}, tune=True))
    Experiment.preview(make_study(**given, tune=False))


def test_draws_for_tuning_take_away_from_the_trials_that_are_possible(tmp_path):
    tuned, plain = (
        Experiment.preview(make_study(data="digits", tune=t, trials=8, output_dir=str(tmp_path))) for t in (True, False)
    )
    assert tuned.design.most_trials == plain.design.most_trials - 4


def test_where_nothing_is_in_reserve_tuning_is_refused_with_the_way_out(tmp_path):
    given = {"data": "digits", "protocol": "folds", "output_dir": str(tmp_path)}
    with pytest.raises(InputError, match="tune=true takes draws that no trial uses.* use protocol=draw, or tune=false"):
        Experiment.preview(make_study(**given, tune=True))
    assert Experiment.preview(make_study(**given)).settings.tuning_draws == ()


# ---- the same for real ----


def test_what_is_chosen_follows_from_the_scores_on_the_draws_for_tuning(tuned):
    table = tuned.results.tuning()
    assert set(table["draw"]) == {1, 2} and set(table["arm"]) == {arm.name for arm in tuned.settings.tuned_arms}
    for _, rows in table.groupby("arm"):
        by_draw = [np.array(list(part["scores"])).T for _, part in rows.groupby("draw")]
        number = best(np.concatenate(by_draw))
        assert all(part["chosen"].tolist().index(True) == number for _, part in rows.groupby("draw"))


def test_a_diverged_training_is_left_out_and_fails_nothing(tuned, monkeypatch):
    def diverge(*_, **__):
        raise Diverged("no finite loss")

    monkeypatch.setattr(training, "train", diverge)
    task = task_of(tuned, tuned.plan.tuning_units[-1, "real"])
    mixture, recipe, start = classifiers.training_of(task, tuned.dataset, tuned.results.draw(0), Configuration())
    assert classifiers._tried(task, mixture, recipe, start, 0, tuned.dataset.pool) is None


def test_a_trial_trains_in_the_chosen_configuration(tuned):
    for arm in ("real+gan+classic", "fewer+classic", "real"):
        unit = tuned.plan.classifiers[0, arm]
        choice = unit.need("choice")
        assert choice.place == f"tuning/{tuned_as(arm)}"
        chosen = json.loads((tuned.folder / choice.path / "choice.json").read_text())["configuration"]
        assert classifiers.chosen_for(task_of(tuned, unit)) == Configuration(**chosen)


@pytest.mark.parametrize("chosen", [Configuration(0.5, 2.0, share=2.0), Configuration(policy="flip"), Configuration()])
def test_a_configuration_changes_rate_augmentation_and_share(tuned, chosen):
    task = task_of(tuned, tuned.plan.classifiers[0, "real+gan+classic"])
    mixture, recipe, _ = classifiers.training_of(task, tuned.dataset, tuned.results.draw(0), chosen)
    assert recipe.rate == chosen.learning_rate
    assert mixture.sizes(30) == (30, 10 * chosen.share)  # a quarter of the batch, or half as much again
    usual = POLICIES[chosen.policy or "affine"]
    assert recipe.policy.rotation == usual.rotation * chosen.strength and recipe.policy.flip == usual.flip


def test_without_tuning_the_units_are_others_and_nothing_else_changes(tuned):
    plain = Experiment.preview(open_study(tuned.folder, tune=False))
    assert not any(u.kind in ("tuning", "choice") for u in plain.plan.all_units())
    undone = {u.kind for u in plain.plan.all_units() if not is_done(tuned.folder, u)}
    assert undone == {"classifier"}  # the same draws, GANs and items
