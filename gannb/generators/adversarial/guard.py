"""The guard of a training: notices when it goes wrong, goes back, changes one thing, and gives up in the end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import cdist
from torch import Tensor

from gannb.generators.interface import GRID
from gannb.measures.fidelity import spread

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Medium
    from gannb.generators.adversarial.training import Training

CHECK_EVERY = 4  # points of the curves
COLLAPSED = 0.15  # diversity of samples over that of the draw, below which they all look alike
COLLAPSED_SHARE = 0.5  # of the classes, from which on it is the GAN that collapsed, whatever the others do
MOST_ITEMS, MOST_VALUES = 200, 2**24  # of a class of the draw, whose diversity is taken: all pairs of them
CHANCES = 100  # random handfuls of a class, to see how alike its own items can be
SPREAD = 0.3  # what it must once have reached for a fall to count
PATIENCE = 0.5  # share of the training after which it must have
LEAST_STEPS = 500  # of a network, before which a training that has not spread is merely short
OVERFITTED = 0.98  # sureness of the discriminator, mean since the last check, and an adversarial loss below WON
WON = 0.05
START = 100  # steps of a network, in which its discriminator may win and its samples draw together for a while
LASTING = 5  # checks in a row at which a fault must be seen: many a training mends itself
MOST_REMEDIES = 3
LECAM_WEIGHT = 0.3  # Tseng et al. 2021, section 4
RULE = (
    "exponential moving average of the generator's weights after the last step; the guard goes back where they are not "
    f"finite, and from step {START} on where samples stay alike or the discriminator stays undeceived; it looks at the "
    "draw and at nothing else"
)
UNKNOWN: dict[str, list[float]] = {"step": [], "ratio": [], "collapsed": []}  # the diversity before the first look


class TrainingError(RuntimeError):
    """Training went wrong in a way that more steps do not mend."""


class Guard:
    """Watches a training by what it may see: the draw, the curves, samples of fixed noise.

    log: what happened, {"step", "fault", "number", "back_to", "remedy"} each. diversity: {"step": [...], "ratio":
    [...], "collapsed": [...]}, mean distance of samples of a class over that of the draw's items of the class, in the
    medium's raw features, 1 is as diverse as the draw; and the number of classes whose samples all look alike, though
    they once did not or it is late. Classes in which a handful of the draw's own items may look alike have no diversity
    and are not watched. A discriminator is never held to be undeceived where its loss has no least value (Wasserstein).
    """

    def __init__(self, training: Training, draw: Examples) -> None:
        self.training = training
        medium, seed = training.medium, training.job.seed
        of_class = [usual_spread(medium, draw.x[draw.y == k], seed) for k in range(draw.n_classes)]
        self.usual, least = np.array(of_class).T
        self.watched = (least > COLLAPSED * self.usual) & (self.usual >= medium.least_difference(draw.shape))
        self.spread = np.zeros(self.watched.sum(), bool)  # those of the watched that once did
        self.every = CHECK_EVERY * training.every  # steps
        in_turn = draw.n_classes if training.family.one_class_batches else 1  # each class has networks of its own
        self.late = max(LEAST_STEPS * in_turn, PATIENCE * training.job.steps)
        self.started = START * in_turn
        self.log: list[dict[str, Any]] = []
        self.diversity = _copy(UNKNOWN)
        self.doubts = 0  # checks in a row at which a fault was seen
        self.good = self.state()

    def is_due(self) -> bool:
        """Tell whether this step is one after which to look."""
        return self.training.step % self.every == 0 or self.training.step == self.training.job.steps

    def check(self) -> bool:
        """Look, and tell whether all is well.

        Where a fault lasts, or is there at the end, or is a value that is not finite, go back to the last step at which
        all was well, one thing changed. Raises TrainingError where that was done `MOST_REMEDIES` times already.
        """
        fault = self._fault()
        if fault is None:
            self.doubts = 0
            self.good = self.state()
            return True
        self.doubts += 1
        at_end = self.training.step == self.training.job.steps
        if self.doubts >= LASTING or at_end or fault[0] == "not finite":
            self._mend(*fault)
        return False

    def _fault(self) -> tuple[str, str] | None:
        """Return what is wrong, by name and in words, or None."""
        training = self.training
        if not training.is_finite():
            return "not finite", "a loss or a weight is no longer a finite number"
        ratio, collapsed = self._look()
        for name, value in {"step": training.step, "ratio": ratio, "collapsed": collapsed}.items():
            self.diversity[name].append(value)
        if ratio < COLLAPSED and (training.step >= self.late or self._has_spread()):
            return "collapse", f"samples of a class differ only {ratio:.2f} times as much as the real ones"
        if collapsed >= COLLAPSED_SHARE * max(1, self.watched.sum()):
            return "collapse", f"all samples of a class look alike in {collapsed} of {self.watched.sum()} classes"
        if training.step < self.started or not training.family.loss.has_least:
            return None
        sureness, loss = (float(np.mean(training.curves[n][-CHECK_EVERY:])) for n in ("sureness", "adversarial_loss"))
        if sureness > OVERFITTED and loss < WON:
            return "overfitting", f"the discriminator is never wrong any more (loss {loss:.3f})"
        return None

    def _has_spread(self) -> bool:
        """Tell whether samples of all classes together ever had, the start left out: there all may change."""
        past = zip(self.diversity["step"], self.diversity["ratio"], strict=True)
        return any(step >= self.started and ratio >= SPREAD for step, ratio in past)

    def _look(self) -> tuple[float, int]:
        """Return the diversity of samples over the draw's, nan where no class is watched, and the classes collapsed."""
        if not self.watched.any():
            return math.nan, 0
        samples, labels = self.training.fixed_samples()
        usual = self.usual[self.watched]
        features = self.training.form.raw_features(samples)
        spreads = np.array([spread(features[labels == k]) for k in np.flatnonzero(self.watched)])
        if self.training.step >= self.started:
            self.spread |= spreads >= SPREAD * usual
        collapsed = (spreads < COLLAPSED * usual) & (self.spread | (self.training.step >= self.late))
        return float(spreads.mean() / usual.mean()), int(collapsed.sum())

    def _mend(self, name: str, words: str) -> None:
        """Go back to the last good state and change one thing."""
        step, number = self.training.step, len(self.log) + 1
        if number > MOST_REMEDIES:
            tried = "; ".join(event["remedy"] for event in self.log)
            raise TrainingError(
                f"The {self.training.family.name} GAN fails at step {step} ({words}), after {MOST_REMEDIES} remedies "
                f"({tried}): try another family (gan), fewer steps (gan_steps), more "
                f"{self.training.medium.nouns.many} (n_per_class) or another seed."
            )
        log = self.log
        self.restore(*self.good)
        remedy = REMEDIES[name](self.training)
        back = {"step": step, "fault": words, "number": number, "back_to": self.training.step, "remedy": remedy}
        self.log = [*log, back]
        self.good = self.state()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the training's state and the guard's own, which `restore` takes."""
        tensors, values = self.training.state()
        own = {"log": list(self.log), "diversity": _copy(self.diversity), "spread": self.spread.tolist()}
        return tensors, values | {"guard": own}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.training.restore(tensors, values)
        own = {"spread": [False] * len(self.spread)} | values["guard"]  # older ones are without
        self.log, self.spread = list(own["log"]), np.array(own["spread"], bool)
        self.diversity = _copy(UNKNOWN | own["diversity"])  # in this order
        self.doubts, self.good = 0, (tensors, values)


def usual_spread(medium: Medium, x: np.ndarray, seed: int) -> tuple[float, float]:
    """Mean distance, in raw features, of two items (N, ...) of a class, and what 95 % of random handfuls exceed.

    Both nan for fewer than two. A handful is as many as there are samples of a class, drawn with replacement, as from a
    perfect generator.
    """
    rng = np.random.default_rng(seed)
    most = max(2 * GRID[1], min(MOST_ITEMS, MOST_VALUES // math.prod(x.shape[1:])))
    flat = medium.raw_features(x[rng.permutation(len(x))[:most]] if len(x) > most else x)
    if len(flat) < 2:
        return math.nan, math.nan
    distance = cdist(flat, flat)
    handfuls = rng.integers(0, len(flat), (CHANCES, GRID[1]))
    by_chance = [_mean_of_pairs(distance[np.ix_(chosen, chosen)]) for chosen in handfuls]
    return _mean_of_pairs(distance), float(np.quantile(by_chance, 0.05))


def _mean_of_pairs(distance: np.ndarray) -> float:
    """Mean of the distances (N, N) of two different items."""
    return float(distance.sum() / (len(distance) * (len(distance) - 1)))


def _copy(curves: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: list(values) for name, values in curves.items()}


# ---- remedies: each changes one thing, and says which ----


def _halve_rates(training: Training) -> str:
    for name in training.optimisers:
        training.set_rate(name, training.rate(name) / 2)
    return f"learning rate halved to {training.rate('generator'):.2g}"


def _slow_generator(training: Training) -> str:
    """A generator that learns more slowly than the discriminator converges (Heusel et al. 2017, theorem 1)."""
    training.set_rate("generator", training.rate("generator") / 2)
    return f"learning rate of the generator halved to {training.rate('generator'):.2g}"


def _bound_discriminator(training: Training) -> str:
    if training.family.loss.paired:  # whose scores mean something beside each other alone, and LeCam bounds each
        training.set_strength(2 * training.strength)
        return f"R1 and R2 penalties on the discriminator, {training.strength:g} times as strong"
    training.set_lecam(2 * training.lecam or LECAM_WEIGHT)
    return f"LeCam penalty on the discriminator, weight {training.lecam:.2g}"


REMEDIES = {"not finite": _halve_rates, "collapse": _slow_generator, "overfitting": _bound_discriminator}
