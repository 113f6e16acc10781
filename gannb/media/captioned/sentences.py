"""Captions by themselves: in one line, what cannot be one, their words, and which of them are the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from gannb.data.assembly import link
from gannb.media.image.sources.files import FILES
from gannb.utils.naming import few_of

NONE = frozenset({"nan", "<na>", "null", "none", "n/a"})  # as programs write that there is none
HALFWAY = "halfway between "
LONGEST = 2_000  # characters, from where on it is a fault of the file
COMMON_SHARE, COMMON_LEAST = 0.05, 3  # of a class's images: a caption that more have tells a kind
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
MISREAD = re.compile(
    "[\u00c3\u00c2\u00c5][\u0080-\u00bf\u0152\u0153\u0160\u0161\u017d\u017e\u2013-\u2018\u201a-\u201c\u201e-\u2122]|"
    "\u00e2\u20ac|\ufffd"
)


def words(caption: str) -> list[str]:
    """The words of a caption, in small letters."""
    return WORD.findall(caption.casefold())


def key(caption: str) -> str:
    """What captions share that differ by letter case, punctuation and blanks alone."""
    return " ".join(words(caption))


def fault(caption: str, file: str = "") -> str:
    """Return why a tidied caption, of a file where it has one, cannot be used, or ""."""
    name = PurePosixPath(file.replace("\\", "/"))
    if not caption:
        return "its caption is empty"
    if caption.casefold() in NONE:
        return f"its caption is {caption!r}, as programs write that there is none"
    if len(caption) > LONGEST:
        return f"its caption has {len(caption):,} characters, and {LONGEST:,} are the most; is a line end missing?"
    if MISREAD.search(caption):
        return f"its caption {caption[:40]!r} was UTF-8 and has been read as something else; save it from its source"
    if not any(c.isalpha() for c in caption) and not words(caption):
        return f"its caption {caption[:40]!r} has no word"
    if FILES.is_item(caption) or (caption == name.stem and re.search(r"[0-9_]", caption) and " " not in caption):
        return f"its caption is the name of a file, {caption[:60]!r}, and no sentence"
    return ""


def halfway(first: str, last: str) -> str:
    """What stands in the place of a caption where an item was made of what lies halfway between two."""
    return f"{HALFWAY}“{first}” and “{last}”"


def is_halfway(caption: str) -> bool:
    """Tell whether it is no caption of its own, but stands for what lies halfway between two."""
    return caption.startswith(HALFWAY)


def unknown(captions: Iterable[str], known: Iterable[str]) -> list[str]:
    """The words of captions that no caption in `known` has, the most frequent first."""
    have = {word for caption in known for word in words(caption)}
    counts = Counter(word for caption in captions for word in words(caption) if word not in have)
    return [word for word, _ in counts.most_common()]


def names_class(caption: str, name: str) -> bool:
    """Tell whether a caption has all words of a class's name in a row, plural or not; numbers before the name aside."""
    wanted = _singular(words(re.sub(r"^[0-9]+[. _-]+", "", name.replace("_", " "))))
    said, n = _singular(words(caption)), len(wanted)
    return n > 0 and any(said[i : i + n] == wanted for i in range(len(said) - n + 1))


def _singular(found: Sequence[str]) -> list[str]:
    return [word.removesuffix("s") if len(word) > 3 else word for word in found]


@dataclass(frozen=True)
class Together:
    """Which images stay together for their captions.

    labels: (N,) int64, images that share a number stay on one side of every split.  n_common: captions that tell a
    kind, as a class does, so that nothing stays together for them.  n_cut: pairs that a chain of captions would have
    made too large a group of.  n_across: test images of a given set that have a caption of a training image.
    """

    labels: np.ndarray
    n_common: int
    n_cut: int
    n_across: int


def together(captions: Sequence[Sequence[str]], y: np.ndarray, is_test: np.ndarray) -> Together:
    """Images with a caption in common stay together, where that leaves an honest split.

    It would leave none where a caption stands with more than a twentieth of a class's images (and more than 3), as the
    name of a kind does, and where a given test set's captions would take more than half of a class's training images
    with them. A chain of captions is cut as `gannb.data.assembly.link` cuts chains of near duplicates.
    captions: of each image; y: (N,) classes; is_test: (N,) bool.
    """
    having: dict[str, list[int]] = {}
    for i, own in enumerate(captions):
        for each in {key(caption) for caption in own}:
            having.setdefault(each, []).append(i)
    most = np.maximum(COMMON_SHARE * np.bincount(y), COMMON_LEAST)
    rare = [own for own in having.values() if (np.bincount(y[own], minlength=len(most)) <= most).all()]
    pairs = [(own[0], i) for own in rare for i in own[1:]]
    distances = np.array([len(own) for own in rare for _ in own[1:]])
    links = link(np.array(pairs, np.int64).reshape(-1, 2), distances, y)
    across = np.isin(links.labels, np.intersect1d(links.labels[is_test], links.labels[~is_test]))
    lost, pool = (np.bincount(y[which], minlength=len(most)) for which in (across & ~is_test, ~is_test))
    apart = bool((2 * lost > pool).any())
    labels = np.where(is_test, links.labels + len(y), links.labels) if apart else links.labels
    return Together(labels, len(having) - len(rare), len(links.cut), int((across & is_test).sum()) if apart else 0)


def about(captions: Sequence[Sequence[str]]) -> str:
    """How many captions there are, how many different ones, and of how many words."""
    every = [caption for own in captions for caption in own]
    vocabulary = {word for caption in every for word in words(caption)}
    per = sorted({len(own) for own in captions})
    each = f"{per[0]}" if len(per) == 1 else f"{per[0]} to {per[-1]}"
    return (
        f"{len(every):,} captions ({each} for each image), {len({key(c) for c in every}):,} different ones of "
        f"{len(vocabulary):,} words"
    )


def remarks(captions: Sequence[Sequence[str]], y: np.ndarray, classes: Sequence[str], found: Together) -> list[str]:
    """Sentences on what a person should know: which images stay together for their captions, which captions leak.

    captions: of each image; y: (N,) their classes, numbers of names in `classes`.
    """
    return [*_on_splits(captions, y, found), *_on_leaks(captions, y, classes)]


def _on_splits(captions: Sequence[Sequence[str]], y: np.ndarray, found: Together) -> list[str]:
    kinds = {(int(k), tuple(sorted(map(key, own)))) for k, own in zip(y, captions, strict=True)}
    told = []
    if len(kinds) == len(set(y.tolist())):
        told.append("all images of a class have the same captions, which tell no more than the class does")
    elif found.n_common:
        told.append(
            f"{found.n_common:,} captions stand with so many of a class's images that they tell a kind, as a class "
            "does; images that share one may be on both sides of a split, those that share a rarer one never are"
        )
    if found.n_cut:
        told.append(
            f"{found.n_cut:,} pairs of images with a caption in common may be on both sides of a split, since a chain "
            "of such captions would have kept most of a class together"
        )
    if found.n_across:
        told.append(
            f"{found.n_across:,} images of the given test set have a caption of training images too, and stay since "
            "more than half of a class's training images would have to go"
        )
    return told


def _on_leaks(captions: Sequence[Sequence[str]], y: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Say how many captions name their class, which is a leak of the answer."""
    of_class = [[c for i in np.flatnonzero(y == k) for c in captions[i]] for k in range(len(classes))]
    leaks = [
        [caption for caption in own if names_class(caption, name)] for own, name in zip(of_class, classes, strict=True)
    ]
    total, every = sum(map(len, leaks)), sum(map(len, of_class))
    if not total:
        return []
    shown = few_of([f"{own[0]!r} of {name!r}" for own, name in zip(leaks, classes, strict=True) if own][:2])
    return [
        f"{total:,} of {every:,} captions name their class ({shown}), which is a leak: what is made from such a "
        "sentence may follow the class's name and nothing else; take the names out to see what the rest of the "
        "sentences brings"
    ]
