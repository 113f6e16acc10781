"""What a unit's key depends on."""

from __future__ import annotations

from dataclasses import replace

from tiny_units import fail, unit

from gannb.work.unit import Unit


def test_a_key_depends_on_parameters_version_kind_name_and_needs():
    base = unit(value=1)
    others = [
        unit(value=2), unit(value=1, more=0), unit(value=1, version=2), unit("b", value=1), unit(value=1, trial=1),
        unit(value=1, needs=(unit("need"),)), unit(value=1, needs=(unit("need", value=3),)),
        replace(base, kind="items"),
    ]  # fmt: skip
    assert len({u.key for u in [base, *others]}) == len(others) + 1


def test_a_key_depends_on_what_the_needed_units_need():
    def chain(value: int) -> Unit:
        return unit("c", needs=(unit("b", needs=(unit("a", value=value),)),))

    assert chain(1).key != chain(2).key
    assert chain(1).key == chain(1).key


def test_a_key_does_not_depend_on_stage_function_or_the_order_of_parameters():
    assert unit(x=1, y=2).key == unit(y=2, x=1).key == unit(x=1, y=2, make=fail, stage=3).key
