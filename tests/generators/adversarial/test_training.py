"""The training loop: batches, labels, penalties, averages, adaptive augmentation, and a state that can be resumed."""

from __future__ import annotations

import copy
import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_gans import TINY, equal, make_draw, make_training, usage
from torch import nn

from gannb.generators.adversarial import training as module
from gannb.generators.adversarial.family import HINGE, RELATIVISTIC, WASSERSTEIN, Family
from gannb.generators.adversarial.training import (
    ADA_EVERY,
    Training,
    float_tensors,
)
from gannb.media.image.augmentation.policies import POLICIES, Policy
from gannb.media.image.gans.layers import ByClass

AFFINE = POLICIES["affine"]


def advance(training: Training, steps: int) -> Training:
    for _ in range(steps):
        training.advance()
    return training


class Linear(nn.Module):
    """Score <w, x> with the same w at every pixel."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((shape[2], *shape[:2]), 0.05))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (x * self.w).sum(dim=(1, 2, 3)), None


LINEAR = replace(TINY["mlp"], discriminator=Linear, auxiliary_weight=0.0, augmentation=Policy())
SQUARED_NORM = 64 * 0.05**2  # of Linear at 8x8


# ---- looks at what a device holds ----


def test_all_tensors_of_a_device_are_waited_for_once(monkeypatch):
    training = advance(make_training("mlp"), 2)
    waits, look = [], torch.Tensor.__bool__
    monkeypatch.setattr(torch.Tensor, "__bool__", lambda tensor: [waits.append(1), look(tensor)][1])
    assert training.is_finite() and len(waits) == 1 < len(training._tensors())


def test_networks_that_are_separate_by_class_are_told_the_class_of_a_step_and_wait_for_nothing(monkeypatch):
    training = make_training("dcgan_per_class")
    asked, look = [], torch.Tensor.unique
    advance(training, training.n_classes)  # grids and points of the curves come later
    monkeypatch.setattr(torch.Tensor, "unique", lambda tensor: [asked.append(1), look(tensor)][1])
    told = {id(n): [] for n in (training.generator, training.discriminator)}
    for network in (training.generator, training.discriminator):
        network.register_forward_pre_hook(lambda module, _: told[id(module)].append(module.present))
    before = training.step
    training.advance()
    assert all(rows and all(row == [before % training.n_classes] for row in rows) for rows in told.values())
    assert training.generator.present is None and training.discriminator.present is None
    if before + 1 not in training.moments and (before + 1) % training.every:
        assert asked == []


# ---- batches and labels ----


def seen_by(network: nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """What a network is given from now on."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(tuple(t.detach().clone() for t in inputs)))
    return seen


def as_items(images: torch.Tensor) -> np.ndarray:
    return ((images + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("turns", [1, 3])
def test_the_discriminator_sees_every_real_item_equally_often_with_its_label(turns):
    draw = make_draw()  # 18 items, 8 a batch
    training = make_training(replace(LINEAR, discriminator_steps=turns), draw=draw)
    seen = seen_by(training.discriminator)
    advance(training, 5)
    pairs = [given for given in seen if len(given[0]) == 16]  # reals, then fakes; the generator's turn has fakes alone
    assert len(pairs) == 5 * turns and len(seen) == 5 * turns + 5
    reals = np.concatenate([as_items(images[:8]) for images, _ in pairs])
    counts = usage(reals, draw)
    assert np.ptp(counts) <= 1 and counts.sum() == 40 * turns
    labels = torch.cat([labels[:8] for _, labels in pairs]).numpy()
    assert np.array_equal(np.array([draw.x[draw.y == k].mean() for k in range(3)])[labels].round(-1),
                          reals.mean(axis=(1, 2, 3)).round(-1))  # fmt: skip


@pytest.mark.parametrize("turns", [1, 3])
def test_the_discriminator_learns_several_times_to_the_generators_once(turns):
    training = make_training(replace(TINY["mlp"], discriminator_steps=turns))
    counts = {"generator": 0, "discriminator": 0}
    for name, optimiser in training.optimisers.items():
        optimiser.register_step_post_hook(lambda *_, name=name: counts.update({name: counts[name] + 1}))
    advance(training, 4)
    assert counts == {"generator": 4, "discriminator": 4 * turns} and training.step == 4


def test_the_generator_learns_on_the_fakes_that_the_discriminator_saw_last():
    training = make_training(replace(LINEAR, discriminator_steps=2))
    seen = seen_by(training.discriminator)
    training.advance()
    (first, _), (second, labels), (judged, wanted) = seen
    assert torch.equal(second[8:], judged) and torch.equal(labels[8:], wanted)
    assert not torch.equal(first[8:], second[8:])


def test_labels_of_fakes_follow_the_proportions_of_the_draw():
    draw = make_draw(n=9, classes=2).take(range(12))  # 9 and 3
    training = make_training("mlp", steps=60, draw=draw)
    seen = seen_by(training.generator)
    advance(training, 60)
    labels = torch.cat([labels for _, labels in seen]).float()
    assert len(labels) == 480 and labels.mean() == pytest.approx(0.25, abs=4 * (0.25 * 0.75 / 480) ** 0.5)


def test_every_class_gets_its_lazy_penalties_where_classes_take_turns(monkeypatch):
    """Counted over all steps, every second one would always meet the same classes of an even number."""
    draw, due = make_draw(classes=4), []
    training = make_training(replace(TINY["dcgan_per_class"], r1=1.0, penalty_every=2), draw=draw)
    sound = training._discriminate
    monkeypatch.setattr(training, "_discriminate", lambda *a: due.append((int(a[2][0]), a[4])) or sound(*a))
    advance(training, 16)
    assert [k for k, penalise in due if penalise] == [0, 1, 2, 3] * 2 and len(due) == 16


def test_the_discriminators_images_keep_colours_beyond_the_range():
    training = make_training(replace(TINY["mlp"], augmentation=Policy(brightness=2.0)))
    assert training._augment(torch.zeros((64, 1, 8, 8))).abs().max() > 1


def test_a_batch_of_one_class_holds_reals_and_fakes_of_that_class_each_class_in_turn():
    training = make_training("dcgan_per_class")
    real_or_fake, wanted = seen_by(training.discriminator), seen_by(training.generator)
    for step in range(7):
        training.advance()
        assert set(wanted[-1][1].tolist()) == {step % 3}
    assert all(len(set(labels.tolist())) == 1 for _, labels in real_or_fake)
    draw = make_draw()
    reals = [as_items(images) for images, _ in real_or_fake[::3]]  # reals, fakes, and fakes again for the generator
    assert [set(draw.y[usage(items, draw) > 0]) for items in reals] == [{k % 3} for k in range(7)]


@pytest.mark.parametrize(("n", "expected"), [(2, 6), (4, 8)])
def test_a_batch_is_never_larger_than_the_draw(n, expected):
    draw = make_draw(n=n)  # 3 classes
    training = make_training(LINEAR, draw=draw)
    seen = seen_by(training.discriminator)
    advance(training, 2)
    assert training.batch == expected and len(seen[0][0]) == 2 * expected
    assert usage(as_items(seen[0][0][:expected]), draw).max() == 1


def test_a_batch_of_one_class_is_never_larger_than_the_smallest_class():
    draw = make_draw(n=6).take([0, 1, 2, 3, 4, *range(6, 18)])  # 5, 6, 6
    training = make_training("dcgan_per_class", draw=draw)
    assert training.batch == 5
    advance(training, 3)


# ---- averages ----


def test_the_average_includes_batch_norm_statistics():
    training = make_training("projection", steps=3)
    training.advance()  # momentum 0: the average is the network itself
    name = "norms.0.norm.running_var"
    state = training.generator.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in training.average.state_dict().items() if v.is_floating_point())
    before, momentum = state[name].clone(), 1 - 1 / (1 / 10 + 1)
    training.advance()
    expected = momentum * before + (1 - momentum) * training.generator.state_dict()[name]
    assert torch.allclose(training.average.state_dict()[name], expected)


@pytest.mark.parametrize(
    ("family", "steps", "points"),
    [
        ("dcgan", 1, [1]),
        ("dcgan", 9, [8, 9]),
        ("mlp", 40, range(31, 41)),
        ("mlp", 400, range(302, 401, 2)),  # 50 of them
    ],
)
def test_the_tail_is_the_mean_of_the_weights_over_the_last_quarter(family, steps, points):
    training = make_training(family, steps=steps)
    kept = []
    for step in range(1, steps + 1):
        training.advance()
        if step in points:
            kept.append(copy.deepcopy(float_tensors(training.generator)))
    assert len(kept) == len(list(points))
    for tail, *seen in zip(float_tensors(training.tail), *kept, strict=True):
        assert torch.allclose(tail, torch.stack(seen).mean(0), rtol=1e-4, atol=1e-6)
    assert not any(parameter.requires_grad for parameter in training.tail.parameters())


# ---- penalties ----


def losses_of(family: Family, steps: int = 6, **options) -> np.ndarray:
    return np.array(advance(make_training(family, **options), steps).curves["discriminator_loss"])


def without(penalties: dict) -> Family:
    """A family to compare with: with nearly no penalty where a penalty changes the labels of fakes."""
    return replace(LINEAR, gradient_penalty=1e-12) if "gradient_penalty" in penalties else LINEAR


@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("kind", ["r1", "r2", "gradient_penalty"])
def test_a_lazy_penalty_is_due_at_every_so_many_steps_and_counts_as_often_more(kind, every, monkeypatch):
    # both penalties made a constant 1, which changes the loss that is recorded and nothing else
    monkeypatch.setattr(module, "squared_gradients", lambda scores, images: torch.ones(len(images)))
    monkeypatch.setattr(module, "gradient_penalty", lambda *_: torch.ones(()))
    plain = losses_of(without({kind: 0.7}))
    penalised = losses_of(replace(LINEAR, penalty_every=every, **{kind: 0.7}))
    weight = 0.7 * every * (1 if kind == "gradient_penalty" else 0.5)
    assert penalised - plain == pytest.approx([weight if s % every == 0 else 0 for s in range(6)], abs=1e-5)


@pytest.mark.parametrize("policy", [Policy(), AFFINE], ids=["none", "affine"])
def test_the_penalties_are_those_of_the_discriminators_gradient(policy):
    for options, expected in (
        ({"r1": 3.0}, 1.5 * SQUARED_NORM),
        ({"r2": 5.0}, 2.5 * SQUARED_NORM),
        ({"r1": 3.0, "r2": 5.0, "penalty_every": 4}, 16 * SQUARED_NORM),
        ({"gradient_penalty": 10.0}, 10 * (SQUARED_NORM**0.5 - 1) ** 2),
        ({"gradient_penalty": 10.0, "r1": 3.0}, 1.5 * SQUARED_NORM + 10 * (SQUARED_NORM**0.5 - 1) ** 2),
    ):
        plain, made = (losses_of(f, 1, policy=policy) for f in (without(options), replace(LINEAR, **options)))
        assert made[0] - plain[0] == pytest.approx(expected, rel=1e-3), options


def test_the_penalty_of_wgan_gp_lies_between_images_of_one_label():
    seen = seen_by((training := make_training(replace(LINEAR, gradient_penalty=10.0))).discriminator)
    advance(training, 1)
    labels = seen[0][1].chunk(2)
    assert torch.equal(*labels) and len(labels[0].unique()) > 1


def test_r1_and_r2_may_be_made_stronger_in_the_middle_of_a_training_and_stay_so():
    def made(strength: float, **penalties: float) -> float:
        training = make_training(replace(LINEAR, **penalties))
        training.set_strength(strength)
        resumed = make_training(replace(LINEAR, **penalties))
        resumed.restore(*training.state())
        return advance(resumed, 1).curves["discriminator_loss"][0]

    plain = made(1.0)
    assert made(1.0, r1=3.0) - plain == pytest.approx(1.5 * SQUARED_NORM, rel=1e-3)
    assert made(2.0, r1=3.0, r2=5.0) - plain == pytest.approx(8 * SQUARED_NORM, rel=1e-3)


@pytest.mark.parametrize(("options", "goal"), [({"r1": 1e4, "r2": 1e4}, 0.0), ({"gradient_penalty": 1e3}, 1.0)])
def test_a_heavy_penalty_holds_the_gradient_where_it_should_be(options, goal):
    training = advance(make_training(replace(LINEAR, learning_rate=3e-3, **options), steps=300), 300)
    assert training.discriminator.w.norm().item() == pytest.approx(goal, abs=0.05)


@pytest.mark.parametrize("loss", [HINGE, WASSERSTEIN, RELATIVISTIC], ids=lambda loss: loss.name)
def test_lecam_is_measured_from_moving_averages_of_the_scores(loss):
    family = replace(LINEAR, loss=loss)
    training, bounded = make_training(family), make_training(replace(family, lecam=0.3))
    seen = seen_by(training.discriminator)
    advance(training, 1), advance(bounded, 1)
    real, fake = Linear((8, 8, 1), 3)(seen[0][0], None)[0].detach().chunk(2)
    expected = 0.3 * (real.clamp(min=0).square().mean() + (-fake).clamp(min=0).square().mean())  # averages start at 0
    added = bounded.curves["discriminator_loss"][0] - training.curves["discriminator_loss"][0]
    assert added == pytest.approx(expected.item(), rel=1e-4, abs=1e-6)
    assert bounded.usual.tolist() == pytest.approx([0.01 * real.mean().item(), 0.01 * fake.mean().item()], rel=1e-4)


# ---- augmentation ----


def follow_sureness(monkeypatch, value: float, family: Family = TINY["mlp"], start: float = 0.0) -> Training:
    sure = replace(family, loss=replace(family.loss, sureness=lambda real, fake: torch.tensor(value)))
    training = make_training(sure, steps=100, adaptive=True, policy=AFFINE)
    training.chance.fill_(start)
    return training


def test_the_chance_rises_by_the_images_seen_while_the_discriminator_is_too_sure(monkeypatch):
    training = follow_sureness(monkeypatch, 0.7)
    for step in range(1, 13):
        training.advance()
        assert training.chance.item() == pytest.approx(step // ADA_EVERY * 8 * ADA_EVERY / 100_000)
    assert training.curves["chance"][-1] > training.curves["chance"][0] == 0


def test_the_chance_falls_while_the_discriminator_is_unsure_and_stays_within_0_and_1(monkeypatch):
    training = follow_sureness(monkeypatch, 0.5, start=0.5)
    advance(training, 8)
    assert training.chance.item() == pytest.approx(0.5 - 2 * 32 / 100_000)
    monkeypatch.setattr(module, "ADA_ITEMS", 100)
    for value, ends in ((0.5, 0.0), (0.7, 1.0)):
        chances = []
        training = follow_sureness(monkeypatch, value, start=0.4)
        for _ in range(16):
            training.advance()
            chances.append(training.chance.item())
        assert chances[-1] == ends and min(chances) >= 0 and max(chances) <= 1


def test_the_chance_follows_the_mean_of_the_steps_since_it_last_moved(monkeypatch):
    values = iter([1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0])  # means 1 and 0.5
    training = follow_sureness(monkeypatch, 0.0)
    sure = replace(training.family.loss, sureness=lambda real, fake: torch.tensor(next(values)))
    training.family = replace(training.family, loss=sure)
    advance(training, 4)
    assert training.chance.item() == pytest.approx(32 / 100_000)
    advance(training, 4)
    assert training.chance.item() == pytest.approx(0, abs=1e-9)


def test_adaptive_augmentation_with_chance_0_is_no_augmentation(monkeypatch):
    monkeypatch.setattr(module, "ADA_ITEMS", float("inf"))
    training, plain = make_training(LINEAR, adaptive=True, policy=AFFINE), make_training(LINEAR)
    seen, expected = seen_by(training.discriminator), seen_by(plain.discriminator)
    training.advance(), plain.advance()
    assert torch.allclose(seen[0][0], expected[0][0], atol=1e-5)
    training.chance.fill_(1)
    training.advance(), plain.advance()
    assert not torch.allclose(seen[2][0], expected[2][0], atol=0.1)


def test_the_discriminator_sees_reals_and_fakes_augmented_alike():
    policy = Policy(cutout=0.5)
    training = make_training(LINEAR, policy=policy)
    seen = seen_by(training.discriminator)
    training.advance()
    cut = [(images == 0).flatten(1).sum(dim=1) >= 4 for images, _ in seen]
    assert cut[0].all() and cut[1].all() and len(cut[0]) == 16


# ---- curves and grids ----


def test_curves_are_means_since_the_last_point_and_grids_are_kept_at_their_moments():
    fine, coarse = make_training("mlp", steps=20), make_training("mlp", steps=20)
    coarse.every = 8
    advance(fine, 20), advance(coarse, 20)
    assert fine.curves["step"] == list(range(1, 21)) and coarse.curves["step"] == [8, 16, 20]
    for name in fine.names:
        parts = np.split(np.array(fine.curves[name]), [8, 16])
        assert coarse.curves[name] == pytest.approx([p.mean() for p in parts], abs=1e-5)
    assert fine.grid_steps == [1, 2, 5, 10, 20]
    assert all(grid.shape == (3, 8, 8, 8, 1) and grid.dtype == torch.uint8 for grid in fine.grids)


def test_a_curve_exists_where_it_has_a_meaning():
    assert make_training("mlp").names == [
        "discriminator_loss", "adversarial_loss", "generator_loss", "real_score", "fake_score", "sureness",
        "label_agreement",
    ]  # fmt: skip
    assert "label_agreement" not in make_training("dcgan").names
    assert make_training("dcgan", adaptive=True).names[-1] == "chance"


def test_curves_say_what_the_discriminator_scores():
    training = make_training(LINEAR)
    seen = seen_by(training.discriminator)
    training.advance()
    real, fake = Linear((8, 8, 1), 3)(seen[0][0], None)[0].detach().chunk(2)
    last = {name: values[0] for name, values in training.curves.items()}
    assert last["real_score"] == pytest.approx(real.mean().item(), rel=1e-4)
    assert last["fake_score"] == pytest.approx(fake.mean().item(), rel=1e-4, abs=1e-5)
    assert last["sureness"] == pytest.approx(real.sign().mean().item())
    assert last["discriminator_loss"] == pytest.approx(HINGE.discriminator(real, fake).item(), rel=1e-4)


# ---- resuming ----


def same_state(a: Training, b: Training) -> bool:
    (tensors, values), (others, other_values) = a.state(), b.state()
    return equal(tensors, others) and values == other_values


VARIANTS = {
    "plain": {},
    "augmented": {"policy": POLICIES["diffaugment"]},
    "adaptive": {"adaptive": True, "policy": AFFINE},
    "lecam": {"lecam": 0.3},
    "lazy": {"r1": 0.5, "r2": 0.5, "gradient_penalty": 1.0, "penalty_every": 3, "discriminator_steps": 2},
}


def variant(family: str, name: str, steps: int = 12, device: str = "cpu") -> Training:
    options = dict(VARIANTS[name])
    chosen = {key: options.pop(key) for key in ("policy", "adaptive") if key in options}
    training = make_training(replace(TINY[family], **options), steps, device=device, **chosen)
    training.chance.fill_(0.5 if training.adaptive else 0)
    return training


@pytest.mark.parametrize("name", list(VARIANTS))
@pytest.mark.parametrize("family", ["projection", "dcgan_per_class", "r3gan"])  # test_checkpoint.py says it of all
def test_a_training_continued_elsewhere_equals_an_undisturbed_one_bit_for_bit(family, name, monkeypatch):
    monkeypatch.setattr(module, "ADA_ITEMS", 3000)  # for the chance to move
    undisturbed, first, second = (variant(family, name) for _ in range(3))
    advance(undisturbed, 12)
    if name == "adaptive":
        assert undisturbed.chance != 0.5
    kept = advance(first, 10).state()
    advance(first, 1)  # what is kept does not change with what goes on
    second.restore(*kept)
    assert second.step == 10 and not same_state(second, first)
    advance(second, 2)
    assert same_state(second, undisturbed)
    assert all(torch.equal(a, b) for a, b in zip(second.grids, undisturbed.grids, strict=True))


def test_going_back_in_the_same_training_repeats_it_bit_for_bit():
    training = make_training("projection", adaptive=True, policy=AFFINE)
    kept = advance(training, 5).state()
    expected = advance(training, 6).state()
    training.restore(*kept)
    again = advance(training, 6).state()
    assert equal(again[0], expected[0]) and again[1] == expected[1]


def test_a_state_holds_all_that_a_step_changes():
    training = make_training("mlp", adaptive=True, policy=AFFINE)
    tensors, values = advance(training, 4).state()
    assert {name.split(".")[0] for name in tensors} == {
        "generator", "discriminator", "average", "tail", "optimiser", "grid", "window", "chance", "signs", "usual",
    }  # fmt: skip
    assert values["step"] == 4 and values["rates"] == {"generator": 1e-3, "discriminator": 1e-3}


def test_first_weights_take_nothing_from_a_gpus_randomness(monkeypatch):
    touched = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", touched.append)
    make_training("projection")
    assert touched == []


def test_equal_seeds_give_equal_trainings_and_leave_global_randomness_alone():
    def run(noise: int, seed: int) -> Training:
        torch.manual_seed(noise)
        expected = torch.rand(1)
        torch.manual_seed(noise)
        training = advance(make_training("projection", seed=seed), 4)
        assert torch.equal(torch.rand(1), expected)
        return training

    first = run(5, seed=1)
    assert same_state(first, run(6, seed=1))
    assert not same_state(first, run(5, seed=2))


def test_seeds_may_be_as_large_as_63_bits():
    advance(make_training("mlp", seed=2**63 - 1), 1)


# ---- threads ----


@pytest.mark.parametrize("families", [("projection", "mlp"), ("resnet", "resnet"), ("dcgan_per_class", "r3gan")])
def test_two_trainings_in_two_threads_give_what_they_give_one_after_the_other(families):
    assert torch.get_num_threads() == 1
    expected = [advance(make_training(family, seed=s), 8) for s, family in enumerate(families)]
    made: dict[int, Training] = {}
    together = threading.Barrier(2)

    def work(seed: int, family: str) -> None:
        together.wait()
        made[seed] = advance(make_training(family, seed=seed), 8)

    for _ in range(2):
        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(families)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [same_state(made[s], expected[s]) for s in (0, 1)] == [True, True]


def test_training_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for family in TINY:
            advance(make_training(family), 2)


# ---- on a GPU: recorded steps, and bfloat16 ----


@pytest.mark.gpu
@pytest.mark.parametrize("name", list(VARIANTS))
@pytest.mark.parametrize("family", list(TINY))
def test_on_a_gpu_recorded_steps_learn_what_eager_ones_do(family, name):
    """To a mean of 4 learning rates after 16 steps: Adam can make a whole step of a last digit."""
    recorded, eager = (variant(family, name, 16, "cuda") for _ in range(2))
    eager._learn.captures = False
    advance(recorded, 16), advance(eager, 16)
    assert bool(recorded._learn.graphs) == (family != "dcgan_per_class") and not eager._learn.graphs
    for network in ("generator", "discriminator"):
        pairs = zip(getattr(recorded, network).parameters(), getattr(eager, network).parameters(), strict=True)
        apart = torch.cat([(a - b).abs().flatten() for a, b in pairs])
        assert apart.mean() <= 4 * recorded.family.learning_rate
    for curve in ("discriminator_loss", "generator_loss"):
        assert recorded.curves[curve] == pytest.approx(eager.curves[curve], rel=0.1, abs=0.05)
    recorded.close()
    assert not recorded._learn.graphs


@pytest.mark.gpu
@pytest.mark.parametrize("family", list(TINY))
def test_on_a_gpu_a_training_continued_elsewhere_is_nearly_an_undisturbed_one(family):
    undisturbed, first, second = (make_training(family, device="cuda") for _ in range(3))
    advance(undisturbed, 20)
    tensors, values = advance(first, 11).state()
    second.restore({name: tensor.cpu() for name, tensor in tensors.items()}, values)
    advance(second, 9)
    assert second.curves["step"] == undisturbed.curves["step"]
    a, b = (t.fixed_samples()[0].astype(int) for t in (undisturbed, second))
    assert np.abs(a - b).mean() < 1
    for training in (undisturbed, first, second):
        training.close()


@pytest.mark.gpu
@pytest.mark.parametrize("family", list(TINY))
def test_on_a_gpu_networks_compute_in_bfloat16_and_losses_in_float32(family):
    training = make_training(family, device="cuda")
    inside, kinds = set(), (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    for network in (training.generator, training.discriminator):
        for layer in (m for m in network.modules() if isinstance(m, kinds)):
            layer.register_forward_hook(lambda _, inputs, output: inside.add(output.dtype))
    advance(training, 2)
    assert inside == {torch.bfloat16} | ({torch.float32} if training.family.gradient_penalty else set())
    assert {p.dtype for p in training.generator.parameters()} == {torch.float32}
    assert all(np.isfinite(values).all() for values in training.curves.values())


def test_on_the_cpu_networks_compute_in_float32():
    training, inside = make_training("projection"), set()
    for layer in (m for m in training.discriminator.modules() if isinstance(m, nn.Conv2d)):
        layer.register_forward_hook(lambda _, inputs, output: inside.add(output.dtype))
    training.advance()
    assert inside == {torch.float32}


def test_steps_of_separate_networks_by_class_are_never_recorded():
    assert isinstance(make_training("dcgan_per_class").generator, ByClass)
    assert not make_training("dcgan_per_class")._learn.captures
