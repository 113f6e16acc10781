"""Names: as people list them, the nearest to one that was mistyped, and in one spelling."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Sequence


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as people list them: `a, b and c`, or with another word before the last."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def near(name: str, names: Iterable[str], most: int = 1) -> list[str]:
    """Return those of `names` that are spelled most like a name, the nearest first; none where none is near."""
    return difflib.get_close_matches(name, list(names), n=most, cutoff=0.5)


def nearest(name: str, names: Iterable[str], show: Callable[[str], str] = str, most: int = 1) -> str:
    """Return `did you mean NAME?` for the nearest of `names` by spelling, or several; empty where none is near."""
    alike = near(name, names, most)
    return f"did you mean {' or '.join(map(show, alike))}?" if alike else ""


def nearest_class(name: str, classes: Sequence[str]) -> str:
    """Return what to say where there is no class of a name: the nearest, or else which there are."""
    return nearest(name, classes, repr) or f"the classes are {few_of([repr(each) for each in classes])}."


def few_of(names: Sequence[str], most: int = 8) -> str:
    """Return the first names of a list, and how many more there are: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def counted(n: int, one: str, many: str) -> str:
    """Return how many there are of a thing: `1 set of copies`, `1,200 sets of copies`."""
    return f"{n:,} {one if n == 1 else many}"


def composed(name: str) -> str:
    """Return a class's name with each accent and its letter as one character (NFC), however it was typed or stored."""
    return unicodedata.normalize("NFC", name)


def shortened(text: str, most: int = 80) -> str:
    """Return a text as it is, or what it begins with and how long it is."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"


def printable(text: str) -> str:
    """Return a text in which what a file name holds beside UTF-8 is written out, as `caf\\udce9`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def ended(sentence: str) -> str:
    """Return a sentence with its full stop, unless it ends as a sentence does."""
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
