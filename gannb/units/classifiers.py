"""Units that train: frozen features, the classifier of every arm, its tuning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.classifiers.imbalance import BALANCING, balanced, lacking
from gannb.data.counts import equally_often, first_of_each, labels_to_make, proportional_labels
from gannb.data.examples import Dataset, Examples, concatenate
from gannb.generators.interface import Condition
from gannb.generators.registry import load
from gannb.stats.scores import classification_scores
from gannb.trials import splits
from gannb.trials.arms import SHIFTED, Arm, parse_arm
from gannb.trials.splits import Draw
from gannb.trials.tuning import Configuration, best
from gannb.units.generators import items_seed
from gannb.units.parameters import Training, Tuning
from gannb.units.reading import (
    dataset_of,
    load_classifier,
    medium_of,
    read_draw,
    read_features,
    read_items,
    read_shares,
    shown,
)
from gannb.utils.files import write_json
from gannb.utils.keys import seed_for
from gannb.work.unit import Task, Unit

if TYPE_CHECKING:
    from torch import nn

    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, Start
    from gannb.data.medium import Medium

MOST_SHIFTED = 1000  # test items, or a few more, that are also tested on in their shifted forms


@dataclass(frozen=True, eq=False)
class FilledUp:
    """Synthetic items of an arm, the draw's own in the places of classes that get no synthetic ones."""

    items: Examples  # (M,)
    number: np.ndarray  # (M,) int64: which of all items that were made this place is for
    own: np.ndarray  # (M,) int64: which of the draw's items stands there instead of it; -1 where none does

    @property
    def replaced(self) -> np.ndarray:
        """In which places one of the draw's own items stands, (M,) bool."""
        return self.own >= 0


def make_features(task: Task) -> None:
    """Compute a pretrained network's frozen features: of synthetic items, of a draw's, or else of all there are."""
    pretrained = medium_of(task).pretrained
    dataset, kinds = dataset_of(task), {need.kind for need in task.unit.needs}
    weights = pretrained.kept(task.study, task.parameters["weights"])
    if "items" in kinds:
        items = read_items(task.needed("items"), dataset)
        items, index = replace(items, x=shown(items.x, dataset)), np.arange(len(items))
    else:
        index = read_draw(task.needed("draw")).train if "draw" in kinds else np.arange(len(splits.labels_of(dataset)))
        items = splits.take(dataset, index)
    features = np.empty((0, pretrained.features_width(weights)), np.float32)  # where no unlabelled item has a label
    if len(index):
        features = pretrained.frozen_features(weights, items.x, task.device, task.progress)
    np.save(task.folder / "features.npy", features)
    np.save(task.folder / "index.npy", index)


def _start(task: Task, mixture: Mixture, filled: FilledUp | None, draw: Draw) -> Start:
    """Return what gives the network that training starts from, and the rates of its layers."""
    from gannb.classifiers.training import from_scratch

    if "weights" not in task.parameters:
        return from_scratch
    pretrained = medium_of(task).pretrained
    weights = pretrained.kept(task.study, task.parameters["weights"])
    features = [real := _features_of(task.needed("features"), draw.train)]
    if filled is not None:
        made = _features_of(task.needed("item_features"), filled.number)
        features.append(np.where(filled.replaced[:, None], real[filled.own], made))
    return pretrained.starting(weights, mixture, np.concatenate(features))


def _features_of(folder: Path, wanted: np.ndarray) -> np.ndarray:
    """Return the features (N, D) kept in a unit's folder of the items with the given indices (N,)."""
    index, features = read_features(folder)
    order = np.argsort(index)
    return features[order[np.searchsorted(index, wanted, sorter=order)]]


def make_classifier(task: Task) -> None:
    """Train the classifiers of one arm in one trial and keep them, with their predictions on the test items.

    Of the first unit of an arm the predictions and scores after half of its steps are kept as well, those of the arm
    `@half`; of one that continues another they are what that one said.
    """
    from gannb.classifiers.training import predict

    training: Training = task.parameters
    dataset, medium, arm = dataset_of(task), medium_of(task), parse_arm(training["arm"])
    draw = read_draw(task.needed("draw"))
    test = splits.take(dataset, draw.test)
    mixture, recipe, start = training_of(task, dataset, draw, chosen_for(task))
    rows, outputs, moved = [], [], []
    names = [arm.name] if continued(task.unit) else [arm.half().name, arm.name]
    asked = shifted_items(splits.labels_of(dataset), draw.test, task.unit.need("draw").parameters["folds"])
    asked = asked[: None if training["arm"] in SHIFTED else 0]  # no claim is about the others
    elsewhere = _shifted(task, medium, test.take(asked)) if len(asked) else []
    for number, networks in enumerate(trained(task, mixture, recipe, start)):
        outputs.append([])
        for name, network in zip(names, networks, strict=True):  # strict: to the end, where the weights are kept
            outputs[-1].append(predict(medium, network, test.x))
            fitted = predict(medium, network, mixture.items.x).argmax(1) == mixture.items.y
            row = _score_row(task, mixture, number, test.y, outputs[-1][-1])
            rows.append(row | {"arm": name, "train_accuracy": float(fitted.mean())})
        moved.append([predict(medium, network, x).argmax(1) for x in elsewhere])
    *half, p = np.stack(outputs, 1)  # (S, I, K) each
    np.savez_compressed(
        task.folder / "predictions.npz", p=p, y=test.y, index=draw.test,
        shifted=np.array(moved, np.uint16), shifted_at=asked, **dict(zip(["half_p"], half, strict=False)),
    )  # fmt: skip
    write_json(task.folder / "scores.json", rows)


# ---- training in cycles ----


def continued(unit: Unit) -> Unit | None:
    """Return the unit from whose networks a unit trains on; None where it begins with untrained ones."""
    return next((need for need in unit.needs if need.kind == unit.kind), None)


def trained(task: Task, mixture: Mixture, recipe: Recipe, start: Start) -> Iterator[Iterator[nn.Module]]:
    """Yield, by classifier, the networks after each cycle of a unit, and keep the last one's weights."""
    count = task.parameters["seeds"]
    for number in range(count):
        step = lambda done, total, n=number: task.progress(n * total + done, count * total)  # noqa: E731
        yield _kept(task, _cycles_of(task, mixture, recipe, start, number, step), number)


def _cycles_of(
    task: Task, mixture: Mixture, recipe: Recipe, start: Start, number: int, step: Callable[[int, int], None]
) -> Iterator[nn.Module]:
    """Yield a classifier's network after each cycle of a unit, which goes on from the unit that it continues."""
    from safetensors.torch import load_file

    from gannb.classifiers.training import in_cycles

    training: Training = task.parameters
    cycles, before = training["cycles"], continued(task.unit)
    seeds = [classifier_seed(training, number, cycle) for cycle in range(len(cycles))]
    state = load_file(task.study / before.path / _weights_file(number)) if before else None
    passed = len(before.parameters["cycles"]) if before else 0
    return in_cycles(mixture, recipe, cycles, seeds, task.device, step, start, state, passed)


def _kept(task: Task, networks: Iterator[nn.Module], number: int) -> Iterator[nn.Module]:
    """Yield the networks, and keep the last one's weights."""
    from safetensors.torch import save_file

    from gannb.classifiers.training import state_of

    for network in networks:
        yield network
    save_file(state_of(network), task.folder / _weights_file(number))


def _weights_file(number: int) -> str:
    return f"network-{number}.safetensors"


def classifier_seed(training: Training, number: int, cycle: int = 0) -> int:
    """Return the seed of a cycle of a trial's classifier by its number, the same for all arms."""
    later = ("cycle", cycle) if cycle else ()
    return seed_for(training["seed"], "trial", training["trial"], "classifier", number, *later)


def training_of(task: Task, dataset: Dataset, draw: Draw, chosen: Configuration) -> tuple[Mixture, Recipe, Start]:
    """Return what an arm's classifiers are trained on, how, and from which network, in a configuration."""
    training: Training = task.parameters
    mixture, filled = arm_mixture(task, dataset, draw)
    if 0 < mixture.share < 1:
        mixture = mixture.with_more(chosen.share, training["batch_size"])
    recipe = recipe_of(medium_of(task), training, dataset.pool.shape, chosen)
    return mixture, recipe, _start(task, mixture, filled, draw)


def recipe_of(medium: Medium, training: Training, shape: tuple[int, ...], chosen: Configuration) -> Recipe:
    """Return how a unit's classifiers are trained on a medium's items of a shape, in a configuration."""
    from gannb.classifiers.training import Recipe

    policy = medium.policy(chosen.policy or training["augmentation"], shape, chosen.strength)
    classifier, steps, batch_size = training["classifier"], sum(training["cycles"]), training["batch_size"]
    return Recipe(medium, classifier, steps, batch_size, policy, chosen.learning_rate)


def chosen_for(task: Task) -> Configuration:
    """Return the configuration that tuning found for the arm; the study's own where nothing is tuned."""
    if not any(need.kind == "choice" for need in task.unit.needs):
        return Configuration()
    chosen = json.loads((task.needed("choice") / "choice.json").read_text(encoding="utf-8"))
    return Configuration(**chosen["configuration"])


def make_tuning(task: Task) -> None:
    """Train one arm in every configuration on a draw for tuning, and score it on the draw's reserve."""
    tuning: Tuning = task.parameters
    dataset, rows = dataset_of(task), []
    draw = read_draw(task.needed("draw"))
    unseen = splits.take(dataset, draw.test)
    for number, configuration in enumerate(tuning["configurations"]):
        mixture, recipe, start = training_of(task, dataset, draw, Configuration(**configuration))
        scores = [_tried(task, mixture, recipe, start, number, unseen) for number in range(tuning["seeds"])]
        rows.append({"draw": -tuning["trial"], "arm": tuning["arm"], "configuration": configuration, "scores": scores})
        task.progress(number + 1, len(tuning["configurations"]))
    write_json(task.folder / "tuning.json", rows)


def _tried(task: Task, mixture: Mixture, recipe: Recipe, start: Start, number: int, unseen: Examples) -> float | None:
    """Return the balanced accuracy of a classifier on items that it has not seen; None where its training diverges."""
    from gannb.classifiers.training import Diverged, predict

    try:
        *_, network = _cycles_of(task, mixture, recipe, start, number, lambda done, total: None)
    except Diverged:
        return None
    return classification_scores(unseen.y, predict(recipe.medium, network, unseen.x))["balanced_accuracy"]


def make_choice(task: Task) -> None:
    """Choose an arm's configuration by its balanced accuracy on the draws for tuning."""
    tried = [need for need in task.unit.needs if need.kind == "tuning"]
    by_draw = [json.loads((task.study / u.path / "tuning.json").read_text(encoding="utf-8")) for u in tried]
    scores = np.concatenate([np.array([row["scores"] for row in rows], float).T for rows in by_draw])  # (D * S, C)
    write_json(task.folder / "choice.json", {"configuration": by_draw[0][best(scores)]["configuration"]})


def shifted_items(labels: np.ndarray, test: np.ndarray, folds: int) -> np.ndarray:
    """Return which test items are also tested on shifted, as positions (J,) among them: about MOST_SHIFTED, as mixed.

    labels: (N,) of all items; test: (I,) the indices of a trial's test items. An item is chosen or not whatever trial
    tests it, so that trials that share a test set share these as well, and every repeat of `folds` tests the same ones.
    """
    of_all = len(labels) if folds else len(test)
    share = min(1.0, max(1, folds) * MOST_SHIFTED / of_all)
    order = np.random.default_rng(0).permutation(len(labels))
    chosen = np.zeros(len(labels), bool)
    for k in np.unique(labels):
        members = order[labels[order] == k]
        chosen[members[: int(np.ceil(share * len(members)))]] = True
    return np.flatnonzero(chosen[test])


def _shifted(task: Task, medium: Medium, test: Examples) -> list[np.ndarray]:
    """Return the test items in every shifted form, the same for all arms of a trial."""
    seed, trial = task.parameters["seed"], task.parameters["trial"]
    return [shift(test.x, seed_for(seed, "trial", trial, "shift", kind)) for kind, (_, shift) in medium.shifts.items()]


def _score_row(task: Task, mixture: Mixture, number: int, y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    training: Training = task.parameters
    n_real = 0 if mixture.real is None else len(mixture.real)
    made = () if mixture.synthetic is None else mixture.synthetic.y
    n_synthetic = int(np.isin(made, training.get("keep_classes", made)).sum())
    about: dict[str, Any] = {"trial": training["trial"], "arm": training["arm"], "n_real": n_real}
    scores = {k: None if np.isnan(v) else v for k, v in classification_scores(y, p).items()}
    return about | {"n_synthetic": n_synthetic, "seed": number} | scores


def arm_mixture(task: Task, dataset: Dataset, draw: Draw) -> tuple[Mixture, FilledUp | None]:
    """Return what an arm's classifiers are trained on, and where its synthetic items come from, if it has any."""
    from gannb.classifiers.mixture import Mixture

    training: Training = task.parameters
    arm = parse_arm(training["arm"])
    if arm.source == "fewer":
        return Mixture(splits.take(dataset, draw.fewer(splits.labels_of(dataset))), None, 0.0), None
    train = splits.take(dataset, draw.train)
    if arm.source == "more":
        return Mixture(concatenate([train, splits.take(dataset, draw.reserve)]), None, 0.0), None
    if arm.source in BALANCING:
        seed = seed_for(training["seed"], "trial", training["trial"], arm.source)
        return balanced(arm.source, train, seed, training.get("mix", "added")), None
    filled = _filled_up(task, arm, dataset, train) if arm.generator else None
    if filled is None or not len(filled.items):
        return Mixture(train, None, 0.0), None
    made = len(filled.items)
    share = training.get("synthetic_share", made / (len(train) + made))
    fresh = _maker(task, filled, dataset) if arm.variation == "fresh" else None
    mix = training.get("mix", "added")  # which arms without real items have not, nor class weights
    shares = _shares(task, arm, dataset, filled)
    return Mixture(train if arm.real else None, filled.items, share, fresh, None, mix, shares, arm.way), filled


def _shares(task: Task, arm: Arm, dataset: Dataset, filled: FilledUp) -> np.ndarray | None:
    """Return the shares of the classes (M, K) that an arm learns of its synthetic items; None: it learns their labels.

    The draw's own items that stand among them keep their labels.
    """
    from gannb.classifiers.mixture import one_hot

    if arm.way == "mixed":
        shares = read_shares(task.needed("items"))[filled.number]
    elif arm.way == "taught":
        shares = _taught(task, read_items(task.needed("items"), dataset).take(filled.number))
    else:
        return None
    return np.where(filled.replaced[:, None], one_hot(filled.items), shares)


def _taught(task: Task, made: Examples) -> np.ndarray:
    """Return what the trial's teacher says of items as they were made: probabilities (M, K)."""
    from gannb.classifiers.training import predict

    medium = medium_of(task)
    teacher = load_classifier(medium, task.needed("judge") / "judge.safetensors", made, task.device)
    return predict(medium, teacher, made.x)


def _filled_up(task: Task, arm: Arm, dataset: Dataset, train: Examples) -> FilledUp:
    """Return an arm's synthetic items, the draw's own in the places of classes that get none.

    So every class has the same share of the batches as without `keep_classes`, and the arms differ in nothing else.
    """
    training: Training = task.parameters
    made = read_items(task.needed("items"), dataset)
    number = _taken(arm, task, made.y, train.counts())
    synthetic, own = made.take(number), np.full(len(number), -1)
    synthetic = replace(synthetic, x=shown(synthetic.x, dataset))
    left_out = ~np.isin(synthetic.y, training.get("keep_classes", synthetic.y))
    if not left_out.any():
        return FilledUp(synthetic, number, own)
    rng = np.random.default_rng(seed_for(training["seed"], "trial", training["trial"], "kept"))
    for k in np.unique(synthetic.y[left_out]):
        places, mine = np.flatnonzero(synthetic.y == k), np.flatnonzero(train.y == k)
        own[places] = mine[equally_often(len(mine), len(places), rng)]
    x, ids = np.array(synthetic.x), np.array(synthetic.ids)
    x[left_out], ids[left_out] = train.x[own[left_out]], np.char.add("again-", np.flatnonzero(left_out).astype(str))
    return FilledUp(replace(synthetic, x=x, ids=ids), number, own)


def _taken(arm: Arm, task: Task, made: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return which of the items made, labels (M,), an arm takes beside a draw of `counts` (K,) items per class."""
    asked = task.unit.need("items").parameters["n_synthetic"]
    wanted = np.bincount(made, minlength=len(counts))  # all that were made, or of real items all that there are
    if asked == "balance" and arm.real:
        wanted = lacking(counts)
    elif arm.dose:
        whole = np.bincount(labels_to_make(counts, asked))
        wanted = np.bincount(proportional_labels(whole, arm.dose * len(counts)))
    return first_of_each(made, wanted)


def _maker(task: Task, filled: FilledUp, dataset: Dataset) -> Callable[[int], np.ndarray]:
    """Return what makes the items anew for the pass of a given number, but for those that the draw's own stand for."""
    items, generator = filled.items, load(task.needed("generator"), medium_of(task), task.device)
    stay, asked = filled.replaced.reshape(-1, *[1] * (items.x.ndim - 1)), Condition(items.y)

    def make(number: int) -> np.ndarray:
        made = shown(generator.sample(asked, items_seed(task, "pass", number)), dataset)
        return np.where(stay, items.x, made)

    return make
