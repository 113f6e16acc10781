"""Classes that a study holds out: they leave its data altogether, and are kept beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gannb.data.examples import Dataset, Examples, prepared_digest
from gannb.data.medium import Nouns
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest_class


def hold_out(dataset: Dataset, names: Sequence[str], nouns: Nouns) -> Dataset:
    """Return the data set without the named classes, which become its `held_out`, a data set of their own.

    Items of the named classes that share content or a group with an item of another class are left out altogether:
    they would not be unseen. `held_out.report.removed_from_pool` lists them.

    Raises:
        InputError: a name is no class, fewer than two classes remain, or too little of a held-out class does.
    """
    classes = dataset.pool.classes
    for name in names:
        if name not in classes:
            raise InputError(f"held_out: there is no class {name!r}; {nearest_class(name, classes)}")
    held = [k for k, name in enumerate(classes) if name in names]
    rest = [k for k in range(len(classes)) if k not in held]
    if len(rest) < 2:
        raise InputError(
            f"held_out: {len(rest)} of {len(classes)} classes would remain, and a classifier needs two; "
            f"hold out {f'{len(classes) - 2} or fewer' if len(classes) > 2 else 'none of them'}."
        )
    known = _of_classes(dataset, rest, np.empty(0))
    unseen = _of_classes(dataset, held, np.concatenate([part.groups for part in _parts(known)]))
    for use, least, part in zip(("train", "test"), (2, 1), _parts(unseen), strict=False):
        for name, n in zip(part.classes, part.counts(), strict=True):
            if n < least:
                raise InputError(
                    f"held_out: class {name!r} keeps {n} {nouns.many} to {use} on once those that share content or a "
                    "group with other classes are left out; hold out another class."
                )
    both = hashlib.sha256(f"{known.prepared} {unseen.prepared}".encode()).hexdigest()
    return replace(known, prepared=both, held_out=unseen)


def _parts(dataset: Dataset) -> list[Examples]:
    return [dataset.pool] + ([] if dataset.test is None else [dataset.test])


def _of_classes(dataset: Dataset, chosen: list[int], without: np.ndarray) -> Dataset:
    """Return the items of the chosen classes, numbered anew, but for those of the groups `without`."""
    inside = [part.take(np.isin(part.y, chosen)) for part in _parts(dataset)]
    kept = [_renumbered(part.take(~np.isin(part.groups, without)), chosen) for part in inside]
    removed = [name for part in inside for name in part.ids[np.isin(part.groups, without)].tolist()]
    report = replace(
        dataset.report, n_groups=len(np.unique(kept[0].groups)),
        removed_from_pool=removed if len(without) else dataset.report.removed_from_pool,
    )  # fmt: skip
    test = kept[1] if len(kept) > 1 else None
    prepared = prepared_digest(kept[0], test, dataset.traits)
    return replace(dataset, pool=kept[0], test=test, prepared=prepared, report=report)


def _renumbered(part: Examples, chosen: list[int]) -> Examples:
    """Return items of the chosen classes with labels 0, 1 ... in the order of these, which rises."""
    return replace(part, y=np.searchsorted(chosen, part.y), classes=tuple(part.classes[k] for k in chosen))
