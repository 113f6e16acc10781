"""The places of the map, from planted results."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from planted_sweep import planted_sweep

from gannb.sweep.entries import decided, entries, results, table
from gannb.sweep.mapping import panels

ROW = {"difference": 0.02, "low": 0.01, "high": 0.03, "se": 0.005, "level": 0.95, "trials": 8}


def test_a_study_gives_a_place_to_its_gan_and_shares_those_of_its_controls(tmp_path):
    sweep = planted_sweep(tmp_path, sets=1)
    found = entries(sweep, results(sweep), {})
    assert [entry.maker for entry in found].count("blends, no GAN") == 3 and len(found) == 9
    blends = next(entry for entry in found if not entry.is_gan)
    assert set(blends.at) == {"data", "n_per_class"} and blends.words == "clothes, blends, no GAN"
    gan = next(entry for entry in found if entry.is_gan)
    assert gan.words == "clothes, mlp" and gan.blends == "hurts"


def test_what_auto_comes_to_and_the_same_family_by_name_are_two_makers(tmp_path):
    sweep = planted_sweep(tmp_path, sets=1)
    ways = {"mlp": "mlp", "projection": "auto"}
    cells = [replace(cell, at=dict(cell.at) | {"gan": ways[cell.at["gan"]]}) for cell in sweep.cells]
    sweep = replace(sweep, axes=dict(sweep.axes) | {"gan": ["mlp", "auto"]}, cells=cells)
    found = results(sweep)
    for result in found.values():
        result.verdict["of"]["gan"] = "mlp"  # which `auto` comes to
    places = entries(sweep, found, {})
    assert {entry.maker for entry in places if entry.is_gan} == {"mlp", "mlp (auto)"}
    (panel,) = panels(sweep, places)
    assert [words[-1] for words, _ in panel.rows] == ["mlp", "mlp (auto)", "blends, no GAN"]
    assert all(None not in row for _, row in panel.rows)


def test_only_reports_of_what_is_finished_count(tmp_path):
    sweep = planted_sweep(tmp_path, sets=1)
    kept = json.loads((sweep.folder / "reports.json").read_text())
    late = kept.popitem()[0]
    (sweep.folder / "reports.json").write_text(json.dumps(kept))
    found = entries(sweep, results(sweep), {late: "units failed"})
    missing = [entry for entry in found if entry.row is None]
    assert [(entry.study, entry.reason) for entry in missing] == [(late, "units failed")]
    rows = table(sweep, found)
    assert [row["difference"] is None for row in rows].count(True) == 1
    assert {row["maker"] for row in rows} == {"mlp", "projection", "blends, no GAN"}


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({}, "helps"), ({"low": -0.01}, "inconclusive"), ({"low": -0.005, "high": 0.005}, "equivalent"),
        ({"low": -0.05, "high": -0.02}, "hurts"), ({"trials": 2}, "inconclusive"),
    ],
)  # fmt: skip
def test_a_control_is_decided_by_the_studys_rule(change, answer):
    assert decided(ROW | change, 0.01) == answer
    assert decided(ROW | change, 0.01, "a smoke run is far too small to answer") == "inconclusive"
