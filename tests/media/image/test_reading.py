"""Reading images: channels, size, resize, what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from image_bytes import profile, tiff, written
from image_sets import (
    folder_of,
    idx_bytes,
    npz,
    photo,
    write,
)
from PIL import Image

from gannb.media.image import reading
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def test_grey_and_colour_mixed_become_colour(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "cat" / "grey.png", photo(70, channels=1))
    found = read(str(tmp_path))
    assert found.pool.shape == (32, 32, 3) and found.report.modes == {"RGB": 6, "L": 1}
    grey = found.pool.x[found.pool.ids == "cat/grey.png"][0]
    assert np.array_equal(grey, np.repeat(np.asarray(photo(70, channels=1))[..., None], 3, axis=2))


def test_grey_pictures_saved_as_colour_count_as_grey(tmp_path):
    for k, name in enumerate("ab"):
        for i in range(2):
            write(tmp_path / name / f"{i}.png", photo(10 * k + i, channels=1).convert("RGB"))
    assert read(str(tmp_path)).pool.shape == (32, 32, 1)
    assert read(str(tmp_path), channels=3).pool.shape == (32, 32, 3)


def test_channels_1_takes_the_luminance(tmp_path):
    found = read(str(folder_of(tmp_path)), channels=1)
    assert np.array_equal(found.pool.x[0, ..., 0], np.asarray(photo(0).convert("L")))


def test_size_is_a_side_or_height_and_width(tmp_path):
    folder = str(folder_of(tmp_path))
    assert read(folder, size="16").pool.shape == (16, 16, 3)
    found = read(folder, size="24x16")
    assert found.pool.shape == (24, 16, 3) and "as `size` asks" in found.report.brought_to
    assert read(folder, size="32").report.brought_to == "All 6 items are 32x32 colour; nothing was resized."


def test_mixed_shapes_get_a_stated_size(tmp_path):
    folder_of(tmp_path, height=50, width=70)
    write(tmp_path / "cat" / "wide.png", photo(9, 30, 90))
    found = read(str(tmp_path))
    assert found.pool.shape == (48, 48, 3)  # the median short side, 50, in steps of 8
    assert "2 shapes (30x90 to 50x70) were brought to 48x48" in found.report.brought_to
    assert "median short side" in found.report.brought_to and "centre crop" in found.report.brought_to


def test_an_odd_shape_is_named(tmp_path):
    root = folder_of(tmp_path, n=4)
    write(root / "cat" / "long.png", photo(90, 8, 4000))
    write(root / "dog" / "dot.png", photo(91, 1, 1))
    write(root / "dog" / "wide.png", photo(92, 30, 44))
    text = read(str(root)).report.brought_to
    assert "4 shapes (1x1 to 8x4000)" in text
    assert text.endswith("Far from the usual 32x32: cat/long.png of 8x4000, dog/dot.png of 1x1.")
    for i in range(4):
        write(root / "dog" / f"long{i}.png", photo(80 + i, 8, 2000))
    assert (
        "cat/long.png of 8x4000, dog/long0.png of 8x2000, dog/long1.png of 8x2000 and 3 more."
        in read(str(root)).report.brought_to
    )


def test_resize_rules(tmp_path):
    wide = np.zeros((20, 40, 3), np.uint8)
    wide[:, :10], wide[:, 10:30], wide[:, 30:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    for path in ("a/0", "a/1", "b/0", "b/1"):
        write(tmp_path / f"{path}.png", Image.fromarray(wide))
    crop, pad, stretch = (read(str(tmp_path), size="20", resize=r).pool.x[0] for r in ("crop", "pad", "stretch"))
    assert (crop[:, 2:-2] == (0, 255, 0)).all()  # only the middle is left
    assert (pad[:5] == 0).all() and (pad[-5:] == 0).all() and pad[10, 1].tolist() == [255, 0, 0]
    assert stretch[0, 1].tolist() == [255, 0, 0] and stretch[0, -2].tolist() == [0, 0, 255]
    assert np.array_equal(read(str(tmp_path), size="20").pool.x[0], crop)


def test_resizing_is_pillows_antialiased_lanczos(tmp_path):
    found = read(str(folder_of(tmp_path)), size="12")
    assert np.array_equal(found.pool.x[0], np.asarray(photo(0).resize((12, 12), Image.Resampling.LANCZOS)))


LITTLE = {  # what 32x32 ramps from `low` to `high` are stored as -> what is said of 6 of them
    "12 bits in 16": (np.uint16, 0, 4095, r"with 16 bits none is brighter than 7% of the range of uint16"),
    "8 bits in 16": (np.uint16, 0, 255, r"with 16 bits none is brighter than \d% of the range of uint16"),
    "signed, shifted": (
        np.uint16,
        32768,
        36000,
        r"with 16 bits none is darker than 50% or brighter than 55% of the range of uint16",
    ),
    "nearly white": (np.uint16, 61000, 65535, r"with 16 bits none is darker than 93% of the range of uint16"),
    "classes": (np.uint8, 0, 3, r"with 8 bits none is brighter than 2% of the range of uint8"),
    "yes and no": (np.uint8, 0, 1, r"with 8 bits none is brighter than 1% of the range of uint8"),
    "12 bits in signed 16": (np.int16, 0, 4095, r"with 16 bits none is brighter than 13% of the range of int16"),
    "8 bits in 32": (np.int32, 0, 255, r"with 32 bits none is brighter than 0% of the range of int32"),
    "12 bits as floats": (
        np.float32,
        0,
        0.0625,
        r"with floats of 0 to 1 none is brighter than 7% of the range of float",
    ),
}


def ramps(dtype: type, low: float, high: float) -> np.ndarray:
    """(6, 32, 32) different images."""
    values = np.linspace(low, high, 32 * 32).reshape(32, 32)
    values = values if np.issubdtype(dtype, np.floating) else np.rint(values)
    return np.stack([np.roll(values, 7 * i, 1) for i in range(6)]).astype(dtype)


def in_container(root: Path, kind: str, images: np.ndarray) -> Path:
    """Images of two classes, as files of a kind or as arrays."""
    if kind == "npz":
        return npz(root / "set.npz", train_images=images, train_labels=np.arange(len(images)) % 2)
    if kind == "idx":
        for part in ("train", "t10k"):
            labels = (np.arange(len(images)) % 2).astype(np.uint8)
            for name, values in (("images-idx3", images), ("labels-idx1", labels)):
                written(root / "set" / f"{part}-{name}-ubyte.gz", gzip.compress(idx_bytes(values)))
        return root / "set"
    for i, image in enumerate(images):
        path = root / "set" / "ab"[i % 2] / f"{i}.{kind}"
        written(path, tiff(image)) if kind == "tif" else write(path, Image.fromarray(image))
    return root / "set"


NUMBERS = {  # what a container holds, of those types
    "npz": (np.uint8, np.uint16, np.int16, np.int32, np.float32),
    "tif": (np.uint8, np.uint16, np.int16, np.int32, np.float32),
    "png": (np.uint8, np.uint16),
    "pgm": (np.uint8, np.uint16),
    "bmp": (np.uint8,),
    "idx": (np.uint8,),
}
IN_CONTAINERS = [(kind, name) for kind, types in NUMBERS.items() for name, case in LITTLE.items() if case[0] in types]


@pytest.mark.parametrize("kind, name", IN_CONTAINERS)
def test_images_that_use_little_of_their_range_are_refused_alike_in_every_container(tmp_path, kind, name):
    dtype, low, high, sentence = LITTLE[name]
    n = 12 if kind == "idx" else 6
    with pytest.raises(InputError, match=rf"of {n} images {sentence} .*scale their pixels.*uint8") as caught:
        read(str(in_container(tmp_path, kind, ramps(dtype, low, high))))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["npz", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
def test_images_that_use_their_range_are_the_same_in_every_container_and_type(tmp_path, kind, dtype):
    most = 1 if dtype == np.float32 else np.iinfo(dtype).max
    found = read(str(in_container(tmp_path, kind, ramps(dtype, 0, most))))
    order = np.argsort([int(id.rpartition("-")[2].rpartition("/")[2].partition(".")[0]) for id in found.pool.ids])
    assert np.abs(found.pool.x[order][..., 0].astype(int) - ramps(np.uint8, 0, 255)).max() <= 1
    depth = {np.uint8: "", np.float32: "Float"}.get(dtype, f"{8 * np.dtype(dtype).itemsize}-bit")
    assert ("scaled" in found.report.brought_to) == (dtype != np.uint8) and depth in found.report.brought_to


def test_one_image_that_uses_the_range_is_enough_and_the_others_may_be_dark(tmp_path):
    for kind, dtype in (("png", np.uint16), ("png", np.uint8)):
        root = in_container(tmp_path / dtype.__name__, kind, ramps(dtype, 0, 15))
        write(root / "a" / "bright.png", Image.fromarray(ramps(dtype, 0, np.iinfo(dtype).max)[0]))
        assert len(read(str(root)).pool) == 7


def test_pixels_of_either_depth_are_judged_by_themselves(tmp_path):
    root = in_container(tmp_path, "png", ramps(np.uint8, 0, 255))
    for i, image in enumerate(ramps(np.uint16, 0, 4095)):
        write(root / "a" / f"deep{i}.png", Image.fromarray(image))
    with pytest.raises(InputError, match="of 6 images with 16 bits none is brighter than 7%"):
        read(str(root))


def test_black_and_white_are_no_numbers(tmp_path):
    found = read(str(in_container(tmp_path, "npz", ramps(np.uint8, 0, 1).astype(bool))))
    assert found.report.modes == {"1": 6} and set(np.unique(found.pool.x)) == {0, 255}


def test_what_was_done_for_how_pixels_were_stored_is_said_by_number_of_images(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "cat" / "deep.png", Image.fromarray(ramps(np.uint16, 0, 65535)[0]))
    write(tmp_path / "cat" / "film.gif", photo(70), save_all=True, append_images=[photo(71)], transparency=0)
    write(tmp_path / "dog" / "tinted.jpg", photo(72), icc_profile=profile("RGB ", 1.8))
    write(tmp_path / "dog" / "odd.jpg", photo(73), icc_profile=b"nonsense")
    text = read(str(tmp_path)).report.brought_to
    for sentence in (
        "16-bit pixels were scaled to 8 bits (1 item).",
        "the first was taken (1 item).",
        "Colours were brought to sRGB",
        "A colour profile that is damaged, or of another kind of pixels, was ignored (1 item).",
    ):
        assert sentence in text


def test_parts_of_an_archive_may_be_stored_differently(tmp_path):
    deep = ramps(np.uint16, 0, 65535)
    others = np.random.default_rng(0).integers(0, 256, (4, 32, 32)).astype(np.uint8)
    more = {"test_images": others, "test_labels": np.arange(4) % 2}
    found = read(str(npz(tmp_path / "set.npz", train_images=deep, train_labels=np.arange(6) % 2, **more)))
    assert found.report.modes == {"I;16": 6, "L": 4} and "scaled to 8 bits (6 items)" in found.report.brought_to


@pytest.mark.parametrize(
    "wish, sentence",
    [
        ({"size": "big"}, "size: 'big' is not a side"),
        ({"size": "28x"}, "size: '28x'"),
        ({"size": "-28"}, "size: '-28'"),
        ({"size": "3"}, "size: 3 is out of range"),
        ({"size": "28x5000"}, "size: 28x5000 is out of range"),
        ({"channels": 2}, "channels: 2"),
        ({"channels": 4}, "channels: 4"),
        ({"resize": "squash"}, "resize: 'squash'.*crop, pad or stretch"),
        ({"on_bad_image": "ignore"}, "on_bad_image: 'ignore'.*fail or skip"),
        ({"groups": "(patient"}, "groups: .*regular expression"),
        ({"groups": "patient"}, "groups: 'patient' has 0 capture groups"),
        ({"groups": "(a)(b)"}, "groups: .*has 2 capture groups"),
        ({"groups": "(zebra)"}, "groups: .*finds no group in 'cat/cat0.png'"),
        ({"groups": "nowhere.csv"}, "groups: 'nowhere.csv' cannot be read"),
    ],
)
def test_bad_parameters_are_refused(tmp_path, wish, sentence):
    with pytest.raises(InputError, match=sentence):
        read(str(folder_of(tmp_path)), **wish)


def test_too_much_to_hold_is_refused(tmp_path, monkeypatch):
    folder, archive = folder_of(tmp_path / "set"), npz(tmp_path / "set.npz")
    monkeypatch.setattr(reading, "MAX_BYTES", 700)
    monkeypatch.setattr("gannb.data.npz.MAX_BYTES", 700)
    with pytest.raises(InputError, match="size: 6 items of 32x32 .*set size"):
        read(str(folder))
    with pytest.raises(InputError, match="set.npz unpacks to"):
        read(str(archive))


@pytest.mark.slow
def test_flowers(flowers):
    found = flowers
    assert found.pool.shape == (32, 32, 3) and len(found.test) == 736
    assert found.pool.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert len(found.pool) + len(found.report.removed_from_pool) == 2934
    assert 2 < len(found.report.exact_duplicates) + len(found.report.near_duplicates) < 20
    assert found.report.label_conflicts == [
        ["train/roses/15922772266_1167a06620.jpg", "train/tulips/15922772266_1167a06620.jpg"]
    ]
