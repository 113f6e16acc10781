"""Units that draw the trials, train the generators and make the items."""

from __future__ import annotations

from typing import Any

import numpy as np

from gannb import protocol
from gannb.data import Examples
from gannb.study import make_study, write_json
from gannb.units.reading import dataset_of, draw_of, load_small_cnn, read_draw
from gannb.work import Task, seed_for


def make_draw(task: Task) -> None:
    """Choose the items of a trial."""
    draw = draw_of(task.parameters, dataset_of(task))
    np.savez(task.folder / "draw.npz", train=draw.train, reserve=draw.reserve, test=draw.test)


def make_generator(task: Task) -> None:
    """Fit a generator to a trial's draw and keep it."""
    fit_generator(task, protocol.take(dataset_of(task), read_draw(task.needed("draw")).train))


def fit_generator(task: Task, draw: Examples, *purpose: str | int) -> None:
    """Fit the generator that the parameters name to a draw and keep it; its seed follows from trial, name, purpose."""
    from gannb.generators import GENERATORS, Job

    p = task.parameters
    name, choices = p["generator"], {k: p[k] for k in ("gan_augmentation", "augmentation") if k in p}
    choices |= {name: str(task.study / f"{name}-{p['content']}")} if "content" in p else {}
    seed = seed_for(p["seed"], "trial", p["trial"], "generator", name, *purpose)
    job = Job(p.get("gan_steps", 1), seed, task.device, task.checkpoint, task.progress)
    GENERATORS[name](make_study(**choices)).fit(draw, job).save(task.folder)


def make_items(task: Task) -> None:
    """Sample a trial's generator in the draw's class proportions, as many of each class if they are to balance it.

    Of related images there may be fewer of a class, or none.
    """
    from gannb.generators import load
    from gannb.generators.interface import at_hand

    p, dataset = task.parameters, dataset_of(task)
    counts = protocol.take(dataset, read_draw(task.needed("draw")).train).counts()
    generator = load(task.needed("generator"), task.device)
    y = at_hand(generator, labels_to_make(counts, p["n_synthetic"]))
    x, found = _sample(task, generator, y)
    np.save(task.folder / "x.npy", x)
    np.save(task.folder / "y.npy", y)
    if found:
        write_json(task.folder / "items.json", found)


def _sample(task: Task, generator: Any, y: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Return items for labels y (M,), in the way that the unit's variation asks for, and what there is to say of it.

    All variations start from one seed: where they change nothing, the items are those of the plain GAN.
    """
    from gannb.generators import after

    seed, variation = items_seed(task), task.parameters.get("variation")
    if variation == "averaged":
        generator = generator.averaged()
    if variation == "truncated":
        generator = generator.truncated(task.parameters["truncation"])
    if variation not in after.FILTERS:
        return generator.sample(y, seed), {}
    chosen = after.choose(generator, _filter(task, generator), y, seed)
    return chosen.x, {"accepted_first": chosen.accepted_first, "never_accepted": chosen.never_accepted}


def _filter(task: Task, generator: Any) -> Any:
    """Return what says which items are accepted: the generator's discriminator, or the trial's judge."""
    from gannb.classify import predict
    from gannb.generators import after

    p, dataset = task.parameters, dataset_of(task)
    if p["variation"] == "by_discriminator":
        return after.above_median(generator, dataset.pool.n_classes, items_seed(task, "calibration"))
    judge = load_small_cnn(task.needed("judge") / "judge.safetensors", dataset.pool, task.device)
    return after.recognised(lambda x: predict(judge, x))


def items_seed(task: Task, *purpose: str | int) -> int:
    """Return the seed of the items that a unit makes with its generator, or a further one for a purpose."""
    p, name = task.parameters, task.unit.need("generator").parameters["generator"]
    return seed_for(p["seed"], "trial", p["trial"], "items", name, *purpose)


def labels_to_make(counts: np.ndarray, n_synthetic: int | str) -> np.ndarray:
    """Return the labels of the items to make for a draw of `counts` (K,) items per class.

    A number: so many per class on average, in the draw's proportions. `balance`: for every class as many as the draw
    has of the largest, of which an arm takes what it lacks.
    """
    if n_synthetic == "balance":
        return np.repeat(np.arange(len(counts)), counts.max())
    return proportional_labels(counts, n_synthetic * len(counts))


def proportional_labels(counts: np.ndarray, total: int) -> np.ndarray:
    """Return (total,) labels in the proportions of `counts` (K,), at least one of each class.

    Multiples of the draw stay exact, so that copies are repeated equally often.
    """
    share = counts / counts.sum() * total
    whole = np.maximum(1, np.floor(share)).astype(int)
    for k in np.argsort(whole - share)[: max(0, total - whole.sum())]:
        whole[k] += 1
    while whole.sum() > total:  # small classes were given their one item
        whole[np.argmax(whole)] -= 1
    return np.repeat(np.arange(len(counts)), whole)


def first_of_each(y: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the rising indices into y (N,) of the first `wanted` (K,) items of each class."""
    return np.sort(np.concatenate([np.flatnonzero(y == k)[:n] for k, n in enumerate(wanted)]))
