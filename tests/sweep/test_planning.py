"""One graph of distinct units, each data set read once, and cells that no data allow."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from sweep_files import TINY, sweep

from gannb.media.image import IMAGE
from gannb.sweep import planning
from gannb.sweep.planning import Graph, plan_sweep
from gannb.utils.errors import InputError


def test_27_studies_of_a_grid_make_each_distinct_unit_once(tmp_path, monkeypatch):
    reads = Counter()
    read = IMAGE.read
    monkeypatch.setattr(type(IMAGE), "read", lambda self, data, *rest: reads.update([data]) or read(data, *rest))
    grid = {"gan_steps": [500, 1000, 2000], "classifier_steps": [100, 200, 400], "synthetic_share": [0.1, 0.25, 0.5]}
    planned = plan_sweep(sweep(tmp_path, {"data": "digits", "grid": grid}))
    assert len(planned.studies) == 27 and reads == {"digits": 1}
    paths = [unit.path for unit in planned.graph.units()]
    every = [unit.path for study in planned.studies for unit in study.units]
    assert len(set(paths)) == len(paths) == len(set(every)) and set(paths) == set(every)
    assert planned.shared > 0.8 and planned.shared == 1 - len(paths) / len(every)


def test_the_graph_has_needed_ones_first_and_each_need_is_the_graphs_own(tmp_path):
    planned = plan_sweep(sweep(tmp_path, TINY))
    seen = set()
    for unit in planned.graph.units():
        assert all(need in seen for need in unit.needs)  # units are equal to themselves alone
        seen.add(unit)
    alone = [plan_sweep(sweep(tmp_path, TINY | {"grid": {"gan": [gan]}})) for gan in ("mlp", "dcgan")]
    assert {u.path for u in seen} == {u.path for each in alone for u in each.graph.units()}


def test_a_unit_that_is_there_is_found_by_its_path():
    planned = Graph()
    assert len(planned) == 0 and planned.units() == []


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"n_per_class": [8, 4000]}, "^n_per_class=4000: "),
        (
            {"n_per_class": [8, 4000, 5000]},
            r"^1 further study cannot be done either \(n_per_class=5000\); n_per_class=4000",
        ),
        ({"gan": ["mlp", "banana"]}, "^gan=banana: gan: there is no family 'banana'"),
        ({"trials": [2, 1000], "n_per_class": [50]}, "^trials=1000,n_per_class=50: "),
        ({"positive": ["x", "y"]}, "^1 further study .*positive=x: positive: it is for two classes"),
        ({"keep_classes": ["3", "x"]}, "^keep_classes=x: keep_classes: there is no class 'x'"),
        ({"gan": ["auto", "mlp"]}, "^gan=auto and gan=mlp come to the same study with these data"),
        ({"data": ["digits", "/nowhere"]}, "^nowhere: .*/nowhere"),
    ],
)
def test_a_cell_that_no_data_allow_is_named_before_anything_runs(tmp_path, grid, said):
    given = {k: v for k, v in TINY.items() if k not in grid} | {"grid": grid, "medium": "image"}
    with pytest.raises(InputError, match=said):
        plan_sweep(sweep(tmp_path, given))
    assert not (tmp_path / "outputs").exists()


def test_data_that_cannot_be_read_are_looked_at_once(tmp_path, monkeypatch):
    looked = Counter()
    load = planning.load_data
    monkeypatch.setattr(planning, "load_data", lambda study: looked.update([study.data]) or load(study))
    with pytest.raises(InputError, match=re.escape("1 further study cannot be done either")):
        plan_sweep(sweep(tmp_path, TINY | {"data": str(tmp_path / "none"), "medium": "image"}))
    assert looked.total() == 1
