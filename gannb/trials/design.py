"""How trials are made: a study's protocol, size of draw and number of trials, with `auto` settled by the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gannb.data.examples import Dataset
from gannb.media import medium_of
from gannb.stats.settling.cross_validation import LEAST_REPEATS
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.study.model import REPEATS, TRIALS, TRIALS_ON_GIVEN, Study
from gannb.trials.filling import TooFew, all_alone, blocks_there
from gannb.trials.tuning import DRAWS
from gannb.utils.errors import InputError
from gannb.utils.naming import counted

LARGE_CLASS = 400  # with fewer items in the smallest class, the whole set is the small set, unless n_per_class is set
USUAL_BLOCKS = 10  # a draw leaves room for these, whatever `trials` is: more trials must not change the draws
MOST_PER_CLASS = 100  # the size of draw from a large set, unless n_per_class is set
LEAST_TRAINED, LEAST_TESTED = 4, 2  # items per class that there must be on either side of a split
NO_FOLD = 0.02  # a test share may be so far from 1 / K to stand for K folds


@dataclass(frozen=True)
class Design:
    """How trials are made: a study's choices, with `auto` settled by the data."""

    protocol: str  # given | draw | folds
    n_per_class: int | None  # real items per class in a draw; None: the whole train side
    test_share: float
    seed: int
    folds: int = 0  # of cross-validation; 0 but in `folds`
    blocks: int = 0  # that the pool has for trials, each of two draws; 0: no trial goes beyond them
    trials: int = 0  # of the study
    why: str = ""  # one sentence for the report

    @property
    def most_trials(self) -> int | None:
        """Disjoint draws that the pool allows; None where trials are no draws of a pool."""
        return 2 * self.blocks or None

    @property
    def has_reserve(self) -> bool:
        """Whether every trial has real items that it does not train on, besides the test items."""
        return self.protocol == "draw"

    @property
    def step(self) -> int:
        """The number that trials are a multiple of: the folds of a whole repeat, else 1."""
        return self.folds or 1

    def block_of(self, trial: int) -> int:
        """Return the block that a trial's draw is a half of."""
        return (trial % self.most_trials if self.blocks else trial) // 2

    def round_of(self, trial: int) -> int:
        """Return how often a trial's block has been divided before."""
        return trial // self.most_trials if self.blocks else 0


def settle(dataset: Dataset, study: Study) -> Design:
    """Choose the protocol, the size of draw and the number of trials, where the study leaves them open.

    A given test set stays what it is (`given`). Otherwise `n_per_class` set means draw; a set that comes with the kit
    is drawn as its medium says (digits: 8 per class), a set whose smallest class has at least 400 items as large as ten
    blocks of two draws allow, at most 100 per class; a smaller set is cross-validated (`folds`).

    Raises:
        InputError: the set is too small for what is asked.
    """
    ways = {"given": _settle_given, "draw": _settle_draw, "folds": _settle_folds}
    return ways[_protocol(dataset, study)](dataset, study)


def _protocol(dataset: Dataset, study: Study) -> str:
    if study.protocol != "auto":
        return study.protocol
    if dataset.test is not None:
        return "given"
    large = study.data in medium_of(dataset).embedded or int(dataset.pool.counts().min()) >= LARGE_CLASS
    return "draw" if study.n_per_class is not None or large else "folds"


# ---- given ----


def _settle_given(dataset: Dataset, study: Study) -> Design:
    many = medium_of(dataset).nouns.many
    if dataset.test is None:
        raise InputError(
            f"protocol=given needs a test set of its own beside the {many} to train on, and these have none; give one "
            "(folders train/ and test/), or leave protocol out."
        )
    counts, n = dataset.pool.counts(), study.n_per_class
    name, fewest = dataset.pool.classes[int(counts.argmin())], int(counts.min())
    if fewest < LEAST_TRAINED:
        raise InputError(
            f"Class {name!r} has {fewest} {many} to train on, too few; add {many} until it has at least "
            f"{LEAST_TRAINED}, or leave the class out."
        )
    if n is not None and n > fewest:
        raise InputError(
            f"n_per_class={n} needs as many {many} of each class to train on, and class {name!r} has {fewest}; use at "
            f"most n_per_class={fewest}, or leave it out to train on all of them."
        )
    trials = study.trials or TRIALS_ON_GIVEN[study.preset]
    what = f"its own {n} {many} per class of the given training set" if n else "the whole given training set"
    why = f"every trial trains anew on {what}, and is tested on the given test set"
    return Design("given", n, study.test_share, study.seed, trials=trials, why=why)


# ---- draw ----


def _settle_draw(dataset: Dataset, study: Study) -> Design:
    smallest = int(dataset.pool.counts().min())
    capacity = int(smallest * (1 if dataset.test is not None else 1 - study.test_share))
    n = study.n_per_class or medium_of(dataset).embedded.get(study.data)
    n = n or min(MOST_PER_CLASS, max(2, capacity // (2 * USUAL_BLOCKS)))
    trials, for_tuning = study.trials or TRIALS[study.preset], DRAWS * study.tune
    needed = min(-(-trials // 2), LEAST_TRIALS)
    blocks, lacking = _blocks(dataset, study, n, capacity)
    if blocks < needed:
        smaller = range(min(n - 1, capacity // (2 * (needed + for_tuning))), 1, -1)
        room = next((fewer for fewer in smaller if _blocks(dataset, study, fewer, capacity)[0] >= needed), 0)
        raise InputError(_no_room(study, dataset, n, needed + for_tuning, room, lacking))
    why = (
        f"every trial has {n} items per class of its own, and as many in reserve, on which the next trial trains; all "
        "trials share one test set"
    )
    if trials > 2 * blocks:
        why += f"; there are {blocks} separate blocks of items, each divided anew for several trials"
    return Design("draw", n, study.test_share, study.seed, blocks=blocks, trials=trials, why=why)


def _blocks(dataset: Dataset, study: Study, n: int, capacity: int) -> tuple[int, str]:
    """Return how many blocks of two draws of n items per class there are beside those for tuning, and what ends them.

    capacity: items of the smallest class that are not for testing. What ends them is a class of which whole groups do
    not suffice; "" where numbers do not.
    """
    for_tuning = DRAWS * study.tune
    by_number = capacity // (2 * n) - for_tuning
    if by_number < 1 or all_alone(dataset):
        return by_number, ""
    try:
        filled, lacking = blocks_there(dataset, n, study.test_share, study.seed, for_tuning)
    except TooFew as error:
        return 0, error.lacking
    return (filled, lacking or dataset.pool.classes[0]) if filled < by_number else (by_number, "")


def _no_room(study: Study, dataset: Dataset, n: int, blocks: int, room: int, lacking: str) -> str:
    """Return that there are fewer blocks than are needed, and the ways out.

    room: the largest draws that there is room for, 0 for none; lacking: the class of which groups do not suffice.
    """
    counts, classes = dataset.pool.counts(), dataset.pool.classes
    name = lacking or classes[int(counts.argmin())]
    tuning = f", {DRAWS} of them for tuning," if study.tune else ""
    ways = [f"use at most n_per_class={room}"] * (room >= 2) + ["use finer groups"] * bool(lacking)
    ways += ["tune=false"] * study.tune
    protocol = "given" if dataset.test is not None else "folds"
    k = classes.index(name)
    groups = len(np.unique(dataset.pool.groups[dataset.pool.y == k]))
    if protocol == "given" or groups * study.test_share >= 1:  # a group of the class for each fold
        ways.append(f"protocol={protocol} without n_per_class")
    ways += [] if ways else [f"add {medium_of(dataset).nouns.many} of that class"]
    of_them = f"in {counted(groups, 'group', 'groups')}, kept whole" if lacking else "in all"
    return (
        f"n_per_class={n} needs {2 * n * blocks:,} items of each class besides the test set ({blocks} separate blocks"
        f"{tuning} of two draws each), and class {name!r} has {int(counts[k]):,} {of_them}; {', or '.join(ways)}."
    )


# ---- folds ----


def _settle_folds(dataset: Dataset, study: Study) -> Design:
    folds = _folds(study.test_share)
    counts = dataset.pool.counts() + (0 if dataset.test is None else dataset.test.counts())
    need = max(LEAST_TESTED * folds, -(-LEAST_TRAINED * folds // (folds - 1)))
    if counts.min() < need:
        name = dataset.pool.classes[int(counts.argmin())]
        nouns = medium_of(dataset).nouns
        raise InputError(
            f"Class {name!r} has {counted(int(counts.min()), nouns.one, nouns.many)}, too few to train and test on; "
            f"add {nouns.many} until it has at least {need}, or leave the class out."
        )
    least = LEAST_REPEATS * folds
    trials = study.trials or folds * REPEATS[study.preset]
    if trials < least or trials % folds:
        up = max(least, -(-trials // folds) * folds)
        raise InputError(
            f"trials={trials}: with test_share={study.test_share} the set is tested in {folds} parts in turn, and "
            f"trials are whole repeats of that, {least} or more; use trials={up}."
        )
    why = (
        f"the whole set is the small set: it is divided into {folds} parts, each of which is tested once while the "
        f"others are trained on, and that {trials // folds} times"
    )
    if dataset.test is not None:
        why += "; the given test set is part of it, as protocol=folds asks"
    return Design("folds", None, study.test_share, study.seed, folds=folds, trials=trials, why=why)


def _folds(test_share: float) -> int:
    """Return the number of folds of a test share; raises InputError where it is not about one part of several."""
    folds = round(1 / test_share)
    if abs(1 / folds - test_share) > NO_FOLD:
        low, high = int(1 / test_share), int(1 / test_share) + 1
        raise InputError(
            f"test_share={test_share} is not one of several equal parts, each of which is tested in turn; use "
            f"{1 / high:.3g} ({high} parts) or {1 / low:.3g} ({low} parts)."
        )
    return folds
