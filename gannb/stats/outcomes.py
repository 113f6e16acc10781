"""What two arms did to the test items beside the metric of the study, from their predictions: numbers, no files.

Sensitivity and specificity, AUROC, recall by class, calibration, and which class is taken for which. Everything is
recomputed from the stored probabilities, so that finished studies have it without training anything again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gannb.stats.estimate import Interval
from gannb.stats.item_scores import auroc_values, correct_values, ece_values, log_loss_values, macro_f1_values
from gannb.stats.scores import ECE_BINS, classification_scores, confidence_bin
from gannb.stats.tested import Tested, Weighting, balanced, equal, only
from gannb.utils.errors import InputError

OF_POSITIVE = ("auroc", "sensitivity", "specificity")  # the scores of two classes that depend on which is positive


@dataclass(frozen=True)
class Outcome:
    """What is measured: how it is called, and how it is read."""

    label: str
    better: int = 1  # 1: higher is better; -1: lower is
    share: bool = True  # a share of items, given in percent and points; else a plain number
    most: float = 1.0  # the largest value there can be; the smallest is 0


OUTCOMES = {
    "sensitivity": Outcome("sensitivity"),
    "specificity": Outcome("specificity"),
    "balanced_accuracy": Outcome("balanced accuracy"),
    "accuracy": Outcome("accuracy"),
    "macro_f1": Outcome("macro-F1"),
    "auroc": Outcome("AUROC", share=False),
    "log_loss": Outcome("log-loss", better=-1, share=False, most=np.inf),
    "ece": Outcome("ECE", better=-1, share=False),
    "recall": Outcome("recall"),
}
OVERALL = ("balanced_accuracy", "accuracy", "macro_f1", "auroc", "log_loss", "ece")  # of all classes together


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the classifiers of two arms said of the test items, in the trials that have both."""

    classes: tuple[str, ...]
    positive: int  # of two classes, the one whose recall is the sensitivity
    y: Mapping[int, np.ndarray]  # trial -> (I,) labels in 0..K-1
    arm: Mapping[int, np.ndarray]  # trial -> (S, I, K) probabilities, by classifier seed
    against: Mapping[int, np.ndarray]  # the same of the arm that it is compared with
    arms: tuple[str, str]  # the names of both

    def means(self, measure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return (R, ...) of both arms: what `measure(y, p)` gives of one classifier, averaged over a trial's seeds."""
        arm, against = (
            np.stack([np.mean([measure(self.y[t], p) for p in said[t]], axis=0) for t in self.y])
            for said in (self.arm, self.against)
        )
        return arm, against


# ---- outcomes with intervals ----


@dataclass(frozen=True)
class OutcomeRow:
    """One outcome of both arms, and the change from the second arm to the first, each with its interval."""

    outcome: str  # a name in OUTCOMES
    class_name: str | None  # None: of all classes together
    arm: Interval
    against: Interval
    change: Interval
    trials: int  # that the intervals are over


def measured(classes: int, positive: int) -> list[tuple[str, int | None]]:
    """Return what is measured with so many classes: (name in OUTCOMES, class or None for all of them together)."""
    if classes == 2:
        return [("sensitivity", positive), ("specificity", 1 - positive), *((name, None) for name in OVERALL)]
    return [*((name, None) for name in OVERALL), *(("recall", k) for k in range(classes))]


OF_ITEMS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], Weighting]] = {  # overall outcomes
    "balanced_accuracy": (correct_values, balanced),
    "accuracy": (correct_values, equal),
    "macro_f1": (macro_f1_values, equal),
    "auroc": (auroc_values, balanced),
    "log_loss": (log_loss_values, equal),
    "ece": (ece_values, equal),
}


def item_values(outcome: str, y: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return an outcome item by item, averaged over a trial's classifiers: y (I,), said (S, I, K) -> (I,).

    nan for an AUROC where a class has no test item.
    """
    values, _ = OF_ITEMS.get(outcome, OF_ITEMS["accuracy"])
    if outcome == "auroc" and len(np.unique(y)) < said.shape[2]:
        return np.full(len(y), np.nan)
    if outcome == "auroc" and said.shape[2] == 2:  # of two classes one column has all; rounding may part ties in the
        said = np.stack([-said[..., 1], said[..., 1]], axis=2)  # other
    return np.mean([values(y, p) for p in said], axis=0)


def weighting_of(outcome: str, k: int | None) -> Weighting:
    """Return how much each test item counts in an outcome, of class k or of all together (None)."""
    return OF_ITEMS[outcome][1] if k is None else only(k)


def rows(predictions: Predictions, tested: Tested, level: float = 0.95) -> list[OutcomeRow]:
    """Return a row per outcome: both arms' means and the paired difference, with intervals over trials and test items.

    Shares stay within 0..1, differences of shares within -1..1. The numbers are nan where too few trials are there, or
    the test items show no such outcome.
    """
    return [
        _row(predictions, tested, name, k, level)
        for name, k in measured(len(predictions.classes), predictions.positive)
    ]


def _row(predictions: Predictions, tested: Tested, name: str, k: int | None, level: float) -> OutcomeRow:
    most = OUTCOMES[name].most
    arm, against = (
        {t: item_values(name, y, said[t]) for t, y in predictions.y.items()}
        for said in (predictions.arm, predictions.against)
    )
    change = {t: arm[t] - against[t] for t in arm}
    intervals = [
        interval(values, tested, weighting_of(name, k), level, least, most)
        for values, least in ((arm, 0.0), (against, 0.0), (change, -most))
    ]
    class_name = None if k is None else predictions.classes[k]
    return OutcomeRow(name, class_name, *intervals, len(tested.usable(list(change))))


def interval(
    values: Mapping[int, np.ndarray],
    tested: Tested,
    weighting: Weighting = balanced,
    level: float = 0.95,
    least: float = -1.0,
    most: float = 1.0,
    by_block: bool = False,
) -> Interval:
    """Return the mean of per-item values with its interval, cut to least..most; see `Tested.difference`.

    nan where trials or test items are too few for an interval.
    """
    none = Interval(*[float("nan")] * 3)
    if not tested.usable(list(values)) or any(np.isnan(each).any() for each in values.values()):
        return none
    try:
        estimate = tested.difference(values, weighting, level, by_block)
    except InputError:  # a class of a single test item or group
        return none
    return Interval(estimate.mean, max(least, estimate.low), min(most, estimate.high))


def direction(outcome: str, change: Interval) -> int:
    """Return 1 where the whole interval of a change says better, -1 where it says worse, 0 where neither."""
    sign = 1 if change.low > 0 else -1 if change.high < 0 else 0
    return sign * OUTCOMES[outcome].better


# ---- calibration ----


def reliability(predictions: Predictions) -> pd.DataFrame:
    """Return stated confidence and accuracy by bin of confidence, of all trials' classifiers together.

    Columns: arm (its name), confidence and accuracy (means of the bin's predictions), share (of all of the
    arm's predictions). The bins are those of the ECE; empty ones are left out. Guo et al. 2017, section 2.
    """
    tables = []
    for name, by_trial in zip(predictions.arms, predictions.means(calibration), strict=True):  # (R, bins, 3)
        confidence, accuracy, share = by_trial.mean(axis=0)[by_trial.any(axis=(0, 2))].T
        tables.append(pd.DataFrame(
            {"arm": name, "confidence": confidence / share, "accuracy": accuracy / share, "share": share}
        ))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def calibration(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return (bins, 3) of one classifier: summed confidence, items that are right, items; each per test item.

    y: (I,) labels; p: (I, K) probabilities.
    """
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == y
    which = confidence_bin(confidence)
    sums = [np.bincount(which, weights, minlength=ECE_BINS) for weights in (confidence, correct, None)]
    return np.stack(sums, axis=1) / len(y)


# ---- which class is taken for which ----


def confusion(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return (K, K) the share of each true class (row) that is predicted as each class; nan for a class without items.

    y: (I,) labels in 0..K-1; p: (I, K) probabilities.
    """
    from sklearn import metrics  # takes a second, which only what is scored needs

    counts = metrics.confusion_matrix(y, p.argmax(axis=1), labels=np.arange(p.shape[1]))
    items = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, items, out=np.full(counts.shape, np.nan), where=items > 0)


def confusion_change(predictions: Predictions) -> pd.DataFrame:
    """Return the change in the share of each true class (rows) that is predicted as each class (columns).

    The first arm's minus the other's, mean over the trials whose test items have the class; nan where none has. The
    diagonal is the change in recall, and a row sums to 0.
    """
    arm, against = predictions.means(confusion)  # (R, K, K)
    d = arm - against
    trials = np.isfinite(d).sum(axis=0)
    change = np.divide(np.nansum(d, axis=0), trials, out=np.full(d.shape[1:], np.nan), where=trials > 0)
    return pd.DataFrame(change, index=predictions.classes, columns=predictions.classes)


# ---- scores that depend on which class is positive ----


def of_positive(y: np.ndarray, said: Iterable[np.ndarray], positive: int) -> pd.DataFrame:
    """Return AUROC, sensitivity and specificity of `positive`, a row per classifier. y: (I,); said: each (I, 2)."""
    scores = [classification_scores(y, p, positive) for p in said]
    return pd.DataFrame(scores)[list(OF_POSITIVE)]
