"""Flows of images: sides, parameters of a study, and a whole small study."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_flows import OF_IMAGES
from tiny_gans import make_draw

from gannb.generators import registry
from gannb.generators.flow.flow import Flow
from gannb.generators.interface import Condition, Job
from gannb.media.captioned import CAPTIONED
from gannb.media.image import IMAGE
from gannb.media.image.flows.families import FLOWS
from gannb.media.image.parameters import FLOW_STEPS, GUIDANCE, ImageParameters
from gannb.utils.errors import InputError


@pytest.fixture(autouse=True)
def tiny_flow(monkeypatch):
    monkeypatch.setitem(FLOWS, "flow", OF_IMAGES)
    monkeypatch.setitem(CAPTIONED.families, "flow", OF_IMAGES)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((7, 8, 1), "gan: flow makes images of 8 to 64 pixels a side, not 7x8; use mlp, or set size"),
        ((64, 65, 3), "gan: flow makes images of 8 to 64 pixels a side, not 64x65; use projection, "),
        ((8, 8, 5), "gan: flow makes images of 1 to 4 channels"),
    ],
)
def test_sides_that_it_cannot_do_are_refused_in_a_sentence(shape, reason):
    with pytest.raises(InputError, match=reason):
        registry.make(IMAGE, "flow").check(make_draw(shape=shape), Job(1, 0))


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 24, 3)])
def test_images_of_any_sides_are_made_and_saved(shape, tmp_path):
    made = registry.make(IMAGE, "flow").fit(make_draw(shape=shape), Job(3, 0))
    made.save(tmp_path)
    asked = Condition(np.array([0, 2, 1]))
    x = registry.load(tmp_path, IMAGE).sample(asked, 4)
    assert x.dtype == np.uint8 and x.shape == (3, *shape) and np.array_equal(x, made.sample(asked, 4))


def test_it_learns_the_brightness_of_each_class():
    family = replace(OF_IMAGES, learning_rate=1e-2, warm_up=5, ema=0.9)
    flow = Flow(IMAGE, family).fit(make_draw(n=8), Job(80, 1))
    made = flow.sample(Condition(np.repeat([0, 1, 2], 32)), 0)
    means = np.array([made[32 * k : 32 * (k + 1)].mean() for k in range(3)])
    assert np.diff(means).min() > 8 and np.abs(means - [80, 110, 140]).max() < 25 and flow.log == []


def test_the_defaults_of_a_study_are_those_of_the_family():
    known = ImageParameters()
    assert (known.flow_steps, known.guidance) == (FLOW_STEPS, GUIDANCE) == (10, 1.0)


@pytest.mark.parametrize("wrong", [{"flow_steps": 0}, {"flow_steps": 201}, {"guidance": 0.9}, {"guidance": 11}])
def test_other_values_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ImageParameters(**wrong)


def test_captioned_images_have_it_too_told_the_class_alone():
    assert not CAPTIONED.families["flow"].takes_captions
    with pytest.raises(InputError, match="captions: this generator knows labels alone"):
        flow = registry.make(CAPTIONED, "flow").fit(make_draw(), Job(1, 0))
        flow.sample(Condition(np.array([0]), np.array(["a red cup"])), 0)


def test_a_description_of_weights_alone_is_enough_elsewhere(tmp_path):
    """Steps and guidance lie with the weights: a study that is given them follows the flow as it was."""
    from gannb.generators.adversarial.sampling import generate, noise_rows
    from gannb.generators.external import open_network, read_weights

    family = OF_IMAGES.set_as({"flow_steps": 5, "guidance": 2.0})
    made = Flow(IMAGE, family).fit(make_draw(), Job(3, 0))
    made.save(tmp_path)
    about = json.loads((tmp_path / "generator.json").read_text())
    tensors, _ = read_weights(tmp_path / "generator.safetensors")
    network = open_network(IMAGE, about["generator"], (8, 8, 1), about["n_classes"], tensors)
    labels = np.array([0, 1, 2])
    noise = noise_rows(7, np.arange(3), OF_IMAGES.noise_of((8, 8, 1)))
    x = generate(OF_IMAGES.form(IMAGE, (8, 8, 1)), network, noise, labels)
    assert np.array_equal(x, made.sample(Condition(labels), 7))
