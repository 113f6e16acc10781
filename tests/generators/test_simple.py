"""The generators that need no training: what each makes of a draw."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_gans import as_examples, make_draw, usage
from toy_media import FLOAT, INT16, Vectors, vectors

from gannb.data.examples import Examples
from gannb.generators.interface import Condition, Job
from gannb.generators.simple import SIMPLE, Copies, Gaussian, Interpolation, Mislabelled
from gannb.media.image import IMAGE


@pytest.mark.parametrize("m", [1, 6, 7, 50])
@pytest.mark.parametrize("kind", [Copies, Mislabelled])
def test_copies_use_every_item_equally_often(kind, m):
    draw = make_draw()
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(3), m))
    counts = usage(kind(IMAGE).fit(draw, Job(0, 1)).sample(Condition(labels), 2), draw)
    assert counts.sum() == 3 * m
    for k in range(3):
        assert np.ptp(counts[draw.y == k]) <= 1


def test_copies_are_right_and_mislabelled_never():
    draw = make_draw(classes=4)
    labels = np.random.default_rng(0).integers(4, size=200)
    levels = np.array([draw.x[draw.y == k].mean() for k in range(4)])

    def shown(items: np.ndarray) -> np.ndarray:
        return np.abs(items.mean(axis=(1, 2, 3))[:, None] - levels).argmin(axis=1)

    assert (shown(Copies(IMAGE).fit(draw, Job(0, 0)).sample(Condition(labels), 0)) == labels).all()
    for seed in range(5):
        assert not (shown(Mislabelled(IMAGE).fit(draw, Job(0, seed)).sample(Condition(labels), 0)) == labels).any()


def test_mislabelled_is_never_right_with_two_unequal_classes():
    draw = make_draw(classes=2).take([0, 1, 2, 3, 4, 5, 6])  # 6 and 1
    labels = np.repeat([0, 1], [30, 5])
    counts = usage(Mislabelled(IMAGE).fit(draw, Job(0, 0)).sample(Condition(labels), 0), draw)
    assert counts[6] == 30 and counts[:6].sum() == 5


@pytest.mark.parametrize("n", [5, 200])  # fewer and more items than pixels
def test_gaussian_has_the_mean_and_the_covariance_of_the_draw(n):
    rng = np.random.default_rng(0)
    x = (128 + 25 * rng.standard_normal((2 * n, 3, 3, 1))).clip(60, 200).astype(np.uint8)
    draw = as_examples(x, np.repeat([0, 1], n))
    made = (
        Gaussian(IMAGE)
        .fit(draw, Job(0, 0))
        .sample(Condition(np.zeros(40_000, dtype=int)), 0)
        .reshape(-1, 9)
        .astype(float)
    )
    real = draw.x[draw.y == 0].reshape(-1, 9).astype(float)
    assert np.abs(made.mean(axis=0) - real.mean(axis=0)).max() < 1
    assert np.abs(np.cov(made.T) - np.cov(real.T)).max() < 0.06 * np.cov(real.T).max()


def test_interpolations_lie_between_two_different_items_of_the_class():
    draw = make_draw(n=2, classes=2)
    made = Interpolation(IMAGE).fit(draw, Job(0, 0)).sample(Condition(np.ones(300, dtype=int)), 0).astype(float)
    a, b = draw.x[draw.y == 1].astype(float)
    weight = ((made - b) * (a - b)).sum(axis=(1, 2, 3)) / ((a - b) ** 2).sum()
    blend = weight[:, None, None, None] * a + (1 - weight[:, None, None, None]) * b
    assert np.abs(made - blend).max() < 1  # rounding
    assert np.histogram(weight, bins=3, range=(0, 1))[0].min() > 70  # 100 expected


@pytest.mark.parametrize("name", list(SIMPLE))
def test_one_item_per_class_is_repeated(name):
    draw = make_draw(n=1)
    labels = np.array([0, 1, 2, 0])
    made = SIMPLE[name](IMAGE).fit(draw, Job(0, 0)).sample(Condition(labels), 0)
    if name == "mislabelled":
        assert np.array_equal(made[0], made[3]) and usage(made[:3], draw).tolist() == [1, 1, 1]
    else:
        assert np.array_equal(made, draw.x[labels])


@pytest.mark.parametrize("name", list(SIMPLE))
def test_the_items_of_a_class_do_not_depend_on_the_other_labels(name):
    fitted = SIMPLE[name](IMAGE).fit(make_draw(), Job(0, 0))
    alone = fitted.sample(Condition(np.ones(9, dtype=int)), 3)
    among = fitted.sample(Condition(np.array([0, 1, 2] * 9)), 3)
    assert np.array_equal(alone, among[1::3])
    assert not np.array_equal(alone, fitted.sample(Condition(np.ones(9, dtype=int)), 4))


# ---- whatever the dtype ----

both = pytest.mark.parametrize("medium", [INT16, FLOAT], ids=lambda medium: str(medium.dtype))


def made_of(kind: str, medium: Vectors, draw: Examples, labels: np.ndarray) -> np.ndarray:
    items = SIMPLE[kind](medium).fit(draw, Job(0, 1)).sample(Condition(labels), 2)
    assert items.dtype == medium.dtype and items.shape == (len(labels), *draw.shape)
    return items


@both
def test_copies_keep_dtype_and_values(medium, tmp_path):
    draw, labels = vectors(medium), np.repeat([0, 1], 12)
    assert np.array_equal(usage(made_of("copies", medium, draw, labels), draw), np.ones(24))
    wrong = made_of("mislabelled", medium, draw, labels)
    assert np.array_equal(usage(wrong[:12], draw), np.repeat([0, 1], 12))
    fitted = SIMPLE["copies"](medium).fit(draw, Job(0, 1))
    fitted.save(tmp_path)
    again = Copies.load(tmp_path, medium).sample(Condition(labels), 2)
    assert again.dtype == medium.dtype and np.array_equal(again, fitted.sample(Condition(labels), 2))


@both
@pytest.mark.parametrize("n", [4, 60])  # fewer and more items than dimensions
def test_a_gaussian_of_any_dtype_has_the_mean_and_the_covariance_of_the_draw(medium, n):
    draw = vectors(medium, n)
    made = made_of("gaussian", medium, draw, np.ones(40_000, dtype=int)).astype(float)
    real = draw.x[draw.y == 1].astype(float)
    assert np.abs(made.mean(axis=0) - real.mean(axis=0)).max() < 0.02 * real.std()
    assert np.abs(np.cov(made.T) - np.cov(real.T)).max() < 0.05 * np.cov(real.T).max()


def test_a_gaussian_is_clipped_to_what_its_dtype_holds_and_does_not_wrap():
    x = np.array([[32767, -32768], [32000, -32000], [30000, -31000]] * 2, np.int16)
    draw = Examples(x, np.repeat([0, 1], 3), ("a", "b"), np.arange(6).astype(str), np.arange(6))
    made = made_of("gaussian", INT16, draw, np.zeros(500, dtype=int))
    assert made[:, 0].max() == 32767 and made[:, 1].min() == -32768  # which is where it ends
    assert made[:, 0].min() > 20_000 and made[:, 1].max() < -20_000


@both
def test_an_interpolation_of_any_dtype_lies_between_two_items(medium):
    draw = vectors(medium, n=2)
    made = made_of("interpolation", medium, draw, np.zeros(200, dtype=int)).astype(float)
    a, b = draw.x[:2].astype(float)
    low, high = np.minimum(a, b), np.maximum(a, b)
    tolerance = 1e-6 * medium.scale
    assert (made >= low - tolerance).all() and (made <= high + tolerance).all()
    share = (made - b) / (a - b)  # of the first, in each dimension
    assert np.ptp(share, axis=1).max() < 0.05 and np.ptp(share) > 0.9


# ---- in the ways of made items ----


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_between_two_classes_lies_a_blend_of_an_item_of_each(medium):
    draw = vectors(medium, 5, classes=3)
    pairs, share = np.array([[0, 1], [1, 2], [2, 0], [0, 2]]), np.array([1.0, 0.5, 0.0, 0.75])
    made = Copies(medium).fit(draw, Job(0, 1)).blend(pairs, share, 3)
    assert made.dtype == draw.x.dtype and made.shape == (4, *draw.shape)
    assert any(np.array_equal(made[0], x) for x in draw.x[draw.y == 0])  # all of the first
    assert any(np.array_equal(made[2], x) for x in draw.x[draw.y == 0])  # nothing of the first
    assert not any(np.array_equal(made[1], x) for x in draw.x)


def test_the_upper_half_of_each_class_is_what_scores_highest_there():
    draw = vectors(INT16, 6, classes=3)
    score = np.arange(len(draw)) * np.where(draw.y == 1, -1.0, 1.0)
    copies = Copies(INT16).fit(draw, Job(0, 1))
    half = copies.upper_half(lambda x, y: score)
    kept = {x.tobytes() for x in half.sample(Condition(np.repeat(np.arange(3), 9)), 2)}
    best = [np.flatnonzero(draw.y == k)[np.argsort(score[draw.y == k])[3:]] for k in range(3)]
    assert kept == {x.tobytes() for x in draw.x[np.concatenate(best)]} and len(copies.x) == len(draw)
