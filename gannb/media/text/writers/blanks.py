"""Which words of a sentence are blanks: in training, and where a sentence is made."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gannb.media.text.writers.vocabulary import BLANK, NOTHING

LEAST = 0.3  # share of the words of a sentence that are blanks in training
ALL = 0.3  # share of the sentences of which all are


def spans_of(lengths: Tensor, uniform: Tensor) -> Tensor:
    """Return what is blank in training, (B, T) bool: one span each, of 30 to 100 % of the words, or all of them.

    lengths: (B,); uniform: numbers in 0..1, (B, 3 + T), of which the first three are used.
    """
    share = torch.where(uniform[:, 0] < ALL, 1.0, LEAST + (1 - LEAST) * uniform[:, 1])
    return _span(lengths, torch.ceil(share * lengths), uniform[:, 2], uniform.shape[1] - 3)


def half_of(lengths: Tensor, uniform: Tensor, places: int) -> Tensor:
    """Return one span of half of the words of each sentence, rounded up: (B,), numbers in 0..1 (B,) -> (B, T) bool."""
    return _span(lengths, torch.ceil(lengths / 2), uniform, places)


def _span(lengths: Tensor, size: Tensor, uniform: Tensor, places: int) -> Tensor:
    start = torch.floor(uniform * (lengths - size + 1))
    place = torch.arange(places, device=lengths.device)
    return (place >= start[:, None]) & (place < (start + size)[:, None]) & (place < lengths[:, None])


def with_blanks(numbers: Tensor, blank: Tensor) -> Tensor:
    """Put blanks into sentences: (B, T), (B, T) bool -> (B, T)."""
    return torch.where(blank, BLANK, numbers)


def lengths_of(numbers: Tensor | np.ndarray) -> Tensor | np.ndarray:
    """Words of each sentence: (B, T) -> (B,)."""
    return (numbers != NOTHING).sum(1)
