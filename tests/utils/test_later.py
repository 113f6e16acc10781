"""Functions by name."""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import pytest
from conftest import ROOT

from gannb.utils.later import Later


def test_a_module_is_imported_when_its_function_is_first_called(tmp_path, monkeypatch):
    (tmp_path / "called_later.py").write_text("def told(*arguments, **named):\n    return arguments, named\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    told = Later("called_later:told")
    assert "called_later" not in sys.modules
    assert told(1, two=2) == ((1,), {"two": 2}) and "called_later" in sys.modules
    assert told == Later("called_later:told")  # as a function is equal to itself
    del sys.modules["called_later"]


def test_a_name_that_is_not_there_is_an_error_at_the_call():
    with pytest.raises(AttributeError):
        Later("sys:nothing")()


def test_every_name_in_the_package_is_there():
    for file in (ROOT / "gannb").rglob("*.py"):
        if "Later(" in file.read_text(encoding="utf-8"):
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    named = {each for each in gc.get_objects() if type(each) is Later and each.where.startswith("gannb.")}
    assert len(named) > 20
    assert [each.where for each in named if not callable(each.called)] == []
