"""Units of work: what one is, and its key.

A unit is a pure function that reads files and writes one folder. Its key is a hash of its name, the version of its
code, the parameters it declares, the keys of the units it needs and the fingerprint of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from gannb.utils.keys import digest

TIMES = "*"  # in a cost, before how many times another it is: `classifier*4`


@dataclass(frozen=True, eq=False)
class Unit:
    """One piece of work: what it is, what it needs, and the function that makes it."""

    stage: int  # the notebook it belongs to, 1 to 5
    kind: str  # of `units.kinds`: draw, generator, items, ...
    place: str  # where it goes below the study's folder, without the key: "trials/000/generator-mlp"
    make: Callable[[Task], None]
    version: int  # raised by hand when the function's result changes
    parameters: dict[str, Any] = field(default_factory=dict)
    needs: tuple[Unit, ...] = ()
    cost: str = ""  # units of one cost take about the same time; by default, those of one kind
    quick: bool = False  # made faster than a process takes it, so in the one that runs the others
    loads: tuple[str, ...] = ()  # modules that take seconds to import: before its time is taken
    shares: bool = False  # does not fill a GPU: several such are made at once in a process on one

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", self.cost or self.kind)

    @cached_property
    def key(self) -> str:
        """16 hex digits: the identity of the unit's result."""
        name = self.place.rsplit("/", 1)[-1]
        trial = self.parameters.get("trial")
        return digest(self.kind, name, trial, self.version, self.parameters, [need.key for need in self.needs])

    @property
    def path(self) -> str:
        """The unit's folder, relative to the study's."""
        return f"{self.place}-{self.key}"

    def need(self, kind: str) -> Unit:
        """Return the needed unit of a kind."""
        return next(need for need in self.needs if need.kind == kind)

    def closure(self) -> list[Unit]:
        """Return the unit and everything it needs, needed ones first."""
        return list(dict.fromkeys([*(u for need in self.needs for u in need.closure()), self]))


@dataclass(frozen=True)
class Task:
    """What a unit's function gets: where to read, where to write, and whom to tell."""

    unit: Unit
    study: Path  # the study's folder
    folder: Path  # the unit's own folder, under a temporary name, to be written into
    checkpoint: Path  # a folder that outlives a killed process
    device: str
    progress: Callable[[int, int], None]

    @property
    def parameters(self) -> dict[str, Any]:
        """What the unit declares; nothing else may change its result."""
        return self.unit.parameters

    def needed(self, kind: str) -> Path:
        """Return the folder of the needed unit of a kind."""
        return self.study / self.unit.need(kind).path


def seconds_of(cost: str, seconds: Mapping[str, float]) -> float:
    """Return the seconds of a cost, which may be a multiple of another, given those of the others."""
    one, _, times = cost.partition(TIMES)
    return seconds[cost] if cost in seconds else seconds[one] * int(times or 1)
