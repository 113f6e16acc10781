"""Near duplicates: those that are, and those that are not."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from image_sets import (
    folder_of,
    group_of,
    jpeg,
    npz,
    photo,
    split_folder,
    write,
)
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info

from gannb.media.image import duplicates
from gannb.media.image.duplicates.near import COLOUR, LOCAL, NEAR
from gannb.media.image.reading import read
from gannb.media.image.shifts import altered
from gannb.media.image.sources.arrays import _idx
from gannb.utils.errors import InputError


@pytest.mark.parametrize(
    "change",
    [
        lambda image: jpeg(image, 75),
        lambda image: jpeg(image, 40),
        lambda image: image.resize((29, 29), Image.Resampling.LANCZOS),
        lambda image: image.resize((35, 35), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda v: min(255, round(1.05 * v))),
        lambda image: jpeg(image.resize((29, 29), Image.Resampling.LANCZOS), 75),
    ],
    ids=[
        "re-encoded",
        "poorly re-encoded",
        "10 % smaller",
        "10 % larger",
        "5 % brighter",
        "smaller and re-encoded",
    ],
)
def test_near_duplicates_are_found(tmp_path, change):
    folder_of(tmp_path, n=5)
    write(tmp_path / "cat" / "copy.png", change(photo(0)))
    found = read(str(tmp_path), size="32")
    assert found.report.near_duplicates == [["cat/cat0.png", "cat/copy.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/copy.png")


def test_the_same_drawing_in_another_colour_is_no_duplicate(tmp_path):
    folder_of(tmp_path, n=4)
    write(tmp_path / "cat" / "recoloured.png", Image.fromarray(np.asarray(photo(0))[..., [2, 0, 1]]))
    assert read(str(tmp_path)).report.near_duplicates == []


def test_a_small_difference_that_matters_is_no_duplicate():
    plain = np.full((16, 16), 40, np.uint8)
    plain[2:14, 4:12] = 200
    printed = plain.copy()
    printed[5:7, 7:9] = 90  # a small print on the shirt
    pairs, _ = duplicates.near_pairs(np.stack([plain, printed, plain + np.uint8(9)])[..., None])
    assert pairs.tolist() == [[0, 2]]


def test_flat_pictures_are_compared_for_identity_only():
    flat = np.stack([np.full((16, 16, 1), v, np.uint8) for v in (0, 1, 2)])
    assert len(duplicates.near_pairs(flat)[0]) == 0


def test_near_pairs_agree_with_brute_force():
    rng = np.random.default_rng(0)
    base = np.stack([np.asarray(photo(i, 16, 16)) for i in range(60)]).astype(int)
    copies = base[rng.integers(0, 60, 90)] + rng.normal(0, rng.uniform(0, 9, (90, 1, 1, 1)), (90, 16, 16, 3))
    thumbs = np.concatenate([base, copies]).clip(0, 255).astype(np.uint8)
    luma = (thumbs @ [0.299, 0.587, 0.114]).reshape(len(thumbs), -1)
    z = (luma - luma.mean(1, keepdims=True)) / luma.std(1, keepdims=True)
    near = np.corrcoef(luma) >= 1 - NEAR
    near &= np.abs(z[:, None] - z[None]).max(2) <= LOCAL
    near &= np.corrcoef(thumbs.reshape(len(thumbs), -1)) >= 1 - COLOUR
    expected = np.argwhere(np.triu(near, 1))
    assert 20 < len(expected) < 2000
    assert duplicates.near_pairs(thumbs)[0].tolist() == expected.tolist()


def test_below_16_pixels_only_exact_duplicates_are_linked(tmp_path):
    images = np.random.default_rng(0).integers(50, 200, (12, 15, 15), dtype=np.uint8)
    images[3], images[5] = images[1], images[1] + 1
    found = read(str(npz(tmp_path / "set.npz", train_images=images)))
    assert found.report.exact_duplicates == [["train-1", "train-3"]] and found.report.near_duplicates == []


def test_breastmnist_repeats_scenes_across_its_own_split(shared_data):
    found = read(str(shared_data / "breastmnist" / "breastmnist.npz"))
    assert len(found.test) == 156 and len(found.pool) + len(found.report.removed_from_pool) == 546 + 78
    assert 20 < len(found.report.removed_from_pool) < 90
    assert max(map(len, found.report.near_duplicates)) <= 6


@pytest.mark.slow
def test_fashion_mnist_look_alikes_are_not_swallowed(shared_data, tmp_path):
    folder = shared_data / "fashion-mnist"
    images = _idx(folder / "t10k-images-idx3-ubyte.gz", 3)
    labels = _idx(folder / "t10k-labels-idx1-ubyte.gz", 1)
    assert images.shape == (10_000, 28, 28)
    np.savez(tmp_path / "set.npz", train_images=images, train_labels=labels)
    found = read(str(tmp_path / "set.npz"))
    assert found.pool.counts().tolist() == [1000] * 10
    assert sum(map(len, found.report.near_duplicates)) < 0.01 * 10_000


@pytest.mark.slow
def test_duplicates_of_a_reference_are_found_exact_and_near(flowers):
    real, other = flowers.pool.x[:200], flowers.pool.x[400:600]
    exact, near = duplicates.among(np.concatenate([real[:50], altered(real[50:150]), other]), real)
    assert exact[:50].all() and near[:50].all() and not exact[150:].any()
    assert near[50:150].mean() > 0.9 and near[150:].mean() < 0.02


def test_duplicates_are_those_of_the_data_audit():
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (20, 4, 4, 1), dtype=np.uint8).repeat(5, axis=1).repeat(5, axis=2)  # 20 x 20
    made = np.concatenate([altered(real[:6]), 255 - real[6:9]])
    _, near = duplicates.among(made, real)
    thumbs = np.stack([duplicates.thumbnail(x[..., 0])[..., None] for x in np.concatenate([real, made])])
    pairs, _ = duplicates.near_pairs(thumbs)
    assert near.tolist() == [(20 + i) in pairs[:, 1] for i in range(9)] and near[:6].any() and not near[6:].any()
    small = load_digits().images[:10, :, :, None].astype(np.uint8)
    assert [found.all() for found in duplicates.among(small, small)] == [True, False]  # too small for near ones


TURNS = {
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "half a turn": lambda image: image.rotate(180),
    "a quarter": lambda image: image.rotate(90, expand=True),
    "three quarters": lambda image: image.rotate(270, expand=True),
    "mirrored and a quarter": lambda image: ImageOps.mirror(image).rotate(90, expand=True),
    "mirrored and re-encoded": lambda image: jpeg(ImageOps.mirror(image), 75),
    "mirrored and smaller": lambda image: ImageOps.mirror(image).resize((58, 58), Image.Resampling.LANCZOS),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_mirrored_and_turned_copies_are_found(tmp_path, turn):
    folder_of(tmp_path, n=5, height=64, width=64)
    write(tmp_path / "cat" / "copy.png", turn(photo(0, 64, 64)))
    found = read(str(tmp_path), size="32")
    assert found.report.near_duplicates == [["cat/cat0.png", "cat/copy.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/copy.png")
    says = "1 pair of images is a mirrored or turned copy; both stay on one side of every split"
    assert found.report.remarks == [says]


def test_a_mirrored_copy_of_a_test_item_is_left_out_of_the_pool(tmp_path):
    split_folder(tmp_path, n=5)
    write(tmp_path / "train" / "cat" / "copy.png", ImageOps.mirror(photo(10_000)))
    assert read(str(tmp_path)).report.removed_from_pool == ["train/cat/copy.png"]


def test_a_mirror_image_of_another_class_is_no_copy(tmp_path):
    folder_of(tmp_path, ("left", "right"), n=4)
    write(tmp_path / "right" / "arrow.png", ImageOps.mirror(photo(0)))
    found = read(str(tmp_path)).report
    assert found.near_duplicates == [] and found.remarks == []


def test_a_symmetric_picture_is_no_copy_of_itself():
    half = np.random.default_rng(0).integers(0, 256, (3, 16, 8, 1), dtype=np.uint8)
    assert len(duplicates.turned_pairs(np.concatenate([half, half[:, :, ::-1]], axis=2))[0]) == 0


@pytest.mark.slow
def test_no_photograph_and_no_scan_is_the_mirror_image_of_another(flowers, shared_data):
    for data in (flowers, read(str(shared_data / "breastmnist/breastmnist.npz"), size="32")):
        assert not any("mirrored" in remark for remark in data.report.remarks)


def test_names_of_copies_propose_groups_unless_groups_are_given(tmp_path):
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            for i in range(3):
                at = tmp_path / part / name / f"{name}{i}_jpg.rf.{part.encode().hex()}.jpg"
                write(at, photo(hash((part, name, i)) % 10_000))
    (sentence,) = read(str(tmp_path)).report.remarks
    assert "12 images are, by their names, copies of 6" in sentence and "12 of them in both the training" in sentence
    with pytest.raises(InputError, match="once those that share content or a group"):
        read(str(tmp_path), groups=sentence.partition("groups='")[2].partition("' so")[0])


ON_A_PROCESSOR = """
import numpy as np
from scipy.ndimage import gaussian_filter
from gannb.media.image.duplicates.crops import cropped_pairs, view
from gannb.media.image.duplicates.near import near_pairs, thumbnail

rng = np.random.default_rng(0)
scenes = gaussian_filter(rng.random((20, 64, 64)), (0, 3, 3))
scenes = (scenes - scenes.min()) / np.ptp(scenes) * 255
images = []
for i in range(200):
    side, noise = rng.integers(56, 65), rng.uniform(0, 12)
    top, left = rng.integers(0, 65 - side, 2)
    part = scenes[i % 20, top : top + side, left : left + side]
    images.append((part + rng.normal(0, noise, part.shape)).clip(0, 255).astype(np.uint8))
views, thumbs = (np.stack([smaller(image) for image in images])[..., None] for smaller in (view, thumbnail))
for pairs, distances in (cropped_pairs(views), near_pairs(thumbs)):
    print(len(pairs), pairs.sum(0), *(f"{distance:.11f}" for distance in distances))
"""


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="names processors of one kind")
@pytest.mark.skipif(all(each["internal_api"] != "openblas" for each in threadpool_info()), reason="needs OpenBLAS")
def test_the_same_is_found_on_every_processor():
    """One that adds up in another order, as its linear algebra does, finds no pair more, at no other distance."""
    said = [
        subprocess.run(
            [sys.executable, "-c", ON_A_PROCESSOR], env=os.environ | {"OPENBLAS_CORETYPE": processor},
            capture_output=True, text=True, check=True,
        ).stdout
        for processor in ("", "Prescott")  # this one, and an old one
    ]  # fmt: skip
    assert said[0] == said[1] and all(int(line.split()[0]) > 5 for line in said[0].splitlines())
