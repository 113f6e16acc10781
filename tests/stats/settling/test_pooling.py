"""Pooling over studies: against the textbook example, by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannb.stats.settling.pooling import between_variance, pooled
from gannb.utils.errors import InputError

# Thirteen trials of a vaccine (Colditz et al. 1994), the data set of most books on meta-analysis: log risk ratios of
# tuberculosis. Columns: vaccinated with and without it, not vaccinated with and without it.
VACCINE = np.array([
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
], dtype=float)  # fmt: skip


def risk_ratios() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = VACCINE.T
    return np.log(a / (a + b) * (c + d) / c), np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))


def test_the_textbook_example():
    effects, ses = risk_ratios()
    assert between_variance(effects, ses) == pytest.approx(0.3181, abs=1e-4)  # as published for Paule and Mandel
    found = pooled(effects, ses)
    assert found.mean == pytest.approx(-0.715, abs=1e-3)
    assert found.se == pytest.approx(0.181, abs=1e-3)
    assert found.share_between == pytest.approx(0.921, abs=1e-3)  # I^2, 92.1 %


def test_studies_of_one_precision_are_their_t_interval():
    effects = np.array([0.01, 0.05, -0.02, 0.04])
    found = pooled(effects, np.full(4, 0.01))
    expected = stats.t.interval(0.95, 3, effects.mean(), effects.std(ddof=1) / 2)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.between_sd**2 == pytest.approx(effects.var(ddof=1) - 1e-4)
    reach = stats.t.ppf(0.975, 2) * np.sqrt(found.between_sd**2 + effects.var(ddof=1) / 4)
    assert found.next_high - found.mean == pytest.approx(reach)


def test_studies_that_agree_by_chance_are_not_surer_than_their_own_standard_errors():
    found = pooled(np.full(3, 0.02), np.array([0.01, 0.01, 0.02]))
    assert found.between_sd == found.share_between == 0
    assert found.se == pytest.approx(1 / np.sqrt(1e4 + 1e4 + 2500))
    assert found.weights == pytest.approx([4 / 9, 4 / 9, 1 / 9])


def test_two_studies_say_nothing_about_the_next():
    found = pooled(np.array([0.0, 0.1]), np.array([0.01, 0.01]))
    assert (found.next_low, found.next_high) == (-np.inf, np.inf)
    assert np.isfinite([found.low, found.high]).all()


@pytest.mark.parametrize("effects, ses", [([0.1], [0.1]), ([0.1, 0.2], [0.1]), ([0.1, 0.2], [0.1, 0.0])])
def test_what_cannot_be_pooled_is_refused(effects, ses):
    with pytest.raises(InputError, match="cannot be pooled"):
        pooled(effects, ses)


@pytest.mark.parametrize("between", [0.0, 2.0])
def test_coverage_of_the_mean_and_of_the_next_data_set(between):
    rng, held = np.random.default_rng(0), []
    for _ in range(1000):
        ses = rng.uniform(0.5, 2, 8)
        found = pooled(rng.normal(0, between, 8) + rng.normal(0, ses), ses)
        held.append([found.low <= 0 <= found.high, found.next_low <= rng.normal(0, between) <= found.next_high])
    mean, following = np.mean(held, axis=0)
    assert mean >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 1000)
    assert following >= 0.92 - 3 * np.sqrt(0.92 * 0.08 / 1000)
