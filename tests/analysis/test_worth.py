"""Worth in real items and the dose response: on planted scores, whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import WORLD, Y, evidence

from gannb.analysis.verdict import decide
from gannb.analysis.worth import arm_worth, doses, worth_sentence
from gannb.media.image import IMAGE
from gannb.stats.worth import Worth
from gannb.trials.arms import PRIMARY

# ---- worth in real items ----


def test_the_worth_of_an_arm_is_where_the_real_only_curve_meets_it():
    # the curve rises by 6 points from 80 to 160 real items, after 10 from 40 to 80; the arm is half-way up, where a
    # curve that bends so gets before the geometric mean, 113
    found = arm_worth(evidence(real__gan__classic=0.87, wobble=0.2))
    assert (found.arm, found.n_real) == (PRIMARY[0], 80)
    worth = found.worth
    assert worth.worth == pytest.approx(107.8, abs=0.1)
    assert 80 < worth.low < worth.worth < worth.high < 160
    assert not worth.at_least and not worth.at_most
    assert [point.n for point in found.curve] == [40, 80, 160]


def test_the_worth_carries_the_sampling_of_test_items():
    """An arm that is better on half of each class and worse on the other might be worth more on other test items."""
    planted = evidence(real__gan__classic=0.87, wobble=0.2)
    alike = arm_worth(planted).worth
    liked = {t: share + np.tile([0.1, -0.1], len(Y) // 2) for t, share in planted.correct[PRIMARY[0]].items()}
    found = arm_worth(replace(planted, correct=planted.correct | {PRIMARY[0]: liked})).worth
    assert found.worth == alike.worth
    assert found.low < alike.low and found.high > alike.high


def test_an_arm_beyond_the_curve_is_worth_its_end_or_more():
    found = arm_worth(evidence(real__gan__classic=0.95)).worth
    assert found.worth is None and found.at_least and found.low == 160


def test_an_arm_below_the_curve_is_worth_its_start_or_less():
    found = arm_worth(evidence(real__gan__classic=0.70)).worth
    assert found.worth is None and found.at_most and found.high == 40


def test_resplits_have_a_curve_of_half_and_whole():
    found = arm_worth(evidence("folds", real__gan__classic=0.79, wobble=0.2))
    assert [point.n for point in found.curve] == [40, 80]
    assert found.worth.worth == pytest.approx(np.sqrt(40 * 80), rel=0.01)


def test_without_the_curve_there_is_no_worth():
    planted = evidence()
    del planted.correct["fewer+classic"]
    assert arm_worth(planted) is None and decide(planted).worth is None


CURVE = [40.0, 80.0, 160.0]


@pytest.mark.parametrize(
    ("flags", "numbers", "text"),
    [
        ((False, False), (113.2, 96.4, 131.0), "are worth 113 real images [96, 131]."),
        ((True, False), (150.0, 120.0, 160.0), "are worth about 150 real images [120 or more; the curve ends at 160]."),
        ((True, False), (None, 160.0, 160.0), "are worth 160 real images or more"),
        ((False, True), (None, 40.0, 40.0), "are worth 40 real images or fewer"),
        ((False, True), (50.0, 40.0, 62.0), "are worth about 50 real images [62 or fewer; the curve starts at 40]."),
        ((True, True), (90.0, 40.0, 160.0), "this study cannot tell how many real images they are worth."),
    ],
)
def test_the_worth_in_words(flags, numbers, text):
    said = worth_sentence(IMAGE.nouns, 80, Worth(*numbers, *flags), CURVE)
    assert said.startswith("80 real images plus GAN images") and text in said
    assert "None" not in said and said.endswith(".")


def test_large_numbers_are_readable():
    found = Worth(11_320.0, 9_640.0, 13_100.0, at_least=False, at_most=False)
    assert "11,320 real images [9,640, 13,100]" in worth_sentence(IMAGE.nouns, 8000, found, CURVE)


# ---- several numbers of synthetic items ----


def test_a_dose_response_has_its_differences_and_goes_towards_its_plateau():
    gains = {n: 0.06 * n / (n + 100) for n in (50, 200, 800)}
    found = doses(evidence(doses={n: WORLD[PRIMARY[1]] + gain for n, gain in gains.items()}, wobble=0.1))
    assert [row.n_synthetic for row in found.rows] == [50, 200, 800]
    for row, gain in zip(found.rows, gains.values(), strict=True):
        assert row.gain.mean == pytest.approx(gain, abs=1e-3) and row.gain.low < gain < row.gain.high
    assert found.plateau.gain.mean == pytest.approx(0.06, abs=0.002)
    assert found.plateau.half_at == pytest.approx(100, rel=0.1)


def test_a_curve_that_still_rises_has_no_plateau():
    gains = {n: 0.2 * n / (n + 5000) for n in (50, 200, 800)}
    found = doses(evidence(doses={n: WORLD[PRIMARY[1]] + gain for n, gain in gains.items()}, wobble=0.1))
    assert len(found.rows) == 3 and found.plateau is None


def test_two_trials_have_no_plateau():
    gains = {n: 0.06 * n / (n + 100) for n in (50, 200, 800)}
    planted = {n: WORLD[PRIMARY[1]] + gain for n, gain in gains.items()}
    assert doses(evidence(doses=planted, wobble=0.1, trials=2)).plateau is None
    assert doses(evidence(doses=planted, wobble=0.1, trials=4)).plateau is not None


def test_one_number_of_items_is_no_dose_response():
    assert doses(evidence()) is None and decide(evidence()).doses is None
