"""Tables of the GANs' trainings, and of what tuning chose."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from gannb.generators.adversarial.guard import COLLAPSED, OVERFITTED
from gannb.report import tables
from gannb.trials.tuning import Configuration


def test_the_tables_have_every_family(two_families):
    assert list(tables.gans(two_families)["family"]) == ["mlp", "mlp", "projection", "projection"]
    assert list(tables.guard_log(two_families)["family"]) == ["all"]


def test_a_gan_is_a_row_with_its_last_points(planted):
    """The planted history: two points of each curve, one of the diversity, an untroubled guard."""
    table = tables.gans(planted)
    assert table.index.tolist() == [0, 1, 2] and set(table["family"]) == {"mlp"}
    last = ["steps", "seconds", "remedies", "diversity", "discriminator loss", "generator loss", "sureness"]
    assert table.loc[1, last].tolist() == [20, 2.0, 0, 0.8, 1.5, 0.9, 0.5]


def test_the_history_says_where_the_guard_acts(planted):
    history = tables.gan_history(planted, 0)
    assert set(history) == {"curves", "diversity", "log", "kept", "limits"} and history["kept"] == "EMA"
    assert history["limits"] == {"sureness": OVERFITTED, "diversity": COLLAPSED}


def test_the_configuration_that_was_chosen_stands_in_brackets():
    usual, half = Configuration().as_dict(), Configuration(learning_rate=0.5).as_dict()
    rows = [
        {"arm": "real", "configuration": usual, "scores": [0.8, 0.9], "chosen": False},
        {"arm": "real", "configuration": usual, "scores": [0.6, 0.7], "chosen": False},  # of another draw
        {"arm": "real", "configuration": half, "scores": [0.9, 0.9], "chosen": True},
        {"arm": "gan", "configuration": usual, "scores": [0.5], "chosen": True},
    ]
    found = SimpleNamespace(results=SimpleNamespace(tuning=lambda: pd.DataFrame(rows)))
    table = tables.tuning(found)
    assert table.columns.tolist() == ["real", "gan"] and table.index.tolist() == ["as the study has it", "rate x0.5"]
    assert table.to_numpy().tolist() == [["75.0", "[50.0]"], ["[90.0]", ""]]


def test_where_nothing_is_tuned_the_table_says_so(planted):
    assert tables.tuning(planted).to_numpy().tolist() == [["off"]]
