"""Weights of pretrained networks, found in folders, files and the hub's cache."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from huggingface_hub import try_to_load_from_cache
from tiny_networks import MEAN, NETWORK

from gannb.media.image import pretrained as transfer
from gannb.media.image.pretrained import Weights, find
from gannb.media.image.pretrained import weights as module
from gannb.utils.errors import InputError

# ---- finding weights ----


def test_a_folder_in_the_hubs_form_says_how_its_network_takes_items(weights, folder):
    assert weights.network == NETWORK and weights.file == str(folder / "model.safetensors")
    assert weights.settings["mean"] == list(MEAN) and weights.model_args == {"num_classes": 7}


def test_a_file_is_found_under_the_name_of_its_network(folder):
    found = find(f"{NETWORK}={folder / 'model.safetensors'}")
    assert found.network == NETWORK and found.settings == {}


def test_the_hubs_weights_are_found_in_its_cache_and_nowhere_else(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *a: asked.append(a) or str(folder / a[1]))
    assert find("vgg19.tv_in1k").file == str(folder / "model.safetensors")
    assert asked == [("timm/vgg19.tv_in1k", "model.safetensors")]
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *a: None)
    assert find("vgg19") is None and find("inception_v3") is None and find("inception_v4") is None
    assert find("mobilenetv2_100") is None


def test_the_hubs_file_may_be_a_link_to_one_without_a_suffix(folder, tmp_path, monkeypatch):
    (tmp_path / "blob").write_bytes((folder / "model.safetensors").read_bytes())
    link = tmp_path / "model.safetensors"
    link.symlink_to(tmp_path / "blob")  # as in the hub's cache
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *_: str(link))
    assert find("vgg19").file == str(link)


def test_what_is_missing_is_said_with_the_way_to_get_it():
    said = transfer.missing_sentence("vgg19")
    assert "vgg19" in said and "timm.create_model('vgg19', pretrained=True)" in said


@pytest.fixture
def cache(folder, tmp_path, monkeypatch) -> Path:
    """The folder of vgg19's weights in a hub's cache, as the hub makes it."""
    monkeypatch.setattr(module, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "try_to_load_from_cache", partial(try_to_load_from_cache, cache_dir=tmp_path))
    of_vgg = tmp_path / "models--timm--vgg19.tv_in1k"
    (of_vgg / "refs").mkdir(parents=True)
    (of_vgg / "refs" / "main").write_text("abc")
    (of_vgg / "snapshots" / "abc").mkdir(parents=True)
    shutil.copy(folder / "model.safetensors", of_vgg / "snapshots" / "abc")
    return of_vgg


def test_a_cache_is_read_as_the_hub_writes_it(cache):
    assert find("vgg19").file == str(cache / "snapshots" / "abc" / "model.safetensors")
    assert "get them once" in transfer.missing_sentence("vgg")  # which is another network


@pytest.mark.parametrize("place", [".", "..", "refs", "snapshots", "snapshots/abc/model.safetensors"])
def test_a_cache_that_may_not_be_read_leaves_fine_tuning_out_and_is_named(cache, place, monkeypatch):
    closed = (cache / place).resolve()

    def refusing(function):
        def call(path, *arguments, **settings):
            if isinstance(path, str | Path) and Path(path).resolve().is_relative_to(closed):
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *arguments, **settings)

        return call

    monkeypatch.setattr("os.listdir", refusing(os.listdir))
    monkeypatch.setattr("builtins.open", refusing(open))
    assert find("vgg19") is None
    assert re.fullmatch(
        rf"Fine-tuning is left out: {re.escape(str(closed))}\S* cannot be read \(permission denied\); see to that, or "
        "set pretrained to a folder that has the weights of vgg19.",
        transfer.missing_sentence("vgg19"),
    )


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda content: content[:-9], "is cut short"), (lambda content: content[:5], "is damaged"),
        (lambda content: b"", "is damaged"), (lambda content: b"\xff" * 100, "is damaged"),
        (lambda content: content[:8] + b"x" + content[9:], "is damaged"),
    ],
)  # fmt: skip
def test_a_cache_with_a_file_that_is_not_whole_leaves_fine_tuning_out_and_names_it(cache, harm, says):
    file = cache / "snapshots" / "abc" / "model.safetensors"
    file.write_bytes(harm(file.read_bytes()))
    assert find("vgg19") is None
    assert f"Fine-tuning is left out: {file} {says}; see to that" in transfer.missing_sentence("vgg19")


def test_weights_that_are_given_and_may_not_be_read_are_refused(folder, monkeypatch):
    def refused(file: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "sha256_once", refused)
    with pytest.raises(InputError, match="model.safetensors cannot be read: permission is denied; change who may"):
        find(str(folder))


@pytest.mark.parametrize(
    ("pretrained", "part"),
    [
        ("mobilenet_v2", "did you mean mobilenetv"), ("vgg19.nonsense", "no weights for a network 'vgg19.nonsense'"),
        ("mobilenetv2_100=/no/such/file.safetensors", "there is no file"), ("nope=x.safetensors", "'nope'"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_named(pretrained, part):
    with pytest.raises(InputError, match="^pretrained: .*") as error:
        find(pretrained)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("content", "part"),
    [(None, "has no config.json"), ("{", "cannot be read"), ('{"x": 1}', "cannot be read"), ("[]", "cannot be read"),
     ('{"architecture": "nope"}', "'nope'"), (f'{{"architecture": "{NETWORK}"}}', "there is no file")],
)  # fmt: skip
def test_a_folder_that_is_not_in_the_hubs_form_is_refused(tmp_path, content, part):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="^pretrained: ") as error:
        find(str(tmp_path))
    assert part in str(error.value)


def test_pickled_weights_are_not_opened(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(InputError, match=r"no .safetensors file"):
        find(f"{NETWORK}={tmp_path / 'w.pth'}")


@pytest.mark.parametrize("content", [b"", b"not safetensors at all"])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="does not hold the weights of test_efficientnet"):
        transfer.check(find(f"{NETWORK}={tmp_path / 'w.safetensors'}"), 3)


def test_the_weights_of_another_network_are_refused(folder):
    with pytest.raises(InputError, match="does not hold the weights of resnet10t"):
        transfer.check(find(f"resnet10t={folder / 'model.safetensors'}"), 3)


def test_weights_that_change_during_a_study_are_noticed(tmp_path, folder):
    file = tmp_path / "w.safetensors"
    file.write_bytes((folder / "model.safetensors").read_bytes())
    found = find(f"{NETWORK}={file}")
    transfer.keep(tmp_path, found)
    assert transfer.kept(tmp_path, found.digest) == found
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="has changed"):
        transfer.kept(tmp_path, found.digest)


def test_weights_of_the_hub_are_recalled_by_name_and_files_by_place(tmp_path):
    mine = [
        Weights("vgg19", "/cache/model.safetensors", "a", {}, {}), Weights("vgg19", "/w/v.safetensors", "b", {}, {}),
        Weights(NETWORK, "/hub/model.safetensors", "c", {"num_classes": 7}, {}),
    ]  # fmt: skip
    for weights in (mine[1], mine[2], mine[0]):
        transfer.keep(tmp_path, weights)
    names = ("vgg19", "vgg19=/w/v.safetensors", "/hub", "vgg16", "vgg16=/w/v.safetensors", "/other")
    assert [transfer.recall(tmp_path, name) for name in names] == [*mine, None, None, None]
    transfer.keep(tmp_path, changed := replace(mine[0], digest="d"))
    assert transfer.recall(tmp_path, "vgg19") == changed
    transfer.keep(tmp_path, mine[0])  # those in use now
    assert transfer.recall(tmp_path, "vgg19") == mine[0] and transfer.recall(tmp_path / "none", "vgg19") is None
