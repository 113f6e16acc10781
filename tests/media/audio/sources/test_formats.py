"""What lies at a path, told from names and headers."""

from __future__ import annotations

import numpy as np
import pytest
from clip_sets import folder_of, npz

from gannb.media.audio.sources.formats import open_source, open_unlabelled, recognises
from gannb.utils.errors import InputError


def test_sounds_are_recognised_by_names_alone(tmp_path):
    folder_of(tmp_path / "clips")
    assert recognises(str(tmp_path / "clips")) and recognises(str(npz(tmp_path / "set.npz")))
    (tmp_path / "calls" / "owl").mkdir(parents=True)
    assert (
        not recognises(str(tmp_path / "calls")) and not recognises(str(tmp_path / "none")) and not recognises("digits")
    )
    (tmp_path / "calls" / "owl" / "a.m4a").touch()  # which is not read, but is a sound to a person
    assert recognises(str(tmp_path / "calls"))
    np.savez(tmp_path / "images.npz", train_images=np.zeros(3))
    assert not recognises(str(tmp_path / "images.npz"))


def test_a_folder_is_opened_by_its_classes(tmp_path):
    found = open_source(str(folder_of(tmp_path)), "fail")
    assert found.source.classes == ("owl", "wren") and found.source.shapes == [(4000, 8000, 1)] * 6
    assert found.groups == [""] * 6 and found.whose == ""


def test_clips_without_labels_come_from_an_archive_as_well_whatever_stands_beside_them(tmp_path):
    for labels in (None, np.full(12, -3)):
        found = open_unlabelled(str(npz(tmp_path / "set.npz", labels=labels)), "fail")
        assert len(found.ids) == 12 and found.classes == ("",) and not found.y.any()
    with pytest.raises(InputError, match="of a kind that is not read; give a folder of clips, in sub-folders"):
        open_unlabelled(str(folder_of(tmp_path / "set") / "owl" / "owl0.wav"), "fail")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: "none", "no file or folder 'none'; give a folder with one sub-folder of clips per class"),
        (lambda p: "", "there is no file or folder ''"),
        (lambda p: folder_of(p) / "owl" / "owl0.wav", "is a file of a kind that is not read; give a folder"),
        (lambda p: folder_of(p) / "owl", "clips lie directly in .*; give one sub-folder of clips per class"),
        (lambda p: p, "there are no class folders and no clips in"),
    ],
)
def test_what_cannot_be_opened_is_told_with_the_ways(tmp_path, make, says):
    with pytest.raises(InputError, match=says):
        open_source(str(make(tmp_path)), "fail")
