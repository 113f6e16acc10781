"""Putting a set together: what belongs to one group, what leaks from a test set, the fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from gannb.data.examples import Examples
from gannb.data.source import Source
from gannb.utils.errors import InputError


@dataclass(frozen=True)
class Linked:
    groups: np.ndarray  # (N,) int64
    leaks: np.ndarray  # (N,) bool: pool items linked to a test item
    exact: list[np.ndarray]
    near: list[np.ndarray]
    n_cut: int


def clusters(labels: np.ndarray) -> list[np.ndarray]:
    """Positions that share a label, for labels met more than once."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [cluster for cluster in np.split(order, starts) if len(cluster) > 1]


def pool_without(everything: Examples, in_pool: np.ndarray, leaks: np.ndarray) -> Examples:
    pool = everything.take(in_pool & ~leaks)
    for name, n in zip(pool.classes, pool.counts(), strict=True):
        if n < 2:
            raise InputError(
                f"data: class {name!r} keeps {n} training images once those that share content or a group "
                "with the test set are left out; give a test set of other images, or none"
            )
    return pool


def content_fingerprint(source: Source, digests: list[bytes]) -> str:
    """Over classes, then per item in its order: part, class and the digest of its native pixels."""
    total = hashlib.sha256()
    for name in source.classes:
        total.update(hashlib.sha256(name.encode("utf-8")).digest())
    for label, is_test, digest in zip(source.y.tolist(), source.is_test.tolist(), digests, strict=True):
        total.update(f"{label},{is_test:d};".encode() + digest)
    return total.hexdigest()
