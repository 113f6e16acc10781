"""Cleaning where studies share their units: what a sibling needs stays."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from gannb.cli import main
from gannb.sweep.cleaning import all_locked, remove_leftovers, sweep_leftovers
from gannb.sweep.definition import read_sweep
from gannb.utils.errors import InputError
from gannb.work.locks import study_lock


def units(folder):
    return {path.parent for path in folder.glob("units/trials/*/*/unit.json")}


def test_a_finished_sweep_has_nothing_to_remove(tiny, capsys):
    before = units(tiny)
    for place in (tiny, tiny / "studies" / "gan=mlp"):  # cleaning one study is cleaning what all of them share
        assert main(["clean", str(place), "--yes"]) == 0
        assert capsys.readouterr().out.startswith("Nothing to remove")
    assert units(tiny) == before


def test_the_units_of_a_study_that_has_gone_go_but_for_what_its_sibling_needs(tiny, capsys):
    before = units(tiny)
    sweep = read_sweep(tiny)
    replace(sweep, cells=sweep.cells[:1]).write()  # a smaller grid: its former study still has its folder
    assert sweep_leftovers(tiny)[0] == []
    shutil.rmtree(tiny / "studies" / "gan=dcgan")
    found, nouns = sweep_leftovers(tiny)
    gone = {each.path for each in found}
    assert nouns.many == "images" and gone < before
    kinds = {"dcgan", "dcgan-items", "dcgan-quality", "real+gan+classic"}
    assert {path.name.rpartition("-")[0] for path in gone} == kinds
    assert main(["clean", str(tiny), "--dry-run"]) == 0 and units(tiny) == before
    assert remove_leftovers(tiny, found) == found and units(tiny) == before - gone
    assert main(["clean", str(tiny / "studies" / "gan=mlp"), "--yes"]) == 0
    assert capsys.readouterr().out.strip().endswith("need all that is there.")


def test_a_sweep_of_which_a_study_is_at_work_is_refused(tiny, tmp_path):
    from gannb.work.leases import take

    with take(tiny / "studies" / "gan=mlp" / ".lease"), pytest.raises(InputError, match="Another run is at work"):
        with all_locked(tiny):
            pass
    with study_lock(tiny):
        assert main(["clean", str(tiny), "--yes"]) == 2
