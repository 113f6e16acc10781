"""What units take, by their cost, and when a time may be told."""

from __future__ import annotations

import pytest
from tiny_units import unit

from gannb.work.costs import Costs
from gannb.work.store import execute, seconds_at

GUESSES = {"gan": 20.0, "classifier": 3.0, "draw": 0.1}


def test_a_guess_holds_until_a_unit_is_done_and_then_the_mean_of_those_done():
    costs = Costs(GUESSES)
    assert [costs(cost) for cost in ("gan", "draw", "what nobody has guessed")] == [20.0, 0.1, 1.0]
    costs.learn("gan", 100.0)
    costs.learn("gan", 200.0)
    assert costs("gan") == 150.0 and costs("classifier") == 3.0


def test_a_doubling_takes_a_multiple_of_the_first_training_until_one_is_done():
    costs = Costs(GUESSES)
    assert [costs(cost) for cost in ("classifier", "classifier*2", "classifier*4", "other*4")] == [3, 6, 12, 4]
    costs.learn("classifier", 10.0)
    assert costs("classifier*4") == 40.0 and costs.can_tell(["classifier*4"])
    costs.learn("classifier*4", 50.0)
    assert costs("classifier*4") == 50.0 and costs("classifier") == 10.0


def test_a_time_is_told_when_every_cost_that_matters_is_known():
    costs = Costs(GUESSES)
    assert costs.can_tell([]) and costs.can_tell(["draw"]) and not costs.can_tell(["draw", "gan"])
    costs.learn("gan", 100.0)
    assert costs.can_tell(["draw", "gan"]) and not costs.can_tell(["gan", "classifier"])


def test_a_share_is_told_as_well_where_all_that_takes_long_takes_the_same():
    """However wrong the guess: 2 GANs of 4 are half of the work."""
    costs = Costs(GUESSES)
    assert costs.can_share(["gan", "draw", "gan"]) and costs.can_share(["classifier", "classifier*2"])
    assert not costs.can_share(["gan", "classifier"])


def test_what_is_done_is_read_from_the_units(tmp_path):
    done = unit("good")
    assert execute(tmp_path, done, "cpu") is None
    costs = Costs.of(tmp_path, GUESSES, [(done.path, "gan")])
    assert costs("gan") == pytest.approx(seconds_at(tmp_path / done.path)) and costs.can_tell(["gan"])
