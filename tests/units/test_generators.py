"""Units that draw, fit and sample, on vectors of int16 and of float32."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from toy_media import FLOAT, INT16
from toy_units import N_PER_CLASS, ToyStudy

from gannb.media import MEDIA
from gannb.trials import splits
from gannb.units import generators
from gannb.units.reading import read_draw
from gannb.work.unit import Unit


@pytest.fixture(params=[INT16, FLOAT], ids=["int16", "float"])
def study(request, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", request.param)
    return ToyStudy(tmp_path, request.param)


def items_of(study: ToyStudy, name: str, n: int | str = N_PER_CLASS, *needs: Unit, **more) -> dict[str, np.ndarray]:
    """What a unit of items makes, with a name of its own in the study."""
    needs = (study.draw, study.generator(name), *needs)
    place = "-".join(["made", name, str(n), *map(str, more.values())])
    unit = study.unit("items", generators.make_items, {"n_synthetic": n} | more, needs, place)
    return {part: study.read(unit, f"{part}.npy") for part in "xy"} | {"folder": study.folder / unit.path}


def test_a_draw_holds_training_items_as_many_in_reserve_and_test_items_and_none_twice(study):
    draw = read_draw(study.folder / study.draw.path)
    y = splits.labels_of(study.dataset)
    assert np.bincount(y[draw.train]).tolist() == np.bincount(y[draw.reserve]).tolist() == [N_PER_CLASS] * 3
    every = np.concatenate([draw.train, draw.reserve, draw.test])
    assert len(np.unique(every)) == len(every)


def test_the_final_draw_is_everything_but_the_test_items_of_the_trials(study):
    made = study.unit("draw", generators.make_final_draw, dict(study.draw.parameters), (), "final-draw")
    final, draw = (read_draw(study.folder / unit.path) for unit in (made, study.draw))
    assert len(final.reserve) == len(final.test) == 0
    assert np.array_equal(final.train, np.setdiff1d(np.arange(len(study.dataset.pool)), draw.test))


def test_as_many_items_are_made_of_each_class_as_asked_for_in_the_medium_s_dtype(study):
    made = items_of(study, "gaussian", 5)
    assert made["x"].dtype == study.medium.dtype and made["x"].shape == (15, 5)
    assert np.bincount(made["y"]).tolist() == [5] * 3 and not (made["folder"] / "items.json").exists()
    balanced = items_of(study, "gaussian", "balance")
    assert np.bincount(balanced["y"]).tolist() == [N_PER_CLASS] * 3


def test_copies_are_the_draw_s_own_items_and_the_gan_s_are_not(study):
    train = splits.take(study.dataset, read_draw(study.folder / study.draw.path).train)
    known = {(item.tobytes(), k) for item, k in zip(train.x, train.y, strict=True)}
    copies, made = items_of(study, "copies"), items_of(study, "vector")
    assert {(item.tobytes(), k) for item, k in zip(copies["x"], copies["y"], strict=True)} == known
    assert not known & {(item.tobytes(), k) for item, k in zip(made["x"], made["y"], strict=True)}


def test_a_filter_changes_which_items_are_taken_and_says_how_many_were_accepted_at_once(study):
    plain, chosen = items_of(study, "vector"), items_of(study, "vector", variation="by_discriminator")
    assert np.array_equal(plain["y"], chosen["y"]) and not np.array_equal(plain["x"], chosen["x"])
    found = json.loads((chosen["folder"] / "items.json").read_text())
    stayed = (plain["x"] == chosen["x"]).all(1).mean()  # one seed: what was accepted at once stays as it was
    assert stayed == pytest.approx(found["accepted_first"]) and 0 <= found["never_accepted"] <= 1 - stayed


def test_seeds_differ_by_trial_generator_and_purpose_and_by_nothing_else():
    def seed(trial: int = 0, name: str = "vector", *purpose: str, n: int = 1) -> int:
        needed = Unit(1, "generator", "trials/000/g", generators.make_generator, 1, {"generator": name})
        unit = Unit(1, "items", "trials/000/i", generators.make_items, 1, {}, (needed,))
        parameters = {"seed": 0, "trial": trial, "n_synthetic": n}
        return generators.items_seed(SimpleNamespace(parameters=parameters, unit=unit), *purpose)

    assert seed() == seed(n=2)
    assert len({seed(), seed(1), seed(0, "copies"), seed(0, "vector", "calibration")}) == 4


# ---- ways to use made items ----


@pytest.mark.parametrize("name", ["vector", "copies"])
def test_items_between_two_classes_have_the_shares_of_both(study, name):
    made = study.items_in(name, "mixed")
    x, y, shares = (study.read(made, f"{part}.npy") for part in ("x", "y", "shares"))
    assert x.dtype == study.medium.dtype and np.bincount(y).tolist() == [N_PER_CLASS] * 3
    assert np.allclose(shares.sum(1), 1) and np.array_equal((shares > 0).sum(1), np.full(len(y), 2))
    assert np.array_equal(shares.argmax(1), y) and (shares.max(1) >= 0.5).all() and np.ptp(shares.max(1)) > 0.3


def test_the_other_class_is_drawn_in_the_proportions_of_the_labels():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    other = generators._other_classes(labels, np.random.default_rng(0))
    assert not np.any(other == labels)
    assert np.bincount(other[labels == 0], minlength=3)[1:] / 600 == pytest.approx([0.75, 0.25], abs=0.05)
    assert set(generators._other_classes(np.array([0, 1, 1]), np.random.default_rng(0))) == {0, 1}


def test_hard_copies_are_the_items_that_the_classifier_is_less_sure_of(study):
    made = study.items_in("copies", "hard")
    train = splits.take(study.dataset, read_draw(study.folder / study.draw.path).train)
    kept = {x.tobytes() for x in study.read(made, "x.npy")}
    assert kept < {x.tobytes() for x in train.x} and len(kept) <= len(train) / 2 + 3
    assert np.array_equal(study.read(made, "y.npy"), study.read(study.items("copies"), "y.npy"))


def test_hard_items_of_a_gan_are_chosen_and_how_hard_that_was_is_kept(study):
    made = study.items_in("vector", "hard")
    assert set(study.read(made, "items.json")) == {"accepted_first", "never_accepted"}
    assert not np.array_equal(study.read(made, "x.npy"), study.read(study.items("vector"), "x.npy"))
