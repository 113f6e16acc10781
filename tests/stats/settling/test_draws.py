"""Several draws inside each block, averaged; t over blocks crossed with test items."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.stats.intervals import balanced_weights, crossed_t
from gannb.stats.settling.draws import block_means, draws_interval
from gannb.utils.errors import InputError

Y = np.arange(200) % 4
ABOUT = (balanced_weights(Y), Y, np.arange(200))


def test_draws_of_a_block_are_averaged_in_any_order_and_number():
    d = np.arange(12.0).reshape(6, 2)
    found = block_means(d, np.array([7, 3, 7, 3, 7, 5]))
    assert found == pytest.approx(np.array([d[[1, 3]].mean(axis=0), d[5], d[[0, 2, 4]].mean(axis=0)]))


def test_with_a_draw_a_block_it_is_the_crossed_interval():
    d = np.random.default_rng(0).normal(0, 0.3, (8, 200))
    assert draws_interval(d, np.arange(8), *ABOUT) == crossed_t(d, *ABOUT)


def test_blocks_are_what_is_counted():
    d = np.random.default_rng(0).normal(0, 0.3, (16, 200))
    block = np.arange(16) // 2
    assert draws_interval(d, block, *ABOUT) == crossed_t(d.reshape(8, 2, 200).mean(axis=1), *ABOUT)
    assert draws_interval(d, block, *ABOUT).n == 8


def test_every_draw_needs_a_block():
    with pytest.raises(InputError, match="6 draws have 5 blocks"):
        draws_interval(np.zeros((6, 200)), np.arange(5), *ABOUT)
    with pytest.raises(InputError, match="at least 2 trials"):
        draws_interval(np.zeros((6, 200)), np.zeros(6, dtype=int), *ABOUT)
