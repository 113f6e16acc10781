"""Side facts of images: each way in which the files of two classes may differ is told, and like sources are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from image_sets import npz, photo, write
from PIL import Image

from gannb.media.image.reading import read
from gannb.media.image.sources.sides import colour_of

Save = Callable[[Path, Image.Image, int, int], object]  # file without extension, picture, class, number


def two_classes(root: Path, save: Save, n: int = 8) -> str:
    for k, name in enumerate(("ill", "well")):
        for i in range(n):
            (root / name).mkdir(parents=True, exist_ok=True)
            save(root / name / str(i), photo(1000 * k + i), k, i)
    return str(root)


def exif(make: str) -> Image.Exif:
    found = Image.Exif()
    found[271] = make
    return found


def tinted(image: Image.Image) -> Image.Image:
    grey = np.asarray(image.convert("L"), float)[..., None]
    return Image.fromarray((grey * [1.0, 0.9, 0.75]).astype(np.uint8))


def png(path: Path, image: Image.Image, **options: object) -> None:
    write(path.with_suffix(".png"), image, **options)


def jpg(path: Path, image: Image.Image, **options: object) -> None:
    write(path.with_suffix(".jpg"), image, **options)


BY_CLASS: dict[str, tuple[Save, str]] = {
    "grey and in colour": (lambda p, x, k, i: png(p, x.convert("L") if k else x), "kind of colour"),
    "grey and tinted": (lambda p, x, k, i: png(p, tinted(x) if k else x.convert("L").convert("RGB")), "kind of colour"),
    "tinted and in colour": (lambda p, x, k, i: jpg(p, tinted(x) if k else x, quality=95), "kind of colour"),
    "sizes": (lambda p, x, k, i: png(p, x.resize((40 + i, 40 + i) if k else (60 + i, 70))), "size"),
    "formats": (lambda p, x, k, i: (png if k else jpg)(p, x), "format"),
    "a quality of JPEG": (lambda p, x, k, i: jpg(p, x, quality=75 if k else 95), "compression"),
    "cameras": (lambda p, x, k, i: jpg(p, x, exif=exif("Nikon" if k else "Canon")), "camera"),
    "a resolution": (lambda p, x, k, i: png(p, x, dpi=(300, 300) if k else (72, 72)), "notes in the file"),
    "a palette": (lambda p, x, k, i: png(p, x.quantize(64) if k else x), "kind of pixels"),
}


@pytest.mark.parametrize(("save", "fact"), BY_CLASS.values(), ids=BY_CLASS)
def test_files_that_differ_by_class_are_told(tmp_path, save, fact):
    (sentence,) = read(two_classes(tmp_path, save), size="32").report.remarks
    by = sentence.partition("by their ")[2].partition(": this alone")[0]
    assert fact in by and "right for 100% of 16 images" in sentence and "largest class: 50%" in sentence


def test_files_that_differ_within_classes_alone_are_not(tmp_path):
    def save(path: Path, image: Image.Image, k: int, i: int) -> None:
        image = image if i % 3 else image.convert("L")
        image = image.resize((40 + i % 5, 40 + i % 4))
        (png if i % 2 else jpg)(path, image, exif=exif(f"Camera {i % 4}"))

    assert read(two_classes(tmp_path, save, n=12)).report.remarks == []


def test_colour_does_not_count_where_all_are_brought_to_grey(tmp_path):
    data = two_classes(tmp_path, lambda p, x, k, i: png(p, tinted(x) if k else x))
    assert read(data).report.remarks and read(data, channels=1).report.remarks == []


def test_arrays_have_colours_alone(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(40) % 2
    images[labels == 1] = images[labels == 1][..., :1]
    (sentence,) = read(str(npz(tmp_path / "set.npz", train_images=images, train_labels=labels))).report.remarks
    assert "by their kind of colour (grey, tinted or full): this alone" in sentence


def test_damaged_notes_are_passed_over(tmp_path):
    data = two_classes(tmp_path, lambda p, x, k, i: jpg(p, x, exif=b"Exif\0\0MM\0*\0\0\xff\xff" + bytes([k, i])))
    read(data)


@pytest.mark.parametrize(
    ("image", "kind"),
    [(photo(1), "full"), (photo(1).convert("L"), "grey"), (tinted(photo(1)), "tinted")],
)
def test_kinds_of_colour(image, kind):
    assert colour_of(np.asarray(image.resize((16, 16)))) == kind
