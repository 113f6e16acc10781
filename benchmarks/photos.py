"""Families of GANs on larger photographs, each trained for the CPU time of so many steps of `projection`.

    export OMP_NUM_THREADS=1
    python benchmarks/photos.py FLOWERS --size 64 --steps 4000 --draws 0 1 2 --out rows.jsonl --pictures pictures
    python benchmarks/photos.py --table --out rows.jsonl

FLOWERS is a folder of folders of images. A busy machine makes CPU seconds longer, from one minute to the next: so every
family's step is timed beside one of `projection`, in turns, and a family gets the steps that take as long as --steps of
`projection`. `--weights` names the network that `projected` looks through, as a study's `pretrained`; without it the
family is left out. One row of JSON per (family, size, items a class, draw, steps) is appended; rows that are there are
not computed again. What scores is in no draw:

    cas               balanced accuracy on the scored items of a small_cnn trained on made items alone, as many as the
                      draw has; of the draw's own items in the row `the draw itself`
    gan_test          share of made items that a small_cnn trained on other real items sees as their label
    density, coverage, precision, recall
                      against the scored items, in the features of that small_cnn, which no GAN has seen
    diversity         mean distance of two made items of a class over that of two items of the draw, in pixels
    nn_ratio          median distance to the draw, in pixels, of made items over that of scored items; copies: 0
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gan import append, markdown, read_rows, save_picture, spread
from torch import nn

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, features, predict, train
from gannb.data.examples import Examples, concatenate
from gannb.generators.adversarial.family import Family
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.measures.fidelity import diversity, nearest_neighbour_ratio, prdc
from gannb.media.image import IMAGE, pretrained
from gannb.media.image.gans.families import FAMILIES
from gannb.media.image.reading import read
from gannb.stats.scores import classification_scores

BATCH = 32
SCORED = 60  # items a class
OWN = "the draw itself"
WITHOUT = "projection"  # what the others are timed beside
COMPARED = (WITHOUT, "projection_r1", "progressive", "style", "projected")
TIMED, TURNS = 8, 3  # steps in a turn, turns


def parts(pool: Examples, per_class: int, draw: int) -> tuple[Examples, Examples, Examples]:
    """A draw, the items that are scored on, and those that the measuring network is trained on: none is in two."""
    rng = np.random.default_rng(draw)
    orders = [rng.permutation(np.flatnonzero(pool.y == k)) for k in range(pool.n_classes)]
    ends = per_class, per_class + SCORED
    cuts = [slice(0, ends[0]), slice(*ends), slice(ends[1], None)]
    return tuple(pool.take(np.sort(np.concatenate([order[cut] for order in orders]))) for cut in cuts)


def classifier(items: Examples, steps: int, seed: int) -> nn.Module:
    """A small_cnn with the usual augmentation."""
    recipe = Recipe(IMAGE, "small_cnn", steps, BATCH, IMAGE.policy("auto", items.shape))
    return train(Mixture(items, None, 0.0), recipe, seed)


def balanced_accuracy(network: nn.Module, items: Examples) -> float:
    """On items; of made ones it is the GAN-test, of real ones and a network trained on made ones the CAS."""
    return classification_scores(items.y, predict(IMAGE, network, items.x))["balanced_accuracy"]


class Scores:
    """What a draw's items are scored by."""

    def __init__(self, draw: Examples, scored: Examples, others: Examples, steps: int) -> None:
        self.draw, self.scored, self.steps = draw, scored, steps
        self.network = classifier(others, 3 * steps, 0)
        self.real = features(IMAGE, self.network, scored.x)

    def __call__(self, made: Examples, seed: int) -> dict[str, float]:
        """All scores of made items, in words that the head of this file explains."""
        pixels = [each.x.reshape(len(each), -1).astype(np.float32) for each in (self.draw, made, self.scored)]
        return {
            "cas": balanced_accuracy(classifier(made, self.steps, seed), self.scored),
            "gan_test": balanced_accuracy(self.network, made),
            **asdict(prdc(self.real, features(IMAGE, self.network, made.x))),
            "diversity": diversity(pixels[1], made.y) / diversity(pixels[0], self.draw.y),
            "nn_ratio": nearest_neighbour_ratio(*pixels),
        }


def milliseconds(families: list[Family], draw: Examples) -> list[float]:
    """CPU time of a step of each family: short trainings in turns, the least of the turns."""
    found = np.full((TURNS, len(families)), np.inf)
    for turn in range(TURNS):
        for number, family in enumerate(families):
            spent = []
            for steps in (TIMED, 2 * TIMED):
                start = time.process_time()
                Adversarial(IMAGE, family).fit(draw, Job(steps, 0))
                spent.append(time.process_time() - start)
            found[turn, number] = 1000 * (spent[1] - spent[0]) / TIMED
    return found.min(0).tolist()


def made_by(family: Family, draw: Examples, steps: int, seed: int) -> tuple[Examples, float]:
    """What a family makes of a draw, as many items as it has, and the CPU seconds of the training."""
    start = time.process_time()
    gan = Adversarial(IMAGE, family).fit(draw, Job(steps, seed))
    spent = time.process_time() - start
    x = gan.sample(Condition(draw.y), seed)
    return Examples(x, draw.y, draw.classes, np.arange(len(x)).astype(str), np.arange(len(x))), spent


def run(asked: argparse.Namespace) -> None:
    """Compute the rows that are asked for and not there yet, draw by draw."""
    weights = pretrained.find(asked.weights) if asked.weights else None
    names = [name for name in asked.families if weights or not FAMILIES[name].needs_weights]
    data = read(asked.data, size=asked.size)
    pool = concatenate([data.pool, data.test]) if data.test is not None else data.pool
    for draw_number in asked.draws:
        draw, scored, others = parts(pool, asked.per_class, draw_number)
        about = {"size": asked.size, "per_class": asked.per_class, "draw": draw_number, "steps": asked.steps}
        done = {row["family"] for row in read_rows(asked.out) if about.items() <= row.items()}
        wanted = [name for name in (OWN, *names) if name not in done]
        if not wanted:
            continue
        score = Scores(draw, scored, others, asked.classifier_steps)
        taken = {name: FAMILIES[name].given(weights) for name in dict.fromkeys((WITHOUT, *names))}
        per_step = dict(zip(taken, milliseconds(list(taken.values()), draw), strict=True))
        for name in wanted:
            append({"family": name} | about | row_of(name, taken, per_step, draw, score, asked, draw_number), asked.out)


def row_of(
    name: str,
    taken: dict[str, Family],
    per_step: dict[str, float],
    draw: Examples,
    score: Scores,
    asked: Any,
    number: int,
) -> dict[str, Any]:
    """The figures of a family, or of the draw's own items."""
    if name == OWN:
        return score(draw, asked.seed)
    steps = round(asked.steps * per_step[WITHOUT] / per_step[name])
    made, spent = made_by(taken[name], draw, steps, asked.seed)
    if asked.pictures:
        save_picture(made, asked.pictures / f"{name}-{asked.size}-{asked.per_class}-{number}.png", zoom=1)
    cost = {"own_steps": steps, "against_projection": per_step[name] / per_step[WITHOUT], "cpu_seconds": spent}
    return cost | score(made, asked.seed)


COLUMNS: dict[str, tuple[str, float, str]] = {
    "steps": ("own_steps", 1, "{:,.0f}"),
    "time of a step, projection's is 1": ("against_projection", 1, "{:.1f}"),
    "CPU minutes": ("cpu_seconds", 1 / 60, "{:.1f}"),
    "CAS, %": ("cas", 100, "{:.1f}"),
    "GAN-test, %": ("gan_test", 100, "{:.1f}"),
    "recall": ("recall", 1, "{:.2f}"),
    "coverage": ("coverage", 1, "{:.2f}"),
    "precision": ("precision", 1, "{:.2f}"),
    "diversity": ("diversity", 1, "{:.2f}"),
    "NN ratio": ("nn_ratio", 1, "{:.2f}"),
}


def table(rows: list[dict[str, Any]]) -> str:
    """A row for each family, size and number of items: means over the draws, with their range."""
    keys = dict.fromkeys((row["size"], row["per_class"], row["steps"], row["family"]) for row in rows)
    lines = [["side", "a class", "family", "draws", *COLUMNS]]
    for size, per_class, steps, family in keys:
        found = [row for row in rows if (row["size"], row["per_class"], row["steps"], row["family"])
                 == (size, per_class, steps, family)]  # fmt: skip
        cells = [spread([row.get(name) for row in found], factor, form) for name, factor, form in COLUMNS.values()]
        lines.append([str(size), str(per_class), family, str(len(found)), *cells])
    return markdown(lines)


def main() -> None:
    """Compute rows, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--families", nargs="+", default=COMPARED, choices=list(FAMILIES))
    parser.add_argument("--weights", help="as a study's `pretrained`, for `projected`")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--per-class", type=int, default=100)
    parser.add_argument("--draws", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=4000, help="of projection")
    parser.add_argument("--classifier-steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(table(read_rows(asked.out))) if asked.table else run(asked)


if __name__ == "__main__":
    main()
