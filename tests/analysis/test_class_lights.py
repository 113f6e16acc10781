"""Traffic lights: the bars, and the rows that planted evidence gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted_evidence import evidence, of_two_classes

from gannb.analysis.class_lights import CRITERIA, Light, advice, class_rows
from gannb.media.image import IMAGE


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
    ill, well = class_rows(of_two_classes(**measured))
    found = getattr(ill, key)
    assert ill.name == "ill" and found.colour == light
    assert found.interval.low <= found.interval.mean <= found.interval.high
    assert key != "usefulness" or well.usefulness.colour == "yellow"  # the other class did not change


@pytest.mark.parametrize(("key", "criterion"), CRITERIA.items())
def test_an_interval_over_a_bar_is_yellow(key, criterion):
    assert criterion.colour(criterion.bad - 0.2, criterion.good + 0.2) in ("yellow",) or criterion.better < 0
    assert criterion.colour(-0.9, 1.5) == "yellow"


def test_what_is_not_measured_is_grey():
    rows = class_rows(of_two_classes("folds"))
    assert rows[0].fidelity == Light("grey")  # its measuring classifier has learnt what the GAN has
    without = class_rows(replace(of_two_classes(), predictions=None))
    assert without[0].usefulness.colour == "grey" and without[0].advice == "ask the classifier"
    assert class_rows(evidence()) == []


def test_the_raw_space_of_the_medium_is_the_one_that_is_looked_at():
    world = of_two_classes()
    names = {"features": {"pixels": "log_mel"}}
    other = replace(
        world, raw_space="log_mel", classes=world.classes.replace(names), quality=world.quality.replace(names)
    )
    assert class_rows(other) == class_rows(world) != []
    assert class_rows(replace(world, raw_space="log_mel")) == []


def test_advice_names_what_speaks_against_a_class():
    green = dict.fromkeys(CRITERIA, "green")

    def said(**colours: str) -> str:
        return advice(IMAGE.nouns, **green | colours)

    assert said() == "use"
    assert said(copying="red") == "use; keep the images to yourself"
    assert said(fidelity="red", usefulness="red") == "leave out (fidelity, usefulness)"
    assert said(usefulness="yellow") == "undecided"
