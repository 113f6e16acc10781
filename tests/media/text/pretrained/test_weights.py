"""Sentence encoders, found in folders and in the hub's cache."""

from __future__ import annotations

import pytest

from gannb.media.text import pretrained as transfer
from gannb.media.text.pretrained import Weights, find
from gannb.media.text.pretrained import weights as module
from gannb.utils.errors import InputError

# ---- finding it ----


def test_a_folder_is_found_with_what_it_consists_of(folder, stand_in):
    weights = find(str(folder))
    assert (weights.network, weights.file, weights.alone) == (folder.name, str(folder / "model.safetensors"), False)
    assert find(f"alone={folder}").alone and find(f"alone={folder}").digest != weights.digest
    (folder / "README.md").write_text("no part of it")
    assert find(str(folder)) == weights
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert find(str(folder)).digest != weights.digest


def test_a_name_is_looked_for_in_the_hubs_cache_alone(folder, stand_in, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *a: asked.append(a) or str(folder / a[1]))
    assert find("all-MiniLM-L6-v2").folder == str(folder) and find("alone=BAAI/bge-small-en-v1.5").alone
    hub = [("sentence-transformers/all-MiniLM-L6-v2", "config.json"), ("BAAI/bge-small-en-v1.5", "config.json")]
    assert asked == hub
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *a: None)
    assert find("all-MiniLM-L6-v2") is None
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    monkeypatch.setattr(module, "try_to_load_from_cache", lambda *a: str(folder / a[1]))
    assert find("all-MiniLM-L6-v2") is None  # pickled weights are none


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "has no config.json"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "others are not opened"),
        (lambda f: [(f / "2_Dense").mkdir(), (f / "2_Dense" / "pytorch_model.bin").write_bytes(b"")], "not opened"),
        (lambda f: (f / "modules.json").write_text('[{"type": "my_code.Module"}]'), "which is not run"),
        (lambda f: (f / "modules.json").write_text("["), "is damaged"),
        (lambda f: (f / "modules.json").write_text('{"type": 1}'), "is damaged"),
        (lambda f: [file.unlink() for file in f.iterdir()], "has no config.json"),
    ],
)
def test_a_folder_that_is_no_encoder_or_would_run_code_is_refused(folder, stand_in, change, says):
    change(folder)
    with pytest.raises(InputError, match=rf"^pretrained: .*{says}"):
        find(str(folder))


@pytest.mark.parametrize(("pretrained", "says"), [("/no/such", "no folder /no/such"), ("half=x", "half= is no way")])
def test_what_is_not_there_is_named(pretrained, says, stand_in):
    with pytest.raises(InputError, match=says):
        find(pretrained)


def test_files_that_the_machine_does_not_let_be_read_are_named(folder, stand_in, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied", str(folder / "config.json"))

    monkeypatch.setattr(module, "sha256_once", denied)
    with pytest.raises(InputError, match="config.json cannot be read: permission is denied"):
        find(str(folder))


def test_weights_that_change_during_a_study_are_noticed(folder, stand_in, tmp_path_factory):
    study, weights = tmp_path_factory.mktemp("study"), find(str(folder))
    assert transfer.recall(study, str(folder)) is None
    transfer.keep(study, weights)
    assert transfer.recall(study, str(folder)) == weights == transfer.kept(study, weights.digest)
    assert transfer.recall(study, f"alone={folder}") is None and transfer.recall(study, "all-MiniLM-L6-v2") is None
    (folder / "config.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="has changed while the study runs"):
        transfer.kept(study, weights.digest)


# ---- where it is not there ----


def test_without_the_package_it_is_left_out_with_a_sentence_and_nothing_is_read(folder, without):
    assert find(str(folder)) is None and find("all-MiniLM-L6-v2") is None
    said = transfer.missing_sentence("all-MiniLM-L6-v2")
    assert said.startswith("The sentence encoder is left out: it needs the package sentence-transformers; pip install")
    assert "'gannb[sentences]'" in said and "SentenceTransformer('all-MiniLM-L6-v2')" in said and said.endswith(".")
    assert "SentenceTransformer(" not in transfer.missing_sentence(f"alone={folder}")
    weights = Weights("tiny", str(folder / "model.safetensors"), "0", str(folder), False)
    with pytest.raises(InputError, match="needs sentence-transformers; pip install"):
        transfer.check(weights, 2)


def test_without_weights_it_is_said_how_to_get_them(stand_in):
    said = transfer.missing_sentence("alone=all-MiniLM-L6-v2", begun=True)
    assert said.startswith("The sentence encoder stays as far as it is: the weights of all-MiniLM-L6-v2 (.safetensors)")
    assert "put them back" in transfer.missing_sentence("/no/such")
