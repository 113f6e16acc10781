"""A labelled set as it lies on disk, its items not yet decoded."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gannb.data.medium import Nouns
from gannb.utils.doing import counter
from gannb.utils.errors import InputError, is_of_the_machine, unreadable
from gannb.utils.naming import few_of

NAMED = 3  # bad items that a refusal names beside the first
DENIED = "permission is denied"  # the reason of a file that may not be read, which nobody is told to remove


class BadItem(Exception):
    """One file cannot be used; the text is the reason."""


@dataclass(frozen=True)
class Source:
    """Items as they were found, not yet decoded.

    kind: how they lay there: a folder, an archive, ...
    shapes: each item's own, before it is brought to that of the study, by its header alone.
    load(i): the item as it was found, and how its values were stored, in a word; raises BadItem.
    paths: the items' files, where each has one of its own; else none.
    captions: the sentences of each item, where there are any; else none.
    together: (N,) int64, items that share a number stay together for what is known of them beside their content.
    """

    kind: str
    nouns: Nouns
    ids: list[str]
    y: np.ndarray  # (N,) int64
    classes: tuple[str, ...]
    is_test: np.ndarray  # (N,) bool
    shapes: list[tuple[int, ...]]
    has_test: bool
    load: Callable[[int], tuple[np.ndarray, str]]
    skipped: list[tuple[str, str]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    captions: list[tuple[str, ...]] = field(default_factory=list)
    together: np.ndarray | None = None

    def take(self, keep: Sequence[int]) -> Source:
        """The items at `keep`, in that order."""
        ids, shapes = [self.ids[i] for i in keep], [self.shapes[i] for i in keep]
        y, is_test, paths = self.y[keep], self.is_test[keep], [self.paths[i] for i in keep if self.paths]
        captions = [self.captions[i] for i in keep if self.captions]
        together = None if self.together is None else self.together[keep]
        load = lambda i: self.load(keep[i])  # noqa: E731
        return replace(
            self, ids=ids, shapes=shapes, y=y, is_test=is_test, load=load, paths=paths, captions=captions,
            together=together,
        )  # fmt: skip


def check_counts(source: Source, data: str) -> None:
    """Check for two classes or more, each with 2 pool items and, where a test set is given, a test item.

    Raises:
        InputError: something is missing; names the class.
    """
    if not source.classes:
        raise InputError(f"data: {data!r} holds no {source.nouns.many}; give some of two classes or more")
    if len(source.classes) < 2:
        only = f" ({source.classes[0]!r})"
        if source.kind == "folder":
            raise InputError(
                f"data: {data!r} has one class only{only}; give at least two, or name the folder that holds them"
            )
        raise InputError(f"data: {data!r} has one class only{only}; a classifier needs at least two")
    pool = np.bincount(source.y[~source.is_test], minlength=len(source.classes))
    test = np.bincount(source.y[source.is_test], minlength=len(source.classes))
    for name, n_pool, n_test in zip(source.classes, pool, test, strict=True):
        if n_pool < 2:
            items = source.nouns.one if n_pool == 1 else source.nouns.many
            raise InputError(
                f"data: class {name!r} of {data!r} has {n_pool} {items} to train on; add some, or leave the class out"
            )
        if source.has_test and n_test == 0:
            one = source.nouns.one
            raise InputError(f"data: class {name!r} of {data!r} has no {one} in the test set; give at least 1")


def check_spelling(labels: Sequence[str], ids: Sequence[str]) -> None:
    """Raise InputError for classes that differ by letter case or by blanks alone: a slip far more often than a wish.

    ids: where each label stands.
    """
    first: dict[str, tuple[str, str]] = {}
    for label, id in zip(labels, ids, strict=True):
        before, where = first.setdefault(_as_heard(label), (label, id))
        if before != label:
            by = "letter case" if before.casefold() == label.casefold() else "blanks or forms of letters"
            raise InputError(
                f"{id}: the class {label!r} differs from {before!r} ({where}) by {by} alone; write both alike"
            )


def _as_heard(label: str) -> str:
    """A label without what is not heard: letter case, the number and width of blanks, characters without a width."""
    shown = "".join(c for c in unicodedata.normalize("NFKC", label) if unicodedata.category(c) != "Cf")
    return " ".join(shown.casefold().split())


def attempt(work: Callable, things: Sequence, threads: int) -> tuple[list, list[tuple[int, str]]]:
    """work(thing) for all, None where it raised BadItem; and (position, reason) of those.

    Raises InputError where the machine has too few files, memory or the like left to read them.
    """
    bad: list[tuple[int, str]] = []
    one_more = counter(len(things))

    def one(i: int) -> object:
        try:
            return work(things[i])
        except BadItem as reason:
            if is_of_the_machine(reason.__cause__):  # no item is bad for it, and none may be left out
                raise unreadable("data: what is there", reason.__cause__, "") from reason
            bad.append((i, str(reason)))
            return None
        finally:
            one_more()

    if threads == 1:
        return [one(i) for i in range(len(things))], bad
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, range(len(things))))
    return results, sorted(bad)


def refuse_or_list(bad: list[tuple[str, str]], on_bad: str, parameter: str) -> list[tuple[str, str]]:
    """The bad items (name, reason) themselves where they are to be skipped.

    on_bad: "fail" or "skip"; parameter: the one that says so.  Raises InputError for the first, unless they are.
    """
    if bad and on_bad == "fail":
        (first, reason), others = bad[0], [name for name, _ in bad[1:]]
        nor = f", nor can {few_of(others, NAMED)}" if others else ""
        way = "change who may read it" if reason == DENIED else f"repair or remove {'them' if others else 'it'}"
        raise InputError(f"{first} cannot be used ({reason}){nor}; {way}, or set {parameter}=skip, which lists them")
    return bad
