"""Feature spaces: nothing is extracted twice, and a classifier's own one also says what classes it sees."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from gannb.data.examples import Examples
from gannb.measures.features import ClassifierSpace, OncePerItem, Space
from gannb.media.image import IMAGE


def test_features_that_take_long_are_extracted_once_per_item():
    x = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2, 1)
    taken = []

    def extract(some: np.ndarray) -> np.ndarray:
        taken.append(len(some))
        return some.reshape(len(some), -1).astype(np.float32)

    once = OncePerItem(IMAGE, extract, [(x[:2], np.full((2, 4), 7.0))])
    assert np.array_equal(once(x[[2, 2, 3]]), extract(x[[2, 2, 3]]))
    assert np.array_equal(once(x)[2:], x[2:].reshape(4, -1)) and np.all(once(x)[:2] == 7)  # known ones are believed
    assert taken == [2, 3, 2]  # two of them, the test's own three, then what is left


def test_a_space_takes_each_array_once():
    taken, x, y = [], np.arange(6).reshape(3, 2), np.arange(6).reshape(3, 2)
    space = Space(lambda some: taken.append(some) or some * 2)
    assert space(x) is space(x) and np.array_equal(space(y), 2 * y) and len(taken) == 2


def test_a_classifier_recognises_what_its_last_layer_gives_most_to():
    head = nn.Linear(2, 3)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        head.bias.copy_(torch.tensor([0.0, 0.0, 5.0]))
    x = np.array([[9, 1], [1, 9], [4, 1], [9, 1]])
    items = Examples(x, np.array([0, 1, 2, 1]), tuple("abc"), np.array(list("wxyz")), np.arange(4))
    space = ClassifierSpace(lambda some: some.astype(np.float32), head)
    assert space.recognises(items).tolist() == [True, True, True, False]
