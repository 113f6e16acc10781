"""What classifiers are trained on: batches of real and synthetic items, and synthetic items made anew."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from planted_items import planted
from toy_media import FLOAT, INT16, vectors

from gannb.classifiers.mixture import Mixture, Stock, batches, cycle, encoded
from gannb.media.image import IMAGE

# ---- batches ----


@pytest.mark.parametrize(("n", "size"), [(10, 3), (3, 10), (7, 7), (1, 4), (64, 24)])
def test_a_cycle_uses_every_item_equally_often(n, size):
    steps = list(islice(cycle(n, size, np.random.default_rng(0)), 50))
    assert all(len(step) == size for step in steps)
    used = np.bincount(np.concatenate(steps), minlength=n)
    assert used.max() - used.min() <= 1


def test_a_cycle_goes_through_all_items_before_any_comes_again():
    order = np.concatenate(list(islice(cycle(10, 5, np.random.default_rng(0)), 6)))
    for epoch in order.reshape(3, 10):
        assert sorted(epoch) == list(range(10))
    assert not np.array_equal(order[:10], order[10:20])


@pytest.mark.parametrize(("share", "size", "synthetic"), [(0.25, 32, 8), (0.5, 32, 16), (0.25, 10, 2), (0.9, 10, 9)])
def test_where_items_are_replaced_each_batch_has_its_exact_share_of_synthetic_ones(share, size, synthetic):
    real, fake = planted(5), planted(50, seed=1)  # 15 and 150: the share is that of the batch, not of the sets
    mixture = Mixture(real, fake, share, mix="replaced")
    assert mixture.sizes(size) == (size - synthetic, synthetic)
    for index in islice(batches(mixture, size, seed=3), 20):
        assert len(index) == size
        assert np.sum(index >= len(real)) == synthetic


@pytest.mark.parametrize(
    ("share", "size", "synthetic"), [(0.25, 32, 11), (0.5, 32, 32), (0.2, 32, 8), (0.9, 10, 90), (0.01, 8, 1)]
)
def test_where_items_are_added_each_batch_has_the_real_ones_of_the_arm_without_them(share, size, synthetic):
    real, fake = planted(5), planted(50, seed=1)
    mixture = Mixture(real, fake, share)
    assert mixture.sizes(size) == (size, synthetic)
    with_items, without = batches(mixture, size, seed=3), batches(Mixture(real, None, 0.0), size, seed=3)
    for index, alone in islice(zip(with_items, without, strict=True), 20):
        assert np.array_equal(index[:size], alone)  # the very same, batch by batch: equal real exposure
        assert len(index) == size + synthetic and (index[size:] >= len(real)).all()


@pytest.mark.parametrize("mix", ["added", "replaced"])
@pytest.mark.parametrize(("share", "times"), [(0.25, 2.0), (0.5, 2.0), (0.4, 1.0), (0.9, 3.0)])
def test_more_synthetic_items_are_so_many_times_as_many_in_a_batch_and_leave_a_real_one(mix, share, times):
    mixture = Mixture(planted(5), planted(5, seed=1), share, mix=mix)
    (real, before), (still, after) = mixture.sizes(40), mixture.with_more(times, 40).sizes(40)
    assert after == pytest.approx(times * before, abs=times) or (mix, still, after) == ("replaced", 1, 39)
    assert still == real == 40 or mix == "replaced"


def test_without_synthetic_items_all_are_real_and_the_other_way_round():
    items = planted(5)
    for mixture in (Mixture(items, None, 0.0), Mixture(None, items, 1.0)):
        index = np.concatenate(list(islice(batches(mixture, 10, seed=0), 3)))
        assert sorted(index) == sorted([*range(15)] * 2)


def test_arms_share_the_order_of_the_real_items():
    real, fake = planted(20), planted(20, seed=1)

    def order(mixture: Mixture) -> np.ndarray:
        index = np.concatenate(list(islice(batches(mixture, 32, seed=5), 40)))
        return index[index < len(real)]

    alone, mixed, half = (
        order(Mixture(real, None, 0.0)),
        order(Mixture(real, fake, 0.25, mix="replaced")),
        order(Mixture(real, fake, 0.5, mix="replaced")),
    )
    assert np.array_equal(alone[: len(mixed)], mixed)
    assert np.array_equal(alone[: len(half)], half)


def test_the_order_depends_on_the_seed():
    mixture = Mixture(planted(20), None, 0.0)
    first, again, other = (next(batches(mixture, 32, seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


# ---- synthetic items made anew at every pass ----


def marked(n_synthetic: int = 6) -> tuple[Mixture, list[int]]:
    """3 real items and some synthetic ones, which say of which pass they are; the passes asked for."""
    asked: list[int] = []

    def fresh(number: int) -> np.ndarray:
        asked.append(number)
        return np.full((n_synthetic, 8, 8, 1), 10 * number, np.uint8)

    synthetic = planted(2).take(np.arange(n_synthetic))
    synthetic.x[:] = 0
    return Mixture(planted(1), synthetic, 0.5, fresh), asked


def test_a_pass_ends_when_every_synthetic_item_was_handed_out_once():
    mixture, asked = marked()
    stock = Stock(IMAGE, mixture)
    seen = [stock.take(np.array([0, 3 + i % 6, 1, 3 + (i + 1) % 6]))[0] for i in range(0, 18, 2)]
    levels = [(((images[[1, 3], 0, 0, 0] + 1) * 127.5).round() / 10).int().tolist() for images in seen]
    assert levels == [[0, 0]] * 3 + [[1, 1]] * 3 + [[2, 2]] * 3 and asked == [1, 2]
    assert all(torch.equal(images[[0, 2]], encoded(IMAGE, mixture.real.x)[:2]) for images in seen)


def test_a_batch_may_lie_across_passes():
    mixture, asked = marked()
    images, labels = Stock(IMAGE, mixture).take(np.concatenate([3 + np.arange(6), [2], 3 + np.arange(6), [3]]))
    levels = (((images[:, 0, 0, 0] + 1) * 127.5).round() / 10).int().tolist()
    assert levels[:6] == [0] * 6 and levels[7:] == [1] * 6 + [2] and asked == [1, 2]
    assert np.array_equal(labels[:6], mixture.synthetic.y) and labels[6] == mixture.real.y[2]


def test_batches_of_real_items_alone_use_up_no_pass():
    mixture, asked = marked()
    stock = Stock(IMAGE, mixture)
    for _ in range(9):
        stock.take(np.array([0, 1, 2]))
    assert asked == [] and stock.handed_out == 0


@pytest.mark.parametrize(("shown", "first"), [(0, 0), (6, 1), (7, 2), (12, 2)])
def test_a_later_cycle_begins_a_pass_that_no_earlier_one_has_seen(shown, first):
    mixture, asked = marked()
    images, _ = Stock(IMAGE, mixture, shown=shown).take(3 + np.arange(6))
    assert (((images[:, 0, 0, 0] + 1) * 127.5).round() / 10).int().tolist() == [first] * 6
    assert asked == ([first] if first else [])


@pytest.mark.parametrize("medium", [INT16, FLOAT], ids=["int16", "float"])
def test_a_stock_is_encoded_by_the_medium(medium):
    items, other = vectors(medium, 3), vectors(medium, 2, seed=1)
    taken, labels = Stock(medium, Mixture(items, other, 0.5)).take(np.array([0, 5, 6]))
    expected = np.concatenate([items.x[[0, 5]], other.x[:1]]).astype(np.float32) / medium.scale
    assert np.array_equal(taken, expected) and labels.tolist() == [0, 1, 0]


def test_a_stock_keeps_items_in_their_own_type_and_hands_them_out_as_if_all_were_encoded_at_once():
    items = planted(4)
    stock = Stock(IMAGE, Mixture(items, None, 0.0))
    assert stock.x.dtype == torch.uint8 and stock.values == items.x[0].size
    index = np.array([5, 0, 5, 2])
    taken, _ = stock.take(index)
    expected = encoded(IMAGE, items.x)[index]
    assert torch.equal(taken, expected) and taken.stride() == expected.stride()


# ---- shares as labels ----


@pytest.mark.parametrize("real", [planted(2), None], ids=["beside real ones", "alone"])
def test_where_made_items_have_shares_all_labels_are_shares(real):
    made, shares = planted(2, seed=1), np.random.default_rng(0).dirichlet(np.ones(3), 6).astype(np.float32)
    stock = Stock(IMAGE, Mixture(real, made, 0.5 if real else 1.0, shares=shares))
    _, y = stock.take(np.arange(len(stock.x)))
    assert y.shape == (len(stock.x), 3) and np.array_equal(y[stock.n_real :], shares)
    if real:
        assert np.array_equal(y[:6].argmax(1), real.y) and y[:6].sum() == 6


def test_batches_of_one_kind_are_those_of_the_items_alone():
    mixture = Mixture(planted(4), planted(4, seed=1), 0.25, way="before")
    assert mixture.alone(False).sizes(12) == (12, 0) and mixture.alone(True).sizes(12) == (0, 12)
    both = mixture.alone(False), Mixture(planted(4), None, 0.0)
    real, alone = (np.stack(list(islice(batches(each, 12, 3), 5))) for each in both)
    assert np.array_equal(real, alone)
    assert (np.stack(list(islice(batches(mixture.alone(True), 12, 3), 5))) >= 12).all()
