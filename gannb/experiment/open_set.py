"""Open set: are items of classes that training never saw recognised as new, and does an `other` class help?

A classifier gives every item a score for being new. Without an `other` class that is one minus the largest probability
("maximum softmax", Hendrycks and Gimpel 2017, arXiv 1610.02136). With one there are two, both measured: the same, over
the known classes, and the probability of `other`. What `other` is trained on tells the methods apart.

Outliers to train on are never of the classes that are tested: the held-out classes are two sides, each side's outliers
serve against the other side's test items, in turn, and the two turns are averaged. With one held-out class there is no
other side, and no method that needs outliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gannb.data.examples import Dataset
from gannb.experiment.settings import Settings
from gannb.units import kinds
from gannb.units.open_set import BASELINE, METHODS, NEED_OUTLIERS, side_of
from gannb.utils.naming import listed
from gannb.work.unit import Unit


@dataclass(frozen=True, eq=False)
class OpenSet:
    """The units of a study about its held-out classes: GANs that are given outliers, and classifiers."""

    settings: Settings
    gans: Mapping[int, Unit]  # by trial: the study's own
    training: Mapping[int, Sequence[dict[str, Any]]]  # by trial: how `real+classic` is trained at first, then continued
    choice: Unit | None  # what tuning chose for `real+classic`
    read: int  # after how many doublings of the steps results are read

    @property
    def held_out(self) -> Dataset:
        """The items of the held-out classes."""
        return self.settings.dataset.held_out

    @property
    def classes(self) -> tuple[str, ...]:
        """The held-out classes."""
        return self.held_out.pool.classes

    @property
    def sides(self) -> tuple[int, ...]:
        """The sides that have a class, each of them tested."""
        return (0, 1)[: len(self.classes)]

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that can be had; one held-out class leaves those that need no outliers."""
        return tuple(m for m in METHODS if len(self.sides) == 2 or m not in NEED_OUTLIERS)

    def names(self, side: int) -> str:
        """Return the classes of a side, in words."""
        return listed([self.classes[k] for k in side_of(len(self.classes), side)])

    # ---- units

    @cached_property
    def _outlier_gans(self) -> dict[tuple[int, int], Unit]:
        """The GANs that are given outliers, by trial and the side of these."""
        wanted = [(t, s) for t in self.gans for s in self.sides if "gan_of_outliers" in self.methods]
        return {(t, side): self._outlier_gan(self.gans[t], side) for t, side in wanted}

    def _outlier_gan(self, like: Unit, side: int) -> Unit:
        place, parameters = f"{like.place}-of-outliers-{side}", like.parameters | {"side": side}
        return kinds.OUTLIER_GAN.unit(place, parameters, like.needs)

    @cached_property
    def trainings(self) -> dict[tuple[int, str, int | None], list[Unit]]:
        """The units of training by trial, method, and the side of its outliers (None without).

        Several where the steps have doubled, each continuing the last, as of `real+classic`.
        """
        return {
            (t, method, side): [*self._trainings_of(t, method, side)]
            for t in self.gans
            for method in self.methods
            for side in (self.sides if method in NEED_OUTLIERS else [None])
        }

    @cached_property
    def classifiers(self) -> dict[tuple[int, str, int | None], Unit]:
        """The units of training whose results count."""
        return {key: units[self.read] for key, units in self.trainings.items()}

    def _trainings_of(self, trial: int, method: str, side: int | None) -> Iterator[Unit]:
        own = {"method": method} | ({} if side is None else {"side": side})
        own |= {} if method == BASELINE else {"mix": self.settings.study.mix}
        made = {"between": self.gans[trial], "gan_of_outliers": self._outlier_gans.get((trial, side))}.get(method)
        own |= {"n_other": self.n_other} if made else {}
        needs = [*self.gans[trial].needs, *(unit for unit in (made, self.choice) if unit)]
        place = f"{self.gans[trial].place.rsplit('/', 1)[0]}/{method}" + ("" if side is None else f"-{side}")
        before: list[Unit] = []
        for n, training in enumerate(self.training[trial]):
            before = [kinds.OPEN_SET.unit(place, training | own, (*needs, *before), doublings=n)]
            yield from before

    @property
    def n_other(self) -> int:
        """Items that a GAN makes for `other`: as many as the study makes per class."""
        return self.settings.items_made // self.settings.dataset.pool.n_classes

    @property
    def units(self) -> list[Unit]:
        """The units of this part of the study: GANs of outliers, then classifiers."""
        return [*self._outlier_gans.values(), *(unit for units in self.trainings.values() for unit in units)]
