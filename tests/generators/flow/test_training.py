"""Training a flow: it learns, resumes exactly, and is watched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_flows import FAMILY, VECTORS, two_classes
from tiny_gans import equal

from gannb.generators.adversarial import gan as adversarial
from gannb.generators.adversarial.checkpoint import identity
from gannb.generators.adversarial.gan import train
from gannb.generators.adversarial.guard import TrainingError
from gannb.generators.flow import family as flow_family
from gannb.generators.flow import training as flow_training
from gannb.generators.flow.family import moments_of
from gannb.generators.flow.training import FlowGuard, FlowTraining
from gannb.generators.interface import Job
from gannb.utils.errors import InputError

DRAW = two_classes()


class Killed(BaseException):
    """Stands for the end of the process."""


def start(steps: int = 12, **changes) -> FlowGuard:
    return FlowGuard(FlowTraining(VECTORS, replace(FAMILY, **changes), DRAW, Job(steps, 3)), DRAW)


@pytest.fixture
def every_step(monkeypatch):
    """Progress after every step, and a checkpoint whenever the guard has looked: after every fourth."""
    monkeypatch.setattr(adversarial, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)
    monkeypatch.setattr(flow_family, "SHORT", 1)  # grids on the way, too


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_killed_and_resumed_from_the_file_equals_undisturbed_bit_for_bit(guidance, tmp_path, every_step):
    undisturbed, killed, resumed = (start(guidance=guidance) for _ in range(3))
    train(undisturbed, None, {})

    def kill(done: int, total: int) -> None:
        if done == 10:
            raise Killed

    killed.training.job = replace(killed.training.job, progress=kill)
    about = identity(killed.training, DRAW)
    with pytest.raises(Killed):
        train(killed, tmp_path / "c", about)
    steps: list[int] = []
    resumed.training.job = replace(resumed.training.job, progress=lambda done, total: steps.append(done))
    train(resumed, tmp_path / "c", about)
    assert steps[:2] == [8, 9]  # it did go on from the checkpoint after step 8
    (tensors, values), (expected, expected_values) = resumed.state(), undisturbed.state()
    assert equal(tensors, expected) and values == expected_values
    assert values["grid_steps"] == [2, 3, 6, 12]


@pytest.mark.parametrize("change", [{"flow_steps": 5}, {"guidance": 2.0}, {"warm_up": 3}])
def test_a_checkpoint_of_other_settings_is_refused(change, tmp_path, every_step):
    guard, other = start(), start(**change)
    train(guard, tmp_path / "c", identity(guard.training, DRAW))
    with pytest.raises(InputError, match=r"of another training \(settings differ\)"):
        train(other, tmp_path / "c", identity(other.training, DRAW))


def test_the_field_is_fitted_to_the_straight_way_from_noise_to_items():
    """Equation 23 of Lipman et al. 2023: at the ends of the way the field of a point has to be x1 - x0."""
    seen = []
    training = start().training

    class Zero(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def forward(self, x, times, shares):
            seen.append((x, times, shares))
            return self.weight * x

    training.generator.field = Zero()
    training.optimisers["generator"].param_groups[0]["params"] = [training.generator.field.weight]
    training.rng.manual_seed(0)
    index = torch.arange(8)
    loss = float(training._learn(index))
    (x, times, shares), items = seen[0], training.x[index]
    t = times[:, None]
    noise = (x - t * items) / (1 - t)
    assert loss == pytest.approx(float((items - noise).square().mean()), rel=1e-4)
    assert ((times * 8).floor() == index).all()  # spread evenly over 0..1
    assert torch.equal(shares, torch.eye(2)[training.conditioning.y[index]])


def test_of_some_items_the_class_is_hidden_where_guidance_needs_that_and_of_none_where_not():
    told = torch.zeros(2000, dtype=torch.int64)
    hidden = (start(guidance=2.0, unlabelled=0.3).training._shares(told).sum(1) == 0).float().mean()
    assert hidden == pytest.approx(0.3, abs=0.05)
    assert start(guidance=1.0, unlabelled=0.3).training._shares(told).sum(1).all()


def test_the_rate_rises_and_falls():
    training = start(100, warm_up=10).training
    shares = []
    for _ in range(100):
        training.advance()
        shares.append(training.optimisers["generator"].param_groups[0]["lr"] / FAMILY.learning_rate)
    assert shares[0] == pytest.approx(0.1) and np.argmax(shares) == 9 and shares[-1] < 0.001


def test_a_short_training_makes_items_once_and_one_that_is_timed_none(monkeypatch):
    """To make them takes as long as many steps: a plan counts them beside the steps that it times."""
    monkeypatch.setattr(flow_training, "make", None)
    guard = FlowGuard(FlowTraining(VECTORS, FAMILY, DRAW, Job(200, 3, looks=False)), DRAW)
    train(guard, None, {})
    assert guard.training.grids == [] and guard.diversity["step"] == []


def test_what_was_seen_at_a_look_stands_until_the_next_one(monkeypatch):
    guard = start(steps=200)
    guard.training.step, guard.doubts, good = 150, 1, guard.good
    assert 150 not in guard.training.moments and not guard.check()
    assert guard.doubts == 1 and guard.good is good  # no state after a doubt is one to go back to
    guard.doubts = 0
    assert guard.check() and guard.good is not good
    assert moments_of(1) == {1} and moments_of(10) == {10} and moments_of(40) == {40}
    assert moments_of(8000) == {250, 500, 1000, 2000, 4000, 8000}


def test_items_are_looked_at_where_some_are_made_anyway_and_numbers_more_often(monkeypatch):
    guard, made = start(200), []
    sound = flow_training.make
    monkeypatch.setattr(flow_training, "make", lambda *a: made.append(guard.training.step) or sound(*a))
    train(guard, None, {})
    assert made == [200] and guard.diversity["step"] == [200]
    assert guard.every == 8


def test_numbers_that_are_not_finite_are_noticed_and_the_rate_halved():
    guard = start(20)
    guard.check()
    guard.training.generator.field.layers[0].weight.data.fill_(float("nan"))
    guard.training.advance()
    for _ in range(3):
        guard.training.is_finite = lambda: False
        guard.check()
    assert guard.log[0]["remedy"] == "learning rate halved to 0.005" and guard.training.step == 0
    with pytest.raises(TrainingError, match="flow"):
        guard.check()
