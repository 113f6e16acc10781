"""The kinds of units: every unit of every study is one of them, and declares what `units.parameters` says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NotRequired, get_origin, get_type_hints

import pytest

from gannb.data.held_out import hold_out
from gannb.data.medium import Nouns
from gannb.experiment.at_hand import AtHand
from gannb.experiment.plan import Plan
from gannb.experiment.settings import Settings
from gannb.media.image import IMAGE
from gannb.media.image.reading import read
from gannb.study.model import make_study
from gannb.study.source import Source
from gannb.units.kinds import DEFAULT_SECONDS, KINDS, REFERENCE_SETS
from gannb.work.unit import Unit
from tests.conftest import SMOKE

WEIGHTS = SimpleNamespace(network="mobilenetv2_100", digest="0" * 64, file="/nowhere/weights.safetensors")
OUTSIDE = {
    "foreign": "/nowhere/gan", "unlabelled": "/nowhere/unlabelled", "related": "/nowhere/related", "pretrain": "related"
}  # fmt: skip
ARMS = (
    "real",
    "gan.fresh",
    "transfer+gan",
    "real+mislabelled",
    "foreign.tuned",
    *(f"real+gan.{name}" for name in IMAGE.families["mlp"].variations),
)


def units(**given) -> list[Unit]:
    """The units of a study that has everything: tuning, fine-tuning, classes held out, external sources."""
    study = make_study(**SMOKE | {"output_dir": "/nowhere", "arms": ARMS} | OUTSIDE | given)
    dataset = hold_out(read("digits"), ("8", "9"), IMAGE.nouns)
    sources = {name: Source(name, "0" * 16, {"family": "dcgan"}) for name in OUTSIDE}
    found = AtHand(sources, WEIGHTS, True, {"inception": "1" * 64})
    plan = Plan(Settings(study, dataset, "0" * 16, found))
    return [*plan.all_units(), *plan.final_generator.closure()]


@pytest.fixture(scope="module")
def every() -> list[Unit]:
    return [
        *units(tune=True, gan_augmentation="ada", augmentation="trivial", keep_classes="3", n_synthetic=(5, 10)),
        *units(protocol="folds", n_per_class=None, trials=None),
    ]


def test_every_kind_is_in_some_study_and_every_unit_of_a_kind(every):
    assert {unit.kind for unit in every} == set(KINDS)


def test_units_declare_what_the_record_of_their_kind_says(every):
    for unit in every:
        declared = get_type_hints(KINDS[unit.kind].parameters, include_extras=True)
        required = {name for name, hint in declared.items() if get_origin(hint) is not NotRequired}
        names, spaces = set(unit.parameters) - set(IMAGE.spaces), set(unit.parameters) & set(IMAGE.spaces)
        assert required <= names <= set(declared), unit.place
        assert not spaces or unit.kind in ("quality", REFERENCE_SETS.stored_as)


def test_stage_version_and_cost_are_those_of_the_record(every):
    for unit in every:
        kind = KINDS[unit.kind]
        assert unit.stage == kind.stage and unit.cost in kind.seconds and unit.cost in DEFAULT_SECONDS
        assert unit.place.startswith("final/") or (unit.make, unit.version) == (kind.make, kind.version)


def test_draws_are_quick_and_gans_share_a_gpu(every):
    assert {unit.kind for unit in every if unit.quick} == {"draw"}
    assert {unit.kind for unit in every if unit.shares} == {"generator", "outlier_gan", "pretraining"}
    assert all(unit.shares == (unit.cost == "gan") for unit in every)


def test_words_take_their_nouns_from_the_medium():
    assert KINDS["items"].text(IMAGE.nouns) == "making images"
    assert KINDS["yardsticks"].text(Nouns("clip", "clips", "samples")) == "measuring real clips and copies"
    assert len({kind.text(IMAGE.nouns) for kind in KINDS.values()}) == len(KINDS)
