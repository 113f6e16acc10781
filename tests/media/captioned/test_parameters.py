"""The parameters of captioned images: paths that stay true, and which medium they ask for."""

from __future__ import annotations

import pytest
from captioned_sets import captioned_folder, images, table

from gannb.media.captioned.parameters import CaptionedParameters
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_paths_stay_true_in_other_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = CaptionedParameters(captions="words.csv", new_captions="new.csv")
    assert given.captions == str(tmp_path / "words.csv") and given.new_captions == str(tmp_path / "new.csv")
    assert CaptionedParameters().captions is None


def test_captions_that_are_given_make_captioned_images_of_images(tmp_path):
    images(tmp_path / "set")
    plain = make_study(data=str(tmp_path / "set"))
    assert plain.medium == "image" and "captions" not in plain.applying() and "captions" not in plain.changes()
    study = make_study(data=str(tmp_path / "set"), captions=str(tmp_path / "words.csv"), size="16")
    assert study.medium == "captioned" and {"captions", "new_captions", "size"} <= set(study.applying())


def test_captions_beside_images_are_recognised_and_can_be_left_out(tmp_path):
    captioned_folder(tmp_path / "set")
    assert make_study(data=str(tmp_path / "set")).medium == "captioned"
    assert make_study(data=str(tmp_path / "set"), medium="image").medium == "image"


def test_captions_for_other_media_are_refused(tmp_path):
    table(tmp_path / "sentences.csv", [("a", "x"), ("b", "y")], ("text", "label"))
    with pytest.raises(
        InputError, match="captions: it is for images with captions alone, and this study is of sentences"
    ):
        make_study(data=str(tmp_path / "sentences.csv"), captions="words.csv")
    with pytest.raises(
        InputError, match="for images with captions alone, and this study is of images; leave it out, or set medium=cap"
    ):
        make_study(data=str(tmp_path), medium="image", captions="words.csv")
