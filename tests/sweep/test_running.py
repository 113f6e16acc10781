"""A sweep from its file to its map: every unit made once, what fails named and tried again."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
from sweep_files import TINY, written

from gannb.cli import main
from gannb.experiment.experiment import Experiment
from gannb.study.folder import load_study, sweep_of, units_folder
from gannb.study.model import Study, make_study
from gannb.sweep.definition import read_sweep, sweep_of_file
from gannb.sweep.planning import plan_sweep
from gannb.sweep.running import help_begun, is_begun, run_sweep
from gannb.utils.errors import InputError
from gannb.work.scheduler import Outcome
from gannb.work.store import is_done


def units(folder: Path) -> dict[str, int]:
    """The finished units of a sweep, and when each was made."""
    return {str(file.parent): file.stat().st_mtime_ns for file in folder.glob("units/trials/*/*/unit.json")}


def one_gan(folder: Path, family: str) -> Path:
    return next(path for path in folder.glob(f"units/trials/000/{family}-*") if path.name.count("-") == 1)


def test_a_sweep_makes_every_unit_once_and_writes_reports_and_map(made):
    folder, ran = made
    planned = plan_sweep(read_sweep(folder), own_copy=True)
    assert (ran.failed, ran.written, ran.made) == ({}, 2, len(planned.graph)) and ran.made == len(units(folder))
    assert len(list(folder.glob("units/data-*"))) == 1 and not list(folder.glob("studies/*/trials"))
    for study in folder.glob("studies/*"):
        assert {"study.json", "verdict.json", "scores.csv", "report.html"} <= {path.name for path in study.iterdir()}
        assert not list(study.glob("*.ipynb"))
    assert ran.page == folder / "map.html" and (folder / "map.csv").is_file() and ran.sentence == "Undecided in 2 of 2"


def test_a_second_run_makes_nothing(tiny):
    before, pages = units(tiny), [file.stat().st_mtime_ns for file in sorted(tiny.glob("studies/*/report.html"))]
    ran = run_sweep(read_sweep(tiny))
    assert (ran.made, ran.written, ran.failed) == (0, 0, {}) and units(tiny) == before
    assert [file.stat().st_mtime_ns for file in sorted(tiny.glob("studies/*/report.html"))] == pages


def test_a_study_of_it_has_the_numbers_that_it_would_have_alone(made, tmp_path):
    given = {k: v for k, v in TINY.items() if k != "grid"} | {"gan": "mlp", "name": "alone"}
    alone = Experiment.open(load_alone(given, tmp_path))
    for stage in (1, 2, 3, 4):
        assert not alone.run(stage).failed
    study = load_study(made[0] / "studies" / "gan=mlp")
    shared = Experiment.open(study, own_copy=True)
    assert sweep_of(study.folder) == made[0] and shared.results.folder == units_folder(study.folder)
    columns = ["trial", "arm", "seed", "accuracy", "balanced_accuracy"]
    assert shared.scores()[columns].equals(alone.scores()[columns])


def load_alone(given: dict, folder: Path) -> Study:
    return make_study(**given, output_dir=str(folder))


def test_what_failed_is_named_and_the_same_command_tries_it_again(tiny, tmp_path, capsys):
    lost = one_gan(tiny, "dcgan")
    for path in [lost, *tiny.glob("units/trials/000/dcgan-items-*"), *tiny.glob("units/trials/000/real+gan+classic-*")]:
        shutil.rmtree(path)
    failed = lost.with_name(f"{lost.name}.failed")
    failed.mkdir()
    (failed / "error.json").write_text(json.dumps({"error": "RuntimeError: the loss is nan"}))
    assert help_begun(tiny, 1).failed[0][1] == "RuntimeError: the loss is nan"  # by `gannb work`, which leaves it
    assert main(["status", str(tiny)]) == 0
    said = capsys.readouterr().out
    assert "\ntiny: failed\n" in said and "failed in gan=dcgan" in said and "RuntimeError: the loss is nan" in said
    assert main(["sweep", str(tiny), "-q"]) == 0  # the folder names it as well as its file
    assert not failed.exists() and lost.is_dir()


def test_a_failed_study_is_told_on_the_map_and_in_the_exit_code(tiny, monkeypatch, capsys):
    lost = one_gan(tiny, "dcgan")
    failed = lost.with_name(f"{lost.name}.failed")
    for path in [lost, *tiny.glob("units/trials/*/real+gan+classic-*"), *tiny.glob("units/trials/*/dcgan-items-*")]:
        shutil.rmtree(path)
    failed.mkdir()
    (failed / "error.json").write_text(json.dumps({"error": "RuntimeError: the loss is nan"}))
    monkeypatch.setattr("gannb.sweep.running.run_units", lambda *given, **how: Outcome((), (), ()))
    assert main(["sweep", str(tiny), "-q"]) == 1
    said = capsys.readouterr()
    assert "gan=dcgan failed: " in said.err and "gan=mlp failed: " in said.err  # whose classifiers have gone, too
    page = (tiny / "map.html").read_text()
    assert page.count('class="place failed"') == 3 and "Not all of it is there" in page and "gan=dcgan: " in page
    assert "No result yet" in page


def test_a_grid_that_grows_makes_what_is_new_alone(tiny, tmp_path, capsys):
    before = units(tiny)
    grown = TINY | {"name": "tiny", "output_dir": str(tiny.parent), "grid": {"gan": ["mlp", "dcgan", "acgan"]}}
    planned = plan_sweep(sweep_of_file(written(tmp_path, grown), {}))
    new = [unit for unit in planned.graph.units() if not is_done(tiny / "units", unit)]
    assert {unit.place.rpartition("/")[2].split("-")[0] for unit in new} == {"acgan", "real+gan+classic"}
    other = written(tmp_path, grown | {"grid": {"gan": ["mlp"], "seed": [1]}})
    assert main(["sweep", str(other)]) == 2 and units(tiny) == before  # its studies have other names
    assert "in use by another sweep" in capsys.readouterr().err


def test_others_may_help_from_the_folder_alone(tiny, capsys):
    assert is_begun(tiny)
    shutil.rmtree(one_gan(tiny, "mlp"))
    assert main(["work", str(tiny), "--workers", "1", "-q"]) == 0
    assert "1 units were made here, 0 meanwhile elsewhere; `gannb sweep" in capsys.readouterr().out
    (tiny / "plan.json").unlink()  # as before all studies are recorded
    with pytest.raises(InputError, match="The sweep in .* is only being recorded"):
        help_begun(tiny)
    with pytest.raises(InputError, match="workers: -1 is not possible"):
        help_begun(tiny, -1)


def test_a_sweep_that_is_begun_later_is_waited_for(tiny, tmp_path, capsys):
    later = tmp_path / "later"
    begin = threading.Timer(1.5, lambda: tiny.rename(later))
    begin.start()
    assert main(["work", str(later), "--workers", "1", "--wait", "2"]) == 0
    begin.join()
    assert f"Every unit was there already; `gannb sweep {later}` writes the reports" in capsys.readouterr().out
    assert main(["work", str(later / "map.html")]) == 2
    assert "map.html is a file; give the folder of a study or of a sweep." in capsys.readouterr().err
