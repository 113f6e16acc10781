"""From a generator network to images: what an item depends on, and truncation."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from tiny_gans import MAKERS, TINY, equal, weights

from gannb.generators.adversarial import sampling
from gannb.generators.adversarial.form import AsTheyAre
from gannb.generators.adversarial.sampling import SAMPLE_BATCH, generate, in_batches, noise_rows, score, truncate
from gannb.media.image import IMAGE

SHAPE = (8, 8, 1)
FORM = AsTheyAre(IMAGE)


def network(family: str, which: int = 0) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MAKERS[family][which](SHAPE, 3).eval()


# ---- noise ----


@pytest.mark.parametrize("index", [[0], [63, 64, 65], [500, 3, 3, 128, 0], range(200)], ids=str)
def test_a_row_of_noise_depends_on_the_seed_and_its_position_alone(index):
    everything = noise_rows(7, np.arange(600), (5,))
    index = np.array(index)
    assert np.array_equal(noise_rows(7, index, (5,)), everything[index])
    assert not np.array_equal(noise_rows(8, index, (5,)), everything[index])


def test_noise_is_standard_normal_and_no_row_comes_twice():
    rows = noise_rows(0, np.arange(3000), (4,))
    assert rows.shape == (3000, 4) and rows.dtype == np.float32
    assert stats.kstest(rows.ravel(), "norm").pvalue > 0.001
    assert len(np.unique(rows, axis=0)) == 3000
    assert noise_rows(0, np.array([], dtype=int), (4,)).shape == (0, 4)


@pytest.mark.parametrize("limit", [0.3, 1.0, 2.0])
def test_truncated_noise_has_the_truncated_normal_distribution(limit):
    noise = noise_rows(0, np.arange(5000), (4,))
    cut = truncate(noise, limit)
    assert cut.dtype == np.float32 and np.abs(cut).max() <= limit
    assert stats.kstest(cut.ravel(), stats.truncnorm(-limit, limit).cdf).pvalue > 0.001
    clipped = noise.ravel().clip(-limit, limit)  # which is something else
    assert stats.kstest(clipped, stats.truncnorm(-limit, limit).cdf).pvalue < 1e-6


def test_truncation_keeps_the_order_and_shrinks_every_value():
    noise = noise_rows(0, np.arange(500), (3,)).ravel()
    cut = truncate(noise, 1.0)
    assert (np.diff(cut[np.argsort(noise)]) >= 0).all()
    assert (np.abs(cut) <= np.abs(noise) + 1e-6).all() and (np.sign(cut) == np.sign(noise)).all()
    assert np.allclose(truncate(noise, 8.0), noise, atol=1e-4)  # hardly anything is beyond 8


def test_values_far_out_stay_finite():
    assert np.allclose(truncate(np.array([[-40.0, 40.0]], np.float32), 1.0), [[-1, 1]], atol=1e-6)


# ---- images ----


@pytest.mark.parametrize("n", [0, 1, SAMPLE_BATCH, SAMPLE_BATCH + 1, 3 * SAMPLE_BATCH - 1])
def test_batches_are_of_one_size_and_give_one_row_per_row(n):
    sizes = []

    def double(x: np.ndarray) -> np.ndarray:
        sizes.append(len(x))
        return 2 * x

    rows = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    assert np.array_equal(in_batches(double, rows), 2 * rows)
    assert set(sizes) == {SAMPLE_BATCH}


@pytest.mark.parametrize("family", list(TINY))
def test_an_image_is_the_same_bytes_whatever_is_made_with_it(family):
    made_by, labels = network(family), np.arange(150) % 3
    noise = noise_rows(1, np.arange(150), TINY[family].noise_shape)
    made = generate(FORM, made_by, noise, labels)
    assert made.shape == (150, *SHAPE) and made.dtype == np.uint8
    for part in (np.arange(7), np.arange(149, -1, -1), np.array([64, 3, 149]), np.array([5])):
        assert np.array_equal(generate(FORM, made_by, noise[part], labels[part]), made[part])
    changed = np.where(np.arange(150) % 3 == 1, 1, 0)  # the labels around those of class 1
    assert np.array_equal(generate(FORM, made_by, noise, changed)[1::3], made[1::3])


@pytest.mark.parametrize("family", list(TINY))
def test_pixels_are_the_networks_values_from_0_to_255(family):
    made_by, noise, labels = network(family), noise_rows(1, np.arange(5), TINY[family].noise_shape), np.arange(5) % 3
    with torch.no_grad():
        values = made_by(torch.from_numpy(noise), torch.from_numpy(labels)).permute(0, 2, 3, 1).numpy()
    assert np.abs(generate(FORM, made_by, noise, labels) - (values + 1) / 2 * 255).max() <= 0.51


@pytest.mark.parametrize("family", list(TINY))
def test_scores_are_the_discriminators_of_pixels_from_minus_1_to_1(family):
    judge, labels = network(family, 1), np.arange(70) % 3
    x = np.random.default_rng(0).integers(256, size=(70, *SHAPE), dtype=np.uint8)
    with torch.no_grad():
        images = torch.from_numpy(x).permute(0, 3, 1, 2) / 255 * 2 - 1
        expected = judge(images, torch.from_numpy(labels))[0].reshape(70, -1).mean(1)  # one score, or several
    made = score(FORM, judge, x, labels)
    assert made.shape == (70,) and np.allclose(made, expected.numpy(), atol=1e-4)
    assert np.array_equal(score(FORM, judge, x[3:5], labels[3:5]), made[3:5])
    assert score(FORM, judge, x[:0], labels[:0]).shape == (0,)


def test_sampling_and_scoring_leave_the_networks_and_global_randomness_as_they_are():
    made_by, judge = network("projection"), network("projection", 1)
    before = weights(made_by), weights(judge)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    made = generate(FORM, made_by, noise_rows(0, np.arange(3), (64,)), np.arange(3))
    score(FORM, judge, made, np.arange(3))
    assert torch.equal(torch.rand(1), expected)
    assert equal(weights(made_by), before[0]) and equal(weights(judge), before[1])


def test_on_a_gpu_items_are_made_exactly(monkeypatch):
    asked = []
    monkeypatch.setattr(sampling, "exact", lambda: contextlib.nullcontext(asked.append("exact")))
    noise, labels = np.zeros((3, 6), np.float32), np.zeros(3, np.int64)
    stands = SimpleNamespace(type="cuda")
    monkeypatch.setattr(sampling, "in_batches", lambda *_: asked.append("made"))
    for device, expected in ((stands, ["exact", "made"]), (torch.device("cpu"), ["made"])):
        asked.clear()
        there = SimpleNamespace(parameters=lambda device=device: iter([SimpleNamespace(device=device)]))
        sampling.make(FORM, there, noise, labels)
        assert asked == expected
