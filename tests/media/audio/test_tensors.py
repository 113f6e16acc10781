"""Clips as tensors and back."""

from __future__ import annotations

import numpy as np
import torch

from gannb.media.audio import tensors

X = np.array([[-32767, -1, 0, 1, 32767], [5, 6, 7, 8, 9]], np.int16)


def test_there_and_back_is_the_same():
    stored = tensors.stored(X)
    assert stored.dtype == torch.int16 and stored.shape == (2, 5)
    encoded = tensors.encode(stored)
    assert encoded.dtype == torch.float32 and encoded.min() == -1 and encoded.max() == 1
    assert np.array_equal(tensors.decode(encoded), X) and tensors.decode(encoded).dtype == np.int16


def test_what_is_beyond_the_range_is_cut_off():
    assert tensors.decode(torch.tensor([[-3.0, 1.0001, 0.4 / 32767]])).tolist() == [[-32767, 32767, 0]]


def test_what_is_stored_shares_no_memory_with_the_data():
    frozen = X.copy()
    frozen.setflags(write=False)
    tensors.stored(frozen)[0, 0] = 0
    assert frozen[0, 0] == -32767
