"""Images as tensors and back."""

from __future__ import annotations

import numpy as np
import torch

from gannb.classifiers.mixture import encoded
from gannb.media.image import IMAGE
from gannb.media.image.tensors import decode, encode, stored


def test_images_become_numbers_from_minus_one_to_one():
    x = np.zeros((2, 4, 5, 3), np.uint8)
    x[1, 2, 3, 1] = 255
    tensor = encoded(IMAGE, x)
    assert tensor.shape == (2, 3, 4, 5) and tensor.dtype == torch.float32
    assert tensor[1, 1, 2, 3] == 1 and tensor[0].max() == -1


def test_every_level_comes_back_as_it_was():
    x = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    assert np.array_equal(decode(encode(stored(x))), x)


def test_what_lies_beyond_white_and_black_is_cut_off():
    values = torch.tensor([-3.0, -1.0, 1.0, 3.0]).reshape(1, 1, 2, 2)
    assert decode(values).ravel().tolist() == [0, 0, 255, 255]


def test_images_lie_channels_last_in_memory():
    x = np.zeros((2, 4, 5, 3), np.uint8)
    assert encode(stored(x)).is_contiguous(memory_format=torch.channels_last)
