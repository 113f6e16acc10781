"""Which format a path holds."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import a_file, folder_of, idx_folder, npz

from gannb.media.image.formats import recognises
from gannb.media.image.reading import read
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
