"""What each unit of work does: pure functions of what they read.

They read the study's copy of the data, the folders of the units they need and the parameters of their own unit, and
write into the folder they are given. Raise a unit's version in `experiment.py` when its result changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb import protocol, stats
from gannb.data import Dataset, Examples, concatenate
from gannb.protocol import Design, Draw
from gannb.study import make_study, write_json
from gannb.tuning import Configuration, best
from gannb.work import Task, read_unit, seed_for

if TYPE_CHECKING:
    from gannb.arms import Arm

SIDE_BATCH = 32  # of the classifiers that measure quality and choose items: no arms, they do not follow their settings
MOST_SHIFTED = 1000  # test items, or a few more, that are also tested on in their shifted forms
NEIGHBOURS = 5  # k of precision, recall, density, coverage (Naeem et al. 2020 use 5)


def _dataset(task: Task) -> Dataset:
    key = next(u.parameters["data"] for u in task.unit.closure() if "data" in u.parameters)
    return Dataset.load(task.study / f"data-{key}")


def make_draw(task: Task) -> None:
    """Choose the items of a trial."""
    p = task.parameters
    design = Design(p["protocol"], p["n_per_class"], p["test_share"], p["seed"], "")
    draw = protocol.make_draw(_dataset(task), design, p["trial"])
    np.savez(task.folder / "draw.npz", train=draw.train, reserve=draw.reserve, test=draw.test)


def read_draw(folder: Path) -> Draw:
    """Return the draw kept in a unit's folder."""
    with np.load(folder / "draw.npz", allow_pickle=False) as stored:
        return Draw(stored["train"], stored["reserve"], stored["test"])


def make_generator(task: Task) -> None:
    """Fit a generator to a trial's draw and keep it."""
    from gannb.generators import GENERATORS, Job

    p = task.parameters
    name, choices = p["generator"], {k: p[k] for k in ("gan_augmentation", "augmentation") if k in p}
    draw = protocol.take(_dataset(task), read_draw(task.needed("draw")).train)
    seed = seed_for(p["seed"], "trial", p["trial"], "generator", name)
    job = Job(p.get("gan_steps", 1), seed, task.device, task.checkpoint, task.progress)
    GENERATORS[name](make_study(**choices)).fit(draw, job).save(task.folder)


def make_items(task: Task) -> None:
    """Sample a trial's generator in the draw's class proportions, as many of each class if they are to balance it."""
    from gannb.generators import load

    p, dataset = task.parameters, _dataset(task)
    counts = protocol.take(dataset, read_draw(task.needed("draw")).train).counts()
    y = labels_to_make(counts, p["n_synthetic"])
    x, found = _sample(task, load(task.needed("generator"), task.device), y)
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

    p, dataset = task.parameters, _dataset(task)
    if p["variation"] == "by_discriminator":
        return after.above_median(generator, dataset.pool.n_classes, items_seed(task, "calibration"))
    judge = _load_small_cnn(task.needed("judge") / "judge.safetensors", dataset.pool, task.device)
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


def read_items(folder: Path, dataset: Dataset) -> Examples:
    """Return the synthetic items kept in a unit's folder."""
    x, y = (np.load(folder / f"{name}.npy", allow_pickle=False, mmap_mode="r") for name in "xy")
    ids = np.char.add("synthetic-", np.arange(len(y)).astype(str))
    return Examples(x, np.asarray(y), dataset.pool.classes, ids, np.arange(len(y)))


def make_ruler(task: Task) -> None:
    """Train the classifier that measures quality: on the reserve, or where there is none on the training side."""
    dataset, draw = _dataset(task), read_draw(task.needed("draw"))
    _train_small_cnn(task, protocol.take(dataset, draw.reserve if len(draw.reserve) else draw.train), "auto", "ruler")


def make_judge(task: Task) -> None:
    """Train the classifier that chooses items for `by_classifier`: on the draw, with the study's augmentation."""
    real = protocol.take(_dataset(task), read_draw(task.needed("draw")).train)
    _train_small_cnn(task, real, task.parameters["augmentation"], "judge")


def _train_small_cnn(task: Task, real: Examples, augmentation: str, name: str) -> None:
    """Train a classifier that is no arm on real items, and keep its weights as `name`.safetensors."""
    from safetensors.torch import save_file

    from gannb.augment import resolve
    from gannb.classify import Mixture, Recipe, train

    p = task.parameters
    recipe = Recipe("small_cnn", p["steps"], SIDE_BATCH, resolve(augmentation, real.shape))
    network = train(Mixture(real, None, 0.0), recipe, seed_for(p["seed"], "trial", p["trial"], name), task.device)
    save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, task.folder / f"{name}.safetensors")


def _load_small_cnn(file: Path, like: Examples, device: str) -> Any:
    """Return the classifier kept in a file, for items like those given."""
    from safetensors.torch import load_file

    from gannb.classify import build

    network = build("small_cnn", like.shape, like.n_classes)
    network.load_state_dict(load_file(file))
    return network.to(device).eval()


def make_quality(task: Task) -> None:
    """Measure fidelity and copying of a trial's synthetic items, in pixels and in the ruler's features.

    Both are measured against test items, in the training set's class proportions: the reserve may not serve, since the
    ruler has learnt it by heart.
    """
    from gannb.classify import features, predict
    from gannb.quality import pixels

    dataset = _dataset(task)
    draw = read_draw(task.needed("draw"))
    train = protocol.take(dataset, draw.train)
    made = read_items(task.needed("items"), dataset)
    balance = task.unit.need("items").parameters["n_synthetic"] == "balance"  # then they are in other proportions
    fake = made.take(first_of_each(made.y, train.counts())) if balance else made
    ruler = _load_small_cnn(task.needed("ruler") / "ruler.safetensors", train, task.device)
    test = protocol.take(dataset, draw.test)
    rng = np.random.default_rng(seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "quality"))
    held_out = test.take(matched(test.y, train.counts(), rng))
    agreement, on_real = (float(np.mean(predict(ruler, part.x).argmax(1) == part.y)) for part in (fake, test))
    seconds = read_unit(task.study, task.unit.need("generator"))["seconds"]
    sampling = read_unit(task.study, task.unit.need("items"))["seconds"]
    shared = {
        "trial": task.parameters["trial"], "generator": task.parameters["generator"], "gan_test": agreement,
        "ruler_accuracy": on_real, "seconds": seconds, "items_per_second": round(len(made) / max(sampling, 1e-3), 1),
    } | _how_chosen(task.needed("items"))  # fmt: skip
    same = np.sort(rng.choice(len(fake), min(len(fake), len(train)), replace=False))
    spaces = {"pixels": pixels, "small_cnn": lambda x: features(ruler, x)}
    between = _between(task, pixels(test.x), train, fake.take(same), protocol.take(dataset, draw.reserve))
    rows = [
        shared | {"features": name} | _measures(space(train.x), space(fake.x), space(held_out.x), same)
        | (between if name == "pixels" else {})
        for name, space in spaces.items()
    ]  # fmt: skip
    write_json(task.folder / "quality.json", rows)


def _between(task: Task, test: np.ndarray, train: Examples, fake: Examples, reserve: Examples) -> dict[str, float]:
    """Return the shares of test items (T, D) that are nearer to one made, blended or held out than to the training set.

    In pixels: the features of a network that has learnt one of the sets by heart would hold it apart.
    """
    from gannb.generators import Job
    from gannb.generators.simple import Interpolation
    from gannb.quality import nearer_to_made, pixels

    seed = seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "between")
    blends = Interpolation().fit(train, Job(0, seed)).sample(fake.y, seed)
    sets = {"between": fake.x, "between_of_blends": blends, "between_of_real": reserve.x}
    sets = {name: x for name, x in sets.items() if len(x) >= len(fake)}
    return {name: nearer_to_made(test, pixels(x), pixels(train.x)) for name, x in sets.items()}


def _how_chosen(items: Path) -> dict[str, float]:
    """Return how hard it was to choose the items, where they were chosen; see `after.Chosen`."""
    file = items / "items.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def matched(y: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random indices into y (N,) with up to `counts` (K,) items of each class, in shuffled order."""
    order = rng.permutation(len(y))
    return np.concatenate([order[y[order] == k][:n] for k, n in enumerate(counts)])


def _measures(train: np.ndarray, fake: np.ndarray, held_out: np.ndarray, same: np.ndarray) -> dict[str, float]:
    """Return the measures of `quality.py`; fidelity against held-out real items, with as many generated as real."""
    from gannb import quality

    k = min(NEIGHBOURS, len(held_out) - 1, len(same) - 1)
    fidelity = quality.prdc(held_out, fake[same], k)
    return {
        "kid": quality.kid(held_out, fake[same]).value,
        **asdict(fidelity),
        "authenticity": quality.authenticity(train, fake),
        "authenticity_of_real": quality.authenticity(train, held_out),
        "nearer_to_train": quality.nearer_to_training(train, fake, held_out),
        "nn_ratio": quality.nearest_neighbour_ratio(train, fake, held_out),
    }


def make_features(task: Task) -> None:
    """Compute a pretrained network's frozen features: of synthetic items, of a draw's, or else of all there are."""
    from gannb import transfer

    dataset, kinds = _dataset(task), {need.kind for need in task.unit.needs}
    weights = transfer.kept(task.study, task.parameters["weights"])
    if "items" in kinds:
        items = read_items(task.needed("items"), dataset)
        index = np.arange(len(items))
    else:
        index = read_draw(task.needed("draw")).train if "draw" in kinds else np.arange(len(protocol.labels_of(dataset)))
        items = protocol.take(dataset, index)
    np.save(task.folder / "features.npy", transfer.frozen_features(weights, items.x, task.device, task.progress))
    np.save(task.folder / "index.npy", index)


def _start(task: Task, mixture: Any, draw: Draw) -> Any:
    """Return what gives the network that training starts from, and the rates of its layers."""
    from gannb import transfer
    from gannb.classify import from_scratch

    if "weights" not in task.parameters:
        return from_scratch
    weights = transfer.kept(task.study, task.parameters["weights"])
    features = [_features_of(task.needed("features"), draw.train)]
    if mixture.synthetic is not None:
        features.append(_features_of(task.needed("item_features"), mixture.synthetic.groups))  # their numbers
    return transfer.starting(weights, mixture, np.concatenate(features))


def _features_of(folder: Path, wanted: np.ndarray) -> np.ndarray:
    """Return the features (N, D) kept in a unit's folder of the items with the given indices (N,)."""
    index, features = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("index", "features"))
    order = np.argsort(index)
    return features[order[np.searchsorted(index, wanted, sorter=order)]]


def make_classifier(task: Task) -> None:
    """Train the classifiers of one arm in one trial and keep their predictions on the test items."""
    from gannb.classify import predict, train

    p, dataset = task.parameters, _dataset(task)
    draw = read_draw(task.needed("draw"))
    test = protocol.take(dataset, draw.test)
    mixture, recipe = _training(task, dataset, draw, _chosen(task))
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
    from gannb.augment import resolve, strengthened
    from gannb.classify import Recipe

    p, mixture = task.parameters, _mixture(task, dataset, draw)
    name = chosen.policy or p["augmentation"]
    policy = strengthened(resolve(name, dataset.pool.shape), chosen.strength)
    if 0 < mixture.share < 1:
        mixture = replace(mixture, share=min(1 - 1 / p["batch_size"], chosen.share * mixture.share))
    return mixture, Recipe(p["classifier"], p["steps"], p["batch_size"], policy, chosen.learning_rate)


def _chosen(task: Task) -> Configuration:
    """Return the configuration that tuning found for the arm; the study's own where nothing is tuned."""
    if not any(need.kind == "choice" for need in task.unit.needs):
        return Configuration()
    chosen = json.loads((task.needed("choice") / "choice.json").read_text(encoding="utf-8"))
    return Configuration(**chosen["configuration"])


def make_tuning(task: Task) -> None:
    """Train one arm in every configuration on a draw for tuning, and score it on the draw's reserve."""
    p, dataset, rows = task.parameters, _dataset(task), []
    draw = read_draw(task.needed("draw"))
    unseen = protocol.take(dataset, draw.test)
    for number, configuration in enumerate(p["configurations"]):
        mixture, recipe = _training(task, dataset, draw, Configuration(**configuration))
        start, seeds = _start(task, mixture, draw), [classifier_seed(p, n) for n in range(p["seeds"])]
        scores = [_tried(mixture, recipe, seed, unseen, task.device, start) for seed in seeds]
        rows.append({"draw": -p["trial"], "arm": p["arm"], "configuration": configuration, "scores": scores})
        task.progress(number + 1, len(p["configurations"]))
    write_json(task.folder / "tuning.json", rows)


def _tried(mixture: Any, recipe: Any, seed: int, unseen: Examples, device: str, start: Any) -> float | None:
    """Return the balanced accuracy of a classifier on items that it has not seen; None where its training diverges."""
    from gannb.classify import Diverged, predict, train

    try:
        p = predict(train(mixture, recipe, seed, device, start=start), unseen.x)
    except Diverged:
        return None
    return stats.classification_scores(unseen.y, p)["balanced_accuracy"]


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
    from gannb.shifts import SHIFTS, shifted

    p = task.parameters
    return [shifted(test.x, kind, seed_for(p["seed"], "trial", p["trial"], "shift", kind)) for kind in SHIFTS]


def _score_row(task: Task, mixture: Any, number: int, y: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    n_real = 0 if mixture.real is None else len(mixture.real)
    n_synthetic = 0 if mixture.synthetic is None else len(mixture.synthetic)
    about = {"trial": task.parameters["trial"], "arm": task.parameters["arm"], "n_real": n_real}
    scores = {k: None if np.isnan(v) else v for k, v in stats.classification_scores(y, p).items()}
    return about | {"n_synthetic": n_synthetic, "seed": number} | scores


def _mixture(task: Task, dataset: Dataset, draw: Draw) -> Any:
    """Return what an arm's classifiers are trained on."""
    from gannb.arms import parse_arm
    from gannb.classify import Mixture

    arm = parse_arm(task.parameters["arm"])
    if arm.source == "fewer":
        return Mixture(protocol.take(dataset, draw.fewer(protocol.labels_of(dataset))), None, 0.0)
    train = protocol.take(dataset, draw.train)
    if arm.source == "more":
        return Mixture(concatenate([train, protocol.take(dataset, draw.reserve)]), None, 0.0)
    synthetic = _items_of(arm, task, dataset, train.counts()) if arm.generator else None
    if not synthetic:
        return Mixture(train, None, 0.0)
    in_all = len(train) + len(synthetic)
    share = task.parameters.get("synthetic_share", len(synthetic) / in_all)
    fresh = _maker(task, synthetic.y) if arm.variation == "fresh" else None
    return Mixture(train if arm.real else None, synthetic, share, fresh)


def _items_of(arm: Arm, task: Task, dataset: Dataset, counts: np.ndarray) -> Examples:
    """Return the synthetic items that an arm takes of those made, beside a draw of `counts` (K,) items per class."""
    made = read_items(task.needed("items"), dataset)
    wanted = made.counts()
    if task.unit.need("items").parameters["n_synthetic"] == "balance" and arm.real:
        wanted = lacking(counts)
    elif arm.dose:
        wanted = np.bincount(proportional_labels(wanted, arm.dose * len(counts)))
    return made.take(first_of_each(made.y, wanted))


def lacking(counts: np.ndarray) -> np.ndarray:
    """Return how many items each class of a draw lacks to be as large as the largest: counts (K,) -> (K,)."""
    return counts.max() - counts


def _maker(task: Task, y: np.ndarray) -> Callable[[int], np.ndarray]:
    """Return what makes the items for labels y (M,) anew for the pass of a given number."""
    from gannb.generators import load

    generator = load(task.needed("generator"), task.device)
    return lambda number: generator.sample(y, items_seed(task, "pass", number))
