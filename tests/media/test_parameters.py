"""Parameters that several media share."""

from __future__ import annotations

from gannb.media import MEDIA
from gannb.media.parameters import PRETRAINED, Transfer
from gannb.study.help import items_of
from gannb.study.model import Study, make_study, owners_of


def test_paths_to_weights_stay_true_in_other_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Transfer().pretrained == PRETRAINED and Transfer(pretrained="resnet10t").pretrained == "resnet10t"
    assert Transfer(pretrained="./folder").pretrained == str(tmp_path / "folder")
    assert Transfer(pretrained="resnet=here/w.safetensors").pretrained == f"resnet={tmp_path}/here/w.safetensors"


def test_a_shared_parameter_belongs_to_each_of_its_media_and_is_one_of_a_study():
    assert owners_of("pretrained") == [MEDIA["image"], MEDIA["audio"]]
    assert items_of("pretrained") == "images and clips" and items_of("rate") == "clips" and items_of("size") == "images"
    assert list(Study.model_fields).count("pretrained") == 1
    assert make_study(pretrained="~/w").pretrained.startswith("/")
