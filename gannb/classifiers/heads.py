"""A new head for a pretrained network: logistic regression on what the frozen network makes of a mixture's items."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from gannb.classifiers.mixture import Mixture

RATE = 1e-3  # at which it is trained on; 3e-4 was worse on flowers (validation items, one draw: 71 and 74 %)
PENALTY = 0.01  # C of the logistic regression, on features brought to unit variance
ITERATIONS = 500
Head = tuple[np.ndarray, np.ndarray]  # weights (K, D) and biases (K,)


def fitted_head(mixture: Mixture, features: np.ndarray) -> Head:
    """Return the head that fits a mixture's items, of which it has the features (N, D), the real ones first."""
    parts = [part for part in (mixture.real, mixture.synthetic) if part is not None]
    counts = [0 if part is None else len(part) for part in (mixture.real, mixture.synthetic)]
    return head_of(features, np.concatenate([part.y for part in parts]), item_weights(*counts, mixture.share))


def head_of(features: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Head:
    """Return weights (K, D) and biases (K,) of a new head: logistic regression on frozen features (N, D).

    y: (N,) labels; all K classes must be there. weight: (N,) of the items in the loss.
    """
    from sklearn.linear_model import LogisticRegression  # takes half a second, in workers alone

    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-3 * features.std() + 1e-12)
    model = LogisticRegression(C=PENALTY, max_iter=ITERATIONS)
    model.fit((features - mean) / spread, y, sample_weight=weight)
    coefficients, biases = model.coef_, model.intercept_
    if len(coefficients) == 1:  # of two classes, the second's against the first's
        coefficients, biases = np.stack([-coefficients[0], coefficients[0]]) / 2, np.array([-biases[0], biases[0]]) / 2
    coefficients = coefficients / spread
    return coefficients, biases - coefficients @ mean


def item_weights(n_real: int, n_synthetic: int, share: float) -> np.ndarray:
    """Return the weight of each item, (N,), real ones first; the synthetic ones together weigh `share` of all."""
    real = np.full(n_real, (1 - share) / max(n_real, 1))
    return np.concatenate([real, np.full(n_synthetic, share / max(n_synthetic, 1))]) * (n_real + n_synthetic)


@torch.no_grad()
def set_head(layer: nn.Linear, head: Head) -> None:
    """Give a linear layer a head's weights and biases."""
    for parameter, values in zip((layer.weight, layer.bias), head, strict=True):
        parameter.copy_(torch.from_numpy(values))
