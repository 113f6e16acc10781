"""Evidence: the differences that follow from it, and how it is read from a study's folder."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from planted_evidence import TRIALS, WOBBLE, WORLD, Y, evidence, items_tested

from gannb.analysis.evidence import (
    common_trials,
    difference,
    gather,
    of_trials,
    shifted_difference,
    shifted_level,
)
from gannb.analysis.verdict import decide
from gannb.experiment.experiment import Experiment
from gannb.stats.intervals import paired_t
from gannb.stats.tested import Tested
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import Failed, InputError

# ---- estimates ----


def test_the_difference_of_draws_is_students_when_test_items_add_nothing():
    planted = evidence()
    expected = paired_t(0.03 + np.roll(WOBBLE, list(WORLD).index(PRIMARY[0])))
    estimate = difference(planted, *PRIMARY)
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((expected.mean, expected.low, expected.high))


def test_the_difference_in_cross_validation_is_that_of_its_interval():
    planted = evidence("folds")
    d = {t: planted.correct[PRIMARY[0]][t] - planted.correct[PRIMARY[1]][t] for t in range(TRIALS)}
    assert difference(planted, *PRIMARY) == planted.tested.difference(d)
    assert difference(planted, *PRIMARY).mean == pytest.approx(0.03 + WOBBLE.mean(), abs=1e-4)


def test_an_arm_that_trains_on_the_reserve_is_compared_by_block():
    planted = evidence()
    assert difference(planted, *PRIMARY).n == TRIALS
    assert difference(planted, "real+more", "real").n == TRIALS / 2


def test_few_test_items_widen_the_interval_of_draws():
    rng, planted = np.random.default_rng(0), evidence()
    several = {
        arm: {t: (rng.random(len(Y)) < c.mean()).astype(float) for t, c in trials.items()}
        for arm, trials in planted.correct.items()
    }
    noisy = replace(planted, correct=several)
    assert difference(noisy, *PRIMARY).se > 2 * difference(planted, *PRIMARY).se


def test_balanced_accuracy_counts_classes_alike_and_accuracy_items():
    y = np.repeat([0, 1], [900, 100])
    base, trials = evidence(), range(TRIALS)
    low = {t: np.full(1000, 0.5) for t in trials}
    high = {t: np.where(y == 1, 0.7, 0.5) + WOBBLE[t] for t in trials}  # better on the rare class alone
    planted = replace(base, correct={PRIMARY[0]: high, PRIMARY[1]: low}, tested=items_tested("draw", y=y))
    assert difference(planted, *PRIMARY).mean == pytest.approx(0.1)
    assert difference(replace(planted, metric="accuracy"), *PRIMARY).mean == pytest.approx(0.02)


def test_only_trials_that_have_both_arms_are_compared():
    planted = evidence()
    del planted.correct["real+gan+classic"][3]
    assert common_trials(planted, *PRIMARY) == [0, 1, 2, 4, 5, 6, 7]
    found = decide(planted)
    trials = {(row.contrast.arm, row.contrast.against): row.change.n for row in (*found.contrasts, *found.controls)}
    assert trials[PRIMARY] == 7 and "On 7 draws" in found.sentence
    assert trials["real+copies", "real"] == 8


def test_in_cross_validation_a_repeat_that_lacks_a_trial_is_left_out():
    planted = evidence("folds")
    del planted.correct["real+gan+classic"][3]
    assert common_trials(planted, *PRIMARY) == [] and common_trials(planted, "real", "real+classic") == list(range(8))


def test_what_is_measured_once_a_trial_is_averaged_by_block():
    planted = evidence()
    values = pd.Series(np.arange(8.0))
    assert of_trials(planted, values) == paired_t([0.5, 2.5, 4.5, 6.5])
    assert of_trials(evidence("given"), values) == paired_t(np.arange(8.0))
    assert of_trials(evidence("folds"), values) == paired_t(np.arange(8.0), 27 / 80)


def test_shifted_items_are_compared_item_by_item_in_each_way_and_in_all():
    arms = {PRIMARY[0]: 0.7, PRIMARY[1]: 0.6}
    planted = evidence(shifted=arms)
    assert shifted_difference(planted, *PRIMARY).mean == pytest.approx(0.1 + WOBBLE.mean(), abs=1e-6)
    planted.shifted[PRIMARY[0]] = {t: each.copy() for t, each in planted.shifted[PRIMARY[0]].items()}
    for each in planted.shifted[PRIMARY[0]].values():
        each[1] += 0.06
    ways = len(planted.shifts)
    assert shifted_difference(planted, *PRIMARY, 1).mean == pytest.approx(0.16 + WOBBLE.mean(), abs=1e-6)
    assert shifted_difference(planted, *PRIMARY).mean == pytest.approx(0.1 + 0.06 / ways + WOBBLE.mean(), abs=1e-6)
    assert shifted_level(planted, PRIMARY[1], 1) == pytest.approx(0.6, abs=1e-3)
    assert shifted_difference(planted, PRIMARY[0], "real") is None


def test_where_a_single_item_of_a_class_was_shifted_nothing_is_told_of_shifted_ones_and_the_rest_stays():
    planted = evidence("folds", shifted={PRIMARY[0]: 0.7, PRIMARY[1]: 0.6})
    assert decide(planted).shifts
    tested = planted.shifted_tested
    lone = {t: np.where(tested.y[t] == 0, 0, 1 + groups) for t, groups in tested.groups.items()}
    planted = replace(planted, shifted_tested=replace(tested, groups=lone))
    assert shifted_difference(planted, *PRIMARY) is None
    found = decide(planted)
    assert not found.shifts and found.answer is decide(evidence("folds")).answer


# ---- from a study's folder ----


def test_the_verdict_of_a_real_study_follows_from_its_predictions(finished):
    experiment = Experiment.preview(load_study(finished))
    planted = gather(experiment)
    assert (planted.protocol, planted.n_train, planted.trials_planned, planted.preset) == ("draw", 40, 2, "smoke")
    assert not planted.whole_set and planted.level == 0.95
    recorded = planted.scores.query("arm == 'real' and trial == 1")["accuracy"].mean()
    assert planted.correct["real"][1].mean() == pytest.approx(recorded)
    a, b = (planted.scores.query(f"arm == '{arm}'").groupby("trial")["balanced_accuracy"].mean() for arm in PRIMARY)
    assert decide(planted).contrasts[0].change.mean == pytest.approx((a - b).mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("folds", "there", "says"),
    [
        (
            4,
            [0, 1, 2, 4, 5, 6, 7],
            "two whole repeats of 4 trials .*: trials/003/gan: nan; set trials=12, which are 3 whole",
        ),
        (4, [1, 2, 3, 5, 6, 7], "set trials=16, which are 4 whole repeats .what is finished is kept., or run again"),
        (0, [1], "Fewer than two trials .*: trials/003/gan: nan; set trials=9 .what is finished is kept."),
    ],
)
def test_where_gans_have_failed_the_number_of_trials_that_leaves_enough_is_named(monkeypatch, folds, there, says):
    items = {t: np.ones(2) for t in there}
    tested = Tested({t: np.arange(2) for t in there}, {t: np.arange(2) for t in there}, {}, folds, {})
    few = SimpleNamespace(
        tested=tested, correct=dict.fromkeys(PRIMARY, items), trials_planned=8, failures=("trials/003/gan: nan",)
    )
    monkeypatch.setattr("gannb.analysis.evidence.read", lambda _: few)
    with pytest.raises(Failed, match=says):
        gather(SimpleNamespace(study=SimpleNamespace(name="mine")))


def test_a_study_without_scores_is_told_what_to_run_first(tmp_path):
    experiment = Experiment.open(make_study(preset="smoke", output_dir=str(tmp_path)))
    with pytest.raises(InputError, match="run notebooks 02 to 04 first"):
        gather(experiment)
