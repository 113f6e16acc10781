"""Units that train classifiers, on vectors of int16 and of float32; and what an arm's classifiers are trained on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from toy_media import FLOAT, INT16, Vectors
from toy_units import N_PER_CLASS, TRAINING, ToyStudy

from gannb.classifiers.training import predict
from gannb.classifiers.ways import WAYS
from gannb.media import MEDIA
from gannb.trials import splits
from gannb.trials.folds import fold_numbers
from gannb.units import classifiers
from gannb.units.classifiers import MOST_SHIFTED, shifted_items
from gannb.units.reading import load_classifier, read_draw
from gannb.work.unit import Task, Unit


@pytest.fixture(params=[INT16, FLOAT], ids=["int16", "float"])
def study(request, tmp_path, monkeypatch):
    monkeypatch.setitem(MEDIA, "vector", request.param)
    return ToyStudy(tmp_path, request.param)


def test_a_classifier_learns_vectors_and_is_tried_on_each_shift_of_the_medium(study):
    unit = study.classifier("real+classic")
    scores = json.loads((study.folder / unit.path / "scores.json").read_text())
    assert [row["arm"] for row in scores] == ["real+classic@half", "real+classic"] * 2
    assert min(row["accuracy"] for row in scores[1::2]) > 0.75  # chance: a third
    said = study.read(unit, "predictions.npz")
    assert said["p"].shape == said["half_p"].shape and not np.array_equal(said["p"], said["half_p"])
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


# ---- trained on from where another unit stood ----


def trained(study: ToyStudy, arm: str, cycles: list[int], *needs: Unit, **more) -> Unit:
    """The unit of an arm that is made with some cycles; where a unit of the same arm is among its needs, it goes on."""
    return study.classifier(arm, *needs, cycles=cycles, **more)


@pytest.mark.parametrize("mix", ["added", "replaced"])
@pytest.mark.parametrize("arm", ["real+classic", "real+gan+classic", "real+gan.fresh", "gan"])
def test_a_unit_that_continues_another_is_what_one_training_of_all_cycles_would_be(study, arm, mix, tmp_path):
    needs = (study.items("vector"), study.generator("vector")) if "gan" in arm else ()
    how = {"mix": mix, "synthetic_share": 0.4 if "real" in arm else 1.0} if needs else {}
    first = trained(study, arm, [3, 3], *needs, **how)
    second = trained(study, arm, [3, 3, 6], *needs, first, **how)
    third = trained(study, arm, [3, 3, 6, 12], *needs, second, **how)
    assert len({unit.path for unit in (first, second, third)}) == 3

    alone = Unit(4, "classifier", third.place, third.make, 1, third.parameters, (study.draw, *needs))
    task = Task(alone, study.folder, tmp_path, tmp_path, "cpu", lambda done, total: None)
    draw = read_draw(study.folder / study.draw.path)
    mixture, recipe, start = classifiers.training_of(task, study.dataset, draw, classifiers.Configuration())
    test = splits.take(study.dataset, draw.test).x
    said = [
        [predict(study.medium, n, test) for n in each] for each in classifiers.trained(task, mixture, recipe, start)
    ]
    for cycle, kept in enumerate((*study.halves(first), study.read(second, "predictions.npz")["p"])):
        assert np.array_equal(kept, np.stack([of_seed[cycle] for of_seed in said]))
    assert np.array_equal(study.read(third, "predictions.npz")["p"], np.stack([of_seed[3] for of_seed in said]))


def test_a_unit_that_continues_another_keeps_what_it_says_itself_and_its_networks(study):
    first = trained(study, "real+classic", [3, 3])
    second = trained(study, "real+classic", [3, 3, 6], first)
    assert classifiers.continued(second) is first and classifiers.continued(first) is None
    rows = json.loads((study.folder / second.path / "scores.json").read_text())
    assert [row["arm"] for row in rows] == ["real+classic"] * 2  # its first half is what the other one said
    assert "half_p" not in study.read(second, "predictions.npz")
    for unit in (first, second):
        assert {f.name for f in (study.folder / unit.path).glob("network-*")} == {
            f"network-{number}.safetensors" for number in (0, 1)
        }


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


# ---- ways to use made items ----


def test_a_teacher_s_probabilities_are_the_labels_of_made_items_and_real_ones_keep_theirs(study):
    items, teacher = study.items("vector"), study.teacher()
    mixture, _, train = mixture_of(study, "real+gan.taught", items, teacher)
    network = load_classifier(study.medium, study.folder / teacher.path / "judge.safetensors", study.dataset.pool)
    assert np.allclose(mixture.shares, predict(study.medium, network, study.read(items, "x.npy")), atol=1e-6)
    assert mixture.way == "taught" and np.array_equal(mixture.real.y, train.y)


def test_items_between_classes_are_learnt_by_their_shares(study):
    items = study.items_in("vector", "mixed")
    mixture, filled, _ = mixture_of(study, "real+gan.mixed:2", items)
    assert np.array_equal(mixture.shares, study.read(items, "shares.npy")[filled.number]) and len(mixture.shares) == 6


@pytest.mark.parametrize("way", ["mixed", "taught"])
def test_real_items_in_the_places_of_made_ones_keep_their_labels(study, way):
    items = study.items_in("vector", "mixed") if way == "mixed" else study.items("vector")
    mixture, filled, _ = mixture_of(study, f"real+gan.{way}", items, study.teacher(), keep_classes=[1])
    own = mixture.shares[filled.replaced]
    assert np.array_equal(own.max(1), np.ones(len(own))) and np.array_equal(
        own.argmax(1), filled.items.y[filled.replaced]
    )
    assert (mixture.shares[~filled.replaced].max(1) < 1).any()


@pytest.mark.parametrize("way", ["", *WAYS])
def test_every_way_trains_a_classifier_from_end_to_end(study, way):
    name = f"gan.{way}" if way else "gan"
    items = study.items_in("vector", way) if way in ("mixed", "hard") else study.items("vector")
    unit = study.classifier(f"real+{name}+classic", items, study.teacher(), cycles=[20, 20])
    rows = json.loads((study.folder / unit.path / "scores.json").read_text())
    assert {row["arm"] for row in rows} == {f"real+{name}+classic@half", f"real+{name}+classic"}
    assert all(row["n_synthetic"] == 3 * N_PER_CLASS for row in rows)
