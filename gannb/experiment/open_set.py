"""Open set: are images of classes that training never saw recognised as new, and does an `other` class help?

A classifier gives every item a score for being new. Without an `other` class that is one minus the largest probability
("maximum softmax", Hendrycks and Gimpel 2017, arXiv 1610.02136). With one there are two, both measured: the same, over
the known classes, and the probability of `other`. What `other` is trained on tells the methods apart.

Outliers to train on are never of the classes that are tested: the held-out classes are two sides, each side's outliers
serve against the other side's test items, in turn, and the two turns are averaged. With one held-out class there is no
other side, and no method that needs outliers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gannb.data.examples import Dataset
from gannb.stats.intervals import balanced_weights, equal_weights
from gannb.trials import splits
from gannb.units import reading
from gannb.utils.errors import InputError
from gannb.work.store import is_done
from gannb.work.unit import Unit

if TYPE_CHECKING:
    from gannb.experiment.plan import Wiring
from gannb.stats import outcomes
from gannb.stats.open_set import SCORES, auroc, false_accept_rate
from gannb.units.open_set import BASELINE, METHODS, NEED_OUTLIERS, make_open_set, make_outlier_gan, side_of
from gannb.utils.naming import listed

SEEN = "outliers_of_the_tested"  # no open set any more: the most that outliers could bring
MEASURES = ("auroc", "far", "known")


def scores_of(method: str) -> tuple[str, ...]:
    return tuple(SCORES) if method != BASELINE else ("known",)


def open_set_row(method: str, kind: str, table: pd.DataFrame, baseline: pd.DataFrame, ratio: float) -> dict[str, Any]:
    """Return a row of `OpenSet.rows`; tables have a row per trial and a column per measure."""
    row = {"method": method, "score": kind, "trials": len(table)}
    row |= {m: outcomes.interval(table[m].to_numpy(), ratio, 0.95, 0, 1) for m in MEASURES}
    d = (table - baseline).dropna()
    changes = {m: outcomes.interval(d[m].to_numpy(), ratio, 0.95, -1, 1) for m in MEASURES}
    changes = {m: {"difference": each.pop("mean"), **each} for m, each in changes.items()}
    return row | ({} if method == BASELINE else {"change": changes})


# ---- the part of a study ----


@dataclass(frozen=True, eq=False)
class OpenSet:
    """What a study does about its held-out classes: units, scores, and what they say."""

    experiment: Wiring
    gans: Mapping[int, Unit]  # by trial: the study's own
    training: Mapping[int, dict[str, Any]]  # by trial: how `real+classic` is trained
    choice: Unit | None  # what tuning chose for `real+classic`

    @property
    def held_out(self) -> Dataset:
        """The items of the held-out classes."""
        return self.experiment.dataset.held_out

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

    def check(self) -> None:
        """Raise InputError for anything that would fail later: the GAN's family, the number of held-out items."""
        from gannb.media.image.gans.families import FAMILIES

        try:
            FAMILIES[self.experiment.family].check_blend(FAMILIES)
            design, trials = self.experiment.design, self.experiment.study.trials
            alike = {"protocol": design.protocol, "n_per_class": design.n_per_class}
            settled = splits.settle(self.held_out, self.experiment.study.model_copy(update=alike))
            for trial in range(trials) if design.protocol == "resplit" else [trials - 1]:  # the last has the least left
                splits.make_draw(self.held_out, settled, trial)
        except InputError as error:
            raise InputError(f"held_out: {error}") from None

    # ---- units

    @cached_property
    def _outlier_gans(self) -> dict[tuple[int, int], Unit]:
        """The GANs that are given outliers, by trial and the side of these."""
        wanted = [(t, s) for t in self.gans for s in self.sides if "gan_of_outliers" in self.methods]
        return {(t, side): self._outlier_gan(self.gans[t], side) for t, side in wanted}

    def _outlier_gan(self, like: Unit, side: int) -> Unit:
        place, parameters = f"{like.place}-of-outliers-{side}", like.parameters | {"side": side}
        return Unit(4, "outlier_gan", place, make_outlier_gan, 1, parameters, like.needs, like.cost)

    @cached_property
    def classifiers(self) -> dict[tuple[int, str, int | None], Unit]:
        """The units of training by trial, method, and the side of its outliers (None without)."""
        return {
            (t, method, side): self._classifier(t, method, side)
            for t in self.gans
            for method in self.methods
            for side in (self.sides if method in NEED_OUTLIERS else [None])
        }

    def _classifier(self, trial: int, method: str, side: int | None) -> Unit:
        parameters = self.training[trial] | {"method": method} | ({} if side is None else {"side": side})
        made = {"between": self.gans[trial], "gan_of_outliers": self._outlier_gans.get((trial, side))}.get(method)
        parameters |= {"n_other": self.n_other} if made else {}
        needs = [*self.gans[trial].needs, *(unit for unit in (made, self.choice) if unit)]
        place = f"{self.gans[trial].place.rsplit('/', 1)[0]}/{method}" + ("" if side is None else f"-{side}")
        return Unit(4, "open_set", place, make_open_set, 1, parameters, tuple(needs))

    @property
    def n_other(self) -> int:
        """Items that a GAN makes for `other`: as many as the study makes per class."""
        return self.experiment.items_made // self.experiment.dataset.pool.n_classes

    @property
    def units(self) -> list[Unit]:
        """The units of this part of the study: GANs of outliers, then classifiers."""
        return [*self._outlier_gans.values(), *self.classifiers.values()]

    # ---- results

    def examples_of(self, trial: int, number: int) -> dict[str, np.ndarray] | None:
        """Return the first items of each kind that a GAN made for `other`, and of the unseen test items, by name.

        None where a unit of the trial is not there.
        """
        found, folder = {}, self.experiment.folder
        for (t, method, side), unit in self.classifiers.items():
            if t != trial or method in (BASELINE, "outliers"):
                continue
            if not is_done(folder, unit):
                return None
            name = "between classes" if side is None else f"GAN given {self.names(side)}"
            found[name] = np.load(folder / unit.path / "other.npy", allow_pickle=False)[:number]
        draw = reading.draw_of(self.experiment.draws[trial].parameters, self.held_out)
        unseen = splits.take(self.held_out, draw.test)
        for side in self.sides:
            tested = unseen.x[np.isin(unseen.y, side_of(len(self.classes), side))]
            found[f"never seen: {self.names(side)}"] = tested[:number]
        return found

    def read(self, trial: int, method: str, side: int | None) -> dict[str, np.ndarray] | None:
        """Return what a unit's classifiers said of the test items; None if not there.

        Of the known ones p (S, I, K) and y (I,), of the unseen ones unseen_p (S, U, K) and unseen_y (U,); with `other`
        there are K + 1 probabilities.
        """
        unit, folder = self.classifiers[trial, method, side], self.experiment.folder
        if not is_done(folder, unit):
            return None
        with np.load(folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            return dict(stored)

    def scores(self) -> pd.DataFrame:
        """Return a row per trial, method, side of its outliers, side tested and score; means over classifier seeds.

        auroc, far (at 95 % true accepts); known: the study's metric on the known test items, where taking one of them
        for `other` is an error. `seen`: the outliers trained on were of the classes tested.
        """
        rows = []
        for trial, method, side in self.classifiers:
            said = self.read(trial, method, side)
            for tested in self.sides if said else ():
                about = {"trial": trial, "method": method, "outliers": "" if side is None else self.names(side)}
                about |= {"tested": self.names(tested), "seen": side == tested}
                rows += [about | {"score": kind} | self._measure(said, tested, kind) for kind in scores_of(method)]
        return pd.DataFrame(rows, columns=["trial", "method", "outliers", "tested", "seen", "score", *MEASURES])

    def _measure(self, said: Mapping[str, np.ndarray], side: int, kind: str) -> dict[str, float]:
        """Return the measures of a unit's classifiers by one score, on the unseen items of one side."""
        n_known, held = self.experiment.dataset.pool.n_classes, len(self.classes)
        unseen = said["unseen_p"][:, np.isin(said["unseen_y"], side_of(held, side))]
        pairs = [[SCORES[kind](p, n_known) for p in pair] for pair in zip(said["p"], unseen, strict=True)]
        balanced = self.experiment.study.metric == "balanced_accuracy"
        weights = (balanced_weights if balanced else equal_weights)(said["y"])
        return {
            "auroc": float(np.mean([auroc(*pair) for pair in pairs])),
            "far": float(np.mean([false_accept_rate(*pair) for pair in pairs])),
            "known": float(((said["p"].argmax(2) == said["y"]) @ weights).mean()),
        }

    def by_trial(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Return the measures by method and score: a row per trial that has every turn, turns averaged."""
        table = self.scores()
        table = table[~table["seen"] | (table["method"] == "outliers")]
        table = table.assign(method=np.where(table["seen"], SEEN, table["method"]))
        whole = table.groupby(["method", "score", "trial"], sort=False).filter(
            lambda turn: len(turn) == len(self.sides)
        )
        means = whole.groupby(["method", "score", "trial"])[list(MEASURES)].mean()
        return {key: means.loc[key] for key in means.index.droplevel("trial").unique()}

    def rows(self, test_train_ratio: float = 0.0) -> list[dict[str, Any]]:
        """Return a row per method and score: the measures' means, and their differences from maximum softmax.

        Each with its 95 % interval over trials (`stats.paired_t`), given the test items; nan with fewer than two.
        """
        found = self.by_trial()
        none = pd.DataFrame(columns=list(MEASURES), dtype=float)
        keys = [(m, kind) for m in (*self.methods, SEEN) for kind in scores_of(m) if m != SEEN or len(self.sides) == 2]
        return [
            open_set_row(*key, found.get(key, none), found.get((BASELINE, "known"), none), test_train_ratio)
            for key in keys
        ]
