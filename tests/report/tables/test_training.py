"""Tables of the GANs' trainings, and of what tuning chose."""

from __future__ import annotations

from gannb.report import tables


def test_the_tables_have_every_family(two_families):
    assert list(tables.gans(two_families)["family"]) == ["mlp", "mlp", "projection", "projection"]
    assert list(tables.guard_log(two_families)["family"]) == ["all"]
