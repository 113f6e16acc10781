"""Emoji with their names as captions, for `notebooks/studies/twemoji.yaml`.

    python benchmarks/twemoji.py twemoji_64.npz twemoji/

writes a folder of images per group of emoji with `captions.csv`, as a study reads it, and beside that folder
`twemoji-new.csv`, captions that no picture has: the first word of one name and the last of another of its group, by
chance. Groups of fewer than `LEAST` pictures are left out (flags, activities, food): they have not enough for separate
draws of about 20.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

LEAST = 150  # pictures of a group
NEW = 40  # captions of a group


def new_names(names: Sequence[str], number: int, rng: np.random.Generator) -> list[str]:
    """At most so many names of two words, in a fixed order: the first of one name, and the last of another."""
    parts = [name.split() for name in names if len(name.split()) > 1]
    firsts, lasts = sorted({p[0] for p in parts}), sorted({p[-1] for p in parts})
    pairs = [f"{first} {last}" for first in firsts for last in lasts if first != last]
    pairs = [pair for pair in pairs if pair not in set(names)]
    return [pairs[i] for i in sorted(rng.permutation(len(pairs))[:number])]


def write(stored: Path, to: Path) -> None:
    """Write the pictures and captions of an npz of `images`, `names` and `groups`, and new captions beside them."""
    found = np.load(stored, allow_pickle=False)
    images, names, groups = found["images"], found["names"], found["groups"]
    rng = np.random.default_rng(0)
    rows, new = [], []
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        if len(own) < LEAST:
            continue
        folder = to / group.split()[0].lower()
        folder.mkdir(parents=True, exist_ok=True)
        for i in own:
            file = folder / f"{i:04}.png"
            Image.fromarray(images[i]).save(file)
            rows.append((f"{folder.name}/{file.name}", names[i]))
        new += [(name, folder.name) for name in new_names(names[own].tolist(), NEW, rng)]
    _table(to / "captions.csv", ("file", "caption"), rows)
    _table(to.parent / f"{to.name}-new.csv", ("caption", "class"), new)


def _table(file: Path, columns: tuple[str, str], rows: Sequence[tuple[str, str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([columns, *rows])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: python {sys.argv[0]} TWEMOJI.npz FOLDER")
    write(Path(sys.argv[1]), Path(sys.argv[2]))
