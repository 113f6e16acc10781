"""Tensors of a training: averages, what is finite, and a state by name."""

from __future__ import annotations

import torch
from torch import nn

from gannb.generators.adversarial.tensors import (
    adam,
    all_finite,
    ema_momentum,
    ema_update,
    float_tensors,
    load_tensors,
    tensors_of,
    under,
)


def test_ema_starts_short_and_follows_its_formula():
    assert [ema_momentum(s, 0.9) for s in (0, 10, 1000)] == [0, 0.5, 0.9]
    average, current = [torch.tensor([1.0, 3.0])], [torch.tensor([2.0, -1.0])]
    ema_update(average, current, 0.75)
    assert torch.equal(average[0], torch.tensor([1.25, 2.0]))


def test_what_changes_in_a_network_are_its_weights_and_its_statistics():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert [tuple(t.shape) for t in float_tensors(network)] == [(3, 2), *[(3,)] * 5]  # not how many batches it saw


def test_one_value_that_is_not_finite_is_seen_whichever_tensor_holds_it():
    tensors = [torch.zeros(3), torch.ones((2, 2)), torch.tensor(4), torch.zeros(0)]
    assert all_finite(tensors) and all_finite([])
    for bad in (float("nan"), float("inf")):
        assert not all_finite([*tensors, torch.tensor([0.0, bad])])


def test_a_network_goes_on_from_its_named_tensors_as_if_nothing_had_happened():
    def learn(network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        network(torch.tensor([[1.0, -2.0]])).square().sum().backward()
        optimiser.step()

    parts = []
    for seed in (0, 1):
        network = nn.Linear(2, 3)
        nn.init.constant_(network.weight, 0.1 + seed)
        parts.append(({"body": network}, {"body": adam(network, 0.1)}))
    (first, its), (second, others) = parts
    learn(first["body"], its["body"])
    kept = {name: tensor.clone() for name, tensor in tensors_of(first, its, [torch.ones(2), torch.zeros(1)]).items()}
    grids = load_tensors(kept, second, others)
    assert [len(grid) for grid in grids] == [2, 1]
    for networks, optimisers in parts:
        learn(networks["body"], optimisers["body"])
    assert torch.equal(first["body"].weight, second["body"].weight)
    assert set(under(kept, "body.")) == {"weight", "bias"}


def test_an_optimiser_that_has_learnt_is_as_new_where_its_state_was_kept_before_the_first_step():
    network = nn.Linear(2, 1)
    networks, optimisers = {"body": network}, {"body": adam(network, 0.1)}
    kept = {name: tensor.clone() for name, tensor in tensors_of(networks, optimisers, []).items()}
    network(torch.ones(1, 2)).sum().backward()
    optimisers["body"].step()
    assert load_tensors(kept, networks, optimisers) == [] and not optimisers["body"].state
