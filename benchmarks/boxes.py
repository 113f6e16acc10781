"""Single boxes of NLVR pictures, each with a caption made by rule from what is seen in it.

    python benchmarks/boxes.py nlvr.npz boxes/

writes a folder of images per class (`scatter`, `tower`) with `captions.csv`, as a study reads it.

The sentences of NLVR (Suhr et al. 2017) are about three boxes at once, and nearly half of them are false, so none is
used. What lies in a box is found by its colours: blocks of flat colour, whose part of their bounding box says whether
they are squares (1), circles (.75 to .77) or triangles (.52 to .56). A tower is a column of squares of 20 pixels in the
middle of the box; its caption names its blocks from the top, so that two towers differ by the order of words alone. A
scatter of up to `MOST_OBJECTS` is named by colours, shapes and their numbers, without sizes and places.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from gannb.data.examples import Examples

BOX, STRIDE = 100, 150  # pixels of a box, and from one to the next in a picture of three
GREY = np.array([211, 211, 211], np.float32)  # around the objects
COLOURS = {"black": (0, 0, 0), "blue": (0, 153, 255), "yellow": (255, 255, 0)}
SHAPES = {"triangle": 0.65, "circle": 0.9, "square": 1.01}  # up to this part of the bounding box
BLOCK, LEFT = 20, 40  # side of a tower's block, and its place
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
MOST_OBJECTS = 3  # in a scatter
TOWERS = 1200  # of which there are more, mostly alike
CLASSES = ("scatter", "tower")
Found = tuple[str, str, int, int, int]  # colour, shape, top, left, width


def objects(box: np.ndarray) -> list[Found]:
    """What lies in a box (100, 100, 3) uint8, from the top."""
    box, found = box.astype(np.float32), []
    of_grey = 0.6**2 * ((box - GREY) ** 2).sum(-1)
    for colour, value in COLOURS.items():
        nearer = ((box - np.float32(value)) ** 2).sum(-1) < of_grey
        parts, _ = ndimage.label(nearer)
        for number, (down, across) in enumerate(ndimage.find_objects(parts), start=1):
            share = (parts[down, across] == number).mean()
            shape = next(name for name, most in SHAPES.items() if share < most)
            found.append((colour, shape, down.start, across.start, across.stop - across.start))
    return sorted(found, key=lambda one: one[2:])


def is_tower(found: Sequence[Found]) -> bool:
    """Tell whether objects are a column of blocks that stands on the floor of its box."""
    blocks = all(shape == "square" and left == LEFT and width == BLOCK for _, shape, _, left, width in found)
    return blocks and bool(found) and found[-1][2] + BLOCK == BOX


def caption(found: Sequence[Found]) -> str:
    """What objects are, in a sentence: "a tower of two blocks: black on blue", "one blue circle and two black squares"."""
    if is_tower(found):
        blocks = f"{NUMBERS[len(found)]} block{'s' * (len(found) > 1)}"
        return f"a tower of {blocks}: {' on '.join(colour for colour, *_ in found)}"
    counts = sorted(Counter((colour, shape) for colour, shape, *_ in found).items())
    named = [f"{NUMBERS[n]} {colour} {shape}{'s' * (n > 1)}" for (colour, shape), n in counts]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def read(path: Path, side: int = 32) -> Examples:
    """The boxes of an npz of NLVR as examples with captions: towers, the first `TOWERS` of them, and small scatters."""
    stored = np.load(path, allow_pickle=False)
    bounds, png = stored["offsets"], stored["png"]
    images, captions, labels = [], [], []
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        picture = np.asarray(Image.open(io.BytesIO(png[start:end].tobytes())).convert("RGB"))
        for left in range(0, picture.shape[1], STRIDE):
            box = picture[:, left : left + BOX]
            found = objects(box)
            tower = is_tower(found)
            if (labels.count(1) == TOWERS) if tower else not 1 <= len(found) <= MOST_OBJECTS:
                continue
            images.append(np.asarray(Image.fromarray(box).resize((side, side), Image.Resampling.BOX)))
            captions.append(caption(found))
            labels.append(int(tower))
    ids = np.array([f"box{i:04}" for i in range(len(labels))])
    return Examples(
        np.stack(images), np.array(labels), CLASSES, ids, np.arange(len(ids)), np.array(captions)[:, None]
    )


def main(words: Sequence[str] | None = None) -> int:
    """Write the boxes as a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=32)
    arguments = parser.parse_args(words)
    boxes, rows = read(arguments.data, arguments.side), [("file", "caption")]
    for item, k, name, (sentence,) in zip(boxes.x, boxes.y, boxes.ids, boxes.captions, strict=True):
        file = f"{CLASSES[k]}/{name}.png"
        (arguments.folder / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(item).save(arguments.folder / file)
        rows.append((file, sentence))
    with (arguments.folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    print(f"{len(boxes)} boxes with {len(set(boxes.captions[:, 0]))} captions in {arguments.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
