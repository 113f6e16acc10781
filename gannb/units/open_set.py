"""Units about classes that training never saw, and what the class `other` is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gannb.data.counts import equally_often
from gannb.data.examples import Dataset, Examples, concatenate
from gannb.generators.interface import Condition
from gannb.generators.registry import load
from gannb.trials import splits
from gannb.units import classifiers, reading
from gannb.units.generators import fit_generator
from gannb.units.parameters import TrainingWithOther
from gannb.utils.keys import seed_for
from gannb.work.unit import Task

if TYPE_CHECKING:
    from gannb.classifiers.mixture import Mixture
    from gannb.generators.adversarial.gan import Adversarial

MIDDLE = (0.35, 0.65)  # the first class' share in an item between two classes, uniform
SHOWN = 24  # items of `other` that a unit keeps to be looked at
OTHER = "other"
BASELINE = "max_softmax"
METHODS = {  # what `other` is trained on; `{many}` stands for the items
    BASELINE: "no other class (maximum softmax)",
    "between": "GAN {many} between two classes",
    "gan_of_outliers": "{many} of a GAN that was given outliers",
    "outliers": "real outliers (the oracle)",
}
NEED_OUTLIERS = ("gan_of_outliers", "outliers")


def side_of(classes: int, side: int) -> np.ndarray:
    """Return the held-out classes of a side, by number, (K,): every second one."""
    return np.arange(classes)[side::2]


def between(gan: Adversarial, number: int, seed: int) -> np.ndarray:
    """Return items between two classes each, (number, ...): pairs at random, every class equally often."""
    rng = np.random.default_rng(seed)
    first = equally_often(gan.n_classes, number, rng)
    second = (first + rng.integers(1, gan.n_classes, number)) % gan.n_classes
    return gan.blend(np.stack([first, second], 1), rng.uniform(*MIDDLE, number), seed)


def with_other(known: Examples, x: np.ndarray, captions: np.ndarray | None = None) -> tuple[Examples, Examples]:
    """Return known items and those of `other` (M, ...) as examples of K + 1 classes, `other` the last.

    captions: of the latter (M, C), where something is to be learnt of them.
    """
    classes, number = (*known.classes, OTHER), np.arange(len(x))
    ids = np.char.add(f"{OTHER}-", number.astype(str))
    other = Examples(x, np.full(len(x), known.n_classes), classes, ids, number, captions)
    return replace(known, classes=classes), other


def mixture_of(known: Examples, x: np.ndarray | None, batch_size: int, mix: str = "added") -> Mixture:
    """Return what a classifier is trained on: `other` (M, ...) has the share of a batch that every class has.

    Added to the known items, or in the places of some of them: `mix` as in `Mixture`.
    """
    from gannb.classifiers.mixture import Mixture

    if x is None:
        return Mixture(known, None, 0.0)
    return Mixture(*with_other(known, x), share=max(1 / (known.n_classes + 1), 1 / batch_size), mix=mix)


def _held_out(task: Task, dataset: Dataset) -> tuple[Examples, Examples]:
    """Return a trial's outliers to train on, of all held-out classes, and its unknown test items."""
    draw = reading.draw_of(task.unit.need("draw").parameters, dataset.held_out)
    return splits.take(dataset.held_out, draw.train), splits.take(dataset.held_out, draw.test)


def _outliers(task: Task, dataset: Dataset) -> Examples:
    """Return the outliers to train on of the unit's side."""
    outliers, _ = _held_out(task, dataset)
    return outliers.take(np.isin(outliers.y, side_of(outliers.n_classes, task.parameters["side"])))


def make_outlier_gan(task: Task) -> None:
    """Fit the study's GAN to a trial's draw with the outliers of a side as one more class, and keep it."""
    dataset = reading.dataset_of(task)
    known = splits.take(dataset, reading.read_draw(task.needed("draw")).train)
    outliers = _outliers(task, dataset)
    given = concatenate(with_other(known, outliers.x, outliers.captions))
    fit_generator(task, given, "side", task.parameters["side"])


def _other(task: Task, dataset: Dataset) -> np.ndarray | None:
    """Return the items of `other` that a unit trains on, (M, ...); None without such a class."""
    training: TrainingWithOther = task.parameters
    method = training["method"]
    if method == BASELINE:
        return None
    if method == "outliers":
        return _outliers(task, dataset).x
    seed = seed_for(training["seed"], "trial", training["trial"], method, training.get("side", ""))
    if method == "between":
        return between(load(task.needed("generator"), reading.medium_of(task), task.device), training["n_other"], seed)
    gan = load(task.needed("outlier_gan"), reading.medium_of(task), task.device)
    return gan.sample(Condition(np.full(training["n_other"], dataset.pool.n_classes)), seed)


def make_open_set(task: Task) -> None:
    """Train the classifiers of one method in one trial; keep their probabilities on all test items, known and unseen.

    Network, cycles of steps, augmentation and seeds are those of `real+classic`: without `other` they are the same
    classifiers.
    """
    from gannb.classifiers.training import from_scratch, predict

    training: TrainingWithOther = task.parameters
    dataset, medium = reading.dataset_of(task), reading.medium_of(task)
    draw = reading.read_draw(task.needed("draw"))
    known, test = splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    _, unseen = _held_out(task, dataset)
    other = _other(task, dataset)
    mixture = mixture_of(known, other, training["batch_size"], training.get("mix", "added"))
    recipe = classifiers.recipe_of(medium, training, known.shape, classifiers.chosen_for(task))
    said = []
    for networks in classifiers.trained(task, mixture, recipe, from_scratch):
        *_, network = networks
        said.append([predict(medium, network, x) for x in (test.x, unseen.x)])
    on_known, on_unseen = (np.stack(each) for each in zip(*said, strict=True))
    np.savez_compressed(task.folder / "predictions.npz", p=on_known, y=test.y, unseen_p=on_unseen, unseen_y=unseen.y)
    np.save(task.folder / "other.npy", unseen.x[:0] if other is None else other[:SHOWN])
