"""What each unit of work does: pure functions of what they read.

They read the study's copy of the data, the folders of the units they need and the parameters of their own unit, and
write into the folder they are given. Raise a unit's version in `wiring.py` when its result changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb import protocol, stats
from gannb.data import Dataset, Examples, concatenate
from gannb.imbalance import balanced, lacking
from gannb.protocol import Design, Draw
from gannb.quality import frechet_distance, pixels
from gannb.study import make_study, read_record, write_json
from gannb.tuning import Configuration, best
from gannb.work import Task, read_unit, seed_for

if TYPE_CHECKING:
    from gannb.arms import Arm

SIDE_BATCH = 32  # of the classifiers that measure quality and choose items: no arms, they do not follow their settings
MOST_SHIFTED = 1000  # test items, or a few more, that are also tested on in their shifted forms


def _dataset(task: Task) -> Dataset:
    key = next(u.parameters["data"] for u in task.unit.closure() if "data" in u.parameters)
    return Dataset.load(task.study / f"data-{key}")


def make_draw(task: Task) -> None:
    """Choose the items of a trial."""
    draw = draw_of(task.parameters, _dataset(task))
    np.savez(task.folder / "draw.npz", train=draw.train, reserve=draw.reserve, test=draw.test)


def draw_of(p: dict[str, Any], dataset: Dataset) -> Draw:
    """Return what the parameters of a unit of drawing draw from a data set."""
    design = Design(p["protocol"], p["n_per_class"], p["test_share"], p["seed"], "")
    return protocol.make_draw(dataset, design, p["trial"])


def read_draw(folder: Path) -> Draw:
    """Return the draw kept in a unit's folder."""
    with np.load(folder / "draw.npz", allow_pickle=False) as stored:
        return Draw(stored["train"], stored["reserve"], stored["test"])


def make_generator(task: Task) -> None:
    """Fit a generator to a trial's draw and keep it."""
    fit_generator(task, protocol.take(_dataset(task), read_draw(task.needed("draw")).train))


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

    p, dataset = task.parameters, _dataset(task)
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

    p, dataset = task.parameters, _dataset(task)
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


def load_small_cnn(file: Path, like: Examples, device: str = "cpu") -> Any:
    """Return the classifier kept in a file, for items like those given."""
    from safetensors.torch import load_file

    from gannb.classify import build

    network = build("small_cnn", like.shape, like.n_classes)
    network.load_state_dict(load_file(file))
    return network.to(device).eval()


def make_quality(task: Task) -> None:
    """Measure fidelity, diversity and copying of a trial's synthetic items, in every feature space."""
    from gannb import inception
    from gannb.measuring import choose, measure

    dataset, draw = _dataset(task), read_draw(task.needed("draw"))
    train, test = protocol.take(dataset, draw.train), protocol.take(dataset, draw.test)
    fake, number = _measured_items(task, dataset, train)
    seconds = read_unit(task.study, task.unit.need("generator"))["seconds"]
    sampling = read_unit(task.study, task.unit.need("items"))["seconds"]
    about = {"seconds": seconds, "items_per_second": round(number / max(sampling, 1e-3), 1)}
    sets = choose(train, fake, test, _quality_seed(task))
    between = _between(task, pixels(test.x), train, fake.take(sets.same), protocol.take(dataset, draw.reserve))
    about |= _how_chosen(task.needed("items")) | between
    spaces, tested = _spaces(task, draw, train)
    found = measure(sets, spaces, tested, _quality_seed(task))
    if "inception" in spaces and min(len(test), len(fake)) >= inception.LEAST:  # of related images there may be few
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
    from gannb.measuring import measure, yardsticks

    dataset, draw = _dataset(task), read_draw(task.needed("draw"))
    train, seed = protocol.take(dataset, draw.train), _quality_seed(task)
    spaces, tested = _spaces(task, draw, train)
    found = yardsticks(train, protocol.take(dataset, draw.test), seed)
    measured = {name: (sets, measure(sets, spaces, tested, seed)) for name, sets in found.items()}
    _write_measured(task, measured, spaces["small_cnn"], {})


def make_in_features(task: Task) -> None:
    """Measure the GAN's items and the yardsticks in the features of the pretrained network: a part of them, it is slow.

    A unit of its own, so that what is measured without its weights stays where they come or go.
    """
    from gannb import transfer
    from gannb.measuring import FEW, choose, measure, some, yardsticks

    dataset, draw, seed = _dataset(task), read_draw(task.needed("draw")), _quality_seed(task)
    train, test = protocol.take(dataset, draw.train), protocol.take(dataset, draw.test)
    fake, _ = _measured_items(task, dataset, train)
    weights = transfer.kept(task.study, task.parameters["weights"])
    frozen = OncePerItem(lambda x: transfer.frozen_features(weights, x, task.device), _kept_features(task, dataset))
    space = {weights.network: Space(frozen)}
    sets = {task.parameters["generator"]: choose(train, some(fake, FEW, seed), some(test, FEW, seed), seed)}
    sets |= yardsticks(train, some(test, 2 * FEW, seed), seed)
    about = {"trial": task.parameters["trial"]}
    rows = [
        about | {"generator": name} | row
        for name, each in sets.items()
        for row in measure(each, space, [], seed).spaces
    ]
    write_json(task.folder / "quality.json", rows)


def _kept_features(task: Task, dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return items (N, H, W, C) and their frozen features (N, D), as far as the units of fine-tuning have them."""
    found = []
    for need in task.unit.needs:
        if need.kind in ("features", "item_features"):
            folder = task.study / need.path
            index, kept = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("index", "features"))
            real = need.kind == "features"
            items = protocol.take(dataset, index) if real else read_items(task.needed("items"), dataset)
            found.append((items.x, kept))
    return found


def _quality_seed(task: Task) -> int:
    return seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "quality")


def _spaces(task: Task, draw: Draw, like: Examples) -> tuple[dict[str, Space], list[str]]:
    """Return the feature spaces by name, and in which of them copying may be tested: not where the draw was learnt."""
    from gannb import inception
    from gannb.classify import features

    ruler = load_small_cnn(task.needed("ruler") / "ruler.safetensors", like, task.device)
    spaces = {"pixels": pixels, "small_cnn": lambda x: features(ruler, x)}
    if "inception" in task.parameters:  # in the key by the content of the weights; where they lie is the study's matter
        file = read_record(task.study)["parameters"]["inception"]
        spaces["inception"] = inception.features(file, task.device)
    remembered = {name: Space(space, ruler[-1] if name == "small_cnn" else None) for name, space in spaces.items()}
    return remembered, [name for name in spaces if name != "small_cnn" or len(draw.reserve)]


class OncePerItem:
    """Extracts features that take long, of each item once, whichever array it stands in.

    extract: (N, H, W, C) uint8 -> (N, D). known: pairs of items and their features that are there already.
    """

    def __init__(
        self, extract: Callable[[np.ndarray], np.ndarray], known: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    ) -> None:
        self.extract = extract
        self.known = {item.tobytes(): found for x, features in known for item, found in zip(x, features, strict=True)}

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: (N, H, W, C) uint8 -> (N, D)."""
        keys = [item.tobytes() for item in x]
        new = {key: i for i, key in enumerate(keys) if key not in self.known}
        if new:
            self.known |= zip(new, self.extract(x[list(new.values())]), strict=True)
        return np.stack([self.known[key] for key in keys])


class Space:
    """A feature space that takes each array once; with a classifier's last layer, also what classes it sees."""

    def __init__(self, extract: Callable[[np.ndarray], np.ndarray], last: Any = None) -> None:
        self.extract, self.last = extract, last
        self.known: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return features: (N, H, W, C) uint8 -> (N, D) float32."""
        for items, found in self.known:
            if items is x:
                return found
        self.known.append((x, self.extract(x)))
        return self.known[-1][1]

    def recognises(self, items: Examples) -> np.ndarray:
        """Return in which items the classifier sees their class, (N,) bool."""
        weight, bias = (tensor.detach().cpu().numpy() for tensor in (self.last.weight, self.last.bias))
        return (self(items.x) @ weight.T + bias).argmax(1) == items.y


def _write_measured(task: Task, found: dict[str, tuple[Any, Any]], ruler: Space, about: dict[str, Any]) -> None:
    """Write what was measured, by name: quality.json (a row per space), classes.json and suspects.json."""
    rows, classes, suspects = [], [], []
    for name, (sets, measured) in found.items():
        first = {"trial": task.parameters["trial"], "generator": name}
        recognised, of_class = _recognised(ruler, sets)
        rows += [first | recognised | about | row for row in measured.spaces]
        classes += [first | row | of_class[row["class"]] for row in measured.classes]
        suspects += [first | row for row in measured.suspects]
    for file, content in (("quality", rows), ("classes", classes), ("suspects", suspects)):
        write_json(task.folder / f"{file}.json", content)


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
    from gannb.generators import Job
    from gannb.generators.simple import Interpolation
    from gannb.quality import nearer_to_made

    seed = seed_for(task.parameters["seed"], "trial", task.parameters["trial"], "between")
    blends = Interpolation().fit(train, Job(0, seed)).sample(fake.y, seed)
    sets = {"between": fake.x, "between_of_blends": blends, "between_of_real": reserve.x}
    sets = {name: x for name, x in sets.items() if len(x) >= len(fake)}
    return {name: nearer_to_made(test, pixels(x), pixels(train.x)) for name, x in sets.items()}


def _how_chosen(items: Path) -> dict[str, float]:
    """Return how hard it was to choose the items, where they were chosen; see `after.Chosen`."""
    file = items / "items.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


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
        number = mixture.synthetic.groups  # see `_filled_up`
        made = _features_of(task.needed("item_features"), np.maximum(number, 0))
        features.append(np.where((number < 0)[:, None], features[0][-1 - np.minimum(number, -1)], made))
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
    from gannb.augment import resolve, strengthened
    from gannb.classify import Recipe

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
    made = () if mixture.synthetic is None else mixture.synthetic.y
    n_synthetic = int(np.isin(made, task.parameters.get("keep_classes", made)).sum())
    about = {"trial": task.parameters["trial"], "arm": task.parameters["arm"], "n_real": n_real}
    scores = {k: None if np.isnan(v) else v for k, v in stats.classification_scores(y, p).items()}
    return about | {"n_synthetic": n_synthetic, "seed": number} | scores


def _mixture(task: Task, dataset: Dataset, draw: Draw) -> Any:
    """Return what an arm's classifiers are trained on."""
    from gannb.arms import BALANCING, parse_arm
    from gannb.classify import Mixture

    arm = parse_arm(task.parameters["arm"])
    if arm.source == "fewer":
        return Mixture(protocol.take(dataset, draw.fewer(protocol.labels_of(dataset))), None, 0.0)
    train = protocol.take(dataset, draw.train)
    if arm.source == "more":
        return Mixture(concatenate([train, protocol.take(dataset, draw.reserve)]), None, 0.0)
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
    from gannb.generators.simple import equally_often

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
    from gannb.generators import load

    generator, place = load(task.needed("generator"), task.device), stay.reshape(-1, *[1] * (items.x.ndim - 1))
    return lambda number: np.where(place, items.x, generator.sample(items.y, items_seed(task, "pass", number)))
