"""The one verdict on copying: what settles it, and that sentence, claim and lights follow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted_evidence import evidence, of_two_classes

from gannb.analysis.claims import claims
from gannb.analysis.class_lights import class_rows
from gannb.analysis.copying import copying, copying_sentence
from gannb.analysis.evidence import Evidence

LEADS = {
    "supported": "The GAN partly copies its training set: ",
    "contradicted": "No sign that the GAN copies its training set: ",
    "undecided": "Whether the GAN copies its training set is undecided: ",
}


def world_of(
    side: float, flags: tuple[int, ...], duplicates: float = 0.0, spread: float = 0.01, elsewhere: bool = False
) -> Evidence:
    """Evidence of trials with these flags, in which the share `duplicates` of 100 items is identical."""
    measures = {"nearer_to_train": side, "exact_duplicates": duplicates}
    planted = evidence("given" if elsewhere else "draw", trials=len(flags), measures=measures, spread=spread)
    flagged = planted.quality["trial"].map(dict(enumerate(map(float, flags))))
    return replace(planted, quality=planted.quality.assign(flagged=flagged), judged_elsewhere=elsewhere)


def claimed(world: Evidence):
    return next(each.found for each in claims(world) if "copies" in each.claim)


@pytest.mark.parametrize(
    ("side", "flags", "duplicates", "spread", "verdict"),
    [
        (0.9, (1,) * 8, 0.0, 0.01, "supported"),
        (0.02, (1,) * 8, 0.0, 0.01, "supported"),  # few copies among honest items move no mean
        (0.0, (1, 0, 0, 0, 0, 0, 0, 0), 0.0, 0.01, "contradicted"),  # one honest set of twenty is flagged
        (0.0, (1, 1, 1, 0, 0, 0, 0, 0), 0.0, 0.01, "undecided"),  # three of eight are too many for that
        (0.1, (0,) * 8, 0.0, 0.2, "undecided"),
        (1.0, (1, 0) * 4, 0.0, 0.0, "undecided"),  # the same few real items are nearest to all of them
        (0.0, (1,) * 8, 0.02, 0.01, "supported"),
        (-0.3, (0,) * 8, 0.01, 0.01, "supported"),
        (0.0, (0, 0), 0.0, 0.01, "undecided"),  # two trials settle nothing
        (0.9, (1, 1), 0.0, 0.01, "undecided"),
        (0.0, (1, 1), 0.02, 0.01, "supported"),  # but for identical items
    ],
)
def test_sentence_and_claim_follow_the_verdict(side, flags, duplicates, spread, verdict):
    world = world_of(side, flags, duplicates, spread)
    assert copying(world).verdict == claimed(world).verdict == verdict
    assert copying_sentence(world).startswith(LEADS[verdict])
    assert f" {copying(world).side.mean:.0%} [" in copying_sentence(world)
    assert claimed(world).why.endswith(".")


def test_identical_items_are_counted_and_named_though_they_be_few():
    """Two of a hundred, in every trial: what a mean over all items does not show."""
    world = world_of(0.02, (1,) * 8, 0.02)
    assert "16 of its 800 images are identical with a training image" in copying_sentence(world)
    assert "16 of 800 identical" in claimed(world).number
    assert "none of its 800 images is identical" in copying_sentence(world_of(0.0, (0,) * 8))


@pytest.mark.parametrize(
    ("usual", "verdict", "said"), [(0.01, "contradicted", " (8.0 of"), (1e-4, "supported", " (0.1 of")]
)
def test_identical_items_show_copying_where_unseen_real_ones_would_be_fewer(usual, verdict, said):
    """Eight of 800 items."""
    world = world_of(0.0, (0,) * 8, 0.01)
    world = replace(world, quality=world.quality.assign(identical_by_chance=usual))
    assert copying(world).verdict == claimed(world).verdict == verdict
    assert f"8 of its 800 images are identical with a training image{said} as many unseen" in copying_sentence(world)


def test_a_score_that_chance_gives_as_well_is_said_to_be_one():
    assert "by chance as well" in copying_sentence(world_of(1.0, (1, 0) * 4, spread=0.0))
    assert "by chance as well" not in copying_sentence(world_of(0.9, (1,) * 8))


def test_where_only_items_of_another_origin_are_unseen_a_flag_alone_shows_no_copying():
    """Test items of another hospital are farther from honest items than the training set is."""
    flagged = world_of(0.5, (1,) * 8, elsewhere=True)
    assert copying(flagged).verdict == "undecided" and "another source" in copying_sentence(flagged)
    assert copying(world_of(0.5, (1,) * 8, 0.01, elsewhere=True)).verdict == "supported"
    assert copying(world_of(0.0, (0,) * 8, elsewhere=True)).verdict == "contradicted"


@pytest.mark.parametrize(
    ("overall", "flagged", "of_class", "light"),
    [
        (0.5, 1.0, {"nearer_to_train": 0.5}, "red"),
        (0.5, 1.0, {"nearer_to_train": -0.02}, "yellow"),  # of a GAN that copies, no class is said not to
        (0.0, 0.0, {"nearer_to_train": -0.02}, "green"),
        (0.0, 0.0, {"nearer_to_train": 0.3}, "yellow"),  # where no copying is found, no class is said to copy
        (0.5, 0.0, {"nearer_to_train": 0.5}, "yellow"),
        (0.0, 1.0, {"nearer_to_train": -0.02, "exact_duplicates": 0.01}, "red"),
    ],
)
def test_the_lights_of_classes_follow_the_verdict(overall, flagged, of_class, light):
    measures = {"nearer_to_train": overall, "flagged": flagged, "exact_duplicates": of_class.get("exact_duplicates", 0)}
    world = replace(of_two_classes(**of_class), quality=evidence(measures=measures).quality)
    ill, well = class_rows(world)
    assert ill.copying.colour == light == well.copying.colour


def test_copying_that_was_not_measured_is_not_judged():
    planted = evidence()
    for table in (
        pd.DataFrame(),
        planted.quality[planted.quality["trial"] == 0],
        planted.quality.assign(nearer_to_train=np.nan),
        planted.quality.drop(columns="flagged"),
    ):
        world = replace(planted, quality=table)
        assert copying_sentence(world) == "Copying was not measured." and "Not tested" in claimed(world).why
