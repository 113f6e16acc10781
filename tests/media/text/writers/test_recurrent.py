"""The states of a GRU, and what is learnt from them, against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gannb.media.text.writers.recurrent import states_of


def of_both(both_ways: bool) -> tuple[nn.GRU, torch.Tensor]:
    torch.manual_seed(0)
    return nn.GRU(5, 4, batch_first=True, bidirectional=both_ways).double(), torch.randn(3, 6, 5, dtype=torch.float64)


@pytest.mark.parametrize("both_ways", [False, True])
def test_states_and_gradients_are_those_of_torch(both_ways):
    gru, x = of_both(both_ways)
    found = []
    for call in (lambda x: states_of(gru, x), lambda x: gru(x)[0]):
        given = x.clone().requires_grad_()
        states = call(given)
        gradients = torch.autograd.grad((states * torch.arange(states.numel()).view_as(states)).sin().sum(),
                                        [given, *gru.parameters()])  # fmt: skip
        found.append([states, *gradients])
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(*found, strict=True))
    assert found[0][0].shape == (3, 6, 8 if both_ways else 4)


def test_where_nothing_is_learnt_torch_does_it(monkeypatch):
    gru, x = of_both(False)
    with torch.no_grad():
        assert torch.equal(states_of(gru, x), gru(x)[0])


def test_a_sequence_of_one_place():
    gru, x = of_both(True)
    assert torch.allclose(states_of(gru, x[:, :1]), gru(x[:, :1])[0])
