"""How far a sweep is, as text and as JSON."""

from __future__ import annotations

import json
import shutil

import pytest
from sweep_files import sweep

from gannb.cli import main
from gannb.sweep.planning import plan_sweep
from gannb.sweep.status import SweepListing, status_text, sweep_status
from gannb.work.costs import Costs
from gannb.work.store import HOST, LEASE


def a_gan(folder, family):
    return next(path for path in folder.glob(f"units/trials/000/{family}-*") if path.name.count("-") == 1)


def test_a_finished_sweep_is_done(tiny, capsys):
    assert main(["status", str(tiny), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tiny / "status.json").read_text())
    assert (found["sweep"], found["state"], found["failed"], found["hosts"], found["seconds_left"]) == (
        "tiny", "done", [], {}, 0
    )  # fmt: skip
    assert found["studies"] == {"done": ["gan=mlp", "gan=dcgan"], "running": [], "failed": [], "unfinished": []}
    assert sum(count["total"] for count in found["units"].values()) == len(
        list(tiny.glob("units/trials/*/*/unit.json"))
    )


def test_hosts_at_work_and_studies_that_wait_are_told(tiny):
    unit = a_gan(tiny, "mlp")
    shutil.rmtree(unit)
    running = unit.with_name(f"{unit.name}.running")
    running.mkdir()
    (running / LEASE).write_text("0a1b")
    (running / HOST).write_text("alpha")
    found, text = sweep_status(tiny)
    assert found["state"] == "running" and found["hosts"] == {"alpha": 1}
    assert found["studies"]["running"] == ["gan=mlp"] and found["studies"]["done"] == ["gan=dcgan"]
    assert "1 of 2, 1 running" in text and "at work: alpha (1)" in text and "of work left" in text


def test_what_is_kept_serves_until_something_changes(tiny):
    assert SweepListing.kept(tiny, False) is not None
    shutil.rmtree(a_gan(tiny, "mlp"))
    assert SweepListing.kept(tiny, False) is None and SweepListing.kept(tiny, True) is not None
    assert sweep_status(tiny)[0]["state"] == "unfinished" and SweepListing.kept(tiny, False) is not None


@pytest.mark.parametrize("number", [1, 3])
def test_errors_are_told_once_with_their_number(number):
    failed = [{"unit": f"trials/000/mlp-{i}", "error": "RuntimeError: the loss is nan"} for i in range(number)]
    studies = {"done": ["a"], "running": [], "failed": ["b"], "unfinished": ["c"]}
    status = {"sweep": "x", "state": "failed", "studies": studies, "units": {}, "failed": failed, "hosts": {}}
    lines = status_text(status | {"seconds_left": 60, "seconds_left_most": 60}, {}).splitlines()
    assert lines[1].split() == ["studies", "1", "of", "3,", "1", "failed"] and "  failed in b" in lines
    assert lines[-2].strip() == "RuntimeError: the loss is nan" + (f" ({number} units)" if number > 1 else "")


def test_all_doublings_of_studies_that_are_not_done_may_be_left(tmp_path):
    """Two grids of one number of first steps share trainings; each is counted once, with the longer bound of both."""
    one = {"data": "digits", "preset": "smoke", "classifier_steps": 5, "arms": ["real", "real+gan"]}
    planned = plan_sweep(sweep(tmp_path, one | {"workers": 2, "grid": {"classifier_steps_most": [10, 40]}}))
    listing = SweepListing.of_sweep(planned)
    times = {listing.units[place][0]: times for place, times in listing.doublings}
    assert set(times.values()) == {7} and len(times) == sum(kind == "classifier" for _, kind, _ in listing.units)
    costs, names = Costs({}, [("classifier", 4.0)]), [study.name for study in planned.studies]
    longer = [listing._longer(dict.fromkeys(names, state), costs) for state in ("unfinished", "done")]
    assert longer == [round(7 * 4 * len(times) / 2), 0]


def test_a_doubling_that_is_planned_is_no_more_to_come(tmp_path):
    units = (("a", "classifier", "classifier"), ("b", "classifier", "classifier"), ("c", "classifier", "classifier*2"))
    kinds = {"classifier": "training classifiers"}
    listing = SweepListing("", kinds, {"classifier": 3.0}, units, {"x": (0, 1, 2)}, ((0, 7), (1, -1), (2, -1)), 1, 0, 0)
    assert listing._longer({"x": "running"}, Costs({}, [("classifier", 10.0)])) == 70 - 10 - 20
