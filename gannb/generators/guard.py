"""The guard of a training: notices when it goes wrong, goes back, changes one thing, and gives up in the end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from gannb.quality import pixels, spread

if TYPE_CHECKING:
    from gannb.data import Examples
    from gannb.generators.training import Training

CHECK_EVERY = 4  # points of the curves
COLLAPSED = 0.15  # diversity of samples over that of the draw, below which they all look alike
COLLAPSED_SHARE = 0.5  # of the classes, from which on it is the GAN that collapsed, whatever the others do
MOST_ITEMS = 200  # of a class of the draw, whose diversity is taken: all pairs of them
SPREAD = 0.3  # what it must once have reached for a fall to count; all start alike
PATIENCE = 0.5  # share of the training after which it must have
LEAST_STEPS = 500  # of a network, before which a training that has not spread is merely short
OVERFITTED = 0.98  # sureness of the discriminator, mean since the last check, and an adversarial loss below WON
WON = 0.05
START = 100  # steps of a network, in which its discriminator may win for a while
MOST_REMEDIES = 3
LECAM_WEIGHT = 0.3  # Tseng et al. 2021, section 4
RULE = (
    "exponential moving average of the generator's weights after the last step, at which the guard found finite "
    "weights, diverse samples and an undecided discriminator; it looks at the draw and at nothing else"
)


class TrainingError(RuntimeError):
    """Training went wrong in a way that more steps do not mend."""


class Guard:
    """Watches a training by what it may see: the draw, the curves, samples of fixed noise.

    log: what happened, {"step", "fault", "number", "remedy"} each. diversity: {"step": [...], "ratio": [...],
    "collapsed": [...]}, mean distance of samples of a class over that of the draw's items of the class, in pixels, 1 is
    as diverse as the draw; and the number of classes whose samples all look alike, though they once did not or it is
    late. Classes without two different items in the draw have no diversity and are not watched.
    """

    def __init__(self, training: Training, draw: Examples) -> None:
        self.training = training
        self.usual = _spreads(draw.x, draw.y, draw.n_classes, training.job.seed)
        self.watched = self.usual > 0
        self.spread = np.zeros(self.watched.sum(), bool)  # those of the watched that once did
        self.every = CHECK_EVERY * training.every  # steps
        in_turn = draw.n_classes if training.family.one_class_batches else 1  # each class has networks of its own
        self.late = max(LEAST_STEPS * in_turn, PATIENCE * training.job.steps)
        self.started = START * in_turn
        self.log: list[dict[str, Any]] = []
        self.diversity: dict[str, list[float]] = {"step": [], "ratio": [], "collapsed": []}
        self.good = self.state()

    def is_due(self) -> bool:
        """Tell whether this step is one after which to look."""
        return self.training.step % self.every == 0 or self.training.step == self.training.job.steps

    def check(self) -> bool:
        """Look, and tell whether all is well; if not, go back to the last step at which it was, one thing changed.

        Raises TrainingError where that was done `MOST_REMEDIES` times already.
        """
        fault = self._fault()
        if fault is None:
            self.good = self.state()
            return True
        self._mend(*fault)
        return False

    def _fault(self) -> tuple[str, str] | None:
        """Return what is wrong, by name and in words, or None."""
        training = self.training
        if not training.is_finite():
            return "not finite", "a loss or a weight is no longer a finite number"
        ratio, collapsed = self._look()
        if ratio < COLLAPSED and (training.step >= self.late or max(self.diversity["ratio"], default=0) >= SPREAD):
            return "collapse", f"samples of a class differ only {ratio:.2f} times as much as the real ones"
        if collapsed >= COLLAPSED_SHARE * max(1, self.watched.sum()):
            return "collapse", f"all samples of a class look alike in {collapsed} of {self.watched.sum()} classes"
        for name, value in {"step": training.step, "ratio": ratio, "collapsed": collapsed}.items():
            self.diversity[name].append(value)
        sureness, loss = (float(np.mean(training.curves[n][-CHECK_EVERY:])) for n in ("sureness", "adversarial_loss"))
        if training.step >= self.started and sureness > OVERFITTED and abs(loss) < WON:
            return "overfitting", f"the discriminator is never wrong any more (loss {loss:.3f})"
        return None

    def _look(self) -> tuple[float, int]:
        """Return the diversity of samples over the draw's, nan where no class is watched, and the classes collapsed."""
        if not self.watched.any():
            return math.nan, 0
        samples, labels = self.training.fixed_samples()
        found, usual = (s[self.watched] for s in (_spreads(samples, labels, len(self.usual)), self.usual))
        self.spread |= found >= SPREAD * usual
        collapsed = (found < COLLAPSED * usual) & (self.spread | (self.training.step >= self.late))
        return float(found.mean() / usual.mean()), int(collapsed.sum())

    def _mend(self, name: str, words: str) -> None:
        """Go back to the last good state and change one thing."""
        step, number = self.training.step, len(self.log) + 1
        if number > MOST_REMEDIES:
            tried = "; ".join(event["remedy"] for event in self.log)
            raise TrainingError(
                f"The {self.training.family.name} GAN fails at step {step} ({words}), after {MOST_REMEDIES} remedies "
                f"({tried}): try another family (gan), fewer steps (gan_steps), more images (n_per_class) or another "
                "seed."
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
        self.diversity = _copy({"collapsed": []} | own["diversity"])
        self.good = tensors, values


def _spreads(x: np.ndarray, y: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    """Mean distance of two images, (classes,), of at most `MOST_ITEMS` of each class; nan without two of it."""
    return np.array([_spread(x[np.flatnonzero(y == k)], seed) for k in range(classes)])


def _spread(x: np.ndarray, seed: int) -> float:
    chosen = np.random.default_rng(seed).permutation(len(x))[:MOST_ITEMS] if len(x) > MOST_ITEMS else slice(None)
    return spread(pixels(x[chosen]))


def _copy(curves: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: list(values) for name, values in curves.items()}


# ---- remedies: each changes one thing, and says which ----


def _halve_rates(training: Training) -> str:
    for name in ("generator", "discriminator"):
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
