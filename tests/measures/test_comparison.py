"""What is measured of a set of items, in every feature space."""

from __future__ import annotations

import numpy as np
import pytest
from planted_items import digits_trial
from toy_media import FLOAT, INT16, Vectors, vectors

from gannb.measures.comparison import REFERENCE_SETS, choose, measure, reference_sets
from gannb.measures.copying import surroundings
from gannb.measures.forms import AsTheyAre
from gannb.media.image import IMAGE
from gannb.media.image.features import pixels


def test_a_further_feature_space_is_a_name_and_a_function():
    train, held_out, further = digits_trial(0)
    spaces = {"pixels": pixels, "stand-in": lambda x: pixels(x)[:, :10]}
    found = measure(IMAGE, choose(train, further, held_out, 0), spaces, ["stand-in"], 0)
    assert [row["features"] for row in found.spaces] == ["pixels", "stand-in"]
    assert "copying_p" not in found.spaces[0] and 0 < found.spaces[1]["copying_p"] <= 1
    assert len(found.classes) == 20 and {row["features"] for row in found.suspects} == set(spaces)
    best = found.suspects[0]
    real = AsTheyAre(pixels(np.concatenate([train.x, held_out.x])))
    ratios = surroundings(real, len(train), pixels(further.x)).suspicion
    assert best["suspicion"] >= ratios.min() - 1e-9 and best["to_train"] < best["to_held_out"]


def test_reference_sets_are_what_their_names_say():
    train, held_out, _ = digits_trial(1)
    sets = reference_sets(IMAGE, train, held_out, 0)
    rows = {name: measure(IMAGE, s, {"pixels": pixels}, ["pixels"], 0).spaces[0] for name, s in sets.items()}
    assert tuple(rows) == REFERENCE_SETS
    ids = [set(part.ids) for part in (sets["held-out real"].fake, sets["held-out real"].test, train)]
    assert sum(map(len, ids)) == len(set.union(*ids))
    honest, exact, light = (rows[name] for name in REFERENCE_SETS)
    assert exact["nn_ratio"] == exact["authenticity"] == 0 and exact["exact_duplicates"] == exact["flagged"] == 1
    assert light["flagged"] == 1 and light["nn_ratio"] < 0.3 < 0.8 < honest["nn_ratio"] < 1.2
    assert honest["c_t"] > -2 > light["c_t"] and abs(honest["nearer_to_train"]) < 0.3


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_duplicates_are_those_of_the_medium(medium):
    train, test = vectors(medium, 10), vectors(medium, 30, seed=1)
    made = vectors(medium, 10, seed=2)
    made.x[:4], made.x[4:10] = train.x[:4], medium.alter(train.x[4:10])
    sets = choose(train, made, test, 0)
    [row] = measure(medium, sets, {"values": medium.raw_features}, ["values"], 0).spaces
    assert (row["exact_duplicates"], row["near_duplicates"]) == (4 / 20, 6 / 20)


def test_a_medium_that_cannot_tell_near_duplicates_says_nothing_of_them():
    medium = Vectors(np.int16)
    medium.duplicates_among = lambda x, others: (INT16.duplicates_among(x, others)[0], None)
    train, test = vectors(medium, 10), vectors(medium, 30, seed=1)
    [row] = measure(medium, choose(train, train, test, 0), {"values": medium.raw_features}, [], 0).spaces
    assert row["exact_duplicates"] == 1 and "near_duplicates" not in row and "flagged" not in row


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_altered_copies_are_altered_by_the_medium(medium):
    train = vectors(medium, 10)
    altered = reference_sets(medium, train, vectors(medium, 30, seed=1), 3)[REFERENCE_SETS[2]].fake
    assert np.array_equal(altered.x, medium.alter(train.x, 3)) and altered.x.dtype == medium.dtype
    assert np.abs(altered.x.astype(float) - train.x).max() <= 0.006 * medium.scale
