"""Bad items, skipped or refused, and what has to be left."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from image_sets import (
    arrays,
    bomb,
    broken_jpeg,
    folder_of,
    npz,
    split_folder,
)

from gannb.data.source import DENIED, BadItem, attempt, refuse_or_list
from gannb.media.image.reading import read
from gannb.utils.errors import InputError


def test_bad_images_can_be_skipped_and_are_listed(tmp_path):
    folder_of(broken_jpeg(tmp_path))
    (tmp_path / "dog" / "empty.png").write_bytes(b"")
    bomb(tmp_path)
    found = read(str(tmp_path), on_bad_image="skip")
    assert [file for file, _ in found.report.skipped] == ["cat/bomb.png", "dog/empty.png", "cat/half.jpg"]
    assert len(found.pool) == 6 and all(reason for _, reason in found.report.skipped)


def test_skipping_must_leave_enough(tmp_path):
    folder_of(tmp_path)
    for i in (1, 2):
        (tmp_path / "cat" / f"cat{i}.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="class 'cat'.*has 1 image to"):
        read(str(tmp_path), on_bad_image="skip")


def test_a_test_set_lost_to_skipping_is_an_error(tmp_path):
    split_folder(tmp_path)
    for file in (tmp_path / "test").rglob("*.png"):
        file.write_bytes(b"no image")
    with pytest.raises(InputError, match="no image in the test set"):
        read(str(tmp_path), on_bad_image="skip")


X, Y = arrays()["train_images"], arrays()["train_labels"]
BAD_DATA = {
    "one class": (lambda p: folder_of(p / "set", ("cat",)), "one class only.*'cat'"),
    "a class with one image": (lambda p: folder_of(p / "set", n=1), "class 'cat'.*has 1 image .*add some"),
    "npz one class": (lambda p: npz(p / "set.npz", train_labels=Y * 0), "one class only"),
    "npz test lacks a class": (
        lambda p: npz(p / "set.npz", test=4, test_labels=np.zeros(4, int)),
        "'1'.*test set",
    ),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "data: what is there cannot be read: too many files are open"),
        (MemoryError(), "data: what is there cannot be read: there is not enough memory"),
    ],
)
@pytest.mark.parametrize("threads", [1, 4])
def test_no_item_is_bad_for_what_the_machine_lacks_nor_is_it_skipped(error, says, threads):
    def read_item(number: int) -> int:
        if number == 3:
            raise BadItem("it cannot be opened") from error
        return number

    with pytest.raises(InputError, match=says):
        attempt(read_item, range(8), threads)
    assert attempt(read_item, range(3), threads) == ([0, 1, 2], [])


def test_nobody_is_told_to_remove_a_file_that_may_not_be_read():
    with pytest.raises(InputError) as caught:
        refuse_or_list([("a/1.png", DENIED)], "fail", "on_bad_image")
    assert str(caught.value) == (
        "a/1.png cannot be used (permission is denied); change who may read it, or set on_bad_image=skip, "
        "which lists them"
    )


def test_several_bad_items_are_named_at_once():
    bad = [(f"a/{i}.png", "it is cut short") for i in range(6)]
    with pytest.raises(InputError, match=r"a/0.png cannot .*, nor can a/1.png, a/2.png, a/3.png and 2 more; repair"):
        refuse_or_list(bad, "fail", "on_bad_image")
    assert refuse_or_list(bad, "skip", "on_bad_image") == bad
