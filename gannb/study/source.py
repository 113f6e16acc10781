"""A source of items beside a study's data, and which of its classes are which of the study's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gannb.data.examples import Examples
from gannb.generators.external import PRETRAIN
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, near, nearest


@dataclass(frozen=True, eq=False)
class Source:
    """An external source, read, checked and mapped onto the study's classes.

    name: of the parameter. key: of its content: of the weights, the function's source file, or the items that are left.
    about: JSON: what its generator needs, and `text`, what people are told of it. stamp: of its files before they were
    read; "" where what was kept before served.
    """

    name: str
    key: str
    about: dict[str, Any]
    files: dict[str, Callable[[Path], None]] = field(default_factory=dict)  # by name, what writes each
    stamp: str = ""

    @property
    def folder(self) -> str:
        """The kept folder's name within the study's."""
        return f"{self.name}-{self.key}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the study's classes that it has items of, or can have: of unlabelled ones it may be all."""
        if self.name in ("unlabelled", PRETRAIN):
            return tuple(self.about["classes"])
        has = self.about["counts" if "counts" in self.about else "labels"]  # of related items; of a GAN
        return tuple(name for name, some in zip(self.about["classes"], has, strict=True) if some)


def match_classes(theirs: Sequence[str], ours: Sequence[str], wish: str | None, name: str) -> list[list[int]]:
    """Return the numbers of the source's classes that stand for each of the study's, by its mapping and by equal names.

    wish: `theirs=ours,...`; `theirs=` leaves a class out. Several of theirs may stand for one of ours.

    Raises:
        InputError: the mapping is ill-formed, names a class that is not there, or maps none.
    """
    plain = [composed(each) for each in ours]
    chosen = chosen_classes(theirs, ours, wish, name)
    numbers = [[number for number, mine in enumerate(chosen) if mine == our] for our in plain]
    if not any(numbers):
        alike = ((their, *near(their, plain)) for their in map(composed, theirs) if near(their, plain))
        their, our = next(alike, (theirs[0], ours[0]))
        raise InputError(
            f"{name}: none of its classes ({few_of(theirs)}) is one of this study's ({few_of(ours)}); say which is "
            f"which, as {name}_classes={their}={our}."
        )
    return numbers


def chosen_classes(theirs: Sequence[str], ours: Sequence[str], wish: str | None, name: str) -> list[str]:
    """Return what each of the source's classes is: one of the study's, left out (""), or a class of its own, by name.

    wish: as in `match_classes`. Raises InputError where it is ill-formed, or names a class that is not there.
    """
    plain = [composed(each) for each in ours]
    by_name = {composed(each): number for number, each in enumerate(theirs)}
    chosen, said = {each: each for each in by_name}, {}
    for part in filter(None, (part.strip() for part in (wish or "").split(","))):
        left, equals, right = (composed(each.strip()) for each in part.partition("="))
        if not equals:
            raise InputError(f"{name}_classes: {part!r} has no `=`; write theirs=yours,theirs2=yours2.")
        if left not in by_name:
            raise InputError(f"{name}_classes: {name} has no class {left!r}; {_nearest(left, by_name)}")
        if right and right not in plain:
            raise InputError(f"{name}_classes: this study has no class {right!r}; {_nearest(right, plain)}")
        if said.setdefault(left, right) != right:
            raise InputError(f"{name}_classes: {left!r} is given {said[left]!r} and {right!r}; leave one of them out.")
        chosen[left] = right
    return [chosen[composed(each)] for each in theirs]


def _nearest(name: str, names: Iterable[str]) -> str:
    return nearest(name, names, repr) or f"it has {few_of(list(names))}."


def classes_text(theirs: Sequence[str], ours: Sequence[str], matched: list[list[int]], counts: Sequence[int]) -> str:
    """Return in a sentence or two which classes are used, and of which of the study's there are none.

    matched: what `match_classes` returns. counts: (K,) of items that there are of each of the study's classes.
    """
    used = {number for numbers in matched for number in numbers}
    unused = [each for number, each in enumerate(theirs) if number not in used]
    without = [each for each, count in zip(ours, counts, strict=True) if not count]
    text = "All of its classes are used."
    if unused:
        text = f"{len(used):,} of its {len(theirs):,} classes are used; left out: {few_of(unused)}."
    if without:
        text += (
            f" {len(without):,} of this study's {len(ours):,} classes have none ({few_of(without)}); the others take "
            "their place in the batches."
        )
    return text


def about_of(pool: Examples, labels: list[list[int]], text: str) -> dict[str, Any]:
    """Return what a generator needs of a source. labels: of its classes, those that stand for each of the pool's."""
    return {"shape": pool.shape, "classes": pool.classes, "labels": labels, "text": text}
