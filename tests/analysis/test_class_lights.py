"""Traffic lights: the bars, and the rows that planted evidence gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from planted_evidence import evidence, items_tested, of_two_classes

from gannb.analysis.class_lights import CRITERIA, Light, advice, class_rows, halves
from gannb.analysis.evidence import Evidence, difference
from gannb.media.image import IMAGE
from gannb.stats.decision import Answer, decide
from gannb.stats.intervals import paired_t
from gannb.trials.arms import PRIMARY

if TYPE_CHECKING:
    from gannb.stats.tested import Tested


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
    without = class_rows(replace(of_two_classes(), correct={}))
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


# ---- usefulness: chosen on one half of the test items, confirmed on the other ----


def changed(change: np.ndarray, tested: Tested) -> Evidence:
    """Evidence of classes a, b, ... in which the first arm gains so much on each test item. change: (trials, items)."""
    gains = {t: change[t][items] for t, items in tested.item.items()}
    correct = {PRIMARY[0]: gains, PRIMARY[1]: {t: np.zeros_like(d) for t, d in gains.items()}}
    classes = max(y.max() for y in tested.y.values()) + 1
    rows = [
        {"trial": t, "generator": "mlp", "features": "pixels", "class": chr(ord("a") + k), "gan_test": 0.9,
         "ruler_accuracy": 0.9, "diversity": 0.95, "nearer_to_train": 0.0,
         "exact_duplicates": 0.0}
        for t in tested.item for k in range(classes)
    ]  # fmt: skip
    return replace(evidence(), correct=correct, tested=tested, classes=pd.DataFrame(rows))


def usefulness(change: np.ndarray, tested: Tested) -> list[Light]:
    return [row.usefulness for row in class_rows(changed(change, tested))]


@pytest.mark.parametrize("protocol", ["draw", "given", "folds"])
def test_halves_are_the_same_in_all_trials_and_share_no_group(protocol):
    y = np.repeat([0, 1, 1], 40)
    tested = items_tested(protocol, y=y)
    tested = replace(tested, groups={t: items // 4 for t, items in tested.item.items()})
    first, second = halves(tested, 1)
    assert sorted([*first, *second]) == np.flatnonzero(y == 1).tolist() and len(first) == len(second) == 40
    assert not set(first // 4) & set(second // 4)
    assert [half.tolist() for half in halves(replace(tested, item=dict(list(tested.item.items())[::-1])), 1)] == [
        first.tolist(), second.tolist()
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", ["draw", "given", "folds"])
@pytest.mark.parametrize(
    ("first", "second", "light"),
    [
        (0.2, 0.3, "green"), (-0.2, 0.3, "yellow"), (-0.2, -0.3, "red"), (0.2, -0.3, "yellow"), (0.2, 0.0, "yellow"),
        (0.9, 0.002, "yellow"),
    ],
)  # fmt: skip
def test_a_class_is_green_where_both_halves_gain_and_its_number_is_of_the_second(protocol, first, second, light):
    y = np.repeat([0, 1], 600)
    tested = items_tested(protocol, y=y)
    change = np.zeros(len(y))
    for half, gain in zip(halves(tested, 0), (first, second), strict=True):
        change[half] = gain
    found, other = usefulness(np.tile(change, (8, 1)), tested)
    assert found.colour == light and found.interval.mean == pytest.approx(second)
    assert other.colour == "yellow"


def test_a_class_of_a_half_too_small_for_an_interval_is_grey():
    tested = items_tested("draw", y=np.repeat([0, 1], [3, 600]))
    few, many = usefulness(np.full((8, 603), 0.5), tested)
    assert few == Light("grey") and many.colour == "green"
    pairs = {t: items // 400 for t, items in tested.item.items()}  # two groups of the second class: one a half
    assert usefulness(np.full((8, 603), 0.5), replace(tested, groups=pairs))[1] == Light("grey")


def test_two_trials_are_too_few_for_a_green_or_red_light():
    """Even where they are alike, and the interval is a point."""
    tested = items_tested("given", trials=2)
    row = class_rows(replace(changed(np.full((2, 1000), 0.5), tested), protocol="draw"))[0]
    assert [light.colour for light in (row.fidelity, row.diversity, row.copying, row.usefulness)] == ["yellow"] * 4


STUDIES, CLASSES, ITEMS, TRIALS = 60, 10, 36, 8


def without_effect(rng: np.random.Generator, luck: np.ndarray, kept: list[int], y: np.ndarray) -> np.ndarray:
    """Changes (trials, items) of a study of new trainings: what those items are like, (I,), draws, and the rest."""
    draws = 0.02 * rng.normal(size=(TRIALS, CLASSES))[:, y]
    return (luck + draws) * np.isin(y, kept) + 0.2 * rng.normal(size=(TRIALS, len(y)))


def green_of_old(world: Evidence) -> list[int]:
    """The old rule: an interval over trials alone, on the very items on which the kept classes are tested again."""
    d, y = np.stack(list(world.correct[PRIMARY[0]].values())), world.tested.y[0]
    return [k for k in range(CLASSES) if paired_t(d[:, y == k].mean(axis=1)).low > 0]


def green_of_lights(world: Evidence) -> list[int]:
    return [k for k, row in enumerate(class_rows(world)) if row.usefulness.colour == "green"]


def flattered(rule, protocol: str) -> tuple[float, float]:
    """Shares without any effect: of classes that are green, and of studies that keep those and say they help."""
    rng, y = np.random.default_rng(1), np.repeat(np.arange(CLASSES), ITEMS)
    tested, green, helps = items_tested(protocol, TRIALS, y), 0, 0
    for _ in range(STUDIES):
        luck = 0.2 * rng.normal(size=len(y))
        kept = rule(changed(without_effect(rng, luck, list(range(CLASSES)), y), tested))
        green += len(kept)
        if kept:
            again = changed(without_effect(rng, luck, kept, y), tested)
            helps += decide(difference(again, *PRIMARY), again.rope) == Answer.HELPS
    return green / (STUDIES * CLASSES), helps / STUDIES


MOST_GREEN = 0.025 + 3 * np.sqrt(0.025 * 0.975 / (STUDIES * CLASSES))  # with three Monte-Carlo errors
MOST_HELPS = 0.05 + 3 * np.sqrt(0.05 * 0.95 / STUDIES)


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_without_effect_few_lights_are_green_and_keeping_those_classes_seldom_says_helps(protocol):
    green, helps = flattered(green_of_lights, protocol)
    assert green <= MOST_GREEN and helps <= MOST_HELPS


def test_the_old_lights_flatter():
    green, helps = flattered(green_of_old, "draw")
    assert green > MOST_GREEN and helps > MOST_HELPS
