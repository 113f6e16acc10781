"""Units that draw the trials, train the generators and make the items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gannb.data.counts import labels_to_make
from gannb.data.examples import Examples
from gannb.generators import registry, variations
from gannb.generators.interface import Condition, Job, at_hand
from gannb.trials import splits
from gannb.units.parameters import Fitting, Sampling
from gannb.units.reading import dataset_of, design_of, draw_of, load_classifier, medium_of, read_draw
from gannb.utils.files import write_json
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
    """Fit a generator to a trial's draw and keep it; from where another one stands, if its family begins with one."""
    begun = any(need.kind == "generator" for need in task.unit.needs)
    start = task.needed("generator") if begun else None
    fit_generator(task, splits.take(dataset_of(task), read_draw(task.needed("draw")).train), start=start)


def fit_generator(task: Task, draw: Examples, *purpose: str | int, start: Path | None = None) -> None:
    """Fit the generator that the parameters name to a draw and keep it; its seed follows from trial, name, purpose.

    start: see `Job`.
    """
    fitting: Fitting = task.parameters
    name, given = fitting["generator"], ("gan_augmentation", "augmentation")
    choices = {choice: fitting[choice] for choice in given if choice in fitting}
    choices |= {"kept": task.study / f"{name}-{fitting['content']}"} if "content" in fitting else {}
    seed = seed_for(fitting["seed"], "trial", fitting["trial"], "generator", name, *purpose)
    job = Job(fitting.get("gan_steps", 1), seed, task.device, task.checkpoint, task.progress, start)
    registry.make(medium_of(task), name, **choices).fit(draw, job).save(task.folder)


def make_items(task: Task) -> None:
    """Sample a trial's generator in the draw's class proportions, as many of each class if they are to balance it.

    Of related items there may be fewer of a class, or none; of new captions as well.
    """
    sampling: Sampling = task.parameters
    dataset = dataset_of(task)
    counts = splits.take(dataset, read_draw(task.needed("draw")).train).counts()
    generator = registry.load(task.needed("generator"), medium_of(task), task.device)
    if variation := sampling.get("variation"):
        generator = generator.varied(variation, sampling)
    condition = Condition(at_hand(generator, labels_to_make(counts, sampling["n_synthetic"])))
    x, captions, how_chosen = _sample(task, generator, condition)
    np.save(task.folder / "x.npy", x)
    np.save(task.folder / "y.npy", condition.labels)
    if captions is not None:
        np.save(task.folder / "captions.npy", captions)
    if how_chosen:
        write_json(task.folder / "items.json", how_chosen)


def _sample(task: Task, generator: Any, condition: Condition) -> tuple[np.ndarray, np.ndarray | None, dict[str, float]]:
    """Return the items that a generator, varied as the unit says, is asked for, their captions, and how hard it was.

    Captions are None where the generator knows labels alone. How hard it was to choose: as in `variations.Chosen`,
    empty where they were not chosen. All variations start from one seed: where
    they change nothing, the items are those of the plain GAN.
    """
    seed = items_seed(task)
    captions = generator.captions_of(condition, seed)
    if task.parameters.get("variation") not in variations.FILTERS:
        return generator.sample(condition, seed), captions, {}
    chosen = variations.choose(generator, _filter(task, generator), condition, seed)
    return chosen.x, captions, {"accepted_first": chosen.accepted_first, "never_accepted": chosen.never_accepted}


def _filter(task: Task, generator: Any) -> Any:
    """Return what says which items are accepted: the generator's discriminator, or the trial's filtering classifier."""
    from gannb.classifiers.training import predict

    dataset = dataset_of(task)
    if task.parameters["variation"] == "by_discriminator":
        return variations.above_median(generator, dataset.pool.n_classes, items_seed(task, "calibration"))
    medium = medium_of(task)
    network = load_classifier(medium, task.needed("judge") / "judge.safetensors", dataset.pool, task.device)
    return variations.recognised(lambda x: predict(medium, network, x))


def items_seed(task: Task, *purpose: str | int) -> int:
    """Return the seed of the items that a unit makes with its generator, or a further one for a purpose."""
    seed, trial = task.parameters["seed"], task.parameters["trial"]
    return seed_for(seed, "trial", trial, "items", task.unit.need("generator").parameters["generator"], *purpose)
