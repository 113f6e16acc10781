"""Fidelity, diversity and copying: known libraries, planted truths, small sets, bad input."""

from __future__ import annotations

import contextlib
import io
import math
import warnings

import numpy as np
import prdc as oracle
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from sklearn.datasets import load_digits

from gannb.measures import fidelity
from gannb.measures.fidelity import (
    authenticity,
    diversity,
    frechet_distance,
    kid,
    nearer_to_training,
    nearest,
    nearest_few,
    nearest_neighbour_ratio,
    prdc,
)
from gannb.utils.errors import InputError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(n: int, d: int = 6, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return rng(seed).normal(shift, 1, (n, d))


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real 8x8 digits in 0..1, shuffled, flattened to (1797, 64), and their labels."""
    x, y = load_digits(return_X_y=True)
    order = rng().permutation(len(y))
    return x[order] / 16, y[order]


# ------------------------------------------------------------------------------------------------------------
# KID


def slow_kid(x, y):
    """Straight from the definition: mean kernel of distinct real pairs, of distinct generated, less twice
    across.
    """

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    def same(z):
        return np.mean([k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j])

    return same(x) + same(y) - 2 * np.mean([k(a, b) for a in x for b in y])


def test_kid_by_hand():
    # k(0, 1) = 1, k(1, 1) = 8, k(1, 2) = 27, k(0, 2) = 1: real pair (0, 1), generated pair (1, 2)
    assert kid([[0.0], [1.0]], [[1.0], [2.0]]).value == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


@pytest.mark.parametrize("n, m", [(2, 2), (8, 8), (20, 33)])
def test_kid_is_its_definition(n, m):
    x, y = normal(n), normal(m, shift=0.5, seed=1)
    assert kid(x, y).value == pytest.approx(slow_kid(x, y))


def test_kid_in_blocks_is_the_same(monkeypatch):
    x, y = normal(90), normal(100, seed=1)
    whole = kid(x, y)
    monkeypatch.setattr(fidelity, "_BLOCK_ENTRIES", 700)
    assert kid(x, y).value == pytest.approx(whole.value)


@pytest.mark.parametrize("n", [8, 40])
def test_kid_of_one_distribution_is_0_on_average_at_any_size(n):
    values = [kid(normal(n, seed=2 * s), normal(n, seed=2 * s + 1)).value for s in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(400)
    assert min(values) < 0  # an estimate that cannot be negative would be biased


def test_kid_does_not_depend_on_the_number_of_items_but_its_se_does():
    small = [kid(normal(10, seed=s), normal(10, shift=0.5, seed=s + 999)).value for s in range(300)]
    large = kid(normal(2000), normal(2000, shift=0.5, seed=1))
    assert np.mean(small) == pytest.approx(large.value, abs=3 * np.std(small) / math.sqrt(300) + 3 * large.se)
    assert 0 < large.se < 0.25 * np.std(small)


def test_the_standard_error_of_kid_is_its_spread_over_repeats():
    found = [kid(normal(160, seed=s), normal(160, shift=0.5, seed=s + 999)) for s in range(100)]
    spread = np.std([f.value for f in found])
    assert math.sqrt(np.mean([f.se**2 for f in found])) == pytest.approx(spread, rel=0.35)
    assert math.isnan(kid(normal(79), normal(200)).se)  # too few for ten blocks


def test_kid_tells_noise_from_digits_and_digits_from_digits(digits):
    x, _ = digits
    same = kid(x[:400], x[400:800])
    noise = kid(x[:400], rng(3).random((400, 64)))
    assert abs(same.value) < 3 * same.se
    assert noise.value > 20 * noise.se


# ------------------------------------------------------------------------------------------------------------
# Precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("n, m, shift", [(8, 8, 0.0), (100, 100, 0.7), (60, 150, 2.0), (150, 60, 0.3)])
def test_prdc_is_the_reference_implementation(n, m, shift, k):
    real, fake = normal(n), normal(m, shift=shift, seed=1)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = oracle.compute_prdc(real, fake, nearest_k=k)
    found = prdc(real, fake, k)
    assert vars(found) == pytest.approx(expected)


def test_prdc_by_hand():
    # k = 1; real 0, 1, 3 with radii 1, 1, 2; generated .5, 4.5, 10 with radii 4, 4, 5.5
    found = prdc([[0.0], [1.0], [3.0]], [[0.5], [4.5], [10.0]], k=1)
    assert found.precision == pytest.approx(2 / 3)  # .5 by 0 and 1; 4.5 by 3
    assert found.recall == 1  # all within 4 of .5
    assert found.density == pytest.approx(3 / 3)  # .5 in two spheres, 4.5 in one
    assert found.coverage == 1


def test_the_edge_of_a_sphere_is_outside():
    found = prdc([[0.0], [1.0]], [[2.0], [3.0]], k=1)  # 2 is exactly a radius from 1, and 1 from 2
    assert vars(found) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_prdc_in_blocks_is_the_same(monkeypatch):
    real, fake = normal(70), normal(50, seed=1)
    whole = prdc(real, fake)
    monkeypatch.setattr(fidelity, "_BLOCK_ENTRIES", 333)
    assert prdc(real, fake) == whole


def test_density_and_coverage_of_one_distribution_are_what_theory_says():
    n, k = 200, 5
    found = [prdc(normal(n, seed=2 * s), normal(n, seed=2 * s + 1), k) for s in range(60)]
    # Naeem et al. 2020, appendix: no generated item among a real one's k nearest of n - 1 + n others
    missed = math.prod((n - 1 - i) / (2 * n - 1 - i) for i in range(k))
    assert np.mean([f.coverage for f in found]) == pytest.approx(1 - missed, abs=0.01)
    assert np.mean([f.density for f in found]) == pytest.approx(1, abs=0.02)


def test_mode_dropping_shows_in_recall_and_coverage_not_in_precision():
    real = np.concatenate([normal(100), normal(100, shift=20, seed=1)])
    fake = normal(200, seed=2)  # one of two modes
    found = prdc(real, fake)
    assert found.precision > 0.8 and found.coverage < 0.55 and found.recall < 0.55


def test_copies_pass_precision_and_coverage():
    real = normal(100)
    found = prdc(real, real.copy())
    assert found.precision == found.recall == found.coverage == 1


# ------------------------------------------------------------------------------------------------------------
# Copying


def test_authenticity_by_hand():
    # training 0, 1, 5 with own nearest distances 1, 1, 4; 0.2 and 6.5 are nearer than that to 0 and 5,
    # -1.5 (1.5 from 0) and 9.5 (4.5 from 5) are not
    train = [[0.0], [1.0], [5.0]]
    assert authenticity(train, [[0.2], [6.5], [-1.5], [9.5]]) == 0.5
    assert authenticity(train, [[2.0]]) == 0  # as near to 1 as 0 is: a tie is not farther
    # by the radius of 5, its nearest; the radii of 0 and 1 would say 1
    assert authenticity(train, [[6.5]]) == 0


def test_authenticity_of_held_out_items_is_what_geometry_says():
    """y is not authentic when y and x are mutually nearest: probability 6 pi / (8 pi + 3 sqrt 3) in the
    plane.
    """
    found = [authenticity(rng(s).random((1000, 2)), rng(s + 99).random((1000, 2))) for s in range(10)]
    assert np.mean(found) == pytest.approx(1 - 6 * math.pi / (8 * math.pi + 3 * math.sqrt(3)), abs=0.015)


def test_a_planted_copier_is_flagged_and_held_out_digits_are_not(digits):
    x, _ = digits
    train, held_out, others = x[:400], x[400:800], x[800:1200]
    copier = train[rng(4).integers(0, 400, 400)] + rng(5).normal(0, 0.02, (400, 64))
    assert authenticity(train, copier) < 0.02
    assert nearest_neighbour_ratio(train, copier, held_out) < 0.3
    assert authenticity(train, others) == pytest.approx(authenticity(train, held_out), abs=0.07)
    assert nearest_neighbour_ratio(train, others, held_out) == pytest.approx(1, abs=0.05)


def test_a_partial_copier_lies_between(digits):
    x, _ = digits
    train, held_out = x[:400], x[400:800]
    half = np.concatenate([train[:200], x[800:1000]])
    assert authenticity(train, half) == pytest.approx(authenticity(train, held_out) / 2, abs=0.07)


def test_exact_copies_have_ratio_and_authenticity_0(digits):
    train = digits[0][:80] + 1000.0  # far from the origin, where expanding the square would lose digits
    assert authenticity(train, train) == 0
    assert nearest_neighbour_ratio(train, train, digits[0][80:160] + 1000.0) == 0


def test_noise_passes_the_copying_checks(digits):
    train, held_out = digits[0][:400], digits[0][400:800]
    noise = rng(6).random((400, 64))
    assert authenticity(train, noise) > 0.95
    assert nearest_neighbour_ratio(train, noise, held_out) > 1


def test_ratio_is_nan_where_the_held_out_are_training_items():
    train = normal(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(nearest_neighbour_ratio(train, normal(5, seed=1), train[:5]))


# ------------------------------------------------------------------------------------------------------------
# Frechet distance


@pytest.mark.parametrize("n, m, d", [(50, 70, 6), (8, 9, 12)])  # fewer items than features: singular covariances
def test_frechet_distance_is_that_of_torch_fidelity(n, m, d):
    metric = pytest.importorskip("torch_fidelity.metric_fid")
    x, y = normal(n, d), 2 * normal(m, d, shift=0.5, seed=1)
    statistics = [metric.fid_features_to_statistics(torch.from_numpy(z)) for z in (x, y)]
    expected = metric.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_by_hand():
    x = np.array([[0.0], [2.0]])  # variance 2
    assert frechet_distance(x, 3 * x + 1) == pytest.approx(3**2 + (math.sqrt(2) - math.sqrt(18)) ** 2)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-12)


# ------------------------------------------------------------------------------------------------------------
# Nearest, diversity


def test_the_nearest_few_are_those_of_brute_force():
    query, reference = normal(40, 5), normal(30, 5, seed=1)
    index, distance = nearest_few(query, reference, 6)
    np.testing.assert_array_equal(index, cdist(query, reference).argsort(axis=1)[:, :6])
    np.testing.assert_allclose(distance, np.sort(cdist(query, reference), axis=1)[:, :6])
    assert nearest_few(query, reference[:4], 6)[0].shape == (40, 4)


def test_diversity_is_the_mean_pair_distance_within_classes(monkeypatch):
    x, y = normal(30), np.repeat([0, 1, 2], [5, 24, 1])
    expected = (pdist(x[:5]).mean() + pdist(x[5:29]).mean()) / 2  # one item has no pair
    assert diversity(x, y) == pytest.approx(expected)
    monkeypatch.setattr(fidelity, "_BLOCK_ENTRIES", 50)
    assert diversity(x, y) == pytest.approx(expected)


def test_diversity_shows_collapse_within_classes_though_classes_differ(digits):
    x, y = digits
    means = np.stack([x[y == k].mean(axis=0) for k in range(10)])[y]
    assert diversity(means, y) == pytest.approx(0, abs=1e-6)
    assert diversity(0.5 * (x + means), y) / diversity(x, y) == pytest.approx(0.5)


def test_diversity_without_a_pair_is_nan():
    assert math.isnan(diversity(normal(3), np.arange(3)))


def test_eight_items_are_enough_for_everything(digits):
    x, y = digits
    real, fake, rest = (x[y == 3][i : i + 8] for i in (0, 8, 16))
    assert math.isfinite(kid(real, fake).value)
    assert prdc(real, fake).density >= 0
    assert 0 <= authenticity(real, fake) <= 1
    assert nearest_neighbour_ratio(real, fake, rest) > 0
    assert diversity(real, np.full(8, 3)) > 0


def test_uint8_pixels_do_not_wrap_around():
    train, fake = np.array([[250], [0]], np.uint8), np.array([[5]], np.uint8)
    index, distance = nearest(fake, train)
    assert (index[0], distance[0]) == (1, 5)


# ------------------------------------------------------------------------------------------------------------
# Bad input

X = np.arange(12.0).reshape(6, 2)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: kid(X, X[:1]), "`fake` holds 1 items"),
        (lambda: kid(X[:0], X), "`real` holds 0 items"),
        (lambda: kid(X, X[:, :1]), "numbers of features differ"),
        (lambda: kid(X, X * np.nan), "`fake` holds values that are not finite"),
        (lambda: kid(X.reshape(6, 1, 2), X), "flattened"),
        (lambda: kid([["a", "b"]] * 2, X), "not an array of numbers"),
        (lambda: prdc(X, X, k=6), "k is 6"),
        (lambda: prdc(X, X[:5], k=5), "below both"),
        (lambda: prdc(X, X, k=0), "k is 0"),
        (lambda: authenticity(X[:1], X), "`train` holds 1 items"),
        (lambda: authenticity(X, X[:0]), "`fake` holds 0 items"),
        (lambda: nearest_neighbour_ratio(X, X, X[:0]), "`held_out` holds 0 items"),
        (lambda: nearest(X[:0], X), "`query` holds 0 items"),
        (lambda: diversity(X, np.zeros(5)), "one label per item"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(InputError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_nearer_to_training_is_0_for_held_out_items_and_1_for_copies():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(30):
        train, held_out, honest = (rng.normal(size=(60, 12)) for _ in range(3))
        shares.append(nearer_to_training(train, honest, held_out))
        assert nearer_to_training(train, train[rng.integers(60, size=80)] + 1e-3, held_out) == 1
        assert nearer_to_training(train, held_out, held_out) == -1
    assert np.mean(shares) == pytest.approx(0, abs=4 * np.std(shares) / np.sqrt(30))


@pytest.mark.parametrize("n, m", [(60, 60), (300, 100), (100, 300)])
def test_nearer_to_training_is_the_share_of_copies_whatever_the_sizes(n, m):
    rng = np.random.default_rng(1)
    found = []
    for _ in range(20):
        train, held_out, fake = (rng.normal(size=(size, 6)) for size in (n, m, 200))
        fake[:40] = train[rng.integers(n, size=40)]
        found.append(nearer_to_training(train, fake, held_out))
    assert np.mean(found) == pytest.approx(0.2, abs=0.06)
