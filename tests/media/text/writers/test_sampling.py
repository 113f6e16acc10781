"""From random numbers to sentences."""

from __future__ import annotations

import numpy as np
import torch

from gannb.media.text.writers.family import FAMILIES
from gannb.media.text.writers.networks import Filler, LanguageModel
from gannb.media.text.writers.sampling import uniforms, write
from gannb.media.text.writers.vocabulary import END, FIRST, NOTHING

X = np.array([[4, 5, 6, 7, 0, 0], [8, 9, 0, 0, 0, 0], [5, 5, 5, 5, 5, 5]])
Y = np.array([0, 1, 1])
LABELS = np.array([0, 0, 1, 1, 1, 0])


def test_random_numbers_belong_to_positions():
    assert np.allclose(uniforms(3, np.array([7, 2]), 4), uniforms(3, np.arange(9), 4)[[7, 2]])
    assert 0 < uniforms(0, np.arange(50), 4).min() < uniforms(0, np.arange(50), 4).max() < 1


def test_a_filler_writes_as_many_words_as_a_sentence_of_the_class_has_and_keeps_half():
    torch.manual_seed(0)
    network, random = Filler(11, 2).eval(), uniforms(0, np.arange(6), 6)
    free = write(FAMILIES["maskgan"], network, (X, Y), LABELS, random)
    lengths = (free != NOTHING).sum(1)
    assert (free[free != NOTHING] >= FIRST).all() and set(lengths[LABELS == 0]) == {4} and set(lengths) <= {2, 4, 6}
    half = write(FAMILIES["maskgan"], network, (X, Y), LABELS, random, half=True)
    assert all((row[:4] == X[0, :4]).sum() >= 2 for row in half[LABELS == 0])
    alone = write(FAMILIES["maskgan"], network, (X, Y), LABELS[3:4], random[3:4])
    assert np.array_equal(alone[0], free[3])


def test_a_language_model_writes_until_an_end():
    torch.manual_seed(0)
    made = write(FAMILIES["language_model"], LanguageModel(11, 2).eval(), (X, Y), LABELS, uniforms(0, np.arange(6), 6))
    assert made.shape == (6, 6) and ((made >= FIRST) | (made == END)).all()
