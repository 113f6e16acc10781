"""How fast large sets are written: the network's forward pass, the encoding, and both together.

`python benchmarks/generate.py` prints one row per kind of image and format, in items a second. Measured in turn, in one
process with one thread: the bare forward pass makes the blocks of a shard; the bare encoding writes items that are
ready into a shard; `gannb generate` makes the same shard, whole. These are per second of CPU time, which the machine's
other processes do not eat, and the median of all rounds. On one core the two stages share it, so that together they
can do 1 / (1 / forward + 1 / encoding) at most.

`overlap` is what is left of the encoding's speed (wall time, median of all rounds) when the forward pass is as slow and
takes place elsewhere, as on a GPU: it waits instead of computing. Half would mean that the one waits for the other.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from gannb.export.formats import FORMATS
from gannb.export.shards import BLOCK, WORK, Maker, Plan, class_block, loaded_generator
from gannb.generators import registry
from gannb.generators.interface import Condition, Generator, Job
from gannb.media.image import IMAGE
from gannb.media.image.reading import read

KINDS = {  # name: size, channels, family, blocks of each of ten classes in a shard
    "8x8 grey": ("8", 1, "mlp", 12),
    "32x32 grey": ("32", 1, "projection", 12),
    "64x64 colour": ("64", 3, "projection", 12),
}


def main(words: list[str] | None = None) -> int:
    """Print the table."""
    options = _options().parse_args(words)
    torch.set_num_threads(1)
    print("| images | family | format | forward | encoding | together | of what a core can | of the slower | overlap |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            trained = _trained(kind, Path(folder), options.steps)
            for name in options.formats:
                print(_row(kind, name, trained, Path(folder) / name, options.repeats), flush=True)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=list(FORMATS))
    parser.add_argument("--steps", type=int, default=100, help="of training, so that images look like images")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of forward, encoding, both")
    parser.add_argument("--folder", help="where the sets go; the system's temporary folder by default")
    return parser


def _trained(kind: str, folder: Path, steps: int) -> Path:
    """A generator trained for a few steps on handwritten digits of this size."""
    size, channels, family, _ = KINDS[kind]
    draw = read("digits", size=size, channels=channels, resize="stretch").pool
    registry.make(IMAGE, family).fit(draw, Job(steps, 0)).save(folder / "generator")
    return folder / "generator"


class Elsewhere:
    """A generator whose forward pass takes place on another device: it waits, then gives what was made before."""

    def __init__(self, generator: Generator) -> None:
        self.generator, self.seconds = generator, 0.0
        self.made: dict[tuple[int, int], np.ndarray] = {}

    def sample(self, condition: Condition, seed: int) -> np.ndarray:
        key = (int(condition.labels[0]), seed)
        if key not in self.made:
            self.made[key] = self.generator.sample(condition, seed)
        time.sleep(self.seconds)
        return self.made[key]


class Bench:
    """One kind of image in one format: what is measured."""

    def __init__(self, kind: str, name: str, trained: Path, folder: Path) -> None:
        size, channels, self.family, blocks = KINDS[kind]
        classes = tuple(map(str, range(10)))
        shape = (int(size), int(size), channels)
        self.plan = Plan(name, classes, (blocks * BLOCK,) * 10, shape, 0, False, "", "image", classes)
        (self.shard,) = self.plan.shards
        self.folder, self.trained, self.generator = folder, trained, loaded_generator(trained, IMAGE, "cpu")
        self.order = [(k, b) for b in range(blocks) for k in range(10)]
        made = [(k, BLOCK * b, class_block(self.generator, 0, k, b)) for k, b in self.order]
        self.ready = [(k, start + i, image) for k, start, x in made for i, image in enumerate(x)]
        self.elsewhere = Elsewhere(self.generator)

    def forward(self, to: Path) -> None:
        for k, b in self.order:
            class_block(self.generator, 0, k, b)

    def encoding(self, to: Path) -> None:
        self.plan.layout.write(to, self.shard, iter(self.ready))

    def together(self, to: Path) -> None:
        self._make("cpu", to)

    def overlapping(self, to: Path) -> None:
        with mock.patch("gannb.export.shards.loaded_generator", lambda *where: self.elsewhere):
            self._make("elsewhere", to)

    def _make(self, device: str, to: Path) -> None:
        Maker(to, self.plan, self.trained, device, to, to).make(self.shard)

    def times(self) -> list[tuple[float, float]]:
        """CPU and wall seconds of each, one after the other, each into a new folder."""
        found = []
        for call in (self.forward, self.encoding, self.together, self.overlapping):
            to = self.folder / call.__name__
            (to / WORK).mkdir(parents=True)
            cpu, wall = time.process_time(), time.perf_counter()
            call(to)
            found.append((time.process_time() - cpu, time.perf_counter() - wall))
            shutil.rmtree(to)
            if call == self.encoding:
                self.elsewhere.seconds = found[-1][1] / len(self.order)
        return found


def _row(kind: str, name: str, trained: Path, folder: Path, repeats: int) -> str:
    bench = Bench(kind, name, trained, folder)
    bench.times()  # warms up
    rounds = np.array([bench.times() for _ in range(repeats)])  # (rounds, what, CPU or wall)
    forward, encoding, together, _ = speeds = len(bench.plan) / np.median(rounds[..., 0], axis=0)
    shares = together * (1 / forward + 1 / encoding), together / min(forward, encoding)
    overlap = np.median(rounds[:, 1, 1] / rounds[:, 3, 1])
    texts = [f"{speed:,.0f}" for speed in speeds[:3]] + [f"{share:.0%}" for share in (*shares, overlap)]
    return f"| {kind} | {bench.family} | {name} | {' | '.join(texts)} |"


if __name__ == "__main__":
    sys.exit(main())
