"""What units declare, as types: who is made like another declares all that the other does."""

from __future__ import annotations

from typing import get_type_hints

from gannb.units import parameters
from gannb.units.kinds import KINDS


def test_a_unit_that_is_made_like_another_declares_all_that_the_other_does():
    for wider, like in (("Tuning", "Training"), ("TrainingWithOther", "Training"), ("FittingOutliers", "Fitting")):
        both = [set(get_type_hints(getattr(parameters, name))) for name in (wider, like)]
        assert both[0] > both[1], wider


def test_every_declaration_is_of_some_kind_or_of_what_one_is_made_like():
    declared = {kind.parameters for kind in KINDS.values()}
    named = {value for value in vars(parameters).values() if getattr(value, "__module__", "") == parameters.__name__}
    assert declared == named and all(value.__doc__ for value in named)
