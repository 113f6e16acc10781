"""The stream: batches that depend on their number alone, whoever makes them."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from gannb.export.generate import stream
from gannb.utils.errors import InputError


def first(source, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(x.numpy(), y.numpy()) for x, y in itertools.islice(source, n)]


def same(a, b) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, u) and np.array_equal(y, v) for (x, y), (u, v) in zip(a, b))  # noqa: B905


def test_batches_are_ready_for_training_and_classes_come_equally_often(helpful):
    found = first(stream(helpful, batch_size=25), 4)
    assert all(x.shape == (25, 1, 8, 8) and x.dtype == np.uint8 and y.dtype == np.int64 for x, y in found)
    assert np.array_equal(np.bincount(np.concatenate([y for _, y in found])), [10] * 10)
    assert len({x.tobytes() for x, _ in found}) == 4
    assert set(first(stream(helpful, classes=["3", "7"]), 1)[0][1]) == {3, 7}


def test_the_order_does_not_depend_on_the_number_of_workers(helpful):
    alone = first(stream(helpful, batch_size=8), 6)
    loader = DataLoader(stream(helpful, batch_size=8), batch_size=None, num_workers=2)
    assert same(first(loader, 6), alone)


def test_it_goes_on_where_it_stopped(helpful):
    whole = first(stream(helpful, batch_size=8), 7)
    assert same(first(stream(helpful, batch_size=8, start=4), 3), whole[4:])
    half = stream(helpful, batch_size=8)
    assert same(first(half, 4), whole[:4])
    later = stream(helpful, batch_size=8)
    later.load_state_dict(half.state_dict())
    assert same(first(later, 3), whole[4:])


def test_another_seed_gives_others_and_it_can_be_sent_to_a_spawned_worker(helpful):
    source = stream(helpful, batch_size=8, seed=1)
    assert not np.array_equal(first(source, 1)[0][0], first(stream(helpful, batch_size=8), 1)[0][0])
    assert torch.equal(pickle.loads(pickle.dumps(source)).batch(3)[0], source.batch(3)[0])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"start": -1}, "start=-1"),
        ({"seed": -1}, "seed=-1 is out"),
        ({"classes": ["x"]}, "there is no class 'x'"),
    ],
)
def test_wrong_input_is_refused(helpful, given, says):
    with pytest.raises(InputError, match=says):
        stream(helpful, **given)
