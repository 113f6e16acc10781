"""The decision rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_differences import refused, rng

from gannb.stats.decision import (
    Answer,
    bonferroni_level,
    decide,
)
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.stats.settling.floor import items_needed
from gannb.stats.tested import Tested

# ---- the rule ----


def interval(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, se=1.0, df=7, sd=1.0, n=8, level=0.95)


@pytest.mark.parametrize(
    "low, high, answer",
    [
        (-0.005, 0.005, Answer.EQUIVALENT),
        (0.001, 0.009, Answer.EQUIVALENT),  # surely above 0, and surely too small to matter
        (-0.01, 0.01, Answer.EQUIVALENT),  # the margin belongs to the rope
        (0.0, 0.0, Answer.EQUIVALENT),
        (0.001, 0.02, Answer.HELPS),
        (0.02, 0.03, Answer.HELPS),
        (-0.02, -0.001, Answer.HURTS),
        (0.0, 0.02, Answer.INCONCLUSIVE),  # 0 itself is not above 0
        (-0.02, 0.0, Answer.INCONCLUSIVE),
        (-0.005, 0.011, Answer.INCONCLUSIVE),
        (-0.5, 0.5, Answer.INCONCLUSIVE),
    ],
)
def test_the_rule(low, high, answer):
    assert decide(interval(low, high), rope=0.01) is answer


@pytest.mark.parametrize(("n", "answer"), [(2, Answer.INCONCLUSIVE), (3, Answer.HELPS)])
def test_two_trials_have_no_answer_whatever_their_interval(n, answer):
    assert decide(replace(interval(0.02, 0.03), n=n), rope=0.01) is answer


def test_answers_are_plain_words_in_files():
    assert [f"{a}" for a in Answer] == ["helps", "hurts", "equivalent", "inconclusive"]


def test_equivalence_within_half_a_standard_deviation_is_rarely_shown_by_8_trials():
    """The 95 % interval asks for more than two one-sided tests at 5 % (a 90 % interval), which manage 4 %."""
    generator = rng(12)
    studies = generator.normal(0, 1, (3000, 8))
    met = {
        level: np.mean([decide(paired_t(d, level=level), 0.5) == "equivalent" for d in studies])
        for level in (0.9, 0.95)
    }
    assert met[0.9] == pytest.approx(0.04, abs=0.01)
    assert met[0.95] == pytest.approx(0.01, abs=0.005)


def test_bonferroni():
    assert bonferroni_level(0.95, 1) == pytest.approx(0.95)
    assert bonferroni_level(0.95, 2) == pytest.approx(0.975)
    assert bonferroni_level(0.9, 10) == pytest.approx(0.99)


# ---- no answer from no spread ----


def alike(trials: int, items: int) -> Estimate:
    """The difference of two arms that get every one of so many test items right in every trial."""
    item, y = (dict.fromkeys(range(trials), each) for each in (np.arange(items), np.arange(items) % 2))
    return Tested(item, y, item).difference(dict.fromkeys(range(trials), np.zeros(items)))


@pytest.mark.parametrize(("trials", "items"), [(2, 10), (2, 10_000), (3, 100), (8, 10), (8, 200)])
def test_trials_and_items_that_are_all_alike_are_no_equivalence(trials, items):
    assert decide(alike(trials, items), rope=0.01) is Answer.INCONCLUSIVE


def test_as_many_items_as_are_said_to_be_needed_are_enough():
    few = alike(8, 100)
    needed = items_needed(np.full(100, 1 / 100), np.arange(100), few.n, rope=0.01)
    answers = [decide(alike(8, items), rope=0.01) for items in (needed - needed % 2 - 2, needed + needed % 2)]
    assert answers == [Answer.INCONCLUSIVE, Answer.EQUIVALENT]


@pytest.mark.parametrize("items", [20, 40, 100])
@pytest.mark.parametrize("folds", [0, 4], ids=["draws", "folds"])
def test_at_a_baseline_of_98_percent_few_test_items_never_say_that_two_points_are_nothing(items, folds):
    """Every tenth item is missed by one in five trainings without GAN items, none with them: truth is +2 points."""
    generator, trials, every = rng(7 * items + folds), 8, np.arange(items)
    y, found = every % 2, []
    for _ in range(300):
        missed = np.where(generator.random(items) < 0.1, 0.2, 0.0)
        fold = [generator.permutation(every) % folds if folds else every for _ in range(trials)]
        item = {
            t: np.flatnonzero(fold[t - t % folds] == t % folds) if folds else every for t in range(trials)
        }  # fmt: skip
        d = {t: (generator.random(len(i)) < missed[i]).astype(float) for t, i in item.items()}
        found.append(Tested(item, {t: y[i] for t, i in item.items()}, item, folds).difference(d))
    assert not [e for e in found if decide(e, rope=0.01) is Answer.EQUIVALENT]
    assert np.mean([e.low <= 0.02 <= e.high for e in found]) >= 0.94


# ---- bad input ----


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: decide(interval(0, 1), -0.01), "rope"),
        (lambda: bonferroni_level(0.95, 0), "at least 1"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    refused(call, says)
