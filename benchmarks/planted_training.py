"""Small studies with real training of which the truth is known: nothing, help and harm are planted in the arms.

Drawing, generators, training, scoring and the rule are the package's; only the planted generator is made here. The
sizes were chosen before any result was seen, from the reference study of digits (80 images, 8 trials): with half as
many images, half of each batch synthetic and 8 trials, every planted effect should be at least four standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from gannb.analysis.evidence import Evidence, difference, words_of
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, train
from gannb.data.counts import proportional_labels
from gannb.data.examples import Dataset, Examples, concatenate
from gannb.generators.interface import Condition, Job
from gannb.generators.simple import SIMPLE, Copies
from gannb.media.image import IMAGE
from gannb.stats.decision import decide
from gannb.stats.tested import Tested
from gannb.trials.contrasts import Contrast
from gannb.trials.design import Design
from gannb.trials.splits import make_draw, take
from gannb.utils.keys import seed_for

ROPE = 0.01
CONTRASTS = (
    Contrast("real+copies", "real", "control", "no difference", "A/A: the draw, and the draw again"),
    Contrast("real+more", "real", "control", "helps", "as many real images again"),
    Contrast("real+mislabelled", "real+copies", "control", "hurts", "copies with wrong labels"),
    Contrast("real+held_out+classic", "real+classic", "primary", "helps", "a generator that returns held-out images"),
    Contrast("real+copies+classic", "real+classic", "primary", "no difference", "a generator that returns copies"),
)


@dataclass(frozen=True)
class Size:
    """How large a study is."""

    per_class: int = 4  # real items in a draw, and in the reserve
    trials: int = 8
    seeds: int = 2  # classifiers
    steps: int = 100
    batch: int = 32
    share: float = 0.5  # of a batch that is synthetic
    n_synthetic: int = 40  # items per class that a generator makes: ten times the draw, so copies are equally often
    test_share: float = 0.2  # 359 of the 1,797 digits


class HeldOut(Copies):
    """A generator as good as one can be: it returns real items that are not in the draw, all equally often."""

    def __init__(self, items: Examples) -> None:
        super().__init__(IMAGE)
        self.held_out = items

    def fit(self, draw: Examples, job: Job) -> Self:
        """Keep the held-out items; the draw is not looked at."""
        return super().fit(self.held_out, job)


@dataclass(frozen=True, eq=False)
class Trial:
    """The items of one trial, and the seed of all that is trained in it."""

    seed: int
    draw: Examples
    reserve: Examples
    test: Examples
    size: Size

    def mixture(self, arm: str) -> Mixture:
        """What an arm, `real[+SOURCE][+classic]`, is trained on."""
        source = next((part for part in arm.split("+") if part not in ("real", "classic")), None)
        if source is None:
            return Mixture(self.draw, None, 0.0)
        if source == "more":
            return Mixture(concatenate([self.draw, self.reserve]), None, 0.0)
        return Mixture(self.draw, self.made_by(source), self.size.share)

    def made_by(self, source: str) -> Examples:
        """The items of a generator fitted to the draw."""
        generator = HeldOut(self.reserve) if source == "held_out" else SIMPLE[source](IMAGE)
        counts = self.draw.counts()
        labels = proportional_labels(counts, self.size.n_synthetic * len(counts))
        generator.fit(self.draw, Job(1, seed_for(self.seed, source)))
        x = generator.sample(Condition(labels), seed_for(self.seed, "items"))
        return Examples(x, labels, self.draw.classes, np.arange(len(x)).astype(str), np.arange(len(x)))

    def correct(self, arm: str) -> np.ndarray:
        """(I,) share of the arm's classifiers that are right on each test item."""
        policy = IMAGE.policy("auto" if arm.endswith("+classic") else "none", self.draw.shape)
        recipe, mixture = Recipe(IMAGE, "small_cnn", self.size.steps, self.size.batch, policy), self.mixture(arm)
        seeds = [seed_for(self.seed, "classifier", number) for number in range(self.size.seeds)]
        said = [predict(IMAGE, train(mixture, recipe, seed), self.test.x).argmax(1) for seed in seeds]
        return (np.stack(said) == self.test.y).mean(axis=0)


def trials(dataset: Dataset, study: int, size: Size) -> Iterator[Trial]:
    """The trials of a study: disjoint draws and reserves, one test set."""
    design = Design("draw", size.per_class, size.test_share, study)
    for number in range(size.trials):
        draw = make_draw(dataset, design, 2 * number)  # of each block one: arms train on the reserve, too
        parts = [take(dataset, index) for index in (draw.train, draw.reserve, draw.test)]
        yield Trial(seed_for(study, "trial", number), *parts, size)


def evidence(dataset: Dataset, study: int, arms: list[str], size: Size) -> Evidence:
    """What the arms of a study got right, as the verdict takes it."""
    correct: dict[str, dict[int, np.ndarray]] = {arm: {} for arm in arms}
    item, y, groups = {}, {}, {}
    for number, trial in enumerate(trials(dataset, study, size)):
        item[number], y[number], groups[number] = np.arange(len(trial.test)), trial.test.y, trial.test.groups
        for arm in arms:
            correct[arm][number] = trial.correct(arm)
    nothing = pd.DataFrame()
    n_train, n_test = float(len(trial.draw)), float(len(trial.test))
    about = (nothing, nothing, CONTRASTS, correct, Tested(item, y, groups), n_train, n_test, "", size.trials)
    return Evidence("draw", "balanced_accuracy", ROPE, *about, **words_of(IMAGE))


def study_rows(
    dataset: Dataset, study: int, size: Size, contrasts: tuple[Contrast, ...] = CONTRASTS
) -> list[dict[str, Any]]:
    """The rows of one study: for each planted contrast the interval and the answer of the rule."""
    arms = list(dict.fromkeys(arm for contrast in contrasts for arm in (contrast.against, contrast.arm)))
    found, rows = evidence(dataset, study, arms, size), []
    for contrast in contrasts:
        estimate = difference(found, contrast.arm, contrast.against)
        numbers = {"difference": estimate.mean, "low": estimate.low, "high": estimate.high, "trials": estimate.n}
        numbers |= {"answer": str(decide(estimate, ROPE))}
        about = {"part": "train", "study": study, "arm": contrast.arm, "against": contrast.against}
        rows.append(about | {"planted": contrast.expected, "size": asdict(size)} | numbers)
    return rows
