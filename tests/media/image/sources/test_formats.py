"""Which format a path holds."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import a_file, folder_of, idx_folder, npz

from gannb.media.image.reading import read
from gannb.media.image.sources.formats import open_unlabelled, recognises
from gannb.utils.errors import InputError

BAD_DATA = {
    "nothing named": (lambda p: "", "data: .*no file or folder ''"),
    "no such path": (lambda p: p / "nowhere", "data: .*nowhere.*give"),
    "another kind of file": (lambda p: a_file(p / "notes.txt"), "notes.txt.*not read.*give"),
}


@pytest.mark.parametrize("make, sentence", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_in_one_sentence(tmp_path, make, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read(str(make(tmp_path)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("labels", [True, False])
def test_images_without_labels_come_from_archives_as_well_whatever_stands_beside_them(tmp_path, labels):
    odd = np.full(12, -3) if labels else None
    found = open_unlabelled(str(npz(tmp_path / "set.npz", train_labels=odd)), "fail")
    assert len(found.ids) == 12 and found.classes == ("",) and not found.y.any()
    folder = idx_folder(tmp_path / "idx")
    for name in ("train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"):
        (folder / name).write_bytes(b"damaged") if labels and "labels" in name else (folder / name).unlink()
    assert len(open_unlabelled(str(folder), "fail").ids) == 8


def test_archives_without_images_are_refused_with_the_name_that_they_need(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(InputError, match=r"x.npz holds images; call the array of images without labels train_images"):
        open_unlabelled(str(tmp_path / "x.npz"), "fail")
    folder = idx_folder(tmp_path / "idx")
    for file in folder.glob("*images*"):
        file.unlink()
    with pytest.raises(InputError, match="has idx files of labels alone"):
        open_unlabelled(str(folder), "fail")
    with pytest.raises(InputError, match=r"notes.txt.* not read; give a folder of images"):
        open_unlabelled(str(a_file(tmp_path / "notes.txt")), "fail")


def test_images_are_recognised_by_names_and_headers(tmp_path):
    folder_of(tmp_path / "set", n=1)
    idx_folder(tmp_path / "idx")
    (tmp_path / "heic" / "cat").mkdir(parents=True)
    (tmp_path / "heic" / "cat" / "1.HEIC").write_bytes(b"")  # to be refused as images, not taken for something else
    assert all(map(recognises, ("digits", str(tmp_path / "set"), str(tmp_path / "idx"), str(tmp_path / "heic"))))
    assert recognises(str(npz(tmp_path / "set.npz")))


def test_other_data_are_not(tmp_path):
    (tmp_path / "texts" / "spam").mkdir(parents=True)
    a_file(tmp_path / "texts" / "spam" / "1.txt")
    np.savez(tmp_path / "sounds.npz", train_sounds=np.zeros(3))
    (tmp_path / "broken.npz").write_bytes(b"PK")
    others = ("texts", "sounds.npz", "broken.npz", "nowhere")
    assert not any(recognises(str(tmp_path / name)) for name in others)
