"""What all generators share: made by name for a study, saved, loaded, and refusing what none can do."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tiny_gans import TINY, make_draw

from gannb.generators.external import OUTSIDE
from gannb.generators.interface import Job
from gannb.generators.simple import SIMPLE, Copies, Gaussian
from gannb.media.image.gans.families import FAMILIES
from gannb.media.medium import GENERATORS, load
from gannb.utils.errors import InputError

FITTED = [*FAMILIES, *SIMPLE]  # those from outside learn nothing: test_foreign.py, test_related.py
STUDY = SimpleNamespace(gan_augmentation="auto", augmentation="auto")


@pytest.fixture(autouse=True)
def tiny_families(monkeypatch):
    """Families have narrow networks."""
    for name, family in TINY.items():
        monkeypatch.setitem(FAMILIES, name, family)


def test_every_family_every_simple_kind_and_every_source_from_outside_is_a_generator():
    assert list(GENERATORS) == [*FAMILIES, *SIMPLE, *OUTSIDE]


@pytest.mark.parametrize("name", FITTED)
def test_saved_and_loaded_a_generator_gives_the_same_samples(name, tmp_path):
    draw = make_draw(shape=(17, 19, 3))
    fitted = GENERATORS[name](STUDY).fit(draw, Job(2, seed=1))
    fitted.save(tmp_path / "g")
    assert {p.name for p in (tmp_path / "g").iterdir()} == {"generator.json", "generator.safetensors"}
    labels = np.array([2, 0, 1, 1])
    expected = fitted.sample(labels, 7)
    assert expected.shape == (4, 17, 19, 3) and expected.dtype == np.uint8
    for loaded in (load(tmp_path / "g"), type(fitted).load(tmp_path / "g")):
        assert np.array_equal(loaded.sample(labels, 7), expected)


@pytest.mark.parametrize("name", FITTED)
def test_labels_out_of_range_and_an_absent_class_are_refused(name):
    draw = make_draw()
    with pytest.raises(InputError, match="no item of class 'class 2'"):
        GENERATORS[name](STUDY).fit(draw.take(draw.y < 2), Job(1, 0))
    fitted = GENERATORS[name](STUDY).fit(draw, Job(1, 0))
    for labels in ([0, 3], [-1], [[0, 1]]):
        with pytest.raises(InputError, match=r"0\.\.2"):
            fitted.sample(np.array(labels), 0)
    assert fitted.sample(np.array([], dtype=int), 0).shape == (0, 8, 8, 1)


def test_a_folder_without_a_generator_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path)
    Copies().fit(make_draw(), Job(0, 0)).save(tmp_path)
    with pytest.raises(InputError, match="holds a copies generator, not gaussian"):
        Gaussian.load(tmp_path)
    (tmp_path / "generator.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"generator": "nothing"}', '{"generator": []}'])
def test_a_folder_whose_description_is_of_no_generator_is_refused(text, tmp_path):
    (tmp_path / "generator.json").write_text(text)
    with pytest.raises(InputError, match="holds no readable generator"):
        load(tmp_path)


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
    made = GENERATORS["mlp"](SimpleNamespace(gan_augmentation=gan_augmentation, augmentation="flip"))
    assert (made.policy, made.adaptive) == (policy, adaptive)


def test_an_unknown_augmentation_of_the_gan_is_refused():
    with pytest.raises(InputError, match="gan_augmentation: 'adapt' is none of auto, none, diffaugment, policy, ada"):
        GENERATORS["mlp"](SimpleNamespace(gan_augmentation="adapt", augmentation="flip"))
