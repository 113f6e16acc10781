"""How often the copying rule flags a set of images: honest ones, copies, altered and partial copies of real digits.

    export OMP_NUM_THREADS=1
    python benchmarks/copying.py --trials 300 --out rows.jsonl      # about 6 minutes of a core
    python benchmarks/copying.py --table --out rows.jsonl

Each trial draws a training set, held-out images and further images, all disjoint, from scikit-learn's 1,797 real
digits; trials overlap. The further images stand for a generator's: as they are, they are honest; poor but honest sets
are made from them without a look at the training set; copiers are made from the training set. Every set is judged by
the rule of a study, `copying.copying_p` and `copying.flagged`, in pixels and in the features of a classifier that was
trained on digits of its own (200, which no trial uses). Nothing in the rule was chosen by these rows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, rotate

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, features, train
from gannb.data.examples import Examples
from gannb.measures.copying import LEVEL, copying_p, flagged, surroundings
from gannb.measures.fidelity import diversity
from gannb.media.image import IMAGE
from gannb.media.image.features import pixels
from gannb.media.image.reading import read
from gannb.media.image.shifts import altered

sys.path.insert(0, str(Path(__file__).parent))
from gan import append, markdown, read_rows  # noqa: E402

RULER, STEPS = 20, 400  # digits per class for the classifier, and its training steps
MADE = 1000  # images that a copier makes
FEWER = 5  # times fewer trials of a planted copier than of honest images
SIZES = ((8, 32), (40, 40))  # training and held-out digits per class
Make = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]  # training and further images, randomness


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
    **{f"{share:.0%} altered copies": _partly(share) for share in (0.5, 0.2, 0.1, 0.05, 0.02)},
    "blurred copies": lambda train, further, rng: _blurred(_copies(train, rng)),
    "blends of two copies": lambda train, further, rng: _copies(train, rng) // 2 + _copies(train, rng) // 2,
}
BEYOND: dict[str, Make] = {  # nothing is promised of these
    "copies turned by 10 degrees": lambda train, further, rng: rotate(
        _copies(train, rng), 10, (1, 2), reshape=False, order=1
    ),
    "copies shifted by a pixel": lambda train, further, rng: np.roll(_copies(train, rng), 1, axis=2),
    "mirrored copies": lambda train, further, rng: _copies(train, rng)[:, :, ::-1],
}


def parts(pool: Examples, sizes: tuple[int, int], rng: np.random.Generator) -> list[Examples]:
    """Return a training set, held-out and further items, with so many per class of the first two."""
    place = np.empty(len(pool), int)
    for k in range(pool.n_classes):
        mine = rng.permutation(np.flatnonzero(pool.y == k))
        place[mine] = np.searchsorted(np.cumsum(sizes), np.arange(len(mine)), side="right")
    return [pool.take(rng.permutation(np.flatnonzero(place == part))) for part in range(3)]


def ruler_and_pool() -> tuple[Callable[[np.ndarray], np.ndarray], Examples]:
    """Return the features of a classifier, and the digits that it has not seen."""
    digits = read("digits").pool
    mine, rest, _ = parts(digits, (RULER, 10_000), np.random.default_rng(0))
    recipe = Recipe(IMAGE, "small_cnn", STEPS, 32, IMAGE.policy("auto", mine.shape))
    network = train(Mixture(mine, None, 0.0), recipe, 0)
    return lambda x: features(IMAGE, network, x), rest


def trial_rows(pool: Examples, ruler: Callable, sizes: tuple[int, int], trial: int, every: bool) -> list[dict]:
    """Return a row per set of images: both p values, whether it is flagged, and the measures in pixels."""
    rng = np.random.default_rng([sizes[0], trial])
    real, held_out, further = parts(pool, sizes, rng)
    rows = []
    for name, make in (HONEST | COPIERS | BEYOND if every else HONEST).items():
        made = make(real.x, further.x, rng)
        p = {
            space: copying_p(f(real.x), f(made), f(held_out.x), real.y, held_out.y, trial)
            for space, f in (("pixels", pixels), ("small_cnn", ruler))
        }
        near_by = surroundings(*map(pixels, (real.x, made, held_out.x)))
        row = {"per_class": sizes[0], "held_out": sizes[1], "trial": trial, "images": name, **p}
        rows.append(row | {"flagged": flagged(list(p.values()))} | near_by.measures())
    return rows


def spread_rows(pool: Examples, sizes: tuple[int, int], trial: int) -> list[dict]:
    """Return the diversity of held-out real items over the draw's, a row per class: what honest classes get."""
    real, held_out, _ = parts(pool, sizes, np.random.default_rng([sizes[0], trial]))
    about = {"per_class": sizes[0], "trial": trial, "images": "diversity"}
    return [about | {"class": k, "ratio": _diversity(held_out, k) / _diversity(real, k)} for k in range(pool.n_classes)]


def _diversity(part: Examples, k: int) -> float:
    mine = pixels(part.x[part.y == k])
    return diversity(mine, np.zeros(len(mine)))


def table(rows: list[dict]) -> str:
    """Return the rows as tables: the share of sets that are flagged, and the diversity of honest classes."""
    head = ["per class", "images", "trials", "flagged, %", "p <= .05 in pixels, %", "in small_cnn, %"]
    found = [[*head, "nearer to training", "NN ratio", "authenticity"]]
    judged = [row for row in rows if "flagged" in row]
    for size, name in dict.fromkeys((row["per_class"], row["images"]) for row in judged):
        mine = [row for row in judged if (row["per_class"], row["images"]) == (size, name)]
        flags = [100 * np.mean([row["flagged"] for row in mine])]
        flags += [100 * np.mean([row[space] <= LEVEL for row in mine]) for space in ("pixels", "small_cnn")]
        means = [np.mean([row[key] for row in mine]) for key in ("nearer_to_train", "nn_ratio", "authenticity")]
        found.append([str(size), name, str(len(mine)), *(f"{n:.1f}" for n in flags), *(f"{m:.2f}" for m in means)])
    return markdown(found) + "\n\n" + diversity_table([row for row in rows if row["images"] == "diversity"])


def diversity_table(rows: list[dict]) -> str:
    """Return how often the diversity of an honest class, the mean of eight trials, is below .8 and below .5."""
    found = [["per class", "classes of 8 trials", "mean", "least", "below .8, %", "below .5, %"]]
    for size in dict.fromkeys(row["per_class"] for row in rows):
        ratios = np.array([row["ratio"] for row in rows if row["per_class"] == size])
        eights = ratios[: len(ratios) // 80 * 80].reshape(-1, 8, 10).mean(axis=1).ravel()
        if len(eights):
            below = [f"{100 * np.mean(eights < bar):.1f}" for bar in (0.8, 0.5)]
            found.append([str(size), str(len(eights)), f"{eights.mean():.2f}", f"{eights.min():.2f}", *below])
    return markdown(found)


def main(words: list[str] | None = None, sizes: tuple[tuple[int, int], ...] = SIZES) -> int:
    """Run the trials that are not there yet, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("copying.jsonl"))
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args(words)
    rows = read_rows(given.out)
    if given.table:
        print(table(rows))
        return 0
    there = {(row["per_class"], row["trial"]) for row in rows}
    ruler, pool = ruler_and_pool()
    for trial in range(given.trials):
        for size in sizes:
            if (size[0], trial) not in there:
                for row in trial_rows(pool, ruler, size, trial, trial % FEWER == 0) + spread_rows(pool, size, trial):
                    append(row, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
