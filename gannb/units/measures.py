"""Units that measure what was made: the networks that look at it, quality, and what other items would get."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.examples import Dataset, Examples
from gannb.generators.interface import Condition, Job
from gannb.measures.comparison import FEW, Measured, Sets, choose, measure, reference_sets, some
from gannb.measures.features import ClassifierSpace, OncePerItem, Space
from gannb.measures.fidelity import frechet_distance, nearer_to_made
from gannb.measures.forms import Form
from gannb.trials import splits
from gannb.trials.splits import Draw
from gannb.units.parameters import MeasuringTraining
from gannb.units.reading import (
    dataset_of,
    file_of_space,
    load_classifier,
    measured_of,
    medium_of,
    read_draw,
    read_features,
    read_items,
)
from gannb.utils.files import read_noted, write_json
from gannb.utils.keys import seed_for
from gannb.work.store import read_unit
from gannb.work.unit import Task

if TYPE_CHECKING:
    from gannb.data.medium import Medium

SIDE_BATCH = 32  # of the classifiers that measure quality and choose items: no arms, they do not follow their settings


def make_measuring_classifier(task: Task) -> None:
    """Train the classifier that measures quality: on the reserve, or where there is none on the training side.

    And what the medium needs besides for its own measures: on the reserve alone, which no generator has seen.
    """
    dataset, draw = dataset_of(task), read_draw(task.needed("draw"))
    _train_aside(task, splits.take(dataset, draw.reserve if len(draw.reserve) else draw.train), "auto", "ruler")
    seed = seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "measures of the medium")
    unseen, steps = splits.take(dataset, draw.reserve), task.parameters["steps"]
    medium_of(task).learn_to_measure(unseen, task.folder, steps, seed, task.device)


def make_filtering_classifier(task: Task) -> None:
    """Train the classifier that chooses items for `by_classifier`: on the draw, with the study's augmentation."""
    real = splits.take(dataset_of(task), read_draw(task.needed("draw")).train)
    _train_aside(task, real, task.parameters["augmentation"], "judge")


def _train_aside(task: Task, real: Examples, augmentation: str, name: str) -> None:
    """Train a classifier that is no arm on real items, and keep its weights as `name`.safetensors.

    Seed and file have the names of earlier studies: "ruler" measures, "judge" filters.
    """
    from safetensors.torch import save_file

    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, train

    training: MeasuringTraining = task.parameters
    medium = medium_of(task)
    policy = medium.policy(augmentation, real.shape)
    recipe = Recipe(medium, medium.measuring_classifier, training["steps"], SIDE_BATCH, policy)
    seed = seed_for(training["seed"], "trial", training["trial"], name)
    network = train(Mixture(real, None, 0.0), recipe, seed, task.device)
    save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, task.folder / f"{name}.safetensors")


def make_quality(task: Task) -> None:
    """Measure fidelity, diversity and copying of a trial's synthetic items, in every feature space."""
    dataset, medium, draw = dataset_of(task), medium_of(task), read_draw(task.needed("draw"))
    train, test = splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    fake, number = _measured_items(task, dataset, train)
    seconds = read_unit(task.study, task.unit.need("generator"))["seconds"]
    sampling = read_unit(task.study, task.unit.need("items"))["seconds"]
    about = {"seconds": seconds, "items_per_second": round(number / max(sampling, 1e-3), 1)}
    sets = choose(train, fake, test, _quality_seed(task), _unseen(dataset, draw))
    about |= _how_chosen(task.needed("items"))
    about |= _between(task, test, train, fake.take(sets.same), splits.take(dataset, draw.reserve))
    spaces, tested = _spaces(task, draw, train)
    forms, by_chance = _forms(task, train), identical_by_chance(dataset, train)
    found = measure(medium, sets, spaces, tested, _quality_seed(task), forms, task.needed("ruler"), by_chance)
    _add_frechet(medium, found.spaces, spaces, test, fake)
    _write_measured(task, {task.parameters["generator"]: (sets, found)}, spaces[medium.measuring_classifier], about)


def identical_by_chance(dataset: Dataset, train: Examples) -> float:
    """Return the share of further items of the same source that are identical with one of the training items.

    As other items of the data are: within a study identical ones stay on one side, so that none is seen there.
    """
    mine = set(train.ids.tolist())
    twins = sum(len(same) - 1 for same in dataset.report.exact_duplicates if not mine.isdisjoint(same))
    return min(1.0, twins / max(1, len(dataset.pool) - 1))


def _add_frechet(
    medium: Medium, rows: list[dict[str, Any]], spaces: dict[str, Space], test: Examples, fake: Examples
) -> None:
    """Add the Frechet distance to the rows of the further spaces that have a name for it, of enough items.

    Of related items there may be few.
    """
    for row in rows:
        further = medium.spaces.get(row["features"])
        if further is not None and min(len(test), len(fake)) >= further.least:
            space = spaces[further.name]
            row[further.frechet] = frechet_distance(space(test.x), space(fake.x))


def _measured_items(task: Task, dataset: Dataset, train: Examples) -> tuple[Examples, int]:
    """Return a source's items in the proportions of the training set, and how many were made."""
    made = read_items(task.needed("items"), dataset)
    return measured_of(made, train.counts(), task.unit.need("items").parameters["n_synthetic"]), len(made)


def make_reference_sets(task: Task) -> None:
    """Measure what held-out real items, exact copies and altered copies of a trial's draw would get in the same way."""
    dataset, medium, draw = dataset_of(task), medium_of(task), read_draw(task.needed("draw"))
    train, seed = splits.take(dataset, draw.train), _quality_seed(task)
    spaces, tested = _spaces(task, draw, train)
    found = reference_sets(medium, train, splits.take(dataset, draw.test), seed, _unseen(dataset, draw))
    forms, learnt, by_chance = _forms(task, train), task.needed("ruler"), identical_by_chance(dataset, train)
    measured = {
        name: (sets, measure(medium, sets, spaces, tested, seed, forms, learnt, by_chance))
        for name, sets in found.items()
    }
    _write_measured(task, measured, spaces[medium.measuring_classifier], {})


def make_in_features(task: Task) -> None:
    """Measure the GAN's items and the reference sets in the features of the pretrained network.

    A part of them, since it is slow; and a unit of its own, so that what is measured without its weights stays where
    they come or go.
    """
    dataset, draw, seed = dataset_of(task), read_draw(task.needed("draw")), _quality_seed(task)
    medium, train, test = medium_of(task), splits.take(dataset, draw.train), splits.take(dataset, draw.test)
    fake, _ = _measured_items(task, dataset, train)
    weights = medium.pretrained.kept(task.study, task.parameters["weights"])
    extract = partial(medium.pretrained.frozen_features, weights, device=task.device)
    spaces = {weights.network: OncePerItem(medium, extract, _kept_features(task, dataset))}
    of_gan, references = parts_of_sets(medium, train, fake, test, seed, _unseen(dataset, draw))
    sets = {task.parameters["generator"]: of_gan} | references
    rows = [
        {"trial": task.parameters["trial"], "generator": name} | row
        for name, each in sets.items()
        for row in measure(medium, each, spaces, [], seed).spaces
    ]
    write_json(task.folder / "quality.json", rows)


def parts_of_sets(
    medium: Medium, train: Examples, fake: Examples, test: Examples, seed: int, unseen: Examples | None
) -> tuple[Sets, dict[str, Sets]]:
    """Return the sets of the GAN's items and of the reference sets in a space that takes long; unseen: see `choose`."""
    few, more = (None if unseen is None else some(unseen, number, seed) for number in (FEW, 2 * FEW))
    return (
        choose(train, some(fake, FEW, seed), some(test, FEW, seed), seed, few),
        reference_sets(medium, train, some(test, 2 * FEW, seed), seed, more),
    )


def _unseen(dataset: Dataset, draw: Draw) -> Examples | None:
    """Return the real items that copying is judged by; None where these are the test items. See `splits.unseen`."""
    index = splits.unseen(dataset, draw)
    return None if index is draw.test else splits.take(dataset, index)


def _kept_features(task: Task, dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return arrays of items (N, ...) with the frozen features (N, D) that units of fine-tuning have made of them."""
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


def _forms(task: Task, like: Examples) -> Sequence[Form]:
    """Return the forms in which a copy is a copy, by the classifiers' augmentation; see `Medium.alike_forms`."""
    medium = medium_of(task)
    return medium.alike_forms(medium.policy(task.parameters["augmentation"], like.shape), like.shape)


def _spaces(task: Task, draw: Draw, like: Examples) -> tuple[dict[str, Space], list[str]]:
    """Return the feature spaces by name, and in which of them copying may be tested: not where the draw was learnt."""
    from gannb.classifiers.training import features

    medium = medium_of(task)
    network = load_classifier(medium, task.needed("ruler") / "ruler.safetensors", like, task.device)
    own = ClassifierSpace(lambda x: features(medium, network, x), medium.classifier_head(network))
    spaces = {medium.raw_space: Space(medium.raw_features), medium.measuring_classifier: own}
    for further in medium.spaces.values():
        if further.name in task.parameters:  # in the key by the weights' content
            file = file_of_space(task, further.name)
            spaces[further.name] = Space(further.features(file, task.device))
    return spaces, [name for name in spaces if name != medium.measuring_classifier or len(draw.reserve)]


def _write_measured(
    task: Task, found: dict[str, tuple[Sets, Measured]], classifier: ClassifierSpace, about: dict[str, Any]
) -> None:
    """Write what was measured, by name: quality.json (a row per space), classes.json and suspects.json."""
    rows, classes, suspects = [], [], []
    for name, (sets, measured) in found.items():
        first = {"trial": task.parameters["trial"], "generator": name}
        recognised, of_class = _recognised(classifier, sets)
        rows += [first | recognised | about | row for row in measured.spaces]
        classes += [first | row | of_class[row["class"]] for row in measured.classes]
        suspects += [first | row for row in measured.suspects]
    for file, table in (("quality", rows), ("classes", classes), ("suspects", suspects)):
        write_json(task.folder / f"{file}.json", table)


def _recognised(classifier: ClassifierSpace, sets: Sets) -> tuple[dict[str, float], dict[str, dict[str, float | None]]]:
    """Return in what share of generated and of real items the classifier sees their class, in all and by class."""
    parts = {"gan_test": sets.fake, "ruler_accuracy": sets.recognised}
    right = {key: (classifier.recognises(part), part.y) for key, part in parts.items()}
    of_class = {
        name: {key: float(hit[y == k].mean()) if np.any(y == k) else None for key, (hit, y) in right.items()}
        for k, name in enumerate(sets.train.classes)
    }
    return {key: float(hit.mean()) for key, (hit, _) in right.items()}, of_class


def _between(task: Task, test: Examples, train: Examples, fake: Examples, reserve: Examples) -> dict[str, float]:
    """Return the shares of test items that are nearer to one made, blended or held out than to the training set.

    In raw features: those of a network that has learnt one of the sets by heart would hold it apart. Nothing is said of
    blends where the medium has none.
    """
    medium = medium_of(task)
    seed = seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "between")
    sets = {"between": fake.x}
    if "interpolation" in medium.controls:
        blending = medium.controls["interpolation"](medium).fit(train, Job(0, seed))
        sets["between_of_blends"] = blending.sample(Condition(fake.y), seed)
    sets["between_of_real"] = reserve.x
    sets = {name: x for name, x in sets.items() if len(x) >= len(fake)}
    of_test, of_train = medium.raw_features(test.x), medium.raw_features(train.x)
    return {name: nearer_to_made(of_test, medium.raw_features(x), of_train) for name, x in sets.items()}


def _how_chosen(items: Path) -> dict[str, float]:
    """Return how hard it was to choose the items, where they were chosen; see `generators.variations.Chosen`."""
    return read_noted(items / "items.json")
