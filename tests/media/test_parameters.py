"""Parameters that several media share."""

from __future__ import annotations

import pytest

from gannb.media import MEDIA
from gannb.media.parameters import AUTO, PRETRAINED, Transfer
from gannb.study.help import items_of
from gannb.study.model import Study, make_study, owners_of


def test_paths_to_weights_stay_true_in_other_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Transfer().pretrained == AUTO and Transfer(pretrained="resnet10t").pretrained == "resnet10t"
    assert Transfer(pretrained="./folder").pretrained == str(tmp_path / "folder")
    assert Transfer(pretrained="resnet=here/w.safetensors").pretrained == f"resnet={tmp_path}/here/w.safetensors"
    assert Transfer(pretrained="resnet=w.safetensors").pretrained == f"resnet={tmp_path}/w.safetensors"
    (tmp_path / "mine" / "encoder").mkdir(parents=True)
    assert Transfer(pretrained="mine/encoder").pretrained == str(tmp_path / "mine" / "encoder")
    assert Transfer(pretrained="alone=mine/encoder").pretrained == f"alone={tmp_path}/mine/encoder"


@pytest.mark.parametrize("name", ["BAAI/bge-small-en-v1.5", "all-MiniLM-L6-v2", "alone=all-MiniLM-L6-v2"])
def test_names_of_the_hub_are_no_paths(name):
    assert Transfer(pretrained=name).pretrained == name


def test_by_default_each_medium_has_a_network_of_its_own(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    assert make_study().pretrained == PRETRAINED
    study = make_study(data=str(tmp_path / "a.csv"))
    assert study.medium == "text" and study.pretrained == "all-MiniLM-L6-v2" and "pretrained" not in study.changes()


def test_a_shared_parameter_belongs_to_each_of_its_media_and_is_one_of_a_study():
    assert owners_of("pretrained") == list(MEDIA.values())
    assert (
        items_of("pretrained") == "images, clips and sentences"
        and items_of("rate") == "clips"
        and items_of("size") == "images"
    )
    assert list(Study.model_fields).count("pretrained") == 1
    assert make_study(pretrained="~/w").pretrained.startswith("/")
