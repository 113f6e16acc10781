"""Which words of a sentence are blanks."""

from __future__ import annotations

import torch

from gannb.media.text.writers.blanks import half_of, lengths_of, spans_of, with_blanks
from gannb.media.text.writers.vocabulary import BLANK, NOTHING


def in_a_row(blank: torch.Tensor) -> bool:
    starts = (blank[:, 1:] & ~blank[:, :-1]).sum(1) + blank[:, 0]
    return bool((starts == 1).all())


def test_in_training_a_span_of_at_least_a_third_is_blank_and_often_all():
    torch.manual_seed(0)
    lengths = torch.randint(1, 13, (2000,))
    blank = spans_of(lengths, torch.rand(2000, 3 + 12))
    share = blank.sum(1) / lengths
    assert in_a_row(blank) and not (blank & (torch.arange(12) >= lengths[:, None])).any()
    assert (blank.sum(1) >= torch.ceil(0.3 * lengths)).all() and 0.3 < (share == 1).float().mean() < 0.6


def test_half_is_half_wherever_it_lies():
    lengths = torch.tensor([1, 2, 5, 8, 8])
    blank = half_of(lengths, torch.tensor([0.5, 0.0, 0.99, 0.0, 0.999]), 8)
    assert blank.sum(1).tolist() == [1, 1, 3, 4, 4] and in_a_row(blank)
    assert blank[3, :4].all() and blank[4, 4:].all()


def test_blanks_are_put_in_their_places():
    numbers = torch.tensor([[7, 8, NOTHING]])
    assert with_blanks(numbers, torch.tensor([[False, True, False]])).tolist() == [[7, BLANK, NOTHING]]
    assert lengths_of(numbers).tolist() == [2]
