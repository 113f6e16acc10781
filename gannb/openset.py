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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import metrics

from gannb import outcomes, protocol, stats
from gannb.data import Dataset, Examples, concatenate
from gannb.errors import InputError
from gannb.generators.simple import equally_often
from gannb.units import making, reading, training
from gannb.work import Task, Unit, is_done, seed_for

if TYPE_CHECKING:
    from gannb.classify import Mixture
    from gannb.generators.adversarial import Adversarial
    from gannb.wiring import Wiring

TAR = 0.95  # share of known test items that are accepted, at which the false-accept rate is taken
MIDDLE = (0.35, 0.65)  # the first class' share in an item between two classes, uniform
SHOWN = 24  # items of `other` that a unit keeps to be looked at
OTHER = "other"
BASELINE = "max_softmax"
METHODS = {  # what `other` is trained on
    BASELINE: "no other class (maximum softmax)",
    "between": "GAN images between two classes",
    "gan_of_outliers": "images of a GAN that was given outliers",
    "outliers": "real outliers (the oracle)",
}
NEED_OUTLIERS = ("gan_of_outliers", "outliers")
SEEN = "outliers_of_the_tested"  # no open set any more: the most that outliers could bring
MEASURES = ("auroc", "far", "known")


# ---- what is measured ----


def by_known(p: np.ndarray, n_known: int) -> np.ndarray:
    """Return one minus the largest probability of a known class: (N, K) or, with `other`, (N, K + 1) -> (N,).

    It is summed from all other probabilities, which keeps what a float32 near 1 cannot tell apart.
    """
    p = p.astype(np.float64)
    return np.sort(p[:, :n_known], axis=1)[:, :-1].sum(axis=1) + p[:, n_known:].sum(axis=1)


def by_other(p: np.ndarray, n_known: int) -> np.ndarray:
    """Return the probability of `other`: (N, K + 1) -> (N,)."""
    return p[:, n_known]


SCORES = {"known": by_known, "other": by_other}


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return the chance that an unknown item scores above a known one (ties count half). Both (N,)."""
    return float(metrics.roc_auc_score(np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate([known, unknown])))


def false_accept_rate(known: np.ndarray, unknown: np.ndarray, tar: float = TAR) -> float:
    """Return the share of unknown items accepted at the lowest threshold that accepts a share `tar` of the known ones.

    The threshold is set on the known test items alone, as in the literature ("FPR at 95 % TPR", Liang et al. 2018,
    arXiv 1706.02690): no unknown item has a part in it. Both are scores (N,).
    """
    return float(np.mean(unknown <= np.quantile(known, tar, method="inverted_cdf")))


# ---- what `other` is trained on ----


def side_of(classes: int, side: int) -> np.ndarray:
    """Return the held-out classes of a side, by number, (K,): every second one."""
    return np.arange(classes)[side::2]


def between(gan: Adversarial, number: int, seed: int) -> np.ndarray:
    """Return items between two classes each, (number, H, W, C) uint8: pairs at random, every class equally often."""
    rng = np.random.default_rng(seed)
    first = equally_often(gan.n_classes, number, rng)
    second = (first + rng.integers(1, gan.n_classes, number)) % gan.n_classes
    return gan.blend(np.stack([first, second], 1), rng.uniform(*MIDDLE, number), seed)


def with_other(known: Examples, x: np.ndarray) -> tuple[Examples, Examples]:
    """Return known items and those of `other` (M, H, W, C) as examples of K + 1 classes, `other` the last."""
    classes, number = (*known.classes, OTHER), np.arange(len(x))
    ids = np.char.add(f"{OTHER}-", number.astype(str))
    return replace(known, classes=classes), Examples(x, np.full(len(x), known.n_classes), classes, ids, number)


def mixture_of(known: Examples, x: np.ndarray | None, batch_size: int) -> Mixture:
    """Return what a classifier is trained on: `other` (M, H, W, C) takes the share of a batch that every class has."""
    from gannb.classify import Mixture

    if x is None:
        return Mixture(known, None, 0.0)
    return Mixture(*with_other(known, x), share=max(1 / (known.n_classes + 1), 1 / batch_size))


# ---- the units ----


def _held_out(task: Task, dataset: Dataset) -> tuple[Examples, Examples]:
    """Return a trial's outliers to train on, of all held-out classes, and its unknown test items."""
    draw = reading.draw_of(task.unit.need("draw").parameters, dataset.held_out)
    return protocol.take(dataset.held_out, draw.train), protocol.take(dataset.held_out, draw.test)


def _outliers(task: Task, dataset: Dataset) -> np.ndarray:
    """Return the outliers to train on of the unit's side, (M, H, W, C)."""
    outliers, _ = _held_out(task, dataset)
    return outliers.x[np.isin(outliers.y, side_of(outliers.n_classes, task.parameters["side"]))]


def make_outlier_gan(task: Task) -> None:
    """Fit the study's GAN to a trial's draw with the outliers of a side as one more class, and keep it."""
    dataset = reading.dataset_of(task)
    known = protocol.take(dataset, reading.read_draw(task.needed("draw")).train)
    given = concatenate(with_other(known, _outliers(task, dataset)))
    making.fit_generator(task, given, "side", task.parameters["side"])


def _other(task: Task, dataset: Dataset) -> np.ndarray | None:
    """Return the items of `other` that a unit trains on, (M, H, W, C); None without such a class."""
    from gannb.generators import load

    p = task.parameters
    if p["method"] == BASELINE:
        return None
    if p["method"] == "outliers":
        return _outliers(task, dataset)
    seed = seed_for(p["seed"], "trial", p["trial"], p["method"], p.get("side", ""))
    if p["method"] == "between":
        return between(load(task.needed("generator"), task.device), p["n_other"], seed)
    gan = load(task.needed("outlier_gan"), task.device)
    return gan.sample(np.full(p["n_other"], dataset.pool.n_classes), seed)


def make_open_set(task: Task) -> None:
    """Train the classifiers of one method in one trial; keep their probabilities on all test items, known and unseen.

    Network, steps, augmentation and seeds are those of `real+classic`: without `other` they are the same classifiers.
    """
    from gannb.classify import predict, train

    p, dataset = task.parameters, reading.dataset_of(task)
    draw = reading.read_draw(task.needed("draw"))
    known, test = protocol.take(dataset, draw.train), protocol.take(dataset, draw.test)
    _, unseen = _held_out(task, dataset)
    other = _other(task, dataset)
    mixture = mixture_of(known, other, p["batch_size"])
    recipe = training.recipe_of(p, known.shape, training.chosen_for(task))
    said = []
    for number in range(p["seeds"]):
        step = lambda done, total, n=number: task.progress(n * total + done, p["seeds"] * total)  # noqa: E731
        network = train(mixture, recipe, training.classifier_seed(p, number), task.device, step)
        said.append([predict(network, x) for x in (test.x, unseen.x)])
    on_known, on_unseen = (np.stack(each) for each in zip(*said, strict=True))
    np.savez_compressed(task.folder / "predictions.npz", p=on_known, y=test.y, unseen_p=on_unseen, unseen_y=unseen.y)
    np.save(task.folder / "other.npy", unseen.x[:0] if other is None else other[:SHOWN])


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
        from gannb.generators.families import FAMILIES

        try:
            FAMILIES[self.experiment.family].check_blend()
            design, trials = self.experiment.design, self.experiment.study.trials
            alike = {"protocol": design.protocol, "n_per_class": design.n_per_class}
            settled = protocol.settle(self.held_out, self.experiment.study.model_copy(update=alike))
            for trial in range(trials) if design.protocol == "resplit" else [trials - 1]:  # the last has the least left
                protocol.make_draw(self.held_out, settled, trial)
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
        unseen = protocol.take(self.held_out, draw.test)
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
                rows += [about | {"score": kind} | self._measure(said, tested, kind) for kind in _scores_of(method)]
        return pd.DataFrame(rows, columns=["trial", "method", "outliers", "tested", "seen", "score", *MEASURES])

    def _measure(self, said: Mapping[str, np.ndarray], side: int, kind: str) -> dict[str, float]:
        """Return the measures of a unit's classifiers by one score, on the unseen items of one side."""
        n_known, held = self.experiment.dataset.pool.n_classes, len(self.classes)
        unseen = said["unseen_p"][:, np.isin(said["unseen_y"], side_of(held, side))]
        pairs = [[SCORES[kind](p, n_known) for p in pair] for pair in zip(said["p"], unseen, strict=True)]
        balanced = self.experiment.study.metric == "balanced_accuracy"
        weights = (stats.balanced_weights if balanced else stats.equal_weights)(said["y"])
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
        keys = [(m, kind) for m in (*self.methods, SEEN) for kind in _scores_of(m) if m != SEEN or len(self.sides) == 2]
        return [
            _row(*key, found.get(key, none), found.get((BASELINE, "known"), none), test_train_ratio) for key in keys
        ]


def _scores_of(method: str) -> tuple[str, ...]:
    return tuple(SCORES) if method != BASELINE else ("known",)


def _row(method: str, kind: str, table: pd.DataFrame, baseline: pd.DataFrame, ratio: float) -> dict[str, Any]:
    """Return a row of `OpenSet.rows`; tables have a row per trial and a column per measure."""
    row = {"method": method, "score": kind, "trials": len(table)}
    row |= {m: outcomes.interval(table[m].to_numpy(), ratio, 0.95, 0, 1) for m in MEASURES}
    d = (table - baseline).dropna()
    changes = {m: outcomes.interval(d[m].to_numpy(), ratio, 0.95, -1, 1) for m in MEASURES}
    changes = {m: {"difference": each.pop("mean"), **each} for m, each in changes.items()}
    return row | ({} if method == BASELINE else {"change": changes})


def listed(names: list[str]) -> str:
    """Return names as people list them: `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
