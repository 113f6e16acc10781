"""Traffic lights: the bars, and the rows that planted evidence gives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted_evidence import TRIALS, evidence

from gannb.analysis.class_lights import CRITERIA, advice, class_rows
from gannb.report import tables
from gannb.stats.outcomes import Predictions


def planted(protocol: str = "draw", gain: int = 0, **measured: float):
    """Evidence of two classes in which every trial has these measures; `gain`: test items more that are right."""
    usual = {"gan_test": 0.9, "ruler_accuracy": 0.9, "diversity": 0.95, "nearer_to_train": -0.02}
    rows = [
        {"trial": t, "generator": "mlp", "features": space, "class": name}
        | {key: value + 0.001 * (t % 2) for key, value in (usual | measured).items()}
        for t in range(TRIALS) for space in ("pixels", "small_cnn") for name in ("ill", "well")
    ]  # fmt: skip
    y, right = np.repeat([0, 1], 50), np.eye(2)[np.repeat([0, 1], 50)]
    wrong = right.copy()
    wrong[: abs(gain)] = wrong[: abs(gain), ::-1]
    better, worse = (right, wrong) if gain > 0 else (wrong, right)
    said = {t: (better[None], worse[None]) for t in range(TRIALS)}
    predictions = Predictions(
        ("ill", "well"), 1, dict.fromkeys(said, y), {t: a for t, (a, _) in said.items()},
        {t: b for t, (_, b) in said.items()},
    )  # fmt: skip
    return replace(evidence(protocol), classes=pd.DataFrame(rows), predictions=predictions)


@pytest.mark.parametrize(
    ("key", "measured", "light"),
    [
        ("fidelity", {"gan_test": 0.89}, "green"),
        ("fidelity", {"gan_test": 0.80}, "red"),
        ("diversity", {"diversity": 0.9}, "green"),
        ("diversity", {"diversity": 0.7}, "yellow"),
        ("diversity", {"diversity": 0.4}, "red"),
        ("copying", {"nearer_to_train": -0.02}, "green"),
        ("copying", {"nearer_to_train": 0.3}, "red"),
        ("usefulness", {"gain": 5}, "green"),
        ("usefulness", {"gain": -5}, "red"),
        ("usefulness", {"gain": 0}, "yellow"),
    ],
)
def test_a_light_is_on_the_side_of_its_interval(key, measured, light):
    ill, well = class_rows(planted(**measured))
    assert ill["class"] == "ill" and ill[key]["light"] == light
    assert ill[key]["low"] <= ill[key]["mean"] <= ill[key]["high"]
    assert key != "usefulness" or well[key]["light"] == "yellow"  # the other class did not change


@pytest.mark.parametrize(("key", "criterion"), CRITERIA.items())
def test_an_interval_over_a_bar_is_yellow(key, criterion):
    assert criterion.light(criterion.bad - 0.2, criterion.good + 0.2) in ("yellow",) or criterion.better < 0
    assert criterion.light(-0.9, 1.5) == "yellow"


def test_what_is_not_measured_is_grey():
    rows = class_rows(planted("resplit"))
    assert rows[0]["fidelity"]["light"] == "grey"  # its ruler has learnt what the GAN has
    without = class_rows(replace(planted(), predictions=None))
    assert without[0]["usefulness"]["light"] == "grey" and without[0]["advice"] == "ask the classifier"
    assert class_rows(evidence()) == []


def test_advice_names_what_speaks_against_a_class():
    green = dict.fromkeys(CRITERIA, "green")
    assert advice(green) == "use"
    assert advice(green | {"copying": "red"}) == "use; keep the images to yourself"
    assert advice(green | {"fidelity": "red", "usefulness": "red"}) == "leave out (fidelity, usefulness)"
    assert advice(green | {"usefulness": "yellow"}) == "undecided"


def test_the_table_says_light_and_number_and_is_painted():
    shown = tables.traffic_lights(class_rows(planted(diversity=0.4))).to_html()
    assert "red: 0.40 [0.40, 0.40]" in shown and tables.LIGHT_COLOURS["red"] in shown
    assert list(tables.criteria().index) == list(CRITERIA)
