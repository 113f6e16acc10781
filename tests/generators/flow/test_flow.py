"""Flows as generators: fitted, sampled, blended, saved and loaded."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_flows import FAMILY, VECTORS, two_classes

from gannb.generators import registry
from gannb.generators.flow import flow as flow_module
from gannb.generators.flow.flow import Flow
from gannb.generators.interface import Condition, Job
from gannb.utils.errors import InputError

LABELS = np.arange(6) % 2
ASKED = Condition(LABELS)


@pytest.fixture(scope="module")
def flow() -> Flow:
    """Trained until it knows its two classes: 250 steps."""
    return Flow(VECTORS, FAMILY).fit(two_classes(), Job(250, 1))


def test_it_learns_where_each_class_lies_and_how_far_its_items_are_apart(flow):
    made = flow.sample(Condition(np.repeat([0, 1], 200)), 0)
    low, high = made[:200], made[200:]
    assert np.allclose(low.mean(0), -0.5, atol=0.15) and np.allclose(high.mean(0), 0.5, atol=0.15)
    assert 0.03 < low.std(0).mean() < 0.25
    assert flow.curves["generator_loss"][-1] < 0.7 * flow.curves["generator_loss"][0]


def test_an_item_depends_on_seed_position_and_label_alone(flow):
    made = flow.sample(ASKED, 5)
    assert np.array_equal(made, flow.sample(ASKED, 5)) and not np.array_equal(made, flow.sample(ASKED, 6))
    index = np.array([4, 1])
    assert np.array_equal(flow.sample(Condition(LABELS[index]), 5, index), made[index])
    far = flow.sample(Condition(np.array([1])), 5, np.array([1000]))
    assert np.array_equal(far, flow.sample(Condition(np.repeat(1, 1001)), 5)[1000:])


def test_many_items_are_made_in_parts_that_do_not_show(flow, monkeypatch):
    asked = Condition(np.arange(130) % 2)
    whole = flow.sample(asked, 5)
    monkeypatch.setattr(flow_module, "PART", 64)
    assert np.array_equal(flow.sample(asked, 5), whole)
    assert flow.sample(Condition(np.empty(0, np.int64)), 5).shape == (0, 3)


def test_saved_and_loaded_it_makes_the_same(flow, tmp_path):
    flow.save(tmp_path / "g")
    again = registry.load(tmp_path / "g", VECTORS)
    assert isinstance(again, Flow) and np.array_equal(again.sample(ASKED, 5), flow.sample(ASKED, 5))
    about = json.loads((tmp_path / "g" / "generator.json").read_text())
    assert (about["generator"], about["flow_steps"], about["guidance"], about["log"]) == ("flow", 4, 1.0, [])
    assert set(about["curves"]) == {"step", "generator_loss"} and about["diversity"]["step"] == about["grid_steps"]
    assert "discriminator" not in about["kept"] and again.grids.shape == (len(about["grid_steps"]), 2, 8, 3)


def test_what_a_study_chose_is_what_the_loaded_one_does(tmp_path):
    family = FAMILY.set_as({"flow_steps": 2, "guidance": 3.0})
    flow = Flow(VECTORS, family).fit(two_classes(), Job(2, 1))
    flow.save(tmp_path)
    again = registry.load(tmp_path, VECTORS)
    assert (again.family.flow_steps, again.family.guidance) == (2, 3.0)
    assert np.array_equal(again.sample(ASKED, 5), flow.sample(ASKED, 5))


def test_the_way_between_two_classes_leads_from_one_to_the_other(flow):
    share = np.linspace(0, 1, 200)
    mixed = flow.blend(np.tile([1, 0], (200, 1)), share, 3).mean(1)
    assert mixed[:20].mean() < -0.3 and mixed[-20:].mean() > 0.3
    assert np.array_equal(flow.blend(np.array([[1, 0]]), share[:1], 3).mean(1), mixed[:1])
    with pytest.raises(InputError, match=r"labels must be one row of numbers in 0..1"):
        flow.blend(np.array([[2, 0]]), share[:1], 3)


def test_on_the_way_from_one_noise_to_another_the_ends_are_items_of_the_seed(flow):
    frames, made = flow.between(np.array([1, 0]), 3, 5), flow.sample(Condition(np.array([1, 1, 0, 0])), 3)
    assert frames.shape == (2, 5, 3)
    assert np.allclose(frames[:, 0], made[::2], atol=1e-5) and np.allclose(frames[:, -1], made[1::2], atol=1e-5)


def test_fresh_and_chosen_items_are_those_of_the_flow_as_it_is(flow):
    for variation in FAMILY.variations:
        assert np.array_equal(flow.varied(variation, {}).sample(ASKED, 5), flow.sample(ASKED, 5))


@pytest.mark.parametrize(
    ("options", "steps", "reason"),
    [
        ({"policy": "noise"}, 1, "gan_augmentation: flow has no discriminator, and sees vectors as they are; use auto"),
        ({"adaptive": True}, 1, "gan_augmentation: flow has no discriminator"),
        ({}, 0, "gan_steps: 0 is too few"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_sentence(options, steps, reason):
    with pytest.raises(InputError, match=reason):
        Flow(VECTORS, FAMILY, **options).fit(two_classes(), Job(steps, 0))


def test_guidance_leads_further_into_the_class():
    """Items of two classes that overlap: guided, they are further apart than the classes themselves are."""
    draw = two_classes()
    near = replace(
        draw, x=draw.x + np.float32(0.5) * np.random.default_rng(1).standard_normal(draw.x.shape, np.float32)
    )
    apart = []
    for guidance in (1.0, 3.0):
        flow = Flow(VECTORS, replace(FAMILY, guidance=guidance)).fit(near, Job(200, 1))
        made = flow.sample(Condition(np.repeat([0, 1], 200)), 0)
        apart.append(made[200:].mean() - made[:200].mean())
    assert apart[1] > 1.2 * apart[0] > 0.5
