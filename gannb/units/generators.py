"""Units that draw the trials, train the generators and make the items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gannb.data.counts import labels_to_make
from gannb.data.examples import Examples, concatenate
from gannb.generators import registry, variations
from gannb.generators.external import ABOUT, EXTERNAL, PRETRAIN, Pseudo
from gannb.generators.interface import Condition, Job, Start, at_hand
from gannb.generators.simple import Simple
from gannb.trials import splits
from gannb.units.parameters import Fitting, Pretraining, Sampling
from gannb.units.reading import dataset_of, design_of, draw_of, load_classifier, medium_of, read_draw
from gannb.utils.files import read_json, write_json
from gannb.utils.keys import seed_for
from gannb.work.unit import Task


def make_draw(task: Task) -> None:
    """Choose the items of a trial."""
    draw = draw_of(task.parameters, dataset_of(task))
    np.savez(task.folder / "draw.npz", train=draw.train, reserve=draw.reserve, test=draw.test)


def make_final_draw(task: Task) -> None:
    """Choose all labelled items but the locked test."""
    none = np.empty(0, np.int64)
    train = splits.final_items(dataset_of(task), design_of(task.parameters))
    np.savez(task.folder / "draw.npz", train=train, reserve=none, test=none)


def make_generator(task: Task) -> None:
    """Fit a generator to a trial's draw and keep it; from where another one stands, if it begins with one.

    To the draw and the unlabelled items, where it needs what labels these.
    """
    first, labelled = _needed_generators(task)
    draw = splits.take(dataset_of(task), read_draw(task.needed("draw")).train)
    if labelled:
        draw = concatenate([draw, registry.load(labelled, medium_of(task)).examples()])
    start = _start_of_tuned(task) if "origin" in task.parameters else Start(first) if first else None
    fit_generator(task, draw, start=start)


def make_pretrained(task: Task) -> None:
    """Fit a GAN to all related items that the study keeps to pretrain with, in their own classes, and keep it."""
    kept = task.study / f"{PRETRAIN}-{task.parameters['content']}"
    x, y = (np.load(kept / f"{name}.npy", allow_pickle=False) for name in "xy")
    names, number = read_json(kept / ABOUT)["names"], np.arange(len(y))
    fit_generator(task, Examples(x, y, tuple(names), np.char.add("related-", number.astype(str)), number))


def _start_of_tuned(task: Task) -> Start:
    """Return where a GAN goes on: with that of the study's related items, or with one from elsewhere, that is kept.

    A class that stands for several of the other GAN's begins as the first of them.
    """
    origin = task.study / task.parameters["origin"]
    pretrained = [task.study / need.path for need in task.unit.needs if need.kind == "pretraining"]
    classes = tuple(theirs[0] if theirs else None for theirs in read_json(origin / ABOUT)["labels"])
    return Start(pretrained[0] if pretrained else origin, classes, task.parameters["frozen"])


def _needed_generators(task: Task) -> tuple[Path | None, Path | None]:
    """Return the folders of the generator that a unit's one begins with, and of what labels unlabelled items."""
    needed = [need for need in task.unit.needs if need.kind == "generator"]
    is_labelling = [need.parameters["generator"] == Pseudo.name for need in needed]
    found = {labels: task.study / need.path for need, labels in zip(needed, is_labelling, strict=True)}
    return found.get(False), found.get(True)


def fit_generator(task: Task, draw: Examples, *purpose: str | int, start: Start | None = None) -> None:
    """Fit the generator that the parameters name to a draw and keep it; its seed follows from trial, name, purpose.

    start: see `Job`.
    """
    fitting: Fitting | Pretraining = task.parameters
    name, given = fitting["generator"], ("gan_augmentation", "augmentation", "confidence")
    choices: dict[str, Any] = {choice: fitting[choice] for choice in given if choice in fitting}
    choices |= {"settings": fitting["settings"]} if "settings" in fitting else {}
    if "content" in fitting and name in EXTERNAL:
        choices["kept"] = task.study / f"{EXTERNAL[name].parameter}-{fitting['content']}"
    if "trunk" in fitting:
        choices["weights"] = medium_of(task).pretrained.kept(task.study, fitting["trunk"])
    trial = ("trial", fitting["trial"]) if "trial" in fitting else (PRETRAIN,)
    seed = seed_for(fitting["seed"], *trial, "generator", name, *purpose)
    steps = fitting.get("gan_steps", fitting.get("steps", 1))
    job = Job(steps, seed, task.device, task.checkpoint, task.progress, start)
    registry.make(medium_of(task), name, **choices).fit(draw, job).save(task.folder)


def make_items(task: Task) -> None:
    """Sample a trial's generator in the draw's class proportions, as many of each class if they are to balance it.

    Of related items there may be fewer of a class, or none; of new captions as well. Of unlabelled items it is all that
    have a label.
    """
    sampling: Sampling = task.parameters
    dataset = dataset_of(task)
    counts = splits.take(dataset, read_draw(task.needed("draw")).train).counts()
    generator = registry.load(task.needed("generator"), medium_of(task), task.device)
    if (variation := sampling.get("variation")) in variations.VARIATIONS:
        generator = generator.varied(variation, sampling)
    asked = labels_to_make(counts, sampling["n_synthetic"])
    condition = Condition(generator.labels if isinstance(generator, Pseudo) else at_hand(generator, asked))
    make = _between if variation == "mixed" else _sample
    made, how_chosen = make(task, generator, condition)
    for name, values in (made | {"y": condition.labels}).items():
        np.save(task.folder / f"{name}.npy", values)
    if how_chosen:
        write_json(task.folder / "items.json", how_chosen)


Made = tuple[dict[str, np.ndarray], dict[str, float]]  # arrays by name, `x` the items; and how hard it was to choose


def _between(task: Task, generator: Any, condition: Condition) -> Made:
    """Return items between the class that is asked for and another, and the shares of the classes in them, (M, K).

    The class asked for has the larger share, uniform in .5 to 1: in pairs of any order that is a uniform share, as
    alpha = 1 gives it in mixup (Zhang et al. 2018, arXiv 1710.09412). The other one is drawn among the other classes,
    in the proportions of what is asked for.
    """
    rng, first = np.random.default_rng(items_seed(task, "between")), condition.labels
    second, larger = _other_classes(first, rng), rng.uniform(0.5, 1, len(first))
    of_first, of_second = np.eye(dataset_of(task).pool.n_classes, dtype=np.float32)[np.stack([first, second])]
    shares = larger[:, None] * of_first + (1 - larger[:, None]) * of_second
    x = generator.blend(np.stack([first, second], 1), larger, items_seed(task))
    return {"x": x, "shares": shares.astype(np.float32)}, {}


def _other_classes(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return another class for each of the labels (M,), drawn in the proportions of the labels, (M,)."""
    counts = np.bincount(labels)
    others = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    chances = (others / others.sum(1, keepdims=True)).cumsum(1)  # (K, K)
    return np.argmax(rng.random((len(labels), 1)) * chances[labels, -1:] < chances[labels], axis=1)


def _sample(task: Task, generator: Any, condition: Condition) -> Made:
    """Return the items that a generator, varied as the unit says, is asked for, with captions, and how hard it was.

    There are captions where the generator knows any. How hard it was to choose: as in `variations.Chosen`, empty where
    they were not chosen. All variations start from one seed: where they change nothing, the items are those of the
    plain GAN.
    """
    seed, variation = items_seed(task), task.parameters.get("variation")
    captions = generator.captions_of(condition, seed)
    said = {} if captions is None else {"captions": captions}
    if variation == "hard" and isinstance(generator, Simple):
        return {"x": generator.upper_half(_unsureness(task)).sample(condition, seed)}, {}
    if variation not in variations.FILTERS:
        return {"x": generator.sample(condition, seed)} | said, {}
    chosen = variations.choose(generator, _filter(task, generator), condition, seed)
    how_hard = {"accepted_first": chosen.accepted_first, "never_accepted": chosen.never_accepted}
    return {"x": chosen.x} | said, how_hard


def _filter(task: Task, generator: Any) -> variations.Accept:
    """Return what says which items are accepted: the generator's discriminator, or the trial's filtering classifier."""
    variation, calibration = task.parameters["variation"], items_seed(task, "calibration")
    if variation == "by_classifier":
        return variations.recognised(_predict(task))
    score = generator.realness if variation == "by_discriminator" else _unsureness(task)
    return variations.above_median(generator, score, dataset_of(task).pool.n_classes, calibration)


def _unsureness(task: Task) -> variations.Score:
    """Return what scores items by how unsure the trial's filtering classifier is of them."""
    return variations.unsureness(_predict(task))


def _predict(task: Task) -> Callable[[np.ndarray], np.ndarray]:
    """Return what the trial's filtering classifier says of items: (N, ...) -> (N, K) probabilities."""
    from gannb.classifiers.training import predict

    medium = medium_of(task)
    network = load_classifier(medium, task.needed("judge") / "judge.safetensors", dataset_of(task).pool, task.device)
    return lambda x: predict(medium, network, x)


def items_seed(task: Task, *purpose: str | int) -> int:
    """Return the seed of the items that a unit makes with its generator, or a further one for a purpose."""
    seed, trial = task.parameters["seed"], task.parameters["trial"]
    return seed_for(seed, "trial", trial, "items", task.unit.need("generator").parameters["generator"], *purpose)
