"""What units take, in seconds of one process, by their cost: as those took that are done, before that a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gannb.work.store import seconds_at
from gannb.work.unit import TIMES, seconds_of

TRIFLE = 1.0  # s; what is guessed to take less changes no time that is told


class Costs:
    """Seconds by cost: the mean of the units that are done, and as long as there are none a guess.

    Guesses order the work and weigh its parts, but no time is told that rests on them: what a GAN takes depends on the
    items, the family and the machine, and may be a hundred times another.
    """

    def __init__(self, guesses: Mapping[str, float], done: Iterable[tuple[str, float]] = ()) -> None:
        """Done: the cost and the seconds of each unit that is done."""
        self._guesses = dict(guesses)
        self._sums: dict[str, tuple[int, float]] = {}
        self._means: dict[str, float] = {}
        for cost, seconds in done:
            self.learn(cost, seconds)

    @classmethod
    def of(cls, folder: Path, guesses: Mapping[str, float], done: Iterable[tuple[str, str]]) -> Costs:
        """Return those of units below a folder, given the path and the cost of each that is done."""
        return cls(guesses, ((cost, seconds_at(folder / path)) for path, cost in done))

    def learn(self, cost: str, seconds: float) -> None:
        """Take note of what one more unit took."""
        number, total = self._sums.get(cost, (0, 0.0))
        self._sums[cost] = number + 1, total + seconds
        self._means[cost] = (total + seconds) / (number + 1)

    def __call__(self, cost: str) -> float:
        """Return the seconds of a unit of a cost; 1 where there is not even a guess."""
        if cost in self._means:
            return self._means[cost]
        return seconds_of(cost, {_one_of(cost): 1.0} | self._guesses | self._means)

    def can_tell(self, costs: Iterable[str]) -> bool:
        """Tell whether what units of these costs take rests on no guess that matters."""
        return all(cost in self._means or self._is_known(_one_of(cost)) for cost in costs)

    def can_share(self, costs: Iterable[str]) -> bool:
        """Tell whether the share of the work that is done rests on no guess: what takes long is all of one cost."""
        every = set(map(_one_of, costs))
        return len({cost for cost in every if self(cost) >= TRIFLE}) <= 1 or self.can_tell(every)

    def _is_known(self, cost: str) -> bool:
        return cost in self._means or self(cost) < TRIFLE


def _one_of(cost: str) -> str:
    return cost.partition(TIMES)[0]
