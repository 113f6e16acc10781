"""Spoken digits to be tested on speakers whom training never hears.

`python benchmarks/by_speaker.py fsdd_8khz_int16.npz fsdd.npz` writes the same clips with another test set: all clips of
the last two speakers. Then `gannb run notebooks/studies/fsdd.yaml --data fsdd.npz`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np


def main(words: Sequence[str] | None = None) -> int:
    """Write the set; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("file", help="an .npz of clips with `speakers`, numbers from 0 up")
    options.add_argument("to", help="the .npz to write")
    options.add_argument("--unheard", type=int, default=2, help="speakers of the test set (2)")
    given = options.parse_args(words)
    with np.load(given.file) as stored:
        arrays = dict(stored)
    speakers = arrays["speakers"]
    arrays["is_test"] = speakers > speakers.max() - given.unheard
    np.savez_compressed(given.to, **arrays)
    print(f"{given.to}: {arrays['is_test'].sum():,} of {len(speakers):,} clips to test on, of {given.unheard} speakers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
