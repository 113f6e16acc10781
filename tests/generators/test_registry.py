"""What all generators share: made by name, saved, loaded, and refusing what none can do."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from tiny_flows import OF_IMAGES
from tiny_gans import TINY, make_draw
from toy_media import INT16, vectors

from gannb.generators.external import EXTERNAL
from gannb.generators.interface import Condition, Job
from gannb.generators.registry import load, make, names
from gannb.generators.simple import SIMPLE, Copies, Gaussian
from gannb.media.image import IMAGE
from gannb.media.image.flows.families import FLOWS
from gannb.media.image.gans.families import FAMILIES
from gannb.utils.errors import InputError

FITTED = [*FAMILIES, *FLOWS, *SIMPLE]  # the external ones learn nothing: test_external.py


@pytest.fixture(autouse=True)
def tiny_families(monkeypatch):
    """Families have narrow networks."""
    monkeypatch.setitem(FLOWS, "flow", OF_IMAGES)
    for name, family in TINY.items():
        monkeypatch.setitem(FAMILIES, name, family)


def test_every_family_every_simple_kind_and_every_external_source_is_a_generator():
    assert names(IMAGE) == [*FAMILIES, *FLOWS, *SIMPLE, *EXTERNAL]


@pytest.mark.parametrize("name", FITTED)
def test_saved_and_loaded_a_generator_gives_the_same_samples(name, tmp_path):
    draw = make_draw(shape=(17, 19, 3))
    fitted = make(IMAGE, name).fit(draw, Job(2, seed=1))
    fitted.save(tmp_path / "g")
    assert {p.name for p in (tmp_path / "g").iterdir()} == {"generator.json", "generator.safetensors"}
    labels = np.array([2, 0, 1, 1])
    expected = fitted.sample(Condition(labels), 7)
    assert expected.shape == (4, 17, 19, 3) and expected.dtype == np.uint8
    for loaded in (load(tmp_path / "g", IMAGE), type(fitted).load(tmp_path / "g", IMAGE)):
        assert np.array_equal(loaded.sample(Condition(labels), 7), expected)


@pytest.mark.parametrize("name", FITTED)
def test_labels_out_of_range_and_an_absent_class_are_refused(name):
    draw = make_draw()
    with pytest.raises(InputError, match="no item of class 'class 2'"):
        make(IMAGE, name).fit(draw.take(draw.y < 2), Job(1, 0))
    fitted = make(IMAGE, name).fit(draw, Job(1, 0))
    for labels in ([0, 3], [-1], [[0, 1]]):
        with pytest.raises(InputError, match=r"0\.\.2"):
            fitted.sample(Condition(np.array(labels)), 0)
    assert fitted.sample(Condition(np.array([], dtype=int)), 0).shape == (0, 8, 8, 1)


def test_a_folder_without_a_generator_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path, IMAGE)
    Copies(IMAGE).fit(make_draw(), Job(0, 0)).save(tmp_path)
    with pytest.raises(InputError, match="holds a copies generator, not gaussian"):
        Gaussian.load(tmp_path, IMAGE)
    (tmp_path / "generator.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path, IMAGE)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"generator": "nothing"}', '{"generator": []}'])
def test_a_folder_whose_description_is_of_no_generator_is_refused(text, tmp_path):
    (tmp_path / "generator.json").write_text(text)
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path, IMAGE)


@pytest.mark.parametrize(
    ("gan_augmentation", "policy", "adaptive"),
    [
        ("auto", None, False),
        ("none", "none", False),
        ("policy", "flip", False),
        ("diffaugment", "diffaugment", False),
        ("ada", "flip", True),
    ],
)
def test_the_study_chooses_what_the_discriminator_sees(gan_augmentation, policy, adaptive):
    made = make(IMAGE, "mlp", gan_augmentation=gan_augmentation, augmentation="flip")
    assert (made.policy, made.adaptive) == (policy, adaptive)


def test_another_medium_brings_its_own_families_controls_and_policies(tmp_path):
    assert names(INT16) == ["vector", *SIMPLE, *EXTERNAL]
    made = make(INT16, "vector", gan_augmentation="noise")
    assert (made.policy, made.adaptive) == ("noise", False)
    with pytest.raises(InputError, match="gan_augmentation: 'diffaugment' is none of auto, none, noise, policy, ada"):
        make(INT16, "vector", gan_augmentation="diffaugment")
    draw, asked = vectors(INT16), Condition(np.array([1, 0, 1]))
    for name in ("vector", "gaussian"):
        fitted = make(INT16, name).fit(draw, Job(1, 0))
        fitted.save(tmp_path / name)
        assert np.array_equal(load(tmp_path / name, INT16).sample(asked, 2), fitted.sample(asked, 2))
    with pytest.raises(InputError, match="holds no readable generator"):  # images have no such family
        load(tmp_path / "vector", IMAGE)


def test_the_names_of_controls_and_external_generators_need_no_torch():
    code = "import sys, gannb.generators.registry, gannb.generators.simple; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_unknown_augmentation_of_the_gan_is_refused():
    with pytest.raises(InputError, match="gan_augmentation: 'adapt' is none of auto, none, diffaugment, policy, ada"):
        make(IMAGE, "mlp", gan_augmentation="adapt", augmentation="flip")
