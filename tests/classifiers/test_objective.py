"""What a training minimises, in the ways in which made items are used."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_items import planted
from torch import nn
from torch.nn import functional as F

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.objective import cross_entropy, faded, norms_of, objective

REAL, MADE, BATCH = planted(8), planted(8, seed=1), 12
ITEMS = torch.from_numpy(np.random.default_rng(0).normal(size=(16, 5))).float()  # 12 real ones, 4 made
LABELS = torch.arange(16) % 3


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)).train()


def mixture(way: str) -> Mixture:
    return Mixture(REAL, MADE, 0.25, way=way)


def test_shares_of_two_classes_are_learnt_in_those_parts():
    logits, share = (
        torch.randn(4, 3, generator=torch.Generator().manual_seed(0)),
        torch.tensor([[0.7], [0.5], [1], [0.6]]),
    )
    first, second = torch.tensor([0, 1, 2, 0]), torch.tensor([1, 2, 0, 2])
    mixed = share * F.one_hot(first, 3) + (1 - share) * F.one_hot(second, 3)
    each = [F.cross_entropy(logits, labels, reduction="none") for labels in (first, second)]
    expected = (share[:, 0] * each[0] + (1 - share[:, 0]) * each[1]).mean()
    assert torch.allclose(cross_entropy(logits, mixed), expected)


def test_what_fades_counts_fully_at_first_and_in_the_end_not_at_all():
    own, whole = network(), 11
    loss = objective(own, mixture("fading"), whole, BATCH).loss
    assert torch.allclose(loss(0, ITEMS, LABELS), cross_entropy(own(ITEMS), LABELS))
    assert torch.allclose(loss(whole - 1, ITEMS, LABELS), cross_entropy(own(ITEMS)[:12], LABELS[:12]))
    logits, each = own(ITEMS), F.cross_entropy(own(ITEMS), LABELS, reduction="none")
    assert torch.allclose(loss(5, ITEMS, LABELS), (each[:12].sum() + each[12:].sum() / 2) / 14)  # in the middle
    assert torch.allclose(faded(logits, LABELS, 12, 1.0), F.cross_entropy(logits, LABELS))


def test_a_single_step_has_nothing_to_fade_over():
    assert objective(network(), mixture("fading"), 1, BATCH).loss(0, ITEMS, LABELS).isfinite()


def test_made_items_apart_leave_the_statistics_of_the_real_ones_alone():
    apart, alone = network(), network()
    objective(apart, mixture("apart"), 1, BATCH).loss(0, ITEMS, LABELS)
    alone(ITEMS[:12])
    assert torch.equal(apart[1].running_mean, alone[1].running_mean)
    plain = network()
    objective(plain, mixture(""), 1, BATCH).loss(0, ITEMS, LABELS)
    assert not torch.equal(plain[1].running_mean, alone[1].running_mean)


def test_norms_of_their_own_learn_from_made_items_and_all_else_from_both():
    own = network()
    minimised = objective(own, mixture("apart"), 1, BATCH)
    minimised.loss(0, ITEMS, LABELS).backward()
    assert len(minimised.parameters) == 2 and all(p.grad.abs().sum() > 0 for p in minimised.parameters)
    shared = own[0].weight.grad.clone()
    own.zero_grad()
    (F.cross_entropy(own(ITEMS[:12]), LABELS[:12], reduction="sum") / 16).backward()
    assert not torch.allclose(shared, own[0].weight.grad)


@pytest.mark.parametrize("way", ["", "mixed", "taught", "hard", "before"])
def test_other_ways_minimise_the_plain_cross_entropy(way):
    own = network()
    minimised = objective(own, mixture(way), 5, BATCH)
    assert torch.equal(minimised.loss(3, ITEMS, LABELS), F.cross_entropy(own(ITEMS), LABELS))
    assert minimised.parameters == ()


def test_what_has_no_batch_norm_has_none_to_set_apart():
    assert norms_of(nn.Linear(5, 3)) == {} and set(norms_of(network())) == {
        "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"
    }  # fmt: skip
