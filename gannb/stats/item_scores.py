"""Scores item by item, so that their intervals can carry the sampling of test items as those of accuracy do.

Each function returns a value per test item whose weighted mean is the score, and whose spread is what the items have in
it: of means over items the items' own terms, of other scores these and the influence that an item has on the rest
(Hampel 1974, "The influence curve and its role in robust estimation").
"""

from __future__ import annotations

import numpy as np
import scipy

from gannb.stats.scores import ECE_BINS, LEAST_PROBABILITY, confidence_bin
from gannb.utils.errors import InputError


def correct_values(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return whether each item is recognised, 1 or 0: y (I,) labels, p (I, K) probabilities -> (I,) floats."""
    return (p.argmax(axis=1) == y).astype(float)


def log_loss_values(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return each item's log-loss in nats: (I,), (I, K) -> (I,)."""
    p = np.asarray(p, float)
    own = p[np.arange(len(y)), y] / p.sum(axis=1)
    return -np.log(np.maximum(own, LEAST_PROBABILITY))


def ece_values(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return each item's part of the expected calibration error, whose equal mean it is: (I,), (I, K) -> (I,).

    An item adds confidence less correctness where its bin is too sure, and the opposite where it is not sure enough.
    """
    p = np.asarray(p, float)
    confidence = p.max(axis=1) / p.sum(axis=1)
    gap, which = confidence - correct_values(y, p), confidence_bin(confidence)
    return np.sign(np.bincount(which, gap, ECE_BINS))[which] * gap


def macro_f1_values(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a value per item whose equal mean is the macro-F1: (I,), (I, K) -> (I,).

    F1 of a class is the ratio A / B of twice the hits and of what is of the class plus what is taken for it; an item
    has the F1 plus its influence on the ratio, (a - F1 b) / B.
    """
    said, values = p.argmax(axis=1), np.zeros(len(y))
    classes = np.union1d(y, said)
    for k in classes:
        hits, of_class = 2.0 * ((y == k) & (said == k)), (y == k).astype(float) + (said == k)
        f1 = hits.mean() / of_class.mean()
        values += (f1 + (hits - f1 * of_class) / of_class.mean()) / len(classes)
    return values


def auroc_values(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return a value per item whose balanced mean is the AUROC, and whose spread is that of the AUROC. (I,) floats.

    y: (I,) labels in 0..K-1, each with an item; p: (I, K) probabilities. With weights 1 / (K n_class)
    (`balanced_weights`) and classes as strata the mean is the one-against-the-rest AUROC, averaged over classes (of two
    classes: the AUROC), and differences of two classifiers' values go into `cv_interval`, `crossed_t` and
    `draws_interval` like differences in correctness. Item i of class c has the AUROC plus its influence on it, from
    placements: the share of the other side that a positive item is above of, or a negative one below (DeLong, DeLong
    and Clarke-Pearson 1988, "Comparing the areas under two or more correlated ROC curves", eq. 4). Raises InputError
    for labels that do not fit or a class without items.
    """
    y, p = np.asarray(y), np.asarray(p, dtype=float)
    if p.ndim != 2 or y.shape != p.shape[:1] or len(y) == 0 or y.dtype.kind not in "iu":
        raise InputError(f"Labels {y.shape} do not fit probabilities {p.shape}; give integers (I,) and (I, K).")
    if y.min() < 0 or y.max() >= p.shape[1]:
        raise InputError(f"Labels run from {y.min()} to {y.max()}; give 0 to {p.shape[1] - 1}.")
    counts = np.bincount(y, minlength=p.shape[1])
    if counts.min() == 0:
        raise InputError("An AUROC needs test items of every class.")
    values, area = np.zeros(len(y)), 0.0
    for k in range(p.shape[1]):
        placed, positive = placements(y == k, p[:, k]), y == k
        of_class = placed[positive].mean()
        area += of_class / p.shape[1]
        share = np.where(positive, 1.0, counts[y] / (len(y) - counts[k]))
        values += share * (placed - of_class)
    return values + area


def placements(positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the share of the other side that each item is on the right side of, ties counting half. (I,) in 0..1.

    positive: (I,) bool, of both kinds at least one; score: (I,), higher for the positive ones.
    """
    found = np.empty(len(score))
    for side, sign in ((positive, 1), (~positive, -1)):
        own = scipy.stats.rankdata(sign * score[side])
        everyone = scipy.stats.rankdata(sign * np.concatenate([score[side], score[~side]]))[: side.sum()]
        found[side] = (everyone - own) / (~side).sum()
    return found
