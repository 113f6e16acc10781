"""What a sweep would do, before it does."""

from __future__ import annotations

import json
import re

import pytest
from sweep_files import TINY, written

from gannb.cli import main
from gannb.sweep import estimate

GRID = {"classifier_steps": [5, 10], "synthetic_share": [0.25, 0.5]}


@pytest.fixture
def timed(monkeypatch):
    """Which studies' steps were timed; nothing is."""
    seen = []
    once = {
        "mlp": 0.01,
        "sample mlp": 0.001,
        "flow": 0.01,
        "sample flow": 0.001,
        "small_cnn": 0.002,
        "predict small_cnn": 0.0001,
        "waiting": 1.0,
        "own measures": 0.0,
    }
    once |= {f"sample {name}": 0.001 for name in ("interpolation", "gaussian", "copies", "mislabelled")}
    monkeypatch.setattr(estimate, "timed_steps", lambda settings, device: seen.append(settings.study.name) or [once])
    return seen


def test_plan_says_how_much_is_shared_and_times_each_kind_of_study_once(tmp_path, timed, capsys):
    file = written(tmp_path, TINY | {"gan": "mlp", "grid": GRID})
    command = ["plan", str(file), "-q", "--set", f"output_dir={tmp_path}"]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["studies"], found["data"], found["workers"]) == (4, 1, 1) and len(timed) == 1
    assert found["axes"] == {"classifier_steps": ["5", "10"], "synthetic_share": ["0.25", "0.5"]}
    kinds = found["units"]
    assert found["units_distinct"] == sum(kind["total"] for kind in kinds.values()) < found["units_of_studies"]
    assert found["shared"] == pytest.approx(1 - found["units_distinct"] / found["units_of_studies"], abs=1e-4)
    assert kinds["generator"]["todo"] == kinds["generator"]["total"]  # of two trials, for all four studies
    assert found["seconds"] > 0 and found["disk_bytes_most"] >= found["disk_bytes"] > 0
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "4 studies over classifier_steps (5, 10) and synthetic_share (0.25, 0.5); data sets: 1." in text
    assert "distinct ones, each made once" in text and "training classifiers" in text
    assert not list(tmp_path.glob("*/sweep.json"))


def test_plan_refuses_a_place_where_no_sweep_can_be_written(tmp_path, timed, capsys):
    (tmp_path / "file").touch()
    command = ["plan", str(written(tmp_path, TINY | {"gan": "mlp", "grid": GRID}))]
    assert main([*command, "--set", f"output_dir={tmp_path / 'file'}"]) == 2 and not timed
    assert "cannot be written (not a directory); choose another output_dir." in capsys.readouterr().err


def test_a_sweep_whose_disk_is_full_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 600_000)
    command = [
        "sweep",
        str(written(tmp_path, TINY | {"gan": "mlp", "grid": GRID})),
        "--set",
        f"output_dir={tmp_path}/out",
    ]
    assert main(command) == 2 and not (tmp_path / "out").exists()
    assert re.search(r"needs at least .* MB and its disk has 0.6 MB free: make room", capsys.readouterr().err)


def test_a_family_s_own_settings_are_timed_each(tmp_path, timed, capsys):
    file = written(tmp_path, TINY | {"gan": "flow", "grid": {"flow_steps": [10, 100]}})
    assert main(["plan", str(file), "-q", "--json", "--set", f"output_dir={tmp_path}"]) == 0
    assert len(timed) == 2


def test_a_finished_sweep_has_nothing_to_do(tiny, timed, capsys):
    assert main(["plan", str(tiny), "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not timed and {kind["todo"] for kind in found["units"].values()} == {0}


def test_plan_of_a_sweep_takes_no_data_beside_it(tmp_path, capsys):
    assert main(["plan", str(written(tmp_path, TINY)), "--data", "digits"]) == 2
    assert "--data is for one study" in capsys.readouterr().err
