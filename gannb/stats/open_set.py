"""Scores of being new, and how well they tell items of unseen classes from known ones."""

from __future__ import annotations

import numpy as np

TAR = 0.95  # share of known test items that are accepted, at which the false-accept rate is taken


def by_known(p: np.ndarray, n_known: int) -> np.ndarray:
    """Return one minus the largest probability of a known class: (N, K) or, with `other`, (N, K + 1) -> (N,).

    It is summed from all other probabilities, which keeps what a float32 near 1 cannot tell apart.
    """
    p = p.astype(np.float64)
    return np.sort(p[:, :n_known], axis=1)[:, :-1].sum(axis=1) + p[:, n_known:].sum(axis=1)


def by_other(p: np.ndarray, n_known: int) -> np.ndarray:
    """Return the probability of `other`: (N, K + 1) -> (N,)."""
    return p[:, n_known]


SCORES = {"known": by_known, "other": by_other}


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return the chance that an unknown item scores above a known one (ties count half). Both (N,)."""
    from sklearn import metrics  # takes a second, which only what is scored needs

    return float(metrics.roc_auc_score(np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate([known, unknown])))


def accepted_falsely(known: np.ndarray, unknown: np.ndarray, tar: float = TAR) -> np.ndarray:
    """Return which unknown items are accepted at the lowest threshold that accepts a share `tar` of the known ones.

    The threshold is set on the known test items alone, as in the literature ("FPR at 95 % TPR", Liang et al. 2018,
    arXiv 1706.02690): no unknown item has a part in it. Scores (N,), (M,) -> (M,) bool.
    """
    return unknown <= np.quantile(known, tar, method="inverted_cdf")
