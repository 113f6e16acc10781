"""The families of generators of sentences."""

from __future__ import annotations

import json

import pytest

from gannb.experiment.experiment import Experiment
from gannb.generators.variations import VARIATIONS
from gannb.media.text.writers.family import FAMILIES, START
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_the_start_of_maskgan_is_trained_in_the_same_way_for_as_long():
    maskgan, start = FAMILIES["maskgan"], FAMILIES[START]
    assert maskgan.settings() == start.settings() and maskgan.steps == start.steps and maskgan.begins_with == START
    assert json.loads(json.dumps(maskgan.settings())) == maskgan.settings()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_called_by_its_name_and_has_ways_that_there_are(name):
    assert FAMILIES[name].name == name and set(FAMILIES[name].variations) <= set(VARIATIONS)
    with pytest.raises(InputError, match="foreign"):
        FAMILIES[name].generator((), 2)
    with pytest.raises(InputError, match="no sentences between two classes"):
        FAMILIES[name].check_blend(FAMILIES)


def test_only_a_temperature_makes_items_of_a_variation_depend_on_the_study():
    study = type("Given", (), {"temperature": 0.5})
    assert FAMILIES["maskgan"].variation_parameters("cool", study) == {"temperature": 0.5}
    assert FAMILIES["maskgan"].variation_parameters("half", study) == {}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_no_preset_asks_for_more_steps_with_which_a_writer_copies(family):
    assert family.effort_most == 1 and "effort_most" not in family.settings()


def test_a_study_for_a_gpu_trains_writers_as_long_as_any_and_as_long_as_it_says(tmp_path):
    rows = "".join(f"word {i} of {kind},{kind}\n" for i in range(40) for kind in "ab")
    (tmp_path / "a.csv").write_text("text,label\n" + rows)
    given = {"data": str(tmp_path / "a.csv"), "output_dir": str(tmp_path), "preset": "gpu", "trials": 4}
    settings = Experiment.preview(make_study(**given, n_per_class=4)).settings
    assert {name: settings.steps_of(name) for name in FAMILIES} == {n: f.steps for n, f in FAMILIES.items()}
    settings = Experiment.preview(make_study(**given, n_per_class=4, gan_steps=2000)).settings
    assert settings.steps_of("language_model") == 2000


def test_people_are_told_what_a_family_is():
    assert "generative adversarial" in FAMILIES["maskgan"].maker
    assert "before any adversarial training" in FAMILIES["maskgan_start"].maker
    assert FAMILIES["language_model"].maker.startswith("a language model")
