"""What is measured of a set of items, in every feature space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted_items import digits_trial
from toy_media import FLOAT, INT16, Vectors, vectors

from gannb.data.examples import Examples
from gannb.measures.comparison import REFERENCE_SETS, choose, measure, reference_sets, whole_groups
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


# ---- groups, identical items and other forms ----


def in_groups(seed: int, of: int, n: int = 30, first: int = 0) -> Examples:
    """Vectors of two classes, so many of which make a group."""
    items = vectors(INT16, n, seed=seed)
    return replace(items, groups=first + np.arange(len(items)) // of)


def test_held_out_items_come_in_whole_groups():
    train, test = in_groups(0, 3, 12), in_groups(1, 6, 120, first=1000)
    sets = choose(train, train, test, 0)
    chosen, sizes = np.unique(test.groups[sets.held_out], return_counts=True)
    assert set(sizes) == {6} and len(sets.held_out) == 4 * len(train)
    assert np.array_equal(np.bincount(test.y[sets.held_out]), 4 * train.counts())


def test_large_groups_come_no_earlier_than_small_ones():
    """In the order in which a random item of theirs comes first, they would."""
    groups = np.repeat(np.arange(40), [1, 9] * 20)
    items = Examples(np.zeros((200, 1)), np.zeros(200, int), ("a",), np.arange(200).astype(str), groups)
    first = [groups[whole_groups(items, np.array([1]), np.random.default_rng(seed))[0]] % 2 for seed in range(200)]
    assert np.mean(first) == pytest.approx(0.5, abs=0.12)


def test_the_halves_of_the_reference_sets_share_no_group():
    train, test = in_groups(0, 3, 9), in_groups(1, 6, 60, first=1000)
    sets = reference_sets(INT16, train, test, 0)["held-out real"]
    assert not set(sets.fake.groups) & set(sets.test.groups)
    assert np.array_equal(sets.test.counts(), [30, 30])


def test_one_identical_item_flags_a_set_and_is_counted_in_its_class():
    train, held_out, further = digits_trial(0)
    made = further.take(np.arange(len(further))[::4])
    rows = [measure(IMAGE, choose(train, m, held_out, 0), {"pixels": pixels}, ["pixels"], 0) for m in
            (made, replace(made, x=np.concatenate([train.x[:1], made.x[1:]])))]  # fmt: skip
    (honest, copied), k = [found.spaces[0] for found in rows], made.y[0]
    assert honest["copying_p"] > 0.05 and honest["flagged"] == 0 and copied["flagged"] == 1
    assert copied["exact_duplicates"] == 1 / len(made) and copied["items"] == len(made)
    of_class = [row["exact_duplicates"] for row in rows[1].classes]
    assert of_class[k] == 1 / np.sum(made.y == k) and sum(of_class) == of_class[k]


@pytest.mark.parametrize("down", [0, 1])
def test_mirrored_and_shifted_copies_are_seen_in_raw_features_where_they_are_forms(down):
    train, held_out, further = digits_trial(1)
    shape = train.shape
    forms = IMAGE.alike_forms(IMAGE.policy("flip", shape), shape)
    copies = np.roll(train.x[:, :, ::-1], down, axis=1)
    copies[:, :down] = copies[:, down : down + 1]
    made = replace(further.take(np.arange(len(train) * 4)), x=np.concatenate([further.x[: len(train) * 3], copies]))
    spaces = {"pixels": pixels, "stand-in": lambda x: pixels(x)[:, :40]}
    sets = choose(train, made, held_out, 0)
    bare, seen = (measure(IMAGE, sets, spaces, ["pixels"], 0, each).spaces for each in ((), forms))
    assert bare[0]["copying_p"] > 0.05 and seen[0]["copying_p"] == 0.01 and seen[0]["flagged"] == 1
    assert seen[0]["nearer_to_train"] == pytest.approx(0.25, abs=0.1) and abs(bare[0]["nearer_to_train"]) < 0.15
    assert bare[1]["nearer_to_train"] == seen[1]["nearer_to_train"]  # what else features tell apart is not known


@pytest.mark.slow
def test_honest_images_are_flagged_no_more_often_for_the_forms():
    shape, found = (8, 8, 1), []
    forms = IMAGE.alike_forms(IMAGE.policy("flip", shape), shape)
    for seed in range(40):
        train, held_out, further = digits_trial(seed)
        sets = choose(train, further.take(np.arange(0, len(further), 8)), held_out, seed)
        found.append(measure(IMAGE, sets, {"pixels": pixels}, ["pixels"], seed, forms).spaces[0]["flagged"])
    assert np.mean(found) <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 40)


# ---- near copies that the medium tells ----


def test_where_the_medium_tells_near_copies_these_count_and_no_distance_does():
    medium = Vectors(np.int16)
    medium.near_copies = lambda x, train: x[:, 0] > 0  # whichever they are
    train, test, made = (vectors(medium, 40, seed=seed) for seed in (0, 1, 2))
    test.x[:, 0], made.x[:, 0], made.x[:20, 0] = -1, -1, 1
    sets = choose(train, made, test, 0)
    spaces = {medium.raw_space: medium.raw_features, "other": medium.raw_features}
    found = measure(medium, sets, spaces, list(spaces), 0)
    raw, other = found.spaces
    assert raw["nearer_to_train"] == 20 / 80 and raw["copying_p"] < 0.01 and raw["flagged"] == other["flagged"] == 1
    assert "copying_p" not in other and abs(other["nearer_to_train"]) != 20 / 80
    assert [row["nearer_to_train"] for row in found.classes if row["features"] == medium.raw_space] == [0.5, 0]


# ---- a test set of another origin ----


def named(name: str, seed: int, n: int) -> Examples:
    """Vectors whose ids begin with a name."""
    items = vectors(INT16, n, seed=seed)
    return replace(items, ids=np.char.add(name, items.ids))


def test_where_test_items_are_of_another_origin_copying_is_judged_by_others_of_the_training_items():
    """As where the speakers of a given test set are others: honest items side with the training set, not with it."""
    train, unseen, made, elsewhere = (named(name, seed, 60) for seed, name in enumerate(("a", "b", "c", "d")))
    elsewhere = replace(elsewhere, x=elsewhere.x + np.int16(0.5 * INT16.scale))
    spaces = {"values": INT16.raw_features}
    by_test, by_unseen = (
        measure(INT16, choose(train, made, elsewhere, 0, each), spaces, ["values"], 0).spaces[0]
        for each in (None, unseen)
    )
    assert by_test["flagged"] == 1 and by_test["nearer_to_train"] > 0.5
    assert by_unseen["flagged"] == 0 and abs(by_unseen["nearer_to_train"]) < 0.3
    assert by_unseen["kid"] == by_test["kid"]  # fidelity is to the test set
    sets = reference_sets(INT16, train, elsewhere, 0, unseen)
    honest = sets["held-out real"]
    assert set(honest.fake.ids) < set(unseen.ids) and set(honest.test.ids) < set(elsewhere.ids)
    assert not set(honest.fake.ids) & set(honest.unseen.ids)
    rows = {name: measure(INT16, each, spaces, ["values"], 0).spaces[0] for name, each in sets.items()}
    assert [rows[name]["flagged"] for name in REFERENCE_SETS] == [0, 1, 1]


def test_generated_items_are_recognised_beside_those_that_copying_is_judged_by():
    train, unseen, test = (named(name, seed, 40) for seed, name in enumerate(("a", "b", "c")))
    assert choose(train, train, test, 0).recognised is test
    apart = choose(train, train, test, 0, unseen)
    assert set(apart.recognised.ids) <= set(unseen.ids) and len(apart.recognised) == len(apart.held_out)
