"""A labelled set as it lies on disk, its items not yet decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from gannb.utils.errors import InputError


class BadImage(Exception):
    """One file cannot be used; the text is the reason."""


@dataclass(frozen=True)
class Source:
    """Items as they were found, not yet decoded.

    load(i): the native pixels, (H, W) or (H, W, 3) uint8, and the pixel kind as found; raises BadImage.
    """

    kind: str
    ids: list[str]
    y: np.ndarray  # (N,) int64
    classes: tuple[str, ...]
    is_test: np.ndarray  # (N,) bool
    sizes: list[tuple[int, int]]  # height, width
    has_test: bool
    load: Callable[[int], tuple[np.ndarray, str]]
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def take(self, keep: Sequence[int]) -> Source:
        """The items at `keep`, in that order."""
        ids, sizes = [self.ids[i] for i in keep], [self.sizes[i] for i in keep]
        y, is_test = self.y[keep], self.is_test[keep]
        return replace(self, ids=ids, sizes=sizes, y=y, is_test=is_test, load=lambda i: self.load(keep[i]))


def check_counts(source: Source, data: str) -> None:
    """Check for two classes or more, each with 2 pool items and, where a test set is given, a test item.

    Raises:
        InputError: something is missing; names the class.
    """
    if len(source.classes) < 2:
        only = f" ({source.classes[0]!r})" if source.classes else ""
        if source.kind == "folder":
            raise InputError(
                f"data: {data!r} has one class folder only{only}; give at least two, or name the folder that holds them"
            )
        raise InputError(f"data: {data!r} has one class only{only}; a classifier needs at least two")
    pool = np.bincount(source.y[~source.is_test], minlength=len(source.classes))
    test = np.bincount(source.y[source.is_test], minlength=len(source.classes))
    for name, n_pool, n_test in zip(source.classes, pool, test, strict=True):
        if n_pool < 2:
            raise InputError(f"data: class {name!r} of {data!r} has {n_pool} images to train on; give at least 2")
        if source.has_test and n_test == 0:
            raise InputError(f"data: class {name!r} of {data!r} has no image in the test set; give at least 1")


def attempt(work: Callable, things: Sequence, threads: int) -> tuple[list, list[tuple[int, str]]]:
    """work(thing) for all, None where it raised BadImage; and (position, reason) of those."""
    bad: list[tuple[int, str]] = []

    def one(i: int) -> object:
        try:
            return work(things[i])
        except BadImage as reason:
            bad.append((i, str(reason)))
            return None

    if threads == 1:
        return [one(i) for i in range(len(things))], bad
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, range(len(things))))
    return results, sorted(bad)


def refuse_or_list(bad: list[tuple[str, str]], on_bad_image: str) -> list[tuple[str, str]]:
    """The list itself if bad images are skipped; else InputError for the first."""
    if bad and on_bad_image == "fail":
        more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
        first, reason = bad[0]
        raise InputError(f"{first} cannot be used ({reason}){more}; repair or remove it, or set on_bad_image: skip")
    return bad
