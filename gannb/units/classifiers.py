"""Units that train: frozen features, the classifier of every arm, its tuning."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.classifiers.imbalance import balanced, lacking
from gannb.data.counts import first_of_each, labels_to_make, proportional_labels
from gannb.data.examples import Dataset, Examples, concatenate
from gannb.stats.scores import classification_scores
from gannb.trials import splits
from gannb.trials.splits import Draw
from gannb.trials.tuning import Configuration, best
from gannb.units.generators import items_seed
from gannb.units.reading import dataset_of, medium_of, read_draw, read_features, read_items
from gannb.utils.files import write_json
from gannb.utils.keys import seed_for
from gannb.work.unit import Task

if TYPE_CHECKING:
    from gannb.trials.arms import Arm

MOST_SHIFTED = 1000  # test items, or a few more, that are also tested on in their shifted forms


def make_features(task: Task) -> None:
    """Compute a pretrained network's frozen features: of synthetic items, of a draw's, or else of all there are."""
    from gannb.media.image import pretrained

    dataset, kinds = dataset_of(task), {need.kind for need in task.unit.needs}
    weights = pretrained.kept(task.study, task.parameters["weights"])
    if "items" in kinds:
        items = read_items(task.needed("items"), dataset)
        index = np.arange(len(items))
    else:
        index = read_draw(task.needed("draw")).train if "draw" in kinds else np.arange(len(splits.labels_of(dataset)))
        items = splits.take(dataset, index)
    np.save(task.folder / "features.npy", pretrained.frozen_features(weights, items.x, task.device, task.progress))
    np.save(task.folder / "index.npy", index)


def _start(task: Task, mixture: Any, draw: Draw) -> Any:
    """Return what gives the network that training starts from, and the rates of its layers."""
    from gannb.classifiers.training import from_scratch
    from gannb.media.image import pretrained

    if "weights" not in task.parameters:
        return from_scratch
    weights = pretrained.kept(task.study, task.parameters["weights"])
    features = [_features_of(task.needed("features"), draw.train)]
    if mixture.synthetic is not None:
        number = mixture.synthetic.groups  # see `_filled_up`
        made = _features_of(task.needed("item_features"), np.maximum(number, 0))
        features.append(np.where((number < 0)[:, None], features[0][-1 - np.minimum(number, -1)], made))
    return pretrained.starting(weights, mixture, np.concatenate(features))


def _features_of(folder: Path, wanted: np.ndarray) -> np.ndarray:
    """Return the features (N, D) kept in a unit's folder of the items with the given indices (N,)."""
    index, features = read_features(folder)
    order = np.argsort(index)
    return features[order[np.searchsorted(index, wanted, sorter=order)]]


def make_classifier(task: Task) -> None:
    """Train the classifiers of one arm in one trial and keep their predictions on the test items."""
    from gannb.classifiers.training import predict, train

    p, dataset = task.parameters, dataset_of(task)
    draw = read_draw(task.needed("draw"))
    test = splits.take(dataset, draw.test)
    mixture, recipe = _training(task, dataset, draw, chosen_for(task))
    start = _start(task, mixture, draw)
    rows, outputs, moved = [], [], []
    asked = shifted_items(test.y)[: 0 if "weights" in p else None]  # no claim needs them where they take minutes
    elsewhere = _shifted(task, test.take(asked)) if len(asked) else []
    for number in range(p["seeds"]):
        step = lambda done, total, n=number: task.progress(n * total + done, p["seeds"] * total)  # noqa: E731
        network = train(mixture, recipe, classifier_seed(p, number), task.device, step, start)
        outputs.append(predict(network, test.x))
        moved.append([predict(network, x).argmax(1) for x in elsewhere])
        fitted = predict(network, mixture.items.x).argmax(1) == mixture.items.y
        rows.append(_score_row(task, mixture, number, test.y, outputs[-1]) | {"train_accuracy": float(fitted.mean())})
    np.savez_compressed(
        task.folder / "predictions.npz", p=np.stack(outputs), y=test.y, index=draw.test,
        shifted=np.array(moved, np.uint16), shifted_y=test.y[asked],
    )  # fmt: skip
    write_json(task.folder / "scores.json", rows)


def classifier_seed(p: dict[str, Any], number: int) -> int:
    """Return the seed of a trial's classifier by its number, the same for all arms."""
    return seed_for(p["seed"], "trial", p["trial"], "classifier", number)


def _training(task: Task, dataset: Dataset, draw: Draw, chosen: Configuration) -> tuple[Any, Any]:
    """Return what an arm's classifiers are trained on and how, in a configuration."""
    p, mixture = task.parameters, _mixture(task, dataset, draw)
    if 0 < mixture.share < 1:
        mixture = replace(mixture, share=min(1 - 1 / p["batch_size"], chosen.share * mixture.share))
    return mixture, recipe_of(p, dataset.pool.shape, chosen)


def recipe_of(p: dict[str, Any], shape: tuple[int, ...], chosen: Configuration) -> Any:
    """Return how a unit's classifiers are trained on items of a shape, in a configuration."""
    from gannb.classifiers.training import Recipe
    from gannb.media.image.augmentation import resolve, strengthened

    policy = strengthened(resolve(chosen.policy or p["augmentation"], shape), chosen.strength)
    return Recipe(p["classifier"], p["steps"], p["batch_size"], policy, chosen.learning_rate)


def chosen_for(task: Task) -> Configuration:
    """Return the configuration that tuning found for the arm; the study's own where nothing is tuned."""
    if not any(need.kind == "choice" for need in task.unit.needs):
        return Configuration()
    chosen = json.loads((task.needed("choice") / "choice.json").read_text(encoding="utf-8"))
    return Configuration(**chosen["configuration"])


def make_tuning(task: Task) -> None:
    """Train one arm in every configuration on a draw for tuning, and score it on the draw's reserve."""
    p, dataset, rows = task.parameters, dataset_of(task), []
    draw = read_draw(task.needed("draw"))
    unseen = splits.take(dataset, draw.test)
    for number, configuration in enumerate(p["configurations"]):
        mixture, recipe = _training(task, dataset, draw, Configuration(**configuration))
        start, seeds = _start(task, mixture, draw), [classifier_seed(p, n) for n in range(p["seeds"])]
        scores = [_tried(mixture, recipe, seed, unseen, task.device, start) for seed in seeds]
        rows.append({"draw": -p["trial"], "arm": p["arm"], "configuration": configuration, "scores": scores})
        task.progress(number + 1, len(p["configurations"]))
    write_json(task.folder / "tuning.json", rows)


def _tried(mixture: Any, recipe: Any, seed: int, unseen: Examples, device: str, start: Any) -> float | None:
    """Return the balanced accuracy of a classifier on items that it has not seen; None where its training diverges."""
    from gannb.classifiers.training import Diverged, predict, train

    try:
        p = predict(train(mixture, recipe, seed, device, start=start), unseen.x)
    except Diverged:
        return None
    return classification_scores(unseen.y, p)["balanced_accuracy"]


def make_choice(task: Task) -> None:
    """Choose an arm's configuration by its balanced accuracy on the draws for tuning."""
    tried = [need for need in task.unit.needs if need.kind == "tuning"]
    by_draw = [json.loads((task.study / u.path / "tuning.json").read_text(encoding="utf-8")) for u in tried]
    scores = np.concatenate([np.array([row["scores"] for row in rows], float).T for rows in by_draw])  # (D * S, C)
    write_json(task.folder / "choice.json", {"configuration": by_draw[0][best(scores)]["configuration"]})


def shifted_items(y: np.ndarray) -> np.ndarray:
    """Return which test items, (I,) -> rising (J,), are also tested on shifted: about MOST_SHIFTED, as they are mixed.

    Trials that share a test set share these as well.
    """
    order = np.random.default_rng(0).permutation(len(y))
    per_class = np.ceil(MOST_SHIFTED * np.bincount(y) / len(y)).astype(int)
    return np.sort(np.concatenate([order[y[order] == k][:n] for k, n in enumerate(per_class)]))


def _shifted(task: Task, test: Examples) -> list[np.ndarray]:
    """Return the test items in every shifted form, the same for all arms of a trial."""
    from gannb.media.image.shifts import SHIFTS, shifted

    p = task.parameters
    return [shifted(test.x, kind, seed_for(p["seed"], "trial", p["trial"], "shift", kind)) for kind in SHIFTS]


def _score_row(task: Task, mixture: Any, number: int, y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    n_real = 0 if mixture.real is None else len(mixture.real)
    made = () if mixture.synthetic is None else mixture.synthetic.y
    n_synthetic = int(np.isin(made, task.parameters.get("keep_classes", made)).sum())
    about = {"trial": task.parameters["trial"], "arm": task.parameters["arm"], "n_real": n_real}
    scores = {k: None if np.isnan(v) else v for k, v in classification_scores(y, p).items()}
    return about | {"n_synthetic": n_synthetic, "seed": number} | scores


def _mixture(task: Task, dataset: Dataset, draw: Draw) -> Any:
    """Return what an arm's classifiers are trained on."""
    from gannb.classifiers.imbalance import BALANCING
    from gannb.classifiers.mixture import Mixture
    from gannb.trials.arms import parse_arm

    arm = parse_arm(task.parameters["arm"])
    if arm.source == "fewer":
        return Mixture(splits.take(dataset, draw.fewer(splits.labels_of(dataset))), None, 0.0)
    train = splits.take(dataset, draw.train)
    if arm.source == "more":
        return Mixture(concatenate([train, splits.take(dataset, draw.reserve)]), None, 0.0)
    if arm.source in BALANCING:
        p = task.parameters
        return balanced(arm.source, train, seed_for(p["seed"], "trial", p["trial"], arm.source))
    synthetic = _items_of(arm, task, dataset, train.counts()) if arm.generator else None
    if not synthetic:
        return Mixture(train, None, 0.0)
    in_all = len(train) + len(synthetic)
    share = task.parameters.get("synthetic_share", len(synthetic) / in_all)
    synthetic, left_out = _filled_up(task, synthetic, train)
    fresh = _maker(task, synthetic, left_out) if arm.variation == "fresh" else None
    return Mixture(train if arm.real else None, synthetic, share, fresh)


def _filled_up(task: Task, synthetic: Examples, train: Examples) -> tuple[Examples, np.ndarray]:
    """Return the items with the draw's own in the places of classes that get none, and which places these are, (M,).

    The `groups` of the draw's item i are -1 - i there, else the number of the synthetic item.

    So every class has the same share of the batches as without `keep_classes`, and the arms differ in nothing else.
    """
    from gannb.data.counts import equally_often

    left_out = ~np.isin(synthetic.y, task.parameters.get("keep_classes", synthetic.y))
    if not left_out.any():
        return synthetic, left_out
    p = task.parameters
    x, ids, groups = (np.array(part) for part in (synthetic.x, synthetic.ids, synthetic.groups))
    rng = np.random.default_rng(seed_for(p["seed"], "trial", p["trial"], "kept"))
    for k in np.unique(synthetic.y[left_out]):
        places, own = np.flatnonzero(synthetic.y == k), np.flatnonzero(train.y == k)
        chosen = own[equally_often(len(own), len(places), rng)]
        x[places], ids[places] = train.x[chosen], np.char.add("again-", places.astype(str))
        groups[places] = -1 - chosen
    return replace(synthetic, x=x, ids=ids, groups=groups), left_out


def _items_of(arm: Arm, task: Task, dataset: Dataset, counts: np.ndarray) -> Examples:
    """Return the synthetic items that an arm takes of those made, beside a draw of `counts` (K,) items per class."""
    made, asked = read_items(task.needed("items"), dataset), task.unit.need("items").parameters["n_synthetic"]
    wanted = np.bincount(labels_to_make(counts, asked))  # all that were made, or of related images all that there are
    if asked == "balance" and arm.real:
        wanted = lacking(counts)
    elif arm.dose:
        wanted = np.bincount(proportional_labels(wanted, arm.dose * len(counts)))
    return made.take(first_of_each(made.y, wanted))


def _maker(task: Task, items: Examples, stay: np.ndarray) -> Callable[[int], np.ndarray]:
    """Return what makes the items anew for the pass of a given number, but for those that stay (M,)."""
    from gannb.generators.interface import Condition
    from gannb.generators.registry import load

    generator, asked = load(task.needed("generator"), medium_of(task), task.device), Condition(items.y)
    place = stay.reshape(-1, *[1] * (items.x.ndim - 1))
    return lambda number: np.where(place, items.x, generator.sample(asked, items_seed(task, "pass", number)))
