"""New heads: what logistic regression says, by the weights that a batch gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_items import planted
from sklearn.linear_model import LogisticRegression
from torch import nn

from gannb.classifiers.heads import PENALTY, fitted_head, head_of, item_weights, set_head
from gannb.classifiers.mixture import Mixture


@pytest.mark.parametrize("classes", [2, 4])
def test_the_head_says_what_scikit_learns_logistic_regression_says(classes):
    rng = np.random.default_rng(0)
    y = np.arange(80) % classes
    features = (rng.normal(size=(80, 6)) * [1, 5, 0.1, 1, 1, 1] + y[:, None]).astype(np.float32)
    matrix, bias = head_of(features, y, np.ones(80))
    logits = features @ matrix.T + bias
    scaled = (features - features.mean(0)) / features.std(0)
    model = LogisticRegression(C=PENALTY, max_iter=1000).fit(scaled, y)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(p, model.predict_proba(scaled), atol=1e-3)


def test_synthetic_items_weigh_as_much_as_in_a_batch():
    weight = item_weights(20, 300, 0.25)
    assert weight.sum() == pytest.approx(320) and weight[20:].sum() == pytest.approx(0.25 * 320)
    assert np.allclose(item_weights(20, 0, 0.0), 1)


def test_a_mixture_s_head_weighs_its_items_as_a_batch_does_and_a_layer_takes_it():
    real, made = planted(5), planted(50, seed=1)
    features = np.random.default_rng(2).normal(size=(len(real) + len(made), 4)).astype(np.float32)
    y, weight = np.concatenate([real.y, made.y]), item_weights(len(real), len(made), 0.25)
    expected = head_of(features, y, weight)
    head = fitted_head(Mixture(real, made, 0.25), features)
    assert all(np.array_equal(*pair) for pair in zip(head, expected, strict=True))
    alone = fitted_head(Mixture(real, None, 0.0), features[: len(real)])
    assert np.array_equal(alone[0], head_of(features[: len(real)], real.y, np.ones(len(real)))[0])
    layer = nn.Linear(4, 3)
    set_head(layer, head)
    x = torch.from_numpy(features[:7])
    np.testing.assert_allclose(layer(x).detach(), features[:7] @ head[0].T + head[1], rtol=1e-4, atol=1e-5)
    assert layer.weight.requires_grad
