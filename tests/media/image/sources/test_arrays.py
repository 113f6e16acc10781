"""Sets that come as arrays: digits, .npz, idx."""

from __future__ import annotations

import gzip
import pickle
from dataclasses import asdict
from json import dumps
from pathlib import Path

import numpy as np
import pytest
from image_sets import (
    a_file,
    arrays,
    idx_bytes,
    idx_folder,
    npz,
    truncated,
)

from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def test_digits():
    found = read("digits")
    assert found.pool.x.shape == (1797, 8, 8, 1) and found.pool.x.dtype == np.uint8
    assert found.pool.x.max() == 255 and found.pool.y.dtype == np.int64
    assert found.pool.classes == tuple("0123456789") and found.pool.counts().min() == 174
    assert found.test is None and found.pool.ids[17] == "digits-17" and len(set(found.pool.ids)) == 1797
    assert found.report.brought_to == "All 1,797 items are 8x8 grey; nothing was resized."
    assert found.report.n_groups == 1797  # alike as they are, no digit is taken for a copy of another
    dumps(asdict(found.report))


def test_npz_val_joins_the_pool_and_test_stays_apart(tmp_path):
    extra = {"val_images": np.full((2, 8, 8), [[[9]], [[90]]], np.uint8), "val_labels": np.array([0, 1])}
    found = read(str(npz(tmp_path / "set.npz", test=4, **extra)))
    assert len(found.pool) == 14 and len(found.test) == 4 and found.pool.classes == ("0", "1")
    assert found.pool.ids[[0, 12]].tolist() == ["train-0", "val-0"] and found.test.ids[3] == "test-3"
    assert np.array_equal(found.pool.x[:12, ..., 0], arrays()["train_images"])


@pytest.mark.parametrize("words", [("train", "valid", "test"), ("training", "validation", "testing")])
def test_npz_parts_may_be_called_as_folders_may(tmp_path, words):
    found = {}
    for n, word in zip((12, 4, 6), words, strict=True):
        part = arrays(n=n)
        found |= {f"{word}_images": part["train_images"] ^ n, f"{word}_labels": part["train_labels"]}
    np.savez(tmp_path / "set.npz", **found, extra_images=np.zeros((3, 8, 8), np.uint8))
    dataset = read(str(tmp_path / "set.npz"))
    assert len(dataset.pool) == 16 and len(dataset.test) == 6
    assert dataset.report.skipped == [("extra_images", "an array of no part; read are train, val and test")]


def test_npz_labels_may_be_a_column_per_class(tmp_path):
    found = read(str(npz(tmp_path / "set.npz", train_labels=np.eye(2, dtype=np.uint8)[np.arange(12) % 2])))
    assert found.pool.y.tolist() == [0, 1] * 6


@pytest.mark.parametrize(
    "images, expected",
    [
        (np.array([0, 32768, 65535], np.uint16), [0, 128, 255]),
        (np.array([0, 0.5, 1], np.float32), [0, 128, 255]),
        (np.array([False, True, True]), [0, 255, 255]),
    ],
)
def test_npz_pixels_are_scaled_by_their_depth(tmp_path, images, expected):
    batch = np.zeros((12, 8, 8), images.dtype)
    batch[:, 0, :3] = images
    found = read(str(npz(tmp_path / "set.npz", train_images=batch)))
    assert found.pool.x[0, 0, :3, 0].tolist() == expected


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int16, np.uint32, np.int64, np.float16, np.float64])
def test_npz_numbers_of_any_type_and_byte_order(tmp_path, dtype, order):
    most = 1.0 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max
    images = arrays()["train_images"] / 255
    stored = (images * most if most == 1.0 else np.floor(images * float(most) * 0.999)).astype(dtype)
    found = read(str(npz(tmp_path / "set.npz", train_images=stored.astype(np.dtype(dtype).newbyteorder(order)))))
    assert np.abs(found.pool.x[..., 0].astype(int) - arrays()["train_images"]).max() <= 2


@pytest.mark.parametrize("shape", [(12, 8, 8, 1), (12, 8, 8, 3), (12, 8, 8)])
def test_npz_shapes(tmp_path, shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = read(str(npz(tmp_path / "set.npz", train_images=np.asfortranarray(images))))
    assert np.array_equal(found.pool.x, images.reshape(12, 8, 8, -1))


def test_idx(tmp_path):
    found = read(str(idx_folder(tmp_path)))
    assert len(found.pool) == 8 and len(found.test) == 4 and found.pool.classes == ("0", "1")
    assert found.report.kind == "idx" and found.test.ids[0] == "test-0"
    expected = np.random.default_rng(1).integers(0, 256, (8, 8, 8), dtype=np.uint8)
    assert np.array_equal(found.pool.x[..., 0], expected)


def object_npz(path: Path) -> Path:
    np.savez(path, **arrays(train_labels=np.array([{"never": "unpickled"}] * 12, dtype=object)))
    return path


def pickled_npz(path: Path) -> Path:
    path.write_bytes(pickle.dumps(arrays()))
    return path


def broken_idx(root: Path, name: str, content: bytes | None) -> Path:
    idx_folder(root)
    (root / name).unlink() if content is None else (root / name).write_bytes(content)
    return root


X, Y = arrays()["train_images"], arrays()["train_labels"]
BAD_DATA = {
    "npz is text": (lambda p: a_file(p / "set.npz"), "set.npz is not a readable .npz"),
    "npz is a pickle": (lambda p: pickled_npz(p / "set.npz"), "set.npz is not a readable .npz"),
    "npz cut short": (lambda p: truncated(npz(p / "set.npz")), "set.npz is not a readable .npz"),
    "npz with objects": (lambda p: object_npz(p / "set.npz"), "object arrays.*plain"),
    "npz without labels": (
        lambda p: npz(p / "set.npz", train_labels=None),
        "no array 'train_labels'.*layout",
    ),
    "npz without images": (lambda p: npz(p / "set.npz", train_images=None), "no array 'train_images'"),
    "npz with half a test": (lambda p: npz(p / "set.npz", test_images=X), "no array 'test_labels'"),
    "npz lengths": (lambda p: npz(p / "set.npz", train_labels=Y[:9]), "12 train_images but 9 train_labels"),
    "npz negative label": (lambda p: npz(p / "set.npz", train_labels=Y - 1), "negative label -1"),
    "npz label gap": (
        lambda p: npz(p / "set.npz", train_labels=Y * 2),
        "no item with label 1 but one with 2",
    ),
    "npz float labels": (lambda p: npz(p / "set.npz", train_labels=Y / 2), "train_labels.*float64.*integers"),
    "npz several labels": (
        lambda p: npz(p / "set.npz", train_labels=np.tri(12, 14, 1, int)),
        r"train_labels of .* has 14 labels an image \(12 images have several, 0 none\).*choose a column: save "
        r"train_labels\[:, k\] as train_labels",
    ),
    "npz labels of two kinds": (
        lambda p: npz(p / "set.npz", train_labels=np.arange(24).reshape(12, 2)),
        r"\(12, 2\).*one label.*choose a column",
    ),
    "npz val and valid": (
        lambda p: npz(p / "set.npz", val_labels=Y, valid_images=X),
        r"has both val_\* and valid_\*; keep one",
    ),
    "npz empty": (
        lambda p: npz(p / "set.npz", train_images=X[:0], train_labels=Y[:0]),
        "train_labels.*empty",
    ),
    "npz flat images": (
        lambda p: npz(p / "set.npz", train_images=X.reshape(12, 64)),
        r"\(12, 64\).*\(N, H, W\)",
    ),
    "npz channels first": (
        lambda p: npz(p / "set.npz", train_images=np.stack([X] * 3, 1)),
        r"\(12, 3, 8, 8\)",
    ),
    "npz int64 images": (lambda p: npz(p / "set.npz", train_images=X.astype(int)), "int64.*uint8"),
    "npz 0..255 floats": (lambda p: npz(p / "set.npz", train_images=X * 1.0), "float64 outside 0..1"),
    "npz NaN": (lambda p: npz(p / "set.npz", train_images=np.full((12, 8, 8), np.nan)), "NaN"),
    "npz with transparency": (lambda p: npz(p / "set.npz", train_images=np.stack([X] * 4, 3)), r"\(12, 8, 8, 4\)"),
    "npz of 2 channels": (lambda p: npz(p / "set.npz", train_images=np.stack([X] * 2, 3)), r"\(12, 8, 8, 2\)"),
    "npz volumes": (lambda p: npz(p / "set.npz", train_images=np.stack([X] * 8, 3)), r"\(12, 8, 8, 8\)"),
    "npz below 0": (lambda p: npz(p / "set.npz", train_images=X.astype(np.int16) - 128), "int16 with values below 0"),
    "npz normalised": (lambda p: npz(p / "set.npz", train_images=X / 127.5 - 1), "float64 outside 0..1"),
    "npz complex": (lambda p: npz(p / "set.npz", train_images=X * 1j), "complex128"),
    "npz texts": (lambda p: npz(p / "set.npz", train_images=X.astype(str)), "<U3"),
    "npz fields": (lambda p: npz(p / "set.npz", train_images=X.view([("r", "u1")])), "dtype"),
    "npz too small": (
        lambda p: npz(p / "set.npz", train_images=X[:, :2, :2]),
        "size: 12 items of 2x2.*set size",
    ),
    "idx file missing": (
        lambda p: broken_idx(p / "set", "t10k-labels-idx1-ubyte.gz", None),
        "lacks t10k-labels",
    ),
    "idx not gzip": (
        lambda p: broken_idx(p / "set", "train-images-idx3-ubyte.gz", b"no gzip"),
        "train-images.*damaged",
    ),
    "idx truncated gzip": (
        lambda p: broken_idx(
            p / "set", "train-labels-idx1-ubyte.gz", gzip.compress(idx_bytes(np.zeros(8, np.uint8)))[:20]
        ),
        "train-labels.*damaged or cut short",
    ),
    "idx magic": (
        lambda p: broken_idx(p / "set", "train-images-idx3-ubyte.gz", gzip.compress(b"\0\0\x0d\3" + bytes(99))),
        "not an idx file",
    ),
    "idx too short": (
        lambda p: broken_idx(
            p / "set",
            "train-images-idx3-ubyte.gz",
            gzip.compress(idx_bytes(np.zeros((8, 8, 8), np.uint8))[:-9]),
        ),
        "does not hold the 512 values",
    ),
    "idx too big": (
        lambda p: broken_idx(
            p / "set",
            "train-images-idx3-ubyte.gz",
            gzip.compress(bytes([0, 0, 8, 3]) + b"\x7f\xff\xff\xff" * 3),
        ),
        "impossible shape",
    ),
    "idx counts": (
        lambda p: broken_idx(p / "set", "train-labels-idx1-ubyte.gz", gzip.compress(idx_bytes(np.zeros(7, np.uint8)))),
        "8 images but .* 7 labels",
    ),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", ["dev", "Test", "extra"])
def test_a_part_of_an_unknown_name_is_refused_rather_than_left_out(tmp_path, part):
    found = arrays() | {f"{part}_images": arrays()["train_images"] ^ 1, f"{part}_labels": arrays()["train_labels"]}
    np.savez(tmp_path / "set.npz", **found)
    with pytest.raises(InputError, match=f"has {part}_images and {part}_labels, of no part .*call them train_"):
        read(str(tmp_path / "set.npz"))
