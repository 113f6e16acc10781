"""The guard: planted faults are noticed, mended by one change, and given up in the end; sound trainings are left alone.

Faults are planted as functions of the training's own state, so that a resumed training meets them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_gans import TINY, digits_draw, equal, make_draw, make_training
from torch import nn
from toy_media import FLOAT, INT16, vectors

from gannb.generators.adversarial import gan, guard
from gannb.generators.adversarial import training as training_module
from gannb.generators.adversarial.checkpoint import identity
from gannb.generators.adversarial.family import RELATIVISTIC, WASSERSTEIN
from gannb.generators.adversarial.gan import train
from gannb.generators.adversarial.guard import (
    COLLAPSED,
    LASTING,
    LECAM_WEIGHT,
    MOST_REMEDIES,
    SPREAD,
    Guard,
    TrainingError,
)
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Job
from gannb.media.image.gans.dcgan import DcganDiscriminator
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.gans.mlp import MlpGenerator


def start(family="mlp", steps: int = 40, draw=None) -> Guard:
    draw = make_draw() if draw is None else draw
    return Guard(make_training(family, steps, draw=draw), draw)


def plant(training: Training, fault: Callable[[Training], None]) -> None:
    """Have a fault done to the training after every step."""
    sound = training.advance

    def advance() -> None:
        sound()
        fault(training)

    training.advance = advance


def spoil(network: nn.Module, value: float = float("nan")) -> None:
    with torch.no_grad():
        next(p for p in network.parameters() if p.ndim > 1)[0, 0] = value


def to_next_check(watched: Guard) -> bool:
    watched.training.advance()
    while not watched.is_due():
        watched.training.advance()
    return watched.check()


def differing(state: tuple[dict, dict], before: tuple[dict, dict]) -> set[str]:
    """Names of what differs between two states of a guard."""
    names = {n for n in state[0].keys() | before[0].keys() if not equal_at(state[0], before[0], n)}
    for n in state[1].keys() | before[1].keys():
        names |= {n} if state[1].get(n) != before[1].get(n) else set()
    return names


def equal_at(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], name: str) -> bool:
    return name in a and name in b and torch.equal(a[name], b[name])


@pytest.fixture
def strict(monkeypatch):
    """A guard that counts what it sees from the first step on, and at once."""
    monkeypatch.setattr(guard, "START", 0)
    monkeypatch.setattr(guard, "LASTING", 1)


# ---- values that are not finite ----


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("network", ["generator", "discriminator", "average", "tail"])
def test_a_weight_that_is_not_finite_is_noticed_and_mended_by_half_the_rate(network, value):
    watched = start()
    assert to_next_check(watched) and to_next_check(watched)
    good, training = watched.state(), watched.training
    training.advance()
    spoil(getattr(training, network), value)
    assert not to_next_check(watched)
    assert training.step == 8 and differing(watched.state(), good) == {"rates", "guard"}
    assert training.rate("generator") == training.rate("discriminator") == 0.0005
    (event,) = watched.log
    assert (event["step"], event["number"], event["back_to"]) == (12, 1, 8)
    assert event["fault"] == "a loss or a weight is no longer a finite number"
    assert event["remedy"] == "learning rate halved to 0.0005"
    assert to_next_check(watched) and training.step == 12  # and it goes on


def test_a_moment_of_an_optimiser_that_is_not_finite_is_noticed():
    """Its weight would stay where it is for good."""
    watched = start()
    assert to_next_check(watched)
    optimiser = watched.training.optimisers["discriminator"]
    optimiser.state[optimiser.param_groups[0]["params"][0]]["exp_avg_sq"].view(-1)[0] = float("inf")
    assert not to_next_check(watched)
    assert watched.log[0]["fault"] == "a loss or a weight is no longer a finite number" and to_next_check(watched)


def test_a_fault_that_lower_rates_end_is_mended_by_as_many_remedies_as_it_takes():
    watched = start()
    plant(watched.training, lambda t: spoil(t.generator) if t.rate("generator") > 0.0003 and t.step > 9 else None)
    train(watched, None, {})
    assert [event["remedy"] for event in watched.log] == [
        "learning rate halved to 0.0005",
        "learning rate halved to 0.00025",
    ]
    assert watched.training.step == 40 and watched.training.is_finite()


def test_a_rate_at_which_training_diverges_for_good_ends_in_one_clear_sentence():
    watched = start(replace(TINY["mlp"], learning_rate=1e36))
    with pytest.raises(TrainingError) as raised:
        train(watched, None, {})
    text = str(raised.value)
    assert len(watched.log) == MOST_REMEDIES
    assert "mlp GAN fails at step 4 (a loss or a weight is no longer a finite number), after 3 remedies" in text
    assert re.search(r"try another family \(gan\), fewer steps \(gan_steps\), .* another seed\.$", text)
    assert "\n" not in text and text.count(". ") == 0


def test_what_is_left_after_giving_up_is_the_last_good_state():
    watched = start()
    train_to = [to_next_check(watched) for _ in range(3)]
    good = watched.state()
    plant(watched.training, lambda t: spoil(t.discriminator))
    with pytest.raises(TrainingError, match="fails at step 16"):
        train(watched, None, {})
    assert train_to == [True] * 3 and differing(watched.good, good) == {"rates", "guard"}


# ---- collapse ----


class Forgetful(MlpGenerator):
    """Ignores its noise where told to."""

    forgets = False

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.zeros_like(noise) if self.forgets else noise, labels)


FORGETFUL = replace(TINY["mlp"], generator=lambda shape, classes: Forgetful(shape, classes, hidden=32))


def test_a_generator_that_begins_to_ignore_its_noise_is_noticed_and_mended(monkeypatch, strict):
    watched = start(FORGETFUL)
    training = watched.training

    def forget(t: Training) -> None:
        monkeypatch.setattr(Forgetful, "forgets", t.step >= 18 and t.rate("generator") == 0.001)

    plant(training, forget)
    while training.step < 16:
        assert to_next_check(watched)
    assert max(watched.diversity["ratio"]) >= SPREAD
    good = watched.state()
    assert not to_next_check(watched)
    assert training.step == 16 and differing(watched.state(), good) == {"rates", "guard"}
    assert (training.rate("generator"), training.rate("discriminator")) == (0.0005, 0.001)
    assert watched.log[0]["fault"] == "samples of a class differ only 0.00 times as much as the real ones"
    assert watched.log[0]["remedy"] == "learning rate of the generator halved to 0.0005"
    train(watched, None, {})
    assert len(watched.log) == 1 and training.step == 40 and min(watched.diversity["ratio"]) > COLLAPSED


def test_a_generator_that_ignores_its_noise_for_good_is_given_up(monkeypatch, strict):
    watched = start(FORGETFUL)
    plant(watched.training, lambda t: monkeypatch.setattr(Forgetful, "forgets", t.step >= 18))
    with pytest.raises(TrainingError, match=r"step 20 \(samples of a class differ only 0\.00 .*, after 3 remedies"):
        train(watched, None, {})
    remedies = [event["remedy"] for event in watched.log]
    assert remedies == [f"learning rate of the generator halved to {r}" for r in ("0.0005", "0.00025", "0.00013")]


def test_a_generator_that_ignores_its_noise_from_the_start_is_given_up_once_it_is_late(monkeypatch, strict):
    monkeypatch.setattr(Forgetful, "forgets", True)
    monkeypatch.setattr(guard, "LEAST_STEPS", 20)
    watched = start(FORGETFUL, steps=80)
    with pytest.raises(TrainingError, match=r"step 40 \(samples of a class differ only 0\.00"):
        train(watched, None, {})
    assert [event["step"] for event in watched.log] == [40, 40, 40] and max(watched.diversity["ratio"]) == 0


def test_a_short_training_may_not_have_spread_yet(monkeypatch):
    monkeypatch.setattr(Forgetful, "forgets", True)
    watched = start(FORGETFUL, steps=40)
    train(watched, None, {})
    assert watched.log == [] and watched.diversity["ratio"] == [0] * 10


# ---- faults that pass, and faults that last ----


def faults_at(monkeypatch, *steps: int) -> Guard:
    """A guard that counts from the first step on; samples are all alike at these steps of 80."""
    monkeypatch.setattr(guard, "START", 0)
    watched = start(FORGETFUL, steps=80)
    plant(watched.training, lambda t: monkeypatch.setattr(Forgetful, "forgets", t.step in steps))
    return watched


def test_a_fault_that_passes_is_left_alone(monkeypatch):
    watched = faults_at(monkeypatch, *range(20, 20 + 4 * (LASTING - 1)), *range(48, 48 + 4 * (LASTING - 1)))
    train(watched, None, {})
    assert watched.log == [] and watched.diversity["ratio"].count(0) == 2 * (LASTING - 1)


def test_a_fault_that_lasts_leads_back_to_before_it_was_first_seen(monkeypatch):
    watched = faults_at(monkeypatch, *range(20, 80))
    for number in range(2):  # the second time it is given as long again
        while len(watched.log) == number:
            to_next_check(watched)
        event = watched.log[number]
        assert (event["step"], event["back_to"]) == (20 + 4 * (LASTING - 1), 16)
        assert watched.diversity["step"][-1] == 16 and min(watched.diversity["ratio"]) > 0


def test_a_fault_at_the_end_counts_at_once(monkeypatch):
    watched = faults_at(monkeypatch, 80)
    with pytest.raises(TrainingError, match=r"step 80 \(samples of a class differ only 0\.00"):
        train(watched, None, {})
    assert [event["back_to"] for event in watched.log] == [76] * MOST_REMEDIES


def test_what_samples_did_at_the_start_does_not_count(monkeypatch):
    """They spread and draw together again: an untrained network's samples differ too."""

    def made() -> Guard:
        watched = start(FORGETFUL, steps=80)
        plant(watched.training, lambda t: monkeypatch.setattr(Forgetful, "forgets", 20 <= t.step < 60))
        return watched

    monkeypatch.setattr(guard, "LASTING", 1)
    watched = made()
    train(watched, None, {})
    ratios = watched.diversity["ratio"]
    assert watched.log == [] and max(ratios[:4]) >= SPREAD and ratios[4:14] == [0] * 10 and ratios[-1] >= SPREAD
    monkeypatch.setattr(guard, "START", 0)
    with pytest.raises(TrainingError, match="step 20"):
        train(made(), None, {})


def test_networks_that_take_turns_are_late_later(monkeypatch):
    draw = make_draw()
    together, in_turn = (start(replace(FAMILIES["mlp"], one_class_batches=turns), draw=draw) for turns in (False, True))
    assert (together.started, in_turn.started) == (guard.START, draw.n_classes * guard.START)
    assert together.late == guard.LEAST_STEPS and in_turn.late == draw.n_classes * guard.LEAST_STEPS


def test_diversity_is_the_distance_of_samples_over_that_of_the_draw():
    draw = make_draw()
    watched = start("mlp", draw=draw)
    to_next_check(watched)

    def spread(x: np.ndarray, y: np.ndarray) -> float:
        flat = x.reshape(len(x), -1) / 255
        pairs = [[np.linalg.norm(a - b) for a in flat[y == k] for b in flat[y == k] if a is not b] for k in range(3)]
        means = [sum(p) / ((y == k).sum() * ((y == k).sum() - 1)) for k, p in enumerate(pairs)]
        return float(np.mean(means))

    expected = spread(*watched.training.fixed_samples()) / spread(draw.x, draw.y)
    assert watched.diversity == {"step": [4], "ratio": [pytest.approx(expected, rel=1e-3)], "collapsed": [0]}


class PartlyForgetful(MlpGenerator):
    """Ignores its noise in some classes where told to."""

    forgotten = ()

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        kept = ~torch.isin(labels, torch.tensor(self.forgotten, dtype=labels.dtype))
        return super().forward(noise * kept[:, None], labels)


PARTLY = replace(TINY["mlp"], generator=lambda shape, classes: PartlyForgetful(shape, classes, hidden=32))


def test_half_of_the_classes_collapsed_is_a_collapse_however_the_others_do(monkeypatch, strict):
    watched = start(PARTLY, steps=80, draw=make_draw(classes=12))
    forgotten = lambda t: range(5, 12) if t.step > 40 else ()  # noqa: E731
    plant(watched.training, lambda t: monkeypatch.setattr(PartlyForgetful, "forgotten", forgotten(t)))
    while watched.training.step < 40:
        assert to_next_check(watched)
    assert watched.spread.sum() == 11  # the images of class 6 are too unlike each other for so few steps
    with pytest.raises(TrainingError, match=r"step 44 \(all samples of a class look alike in 6 of 12 classes\)"):
        train(watched, None, {})


def test_classes_that_have_never_spread_have_not_collapsed_before_it_is_late(monkeypatch, strict):
    monkeypatch.setattr(PartlyForgetful, "forgotten", range(6, 12))
    watched = start(PARTLY, draw=make_draw(classes=12))
    train(watched, None, {})
    assert watched.log == [] and watched.diversity["collapsed"] == [0] * 10
    monkeypatch.setattr(guard, "LEAST_STEPS", 20)
    with pytest.raises(TrainingError, match="look alike in 6 of 12 classes"):
        train(start(PARTLY, draw=make_draw(classes=12)), None, {})


def test_a_checkpoint_of_before_classes_were_counted_goes_on(tmp_path):
    watched, resumed = start(steps=24), start(steps=24)
    while watched.training.step < 12:
        to_next_check(watched)
    tensors, values = watched.state()
    del values["guard"]["diversity"]["collapsed"], values["guard"]["spread"]
    resumed.restore(tensors, values)
    train(resumed, None, {})
    assert resumed.training.step == 24 and len(resumed.diversity["collapsed"]) == 3
    assert list(resumed.diversity) == ["step", "ratio", "collapsed"]  # in one order, resumed or not


def test_a_class_that_collapses_is_counted_and_the_others_are_left_alone(monkeypatch, strict):
    watched = start(PARTLY, draw=make_draw(classes=12))
    plant(watched.training, lambda t: monkeypatch.setattr(PartlyForgetful, "forgotten", (11,) if t.step > 16 else ()))
    train(watched, None, {})
    assert watched.log == [] and watched.diversity["collapsed"] == [0] * 4 + [1] * 6


def test_classes_that_spread_one_after_the_other_have_not_collapsed(monkeypatch, strict):
    """Some have spread already, and the others waver about the limit."""
    watched = start(PARTLY, draw=make_draw(classes=12))
    waver = lambda t: range(5 + t.step // 4 % 3, 12)  # noqa: E731
    plant(watched.training, lambda t: monkeypatch.setattr(PartlyForgetful, "forgotten", waver(t)))
    train(watched, None, {})
    assert watched.log == []


def test_a_class_without_two_different_images_is_not_watched():
    draw = make_draw(n=4).take([0, 1, 2, 3, 4, 8, 8, 8])  # one of class 1, the same one of class 2
    watched = start(draw=draw)
    assert list(watched.watched) == [True, False, False] and to_next_check(watched)
    assert watched.diversity["ratio"][0] > 0 and watched.diversity["collapsed"] == [0]


def test_a_class_in_which_real_images_may_look_alike_is_not_watched():
    """Of ten images nine are black: eight of them at random are all black in two cases of five."""
    draw = make_draw(n=10, classes=2)
    draw.x[draw.y == 0] = 0
    draw.x[np.flatnonzero(draw.y == 0)[0]] = 200
    assert list(start(draw=draw).watched) == [False, True]


def test_a_class_whose_images_differ_by_less_than_a_grey_level_is_not_watched():
    draw = make_draw(n=10, classes=3)
    rng = np.random.default_rng(0)
    for k, most in enumerate((1, 8)):
        draw.x[draw.y == k] = rng.integers(0, most + 1, draw.x[draw.y == k].shape)
    assert list(start(draw=draw).watched) == [False, True, True]


@pytest.mark.parametrize(("medium", "watched"), [(INT16, False), (FLOAT, True)], ids=["int16", "float32"])
def test_what_rounding_may_do_is_the_mediums_to_say(medium, watched):
    """The vectors of class 0 differ by one step of an int16, which in floats is a difference."""
    draw = vectors(medium, n=10)
    draw.x[draw.y == 0] = np.random.default_rng(0).integers(0, 2, (10, 5)) / (1 if medium is INT16 else 32768)
    training = Training(medium, medium.families["vector"], "none", draw, Job(40, 1))
    assert list(Guard(training, draw).watched) == [watched, True]


def test_of_large_images_fewer_stand_for_all(monkeypatch):
    draw = make_draw(n=40, classes=2)
    all_of_them = start(draw=draw).usual
    monkeypatch.setattr(guard, "MOST_VALUES", 20 * draw.x[0].size)
    fewer = start(draw=draw).usual
    monkeypatch.setattr(guard, "MOST_ITEMS", 20)
    assert (fewer == start(draw=draw).usual).all() and (fewer != all_of_them).all()


def test_of_a_large_class_some_images_stand_for_all(monkeypatch):
    draw = make_draw(n=40)
    whole = start(draw=draw).usual
    monkeypatch.setattr(guard, "MOST_ITEMS", 20)
    assert start(draw=draw).usual == pytest.approx(whole, rel=0.1) and (start(draw=draw).usual != whole).all()


def test_draws_without_two_different_items_of_a_class_have_no_diversity_and_no_alarm():
    for draw in (make_draw(n=1, classes=5), make_draw(n=2).take([0, 0, 2, 2, 4, 4])):
        watched = start("mlp", draw=draw)
        train(watched, None, {})
        assert watched.log == [] and np.isnan(watched.diversity["ratio"]).all()


# ---- overfitting ----


class Marked(MlpGenerator):
    """Its images have a black pixel where those of the draw have a white one."""

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        images = super().forward(noise, labels).clone()
        images[:, :, 0, 0] = -1
        return images


class Oracle(nn.Module):
    """Scores by the marked pixel, whatever it learns."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.unused = nn.Linear(1, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return 4 * x[:, 0, 0, 0] + 0 * (self.unused.weight.sum() + self.unused.bias.sum()) + 0 * x.mean((1, 2, 3)), None


def marked_draw():
    draw = make_draw()
    draw.x[:, 0, 0] = 255
    return draw


MARKED = replace(
    TINY["mlp"],
    generator=lambda shape, classes: Marked(shape, classes, hidden=32),
    auxiliary_weight=0.0,
    augmentation=FAMILIES["dcgan"].augmentation,
)
NEVER_WRONG = replace(MARKED, discriminator=Oracle)


def test_a_discriminator_may_win_at_the_start(monkeypatch, strict):
    monkeypatch.setattr(guard, "START", 12)
    watched = start(NEVER_WRONG, steps=20, draw=marked_draw())
    assert to_next_check(watched) and to_next_check(watched) and not to_next_check(watched)
    assert watched.log[0]["step"] == 12


def test_where_only_differences_of_scores_mean_something_penalties_bound_it(strict):
    relative = replace(NEVER_WRONG, loss=RELATIVISTIC, r1=0.0, r2=0.0, penalty_every=1)
    watched = start(relative, draw=marked_draw())
    good = watched.state()
    assert not to_next_check(watched)
    assert differing(watched.state(), good) == {"strength", "guard"} and watched.training.strength == 2
    assert watched.log[0]["remedy"] == "R1 and R2 penalties on the discriminator, 2 times as strong"


@pytest.mark.parametrize("gap", [0.0, 8.0])
def test_where_a_loss_has_no_least_value_nothing_tells_that_it_is_won(gap, strict):
    endless = replace(WASSERSTEIN, discriminator=lambda real, fake: 0 * real.mean() - gap)
    watched = start(replace(NEVER_WRONG, loss=endless), steps=20, draw=marked_draw())
    train(watched, None, {})
    assert watched.log == [] and watched.training.curves["sureness"][-1] == 1


def test_a_discriminator_that_is_never_wrong_is_noticed_and_bounded(strict):
    watched = start(NEVER_WRONG, draw=marked_draw())
    good = watched.state()
    assert not to_next_check(watched)
    assert watched.training.step == 0 and differing(watched.state(), good) == {"lecam", "guard"}
    assert watched.training.lecam == LECAM_WEIGHT
    assert watched.log[0]["fault"] == "the discriminator is never wrong any more (loss 0.000)"
    assert watched.log[0]["remedy"] == "LeCam penalty on the discriminator, weight 0.3"


def test_a_discriminator_that_stays_never_wrong_is_given_up(monkeypatch, strict):
    monkeypatch.setattr(training_module, "lecam", lambda *_: torch.zeros(()))  # a remedy without effect
    watched = start(NEVER_WRONG, draw=marked_draw())
    with pytest.raises(TrainingError, match=r"step 4 \(the discriminator is never wrong any more .*after 3 remedies"):
        train(watched, None, {})
    assert [event["remedy"][-3:] for event in watched.log] == ["0.3", "0.6", "1.2"]


def test_a_bounded_discriminator_that_is_still_never_wrong_is_noticed(strict):
    watched = start(NEVER_WRONG, draw=marked_draw())
    with pytest.raises(TrainingError, match="never wrong any more"):
        train(watched, None, {})


def test_the_penalty_mends_a_discriminator_that_has_learned_to_be_never_wrong(strict):
    learner = replace(MARKED, discriminator=lambda s, k: DcganDiscriminator(s, k, base=8), learning_rate=5e-3)
    watched = start(learner, steps=120, draw=marked_draw())
    train(watched, None, {})
    assert 1 <= len(watched.log) <= MOST_REMEDIES and watched.training.step == 120
    assert all("never wrong" in event["fault"] for event in watched.log)
    assert watched.training.lecam >= LECAM_WEIGHT


def test_a_discriminator_that_is_sure_but_has_more_to_learn_is_left_alone(strict):
    unsure = replace(NEVER_WRONG, loss=replace(NEVER_WRONG.loss, discriminator=lambda r, f: 0 * r.mean() + 0.5))
    watched = start(unsure, steps=20, draw=marked_draw())
    train(watched, None, {})
    assert watched.log == [] and watched.training.curves["sureness"][-1] == 1


# ---- a training that was mended, killed and resumed ----


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("killed_at", [11, 14, 21])  # before the fault, after it, after a checkpoint that knows of it
def test_a_mended_training_killed_and_resumed_equals_an_undisturbed_one(killed_at, tmp_path, monkeypatch):
    monkeypatch.setattr(gan, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(gan, "PROGRESS_EVERY", 0.0)

    def make(progress=lambda done, total: None) -> Guard:
        watched = start("projection", steps=24)
        watched.training.job = replace(watched.training.job, progress=progress)
        plant(watched.training, lambda t: spoil(t.generator) if t.step == 10 and t.rate("generator") > 3e-4 else None)
        return watched

    def kill(done: int, total: int) -> None:
        if done == killed_at:
            raise Killed

    undisturbed, killed, resumed = make(), make(kill), make()
    train(undisturbed, None, {})
    about = identity(killed.training, make_draw())
    with pytest.raises(Killed):
        train(killed, tmp_path / "c", about)
    train(resumed, tmp_path / "c", about)
    assert len(undisturbed.log) == 1 and differing(resumed.state(), undisturbed.state()) == set()
    assert differing(resumed.good, undisturbed.good) == set()


# ---- no false alarm ----


@pytest.mark.slow
@pytest.mark.parametrize("family", list(TINY))
def test_sound_trainings_of_every_family_are_left_alone(family):
    draw = digits_draw(n=8, classes=3)
    watched = start(family, steps=150, draw=draw)
    train(watched, None, {})
    assert watched.log == [] and watched.diversity["step"] == [*range(4, 149, 4), 150]
    assert np.isfinite(watched.diversity["ratio"]).all()


@pytest.mark.slow
def test_the_mlp_family_on_digits_is_left_alone_beyond_the_guards_patience():
    draw = digits_draw()
    watched = start(FAMILIES["mlp"], steps=600, draw=draw)
    train(watched, None, {})
    assert watched.log == [] and COLLAPSED < watched.diversity["ratio"][-1] < 1.5


def test_looking_changes_nothing_in_the_training():
    watched, plain = start("projection", steps=8), make_training("projection", 8)
    train(watched, None, {})
    for _ in range(8):
        plain.advance()
    assert equal(watched.training.state()[0], plain.state()[0])
