"""Classes that training never sees: that it never does, and what is measured on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SMOKE
from tiny_gans import TINY, as_examples, make_draw

from gannb.classifiers.training import Recipe, predict, train
from gannb.experiment.estimate import disk_bytes, expected_seconds
from gannb.experiment.experiment import Experiment
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import Policy
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.reading import read
from gannb.report.tables.open_set import table
from gannb.stats.open_set import SCORES, auroc
from gannb.study.data_copy import keep_data, load_data, source_stamp
from gannb.study.folder import load_study, save_study
from gannb.study.model import make_study
from gannb.trials import splits
from gannb.units.kinds import DEFAULT_SECONDS, KINDS
from gannb.units.open_set import NEED_OUTLIERS, between, mixture_of
from gannb.utils.errors import InputError
from gannb.work.store import execute, is_done

HELD = ("8", "9")
CONTENT = {"max_softmax", "between", "gan_of_outliers-0", "gan_of_outliers-1", "outliers-0", "outliers-1"}
GANS = {"mlp-of-outliers-0", "mlp-of-outliers-1"}


def study(folder: Path, **given) -> Experiment:
    """A smoke study of the digits without 8 and 9."""
    return Experiment.open(make_study(**SMOKE | {"held_out": HELD, "output_dir": str(folder)} | given))


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Experiment:
    """The open-set part of a smoke study, made in this process."""
    found = study(tmp_path_factory.mktemp("outputs"))
    for unit in found.plan.open_set.units:
        for needed in unit.closure():
            assert execute(found.folder, needed, "cpu") is None
    return found


def names(units) -> set[str]:
    return {u.place.rsplit("/", 1)[-1] for u in units}


def missing(experiment: Experiment) -> set[str]:
    return names(u for u in experiment.plan.open_set.units if not is_done(experiment.folder, u))


# ---- classes leave the study ----


def test_no_item_of_a_held_out_class_is_in_any_part_of_the_ordinary_study(experiment):
    whole = read("digits").pool
    held = set(whole.ids[np.isin(whole.y, [8, 9])])
    dataset = experiment.dataset
    assert len(held) == 354 and not held & set(dataset.pool.ids)
    assert set(dataset.held_out.pool.ids) == held and len(dataset.pool) + len(held) == len(whole)
    for trial in range(2):
        draw = experiment.results.draw(trial)
        for part in (draw.train, draw.reserve, draw.test):
            items = experiment.settings.items(part)
            assert not held & set(items.ids) and items.classes == tuple("01234567")
            assert all(whole.y[whole.ids == i][0] == k for i, k in zip(items.ids[:20], items.y[:20], strict=True))
    for unit in (u for u in experiment.plan.all_units() if u.kind not in ("outlier_gan", "open_set")):
        assert not {"outlier_gan", "open_set"} & {need.kind for need in unit.closure()}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n_per_class": 33, "trials": 3, "held_out": "8"}, "held_out: n_per_class=33 needs .* '8' has 174"),
        ({"gan": "dcgan_per_class"}, "held_out: gan: dcgan_per_class has a network of its own .*gan=projection"),
        ({"held_out": "7,8,10"}, "held_out: there is no class '10'; did you mean '1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_before_any_work(tmp_path, given, sentence):
    with pytest.raises(InputError, match=sentence):
        study(tmp_path, **given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["8,9", ["8", "9"], [8, 9], ("8", "9", "8"), " 8 , 9"])
def test_classes_may_be_written_in_any_way(given):
    assert make_study(held_out=given).held_out == HELD
    assert make_study(held_out=9).held_out == ("9",) and make_study().held_out == ()


@pytest.mark.parametrize("name", ["held_out", "keep_classes"])
def test_classes_by_number_and_none_at_all_come_back_from_a_study_s_folder(name, tmp_path):
    for given, kept in ([[8, "9"], HELD], [9, ("9",)], ["", ()], [(), ()]):
        saved = make_study(**{name: given}, output_dir=str(tmp_path))
        save_study(saved)
        assert getattr(saved, name) == kept and load_study(saved.folder) == saved


def test_a_study_with_no_class_held_out_is_the_one_it_was(tmp_path):
    plain = Experiment.preview(make_study(**SMOKE, output_dir=str(tmp_path)))
    assert plain.dataset.held_out is None and plain.plan.open_set is None
    assert not {"open_set", "outlier_gan"} & {u.kind for u in plain.plan.all_units()}
    assert table(None, IMAGE.nouns).shape == (1, 1)


def test_the_copy_of_the_data_serves_when_the_source_is_gone(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"train_images": rng.integers(0, 256, (60, 8, 8), np.uint8), "train_labels": np.arange(60) % 3}
    np.savez(tmp_path / "set.npz", **arrays)
    wanted = make_study(data=str(tmp_path / "set.npz"), held_out="2", output_dir=str(tmp_path / "outputs"))
    dataset, key = load_data(wanted)
    keep_data(wanted, dataset, key, source_stamp(wanted))
    save_study(wanted, data_key=key)
    (tmp_path / "set.npz").unlink()
    assert load_data(wanted)[1] == key and load_data(wanted)[0].held_out.pool.classes == ("2",)
    with pytest.raises(InputError, match="no file"):
        load_data(make_study(**wanted.model_dump(exclude={"held_out"})))


# ---- outliers ----


@pytest.mark.parametrize("given", [{}, {"protocol": "folds", "n_per_class": None, "trials": None}])
def test_outliers_to_train_on_are_of_other_classes_than_those_tested(tmp_path, given):
    found = study(tmp_path, **given)
    open_set, used = found.plan.open_set, []
    assert open_set.sides == (0, 1) and [open_set.names(s) for s in (0, 1)] == ["8", "9"]
    for trial in range(found.settings.trials):
        draw = splits.make_draw(open_set.held_out, found.design, trial)
        assert not set(draw.train) & set(draw.test)
        used += draw.train.tolist()
    assert given or len(used) == len(set(used)) == 2 * 2 * SMOKE["n_per_class"]  # no trial shares one with another
    for (_, method, side), unit in open_set.classifiers.items():
        assert (side is None) == (method not in NEED_OUTLIERS) == ("side" not in unit.parameters)


def test_one_held_out_class_leaves_no_outliers_to_train_on(tmp_path):
    experiment = study(tmp_path, held_out="9")
    open_set = experiment.plan.open_set
    assert open_set.methods == ("max_softmax", "between") and open_set.sides == (0,)
    assert names(open_set.units) == {"max_softmax", "between"}


def test_three_held_out_classes_are_two_sides(tmp_path):
    open_set = study(tmp_path, held_out="5,6,7").plan.open_set
    assert [open_set.names(side) for side in open_set.sides] == ["5 and 7", "6"]


# ---- units ----


def test_the_units_of_a_trial(experiment):
    of_trial = [u for u in experiment.plan.open_set.units if u.parameters["trial"] == 0]
    assert names(of_trial) == CONTENT | GANS and len(of_trial) == 8
    assert {u for u in experiment.plan.units(4) if u.kind in ("open_set", "outlier_gan")} == set(
        experiment.plan.open_set.units
    )


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ({"classifier_steps": 6}, CONTENT),
        ({"gan_steps": 6}, GANS | {"between", "gan_of_outliers-0", "gan_of_outliers-1"}),
        ({"n_synthetic": 6}, {"between", "gan_of_outliers-0", "gan_of_outliers-1"}),
        ({"synthetic_share": 0.5}, set()),
        ({"metric": "accuracy"}, set()),
        ({"held_out": "9,8"}, set()),
        ({"held_out": "7,8"}, CONTENT | GANS),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_changed_parameter_makes_anew_what_depends_on_it(experiment, change, made):
    given = experiment.study.model_dump() | change
    assert missing(Experiment.preview(make_study(**given))) == made


def test_without_an_other_class_the_classifiers_are_those_of_real_and_classic(experiment):
    unit = experiment.plan.classifiers[0, "real+classic"]
    assert execute(experiment.folder, unit, "cpu") is None
    said = experiment.results.open_set_predictions(0, "max_softmax", None)
    np.testing.assert_array_equal(said["p"], experiment.results.probabilities(0, "real+classic"))
    assert said["unseen_p"].shape == (1, len(said["unseen_y"]), 8)


def test_with_an_other_class_there_is_one_probability_more(experiment):
    for method in ("between", "gan_of_outliers", "outliers"):
        said = experiment.results.open_set_predictions(1, method, 0 if method in NEED_OUTLIERS else None)
        assert said["p"].shape[2] == said["unseen_p"].shape[2] == 9 and said["y"].max() == 7
        np.testing.assert_allclose(said["unseen_p"].sum(2), 1, atol=1e-5)


def test_the_oracle_is_trained_on_the_outliers_of_its_side(experiment):
    for side, name in ((0, "8"), (1, "9")):
        unit = experiment.plan.open_set.classifiers[0, "outliers", side]
        kept = np.load(experiment.folder / unit.path / "other.npy")
        held = experiment.dataset.held_out.pool
        assert len(kept) == SMOKE["n_per_class"]
        for item in kept:
            (found,) = np.flatnonzero((held.x == item).all((1, 2, 3)))
            assert held.classes[held.y[found]] == name


def test_every_unit_has_a_name_an_expected_time_and_a_size(experiment):
    kinds, costs = ({getattr(u, name) for u in experiment.plan.all_units()} for name in ("kind", "cost"))
    assert {"open_set", "outlier_gan"} <= kinds <= set(KINDS) and costs <= set(DEFAULT_SECONDS)
    seconds = dict.fromkeys(kinds | {"mlp"}, 1.0)
    units = experiment.plan.open_set.units
    gans = [u for u in units if u.kind == "outlier_gan"]
    assert [expected_seconds(experiment.settings, u, seconds | {"mlp": 7.0}) for u in gans] == [7.0] * 4
    assert (
        disk_bytes(experiment.settings, experiment.plan.open_set.units)
        > disk_bytes(experiment.settings, gans)
        > 4 * 2e6
    )


# ---- between classes ----


@pytest.fixture(scope="module")
def gan() -> Adversarial:
    return Adversarial(IMAGE, TINY["mlp"]).fit(make_draw(), Job(3, 0))


@pytest.mark.parametrize("family", [name for name in FAMILIES if not FAMILIES[name].one_class_batches])
def test_a_mixture_of_one_class_alone_is_that_class(family):
    fitted = Adversarial(IMAGE, TINY[family]).fit(make_draw(), Job(1, 0))
    pairs = np.array([[0, 1], [2, 0], [1, 2]])
    whole = fitted.blend(pairs, np.ones(3), seed=5)
    ends = fitted.sample(Condition(np.repeat(pairs[:, 0], 2)), seed=5)[::2]  # positions 0, 2, 4 of the noise
    assert np.abs(whole.astype(int) - ends).max() <= 1
    assert (fitted.blend(pairs, np.full(3, 0.5), seed=5) != whole).any()


def test_an_item_between_depends_on_seed_and_position_alone(gan):
    pairs, share = np.array([[0, 1], [1, 2], [2, 0]]), np.full(3, 0.5)
    made = gan.blend(pairs, share, seed=1)
    np.testing.assert_array_equal(made[:2], gan.blend(pairs[:2], share[:2], seed=1))
    assert (made != gan.blend(pairs, share, seed=2)).any()
    with pytest.raises(InputError, match="labels"):
        gan.blend(np.array([[0, 3]]), np.ones(1), 0)


def test_pairs_are_of_two_classes_each_as_often_as_any_other():
    asked = {}

    class Recorder:
        n_classes = 5

        def blend(self, pairs, share, seed):
            asked.update(pairs=pairs, share=share)
            return np.zeros((len(pairs), 2, 2, 1), np.uint8)

    assert len(between(Recorder(), 100, 3)) == 100
    first, second = asked["pairs"].T
    assert np.bincount(first).tolist() == [20] * 5 and (first != second).all()
    assert len(set(zip(first, second, strict=True))) == 20  # every ordered pair
    assert asked["share"].min() >= 0.35 and asked["share"].max() <= 0.65 and np.ptp(asked["share"]) > 0.2


def test_families_with_a_network_per_class_have_nothing_between():
    fitted = Adversarial(IMAGE, TINY["dcgan_per_class"]).fit(make_draw(), Job(1, 0))
    with pytest.raises(InputError, match="nothing between them"):
        fitted.blend(np.array([[0, 1]]), np.ones(1), 0)


# ---- measures ----


def test_other_takes_the_share_of_a_class_in_every_batch():
    known = make_draw(n=4, classes=3)
    mixture = mixture_of(known, known.x[:5], 32)
    assert mixture.share == 1 / 4 and set(mixture.synthetic.y) == {3} and mixture.real.n_classes == 4
    assert round(mixture_of(known, known.x[:5], 4).share * 4) >= 1
    without = mixture_of(known, None, 32)
    assert without.share == 0 and without.synthetic is None and without.real.n_classes == 3


# ---- planted truth ----


def pictures(kind: int, n: int, seed: int) -> np.ndarray:
    """Noisy 8x8 pictures: 0 and 1 have a bright left or right half; 3 and 2 are the same with a line across."""
    rng = np.random.default_rng([seed, kind])
    x = rng.integers(0, 60, (n, 8, 8, 1))
    x[:, :, slice(0, 4) if kind in (0, 3) else slice(4, 8)] += 150
    if kind > 1:
        x[:, 4] = 205
    return x.astype(np.uint8)


def told(other: np.ndarray | None) -> dict[str, float]:
    """AUROC of each score on kind 3, which no training sees, where the known are kinds 0 and 1."""
    known = as_examples(np.concatenate([pictures(k, 20, 0) for k in (0, 1)]), np.repeat([0, 1], 20))
    network = train(mixture_of(known, other, 16), Recipe(IMAGE, "small_cnn", 60, 16, Policy()), seed=1)
    test = np.concatenate([pictures(k, 50, 1) for k in (0, 1)])
    said = [predict(IMAGE, network, x) for x in (test, pictures(3, 100, 1))]
    kinds = ["known"] if other is None else ["known", "other"]
    return {kind: auroc(*(SCORES[kind](p, 2) for p in said)) for kind in kinds}


def test_an_oracle_that_must_win_wins_and_a_useless_other_is_of_no_use():
    none, oracle = told(None), told(pictures(2, 40, 2))  # a line across, on the other half than in kind 3
    useless = told(np.zeros((40, 8, 8, 1), np.uint8))  # black pictures: like nothing that is ever tested
    assert min(oracle.values()) > 0.95
    assert max(*none.values(), *useless.values()) < 0.75
