"""How fast large sets are written: the network's forward pass, the encoding, and both together.

`python benchmarks/generate.py` prints one row per kind of image and format. The three are measured in turn in one
process: the bare forward pass makes the blocks of a shard, the bare encoding writes items that are ready into a shard,
and `gannb generate` makes the same shard whole. Items a second of CPU time, which other processes do not disturb, and
of wall time (the best of all rounds), which on an idle machine with two cores shows how far the two overlap.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from gannb.data import read
from gannb.formats import FORMATS, Item
from gannb.generators import GENERATORS, Job
from gannb.shards import BLOCK, WORK, Maker, Plan, class_block, loaded_generator
from gannb.study import make_study

KINDS = {  # name: size, channels, family, blocks of each of ten classes
    "8x8 grey": ("8", 1, "mlp", 8),
    "32x32 grey": ("32", 1, "projection", 2),
    "64x64 colour": ("64", 3, "projection", 1),
}


def main(words: list[str] | None = None) -> int:
    """Print the table."""
    options = _options().parse_args(words)
    torch.set_num_threads(1)
    print("| images | family | format | forward | encoding | together | of what one core can | of the slower, wall |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
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
    GENERATORS[family](make_study()).fit(draw, Job(steps, 0)).save(folder / "generator")
    return folder / "generator"


def _row(kind: str, name: str, trained: Path, to: Path, repeats: int) -> str:
    size, channels, family, blocks = KINDS[kind]
    shape, classes = (int(size), int(size), channels), tuple(map(str, range(10)))
    plan = Plan(name, classes, (blocks * BLOCK,) * 10, shape, 0, False, "")
    (shard,) = plan.shards
    maker, generator = Maker(to, plan, trained, "cpu", to, to), loaded_generator(trained, "cpu")
    (to / WORK / "bare").mkdir(parents=True)
    order = [(k, b) for b in range(blocks) for k in range(10)]
    ready = [(k, BLOCK * b + i, x) for k, b in order for i, x in enumerate(class_block(generator, 0, k, b))]

    def forward() -> None:
        for k, b in order:
            class_block(generator, 0, k, b)

    rounds = [_times(forward, lambda: _encode(maker, shard, ready), lambda: maker.make(shard)) for _ in range(repeats)]
    cpu = len(plan) / np.median(rounds, axis=0)[:, 0]
    wall = len(plan) / np.min(rounds, axis=0)[:, 1]
    bound = 1 / (1 / cpu[0] + 1 / cpu[1])
    speeds = " | ".join(f"{speed:,.0f}" for speed in cpu)
    shares = f"{cpu[2] / bound:.0%} | {wall[2] / min(wall[:2]):.0%}"
    return f"| {kind} | {family} | {name} | {speeds} | {shares} |"


def _encode(maker: Maker, shard, ready: list[Item]) -> None:
    """Write a shard of items that are ready, over an earlier one."""
    bare = maker.folder / WORK / "bare"
    for k, _, _ in shard.parts if maker.plan.format == "folder" else ():
        if (bare / shard.classes[k]).is_dir():
            for file in (bare / shard.classes[k]).iterdir():
                file.unlink()
            (bare / shard.classes[k]).rmdir()
    FORMATS[maker.plan.format].write(bare, shard, iter(ready))


def _times(*calls: Callable[[], None]) -> list[tuple[float, float]]:
    """CPU and wall seconds of each call."""
    found = []
    for call in calls:
        cpu, wall = time.process_time(), time.perf_counter()
        call()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return found


if __name__ == "__main__":
    sys.exit(main())
