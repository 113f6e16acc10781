"""Classes that a study holds out: they leave its data altogether, and are kept beside them."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gannb.data import Dataset, Examples, prepared_digest
from gannb.errors import InputError


def hold_out(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """Return the data set without the named classes, which become its `held_out`, a data set of their own.

    Items of the named classes that share content or a group with an item of another class are left out altogether:
    they would not be unseen. `held_out.report.removed_from_pool` lists them.

    Raises:
        InputError: a name is no class, fewer than two classes remain, or too little of a held-out class does.
    """
    classes = dataset.pool.classes
    for name in names:
        if name not in classes:
            near = difflib.get_close_matches(name, classes, n=1, cutoff=0)
            raise InputError(f"held_out: there is no class {name!r}; did you mean {near[0]!r}?")
    held = [k for k, name in enumerate(classes) if name in names]
    rest = [k for k in range(len(classes)) if k not in held]
    if len(rest) < 2:
        raise InputError(
            f"held_out: {len(rest)} of {len(classes)} classes would remain, and a classifier needs two; "
            f"hold out {len(classes) - 2} or fewer."
        )
    known = _of_classes(dataset, rest, np.empty(0))
    unseen = _of_classes(dataset, held, np.concatenate([part.groups for part in _parts(known)]))
    both = hashlib.sha256(f"{known.prepared} {unseen.prepared}".encode()).hexdigest()
    return replace(known, prepared=both, held_out=unseen)


def _parts(dataset: Dataset) -> list[Examples]:
    return [dataset.pool] + ([] if dataset.test is None else [dataset.test])


def _of_classes(dataset: Dataset, chosen: list[int], without: np.ndarray) -> Dataset:
    """Return the items of the chosen classes, numbered anew, but for those of the groups `without`."""
    removed: list[str] = []

    def choose(part: Examples) -> Examples:
        inside = part.take(np.isin(part.y, chosen))
        shared = np.isin(inside.groups, without)
        removed.extend(inside.ids[shared].tolist())
        kept = inside.take(~shared)
        return replace(kept, y=np.searchsorted(chosen, kept.y), classes=tuple(part.classes[k] for k in chosen))

    pool, *test = (choose(part) for part in _parts(dataset))
    for part, least, use in ((pool, 2, "train on"), *((part, 1, "test on") for part in test)):
        for name, n in zip(part.classes, part.counts(), strict=True):
            if n < least:
                raise InputError(
                    f"held_out: class {name!r} keeps {n} images to {use} once those that share content or a group with "
                    "other classes are left out; hold out another class."
                )
    report = replace(
        dataset.report, n_groups=len(np.unique(pool.groups)),
        removed_from_pool=removed if len(without) else dataset.report.removed_from_pool,
    )  # fmt: skip
    given = test[0] if test else None
    return Dataset(pool, given, dataset.fingerprint, prepared_digest(pool, given), report)
