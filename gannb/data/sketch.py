"""A sketch of a data set: a few hashes of its items, by which two sets are seen to share some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np

from gannb.data.examples import Dataset

SIZE = 64  # hashes; of two sets of one size that share a tenth of their items, more than 99 in 100 have one in common


def sketch(dataset: Dataset) -> list[str]:
    """Return the smallest of the hashes of a set's items, rising, 16 hex digits each.

    A bottom-k sketch (Broder 1997, "On the resemblance and containment of documents"): a hash that is among the
    smallest of both sets stands in both sketches wherever the item is in both sets, whatever else they hold. All items
    count, those of a given test set and of classes held out too, as they are prepared: of the same files in another
    size or form the hashes are others.
    """
    return sorted({_hash(item) for item in _items(dataset)})[:SIZE]


def share_items(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether the sets of two sketches share items; of a few among many it may miss all."""
    return not set(one).isdisjoint(other)


def _items(dataset: Dataset) -> Iterator[np.ndarray]:
    for part in (dataset.pool, dataset.test):
        yield from () if part is None else part.x
    if dataset.held_out is not None:
        yield from _items(dataset.held_out)


def _hash(item: np.ndarray) -> str:
    return blake2b(item.tobytes(), digest_size=8).hexdigest()
