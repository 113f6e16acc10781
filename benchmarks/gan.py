"""What a generator is worth after so many minutes of one CPU core: our families of GANs, other packages', references.

    export OMP_NUM_THREADS=1
    python benchmarks/gan.py FASHION-MNIST --generators projection torchgan --minutes 2 --out rows.jsonl
    python benchmarks/gan.py --table --out rows.jsonl

FASHION-MNIST is a folder with the four idx files. Every generator is trained on the same small draws for so many CPU
seconds of this process, training alone, and makes 10,000 items. One row of JSON per (generator, draw, minutes, score)
is appended to the file; rows that are there are not computed again. `--score validation`, the default, scores on items
of the pool outside every draw, for choosing among recipes; `--score test` on the test set, for the table.

    cas               accuracy on the scored items of one fixed CNN trained on the made items alone, the
                      classification accuracy score of Ravuri & Vinyals (2019)
    gain              accuracy of `real+gan+classic` minus that of `real+classic`, as a study trains them: gannb's
                      small_cnn, a quarter of each batch synthetic, the `auto` augmentation, the same seeds in both
    agreement         share of the made items that a small_cnn trained on other real items sees as their label
    kid, density, coverage, precision, recall
                      against the scored items, in the features of that small_cnn
    nn_ratio          median distance to the draw, in pixels, of made items over that of scored items: about 1 for new
                      items, towards 0 for copies
    real_per_second   real items that the discriminator saw per CPU second of training
    made_per_second   made items per CPU second of sampling
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from gannb import __version__
from gannb.classifiers.mixture import Mixture, encoded
from gannb.classifiers.training import Recipe, features, predict, train
from gannb.data.examples import Dataset, Examples
from gannb.generators import registry
from gannb.generators.adversarial.guard import TrainingError
from gannb.generators.interface import Condition, Job
from gannb.generators.simple import Copies
from gannb.measures.fidelity import kid, nearest_neighbour_ratio, prdc
from gannb.media.image import IMAGE
from gannb.media.image.reading import read
from gannb.utils.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))
from peers import PEERS, Trained, parameters  # noqa: E402

TOLERANCE, ATTEMPTS = 0.05, 3  # of a budget that has to be foreseen
PIXEL_ITEMS = 2000  # for the nearest neighbours in pixels
PICTURE_COLUMNS = 12


@dataclass(frozen=True)
class Effort:
    """How much is trained and made to score a generator; smaller in tests alone."""

    items: int = 10_000  # made by each generator
    cas_steps: int = 500
    cas_batch: int = 128
    steps: int = 1250  # of the small_cnn of both arms: 40 passes over 1,000 items, as a study has it
    batch: int = 32
    share: float = 0.25  # of a batch that is synthetic
    seeds: int = 2
    measuring_steps: int = 3000


# ---- data ----


@dataclass(frozen=True)
class Parts:
    """What a draw is measured with; no item is in two parts."""

    draw: Examples
    scored: Examples  # the test set, or validation items of the pool
    measuring: Examples  # what the network behind the features is trained on
    others: Examples  # real items for the reference row


def split(data: Dataset, per_class: int, draw: int, score: str) -> Parts:
    """Cut the pool: three parts of up to 1,000 items a class, the same for every draw, then one draw after the other.

    Raises InputError where there are too few items, or no test set to score on.
    """
    pool, smallest = data.pool, int(data.pool.counts().min())
    size = min(1000, smallest // 4)
    orders = [np.random.default_rng(k).permutation(np.flatnonzero(pool.y == k)) for k in range(pool.n_classes)]

    def block(start: int, n: int) -> Examples:
        return pool.take(np.concatenate([order[start : start + n] for order in orders]))

    if score == "test" and data.test is None:
        raise InputError("--score test: these data have no test set of their own; use --score validation.")
    first = 3 * size + draw * per_class
    if first + per_class > smallest:
        raise InputError(f"--per-class: the smallest class has {smallest} items, too few for draw {draw}; give less.")
    scored = data.test if score == "test" else block(0, size)
    return Parts(block(first, per_class), scored, block(size, size), block(2 * size, size))


def padded(items: Examples, side: int) -> Examples:
    """The items with a black border up to this side. Raises InputError where they are larger already."""
    missing = [side - n for n in items.shape[:2]]
    if min(missing) < 0:
        raise InputError(f"--side: the items are {items.shape[0]}x{items.shape[1]}; give that side or a larger one.")
    border = [(0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)]
    return Examples(np.pad(items.x, border), items.y, items.classes, items.ids, items.groups)


# ---- generators ----


class Contender(Protocol):
    """Whatever is trained within a budget and then makes items for labels."""

    version: str
    setting: str

    def train(self, draw: Examples, seconds: float, seed: int) -> Trained:
        """Train for so many CPU seconds."""
        ...

    def sample(self, labels: np.ndarray, seed: int) -> np.ndarray:
        """One item per label: (M,) -> (M, H, W, C) uint8."""
        ...


class OurFamily:
    """A family of gannb's, GANs or a flow, with the steps that fit into the budget.

    The number of steps has to be foreseen, since a training depends on it: short trainings tell the speed. Where the
    training then misses the budget by more than 5 %, it is done again with the steps corrected.
    """

    version = f"gannb {__version__}"
    setting = "as it comes"

    def __init__(self, name: str) -> None:
        self.family = IMAGE.families[name]

    def train(self, draw: Examples, seconds: float, seed: int) -> Trained:
        """Train for so many CPU seconds, to within 5 % if three attempts get there."""
        steps = self._foreseen(draw, seconds, seed)
        for _ in range(ATTEMPTS):
            spent = self._fit(draw, steps, seed)
            fitted = steps
            steps = max(1, round(steps * seconds / spent))
            if abs(spent / seconds - 1) <= TOLERANCE:
                break
        networks = self.family.generator, self.family.discriminator
        counts = tuple(parameters(make(draw.shape, draw.n_classes)) if make else 0 for make in networks)
        return Trained(spent, fitted, fitted * self._seen(draw), counts)

    def _foreseen(self, draw: Examples, seconds: float, seed: int) -> int:
        """Steps for the budget, from trainings four times as long each, until one takes a tenth of it."""
        steps = 4
        while (spent := self._fit(draw, steps, seed)) < 0.1 * seconds:
            steps *= 4
        return max(1, round(steps * seconds / spent))

    def _fit(self, draw: Examples, steps: int, seed: int) -> float:
        """Train; CPU seconds."""
        start = time.process_time()
        self.gan = registry.make(IMAGE, self.family.name).fit(draw, Job(steps, seed))
        return time.process_time() - start

    def _seen(self, draw: Examples) -> int:
        """Real items that the discriminator sees in a step."""
        items = draw.counts().min() if self.family.one_class_batches else len(draw)
        return int(min(self.family.batch, items)) * self.family.discriminator_steps

    def sample(self, labels: np.ndarray, seed: int) -> np.ndarray:
        """One item per label."""
        return self.gan.sample(Condition(labels), seed)


class RealItems:
    """A reference, which learns nothing: real items of each class, all equally often."""

    version, setting = "", ""

    def __init__(self, items: Examples) -> None:
        self.items = items

    def train(self, draw: Examples, seconds: float, seed: int) -> Trained:
        """Take the items."""
        self.copies = Copies(IMAGE).fit(self.items, Job(0, seed))
        return Trained(0.0, 0, 0, (0, 0))

    def sample(self, labels: np.ndarray, seed: int) -> np.ndarray:
        """One real item per label."""
        return self.copies.sample(Condition(labels), seed)


REFERENCES: dict[str, Callable[[Parts], Examples]] = {
    "the draw itself": lambda parts: parts.draw,
    "other real items": lambda parts: parts.others,
}
NAMES = (*REFERENCES, *IMAGE.families, *PEERS)


def contender(name: str, parts: Parts) -> Contender:
    """A generator by name, untrained."""
    if name in REFERENCES:
        return RealItems(REFERENCES[name](parts))
    return PEERS[name]() if name in PEERS else OurFamily(name)


# ---- scores ----


def scoring_network(shape: tuple[int, int, int], classes: int) -> nn.Sequential:
    """Three blocks of convolution, batch norm, ReLU, pooling, then two linear layers: 290,000 weights at 32."""
    height, width, channels = shape
    blocks = [
        layer
        for a, b in ((channels, 32), (32, 64), (64, 128))
        for layer in (nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
    ]
    count = 128 * (height // 8) * (width // 8)
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(count, 96), nn.ReLU(), nn.Linear(96, classes))


def cas(made: Examples, scored: Examples, effort: Effort, seed: int) -> float:
    """Accuracy on the scored items of the fixed CNN: Adam 1e-3 on a cosine, no augmentation."""
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = scoring_network(made.shape, made.n_classes).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, effort.cas_steps)
    items, labels = encoded(IMAGE, made.x), torch.tensor(made.y)
    for _ in range(effort.cas_steps):
        index = torch.from_numpy(rng.integers(len(made), size=effort.cas_batch))
        optimiser.zero_grad()
        F.cross_entropy(network(items[index]), labels[index]).backward()
        optimiser.step()
        schedule.step()
    return accuracy(network.eval(), scored)


def accuracy(network: nn.Module, items: Examples) -> float:
    """Share of the items that the classifier gets right."""
    return float((predict(IMAGE, network, items.x).argmax(1) == items.y).mean())


def arm(draw: Examples, made: Examples | None, scored: Examples, effort: Effort) -> list[float]:
    """Accuracy of `real+gan+classic`, or without made items of `real+classic`, for each classifier seed."""
    recipe = Recipe(IMAGE, "small_cnn", effort.steps, effort.batch, IMAGE.policy("auto", draw.shape))
    mixture = Mixture(draw, made, effort.share if made is not None else 0.0)
    return [accuracy(train(mixture, recipe, seed), scored) for seed in range(effort.seeds)]


def train_measuring_classifier(items: Examples, effort: Effort) -> nn.Module:
    """The small_cnn behind the features, from real items outside every draw and what is scored."""
    recipe = Recipe(IMAGE, "small_cnn", effort.measuring_steps, effort.batch, IMAGE.policy("auto", items.shape))
    return train(Mixture(items, None, 0.0), recipe, 0)


class Scorer:
    """Scores what is made from one draw; what does not depend on the generator is computed once."""

    def __init__(self, parts: Parts, measuring: nn.Module, effort: Effort) -> None:
        self.parts, self.measuring, self.effort = parts, measuring, effort
        self.features = features(IMAGE, measuring, parts.scored.x)
        self.classic = arm(parts.draw, None, parts.scored, effort)

    def __call__(self, made: Examples, seed: int) -> dict[str, Any]:
        """All scores of the made items, in words that the head of this file explains."""
        parts, fake = self.parts, features(IMAGE, self.measuring, made.x)
        with_gan = arm(parts.draw, made, parts.scored, self.effort)
        return {
            "cas": cas(made, parts.scored, self.effort, seed),
            "gain": float(np.mean(with_gan) - np.mean(self.classic)),
            "real+classic": self.classic,
            "real+gan+classic": with_gan,
            "agreement": accuracy(self.measuring, made),
            "kid": kid(self.features, fake).value,
            **asdict(prdc(self.features, fake)),
            "nn_ratio": nearest_neighbour_ratio(*map(some_pixels, (parts.draw, made, parts.scored))),
        }


def some_pixels(items: Examples) -> np.ndarray:
    """(N, H * W * C) of items spread over all of them."""
    x = items.x[:: max(1, len(items) // PIXEL_ITEMS)]
    return x.reshape(len(x), -1).astype(np.float32)


# ---- rows ----


def measure(generator: Contender, score: Scorer, seconds: float, seed: int) -> tuple[dict[str, Any], Examples]:
    """Train, sample, score: the figures of a row, and the made items."""
    draw, effort = score.parts.draw, score.effort
    trained = generator.train(draw, seconds, seed)
    labels = np.arange(effort.items) % draw.n_classes
    start = time.process_time()
    x = generator.sample(labels, seed)
    sampling = max(time.process_time() - start, 1e-9)
    made = Examples(x, labels, draw.classes, np.arange(len(x)).astype(str), np.arange(len(x)))
    figures = {
        "cpu_seconds": trained.seconds,
        "steps": trained.steps,
        "real_per_second": trained.seen / trained.seconds if trained.seconds else None,
        "made_per_second": len(x) / sampling if trained.seconds else None,
        "generator_parameters": trained.parameters[0],
        "discriminator_parameters": trained.parameters[1],
    }
    return figures | score(made, seed), made


def key(row: dict[str, Any]) -> tuple:
    """What a row is known by."""
    return tuple(row[name] for name in ("data", "per_class", "score", "generator", "draw", "minutes"))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(row: dict[str, Any], path: Path) -> None:
    """Add one line, rounded to what is significant."""
    line = json.dumps(row, default=float)
    short = json.loads(line, parse_float=lambda text: float(f"{float(text):.5g}"))
    with path.open("a") as file:
        file.write(json.dumps(short) + "\n")


def save_picture(made: Examples, path: Path, zoom: int = 2) -> None:
    """A grid of made items as a PNG, a class per row."""
    rows = [made.x[made.y == k][:PICTURE_COLUMNS] for k in range(made.n_classes)]
    picture = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])  # (K * H, columns * W, C)
    image = Image.fromarray(picture[..., 0] if picture.shape[2] < 3 else picture[..., :3])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.resize((zoom * image.width, zoom * image.height), Image.NEAREST).save(path)


def run(asked: argparse.Namespace, effort: Effort) -> None:
    """Compute the rows that are asked for and not there yet, draw by draw."""
    done = {key(row) for row in read_rows(asked.out)}
    data = read(asked.data)
    measuring = None
    for number in asked.draws:
        score = None
        for name in asked.generators:
            row = {"data": data.fingerprint[:12], "per_class": asked.per_class, "score": asked.score}
            row |= {"generator": name, "draw": number, "minutes": 0.0 if name in REFERENCES else asked.minutes}
            if key(row) in done:
                continue
            if score is None:
                parts = split(data, asked.per_class, number, asked.score)
                parts = Parts(**{part: padded(items, asked.side) for part, items in vars(parts).items()})
                measuring = measuring or train_measuring_classifier(parts.measuring, effort)
                score = Scorer(parts, measuring, effort)
            generator = contender(name, score.parts)
            try:
                figures, made = measure(generator, score, 60 * asked.minutes, number)
            except TrainingError as error:  # a row of its own is no figure to compare; the log says it
                print(f"{name}, draw {number}: {error}", file=sys.stderr)
                continue
            about = {"version": generator.version, "setting": generator.setting, "torch": torch.__version__}
            append(row | about | figures, asked.out)
            if asked.pictures:
                save_picture(made, asked.pictures / f"{name}-{asked.minutes:g}-{number}.png".replace(" ", "-"))
            print(f"{name}, draw {number}: CAS {figures['cas']:.3f}, gain {figures['gain']:+.4f}", file=sys.stderr)


# ---- table ----

WORTH = {  # heading -> the row's name, a factor, decimals
    "CAS, %": ("cas", 100, "{:.1f}"),
    "gain, points": ("gain", 100, "{:+.2f}"),
    "agreement, %": ("agreement", 100, "{:.1f}"),
    "KID": ("kid", 1, "{:.3f}"),
    "density": ("density", 1, "{:.2f}"),
    "coverage": ("coverage", 1, "{:.2f}"),
    "precision": ("precision", 1, "{:.2f}"),
    "recall": ("recall", 1, "{:.2f}"),
    "NN ratio": ("nn_ratio", 1, "{:.2f}"),
}
COST = {
    "CPU seconds": ("cpu_seconds", 1, "{:.0f}"),
    "steps": ("steps", 1, "{:,.0f}"),
    "real items/s": ("real_per_second", 1, "{:,.0f}"),
    "made items/s": ("made_per_second", 1, "{:,.0f}"),
}


def spread(values: Iterable[float], factor: float, form: str) -> str:
    """The mean and the range of some values: "80.1 (79.5..80.4)"; empty where there are none."""
    known = [factor * value for value in values if value is not None]
    if not known:
        return ""
    mean, low, high = (form.format(value) for value in (np.mean(known), min(known), max(known)))
    return mean if low == high else f"{mean} ({low}..{high})"


def markdown(rows: list[list[str]]) -> str:
    """A Markdown table; the first row is its head."""
    head, *body = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def by_setting(head: list[str], rows: Sequence[dict[str, Any]], cells: Callable[[dict[str, Any]], list[str]]) -> str:
    """A Markdown table whose first two columns, setting and studies, are said once for the rows that share them."""
    before = [None, *(row["setting"] for row in rows)]
    named = [
        ["", ""] if row["setting"] == last else [row["setting"], f"{row['studies']:,}"]
        for row, last in zip(rows, before, strict=False)
    ]
    return markdown([head, *([*name, *cells(row)] for row, name in zip(rows, named, strict=True))])


def table(rows: list[dict[str, Any]]) -> str:
    """For each score and budget what the items are worth and what they cost, the best CAS first."""
    texts = []
    for score, minutes in sorted({(row["score"], row["minutes"]) for row in rows if row["minutes"]}):
        chosen = [row for row in rows if row["score"] == score and row["minutes"] in (0, minutes)]
        groups = [[r for r in chosen if r["generator"] == name] for name in {r["generator"] for r in chosen}]
        groups.sort(key=lambda group: -np.mean([row["cas"] for row in group]))
        texts.append(f"{minutes:g} CPU minutes, scored on the {score} items:")
        worth = [[group[0]["generator"], f"{len(group)}", *cells(group, WORTH)] for group in groups]
        texts.append(markdown([["generator", "draws", *WORTH], *worth]))
        cost = [[*about(group[0]), *cells(group, COST)] for group in groups if group[0]["minutes"]]
        texts.append(markdown([["generator", "version", "setting", "parameters G / D", *COST], *cost]))
    return "\n\n".join(texts)


def cells(group: list[dict[str, Any]], columns: dict[str, tuple[str, float, str]]) -> list[str]:
    """The cells of one generator's rows."""
    return [spread([row[name] for row in group], factor, form) for name, factor, form in columns.values()]


def about(row: dict[str, Any]) -> list[str]:
    """What a generator is."""
    size = f"{row['generator_parameters'] / 1000:,.0f}k / {row['discriminator_parameters'] / 1000:,.0f}k"
    return [row["generator"], row["version"], row["setting"], size]


# ---- command line ----


def arguments(words: list[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="a folder of four idx files, of images per class, an .npz, or digits")
    parser.add_argument("--generators", nargs="+", choices=NAMES, default=list(REFERENCES), metavar="NAME")
    parser.add_argument("--draws", nargs="+", type=int, default=[0, 1, 2], help="each is also the seed of its rows")
    parser.add_argument("--minutes", type=float, default=2, help="CPU minutes of training")
    parser.add_argument("--per-class", type=int, default=100, help="real items per class in a draw")
    parser.add_argument("--side", type=int, default=32, help="items are padded with black to this side")
    parser.add_argument("--score", choices=("validation", "test"), default="validation")
    parser.add_argument("--out", type=Path, default=Path("rows.jsonl"), help="where the rows are")
    parser.add_argument("--pictures", type=Path, help="a folder for a grid of each generator's items")
    parser.add_argument("--table", action="store_true", help="only print the rows as Markdown")
    asked = parser.parse_args(words)
    if not asked.table and asked.data is None:
        parser.error("give the data, or --table")
    return asked


def main(words: list[str] | None = None, effort: Effort = Effort()) -> int:  # noqa: B008
    """Compute rows, or print them."""
    asked = arguments(words)
    torch.set_num_threads(1)
    try:
        print(table(read_rows(asked.out))) if asked.table else run(asked, effort)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
