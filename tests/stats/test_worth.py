"""Worth in real items, and what a gain goes towards: on planted curves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from planted_differences import refused, rng, scaled
from scipy import stats as scipy_stats
from scipy.interpolate import PchipInterpolator

from gannb.stats.intervals import paired_t
from gannb.stats.worth import plateau, worth_in_real
from gannb.utils.errors import InputError

# ---- worth in real items ----

SIZES = np.array([40, 80, 160, 320, 640])


def learning_curve(trials: int, noise: float = 0.0, generator: np.random.Generator | None = None):
    """Scores linear in log n, 3 points a doubling, with a shift per trial. (R, P)"""
    generator = generator or rng(16)
    shift = generator.normal(0, 0.02, (trials, 1))
    return 0.7 + 0.03 * np.log2(SIZES / 40) + shift + noise * generator.normal(size=(trials, len(SIZES)))


def arm_worth(n: float, curve: np.ndarray) -> np.ndarray:
    return curve[:, 0] + 0.03 * np.log2(n / 40)


@pytest.mark.parametrize("planted", [40, 57, 160, 231, 640])
def test_an_arm_on_the_curve_is_worth_its_n_exactly(planted):
    curve = learning_curve(8)
    found = worth_in_real(SIZES, curve, arm_worth(planted, curve))
    assert (found.worth, found.low, found.high) == pytest.approx((planted,) * 3)


def test_the_interval_is_the_inverted_paired_t_test():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(200, curve) + 0.005 * rng(17).normal(size=8)
    found = worth_in_real(SIZES, curve, arm)
    assert found.low < found.worth < found.high and not (found.at_least or found.at_most)
    for n, p in [(found.low, 0.05), (found.high, 0.05), (found.worth, 1.0)]:
        at_n = PchipInterpolator(np.log(SIZES), curve, axis=1)(math.log(n))
        assert scipy_stats.ttest_rel(arm, at_n).pvalue == pytest.approx(p, abs=0.005)
    wider = worth_in_real(SIZES, curve, arm, test_train_ratio=0.25)
    assert wider.low < found.low and wider.high > found.high and wider.worth == found.worth


def test_test_items_widen_the_interval_and_not_the_worth():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(200, curve) + 0.005 * rng(17).normal(size=8)
    narrow, wide = (worth_in_real(SIZES, curve, arm, widening=by) for by in (1.0, np.array([1, 1, 2, 2, 2])))
    assert wide.low < narrow.low < narrow.worth == wide.worth < narrow.high < wide.high


def test_beyond_the_curve_nothing_is_extrapolated():
    curve = learning_curve(8, noise=0.001)
    above = worth_in_real(SIZES, curve, arm_worth(5000, curve))
    assert (above.worth, above.low, above.high, above.at_least, above.at_most) == (
        None,
        640,
        640,
        True,
        False,
    )
    below = worth_in_real(SIZES, curve, arm_worth(10, curve))
    assert (below.worth, below.low, below.high, below.at_least, below.at_most) == (None, 40, 40, False, True)


def test_an_interval_that_runs_off_the_curve_says_so():
    curve = learning_curve(8, noise=0.004)
    arm = arm_worth(600, curve) + 0.01 * scaled(8)
    found = worth_in_real(SIZES, curve, arm)
    assert found.at_least and not found.at_most
    assert found.low < 600 and found.high == 640
    lost = worth_in_real(SIZES, curve, arm_worth(160, curve) + 0.5 * scaled(8))
    assert lost.at_least and lost.at_most and (lost.low, lost.high) == (40, 640)


def test_on_a_wobbling_curve_worth_is_the_fewest_items_that_do_as_well():
    curve = np.array([[0.0, 1.0, 0.4, 2.0, 3.0]] * 4) + np.array([[0], [0.1], [0.2], [0.3]])
    found = worth_in_real(SIZES, curve, curve[:, 0] + 0.5)
    assert 40 < found.worth < 80  # on the first step
    assert PchipInterpolator(np.log(SIZES), curve.mean(0))(math.log(found.worth)) == pytest.approx(0.65)
    assert found.high > 160  # the interval still tells that 160 did not


@pytest.mark.parametrize("planted", [50, 57, 100, 113, 140])
def test_a_curve_that_bends_is_followed(planted):
    """Errors that fall as a power of n, as learning curves do: straight lines would say 4 to 5 % more than planted."""
    sizes, trials = np.array([40, 80, 160]), 0.001 * scaled(8)[:, None]
    found = worth_in_real(
        sizes, 1 - 0.08 * (sizes / 40) ** -0.8 + trials, 1 - 0.08 * (planted / 40) ** -0.8 + trials[:, 0]
    )
    assert found.worth == pytest.approx(planted, rel=0.02)


def test_worth_covers_the_planted_number():
    generator, truth, hits = rng(18), 0.7 + 0.03 * np.log2(200 / 40), 0
    for _ in range(500):
        shift = generator.normal(0, 0.02, (8, 1))  # the same draws underlie curve and arm
        curve = 0.7 + 0.03 * np.log2(SIZES / 40) + shift + 0.01 * generator.normal(size=(8, 5))
        found = worth_in_real(SIZES, curve, truth + shift[:, 0] + 0.01 * generator.normal(size=8))
        hits += found.low <= 200 <= found.high
    assert hits / 500 == pytest.approx(0.95, abs=0.025)


N, CURVE, ARM = np.array([10, 20]), np.zeros((4, 2)), np.zeros(4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: worth_in_real(N[::-1], CURVE, ARM), "ascending"),
        (lambda: worth_in_real(N[:1], CURVE[:, :1], ARM), "at least two"),
        (lambda: worth_in_real(N, CURVE[:3], ARM), "shape"),
        (lambda: worth_in_real(N, CURVE[:1], ARM[:1]), "at least 2 trials"),
        (lambda: worth_in_real(N, CURVE, ARM + np.inf), "not finite"),
        (lambda: worth_in_real(N, CURVE, ARM, level=95), "level"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    refused(call, says)


# ---- what a gain goes towards ----


N_DOSES = np.array([20.0, 80.0, 320.0, 1280.0])


@pytest.mark.parametrize(("height", "half"), [(0.08, 40.0), (-0.05, 300.0), (0.04, 15.0)])
def test_the_plateau_of_a_saturating_curve_is_found(height, half):
    each = height + 0.01 * np.array([-1.5, -0.5, 0.5, 1.5])
    estimate, found = plateau(N_DOSES, each[:, None] * N_DOSES / (N_DOSES + half))
    expected = paired_t(each)
    assert found == pytest.approx(half, rel=0.01)
    for name in ("mean", "low", "high"):
        assert getattr(estimate, name) == pytest.approx(getattr(expected, name), rel=0.01)


@pytest.mark.parametrize("half", [0.1, 2.0, 1500.0, 5000.0, 20_000.0])
def test_a_fit_at_the_edge_of_its_search_or_beyond_what_was_measured_is_no_plateau(half):
    each = 0.05 + 0.01 * np.array([-1.5, -0.5, 0.5, 1.5])
    assert plateau(N_DOSES, each[:, None] * N_DOSES / (N_DOSES + half)) is None


def test_gains_that_may_still_rise_beyond_what_was_measured_have_no_plateau():
    """The best fit is within the doses, and the noise allows one beyond them as well."""
    each = 0.05 * N_DOSES / (N_DOSES + 800.0) + 0.02 * rng(3).normal(size=(8, 4))
    each += 0.05 * N_DOSES / (N_DOSES + 800.0) - each.mean(axis=0)
    assert plateau(N_DOSES, each) is None
    assert plateau(N_DOSES, 0.05 * N_DOSES / (N_DOSES + 800.0) + 0.01 * (each - each.mean(axis=0))) is not None


@pytest.mark.parametrize("ratio", [0.0, 0.33])
@pytest.mark.parametrize("half", [20.0, 200.0, 800.0, 3000.0])
def test_a_plateau_that_is_said_is_the_planted_one(half, ratio):
    """In few studies a plateau is said that is none; a fit that takes `half` as known says so in up to half of them."""
    generator, doses, wrong = rng(20), np.array([50.0, 200.0, 800.0]), 0
    for _ in range(200):
        heights = 0.05 + 0.01 * generator.normal(size=(8, 1))
        found = plateau(doses, heights * doses / (doses + half) + 0.01 * generator.normal(size=(8, 3)), ratio)
        wrong += found is not None and not found[0].low <= 0.05 <= found[0].high
    assert wrong / 200 <= 0.05


def test_no_gain_goes_nowhere():
    assert plateau(np.array([50.0, 200.0]), np.zeros((5, 2))) is None


@pytest.mark.parametrize("n", [[50.0], [0.0, 50.0], [50.0, 50.0], [200.0, 50.0], [1.0, 2.0, 3.0]])
def test_numbers_of_items_that_do_not_fit_the_gains_are_refused(n):
    with pytest.raises(InputError, match="numbers of items do not fit gains"):
        plateau(np.array(n), np.zeros((4, 2 if len(n) != 1 else 1)))
