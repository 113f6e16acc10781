"""An estimate and its interval."""

from __future__ import annotations

import dataclasses

import pytest

from gannb.stats.estimate import Estimate, Interval, half_width


def test_an_estimate_is_an_interval_and_has_a_half_width():
    estimate = Estimate(0.02, -0.01, 0.05, se=0.0125, df=7, sd=0.035, n=8, level=0.95)
    assert isinstance(estimate, Interval) and half_width(estimate) == pytest.approx(0.03)
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.mean = 0.0
