"""How often the copying rule flags a set of images: honest ones, copies, altered and partial copies of real images.

    export OMP_NUM_THREADS=1
    python benchmarks/copying.py --trials 60 --out rows.jsonl      # about 6 minutes of a core
    python benchmarks/copying.py --table --out rows.jsonl

Each trial draws a training set, held-out images and further images, all disjoint, from a pool of real images; trials
overlap. The further images stand for a generator's: as they are, they are honest; poor but honest sets are made from
them without a look at the training set; copiers are made from the training set. Every set is judged by the rule of a
study, `copying.copying_p` and `copying.flagged`, in pixels and, of digits, in the features of a classifier that was
trained on digits of its own (200, which no trial uses); and by the rule before it: images as they are, exchanged one by
one. Nothing in the rules was chosen by these rows.

The pools: scikit-learn's 1,797 digits, at augmentation=flip; the same with several photographs of each, which make a
group; and pieces of 32x32 pixels of its two colour photographs, which do not overlap.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, rotate
from sklearn.datasets import load_sample_images

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, features, train
from gannb.data.examples import Examples
from gannb.measures.copying import Surroundings, copying_p, flagged, surroundings
from gannb.measures.fidelity import diversity
from gannb.measures.forms import AsTheyAre, Real, in_forms
from gannb.media.image import IMAGE
from gannb.media.image.features import pixels
from gannb.media.image.reading import read
from gannb.media.image.shifts import altered

sys.path.insert(0, str(Path(__file__).parent))
from gan import append, markdown, read_rows  # noqa: E402

RULER, STEPS = 20, 400  # digits per class for the classifier, and its training steps
MADE = 500  # images that a copier makes
FEWER = 3  # times fewer trials of a planted copier than of honest images
SIDE, STRIDE = 32, 32  # pixels of a piece of a photograph, and from one to the next
Make = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]  # training and further images, randomness
Features = Callable[[np.ndarray], np.ndarray]


def _copies(train: np.ndarray, rng: np.random.Generator, n: int = MADE) -> np.ndarray:
    return train[rng.integers(len(train), size=n)]


def _light(train: np.ndarray, rng: np.random.Generator, n: int = MADE) -> np.ndarray:
    return altered(_copies(train, rng, n), int(rng.integers(2**31)))


def _blurred(x: np.ndarray) -> np.ndarray:
    return gaussian_filter(x.astype(float), (0, 1, 1, 0)).round().astype(np.uint8)


def _partly(share: float) -> Make:
    """Return what makes so many altered copies among honest images."""
    n = lambda further: max(1, round(share / (1 - share) * len(further)))  # noqa: E731
    return lambda train, further, rng: np.concatenate([further, _light(train, rng, n(further))])


def _moved(share: float, down: int, across: int, mirrored: bool = False) -> Make:
    """Return what makes so many shifted or mirrored copies among honest images; beyond the edge, it is repeated.

    down, across: in steps of a 14th of the side, a pixel at the least: as far as the default augmentation shifts.
    """

    def make(train: np.ndarray, further: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        copies, side = _copies(train, rng, max(1, round(share / (1 - share) * len(further)))), train.shape[1]
        rows, columns = ((np.arange(side) - by * max(1, round(side / 14))).clip(0, side - 1) for by in (down, across))
        copies = copies[:, rows][:, :, columns]
        return np.concatenate([further, copies[:, :, ::-1] if mirrored else copies])

    return make


def _by_a_pixel(share: float) -> Make:
    n = lambda further: max(1, round(share / (1 - share) * len(further)))  # noqa: E731
    roll = lambda x: np.concatenate([x[:, :, :1], x[:, :, :-1]], axis=2)  # noqa: E731
    return lambda train, further, rng: np.concatenate([further, roll(_copies(train, rng, n(further)))])


HONEST: dict[str, Make] = {
    "held-out real": lambda train, further, rng: further,
    "held-out real, blurred": lambda train, further, rng: _blurred(further),
    "held-out real, half the contrast": lambda train, further, rng: further // 2 + 64,
    "held-out real, with noise": lambda train, further, rng: (
        (further + rng.normal(0, 40, further.shape)).clip(0, 255).astype(np.uint8)
    ),
    "one held-out real, repeated": lambda train, further, rng: further[[0] * 100],
    "noise": lambda train, further, rng: rng.integers(0, 256, (MADE, *further.shape[1:]), dtype=np.uint8),
}
COPIERS: dict[str, Make] = {
    "copies": lambda train, further, rng: _copies(train, rng),
    "altered copies": lambda train, further, rng: _light(train, rng),
    **{f"{share:.0%} altered copies": _partly(share) for share in (0.1, 0.02)},
    "blurred copies": lambda train, further, rng: _blurred(_copies(train, rng)),
    "blends of two copies": lambda train, further, rng: _copies(train, rng) // 2 + _copies(train, rng) // 2,
    **{f"{share:.0%} shifted by a pixel": _by_a_pixel(share) for share in (0.25, 0.1)},
    **{f"{share:.0%} shifted as far as training does": _moved(share, 1, -1) for share in (0.25, 0.1)},
    **{f"{share:.0%} mirrored": _moved(share, 0, 0, True) for share in (0.25, 0.1)},
    **{f"{share:.0%} mirrored and shifted so": _moved(share, 1, 0, True) for share in (0.25, 0.1)},
}
BEYOND: dict[str, Make] = {  # nothing is promised of these
    "copies turned by 10 degrees": lambda train, further, rng: rotate(
        _copies(train, rng), 10, (1, 2), reshape=False, order=1
    ),
}
OF_SUBJECTS = ("held-out real", "10% altered copies", "10% shifted by a pixel")
OF_PIECES = (
    *OF_SUBJECTS, "held-out real, blurred", "10% shifted as far as training does", "10% mirrored",
    "10% mirrored and shifted so",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class World:
    """A pool of images, and how many of them a trial takes."""

    name: str
    pool: Examples
    per_class: int  # training images, or subjects
    held_out: int  # the same
    photographs: int = 1  # of each
    measuring: Features | None = None  # a classifier's
    only: tuple[str, ...] = ()  # sets of images; empty: all


def worlds() -> list[World]:
    """Return every pool with every number of images."""
    measuring, digits = measuring_classifier_and_pool()
    return [
        World("digits, 8 per class", digits, 8, 32, 1, measuring),
        World("digits, 40 per class", digits, 40, 40, 1, measuring),
        World("digits, subjects of 2", digits, 12, 12, 2, measuring, OF_SUBJECTS),
        World("digits, subjects of 6", digits, 4, 4, 6, measuring, OF_SUBJECTS),
        World("pieces of photographs, 40 per class", pieces(), 40, 100, only=OF_PIECES),
    ]


def pieces() -> Examples:
    """Return pieces of two photographs that do not overlap, in colour; the class is which photograph it is."""
    x, y = [], []
    for k, photograph in enumerate(load_sample_images().images):
        height, width = (range(0, side - SIDE + 1, STRIDE) for side in photograph.shape[:2])
        x += [photograph[i : i + SIDE, j : j + SIDE] for i in height for j in width]
        y += [k] * (len(x) - len(y))
    ids = np.arange(len(x))
    return Examples(np.stack(x), np.array(y), ("china", "flower"), ids.astype(str), ids)


def parts(pool: Examples, sizes: tuple[int, int], rng: np.random.Generator) -> list[Examples]:
    """Return a training set, held-out and further items, with so many per class of the first two."""
    place = np.empty(len(pool), int)
    for k in range(pool.n_classes):
        mine = rng.permutation(np.flatnonzero(pool.y == k))
        place[mine] = np.searchsorted(np.cumsum(sizes), np.arange(len(mine)), side="right")
    return [pool.take(rng.permutation(np.flatnonzero(place == part))) for part in range(3)]


def measuring_classifier_and_pool() -> tuple[Features, Examples]:
    """Return the features of a classifier, and the digits that it has not seen."""
    digits = read("digits").pool
    mine, rest, _ = parts(digits, (RULER, 10_000), np.random.default_rng(0))
    recipe = Recipe(IMAGE, "small_cnn", STEPS, 32, IMAGE.policy("auto", mine.shape))
    network = train(Mixture(mine, None, 0.0), recipe, 0)
    return lambda x: features(IMAGE, network, x), rest


def photographed(subjects: Examples, number: int, seed: int) -> Examples:
    """Return so many photographs of each image, turned, scaled and shifted a little, with noise; they make a group."""
    if number == 1:
        return subjects
    many = subjects.take(np.repeat(np.arange(len(subjects)), number))
    batch, policy = IMAGE.encode(IMAGE.stored(many.x, "cpu")), IMAGE.policy("affine", many.shape)
    moved = IMAGE.decode(IMAGE.augment(batch, policy, torch.Generator().manual_seed(seed)))
    noise = np.random.default_rng(seed).normal(0, 5, moved.shape)
    return replace(many, x=(moved + noise).clip(0, 255).astype(np.uint8))


def trial_rows(world: World, trial: int, every: bool) -> list[dict]:
    """Return a row per set of images: both p values, whether it is flagged, and was before, and the measures."""
    rng = np.random.default_rng([world.per_class, world.photographs, trial])
    drawn = parts(world.pool, (world.per_class, world.held_out), rng)
    real, held_out, further = (photographed(part, world.photographs, trial * 3 + i) for i, part in enumerate(drawn))
    sets = HONEST | (COPIERS | BEYOND if every else {})
    sets = {name: make for name, make in sets.items() if name in (world.only or sets)}
    rows, search = [], searched(world, real, held_out)
    for name, make in sets.items():
        made = make(real.x, further.x[:MADE], rng)
        around = {space: surroundings(each, len(real), extract(made)) for space, (each, extract) in search.items()}
        now = tested(around, NOW[: 1 + bool(world.measuring)], real, held_out, trial)
        before = tested(around, BEFORE[: 1 + bool(world.measuring)], *one_by_one(real, held_out), trial)
        row = {"world": world.name, "trial": trial, "images": name, **now}
        row |= {"flagged": flagged(list(now.values()), 1.0), "flagged_before": flagged(list(before.values()), 1.0)}
        rows.append(row | around["pixels in all forms"].measures())  # flagged by the test alone, identical or not
    return rows


NOW = ("pixels in all forms", "small_cnn")
BEFORE = ("pixels", "small_cnn")


def searched(world: World, real: Examples, held_out: Examples) -> dict[str, tuple[Real, Features]]:
    """Return real images as they are searched, and what makes features of others, by feature space."""
    x = np.concatenate([real.x, held_out.x])
    forms = IMAGE.alike_forms(IMAGE.policy("flip", real.shape), real.shape)
    found = {
        "pixels in all forms": (in_forms(x, pixels(x), forms, pixels, 0), pixels),
        "pixels": (AsTheyAre(pixels(x)), pixels),
    }
    return found | ({"small_cnn": (AsTheyAre(world.measuring(x)), world.measuring)} if world.measuring else {})


def one_by_one(real: Examples, held_out: Examples) -> tuple[Examples, Examples]:
    """Return the images as if each were a group of its own."""
    ends = np.arange(len(real)), len(real) + np.arange(len(held_out))
    return tuple(replace(part, groups=own) for part, own in zip((real, held_out), ends, strict=True))


def tested(
    around: dict[str, Surroundings], spaces: tuple[str, ...], real: Examples, held_out: Examples, trial: int
) -> dict[str, float]:
    """Return the p value by feature space."""
    return {space: copying_p(around[space], real, held_out, 10**6 + trial) for space in spaces}


def spread_rows(world: World, trial: int) -> list[dict]:
    """Return the diversity of held-out real items over the draw's, a row per class: what honest classes get."""
    sizes = (world.per_class, world.held_out)
    real, held_out, _ = parts(world.pool, sizes, np.random.default_rng([world.per_class, world.photographs, trial]))
    about = {"world": world.name, "trial": trial, "images": "diversity"}
    return [about | {"class": k, "ratio": _diversity(held_out, k) / _diversity(real, k)} for k in range(real.n_classes)]


def _diversity(part: Examples, k: int) -> float:
    mine = pixels(part.x[part.y == k])
    return diversity(mine, np.zeros(len(mine)))


def table(rows: list[dict]) -> str:
    """Return the rows as tables: the share of sets that are flagged, and the diversity of honest classes."""
    head = ["pool", "images", "trials", "flagged before, %", "flagged, %"]
    found = [[*head, "nearer to training", "NN ratio", "authenticity"]]
    judged = [row for row in rows if "flagged" in row]
    for world, name in dict.fromkeys((row["world"], row["images"]) for row in judged):
        mine = [row for row in judged if (row["world"], row["images"]) == (world, name)]
        flags = [100 * np.mean([row[rule] for row in mine]) for rule in ("flagged_before", "flagged")]
        means = [np.mean([row[key] for row in mine]) for key in ("nearer_to_train", "nn_ratio", "authenticity")]
        found.append([world, name, str(len(mine)), *(f"{n:.1f}" for n in flags), *(f"{m:.2f}" for m in means)])
    return markdown(found) + "\n\n" + diversity_table([row for row in rows if row["images"] == "diversity"])


def diversity_table(rows: list[dict]) -> str:
    """Return how often the diversity of an honest class of digits, a mean of eight trials, is below .8 and .5."""
    found = [["pool", "classes of 8 trials", "mean", "least", "below .8, %", "below .5, %"]]
    for world in dict.fromkeys(row["world"] for row in rows):
        ratios = np.array([row["ratio"] for row in rows if row["world"] == world])
        eights = ratios[: len(ratios) // 80 * 80].reshape(-1, 8, 10).mean(axis=1).ravel()
        if len(eights):
            below = [f"{100 * np.mean(eights < bar):.1f}" for bar in (0.8, 0.5)]
            found.append([world, str(len(eights)), f"{eights.mean():.2f}", f"{eights.min():.2f}", *below])
    return markdown(found)


def main(words: list[str] | None = None, asked: Callable[[], list[World]] = worlds) -> int:
    """Run the trials that are not there yet, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("copying.jsonl"))
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args(words)
    rows = read_rows(given.out)
    if given.table:
        print(table(rows))
        return 0
    there, every = {(row["world"], row["trial"]) for row in rows}, asked()
    for trial in range(given.trials):
        for world in every:
            if (world.name, trial) not in there:
                more = spread_rows(world, trial) if world.measuring and world.photographs == 1 else []
                for row in trial_rows(world, trial, trial % FEWER == 0) + more:
                    append(row, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
