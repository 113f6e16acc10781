"""What the study's own classifier of images gains where it grows with their side, and what it costs.

    python benchmarks/sides.py FLOWERS --size 64
    python benchmarks/sides.py FLOWERS --size 64 --draws 4 --per-class 100 --steps 250

`small_cnn` as it is, and with three convolutions whatever the side, as it was: both trained on the same draws with the
same seeds, order of items and augmentation, and tested on the same items, which are in no draw. Seconds are those of
the CPU, one thread; a busy machine makes them longer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import LEARNING_RATE, Recipe, from_scratch, predict, train
from gannb.data.examples import Examples
from gannb.media.image import IMAGE
from gannb.media.image.classifiers import small_cnn
from gannb.media.image.parameters import SMALL_SIDE
from gannb.media.image.reading import read
from gannb.stats.intervals import paired_t
from gannb.stats.scores import classification_scores

BATCH = 32
Network = tuple[nn.Module, list[dict[str, Any]]]


def of_any_side(recipe: Recipe, items: Examples) -> Network:
    """Return the network that small items get, for items of any side."""
    network = small_cnn((SMALL_SIDE, SMALL_SIDE, items.shape[2]), items.n_classes)
    return network, [{"params": list(network.parameters()), "lr": LEARNING_RATE}]


NETWORKS: dict[str, Callable[[Recipe, Examples], Network]] = {"three": of_any_side, "grown": from_scratch}


def draws(pool: Examples, per_class: int, count: int) -> list[Examples]:
    """Return random draws of so many items a class, one for each seed."""
    found = []
    for seed in range(count):
        order = np.random.default_rng(seed).permutation(len(pool))
        rows = [order[pool.y[order] == k][:per_class] for k in range(pool.n_classes)]
        found.append(pool.take(np.sort(np.concatenate(rows))))
    return found


def tried(start: Callable[[Recipe, Examples], Network], draw: Examples, test: Examples, steps: int, seed: int):
    """Return the CPU's seconds a step, and the balanced accuracy on the test items."""
    recipe = Recipe(IMAGE, "small_cnn", steps, BATCH, IMAGE.policy("auto", draw.shape))
    started = time.process_time()
    network = train(Mixture(draw, None, 0.0), recipe, seed, start=start)
    spent = time.process_time() - started
    return spent / steps, classification_scores(test.y, predict(IMAGE, network, test.x))["balanced_accuracy"]


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each draw, and the mean gain with its interval."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("data", help="what `data` of a study takes; with a test set")
    options.add_argument("--size", default="64", help="side in pixels (64)")
    options.add_argument("--per-class", type=int, default=100)
    options.add_argument("--draws", type=int, default=4)
    options.add_argument("--steps", type=int, default=250)
    asked = options.parse_args(words)
    torch.set_num_threads(1)
    data = read(asked.data, size=asked.size)
    print("| draw | ms a step, three / grown | times faster | balanced accuracy, three / grown | points |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    gains, faster = [], []
    for number, draw in enumerate(draws(data.pool, asked.per_class, asked.draws)):
        (slow, before), (quick, now) = (tried(s, draw, data.test, asked.steps, number) for s in NETWORKS.values())
        gains.append(100 * (now - before))
        faster.append(slow / quick)
        times, scores = f"{1000 * slow:.0f} / {1000 * quick:.0f}", f"{before:.3f} / {now:.3f}"
        print(f"| {number} | {times} | {faster[-1]:.1f} | {scores} | {gains[-1]:+.1f} |", flush=True)
    found = paired_t(np.array(gains))
    print(f"mean gain {found.mean:+.1f} [{found.low:.1f}, {found.high:.1f}] points; {np.mean(faster):.1f} times faster")


if __name__ == "__main__":
    main()
