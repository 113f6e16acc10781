"""Putting a set together: what belongs to one group, what leaks from a test set, the fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from gannb.data.examples import DataReport, Dataset, Examples, prepared_digest
from gannb.data.groups import joined
from gannb.data.medium import Nouns
from gannb.data.side_facts import Side, remark
from gannb.data.source import Source
from gannb.utils.errors import InputError

LINKED_SHARE, LINKED_LEAST, LINKED_MOST = 0.2, 3, 50  # see `link`


@dataclass(frozen=True)
class Linked:
    """Which items of a set belong together."""

    groups: np.ndarray  # (N,) int64
    leaks: np.ndarray  # (N,) bool: pool items linked to a test item
    exact: list[np.ndarray]  # positions, cluster by cluster
    near: list[np.ndarray]
    n_cut: int  # near pairs that the cap left apart


@dataclass(frozen=True)
class Links:
    """labels: (N,) items that share a number are linked.  cut: (M, 2) near pairs the cap left apart."""

    labels: np.ndarray
    cut: np.ndarray


def identical(contents: Iterable[bytes]) -> np.ndarray:
    """(N,) int64: for each of N contents the position of the first that is the same."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(content, i) for i, content in enumerate(contents)], np.int64)


def link(pairs: np.ndarray, distances: np.ndarray, y: np.ndarray) -> Links:
    """Single linkage, nearest pairs first, capped, so that a chain of look-alikes cannot swallow a class.

    A cluster holds at most a fifth of the smaller of the two items' classes, and between 3 and 50 items; a
    pair that would make a larger one is cut. Nearest first: the weakest links of a chain are those that are
    cut.
    pairs: (M, 2), distances: (M,), y: (N,) classes.
    """
    sizes = np.bincount(y)
    sets = scipy.cluster.hierarchy.DisjointSet(range(len(y)))
    cut = []
    for i, j in pairs[np.argsort(np.round(distances, 6), kind="stable")].tolist():  # a tie on one machine is one on all
        if sets.connected(i, j):
            continue
        cap = np.clip(int(LINKED_SHARE * min(sizes[y[i]], sizes[y[j]])), LINKED_LEAST, LINKED_MOST)
        if sets.subset_size(i) + sets.subset_size(j) <= cap:
            sets.merge(i, j)
        else:
            cut.append((i, j))
    labels = np.fromiter((sets[i] for i in range(len(y))), np.int64, len(y))
    return Links(labels, np.array(cut, dtype=np.int64).reshape(-1, 2))


def linked(source: Source, same: np.ndarray, links: Links, named: Sequence[str]) -> Linked:
    """Join exact duplicates, near duplicates, the person's groups, and what stays together in the source.

    same: (N,) as `identical` gives it; named: the person's group of each item, "" where none was asked for.
    """
    asked = np.array([name or f"\0{i}" for i, name in enumerate(named)])  # else a group of its own
    groups = joined(same, links.labels, asked, *([] if source.together is None else [source.together]))
    leaks = np.isin(groups, groups[source.is_test])
    tested = np.isin(links.cut, same[source.is_test])  # (M, 2); the cap must not leave a test item's copy behind
    leaks |= np.isin(same, links.cut[tested.any(1)])
    return Linked(groups, leaks & ~source.is_test, _clusters(same), _clusters(links.labels), len(links.cut))


def _clusters(labels: np.ndarray) -> list[np.ndarray]:
    """Positions that share a label, for labels met more than once."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [cluster for cluster in np.split(order, starts) if len(cluster) > 1]


def assemble(
    medium: str,
    data: str,
    source: Source,
    x: np.ndarray,
    digests: Sequence[bytes],
    links: Linked,
    *,
    shapes: dict[str, int],
    modes: dict[str, int],
    brought_to: str,
    side: Callable[[int], Side] | None = None,
    remarks: Sequence[str] = (),
    traits: Mapping[str, Any] | None = None,
) -> Dataset:
    """Return the prepared set: pool and test set apart, what leaks left out, the report written.

    medium: its name.  data: as the person wrote it.  x: (N, ...) prepared items.  digests: of the items as found.
    shapes, modes, brought_to, remarks: see `DataReport`.  side(i): how item i was made and stored, see
    `side_facts`; None where nothing of the kind is known.  traits: see `Dataset`.

    Raises InputError where too little of a class remains.
    """
    everything = Examples(x, source.y, source.classes, np.array(source.ids), links.groups, _captions(source))
    pool = _pool_without(everything, ~source.is_test, links.leaks, source.nouns)
    test = everything.take(source.is_test) if source.is_test.any() else None
    told = remark(side, source.y, links.groups, source.nouns) if side else ""
    ids = [everything.ids[cluster].tolist() for cluster in links.exact]
    facts = DataReport(
        source=data,
        kind=source.kind,
        shapes=shapes,
        modes=modes,
        brought_to=brought_to,
        skipped=source.skipped,
        exact_duplicates=ids,
        near_duplicates=[everything.ids[cluster].tolist() for cluster in links.near],
        label_conflicts=[
            names for names, cluster in zip(ids, links.exact, strict=True) if len(set(source.y[cluster])) > 1
        ],
        removed_from_pool=everything.ids[links.leaks].tolist(),
        n_groups=len(np.unique(pool.groups)),
        links_cut=links.n_cut,
        remarks=[*([told] if told else []), *remarks],
    )
    fingerprint = content_fingerprint(source, digests)
    prepared = prepared_digest(pool, test, traits := dict(traits or {}))
    return Dataset(pool, test, fingerprint, prepared, facts, medium, traits=traits)


def _captions(source: Source) -> np.ndarray | None:
    """The captions of the items as an array (N, C), filled up with ""; None where there are none."""
    most = max(map(len, source.captions), default=0)
    return np.array([[*own, *[""] * (most - len(own))] for own in source.captions]) if most else None


def _pool_without(everything: Examples, in_pool: np.ndarray, leaks: np.ndarray, nouns: Nouns) -> Examples:
    pool = everything.take(in_pool & ~leaks)
    for name, n in zip(pool.classes, pool.counts(), strict=True):
        if n < 2:
            raise InputError(
                f"data: class {name!r} keeps {n} training {nouns.many} once those that share content or a group "
                f"with the test set are left out; give a test set of other {nouns.many}, or none"
            )
    return pool


def content_fingerprint(source: Source, digests: Sequence[bytes]) -> str:
    """Over classes, then per item in its order: part, class, the digest of the item as it was found, and captions."""
    total = hashlib.sha256()
    for name in source.classes:
        total.update(hashlib.sha256(name.encode("utf-8")).digest())
    for label, is_test, digest in zip(source.y.tolist(), source.is_test.tolist(), digests, strict=True):
        total.update(f"{label},{is_test:d};".encode() + digest)
    total.update(json.dumps(source.captions).encode() if source.captions else b"")
    return total.hexdigest()
