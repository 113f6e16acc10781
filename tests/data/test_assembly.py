"""What belongs to one group, what leaks from a test set, the fingerprint; shown on images."""

from __future__ import annotations

import os

import numpy as np
import pytest
from image_sets import (
    arrays,
    folder_of,
    group_of,
    photo,
    split_folder,
    write,
)
from PIL import Image

from gannb.data.assembly import link
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def fingerprint(data: str) -> str:
    return read(data).fingerprint


def test_fingerprint_ignores_path_time_compression_and_parameters(tmp_path):
    first = read(str(folder_of(tmp_path / "one"))).fingerprint
    for k, name in reversed(list(enumerate(("cat", "dog")))):
        for i in (2, 0, 1):
            path = write(tmp_path / "two" / name / f"{name}{i}.png", photo(1000 * k + i), compress_level=0)
            os.utime(path, (1, 1))
    two = str(tmp_path / "two")
    assert read(two, size="8", channels=1, resize="pad", groups="([0-9])").fingerprint == first


def test_fingerprint_follows_a_pixel_a_label_a_name_and_the_part(tmp_path):
    found = {read(str(folder_of(tmp_path))).fingerprint}
    image = np.array(photo(0))
    image[0, 0, 0] ^= 1
    write(tmp_path / "cat" / "cat0.png", Image.fromarray(image))
    found.add(fingerprint(str(tmp_path)))
    (tmp_path / "cat" / "cat0.png").rename(tmp_path / "dog" / "cat0.png")
    found.add(fingerprint(str(tmp_path)))
    (tmp_path / "dog").rename(tmp_path / "fox")
    found.add(fingerprint(str(tmp_path)))
    images, labels = arrays(n=8).values()
    np.savez(tmp_path / "a.npz", train_images=images, train_labels=labels)
    np.savez(
        tmp_path / "b.npz",
        train_images=images[:4],
        train_labels=labels[:4],
        test_images=images[4:],
        test_labels=labels[4:],
    )
    found |= {fingerprint(str(tmp_path / "a.npz")), fingerprint(str(tmp_path / "b.npz"))}
    assert len(found) == 6


def test_exact_duplicates_share_a_group_and_conflicting_labels_are_named(tmp_path):
    folder_of(tmp_path, n=4)
    write(tmp_path / "cat" / "twin.bmp", photo(0))  # another format, the same pixels
    write(tmp_path / "dog" / "stray.png", photo(1))
    found = read(str(tmp_path))
    assert found.report.exact_duplicates == [
        ["cat/cat0.png", "cat/twin.bmp"],
        ["cat/cat1.png", "dog/stray.png"],
    ]
    assert found.report.label_conflicts == [["cat/cat1.png", "dog/stray.png"]]
    assert group_of(found, "cat/cat0.png") == group_of(found, "cat/twin.bmp")
    assert found.report.n_groups == 8 == len(set(found.pool.groups))


def test_a_chain_of_look_alikes_is_cut_at_its_weakest_link():
    y = np.zeros(20, np.int64)  # a cluster may hold a fifth of the class: 4
    pairs = np.array([[i, i + 1] for i in range(7)])
    distances = np.array([1, 1, 1, 9, 1, 1, 1]) * 1e-4
    links = link(pairs, distances, y)
    assert links.cut.tolist() == [[3, 4]]
    assert len(set(links.labels[:4])) == 1 == len(set(links.labels[4:8])) and links.labels[3] != links.labels[4]
    assert np.bincount(links.labels).max() == 4


def test_a_slow_film_does_not_swallow_its_class(tmp_path):
    start, end = np.asarray(photo(0)).astype(float), np.asarray(photo(1)).astype(float)
    for i in range(40):
        t = i / 39
        write(
            tmp_path / "cat" / f"{i}.png",
            Image.fromarray(((1 - t) * start + t * end).round().astype(np.uint8)),
        )
        write(tmp_path / "dog" / f"{i}.png", photo(500 + i))
    found = read(str(tmp_path))
    cats = found.pool.groups[found.pool.y == 0]
    assert 1 < np.bincount(cats).max() <= 8  # a fifth of 40
    assert found.report.links_cut > 0


def test_pool_items_linked_to_a_test_item_are_left_out(tmp_path):
    split_folder(tmp_path)
    write(tmp_path / "train" / "cat" / "exact.png", photo(10_000))
    write(tmp_path / "train" / "dog" / "near.jpg", photo(11_000), quality=80)
    found = read(str(tmp_path))
    assert found.report.removed_from_pool == ["train/cat/exact.png", "train/dog/near.jpg"]
    assert len(found.pool) == 8 and len(found.test) == 8
    assert not set(found.pool.groups) & set(found.test.groups)


def test_the_persons_groups_do_not_cross_into_the_test_set(tmp_path):
    split_folder(tmp_path)
    with pytest.raises(InputError, match="'cat' keeps 0 training images"):
        read(str(tmp_path), groups=r"(\d)\.png")
    for i, part in enumerate(("train", "test")):
        for name in ("cat", "dog"):
            (tmp_path / part / name / "3.png").rename(tmp_path / part / name / "shared.png")
            for k in range(3):
                (tmp_path / part / name / f"{k}.png").rename(tmp_path / part / name / f"{part}{i}{name}{k}.png")
    found = read(str(tmp_path), groups=r"(.+)\.png")
    assert found.report.removed_from_pool == ["train/cat/shared.png", "train/dog/shared.png"]


def test_a_cut_link_leaves_no_copy_of_a_test_item_in_the_pool(tmp_path):
    split_folder(tmp_path, n=4)
    for i in range(6):  # more copies than a cluster may hold
        write(tmp_path / "train" / "cat" / f"copy{i}.jpg", photo(10_000), quality=96 - 2 * i)
    found = read(str(tmp_path))
    assert found.report.links_cut > 0
    assert not [i for i in found.pool.ids if "copy" in i]
