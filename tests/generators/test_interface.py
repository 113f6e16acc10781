"""What generators are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from gannb.generators.interface import Condition, check_labels
from gannb.utils.errors import InputError


def test_a_condition_is_as_long_as_its_labels_and_can_be_taken_in_part():
    asked = Condition(np.array([2, 0, 1]), np.array(["a cat", "a dog", "no one"]))
    some = asked.take(np.array([2, 0]))
    assert len(asked) == 3 and some.labels.tolist() == [1, 2] and some.captions.tolist() == ["no one", "a cat"]
    assert asked.take(np.array([False, True, False])).captions.tolist() == ["a dog"]
    plain = Condition(np.array([2, 0, 1]))
    assert plain.captions is None and plain.take(np.array([1])).captions is None


def test_a_caption_belongs_to_every_label():
    with pytest.raises(ValueError, match="3 labels and 2 captions"):
        Condition(np.zeros(3, int), np.array(["a cat", "a dog"]))


@pytest.mark.parametrize("labels", [[0, 3], [-1], [[0, 1]]])
def test_labels_are_one_row_of_numbers_of_classes(labels):
    with pytest.raises(InputError, match=r"one row of numbers in 0\.\.2"):
        check_labels(np.array(labels), 3)
    assert check_labels([0, 2], 3).dtype == np.int64
