"""GANs as generators: fitted, sampled, varied, saved and loaded."""

from __future__ import annotations

import gc
import json
import threading
import warnings
import weakref
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from tiny_gans import MAKERS, TINY, digits_draw, equal, make_draw, weights
from toy_media import FLOAT, INT16, vectors

from gannb.generators.adversarial import gan as adversarial
from gannb.generators.adversarial import sampling
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import resolve
from gannb.media.image.gans.families import FAMILIES
from gannb.utils.errors import InputError

LABELS = np.arange(9) % 3
ASKED = Condition(LABELS)


@pytest.fixture(autouse=True)
def tiny_families(monkeypatch):
    """What is loaded has the narrow networks that were saved."""
    for name, family in TINY.items():
        monkeypatch.setitem(FAMILIES, name, family)


def fit(family: str = "mlp", steps: int = 5, seed: int = 0, **options) -> Adversarial:
    draw = options.pop("draw", make_draw())
    return Adversarial(IMAGE, TINY[family], **options).fit(draw, Job(steps, seed))


# ---- fitting ----


def test_nothing_of_a_training_is_left_once_it_is_over(monkeypatch):
    """At once, and not when the cyclic garbage collector comes by: on a GPU it is memory that others need."""
    made = []
    sound = adversarial.Training
    monkeypatch.setattr(adversarial, "Training", lambda *a: made.append(weakref.ref(t := sound(*a))) or t)
    gc.disable()
    try:
        kept = fit()
        assert kept.grids.size and made[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("family", "draw", "steps", "reason"),
    [
        ("mlp", make_draw(), 0, "gan_steps: 0 is too few"),
        ("mlp", make_draw(classes=1), 1, "one class"),
        ("mlp", make_draw().take(make_draw().y < 2), 1, "no item of class 'class 2'"),
        ("mlp", make_draw(n=1), 1, "gan: 3 training images make no batch for mlp, which needs 4; give more images"),
        (
            "dcgan_per_class",
            make_draw(n=3),
            1,
            "gan: 3 training images of a class make no batch .* 4; use another",
        ),
        ("projection", make_draw(shape=(7, 40, 1)), 1, "projection makes images of 8 to 1024 pixels a side, not 7x40"),
        ("mlp", make_draw(shape=(8, 33, 1)), 1, "mlp makes images of 2 to 32 pixels a side, not 8x33"),
        ("mlp", make_draw(shape=(8, 8, 5)), 1, "mlp makes images of 1 to 4 channels"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_sentence(family, draw, steps, reason):
    for call in (Adversarial(IMAGE, TINY[family]).check, Adversarial(IMAGE, TINY[family]).fit):
        with pytest.raises(InputError, match=reason):
            call(draw, Job(steps, 0))


@pytest.mark.parametrize("family", list(TINY))
def test_the_smallest_draw_and_the_shortest_training_are_enough(family):
    draw = make_draw(n=4, classes=2) if family == "dcgan_per_class" else make_draw(n=1, classes=4)
    gan = fit(family, steps=1, draw=draw)
    assert gan.sample(Condition(np.array([0, 1])), 0).shape == (2, 8, 8, 1) and gan.grid_steps == [1]


def test_an_unknown_policy_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(adversarial, "Training", None)
    with pytest.raises(InputError, match="augmentation: 'flips'"):
        fit(policy="flips")


def test_the_policy_is_the_familys_unless_one_is_named(monkeypatch):
    seen = []
    make = adversarial.Training
    monkeypatch.setattr(adversarial, "Training", lambda *a: seen.append((a[2], a[5])) or make(*a))
    fit(steps=1), fit(steps=1, policy="none"), fit(steps=1, policy="shift", adaptive=True)
    shape = (8, 8, 1)
    assert seen == [
        (TINY["mlp"].augmentation, False),
        (resolve("none", shape), False),
        (resolve("shift", shape), True),
    ]


def test_the_gan_learns_the_brightness_of_each_class():
    gan = fit(steps=400, draw=make_draw(n=8), policy="none")
    made = gan.sample(Condition(np.repeat([0, 1, 2], 50)), 0)
    means = [made[50 * k : 50 * (k + 1)].mean() for k in range(3)]
    assert np.abs(np.array(means) - [80, 110, 140]).max() < 12
    assert gan.curves["label_agreement"][-1] > 0.8


def test_curves_grids_and_diversity_are_kept():
    gan = fit(steps=450)
    assert gan.curves["step"][:2] == [2, 4] and gan.curves["step"][-1] == 450
    assert {len(values) for values in gan.curves.values()} == {225}
    assert all(np.isfinite(values).all() for values in gan.curves.values())
    assert gan.grid_steps == [14, 28, 56, 112, 225, 450]
    assert gan.grids.shape == (6, 3, 8, 8, 8, 1) and gan.grids.dtype == np.uint8
    assert not np.array_equal(gan.grids[0], gan.grids[-1])
    assert gan.diversity["step"] == [*range(8, 449, 8), 450] and gan.log == []


def test_a_grid_shows_ten_classes_at_most():
    assert fit(steps=2, draw=make_draw(n=1, classes=13)).grids.shape == (2, 10, 8, 8, 8, 1)


def test_progress_is_throttled_and_ends_with_the_last_step(monkeypatch):
    told = []
    job = Job(12, 0, progress=lambda *done: told.append(done))
    Adversarial(IMAGE, TINY["mlp"]).fit(make_draw(), job)
    assert told[-1] == (12, 12) and len(told) < 6
    monkeypatch.setattr(adversarial, "PROGRESS_EVERY", 0.0)
    told.clear()
    Adversarial(IMAGE, TINY["mlp"]).fit(make_draw(), job)
    assert told == [(step, 12) for step in range(13)]


def test_equal_seeds_give_equal_results_and_leave_global_randomness_alone():
    torch.manual_seed(5)
    untouched = torch.rand(1)
    results = []
    for _ in range(2):
        torch.manual_seed(5)
        gan = fit(seed=1)
        assert torch.equal(torch.rand(1), untouched)
        results.append(gan.sample(ASKED, 0))
    assert np.array_equal(*results)
    assert not np.array_equal(results[0], fit(seed=2).sample(ASKED, 0))


def test_fitting_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit()


# ---- sampling ----


@pytest.mark.parametrize("family", list(TINY))
def test_an_image_depends_on_the_weights_the_seed_its_position_and_its_label_alone(family):
    gan = fit(family, steps=3)
    labels = np.arange(300) % 3
    made = gan.sample(Condition(labels), 5)
    assert np.array_equal(made[:7], gan.sample(Condition(labels[:7]), 5))
    assert np.array_equal(made[:270], gan.sample(Condition(labels[:270]), 5))
    some = np.array([299, 0, 64, 130, 65])
    assert np.array_equal(made[some], gan.sample(Condition(labels[some]), 5, index=some))
    assert np.array_equal(made[::3], gan.sample(Condition(np.where(np.arange(300) % 3, 1, 0)), 5)[::3])
    assert not np.array_equal(made, gan.sample(Condition(labels), 6))
    far = gan.sample(Condition(np.array([1])), 5, index=np.array([10**9]))
    assert np.array_equal(far, gan.sample(Condition(np.array([0, 1])), 5, index=np.array([3, 10**9]))[1:])


def test_sampling_leaves_the_generator_as_it_is():
    gan = fit("projection")
    before = weights(gan.networks)
    (
        gan.sample(ASKED, 0),
        gan.averaged().sample(ASKED, 0),
        gan.realness(make_draw().x[:9], LABELS),
    )
    assert equal(weights(gan.networks), before)


# ---- variations ----


def test_averaged_samples_come_from_the_tail_of_the_training():
    gan = fit("projection", steps=40)
    varied = gan.averaged()
    noise = sampling.noise_rows(3, np.arange(9), gan.family.noise_shape)
    assert np.array_equal(varied.sample(ASKED, 3), sampling.generate(gan.form, gan.networks["tail"], noise, LABELS))
    assert np.array_equal(gan.sample(ASKED, 3), sampling.generate(gan.form, gan.networks["average"], noise, LABELS))
    assert not np.array_equal(varied.sample(ASKED, 3), gan.sample(ASKED, 3))


def test_truncated_samples_come_from_truncated_noise_and_are_less_diverse():
    gan = fit("mlp", steps=200, draw=digits_draw(n=6, classes=3))
    labels = np.zeros(200, dtype=int)
    noise = sampling.truncate(sampling.noise_rows(3, np.arange(200), gan.family.noise_shape), 0.5)
    varied = gan.truncated(0.5).sample(Condition(labels), 3)
    assert np.array_equal(varied, sampling.generate(gan.form, gan.networks["average"], noise, labels))
    assert varied.std(axis=0).mean() < 0.8 * gan.sample(Condition(labels), 3).std(axis=0).mean()


def test_variations_combine_and_leave_the_gan_as_it_was():
    gan = fit(steps=20)
    plain = gan.sample(ASKED, 0)
    both = gan.averaged().truncated(0.7)
    assert np.array_equal(both.sample(ASKED, 0), gan.truncated(0.7).averaged().sample(ASKED, 0))
    assert np.array_equal(gan.sample(ASKED, 0), plain) and not np.array_equal(both.sample(ASKED, 0), plain)


def test_realness_is_higher_for_items_of_the_draw_than_for_noise():
    draw = make_draw(n=8)
    gan = fit("projection", steps=150, draw=draw)
    noise = np.random.default_rng(0).integers(256, size=draw.x.shape, dtype=np.uint8)
    real, fake = gan.realness(draw.x, draw.y), gan.realness(noise, draw.y)
    assert real.shape == (24,) and real.mean() > fake.mean() + 0.5
    assert np.array_equal(gan.realness(draw.x[5:7], draw.y[5:7]), real[5:7])
    with pytest.raises(InputError, match=r"0\.\.2"):
        gan.realness(draw.x[:1], np.array([3]))


# ---- saving and loading ----


@pytest.mark.parametrize("family", list(TINY))
def test_saved_and_loaded_it_is_the_same_gan(family, tmp_path):
    gan = fit(family, steps=8, policy="shift", adaptive=family == "mlp")
    gan.log.append({"step": 4, "fault": "planted", "number": 1, "back_to": 0, "remedy": "none"})
    gan.save(tmp_path / "new" / "g")
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    loaded = Adversarial.load(tmp_path / "new" / "g", IMAGE)
    assert torch.equal(torch.rand(1), expected)  # global randomness is left alone
    x = make_draw().x[:9]
    for a, b in ((gan, loaded), (gan.averaged(), loaded.averaged()), (gan.truncated(1.0), loaded.truncated(1.0))):
        assert np.array_equal(a.sample(ASKED, 4), b.sample(ASKED, 4))
    assert np.array_equal(gan.realness(x, LABELS), loaded.realness(x, LABELS))
    assert np.array_equal(gan.grids, loaded.grids) and equal(weights(gan.networks), weights(loaded.networks))
    for name in ("curves", "grid_steps", "diversity", "log", "policy", "adaptive", "shape", "n_classes"):
        assert getattr(gan, name) == getattr(loaded, name), name
    assert not any(p.requires_grad for p in loaded.networks.parameters()) and not loaded.networks.training


def test_a_saved_gan_is_described_in_json(tmp_path):
    fit(steps=3, policy="shift").save(tmp_path)
    about = json.loads((tmp_path / "generator.json").read_text())
    assert about["generator"] == "mlp" and about["shape"] == [8, 8, 1] and about["policy"] == "shift"
    assert about["kept"].startswith("exponential moving average of the generator's weights")
    assert resolve(about["policy"], tuple(about["shape"])).shift > 0


def spoil(folder, damage: str) -> None:
    about, tensors = folder / "generator.json", folder / "generator.safetensors"
    if damage == "another family":
        about.write_text(about.read_text().replace('"mlp"', '"dcgan"'))
    elif damage == "unknown family":
        about.write_text(about.read_text().replace('"mlp"', '"nothing"'))
    elif damage == "truncated tensors":
        tensors.write_bytes(tensors.read_bytes()[:5000])
    elif damage == "truncated text":
        about.write_text(about.read_text()[:100])
    elif damage == "no tensors":
        tensors.unlink()
    elif damage == "a list":
        about.write_text("[]")
    elif damage == "no log":
        about.write_text(json.dumps({k: v for k, v in json.loads(about.read_text()).items() if k != "log"}))
    elif damage == "a tensor missing":
        kept = safetensors.torch.load_file(tensors)
        kept.pop("tail.embedding.weight")
        safetensors.torch.save_file(kept, tensors)
    elif damage == "a weight changed":
        tensors.write_bytes(tensors.read_bytes()[:-1] + b"?")


def test_a_gan_of_before_weights_had_a_digest_is_read(tmp_path):
    made = fit()
    made.save(tmp_path)
    about = tmp_path / "generator.json"
    about.write_text(json.dumps({k: v for k, v in json.loads(about.read_text()).items() if k != "sha256"}))
    assert equal(weights(Adversarial.load(tmp_path, IMAGE).networks), weights(made.networks))


@pytest.mark.parametrize(
    "damage",
    [
        "another family", "unknown family", "truncated tensors", "truncated text", "no tensors", "a list", "no log",
        "a tensor missing", "a weight changed",
    ],
)  # fmt: skip
def test_a_corrupted_folder_is_refused(damage, tmp_path):
    fit().save(tmp_path)
    spoil(tmp_path, damage)
    with pytest.raises(InputError, match="holds no readable generator .*: train it again"):
        Adversarial.load(tmp_path, IMAGE)


# ---- threads ----


def test_two_gans_in_two_threads_are_those_made_one_after_the_other():
    families = ("projection", "dcgan_per_class")
    expected = [fit(family, steps=8, seed=s) for s, family in enumerate(families)]
    made: dict[int, Adversarial] = {}
    together = threading.Barrier(2)

    def work(seed: int, family: str) -> None:
        together.wait()
        made[seed] = fit(family, steps=8, seed=seed)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(families)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for s in (0, 1):
        assert equal(weights(made[s].networks), weights(expected[s].networks)) and made[s].curves == expected[s].curves


def test_a_gan_loaded_in_one_thread_does_not_disturb_one_that_begins_in_another(tmp_path, monkeypatch):
    fit("mlp", steps=1).save(tmp_path)
    expected = fit("projection", steps=1)
    loading, beginning, patience = threading.Event(), threading.Event(), 0.5

    def slow_loader(shape, classes):
        loading.set()
        beginning.wait(patience)
        return MAKERS["mlp"][0](shape, classes)

    def slow_beginner(shape, classes):
        beginning.set()
        made = MAKERS["projection"][0](shape, classes)
        loader.join(patience)
        return made

    monkeypatch.setitem(FAMILIES, "mlp", replace(TINY["mlp"], generator=slow_loader))
    loader = threading.Thread(target=Adversarial.load, args=(tmp_path, IMAGE))
    loader.start()
    loading.wait()
    made = Adversarial(IMAGE, replace(TINY["projection"], generator=slow_beginner)).fit(make_draw(), Job(1, 0))
    loader.join()
    assert equal(weights(made.networks["discriminator"]), weights(expected.networks["discriminator"]))


# ---- of another medium ----


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=lambda medium: str(medium.dtype))
def test_a_gan_of_vectors_is_fitted_sampled_blended_saved_and_loaded(medium, tmp_path):
    """Items, noise and augmentation are the medium's and the family's: nothing here is (H, W, C) or 0..255."""
    draw, labels = vectors(medium), np.arange(40) % 2
    gan = Adversarial(medium, medium.families["vector"], "noise").fit(draw, Job(400, 1))
    made = gan.sample(Condition(labels), 3)
    assert made.dtype == medium.dtype and made.shape == (40, 5) and gan.grids.shape == (6, 2, 8, 5)
    assert gan.grids.dtype == medium.dtype and np.isfinite(gan.diversity["ratio"]).all()
    real = np.array([draw.x[draw.y == k].mean() for k in (0, 1)])
    means = np.array([made[labels == k].mean() for k in (0, 1)])
    assert np.abs(means - real).max() < 0.5 * np.ptp(real)  # negative, and far beyond 255 where they are int16
    assert gan.between(np.array([0, 1]), 3, 4).shape == (2, 4, 5)
    np.testing.assert_array_equal(gan.between(labels[:2], 3, 3)[0, 0], made[0])
    blends = gan.blend(np.array([[0, 1]] * 40), np.full(40, 0.5), 3)
    assert blends.dtype == medium.dtype and real.min() < blends.mean() < real.max()
    assert gan.realness(draw.x, draw.y).shape == (24,)
    gan.save(tmp_path)
    loaded = Adversarial.load(tmp_path, medium)
    assert np.array_equal(loaded.sample(Condition(labels), 3), made) and loaded.grids.dtype == medium.dtype
    assert loaded.truncated(0.5).sample(Condition(labels), 3).std() < made.std()


def test_what_is_refused_is_called_what_the_medium_calls_it():
    gan = Adversarial(INT16, INT16.families["vector"])
    with pytest.raises(InputError, match="3 training vectors make no batch for vector, .*; give more vectors"):
        gan.check(vectors(INT16, n=1, classes=3), Job(1, 0))


# ---- on a GPU ----


@pytest.mark.gpu
@pytest.mark.parametrize("family", list(TINY))
def test_fitted_on_a_gpu_it_is_sampled_there_and_on_the_cpu_alike(family, tmp_path):
    gan = Adversarial(IMAGE, TINY[family]).fit(make_draw(), Job(20, 3, "cuda"))
    assert next(gan.networks.parameters()).is_cuda
    gan.save(tmp_path)
    loaded = Adversarial.load(tmp_path, IMAGE)
    on_gpu, on_cpu = gan.sample(ASKED, 0).astype(int), loaded.sample(ASKED, 0).astype(int)
    assert np.abs(on_gpu - on_cpu).max() <= 2
    assert np.array_equal(loaded.to("cuda").sample(ASKED, 0), on_gpu)
