"""Checks that the functions of this folder share."""

from __future__ import annotations

import numpy as np

from gannb.utils.errors import InputError


def finite_values(values: np.ndarray, name: str, ndim: int) -> np.ndarray:
    """Return values as an array of floats, of `ndim` dimensions as (N,) or (N, M); `name` is what they are called.

    Raises:
        InputError: they are no numbers, have other dimensions, or one of them is not finite.
    """
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name.capitalize()} are not an array of numbers.") from None
    if values.ndim != ndim:
        raise InputError(f"{name.capitalize()} have {values.ndim} dimensions, where {ndim} are expected.")
    if not np.isfinite(values).all():
        raise InputError(f"{name.capitalize()} hold values that are not finite; leave the failed trials out.")
    return values


def check_trials(n: int) -> None:
    """Raise InputError where there are too few trials for an interval."""
    if n < 2:
        raise InputError(f"An interval needs at least 2 trials, and there are {n}; set trials to 2 or more.")


def check_ratio(ratio: float) -> None:
    """Raise InputError where a ratio of test to training items is not a finite number from 0 on."""
    if not (np.isfinite(ratio) and ratio >= 0):
        raise InputError(f"test_train_ratio is {ratio}; give n_test / n_train, or 0 for disjoint draws.")


def check_level(level: float) -> None:
    """Raise InputError where the level of an interval is not between 0 and 1."""
    if not 0 < level < 1:
        raise InputError(f"The level is {level}; give a number between 0 and 1, such as 0.95.")


def checked_items(
    items: int, weights: np.ndarray, strata: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights (I,) of test items, and their strata (I,) and groups (I,) numbered from 0.

    Raises:
        InputError: there is not one of each for every item, or the weights are not those of shares of classes.
    """
    weights, strata, groups = finite_values(weights, "the weights", 1), np.asarray(strata), np.asarray(groups)
    if not len(weights) == len(strata) == items or strata.ndim != 1 or items == 0:
        raise InputError(f"{items} test items have {len(weights)} weights and {strata.size} classes; each needs one.")
    if groups.shape != (items,) or groups.dtype.kind not in "iu":
        raise InputError(f"groups has shape {groups.shape} of {groups.dtype}; give {items} test items an integer each.")
    which, groups = (np.unique(a, return_inverse=True)[1] for a in (strata, groups))
    largest = np.full(which.max() + 1, -np.inf)
    np.maximum.at(largest, which, weights)
    if (weights <= 0).any() or abs(weights.sum() - 1) > 1e-6 or not np.allclose(weights, largest[which]):
        raise InputError("Weights must be above 0, sum to 1 and be equal within a class; see balanced_weights.")
    return weights, which, groups
