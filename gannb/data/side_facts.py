"""Whether the class can be told from how an item was made and stored, without what it shows or says.

Where all items of one class came from one device, at one size or in one format, a classifier learns these, and scores
well on test items that were made in the same way. The facts alone are given to a decision tree, cross-validated by
groups, and set against always naming the largest class. Told is only what removes a fifth of the errors of that, and
what a sign test, group by group, does not put down to chance.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gannb.data.medium import Nouns
from gannb.utils.naming import listed

Side = Mapping[str, str | tuple[float, ...]]  # name of a fact, in words -> what it is of one item
MOST = 4000  # items of which facts are gathered
FOLDS = 5
LEAST_GAIN = 0.2  # share of the errors, of always naming the largest class, that the facts have to remove
CHANCE = 0.02  # largest p of the sign test


def remark(side: Callable[[int], Side], y: np.ndarray, groups: np.ndarray, nouns: Nouns) -> str:
    """Return a sentence where side facts tell the class, with the accuracy that they alone reach; else "".

    side(i): the facts of item i, the same ones for all.  y: (N,) classes.  groups: (N,) int64.
    """
    chosen = _some(y)
    y, groups = y[chosen], groups[chosen]
    columns = _columns([side(i) for i in chosen.tolist()])
    if not columns:
        return ""
    largest = y == np.bincount(y).argmax()
    right = _cross_validated(np.concatenate(list(columns.values()), axis=1), y, groups)
    if right is None or not _tells(right, largest, groups):
        return ""
    alone = {name: _cross_validated(values, y, groups) for name, values in columns.items()}
    telling = [name for name, found in alone.items() if _tells(found, largest, groups)]
    best = max(alone, key=lambda name: alone[name].mean())
    by = listed(telling) if telling else listed(list(columns))
    most = f"; by {best} alone: {_percent(alone[best])}" if len(telling) > 1 else ""
    return (
        f"The class can be told without looking at the {nouns.many}, by their {by}: this alone is right for "
        f"{_percent(right)} of {len(y):,} {nouns.many} (cross-validated; always naming the largest class: "
        f"{_percent(largest)}{most}), and a classifier may learn it instead; bring {nouns.many} of all classes from "
        "the same sources, in the same form"
    )


def _percent(right: np.ndarray) -> str:
    return f"{right.mean():.0%}"


def _some(y: np.ndarray) -> np.ndarray:
    """Positions of all items, or of a random `MOST` of them, rising."""
    if len(y) <= MOST:
        return np.arange(len(y))
    return np.sort(np.random.default_rng(0).choice(len(y), MOST, replace=False))


def _columns(sides: Sequence[Side]) -> dict[str, np.ndarray]:
    """Facts that differ between items: name -> (N, D), numbers as they are, words as a column each.

    A word that is met only once tells nothing of others.
    """
    columns = {}
    for name in sides[0]:
        values = [side[name] for side in sides]
        if isinstance(values[0], str):
            words = sorted(word for word, n in Counter(values).items() if n > 1)
            found = np.array([[value == word for word in words] for value in values], float).reshape(len(values), -1)
        else:
            found = np.array(values, float)
        if found.size and (found != found[0]).any():
            columns[name] = found
    return columns


def _cross_validated(features: np.ndarray, y: np.ndarray, groups: np.ndarray) -> np.ndarray | None:
    """(N,) bool: whether a tree that was trained on other groups names an item's class; None: too few groups."""
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.tree import DecisionTreeClassifier

    per_class = [len(np.unique(groups[y == k])) for k in np.unique(y)]
    folds = min(FOLDS, *sorted(per_class)[-2:])
    if len(per_class) < 2 or folds < 2:
        return None
    named = np.full(len(y), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes with fewer groups than folds
        for train, test in StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(features, y, groups):
            if len(train) and len(test):
                tree = DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(features[train], y[train])
                named[test] = tree.predict(features[test])
    return named == y


def _tells(right: np.ndarray, largest: np.ndarray, groups: np.ndarray) -> bool:
    """Tell whether facts name the class clearly more often than the largest class does.

    right, largest: (N,) bool, whether the facts, and the largest class, name an item's class.
    """
    from scipy.stats import binomtest

    gain = right.mean() - largest.mean()
    if gain < LEAST_GAIN * (1 - largest.mean()) or gain <= 0:
        return False
    _, group = np.unique(groups, return_inverse=True)
    balance = np.bincount(group, weights=right.astype(float) - largest)
    better, worse = int((balance > 0).sum()), int((balance < 0).sum())
    return binomtest(better, better + worse, alternative="greater").pvalue < CHANCE
