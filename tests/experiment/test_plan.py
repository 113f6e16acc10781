"""Which units there are: what is left out where pretrained weights have gone, and what the record of a kind says."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gannb.classifiers.ways import WAYS
from gannb.experiment.at_hand import AtHand
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import FINAL, Plan
from gannb.experiment.settings import Settings
from gannb.media.image.reading import read
from gannb.study.model import make_study
from tests.conftest import SMOKE

WEIGHTS = SimpleNamespace(network="mobilenetv2_100", digest="0" * 64, file="/nowhere/weights.safetensors")


def plan(at_hand: AtHand, **given) -> Plan:
    arms = ("real", "transfer", "transfer+gan")
    given = SMOKE | {"arms": arms, "output_dir": "/nowhere", "pretrained": "mobilenetv2_100"} | given
    return Plan(Settings(make_study(**given), read("digits"), "0" * 16, at_hand))


def tuned(found: Plan) -> list[str]:
    return [unit.path for unit in found.all_units() if any("weights" in each.parameters for each in unit.closure())]


def test_with_weights_there_are_frozen_features_and_arms_that_fine_tune():
    found = plan(AtHand(weights=WEIGHTS, can_fine_tune=True))
    kinds = {unit.kind for unit in found.all_units()}
    assert {"features", "item_features", "in_features"} <= kinds and found.left_out == ""
    assert found.units_without_weights() == []
    costs = {unit.cost for unit in found.classifiers.values()}
    assert costs == {"classifier", "transfer"}


def test_what_a_gan_was_made_to_please_is_no_judge_of_it():
    looks = {"gan": "projected", "data": "digits"}
    assert plan(AtHand(weights=WEIGHTS, can_fine_tune=True, trunk=WEIGHTS), **looks).in_features_units == []
    other = SimpleNamespace(network="resnet18", digest="1" * 64, file="/nowhere/other.safetensors")
    assert plan(AtHand(weights=WEIGHTS, can_fine_tune=True, trunk=other), **looks).in_features_units
    assert plan(AtHand(weights=WEIGHTS, can_fine_tune=True)).in_features_units


def test_weights_that_were_never_there_leave_no_such_units_and_a_sentence():
    found = plan(AtHand())
    assert tuned(found) == [] and found.left_out.startswith("Fine-tuning is left out: the weights of mobilenetv2_100")


def test_of_weights_that_have_gone_the_units_that_are_there_stay_in_the_plan():
    whole = plan(AtHand(weights=WEIGHTS, can_fine_tune=True))
    gone = plan(AtHand(weights=WEIGHTS))
    assert tuned(gone) == [] and {unit.path for unit in gone.units_without_weights()} == set(tuned(whole))
    assert gone.left_out.startswith("Fine-tuning is left out")
    some = replace(gone, kept=frozenset([whole.classifiers[0, "transfer"].path]))
    assert tuned(some) == [whole.classifiers[0, "transfer"].path]
    assert some.left_out.startswith("Fine-tuning stays as far as it is")
    every = replace(gone, kept=frozenset(tuned(whole)))
    assert tuned(every) == tuned(whole) and every.left_out == ""


def test_the_final_generator_is_part_of_no_stage():
    found = plan(AtHand())
    unit, (draw,) = found.final_generator, found.final_generator.needs
    assert (unit.place, draw.place, draw.kind) == (f"{FINAL}/mlp", f"{FINAL}/draw", "draw")
    assert not {unit.path, draw.path} & {each.path for each in found.all_units()}


@pytest.mark.parametrize("spaces", [{}, {"inception": "1" * 64}])
def test_a_further_feature_space_is_in_the_units_that_measure(spaces):
    found = plan(AtHand(spaces=spaces))
    measuring = [*found.quality_units.values(), *found.reference_units]
    assert all(unit.parameters.get("inception") == spaces.get("inception") for unit in measuring)


def test_what_counts_as_a_copy_follows_the_study_s_augmentation():
    found = plan(AtHand(), arms=("real", "real+gan"), augmentation="flip")
    measuring = [*found.quality_units.values(), *found.reference_units]
    assert measuring and {unit.parameters["augmentation"] for unit in measuring} == {"flip"}
    auto = plan(AtHand(), arms=("real", "real+gan"))
    assert {unit.parameters["augmentation"] for unit in auto.reference_units} == {"affine"}


def test_a_generator_that_begins_with_another_needs_it_and_shares_its_unit(tmp_path):
    rows = "".join(f"word {i} of {kind},{kind}\n" for i in range(40) for kind in "ab")
    (tmp_path / "a.csv").write_text("text,label\n" + rows)
    given = {"data": str(tmp_path / "a.csv"), "output_dir": str(tmp_path), "trials": 2, "n_per_class": 4}
    found = Experiment.preview(make_study(**given, arms=["real"])).plan
    for trial in found.trials:
        gan, start = (found.generator_units[trial, name] for name in ("maskgan", "maskgan_start"))
        assert gan.needs == (found.draws[trial], start) and start.needs == (found.draws[trial],)
        assert start in found.units(2)
        assert gan.parameters["gan_steps"] == start.parameters["gan_steps"]
    assert [need.kind for need in found.final_generator.needs] == ["draw", "generator"]
    assert found.final_generator.need("generator").place == f"{FINAL}/maskgan_start"


@pytest.mark.parametrize(
    ("given", "apart"), [({"n_per_class": 8}, True), ({"n_per_class": 8, "protocol": "draw"}, True), ({}, False),
                         ({"protocol": "folds"}, False)],
)  # fmt: skip
def test_units_that_judge_copying_say_where_others_of_the_pool_than_the_given_test_items_judge(given, apart):
    digits = read("digits")
    order = np.random.default_rng(0).permutation(len(digits.pool))
    dataset = replace(digits, pool=digits.pool.take(order[:1200]), test=digits.pool.take(order[1200:]))
    smoke = {key: value for key, value in SMOKE.items() if key not in ("n_per_class", "protocol", "trials", "data")}
    asked = smoke | {"data": "photos", "arms": ("real",), "output_dir": "/nowhere"} | given
    found = Plan(Settings(make_study(**asked), dataset, "0" * 16, AtHand()))
    measuring = [*found.quality_units.values(), *found.reference_units]
    assert measuring and {unit.parameters.get("unseen") == "pool" for unit in measuring} == {apart}
    assert "unseen" not in plan(AtHand()).reference_units[0].parameters


# ---- ways to use made items ----

WAYS_ASKED = ("real+gan+classic", *(f"real+gan.{name}+classic" for name in WAYS), "real+gan:12%+classic")


def test_ways_use_the_items_of_the_plain_gan_unless_they_choose_them():
    found = plan(AtHand(), arms=WAYS_ASKED)
    assert found.settings.sources == ["mlp", "mlp.mixed", "mlp.hard", "copies.mixed", "copies", "copies.hard"]
    of = {arm: [u.place.rpartition("/")[2] for u in found.classifiers[0, f"real+{arm}+classic"].needs] for arm in (
        "gan.before", "copies.taught", "gan.hard", "gan.mixed",
    )}  # fmt: skip
    assert of == {"gan.before": ["draw", "mlp-items"], "copies.taught": ["draw", "copies-items", "judge"],
                  "gan.hard": ["draw", "mlp.hard-items"], "gan.mixed": ["draw", "mlp.mixed-items"]}  # fmt: skip
    assert {u.place.rpartition("/")[2] for u in found.item_units[0, "copies.hard"].needs} == {"draw", "copies", "judge"}


def test_what_lies_between_two_classes_is_measured_by_none():
    measured = {source for _, source in plan(AtHand(), arms=WAYS_ASKED).quality_units}
    assert measured == {"mlp", "mlp.hard", "copies", "copies.hard"}


def test_an_arm_with_a_share_of_its_own_declares_it_and_the_others_the_study_s():
    found = plan(AtHand(), arms=WAYS_ASKED)
    shares = {arm: unit.parameters.get("synthetic_share") for (t, arm), unit in found.classifiers.items() if t == 0}
    assert shares["real+gan:12%+classic"] == shares["real+copies:12%+classic"] == 0.12
    assert shares["real+gan+classic"] == shares["real+gan.before+classic"] == found.settings.study.synthetic_share


def test_ways_change_no_key_of_what_a_study_had_without_them():
    without = plan(AtHand(), arms=("real+gan+classic", "real+copies+classic"))
    with_ways = plan(AtHand(), arms=(*WAYS_ASKED, "real+copies+classic"))
    assert {u.path for u in without.all_units()} < {u.path for u in with_ways.all_units()}
    assert not [u for u in without.all_units() if u.kind == "judge"]


def test_what_a_study_chooses_of_a_flow_is_part_of_its_keys_and_of_no_other_generator_s():
    def keys(**given) -> set[str]:
        found = plan(AtHand(), arms=("real+gan+classic", "real+copies+classic"), **given)
        return {unit.path for unit in found.generator_units.values()}

    flow, other = keys(gan="flow"), keys(gan="projection")
    assert keys(gan="projection", flow_steps=9, guidance=2.0) == other
    for chosen in ({"flow_steps": 9}, {"guidance": 2.0}):
        changed = keys(gan="flow", **chosen)
        assert {path.rpartition("/")[2].partition("-")[0] for path in changed & flow} == {"copies"}
    found = plan(AtHand(), arms=("real+gan+classic",), gan="flow", flow_steps=9).generator_units[0, "flow"]
    assert found.parameters["settings"]["flow_steps"] == 9
