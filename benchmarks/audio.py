"""What classifiers, augmentation and generators of sounds are worth on a small draw of spoken digits.

    export OMP_NUM_THREADS=1
    python benchmarks/audio.py FSDD.npz --classifiers logmel_cnn raw_cnn --policies none full --out rows.jsonl
    python benchmarks/audio.py FSDD.npz --generators specgan gaussian --out rows.jsonl
    python benchmarks/audio.py FSDD.npz --generators wavegan_fast --classes 3 --steps 800 --out rows.jsonl
    python benchmarks/audio.py --table --out rows.jsonl

FSDD.npz has clips (`audio`, `offsets`, `rate`, `labels`) and a given test set, `is_test`; speakers are the same in
both. Draws of `--per-class` clips of each class do not overlap. One row of JSON per measurement is appended to the
file; rows that are there are not computed again.

    accuracy    on the test clips, of a classifier trained on the draw: 600 steps of 32, as a study trains it
    gan_test    share of the made clips in which a classifier of the pool's other clips hears their label
    judge       its accuracy on the test clips
    cas         accuracy on the test clips of a classifier trained on the made clips alone (Ravuri & Vinyals 2019)
    diversity   of the made clips of a class over the draw's, in log-mel; 1: as diverse
    nn_ratio    median distance to the draw, in log-mel, of made clips over that of test clips: towards 0 for copies
    seconds     CPU seconds of this process, of training; of a generator also milliseconds to make a clip
    gain        points of accuracy of a policy, or of a network, against another on the same draws: the mean of the
                differences, draw by draw, and its 95 % t interval
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, predict, train
from gannb.data.examples import Dataset, Examples
from gannb.data.medium import Medium
from gannb.generators import registry
from gannb.generators.interface import Condition, Job
from gannb.measures.fidelity import diversity, nearest_neighbour_ratio
from gannb.media import medium_of
from gannb.media.audio import reading as audio
from gannb.stats.intervals import paired_t

STEPS, JUDGE_STEPS, BATCH = 600, 1000, 32
MADE = 50  # clips of a class
COLUMNS = ("accuracy", "gan_test", "judge", "cas", "diversity", "nn_ratio", "seconds", "ms_per_clip")


def read(path: Path) -> tuple[Medium, Dataset]:
    """The prepared clips, each a group of its own, at 8 kHz; and their medium, which knows the rate."""
    dataset = audio.read(str(path), rate=8000, groups="(.+)")
    return medium_of(dataset), dataset


class Bench:
    """The draws of a data set, and what is measured on them."""

    def __init__(self, medium: Medium, dataset: Dataset, per_class: int, draws: int, classes: int) -> None:
        self.medium, self.per_class, self.draws = medium, per_class, draws
        self.pool, self.test = (_first(part, classes) for part in (dataset.pool, dataset.test))
        rng = np.random.default_rng(0)
        self.orders = [rng.permutation(np.flatnonzero(self.pool.y == k)) for k in range(classes)]

    def draw(self, number: int) -> Examples:
        """The clips of a draw."""
        start = number * self.per_class
        return self.pool.take(np.concatenate([order[start : start + self.per_class] for order in self.orders]))

    @lru_cache(maxsize=1)  # noqa: B019
    def judge(self) -> torch.nn.Module:
        """A classifier of the pool's clips in none of the draws."""
        rest = np.concatenate([order[self.draws * self.per_class :] for order in self.orders])
        return self._trained(self.pool.take(rest), self.medium.measuring_classifier, "auto", 0, JUDGE_STEPS)

    def _trained(self, items: Examples, name: str, policy: str, seed: int, steps: int) -> torch.nn.Module:
        recipe = Recipe(self.medium, name, steps, BATCH, self.medium.policy(policy, items.shape))
        return train(Mixture(items, None, 0.0), recipe, seed)

    def _accuracy(self, network: torch.nn.Module, items: Examples) -> float:
        return float((predict(self.medium, network, items.x).argmax(1) == items.y).mean())

    def classifier(self, number: int, name: str, policy: str) -> dict[str, float]:
        """Accuracy and time of a classifier trained on a draw."""
        start = time.process_time()
        network = self._trained(self.draw(number), name, policy, number, STEPS)
        seconds = time.process_time() - start
        return {"accuracy": self._accuracy(network, self.test), "seconds": seconds}

    def generator(self, number: int, name: str, steps: int) -> dict[str, float]:
        """What a generator fitted to a draw makes, and how long it takes."""
        draw, start = self.draw(number), time.process_time()
        generator = registry.make(self.medium, name).fit(draw, Job(steps, number))
        fitted = time.process_time()
        made = _examples(generator, draw, number)
        sampled = time.process_time()
        raw = self.medium.raw_features
        x, of_draw = raw(made.x), raw(draw.x)
        taught = self._trained(made, self.medium.measuring_classifier, "auto", number, STEPS)
        return {
            "gan_test": self._accuracy(self.judge(), made),
            "cas": self._accuracy(taught, self.test),
            "judge": self._accuracy(self.judge(), self.test),
            "diversity": diversity(x, made.y) / diversity(of_draw, draw.y),
            "nn_ratio": nearest_neighbour_ratio(of_draw, x, raw(self.test.x)),
            "seconds": fitted - start,
            "ms_per_clip": 1000 * (sampled - fitted) / len(made),
        }


def _first(items: Examples, classes: int) -> Examples:
    """The items of the first so many classes."""
    some = items.take(items.y < classes)
    return Examples(some.x, some.y, some.classes[:classes], some.ids, some.groups)


def _examples(generator: Any, draw: Examples, seed: int) -> Examples:
    """`MADE` items of each class."""
    y = np.repeat(np.arange(draw.n_classes), MADE)
    return Examples(
        generator.sample(Condition(y), seed), y, draw.classes, np.arange(len(y)).astype(str), np.arange(len(y))
    )


def run(bench: Bench, arguments: argparse.Namespace) -> None:
    """Measure what is asked for and is not there yet, a draw after the other: cut off, it still compares alike."""
    size = {"per_class": bench.per_class, "classes": bench.pool.n_classes}
    wanted = [
        {"classifier": name, "policy": policy, "draw": number} | size
        for number in range(bench.draws) for name in arguments.classifiers for policy in arguments.policies
    ]  # fmt: skip
    families = bench.medium.families
    wanted += [
        {"generator": name, "steps": arguments.steps or getattr(families.get(name), "steps", 0), "draw": number} | size
        for number in range(bench.draws) for name in arguments.generators
    ]  # fmt: skip
    for key in wanted:
        if any(key.items() <= row.items() for row in rows(arguments.out)):
            continue
        number = key["draw"]
        if "classifier" in key:
            found = bench.classifier(number, key["classifier"], key["policy"])
        else:
            found = bench.generator(number, key["generator"], key["steps"])
        print(key, found, flush=True)
        with arguments.out.open("a") as file:
            file.write(json.dumps(key | found) + "\n")


def rows(file: Path) -> list[dict[str, Any]]:
    """What was measured."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def table(measured: list[dict[str, Any]]) -> str:
    """Means and ranges over draws, as Markdown: a table of classifiers, one of generators, and gains in pairs."""
    named = {"classifier": ("policy",), "generator": ("steps",)}
    tables = [_of_kind([row for row in measured if kind in row], (kind, *rest)) for kind, rest in named.items()]
    return "\n\n".join([*tables, gains(measured)])


def gains(measured: list[dict[str, Any]]) -> str:
    """What every policy brings beside each that comes before it, and the first network beside others, as Markdown."""
    found: dict[tuple[str, str], dict[tuple[int, ...], float]] = defaultdict(dict)
    for row in measured:
        if "classifier" in row:
            draw = (row["classes"], row["per_class"], row["draw"])
            found[row["classifier"], row["policy"]][draw] = 100 * row["accuracy"]
    lines = [["classifier, policy", "against", "draws", "gain"], ["---"] * 4]
    for number, (this, mine) in enumerate(found.items()):
        for other, theirs in [*found.items()][:number]:
            both = sorted(mine.keys() & theirs.keys())
            if len(both) > 1 and sum(a != b for a, b in zip(this, other, strict=True)) == 1:
                gain = paired_t(np.array([mine[draw] - theirs[draw] for draw in both]))
                lines.append([", ".join(this), ", ".join(other), str(len(both)),
                              f"{gain.mean:+.1f} [{gain.low:.1f}, {gain.high:.1f}]"])  # fmt: skip
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _of_kind(measured: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    names = (*names, "classes", "per_class")
    columns = [name for name in COLUMNS if measured and name in measured[0]]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in measured:
        groups[tuple(row[name] for name in names)].append(row)
    lines = [[*names, "draws", *columns], ["---"] * (len(names) + 1 + len(columns))]
    for key, found in groups.items():
        lines.append([*map(str, key), str(len(found)), *(_of([row[name] for row in found]) for name in columns)])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _of(values: list[float]) -> str:
    digits = 0 if max(values) > 5 else 3
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def main(words: Sequence[str] | None = None) -> int:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--classifiers", nargs="*", default=[])
    parser.add_argument("--policies", nargs="*", default=["none", "full"])
    parser.add_argument("--generators", nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=0, help="of a GAN; by default as a study has it")
    parser.add_argument("--per-class", type=int, default=10)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("audio.jsonl"))
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    if arguments.table:
        print(table(rows(arguments.out)))
        return 0
    run(Bench(*read(arguments.data), arguments.per_class, arguments.draws, arguments.classes), arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
