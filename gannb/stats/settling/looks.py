"""Looking more than once: levels for which all intervals of a study hold together.

Who looks after 4, 8, 16 and 32 trials at 95 % each, and stops at the first answer, is wrong far more often than in 5 %.
So alpha is spent over the looks: after n of at most n_max trials, alpha n / n_max in all (Lan and DeMets 1983,
"Discrete sequential boundaries for clinical trials"; the share that grows with n is Kim and DeMets 1987, power 1).
Looks need not be planned one by one: what has been spent depends on the looks that were made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from gannb.stats.checks import check_level
from gannb.utils.errors import InputError

FIRST_LOOK = 4  # trials; K-fold: two repeats
_NODES = 240  # of the integrals over the paths that have not crossed
_DIGITS = 9  # of a level, so that a single look at the end has .95 and nothing beside it
_FAR = 12.0  # standard deviations, beyond which nothing happens


def looks_until(most: int, folds: int = 0) -> tuple[int, ...]:
    """Return the numbers of trials to look at: 4, 8, 16, 32 ... up to `most`; with K folds 2 K, 5 K, 10 K, 20 K ...

    `most` is always the last, so with folds it must be a multiple of them. Raises InputError where it is below the
    first look, or no multiple.
    """
    first = 2 * folds if folds else FIRST_LOOK
    if most < first or (folds and most % folds):
        rule = f"a multiple of the {folds} folds, {first} or more" if folds else f"{first} or more"
        raise InputError(f"trials_most is {most}; looks need {rule}.")
    found, n = [], first
    while n < most:
        found.append(n)
        n = 5 * folds if folds and n == first else 2 * n
    return (*found, most)


@lru_cache(256)
def look_levels(looks: tuple[int, ...], most: int, alpha: float = 0.05) -> tuple[float, ...]:
    """Return the level of the interval at each look, for which all of them hold together with at least 1 - alpha.

    looks: numbers of trials, rising, at most `most`, the number at which alpha is spent. Computed for means of normal
    differences (Armitage, McPherson and Rowe 1969, "Repeated significance tests on accumulating data", by quadrature);
    the levels are then used with Student quantiles. Intervals that also carry test items are more alike from look to
    look than these means are, so that they hold more often. Raises InputError for looks that do not rise up to `most`.
    """
    check_level(1 - alpha)
    if not looks or looks[0] < 1 or np.any(np.diff(looks) <= 0) or looks[-1] > most:
        raise InputError(f"Looks at {looks} of at most {most} trials; give rising numbers of trials up to {most}.")
    share = np.array(looks, dtype=float) / most
    spend = alpha * np.diff(share, prepend=0.0)
    unit, weight = np.polynomial.legendre.leggauss(_NODES)
    at, mass, before, levels = np.zeros(1), np.ones(1), 0.0, []  # of the sum of differences, scaled to variance 1
    for now, allowed in zip(share, spend, strict=True):
        sd = np.sqrt(now - before)
        bound = scipy.optimize.brentq(
            lambda b, at=at, mass=mass, sd=sd, a=allowed: _crossing(b, at, mass, sd) - a, 1e-9, _FAR
        )
        levels.append(round(1 - 2 * float(scipy.stats.norm.sf(bound / np.sqrt(now))), _DIGITS))
        inside = bound * unit
        mass = bound * weight * (scipy.stats.norm.pdf((inside[:, None] - at) / sd) / sd @ mass)
        at, before = inside, now
    return tuple(levels)


def _crossing(bound: float, at: np.ndarray, mass: np.ndarray, sd: float) -> float:
    """Return the probability that paths at `at` (N,) of probability `mass` (N,) end beyond +-bound at the next look."""
    beyond = scipy.stats.norm.sf((bound - at) / sd) + scipy.stats.norm.sf((bound + at) / sd)
    return float(beyond @ mass)


@dataclass(frozen=True)
class Look:
    """One time that an answer was read: after how many trials, by which rule, and of how many at most."""

    trials: int
    rule: str  # what the answer depends on besides the trials: metric, rope, arms, steps ...
    most: int  # trials_most; of a study without it, its number of trials


@dataclass(frozen=True)
class Spent:
    """What the looks so far leave for the interval of the last one."""

    level: float  # of its interval
    together: float  # with at least this probability every interval that was shown holds
    looks: int
    plans: int  # rules, numbers of trials at most, and returns to fewer trials, that were looked at


def level_of_last(looks: Sequence[Look], alpha: float = 0.05) -> Spent:
    """Return the level for the last look of a study's history, oldest first.

    Looks by one rule, at ever more trials up to one number, are a plan, and spend its alpha by `look_levels`. A plan
    made after looks (another metric or rope, trials beyond what was planned, fewer trials than have been seen) cannot
    take back what has been spent: the k-th one gets alpha / k^2, so that all plans together err with at most 1.65
    alpha, however many there are, and `together` says with how much. The same look again costs nothing. Raises
    InputError without a look, or beyond a plan's trials.
    """
    if not looks:
        raise InputError("The level of an interval needs the looks so far, this one included.")
    plans = _plans(looks)
    k, made = next((k, plan) for k, plan in enumerate(plans, 1) if looks[-1] in plan)
    made = made[: made.index(looks[-1]) + 1]
    level = look_levels(tuple(look.trials for look in made), looks[-1].most, alpha / k**2)[-1]
    spent = sum(alpha / number**2 for number in range(1, len(plans) + 1))
    return Spent(level, 1 - spent, len(set(looks)), len(plans))


def went_back(looks: Sequence[Look]) -> bool:
    """Tell whether the last look was made at fewer trials than its rule had been looked at before, and is a new one."""
    *before, last = looks
    return last not in before and any(look.rule == last.rule and look.trials > last.trials for look in before)


def _plans(looks: Iterable[Look]) -> list[list[Look]]:
    """Return the plans in the order in which they were made, each with its looks at rising numbers of trials."""
    plans: list[list[Look]] = []
    for look in dict.fromkeys(looks):
        same = [plan for plan in plans if (plan[0].rule, plan[0].most) == (look.rule, look.most)]
        if same and same[-1][-1].trials < look.trials:
            same[-1].append(look)
        else:
            plans.append([look])
    return plans
