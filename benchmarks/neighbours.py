"""Exact nearest neighbours of a million generated items among ten thousand real ones, at 2,048 features.

    export OMP_NUM_THREADS=1
    python benchmarks/neighbours.py --blocks 2        # a part of it, beside scikit-learn; about a minute of a core
    python benchmarks/neighbours.py --blocks 250      # all of it: about 10 minutes of a core for each of the two

The generated features, 8 GB, are never in memory: they are made block by block, 4,000 items at a time, from the real
ones (a mixture of two with noise), and each block goes to `neighbours.nearest_of_stream` and to scikit-learn's brute
force, by turns. Prints rows per CPU second of both, in how many rows they name another neighbour, and the largest
memory of the process. Every block costs the same, so the rate of a part is that of the whole.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator

import numpy as np
from sklearn.metrics import pairwise_distances_argmin_min

from gannb.measures.neighbours import nearest_of_stream

REAL, WIDTH, BLOCK, WHOLE = 10_000, 2048, 4_000, 1_000_000


def generated(real: np.ndarray, blocks: int, size: int) -> Iterator[np.ndarray]:
    """Yield blocks (size, D) float32 of made-up generated features."""
    for number in range(blocks):
        rng = np.random.default_rng([1, number])
        one, two = rng.integers(len(real), size=(2, size))
        yield 0.7 * real[one] + 0.3 * real[two] + rng.normal(0, 0.3, (size, real.shape[1])).astype(np.float32)


def measure(real: np.ndarray, blocks: int, size: int) -> dict[str, float]:
    """Return CPU seconds of both, rows searched, and rows in which they name different neighbours."""
    seconds, apart, stream = {"gannb": 0.0, "scikit-learn": 0.0}, 0, generated(real, blocks, size)
    waiting: list[np.ndarray] = []

    def handed_on() -> Iterator[np.ndarray]:
        while waiting:
            yield waiting[-1]

    waiting.append(next(stream))
    search = nearest_of_stream(handed_on(), real)
    for number in range(blocks):
        started = time.process_time()
        index, _ = next(search)
        seconds["gannb"] += time.process_time() - started
        started = time.process_time()
        other, _ = pairwise_distances_argmin_min(waiting[0], real)
        seconds["scikit-learn"] += time.process_time() - started
        apart += int(np.sum(index != other))
        if number + 1 < blocks:
            waiting[0] = next(stream)
    return {**seconds, "rows": blocks * size, "apart": apart}


def main(words: list[str] | None = None, shape: tuple[int, int, int] = (REAL, WIDTH, BLOCK)) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=2)
    given = parser.parse_args(words)
    n, width, size = shape
    real = np.random.default_rng(0).standard_normal((n, width), dtype=np.float32)
    found = measure(real, given.blocks, size)
    print("| search | rows | CPU seconds | rows a second | minutes for a million |")
    print("| --- | --- | --- | --- | --- |")
    for name in ("gannb", "scikit-learn"):
        rate = found["rows"] / max(found[name], 1e-9)
        print(f"| {name} | {found['rows']:,} | {found[name]:.1f} | {rate:,.0f} | {WHOLE / rate / 60:.1f} |")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nother neighbours in {found['apart']} rows; at most {memory:.2f} GiB of memory, both searches together")
    return 0


if __name__ == "__main__":
    sys.exit(main())
