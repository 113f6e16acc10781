"""Generators: the simple ones, the losses and networks, the training loop with its checkpoints, sampling."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gannb import generators
from gannb.augment import POLICIES, resolve
from gannb.data import Examples
from gannb.errors import InputError
from gannb.generators import GENERATORS, Job, adversarial
from gannb.generators.adversarial import Adversarial, Passes, Training, TrainingError
from gannb.generators.families import (
    FAMILIES,
    ConvDiscriminator,
    ConvGenerator,
    channels_from_image,
    default_family,
    doublings,
    start_grid,
)
from gannb.generators.simple import SIMPLE, Copies, Gaussian, Interpolation, Mislabelled

STUDY = SimpleNamespace(gan_augmentation="auto", augmentation="auto")
TINY_CONV = replace(
    FAMILIES["projection"],
    name="tiny_conv",
    generator=partial(ConvGenerator, base=8),
    discriminator=partial(ConvDiscriminator, base=8),
    batch=8,
)
TINY = {"tiny_conv": TINY_CONV, "mlp": FAMILIES["mlp"]}


@pytest.fixture(autouse=True)
def tiny_families(monkeypatch):
    monkeypatch.setitem(FAMILIES, "tiny_conv", TINY_CONV)


def make_draw(n: int = 6, classes: int = 3, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Examples:
    """n items of each class, every pixel of every item different from its neighbours', far from 0 and 255."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(classes), n)
    x = rng.integers(60, 100, size=(len(y), *shape)) + 30 * y[:, None, None, None]
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x.astype(np.uint8), y, names, np.arange(len(y)).astype(str), np.arange(len(y)))


def draw_for(family: str, **kwargs) -> Examples:
    return make_draw(shape=(16, 16, 1) if family == "tiny_conv" else (8, 8, 1), **kwargs)


def usage(items: np.ndarray, draw: Examples) -> np.ndarray:
    """How often each item of the draw is among the items; fails if one is not from the draw."""
    position = {item.tobytes(): i for i, item in enumerate(draw.x)}
    return np.bincount([position[item.tobytes()] for item in items], minlength=len(draw))


# ---- the simple generators ----


@pytest.mark.parametrize("m", [1, 6, 7, 50])
@pytest.mark.parametrize("kind", [Copies, Mislabelled])
def test_copies_use_every_item_equally_often(kind, m):
    draw = make_draw()
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(3), m))
    counts = usage(kind().fit(draw, Job(0, 1)).sample(labels, 2), draw)
    assert counts.sum() == 3 * m
    for k in range(3):
        assert np.ptp(counts[draw.y == k]) <= 1


def test_copies_are_right_and_mislabelled_never():
    draw = make_draw(classes=4)
    labels = np.random.default_rng(0).integers(4, size=200)
    level = {k: draw.x[draw.y == k].mean() for k in range(4)}

    def shown(items: np.ndarray) -> np.ndarray:
        return np.abs(items.mean(axis=(1, 2, 3))[:, None] - np.array(list(level.values()))).argmin(axis=1)

    assert (shown(Copies().fit(draw, Job(0, 0)).sample(labels, 0)) == labels).all()
    for seed in range(5):
        assert not (shown(Mislabelled().fit(draw, Job(0, seed)).sample(labels, 0)) == labels).any()


def test_mislabelled_is_never_right_with_two_unequal_classes():
    draw = make_draw(classes=2).take([0, 1, 2, 3, 4, 5, 6])  # 6 and 1
    labels = np.repeat([0, 1], [30, 5])
    counts = usage(Mislabelled().fit(draw, Job(0, 0)).sample(labels, 0), draw)
    assert counts[6] == 30 and counts[:6].sum() == 5


@pytest.mark.parametrize("n", [5, 200])  # fewer and more items than pixels
def test_gaussian_has_the_mean_and_the_covariance_of_the_draw(n):
    rng = np.random.default_rng(0)
    x = (128 + 25 * rng.standard_normal((2 * n, 3, 3, 1))).clip(60, 200).astype(np.uint8)
    draw = Examples(x, np.repeat([0, 1], n), ("a", "b"), np.arange(2 * n).astype(str), np.arange(2 * n))
    made = Gaussian().fit(draw, Job(0, 0)).sample(np.zeros(40_000, dtype=int), 0).reshape(-1, 9).astype(float)
    real = draw.x[draw.y == 0].reshape(-1, 9).astype(float)
    assert np.abs(made.mean(axis=0) - real.mean(axis=0)).max() < 1
    assert np.abs(np.cov(made.T) - np.cov(real.T)).max() < 0.06 * np.cov(real.T).max()


def test_interpolations_lie_between_two_different_items_of_the_class():
    draw = make_draw(n=2, classes=2)
    made = Interpolation().fit(draw, Job(0, 0)).sample(np.ones(300, dtype=int), 0).astype(float)
    a, b = draw.x[draw.y == 1].astype(float)
    weight = ((made - b) * (a - b)).sum(axis=(1, 2, 3)) / ((a - b) ** 2).sum()
    blend = weight[:, None, None, None] * a + (1 - weight[:, None, None, None]) * b
    assert np.abs(made - blend).max() < 1  # rounding
    assert np.histogram(weight, bins=3, range=(0, 1))[0].min() > 70  # 100 expected


@pytest.mark.parametrize("name", list(SIMPLE))
def test_simple_generators_with_one_item_per_class_repeat_it(name):
    draw = make_draw(n=1)
    made = SIMPLE[name]().fit(draw, Job(0, 0)).sample(np.array([0, 1, 2, 0]), 0)
    circle = np.array([0, 1, 2, 0])
    if name == "mislabelled":
        assert usage(made, draw).max() <= 2
    else:
        assert np.array_equal(made, draw.x[circle])


@pytest.mark.parametrize("name", list(SIMPLE))
def test_the_items_of_a_class_do_not_depend_on_the_other_labels(name):
    fitted = SIMPLE[name]().fit(make_draw(), Job(0, 0))
    alone = fitted.sample(np.ones(9, dtype=int), 3)
    among = fitted.sample(np.array([0, 1, 2] * 9), 3)
    assert np.array_equal(alone, among[1::3])
    assert not np.array_equal(alone, fitted.sample(np.ones(9, dtype=int), 4))


# ---- what all generators share ----


@pytest.mark.parametrize("name", [*GENERATORS, "tiny_conv"])
def test_saved_and_loaded_a_generator_gives_the_same_samples(name, tmp_path):
    make = GENERATORS.get(name, lambda study: Adversarial(TINY_CONV))
    draw = make_draw(shape=(17, 19, 3))
    fitted = make(STUDY).fit(draw, Job(2, seed=1))
    fitted.save(tmp_path / "g")
    assert {p.name for p in (tmp_path / "g").iterdir()} == {"generator.json", "generator.safetensors"}
    labels = np.array([2, 0, 1, 1])
    expected = fitted.sample(labels, 7)
    assert expected.shape == (4, 17, 19, 3) and expected.dtype == np.uint8
    for loaded in (generators.load(tmp_path / "g"), type(fitted).load(tmp_path / "g")):
        assert np.array_equal(loaded.sample(labels, 7), expected)


@pytest.mark.parametrize("name", ["copies", "gaussian", "mlp"])
def test_labels_out_of_range_and_an_absent_class_are_refused(name):
    draw = make_draw()
    with pytest.raises(InputError, match="no item of class 'class 2'"):
        GENERATORS[name](STUDY).fit(draw.take(draw.y < 2), Job(1, 0))
    fitted = GENERATORS[name](STUDY).fit(draw, Job(1, 0))
    with pytest.raises(InputError, match=r"0\.\.2"):
        fitted.sample(np.array([0, 3]), 0)
    assert fitted.sample(np.array([], dtype=int), 0).shape == (0, 8, 8, 1)


def test_a_folder_without_a_generator_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no readable generator"):
        generators.load(tmp_path)
    Copies().fit(make_draw(), Job(0, 0)).save(tmp_path)
    with pytest.raises(InputError, match="holds a copies generator, not gaussian"):
        Gaussian.load(tmp_path)
    (tmp_path / "generator.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="holds no readable generator"):
        generators.load(tmp_path)


def test_the_study_chooses_what_the_discriminator_sees():
    def policy(gan_augmentation: str) -> str | None:
        return GENERATORS["mlp"](SimpleNamespace(gan_augmentation=gan_augmentation, augmentation="flip")).policy

    assert [policy(a) for a in ("auto", "none", "policy", "diffaugment")] == [
        None,
        "none",
        "flip",
        "diffaugment",
    ]
    with pytest.raises(InputError, match="gan_augmentation: 'ada' is none of auto"):
        policy("ada")


# ---- losses and averages, against their formulae ----


def test_losses_against_hand_values_and_torch():
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.25, 1.0])
    assert adversarial.hinge_discriminator(real, fake) == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1.25 + 2) / 3)
    assert adversarial.hinge_generator(fake) == pytest.approx(0.25)
    bce = F.binary_cross_entropy_with_logits
    expected = bce(real, torch.ones(3)) + bce(fake, torch.zeros(3))
    assert adversarial.non_saturating_discriminator(real, fake) == pytest.approx(float(expected))
    assert adversarial.non_saturating_generator(fake) == pytest.approx(float(bce(fake, torch.ones(3))))
    logits, labels = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([0, 1])
    expected = -(np.log(np.exp(1) / (np.exp(1) + np.exp(2))) + np.log(np.exp(-1) / (1 + np.exp(-1)))) / 2
    assert adversarial.auxiliary(logits, labels) == pytest.approx(expected)


def test_ema_starts_short_and_follows_its_formula():
    assert [adversarial.ema_momentum(s, 0.9) for s in (0, 10, 1000)] == [0, 0.5, 0.9]
    average, current = [torch.tensor([1.0, 3.0])], [torch.tensor([2.0, -1.0])]
    adversarial.ema_update(average, current, 0.75)
    assert torch.equal(average[0], torch.tensor([1.25, 2.0]))


def test_the_average_includes_batch_norm_statistics():
    training = make_training("tiny_conv", steps=3)
    training.advance()  # momentum 0: the average is the network itself
    name = "norms.0.norm.running_var"
    state = training.generator.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in training.average.state_dict().items() if v.is_floating_point())
    before, momentum = state[name].clone(), 1 - 1 / (1 / 10 + 1)
    training.advance()
    expected = momentum * before + (1 - momentum) * training.generator.state_dict()[name]
    assert torch.allclose(training.average.state_dict()[name], expected)


# ---- networks ----


@pytest.mark.parametrize("shape", [(16, 16, 1), (28, 28, 1), (17, 31, 2), (32, 64, 3), (96, 96, 3), (40, 23, 4)])
def test_convolutional_networks_take_any_size_from_16(shape):
    g, d = ConvGenerator(shape, 3, base=8), ConvDiscriminator(shape, 3, base=8)
    labels = torch.tensor([0, 1, 2, 0])
    images = g(torch.randn(4, 64), labels)
    assert images.shape == (4, shape[2], shape[0], shape[1]) and images.abs().max() <= 1
    scores, logits = d(images, labels)
    assert scores.shape == (4,) and logits.shape == (4, 3)


def test_the_networks_are_those_that_were_measured():
    def size(network: torch.nn.Module) -> int:
        return sum(p.numel() for p in network.parameters())

    assert (doublings(28, 28), start_grid(28, 28), channels_from_image(32, 32, 16)) == (
        3,
        (4, 4),
        [16, 32, 64],
    )
    assert round(size(ConvGenerator((28, 28, 1), 10)), -3) == 163_000
    assert round(size(ConvDiscriminator((28, 28, 1), 10)), -3) == 175_000


def test_larger_images_get_more_doublings_and_channels_up_to_a_cap():
    assert [doublings(s, s) for s in (16, 28, 64, 96, 128)] == [2, 3, 4, 5, 5]
    assert start_grid(96, 96) == (3, 3) and start_grid(17, 16) == (5, 4)
    assert channels_from_image(128, 128, 16) == [16, 32, 64, 128, 128]
    assert channels_from_image(16, 16, 16) == [32, 64]


def test_the_score_is_a_linear_map_plus_a_projection():
    head = ConvDiscriminator((16, 16, 1), 3, base=8).head.eval()
    h, labels = torch.randn(5, 128), torch.tensor([0, 1, 2, 0, 1])
    scores, _ = head(h, labels)
    expected = h @ head.score.weight[0] + head.score.bias + torch.einsum("nf,nf->n", h, head.embedding.weight[labels])
    assert torch.allclose(scores, expected, atol=1e-5)
    assert torch.linalg.matrix_norm(head.embedding.weight.detach(), 2) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("shape", "family"),
    [((8, 8, 1), "mlp"), ((15, 32, 3), "mlp"), ((16, 16, 1), "projection"), ((96, 64, 3), "projection")],
)
def test_the_default_family_follows_the_size(shape, family):
    assert default_family(shape) == family


@pytest.mark.parametrize(
    ("family", "shape", "reason"),
    [
        ("projection", (15, 40, 1), "projection makes images of 16 to 1024 pixels a side, not 15x40"),
        ("mlp", (8, 33, 1), "mlp makes images of 2 to 32 pixels a side, not 8x33"),
        ("mlp", (8, 8, 5), "mlp makes images of 1 to 4 channels"),
    ],
)
def test_a_size_that_a_family_cannot_do_is_refused(family, shape, reason):
    with pytest.raises(InputError, match=reason):
        Adversarial(FAMILIES[family]).fit(make_draw(shape=shape), Job(1, 0))


def test_an_image_too_large_for_one_family_and_too_small_for_the_other_is_refused():
    with pytest.raises(InputError, match="set size"):
        default_family((8, 100, 1))


def test_no_steps_and_one_class_are_refused():
    with pytest.raises(InputError, match="gan_steps"):
        Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(0, 0))
    with pytest.raises(InputError, match="one class"):
        Adversarial(FAMILIES["mlp"]).fit(make_draw(classes=1), Job(1, 0))


# ---- training ----


def make_training(family: str, steps: int = 20, seed: int = 0) -> Training:
    return Training(TINY[family], TINY[family].augmentation, draw_for(family), Job(steps, seed))


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("family", list(TINY))
def test_one_step_changes_every_weight_of_both_networks(family):
    training = make_training(family)
    for network in (training.generator, training.discriminator):
        before = {name: p.clone() for name, p in network.named_parameters() if p.ndim > 1}
        steps_before = training.step
        training.advance()
        assert training.step == steps_before + 1 and len(before) >= 4
        assert [name for name, p in network.named_parameters() if name in before and p.equal(before[name])] == []


def test_batches_use_every_item_equally_often_and_need_only_the_step():
    passes = Passes(n=10, batch=64, seed=3, device=torch.device("cpu"))
    seen = torch.cat([passes[step] for step in range(7)])
    counts = torch.bincount(seen, minlength=10)
    assert counts.max() - counts.min() <= 1
    assert torch.equal(Passes(10, 64, 3, torch.device("cpu"))[5], passes[5])
    assert not torch.equal(Passes(10, 64, 4, torch.device("cpu"))[5], passes[5])


def test_labels_of_fakes_follow_the_proportions_of_the_draw(monkeypatch):
    draw = make_draw(n=9, classes=2).take(range(12))  # 9 and 3
    chosen = []
    training = Training(FAMILIES["mlp"], POLICIES["none"], draw, Job(30, 0))
    training.generator.register_forward_pre_hook(lambda module, inputs: chosen.append(inputs[1]))
    for _ in range(30):
        training.advance()
    assert torch.cat(chosen).float().mean() == pytest.approx(0.25, abs=0.04)


def test_equal_seeds_give_equal_results_and_leave_global_randomness_alone():
    torch.manual_seed(5)
    untouched = torch.rand(1)
    results = []
    for number in range(2):
        torch.manual_seed(5)
        np.random.default_rng(number)
        gan = Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(5, seed=1))
        assert torch.equal(torch.rand(1), untouched)
        results.append(gan.sample(np.array([0, 1, 2]), 0))
    assert np.array_equal(*results)
    other = Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(5, seed=2))
    assert not np.array_equal(results[0], other.sample(np.array([0, 1, 2]), 0))


def test_the_gan_learns_the_brightness_of_each_class():
    draw = make_draw(n=8)
    gan = Adversarial(FAMILIES["mlp"], "none").fit(draw, Job(400, 0))
    made = gan.sample(np.repeat([0, 1, 2], 50), 0)
    means = [made[50 * k : 50 * (k + 1)].mean() for k in range(3)]
    assert np.abs(np.array(means) - [80, 110, 140]).max() < 12
    assert gan.curves["label_agreement"][-1] > 0.8


def test_curves_and_grids_are_kept(tmp_path):
    gan = Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(450, 0))
    assert gan.curves["step"][:2] == [2, 4] and gan.curves["step"][-1] == 450
    assert {len(values) for values in gan.curves.values()} == {225}
    assert all(np.isfinite(values).all() for values in gan.curves.values())
    assert gan.grid_steps == [14, 28, 56, 112, 225, 450]
    assert gan.grids.shape == (6, 3, 8, 8, 8, 1) and gan.grids.dtype == np.uint8
    assert not np.array_equal(gan.grids[0], gan.grids[-1])
    gan.save(tmp_path)
    loaded = Adversarial.load(tmp_path)
    assert loaded.curves == gan.curves and loaded.grid_steps == gan.grid_steps
    assert np.array_equal(loaded.grids, gan.grids)


def test_progress_is_throttled_and_ends_with_the_last_step(monkeypatch):
    told = []
    Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(12, 0, progress=lambda *done: told.append(done)))
    assert told[-1] == (12, 12) and len(told) < 6
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)
    told.clear()
    Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(12, 0, progress=lambda *done: told.append(done)))
    assert told == [(step, 12) for step in range(1, 13)]


@pytest.mark.parametrize(("network", "curve"), [("discriminator", "discriminator loss"), ("generator", "loss")])
def test_a_value_that_is_not_finite_is_noticed_and_named(network, curve):
    training = make_training("mlp", steps=20_000)
    for _ in range(60):
        training.advance()
    with torch.no_grad():
        next(iter(getattr(training, network).parameters())).fill_(float("nan"))
    with pytest.raises(TrainingError, match=f"{curve} of the mlp GAN became nan between steps 51 and 100"):
        while training.step < 200:
            training.advance()


def test_a_weight_that_is_not_finite_never_reaches_a_checkpoint_or_the_end(tmp_path):
    training = make_training("mlp")
    training.advance()
    training.average.state_dict()["layers.0.weight"].fill_(float("inf"))
    with pytest.raises(TrainingError, match="weight of the mlp GAN is not finite at step 1"):
        adversarial.write_checkpoint(tmp_path / "c", training, {})
    assert list(tmp_path.iterdir()) == []


# ---- checkpoints ----


class Killed(Exception):
    """Stands for the end of the process."""


def kill_at(step: int):
    def progress(done: int, total: int) -> None:
        if done == step:
            raise Killed

    return progress


@pytest.fixture
def every_step(monkeypatch):
    """Checkpoints and progress after every step."""
    monkeypatch.setattr(adversarial, "CHECKPOINT_EVERY", 0.0)
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)


def interrupted(family: str, folder, step: int, **about) -> None:
    with pytest.raises(Killed):
        Adversarial(TINY[family]).fit(draw_for(family), Job(20, 3, checkpoint=folder, progress=kill_at(step), **about))


@pytest.mark.parametrize("step", [1, 11])
@pytest.mark.parametrize("family", list(TINY))
def test_killed_and_resumed_equals_undisturbed_bit_for_bit(family, step, tmp_path, every_step):
    draw = draw_for(family)
    undisturbed = Adversarial(TINY[family]).fit(draw, Job(20, 3))
    interrupted(family, tmp_path, step)
    steps = []
    job = Job(20, 3, checkpoint=tmp_path, progress=lambda done, total: steps.append(done))
    resumed = Adversarial(TINY[family]).fit(draw, job)
    assert steps[0] == step + 1  # it did go on from there
    expected, got = weights(undisturbed.network), weights(resumed.network)
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    assert resumed.curves == undisturbed.curves and resumed.grid_steps == undisturbed.grid_steps
    assert np.array_equal(resumed.grids, undisturbed.grids)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.safetensors"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_checkpoint_is_left_out_with_a_warning(damage, tmp_path, every_step):
    interrupted("mlp", tmp_path, 5)
    path = tmp_path / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes({"truncated": content[: len(content) // 2], "flipped": content, "empty": b""}[damage])
    with pytest.warns(RuntimeWarning, match="checkpoint is damaged, training starts again"):
        gan = Adversarial(FAMILIES["mlp"]).fit(draw_for("mlp"), Job(20, 3, checkpoint=tmp_path))
    expected = Adversarial(FAMILIES["mlp"]).fit(draw_for("mlp"), Job(20, 3))
    assert np.array_equal(gan.grids, expected.grids)


@pytest.mark.parametrize(
    ("draw", "job", "differs"),
    [
        (make_draw(), Job(20, 4), "seed"),
        (make_draw(), Job(21, 3), "steps"),
        (make_draw(seed=1), Job(20, 3), "draw"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused_and_kept(draw, job, differs, tmp_path, every_step):
    interrupted("mlp", tmp_path, 5)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(InputError, match=rf"of another training \({differs} differ"):
        Adversarial(FAMILIES["mlp"]).fit(draw, replace(job, checkpoint=tmp_path))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_a_kill_while_writing_leaves_the_checkpoint_before(tmp_path, every_step, monkeypatch):
    interrupted("mlp", tmp_path, 5)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def power_cut(descriptor: int) -> None:
        raise Killed

    monkeypatch.setattr(adversarial.os, "fsync", power_cut)
    with pytest.raises(Killed):
        Adversarial(FAMILIES["mlp"]).fit(draw_for("mlp"), Job(20, 3, checkpoint=tmp_path))
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


# ---- sampling ----


def test_an_image_depends_on_the_seed_its_place_and_its_label_alone(monkeypatch):
    gan = Adversarial(TINY_CONV).fit(draw_for("tiny_conv"), Job(3, 0))
    labels = np.arange(300) % 3
    made = gan.sample(labels, 5)
    assert np.array_equal(made[:7], gan.sample(labels[:7], 5))
    assert np.array_equal(made[:270], gan.sample(labels[:270], 5))
    changed = labels.copy()
    changed[1:] = 0
    assert np.array_equal(made[::3], gan.sample(changed, 5)[::3])
    assert not np.array_equal(made, gan.sample(labels, 6))


def test_sampling_leaves_the_generator_as_it_is():
    gan = Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(3, 0))
    before = weights(gan.network)
    gan.sample(np.array([0, 1, 2]), 0)
    assert all(torch.equal(value, before[name]) for name, value in gan.network.state_dict().items())


def test_a_saved_generator_is_described_in_json(tmp_path):
    Adversarial(FAMILIES["mlp"], "shift").fit(make_draw(), Job(3, 0)).save(tmp_path)
    about = json.loads((tmp_path / "generator.json").read_text())
    assert about["generator"] == "mlp" and about["shape"] == [8, 8, 1] and about["policy"] == "shift"
    assert resolve(about["policy"], tuple(about["shape"])).shift > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("family", list(TINY))
def test_families_train_resume_and_sample_on_a_gpu(family, tmp_path, every_step):
    draw = draw_for(family)
    undisturbed = Adversarial(TINY[family]).fit(draw, Job(20, 3, "cuda"))
    interrupted(family, tmp_path, 11, device="cuda")
    resumed = Adversarial(TINY[family]).fit(draw, Job(20, 3, "cuda", checkpoint=tmp_path))
    labels = np.arange(30) % 3
    a, b = (gan.sample(labels, 0).astype(int) for gan in (undisturbed, resumed))
    assert np.abs(a - b).mean() < 1
    resumed.save(tmp_path / "g")
    on_cpu = Adversarial.load(tmp_path / "g").sample(labels, 0).astype(int)
    assert np.abs(on_cpu - b).max() <= 2


def test_training_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Adversarial(FAMILIES["mlp"]).fit(make_draw(), Job(3, 0))
