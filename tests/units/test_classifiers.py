"""Units that train classifiers, on vectors of int16 and of float32; and what an arm's classifiers are trained on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from toy_media import FLOAT, INT16, Vectors
from toy_units import N_PER_CLASS, TRAINING, ToyStudy

from gannb.media import MEDIA
from gannb.trials import splits
from gannb.trials.folds import fold_numbers
from gannb.units import classifiers
from gannb.units.classifiers import MOST_SHIFTED, shifted_items
from gannb.units.reading import read_draw
from gannb.work.unit import Task, Unit


@pytest.fixture(params=[INT16, FLOAT], ids=["int16", "float"])
def study(request, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", request.param)
    return ToyStudy(tmp_path, request.param)


def test_a_classifier_learns_vectors_and_is_tried_on_each_shift_of_the_medium(study):
    unit = study.classifier("real+classic")
    scores = json.loads((study.folder / unit.path / "scores.json").read_text())
    assert len(scores) == 2 and min(row["accuracy"] for row in scores) > 0.75  # chance: a third
    said = study.read(unit, "predictions.npz")
    assert said["shifted"].shape == (2, len(study.medium.shifts), len(said["shifted_at"]))
    assert (
        said["shifted"] == said["y"][said["shifted_at"]]
    ).mean() < 0.6  # all values with the other sign: as if of no class


def test_a_medium_s_policy_is_asked_by_its_name_shape_and_strength(tmp_path):
    asked = []
    medium = Vectors(np.int16)
    medium.policy = lambda name, shape, strength: asked.append((name, shape, strength)) or "none"
    p = TRAINING | {"augmentation": "noise"}
    recipe = classifiers.recipe_of(medium, p, (5,), classifiers.Configuration(strength=2.0))
    assert asked == [("noise", (5,), 2.0)] and recipe.policy == "none" and recipe.medium is medium


def mixture_of(study: ToyStudy, arm: str, *needs: Unit, **more):
    parameters = {"arm": arm, "trial": 0, "seed": 0, "synthetic_share": 0.25} | more
    unit = Unit(4, "classifier", "trials/000/arm", classifiers.make_classifier, 1, parameters, (study.draw, *needs))
    task = Task(unit, study.folder, study.folder, study.folder, "cpu", lambda done, total: None)
    draw = read_draw(study.folder / study.draw.path)
    return *classifiers.arm_mixture(task, study.dataset, draw), splits.take(study.dataset, draw.train)


def test_classes_that_get_no_synthetic_items_have_the_draws_own_in_their_places(study):
    items = study.items("gaussian")
    made, y = study.read(items, "x.npy"), study.read(items, "y.npy")
    mixture, filled, train = mixture_of(study, "real+gaussian", items, keep_classes=[1])
    assert np.array_equal(filled.number, np.arange(3 * N_PER_CLASS)) and np.array_equal(filled.items.y, y)
    assert np.array_equal(filled.replaced, y != 1) and np.array_equal(filled.own == -1, y == 1)
    assert np.array_equal(mixture.synthetic.x[y == 1], made[y == 1])
    own = filled.own[filled.replaced]
    assert np.array_equal(mixture.synthetic.x[y != 1], train.x[own]) and np.array_equal(train.y[own], y[y != 1])
    assert sorted(own) == sorted(np.flatnonzero(train.y != 1))  # each of them once: as many were made as there are
    assert mixture.synthetic.x.dtype == study.medium.dtype


def test_without_such_classes_every_place_has_what_was_made_for_it(study):
    items = study.items("gaussian")
    mixture, filled, _ = mixture_of(study, "real+gaussian", items)
    assert not filled.replaced.any() and np.array_equal(mixture.synthetic.x, study.read(items, "x.npy"))
    assert mixture_of(study, "real")[1] is None


def test_a_dose_takes_the_first_of_each_class(study):
    mixture, filled, _ = mixture_of(study, "real+gaussian:2", study.items("gaussian"))
    assert filled.number.tolist() == [0, 1, 8, 9, 16, 17]
    assert np.array_equal(mixture.synthetic.x, study.read(study.items("gaussian"), "x.npy")[filled.number])


def test_items_made_anew_leave_the_draws_own_where_they_are(study):
    gan = study.generator("vector")
    mixture, filled, train = mixture_of(study, "real+gan.fresh", study.items("vector"), gan, keep_classes=[0])
    first, second = mixture.fresh(1), mixture.fresh(2)
    assert first.dtype == study.medium.dtype and np.array_equal(first[filled.replaced], second[filled.replaced])
    assert np.array_equal(first[filled.replaced], train.x[filled.own[filled.replaced]])
    assert (first[~filled.replaced] != second[~filled.replaced]).any(1).all()


def test_few_test_items_are_all_shifted_and_of_many_some_in_their_proportions():
    assert np.array_equal(shifted_items(np.array([0, 1, 1, 0]), np.array([0, 3]), 0), np.arange(2))
    y, test = np.repeat([0, 1, 2], [6000, 3000, 1000]), np.arange(10_000)
    chosen = shifted_items(y, test, 0)
    assert np.bincount(y[chosen]).tolist() == [600, 300, 100] and len(chosen) == MOST_SHIFTED
    assert (np.diff(chosen) > 0).all() and np.array_equal(chosen, shifted_items(y, test, 0))


def test_every_repeat_of_cross_validation_shifts_the_same_items():
    y, groups = np.repeat([0, 1, 2], [6000, 3000, 1000]), np.arange(10_000)
    in_repeat = []
    for repeat in range(2):
        fold = fold_numbers(y, groups, 4, 0, repeat)
        tests = [np.flatnonzero(fold == k) for k in range(4)]
        parts = [test[shifted_items(y, test, 4)] for test in tests]
        assert all(0.9 * MOST_SHIFTED < len(part) < 1.1 * MOST_SHIFTED for part in parts)
        in_repeat.append(np.sort(np.concatenate(parts)))
    assert np.array_equal(*in_repeat)
