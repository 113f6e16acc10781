"""What is read from finished units: tables, arrays and items."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import numpy as np
import pytest
from smoke_study import ARMS, changed

from gannb.analysis.verdict import SCORE_COLUMNS
from gannb.experiment.experiment import Experiment
from gannb.measures.comparison import REFERENCE_SETS
from gannb.study.folder import load_study
from gannb.units.kinds import DEFAULT_SECONDS
from gannb.utils.errors import InputError
from gannb.utils.files import write_json
from gannb.work.store import read_unit


def test_scores_are_tidy_and_complete(finished):
    table = changed(finished).scores()
    assert set(table.columns) == set(SCORE_COLUMNS)
    assert Counter(table["trial"]) == {0: len(ARMS) + 3, 1: len(ARMS) + 3}  # three of them also after half of the steps
    assert set(table["study"]) == {"digits"}
    assert table["accuracy"].between(0, 1).all()
    n_real = table.groupby("arm")["n_real"].first()
    assert (n_real["real"], n_real["fewer+classic"], n_real["real+more+classic"]) == (40, 20, 80)
    assert table.groupby("arm")["n_synthetic"].first()["real+gan"] == 50


@pytest.mark.parametrize("damage", ["gone", "zeroed", "no record", "no folder"])
def test_what_is_damaged_or_has_gone_is_refused_by_its_name_with_the_way_to_have_it_again(smoke, damage):
    experiment = changed(smoke)
    results, draw, items = experiment.results, experiment.plan.draws[1], experiment.plan.item_units[1, "mlp"]
    results.check_whole()
    folder = smoke / items.path
    if damage == "no folder":  # what was measured on it is there
        shutil.rmtree(folder)
    elif damage == "zeroed":
        (folder / "x.npy").write_bytes(bytes(3000))
    else:
        (folder / ("x.npy" if damage == "gone" else "unit.json")).unlink()
    said = f"{re.escape(str(folder))} is damaged or missing; `gannb run {re.escape(str(smoke))}` makes it again"
    with pytest.raises(InputError, match=said):
        results.check_whole()
    results.check_whole([draw])
    (smoke / draw.path / "draw.npz").unlink()
    with pytest.raises(InputError, match=f"{re.escape(draw.path)} is damaged or missing, and 1 more"):
        results.check_whole()


def test_results_go_without_what_was_never_made_and_without_generators(smoke):
    results = changed(smoke).results
    shutil.rmtree(smoke / results.plan.generator_units[0, "mlp"].path)
    results.check_whole()
    for unit in results.plan.units(4):
        shutil.rmtree(smoke / unit.path)
    results.check_whole()


def test_scores_follow_from_the_predictions(finished):
    experiment = changed(finished)
    p, y = experiment.results.probabilities(1, "real"), experiment.settings.items(experiment.results.draw(1).test).y
    assert p.shape == (1, len(y), 10) and np.allclose(p.sum(2), 1, atol=1e-5)
    row = experiment.scores().query("trial == 1 and arm == 'real'").iloc[0]
    assert row["accuracy"] == pytest.approx((p[0].argmax(1) == y).mean())


def test_synthetic_items_are_examples_like_the_real_ones(finished):
    fake = changed(finished).synthetic(0)
    assert fake.x.shape == (50, 8, 8, 1) and fake.x.dtype == np.uint8
    assert fake.counts().tolist() == [5] * 10


def test_quality_has_a_row_per_trial_generator_and_features(finished):
    table = changed(finished).results.quality()
    found = set(zip(table["trial"], table["generator"], table["features"], strict=True))
    assert found == {(t, g, f) for t in (0, 1) for g in ("mlp", *REFERENCE_SETS) for f in ("pixels", "small_cnn")}


def test_what_an_arm_had_said_after_half_of_its_steps_is_at_hand_of_every_arm(finished):
    experiment = changed(finished)
    for arm in experiment.settings.arms:
        half, whole = (experiment.results.probabilities(0, name) for name in (f"{arm.name}@half", arm.name))
        assert half.shape == whole.shape and not np.array_equal(half, whole)
    table = experiment.scores()
    assert {arm for arm in table["arm"] if arm.endswith("@half")} == {
        "real+classic@half", "real+gan+classic@half", "real+more+classic@half"
    }  # fmt: skip
    y = experiment.settings.items(experiment.results.draw(0).test).y
    row = table.query("trial == 0 and arm == 'real+classic@half'").iloc[0]
    said = experiment.results.probabilities(0, "real+classic@half")
    assert row["accuracy"] == pytest.approx((said[0].argmax(1) == y).mean())


def test_what_is_not_there_is_none(finished):
    experiment = changed(finished, classifier_steps=7)
    assert experiment.results.probabilities(0, "real") is None
    assert experiment.results.probabilities(0, "no such arm") is None
    assert experiment.scores().empty
    assert (experiment.results.done(3), experiment.results.done(4)) == ([0, 1], [])


def test_notebooks_show_the_first_trial_that_is_finished(smoke):
    experiment = Experiment.open(load_study(smoke))
    assert experiment.shown_trial(2) == 0
    broken = next(u for u in experiment.plan.units(2) if u.parameters["trial"] == 0)
    shutil.rmtree(smoke / broken.path)
    assert experiment.shown_trial(2) == 1
    for unit in experiment.plan.units(2):
        shutil.rmtree(smoke / unit.path, ignore_errors=True)
        write_json(smoke / f"{unit.path}.failed" / "error.json", {"error": "TrainingError: the loss is nan"})
    with pytest.raises(RuntimeError, match="02 train_gan.*loss is nan"):
        experiment.shown_trial(2)


def test_minutes_are_those_of_an_arm_s_units_with_what_they_need(planted):
    """Every planted unit took 2 seconds, but for the draws; an arm's classifiers need its GAN and its items."""
    minutes = planted.results.minutes()
    draws = [read_unit(planted.folder, draw)["seconds"] for draw in planted.plan.draws.values()]
    for arm, units in {"real": 1, "real+gan": 3}.items():
        assert minutes[arm] == pytest.approx((2 * units + np.mean(draws)) / 60)


def test_the_seconds_of_a_kind_are_those_of_those_done_or_the_usual_ones(planted):
    found = planted.results.costs()
    assert found("classifier") == found("generator") == 2.0
    assert found("open_set") == DEFAULT_SECONDS["open_set"]  # none is part of the study


def test_what_is_right_on_shifted_items_is_that_of_the_planted_predictions(planted):
    shifted, at = planted.results.shifted(0, "real+classic")
    p, y = planted.results.probabilities(0, "real+classic"), planted.settings.items(planted.results.draw(0).test).y
    right = p.argmax(2) == y  # as right on shifted items as on the items themselves
    assert shifted.shape == (len(planted.settings.medium.shifts), len(y)) and at.tolist() == list(range(len(y)))
    assert shifted[0] == pytest.approx(right.mean(axis=0))
