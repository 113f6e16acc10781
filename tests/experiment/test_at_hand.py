"""What a study finds on this machine."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import SMOKE

from gannb.data.medium import FurtherSpace
from gannb.experiment import at_hand
from gannb.experiment.at_hand import look, recall_digest, resolve_device, wants_pretrained
from gannb.media.image import IMAGE
from gannb.media.image.reading import read
from gannb.study.model import Study, make_study
from gannb.utils.errors import InputError


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_devices_that_are_there(name):
    assert resolve_device(name) in ("cpu", "cuda")


@pytest.mark.parametrize("name", ["cuda:99", "mps"])
def test_devices_that_are_not_there(name):
    with pytest.raises(InputError, match=f"device={name}"):
        resolve_device(name)


OLD = "torch, built for CUDA 13.0, cannot use Tesla P100 with driver 470.82; install a newer driver"


@pytest.fixture
def card(monkeypatch):
    """A function that puts a GPU, and what is wrong with it, into the machine."""

    def put(wrong: str, available: bool) -> None:
        monkeypatch.setattr(at_hand.cuda, "may_be_there", lambda: True)
        monkeypatch.setattr(at_hand.cuda, "fault", lambda: wrong)
        monkeypatch.setattr("torch.cuda.is_available", lambda: available)
        monkeypatch.setattr("torch.cuda.device_count", lambda: int(available))

    for kept in (at_hand._fault_of_card, at_hand._say_once):
        kept.cache_clear()
    yield put
    for kept in (at_hand._fault_of_card, at_hand._say_once):
        kept.cache_clear()


@pytest.mark.parametrize("available", [False, True])
def test_a_card_that_cannot_be_used_is_passed_over_aloud_and_refused_where_it_is_asked_for(card, capsys, available):
    card(OLD, available)
    assert [resolve_device("auto") for _ in range(3)] == ["cpu"] * 3
    assert capsys.readouterr().err == f"gannb: this study computes on the CPU: {OLD}.\n"  # once
    for name in ("cuda", "cuda:0"):
        with pytest.raises(InputError, match=f"device={name} cannot be used: torch, built for CUDA 13.0"):
            resolve_device(name)
    assert resolve_device("cpu") == "cpu"


def test_a_card_that_works_is_taken_in_silence(card, capsys):
    card("", True)
    assert resolve_device("auto") == resolve_device("cuda") == "cuda" and resolve_device("cuda:0") == "cuda:0"
    with pytest.raises(InputError, match="device=cuda:1 is not on this machine"):
        resolve_device("cuda:1")
    assert capsys.readouterr().err == ""


def study(tmp_path: Path, **given) -> Study:
    return make_study(**SMOKE | {"output_dir": str(tmp_path)} | given)


def space() -> FurtherSpace:
    """A feature space whose weights are a file."""

    def digest(given: str) -> str:
        if not Path(given).is_file():
            raise InputError(f"inception: there is no {given}.")
        return hashlib.sha256(Path(given).read_bytes()).hexdigest()

    return FurtherSpace("further", "inception", digest, digest, lambda *_: None, "FID", 2)


def test_a_study_that_asks_for_nothing_finds_nothing_and_writes_nothing(tmp_path):
    found = look(study(tmp_path), read("digits"), "0" * 16)
    assert (found.external, found.weights, found.can_fine_tune, found.spaces) == ({}, None, False, {})
    assert list(tmp_path.iterdir()) == []


def test_weights_are_wanted_where_an_arm_fine_tunes_and_the_medium_has_a_network_for_it(tmp_path, monkeypatch):
    assert not wants_pretrained(study(tmp_path), IMAGE)
    tuned = study(tmp_path, arms=("real", "transfer+gan"))
    assert wants_pretrained(tuned, IMAGE)
    monkeypatch.setitem(vars(IMAGE), "pretrained", None)
    assert not wants_pretrained(tuned, IMAGE)


def test_weights_whose_file_is_there_can_be_fine_tuned_and_others_are_recalled(tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.touch()
    network = {"network": "mobilenetv2_100", "settings": {}}
    there, gone = (SimpleNamespace(file=str(at), **network) for at in (file, tmp_path / "gone"))
    asked = []
    pretrained = SimpleNamespace(find=lambda name: there, recall=lambda *given: asked.append(given) or gone)
    monkeypatch.setitem(vars(IMAGE), "pretrained", pretrained)
    tuned = study(tmp_path, arms=("real", "transfer"))
    found = look(tuned, read("digits"), "0" * 16)
    assert found.weights is there and found.can_fine_tune and asked == []
    pretrained.find = lambda name: None
    found = look(tuned, read("digits"), "0" * 16)
    assert found.weights is gone and not found.can_fine_tune and asked == [(tuned.folder, tuned.pretrained)]


def test_weights_of_a_further_space_are_told_by_their_content_or_by_what_was_measured_with_them(tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    monkeypatch.setitem(vars(IMAGE), "spaces", {"further": space()})
    asked = study(tmp_path, inception=str(file))
    digest = hashlib.sha256(b"weights").hexdigest()
    assert look(asked, read("digits"), "0" * 16).spaces == {"further": digest}
    file.unlink()
    with pytest.raises(InputError, match="there is no"):
        look(asked, read("digits"), "0" * 16)
    for trial, parameters in enumerate(({}, {"further": digest})):  # one was measured before the weights were given
        folder = asked.folder / f"trials/00{trial}/yardsticks-{trial}"
        folder.mkdir(parents=True)
        (folder / "unit.json").write_text(json.dumps({"parameters": parameters}))
    folder = asked.folder / "trials/000/yardsticks-2"
    folder.mkdir()
    (folder / "unit.json").write_text("{}")  # damaged
    assert recall_digest(asked.folder, "further") == digest and recall_digest(asked.folder, "other") is None
    assert look(asked, read("digits"), "0" * 16).spaces == {"further": digest}
