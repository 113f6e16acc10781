"""Small sets of captioned images, written as files in all forms in which captions come."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from image_sets import photo, write

SHAPES = ("circle", "square")
COLOURS = ("red", "green", "blue", "dark")


def images(root: Path, n: int = 4, folders: bool = True, seed: int = 0) -> list[tuple[str, str, str]]:
    """Write n images for each of two classes; gives back (file, caption, class) of each."""
    rows = []
    for k, name in enumerate(SHAPES):
        for i in range(n):
            file = f"{name}/{name}{i}.png" if folders else f"{name}{i}.png"
            write(root / file, photo(seed + 1000 * k + i, 16, 16))
            rows.append((file, f"a {COLOURS[i % 4]} thing at place {i + 10 * k}", name))
    return rows


def table(path: Path, rows: list[tuple], header: tuple[str, ...] = ("file", "caption")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([header, *[row[: len(header)] for row in rows]])
    return path


def lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def captioned_folder(root: Path, n: int = 4) -> Path:
    """A folder of images per class with captions.csv, the usual form."""
    table(root / "captions.csv", images(root, n))
    return root
