"""Fashion-MNIST parted into a labelled set and images without labels.

`python benchmarks/parted.py FOLDER-OF-THE-FOUR-FILES labelled.npz unlabelled.npz` writes 4,000 images to train on with
5,000 to test on, and 8,000 others without labels. Then
`gannb run notebooks/studies/fashion-mnist-unlabelled.yaml --data labelled.npz --set unlabelled=unlabelled.npz`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gannb.media.image.sources.arrays import from_idx

TRAIN, TEST, UNLABELLED = 4_000, 5_000, 8_000


def main(words: Sequence[str] | None = None) -> int:
    """Write both sets; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path, help="where the four idx .gz files lie")
    options.add_argument("labelled", help="the .npz of labelled images to write")
    options.add_argument("unlabelled", help="the .npz of images without labels to write")
    given = options.parse_args(words)
    found = from_idx(given.folder)
    train, test = np.flatnonzero(~found.is_test), np.flatnonzero(found.is_test)[:TEST]
    labelled, rest = train[:TRAIN], train[TRAIN : TRAIN + UNLABELLED]
    images = lambda which: np.stack([found.load(i)[0] for i in which])  # noqa: E731
    np.savez_compressed(
        given.labelled, train_images=images(labelled), train_labels=found.y[labelled], test_images=images(test),
        test_labels=found.y[test],
    )  # fmt: skip
    np.savez_compressed(given.unlabelled, train_images=images(rest))
    print(f"{given.labelled}: {TRAIN:,} images to train on, {TEST:,} to test on; {given.unlabelled}: {UNLABELLED:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
