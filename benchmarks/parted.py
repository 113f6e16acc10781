"""Fashion-MNIST parted into a labelled set and images without labels.

`python benchmarks/parted.py FOLDER-OF-THE-FOUR-FILES labelled.npz unlabelled.npz` writes 4,000 images to train on with
5,000 to test on, and 8,000 others without labels. Then
`gannb run notebooks/studies/fashion-mnist-unlabelled.yaml --data labelled.npz --set unlabelled=unlabelled.npz`.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

TRAIN, TEST, UNLABELLED = 4_000, 5_000, 8_000


def idx(file: Path) -> np.ndarray:
    """Read an idx file of bytes: images (N, H, W) or labels (N,) uint8."""
    with gzip.open(file) as opened:
        content = opened.read()
    sides = np.frombuffer(content, ">u4", content[3], 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(sides)


def main(words: Sequence[str] | None = None) -> int:
    """Write both sets; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="where the four idx .gz files lie")
    options.add_argument("labelled", help="the .npz of labelled images to write")
    options.add_argument("unlabelled", help="the .npz of images without labels to write")
    given = options.parse_args(words)
    images, labels, test_images, test_labels = (
        idx(given.folder / f"{part}-{what}-ubyte.gz")
        for part in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    )
    np.savez_compressed(
        given.labelled, train_images=images[:TRAIN], train_labels=labels[:TRAIN], test_images=test_images[:TEST],
        test_labels=test_labels[:TEST],
    )  # fmt: skip
    np.savez_compressed(given.unlabelled, train_images=images[TRAIN : TRAIN + UNLABELLED])
    print(f"{given.labelled}: {TRAIN:,} images to train on, {TEST:,} to test on; {given.unlabelled}: {UNLABELLED:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
