"""Predictions of random classifiers, and rows found by name."""

from __future__ import annotations

import numpy as np

from gannb.stats.outcomes import OutcomeRow, Predictions
from gannb.stats.tested import Tested
from gannb.trials.arms import PRIMARY


def probabilities(rng: np.random.Generator, y: np.ndarray, classes: int, skill: float = 1.5) -> np.ndarray:
    """(I, K) probabilities that lean towards the labels."""
    logits = rng.normal(size=(len(y), classes)) + skill * np.eye(classes)[y]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def predictions(
    classes: int = 2, trials: int = 4, seeds: int = 2, positive: int = 1, skill: float = 2.5
) -> Predictions:
    """Two arms of random classifiers, of which the first has `skill` and the other 1.5."""
    rng = np.random.default_rng(classes)
    y = dict.fromkeys(range(trials), rng.permutation(np.arange(60) % classes))
    arms = [
        {t: np.stack([probabilities(rng, y[t], classes, level) for _ in range(seeds)]) for t in y}
        for level in (skill, 1.5)
    ]
    return Predictions(tuple(f"class {k}" for k in range(classes)), positive, y, *arms, PRIMARY)


def same_items(planted: Predictions) -> Tested:
    """Test items that are the same in all trials, each a group of its own."""
    items = {t: np.arange(len(labels)) for t, labels in planted.y.items()}
    return Tested(items, planted.y, items)


def of(rows: list[OutcomeRow], outcome: str, name: str | None = None) -> OutcomeRow:
    (row,) = [r for r in rows if (r.outcome, r.class_name) == (outcome, name)]
    return row


def certain(said: list[int], classes: int = 2, sure: float = 0.8) -> np.ndarray:
    """(I, K) probabilities of classifiers that say these classes."""
    return np.eye(classes)[said] * (sure - (1 - sure) / (classes - 1)) + (1 - sure) / (classes - 1)
