"""Units that measure what was made: the networks that look at it, quality, and what other items would get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from gannb.data.counts import first_of_each
from gannb.data.examples import Dataset, Examples
from gannb.measures.features import OncePerItem, Space
from gannb.measures.fidelity import frechet_distance
from gannb.media.image.features import pixels
from gannb.study.folder import read_record
from gannb.trials import splits
from gannb.trials.splits import Draw
from gannb.units.reading import dataset_of, load_small_cnn, medium_of, read_draw, read_features, read_items
from gannb.utils.files import write_json
from gannb.utils.keys import seed_for
from gannb.work.store import read_unit
from gannb.work.unit import Task

SIDE_BATCH = 32  # of the classifiers that measure quality and choose items: no arms, they do not follow their settings


def make_ruler(task: Task) -> None:
    """Train the classifier that measures quality: on the reserve, or where there is none on the training side."""
    dataset, draw = dataset_of(task), read_draw(task.needed("draw"))
    _train_small_cnn(task, splits.take(dataset, draw.reserve if len(draw.reserve) else draw.train), "auto", "ruler")


def make_judge(task: Task) -> None:
    """Train the classifier that chooses items for `by_classifier`: on the draw, with the study's augmentation."""
    real = splits.take(dataset_of(task), read_draw(task.needed("draw")).train)
    _train_small_cnn(task, real, task.parameters["augmentation"], "judge")


def _train_small_cnn(task: Task, real: Examples, augmentation: str, name: str) -> None:
    """Train a classifier that is no arm on real items, and keep its weights as `name`.safetensors."""
    from safetensors.torch import save_file

    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, train
    from gannb.media.image.augmentation import resolve

    p = task.parameters
    recipe = Recipe("small_cnn", p["steps"], SIDE_BATCH, resolve(augmentation, real.shape))
    network = train(Mixture(real, None, 0.0), recipe, seed_for(p["seed"], "trial", p["trial"], name), task.device)
    save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, task.folder / f"{name}.safetensors")


def make_quality(task: Task) -> None:
    """Measure fidelity, diversity and copying of a trial's synthetic items, in every feature space."""
    from gannb.measures.comparison import choose, measure
    from gannb.media.image.inception import LEAST

    dataset, draw = dataset_of(task), read_draw(task.needed("draw"))
    train, test = splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    fake, number = _measured_items(task, dataset, train)
    seconds = read_unit(task.study, task.unit.need("generator"))["seconds"]
    sampling = read_unit(task.study, task.unit.need("items"))["seconds"]
    about = {"seconds": seconds, "items_per_second": round(number / max(sampling, 1e-3), 1)}
    sets = choose(train, fake, test, _quality_seed(task))
    between = _between(task, pixels(test.x), train, fake.take(sets.same), splits.take(dataset, draw.reserve))
    about |= _how_chosen(task.needed("items")) | between
    spaces, tested = _spaces(task, draw, train)
    found = measure(sets, spaces, tested, _quality_seed(task))
    if "inception" in spaces and min(len(test), len(fake)) >= LEAST:  # of related images there may be few
        of_inception = next(row for row in found.spaces if row["features"] == "inception")
        of_inception["fid"] = frechet_distance(*(spaces["inception"](part.x) for part in (test, fake)))
    _write_measured(task, {task.parameters["generator"]: (sets, found)}, spaces["small_cnn"], about)


def _measured_items(task: Task, dataset: Dataset, train: Examples) -> tuple[Examples, int]:
    """Return a source's items in the proportions of the training set, and how many were made."""
    made = read_items(task.needed("items"), dataset)
    balance = task.unit.need("items").parameters["n_synthetic"] == "balance"  # then they are in other proportions
    return (made.take(first_of_each(made.y, train.counts())) if balance else made), len(made)


def make_yardsticks(task: Task) -> None:
    """Measure what held-out real items, exact copies and altered copies of a trial's draw would get in the same way."""
    from gannb.measures.comparison import measure, yardsticks

    dataset, draw = dataset_of(task), read_draw(task.needed("draw"))
    train, seed = splits.take(dataset, draw.train), _quality_seed(task)
    spaces, tested = _spaces(task, draw, train)
    found = yardsticks(train, splits.take(dataset, draw.test), seed)
    measured = {name: (sets, measure(sets, spaces, tested, seed)) for name, sets in found.items()}
    _write_measured(task, measured, spaces["small_cnn"], {})


def make_in_features(task: Task) -> None:
    """Measure the GAN's items and the yardsticks in the features of the pretrained network: a part of them, it is slow.

    A unit of its own, so that what is measured without its weights stays where they come or go.
    """
    from gannb.measures.comparison import FEW, choose, measure, some, yardsticks
    from gannb.media.image import pretrained

    dataset, draw, seed = dataset_of(task), read_draw(task.needed("draw")), _quality_seed(task)
    train, test = splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    fake, _ = _measured_items(task, dataset, train)
    weights = pretrained.kept(task.study, task.parameters["weights"])
    frozen = OncePerItem(lambda x: pretrained.frozen_features(weights, x, task.device), _kept_features(task, dataset))
    sets = {task.parameters["generator"]: choose(train, some(fake, FEW, seed), some(test, FEW, seed), seed)}
    sets |= yardsticks(train, some(test, 2 * FEW, seed), seed)
    about = {"trial": task.parameters["trial"]}
    rows = [
        about | {"generator": name} | row
        for name, each in sets.items()
        for row in measure(each, {weights.network: frozen}, [], seed).spaces
    ]
    write_json(task.folder / "quality.json", rows)


def _kept_features(task: Task, dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return items (N, H, W, C) and their frozen features (N, D), as far as the units of fine-tuning have them."""
    found = []
    for need in task.unit.needs:
        if need.kind in ("features", "item_features"):
            index, kept = read_features(task.study / need.path)
            real = need.kind == "features"
            items = splits.take(dataset, index) if real else read_items(task.needed("items"), dataset)
            found.append((items.x, kept))
    return found


def _quality_seed(task: Task) -> int:
    return seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "quality")


def _spaces(task: Task, draw: Draw, like: Examples) -> tuple[dict[str, Space], list[str]]:
    """Return the feature spaces by name, and in which of them copying may be tested: not where the draw was learnt."""
    from gannb.classifiers.training import features
    from gannb.media.image import inception

    ruler = load_small_cnn(task.needed("ruler") / "ruler.safetensors", like, task.device)
    spaces = {"pixels": pixels, "small_cnn": lambda x: features(ruler, x)}
    if "inception" in task.parameters:  # in the key by the content of the weights; where they lie is the study's matter
        file = read_record(task.study)["parameters"]["inception"]
        spaces["inception"] = inception.features(file, task.device)
    remembered = {name: Space(space, ruler[-1] if name == "small_cnn" else None) for name, space in spaces.items()}
    return remembered, [name for name in spaces if name != "small_cnn" or len(draw.reserve)]


def _write_measured(task: Task, found: dict[str, tuple[Any, Any]], ruler: Space, about: dict[str, Any]) -> None:
    """Write what was measured, by name: quality.json (a row per space), classes.json and suspects.json."""
    rows, classes, suspects = [], [], []
    for name, (sets, measured) in found.items():
        first = {"trial": task.parameters["trial"], "generator": name}
        recognised, of_class = _recognised(ruler, sets)
        rows += [first | recognised | about | row for row in measured.spaces]
        classes += [first | row | of_class[row["class"]] for row in measured.classes]
        suspects += [first | row for row in measured.suspects]
    for file, table in (("quality", rows), ("classes", classes), ("suspects", suspects)):
        write_json(task.folder / f"{file}.json", table)


def _recognised(ruler: Space, sets: Any) -> tuple[dict[str, float], dict[str, dict[str, float | None]]]:
    """Return in what share of generated and of real items the ruler sees their class, in all and by class' name."""
    parts = {"gan_test": sets.fake, "ruler_accuracy": sets.test}
    right = {key: (ruler.recognises(part), part.y) for key, part in parts.items()}
    of_class = {
        name: {key: float(hit[y == k].mean()) if np.any(y == k) else None for key, (hit, y) in right.items()}
        for k, name in enumerate(sets.train.classes)
    }
    return {key: float(hit.mean()) for key, (hit, _) in right.items()}, of_class


def _between(task: Task, test: np.ndarray, train: Examples, fake: Examples, reserve: Examples) -> dict[str, float]:
    """Return the shares of test items (T, D) that are nearer to one made, blended or held out than to the training set.

    In pixels: the features of a network that has learnt one of the sets by heart would hold it apart.
    """
    from gannb.generators.interface import Condition, Job
    from gannb.generators.simple import Interpolation
    from gannb.measures.fidelity import nearer_to_made

    seed = seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "between")
    blends = Interpolation(medium_of(task)).fit(train, Job(0, seed)).sample(Condition(fake.y), seed)
    sets = {"between": fake.x, "between_of_blends": blends, "between_of_real": reserve.x}
    sets = {name: x for name, x in sets.items() if len(x) >= len(fake)}
    return {name: nearer_to_made(test, pixels(x), pixels(train.x)) for name, x in sets.items()}


def _how_chosen(items: Path) -> dict[str, float]:
    """Return how hard it was to choose the items, where they were chosen; see `after.Chosen`."""
    file = items / "items.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
