"""Weights that are noted in a study's folder: found again, those in use last, and refused where they have changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gannb.media.weights import INDEX, Noted
from gannb.utils.errors import InputError


@dataclass(frozen=True)
class Some:
    """Weights of a name, in a file whose content is their digest."""

    name: str
    file: str
    digest: str

    @property
    def place(self) -> str:
        return self.file

    def is_meant_by(self, pretrained: str) -> bool:
        return pretrained == self.name


def _again(weights: Some) -> Some:
    if not Path(weights.file).is_file():
        raise InputError(f"pretrained: there is no file {weights.file}.")
    return replace(weights, digest=Path(weights.file).read_text())


NOTED = Noted(Some, _again)


def some(tmp_path: Path, name: str, content: str) -> Some:
    (tmp_path / content).write_text(content)
    return Some(name, str(tmp_path / content), content)


def test_nothing_is_noted_in_a_new_study(tmp_path):
    assert NOTED.recall(tmp_path, "a") is None and not (tmp_path / INDEX).exists()


def test_those_in_use_last_are_recalled_and_others_stay_noted(tmp_path):
    old, new, other = some(tmp_path, "a", "1"), some(tmp_path, "a", "2"), some(tmp_path, "b", "3")
    for weights in (old, new, other):
        NOTED.keep(tmp_path, weights)
    assert NOTED.recall(tmp_path, "a") == new and NOTED.recall(tmp_path, "b") == other
    NOTED.keep(tmp_path, old)
    assert NOTED.recall(tmp_path, "a") == old and NOTED.kept(tmp_path, "2") == new
    assert list(json.loads((tmp_path / INDEX).read_text())) == ["2", "3", "1"]


def test_what_is_noted_already_is_not_written_again(tmp_path):
    weights = some(tmp_path, "a", "1")
    NOTED.keep(tmp_path, weights)
    before = (tmp_path / INDEX).stat().st_mtime_ns
    NOTED.keep(tmp_path, weights)
    assert (tmp_path / INDEX).stat().st_mtime_ns == before


def test_weights_that_have_changed_or_gone_are_refused_but_recalled(tmp_path):
    weights = some(tmp_path, "a", "1")
    NOTED.keep(tmp_path, weights)
    Path(weights.file).write_text("2")
    with pytest.raises(InputError, match=r"^pretrained: .*/1 has changed while the study runs; start `gannb run`"):
        NOTED.kept(tmp_path, "1")
    Path(weights.file).unlink()
    with pytest.raises(InputError, match="there is no file"):
        NOTED.kept(tmp_path, "1")
    assert NOTED.recall(tmp_path, "a") == weights
