"""What a sweep's file may say, and everything that is refused in it before any work."""

from __future__ import annotations

import json
import re

import pytest
from sweep_files import TINY, sweep, written

from gannb.cli import main
from gannb.study.folder import save_study
from gannb.study.model import make_study
from gannb.sweep.definition import read_sweep
from gannb.utils.errors import InputError

GRID = {"n_per_class": [8, 16], "gan": ["mlp", "dcgan"]}


def test_every_combination_of_a_grid_is_a_study_named_after_its_values(tmp_path):
    found = sweep(tmp_path, {"data": "digits", "trials": 4, "grid": GRID})
    names = ["n_per_class=8,gan=mlp", "n_per_class=8,gan=dcgan", "n_per_class=16,gan=mlp", "n_per_class=16,gan=dcgan"]
    assert [cell.name for cell in found.cells] == names and found.name == "sweep"
    assert found.axes == {"n_per_class": ["8", "16"], "gan": ["mlp", "dcgan"]}
    last = found.cells[-1]
    assert (last.study.n_per_class, last.study.gan, last.study.trials) == (16, "dcgan", 4)
    assert last.at == {"n_per_class": "16", "gan": "dcgan"}
    assert last.study.folder == tmp_path / "outputs" / "sweep" / "studies" / names[-1]


def test_a_value_may_bring_parameters_of_its_own(tmp_path):
    grid = {"data": ["digits", {"data": str(tmp_path / "photos"), "size": 32}], "n_per_class": [8]}
    digits, photos = sweep(tmp_path, {"medium": "image", "grid": grid}).cells
    assert (digits.name, photos.name) == ("digits,n_per_class=8", "photos,n_per_class=8")
    assert digits.study.size is None and str(photos.study.size) == "32"


def test_folders_of_one_name_are_told_apart_by_their_path(tmp_path):
    paths = [str(tmp_path / place / "train") for place in ("a", "b")]
    found = sweep(tmp_path, {"medium": "image", "grid": {"data": paths}})
    assert found.axes == {"data": ["a-train", "b-train"]}


def test_one_data_set_at_several_sizes_is_told_apart_by_them(tmp_path):
    photos = str(tmp_path / "photos")
    found = sweep(tmp_path, {"medium": "image", "grid": {"data": [{"data": photos, "size": n} for n in (32, 64)]}})
    assert found.axes == {"data": ["photos-size=32", "photos-size=64"]}


def test_several_grids_over_the_same_parameters_are_one_sweep(tmp_path):
    grids = [{"gan": ["mlp"], "n_per_class": [4, 8]}, {"gan": ["dcgan"], "n_per_class": [8, 16]}]
    found = sweep(tmp_path, {"grid": grids})
    assert found.axes == {"gan": ["mlp", "dcgan"], "n_per_class": ["4", "8", "16"]}
    names = ["gan=mlp,n_per_class=4", "gan=mlp,n_per_class=8", "gan=dcgan,n_per_class=8", "gan=dcgan,n_per_class=16"]
    assert [cell.name for cell in found.cells] == names


def test_what_two_grids_call_by_one_name_is_told_apart(tmp_path):
    paths = [str(tmp_path / place / "photos") for place in ("a", "b")]
    grids = [{"data": [path], "gan": [gan]} for path, gan in zip(paths, ("mlp", "dcgan"), strict=True)]
    found = sweep(tmp_path, {"medium": "image", "grid": grids})
    assert found.axes["data"] == ["a-photos", "b-photos"] and found.cells[0].at["data"] == "a-photos"
    same = [{"data": [{"data": paths[0], "size": size}], "gan": ["mlp"]} for size in (16, 32)]
    assert sweep(tmp_path, {"medium": "image", "grid": same}).axes["data"] == ["photos-size=16", "photos-size=32"]


def test_a_study_is_called_after_the_values_of_its_own_grid_unless_another_is_called_so(tmp_path):
    steps = [{"data": ["digits"], "gan": [{"gan": "mlp", "gan_steps": 4000}]}]
    one = sweep(tmp_path, {"medium": "image", "grid": steps}).cells[0].name
    others = {"data": [str(tmp_path / "photos")], "gan": [{"gan": "mlp", "gan_steps": 1000}]}
    both = sweep(tmp_path, {"medium": "image", "grid": [*steps, others]})
    assert [cell.name for cell in both.cells] == [one, "photos,gan=mlp"] and one == "digits,gan=mlp"
    assert both.axes["gan"] == ["mlp-gan_steps=4000", "mlp-gan_steps=1000"]
    again = sweep(tmp_path, {"grid": [each | {"data": ["digits"]} for each in (*steps, others)]})
    assert [cell.name for cell in again.cells] == ["digits,gan=mlp-gan_steps=4000", "digits,gan=mlp-gan_steps=1000"]


def test_what_listed_studies_call_by_one_name_is_told_apart(tmp_path):
    listed = [{"data": str(tmp_path / place / "photos"), "name": place} for place in ("a", "b")]
    assert [cell.at["data"] for cell in sweep(tmp_path, {"medium": "image", "studies": listed}).cells] == [
        "a-photos", "b-photos"
    ]  # fmt: skip
    both = [{"arms": ["real", "real+gan"], "seed": 1}, {"arms": "real,real+gan", "seed": 2}]
    assert sweep(tmp_path, {"studies": both}).axes["arms"] == ["real,real+gan"]
    listed = [{"trials": 8}, {"trials": 8, "n_per_class": "null", "name": "n"}, {"trials": 8, "n_per_class": 10}]
    found = sweep(tmp_path, {"n_per_class": 20, "studies": listed})
    assert [cell.at["n_per_class"] for cell in found.cells] == ["20", "default", "10"]


def test_studies_may_be_listed(tmp_path):
    listed = [{"n_per_class": 8}, {"n_per_class": 8, "gan": "dcgan"}, {"name": "large", "n_per_class": 16}]
    found = sweep(tmp_path, {"data": "digits", "studies": listed})
    assert [cell.name for cell in found.cells] == ["n_per_class=8", "n_per_class=8,gan=dcgan", "large"]
    assert found.axes == {"n_per_class": ["8", "16"], "gan": ["default", "dcgan"]}
    assert found.cells[0].at == {"n_per_class": "8", "gan": "default"}


def test_several_doses_are_one_value_and_null_is_the_default(tmp_path):
    found = sweep(tmp_path, {"grid": {"n_synthetic": [[50, 200], 100], "gan_steps": ["null", 500]}})
    assert found.axes == {"n_synthetic": ["50,200", "100"], "gan_steps": ["default", "500"]}
    assert found.cells[0].study.doses == (50, 200) and found.cells[0].study.gan_steps is None


def test_names_longer_than_a_folders_are_cut_and_stay_apart(tmp_path):
    held = [["0", "1", "2", "3", "4", "5", "6", "7"] + [f"{'x' * 60}{i}{j}" for j in range(4)] for i in range(2)]
    names = [cell.name for cell in sweep(tmp_path, {"grid": {"keep_classes": held}}).cells]
    assert len(set(names)) == 2 and all(len(name) <= 200 for name in names)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"grid": {"gan_stepz": [1, 2]}}, "no parameter gan_stepz; did you mean gan_steps?"),
        ({"grid": {"xyz": [1, 2]}}, "there is no parameter xyz; `gannb parameters` lists"),
        ({"gan_stepz": 5, "grid": GRID}, "there is no parameter gan_stepz; did you mean gan_steps?"),
        ({"grid": {}}, "the grid is empty; name a parameter in it"),
        ({"data": "digits", "grid": None}, "the grid is empty"),
        ({"grid": ["n_per_class"]}, "the grid is no list of `parameter: [values]`"),
        ({"grid": {"n_per_class": []}}, "n_per_class has no values; give several in brackets"),
        ({"grid": {"n_per_class": 8}}, "n_per_class is one value; write [8, ...] for several"),
        ({"grid": {"n_per_class": None}}, "n_per_class is without a value"),
        (
            {"grid": [{"gan": ["mlp"]}, {"gan": ["mlp"], "seed": [1]}]},
            "the grids differ in seed; give all of them the same",
        ),
        ({"grid": [{"gan": ["mlp"]}, {}]}, "the grid is no list of `parameter: [values]`"),
        ({"grid": [{"gan": ["mlp"]}, {"gan": ["mlp"]}]}, "gan=mlp and gan=mlp are the same study"),
        ({"studies": []}, "the list of studies is empty"),
        ({"studies": {"gan": "mlp"}}, "studies takes a list, as `- {n_per_class: 20, gan: mlp}`"),
        ({"studies": [{}]}, "gives no parameter; write those in which they differ"),
        ({"grid": GRID, "studies": [{"gan": "mlp"}]}, "both a grid and a list of studies; leave one of them out"),
        ({"data": "digits"}, "has no grid and no list of studies, so it is one study: `gannb run"),
        ({"grid": {"n_per_class": [8, 16, 8]}}, "n_per_class has 8 twice; leave one of them out"),
        ({"grid": {"n_per_class": [8, "8.0"]}}, "n_per_class=8 and n_per_class=8.0 are the same study"),
        (
            {"grid": {"data": ["digits", {"data": "digits", "size": "null"}]}},
            "digits and digits-size=default are the same",
        ),
        ({"studies": [{"gan": "mlp"}, {"gan": "mlp"}]}, "gan=mlp and gan=mlp are the same study"),
        ({"studies": [{"gan": "mlp", "name": "a"}, {"gan": "dcgan", "name": "A"}]}, "two of the studies are called A"),
        ({"studies": [{"gan": "mlp", "name": "a/b"}]}, "name='a/b' is not valid"),
        ({"grid": {"n_per_class": [8, "many"]}}, "n_per_class=many: n_per_class='many' is not valid"),
        ({"grid": {"workers": [1, 2]}}, "workers is the same for all studies of a sweep"),
        ({"grid": {"device": ["cpu"]}}, "device is the same for all studies of a sweep"),
        ({"studies": [{"metric": "accuracy"}, {"gan": "mlp"}]}, "metric is the same for all studies of a sweep"),
        ({"grid": {"data": [{"data": "digits", "rope": 0.02}]}}, "rope is the same for all studies of a sweep"),
        ({"grid": {"data": [{"size": 32}]}}, "a value of data does not say its data"),
        ({"grid": {"data": [["digits", "photos"], "digits"]}}, "data=['digits', 'photos'] is not valid"),
        ({"grid": {"gan": [{"gan": "mlp", "gan_steps": 5}], "gan_steps": [5]}}, "gan_steps is said by two axes"),
        ({"grid": {"foreign": ["os:system"]}}, "a function is not taken from a file"),
        ({"grid": {"seed": list(range(101)), "n_per_class": list(range(2, 102))}}, "the grid has 10,100 cells"),
        ({"name": "a/b", "grid": GRID}, "name='a/b' is not valid"),
        ("grid: {gan: [mlp], gan: [dcgan]}", "says gan twice; leave one of them out"),
        ("grid: {gan: [mlp", "is not valid YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(tmp_path, given, said):
    with pytest.raises(InputError, match=re.escape(said)):
        sweep(tmp_path, given)


def test_changes_hold_for_all_studies_and_touch_no_axis(tmp_path):
    assert {c.study.trials for c in sweep(tmp_path, {"trials": 4, "grid": GRID}, trials="6").cells} == {6}
    with pytest.raises(InputError, match="--set gan: the studies of .* differ in it; change it there"):
        sweep(tmp_path, {"grid": GRID}, gan="mlp")
    with pytest.raises(InputError, match="--set grid: it is written in the sweep's file"):
        sweep(tmp_path, {"grid": GRID}, grid="x")


def test_a_name_in_use_by_a_study_or_another_sweep_is_refused(tmp_path):
    first = sweep(tmp_path, {"grid": GRID})
    first.write()
    sweep(tmp_path, {"grid": GRID | {"n_per_class": [16, 32]}})  # the same sweep, with another size
    with pytest.raises(InputError, match=r"in use by another sweep, over n_per_class \(8, 16\) and gan \(mlp, dcgan\)"):
        sweep(tmp_path, {"grid": {"seed": [1, 2]}})
    with pytest.raises(InputError, match="in use by another sweep"):  # studies of these names, of other data
        sweep(tmp_path, {"data": str(tmp_path), "medium": "image", "grid": GRID})
    save_study(make_study(output_dir=str(tmp_path / "outputs"), name="taken"))
    with pytest.raises(InputError, match="The name 'taken' is in use by the study in .*another name"):
        sweep(tmp_path, {"grid": GRID}, name="taken")


def test_a_study_gets_no_sweeps_place(tmp_path, capsys):
    sweep(tmp_path, {"grid": GRID}).write()
    assert main(["run", "--data", "digits", "--set", f"output_dir={tmp_path / 'outputs'}", "name=sweep"]) == 2
    assert "in use by the sweep in" in capsys.readouterr().err


def test_a_sweeps_file_is_no_studys_and_the_other_way_round(tmp_path, capsys):
    file = written(tmp_path, TINY)
    assert main(["run", str(file)]) == 2
    assert f"holds a sweep, many studies; run it with `gannb sweep {file}`" in capsys.readouterr().err
    assert main(["sweep", str(tmp_path / "none.yaml")]) == 2
    assert "There is no study file" in capsys.readouterr().err


def test_commands_for_a_study_say_what_a_sweeps_folder_is(tmp_path, capsys):
    found = sweep(tmp_path, {"grid": GRID})
    found.write()
    for command in ("run", "report", "generate"):
        more = ["--per-class", "5", "--to", str(tmp_path / "set")] if command == "generate" else []
        assert main([command, str(found.folder), *more]) == 2
        assert "is the folder of a sweep: `gannb sweep" in capsys.readouterr().err
    for command in ("status", "sweep", "clean"):
        assert main([command, str(found.folder), *(["--dry-run"] if command == "clean" else [])]) == 2
        assert "was not begun to its end: n_per_class=8,gan=mlp, " in capsys.readouterr().err


def test_what_a_folder_keeps_may_be_damaged(tmp_path):
    with pytest.raises(InputError, match="There is no sweep in"):
        read_sweep(tmp_path)
    found = sweep(tmp_path, {"grid": GRID})
    found.write()
    file = found.folder / "sweep.json"
    file.write_text(json.dumps({"axes": {}, "cells": [{"study": 5}]}))
    with pytest.raises(InputError, match="sweep.json is damaged; `gannb sweep` with the sweep's file"):
        read_sweep(found.folder)
