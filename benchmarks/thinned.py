"""A set whose imbalance is planted: scikit-learn's digits, of which 5 to 9 are thinned to one in so many.

`python benchmarks/thinned.py digits-1-to-20.npz` writes 160 items of each of 0 to 4 and 8 of each of 5 to 9, in the
MedMNIST layout; then `gannb run notebooks/studies/digits-1-to-20.yaml --data digits-1-to-20.npz`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from gannb.media.image.reading import read

LARGE = 160  # items of a large class
SMALL_FROM = 5  # digit from which on classes are small


def thinned(y: np.ndarray, counts: Sequence[int], seed: int) -> np.ndarray:
    """Return the rising indices into y (N,) of random `counts` (K,) items of each class."""
    order = np.random.default_rng(seed).permutation(len(y))
    return np.sort(np.concatenate([order[y[order] == k][:n] for k, n in enumerate(counts)]))


def main(words: Sequence[str] | None = None) -> int:
    """Write the set; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("file", help="the .npz to write")
    options.add_argument("--ratio", type=int, default=20, help="items of a large class to one of a small one (20)")
    options.add_argument("--seed", type=int, default=0, help="which items are kept (0)")
    given = options.parse_args(words)
    digits = read("digits").pool
    small = LARGE // given.ratio
    counts = [LARGE if k < SMALL_FROM else small for k in range(digits.n_classes)]
    kept = digits.take(thinned(digits.y, counts, given.seed))
    np.savez_compressed(given.file, train_images=kept.x[..., 0], train_labels=kept.y)
    print(f"{given.file}: {LARGE} items of each of 0 to {SMALL_FROM - 1}, {small} of each of {SMALL_FROM} to 9")
    return 0


if __name__ == "__main__":
    sys.exit(main())
