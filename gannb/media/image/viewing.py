"""Images as pretrained networks are shown them: larger than a study's own, where the files hold more."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from gannb.data.assembly import content_fingerprint
from gannb.data.source import attempt, refuse_or_list
from gannb.media.image.reading import Target, digest_of, resized, with_channels
from gannb.media.image.sources.files import FILES, without_warnings
from gannb.media.image.sources.formats import open_source
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.examples import Dataset
    from gannb.data.medium import Weights

Shape = tuple[int, ...]  # (H, W, C)


def view_shape(dataset: Dataset, weights: Weights) -> Shape | None:
    """Return the shape in which a network is shown images: as large as half of the files are, and no larger than its
    own input; None where that is no larger than the study's.
    """
    from gannb.media.image.pretrained import input_sides

    height, width, channels = dataset.pool.shape
    sides = [(min(map(int, re.findall(r"\d+", shape))), count) for shape, count in dataset.report.shapes.items()]
    usual = int(np.median(np.repeat(*np.array(sides).T)))
    factor = min(usual, min(input_sides(weights))) / min(height, width)
    return (round(factor * height), round(factor * width), channels) if factor > 1 else None


def read_view(data: str, like: Dataset, shape: Shape, folder: Path, *, resize: str | None, on_bad_image: str) -> None:
    """Read the images of a data set again, brought to a shape, into pool.npy and test.npy of a folder.

    They are written as they are decoded: never more than a few are in memory. Raises InputError where the files no
    longer are those that the data set was read from.
    """
    source, (height, width, channels) = open_source(data, on_bad_image), shape
    target = Target((height, width), resize or "crop", channels, "")
    parts = {"pool": like.pool} | ({} if like.test is None else {"test": like.test})
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (len(part), *shape))
        for name, part in parts.items()
    }
    places: dict[str, list[tuple[str, int]]] = {}
    for name, part in parts.items():
        for row, id in enumerate(part.ids.tolist()):
            places.setdefault(id, []).append((name, row))

    def item(i: int) -> bytes:
        native, _ = source.load(i)
        for name, row in places.get(source.ids[i], []):
            arrays[name][row] = with_channels(resized(native, target), channels)
        return digest_of(native)

    threads = min(8, os.cpu_count() or 1) if source.kind == "folder" else 1
    with without_warnings():
        digests, bad = attempt(item, range(len(source.ids)), threads)
    refuse_or_list([(source.ids[i], reason) for i, reason in bad], on_bad_image, FILES.on_bad)
    keep = [i for i, found in enumerate(digests) if found is not None]
    if content_fingerprint(source.take(keep), [digests[i] for i in keep]) != like.fingerprint:
        raise InputError(
            f"data: the images in {data} are no longer those that the study was made with, and its pretrained network "
            "is to see them larger than the study's copy has them; put them back, or leave out the arms named transfer."
        )
    for array in arrays.values():
        array.flush()


def enlarged(x: np.ndarray, shape: Shape) -> np.ndarray:
    """Bring images (N, H, W, C) uint8 to another size, by Lanczos as the files were: (N, *shape)."""
    height, width, channels = shape
    made = np.empty((len(x), *shape), np.uint8)
    for one, large in zip(x, made, strict=True):
        image = Image.fromarray(one[..., 0] if channels == 1 else one)
        large[:] = np.asarray(image.resize((width, height), Image.Resampling.LANCZOS)).reshape(shape)
    return made
