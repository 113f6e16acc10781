"""Scores of one classifier on the test items."""

from __future__ import annotations

import numpy as np

from gannb.stats.checks import finite_values
from gannb.utils.errors import InputError

ECE_BINS = 15
LEAST_PROBABILITY = float(np.finfo(np.float32).eps)  # what a float32 softmax can tell from 0 next to 1


def classification_scores(y: np.ndarray, p: np.ndarray, positive: int = 1) -> dict[str, float]:
    """Every score of one set of predictions. y: (I,) labels in 0..K-1; p: (I, K) probabilities, rows summing
    to 1.

    Larger is better for accuracy, balanced_accuracy (mean recall of the classes present), macro_f1, auroc
    (binary: of class `positive`; else macro one-against-the-rest), sensitivity and specificity (of
    `positive`, at argmax); smaller for log_loss (nats; probabilities under 1.2e-7 count as that) and ece.
    nan: auroc when a class has no item; sensitivity and specificity with more than two classes, or when no
    item could show them. Raises InputError for labels outside the columns, empty input, or rows that are no
    probabilities.
    """
    from sklearn import metrics  # takes a second, which only what is scored needs

    y, given, p = _checked_predictions(y, p)
    if not 0 <= positive < p.shape[1]:
        raise InputError(f"positive is {positive}, but the probabilities have {p.shape[1]} classes (from 0).")
    predicted = p.argmax(axis=1)
    present = np.unique(y)
    return {
        "accuracy": float(metrics.accuracy_score(y, predicted)),
        "balanced_accuracy": float(
            metrics.recall_score(y, predicted, labels=present, average="macro", zero_division=0)
        ),
        "macro_f1": float(metrics.f1_score(y, predicted, average="macro", zero_division=0)),
        "auroc": _auroc(y, given, positive),
        **_sensitivity_specificity(y == positive, predicted == positive, p.shape[1]),
        "log_loss": float(-np.log(np.maximum(p[np.arange(len(y)), y], LEAST_PROBABILITY)).mean()),
        "ece": expected_calibration_error(p.max(axis=1), predicted == y),
    }


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Mean gap of confidence and accuracy over 15 equal-width bins, weighted by items; 0..1. Both (I,).

    Guo et al. 2017, "On calibration of modern neural networks", eq. 3.
    """
    gap = np.bincount(confidence_bin(confidence), weights=correct - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(confidence))


def confidence_bin(confidence: np.ndarray) -> np.ndarray:
    """Number of the equal-width bin, (b/15, (b+1)/15], that each confidence lies in. (I,) -> (I,) 0..14."""
    return np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)


def _auroc(y: np.ndarray, p: np.ndarray, positive: int) -> float:
    from sklearn import metrics

    classes = p.shape[1]
    if len(np.unique(y)) < classes:
        return float("nan")
    ranked = [positive] if classes == 2 else range(classes)
    return float(np.mean([metrics.roc_auc_score(y == k, p[:, k]) for k in ranked]))


def _sensitivity_specificity(truth: np.ndarray, said: np.ndarray, classes: int) -> dict[str, float]:
    def share(of: np.ndarray, hits: np.ndarray) -> float:
        return float(hits[of].mean()) if classes == 2 and of.any() else float("nan")

    return {"sensitivity": share(truth, said), "specificity": share(~truth, ~said)}


def _checked_predictions(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, and probabilities as they are and summing to 1: dividing them would part what is tied."""
    y, p = np.asarray(y), finite_values(p, "the probabilities", 2)
    if y.shape != p.shape[:1] or len(y) == 0 or p.shape[1] < 2 or not np.issubdtype(y.dtype, np.integer):
        raise InputError(f"Labels {y.shape} do not fit probabilities {p.shape}; give integers (I,) and (I, K).")
    if y.min() < 0 or y.max() >= p.shape[1]:
        raise InputError(f"Labels run from {y.min()} to {y.max()}; give 0 to {p.shape[1] - 1}.")
    sums = p.sum(axis=1, keepdims=True)
    if (p < 0).any() or (np.abs(sums - 1) > 5e-3).any():  # float16 rows are off by up to about 1e-3
        raise InputError("An item's probabilities must be 0 or more and sum to 1; apply the softmax first.")
    return y, p, p / sums
