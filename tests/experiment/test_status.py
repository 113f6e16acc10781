"""status.json: what is done, at work, failed and left."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from conftest import SMOKE
from smoke_study import ARMS, changed

from gannb.experiment.experiment import Experiment
from gannb.experiment.results import Results
from gannb.experiment.status import PLAN, Listing, status_text, write_status
from gannb.study.folder import open_study
from gannb.study.model import make_study
from gannb.work.leases import take
from gannb.work.store import LEASE, recorded_failure, side_folder


def test_the_status_follows_a_changed_study(tmp_path):
    study = make_study(**SMOKE, output_dir=str(tmp_path / "outputs"))
    Experiment.open(study)
    before = json.loads((study.folder / "status.json").read_text())
    Experiment.open(open_study(study.folder, trials=3))
    after = json.loads((study.folder / "status.json").read_text())
    assert after["units"]["classifier"]["total"] > before["units"]["classifier"]["total"]


def status_of(results: Results, state: str = "") -> dict:
    study = results.settings.study
    return Listing.of_results(results).status(study.folder, study.name, state)


def test_status_of_a_finished_study(finished):
    status = json.loads((finished / "status.json").read_text())
    assert (status["study"], status["state"], status["failed"], status["seconds_left"]) == ("digits", "done", [], 0)
    totals = {kind: count["total"] for kind, count in status["units"].items()}
    twice = dict.fromkeys(("draw", "generator", "items", "ruler", "quality", "yardsticks"), 2)
    assert totals == twice | {"classifier": 2 * len(ARMS)}
    assert all(c["done"] == c["total"] and c["running"] == c["failed"] == 0 for c in status["units"].values())


def test_status_counts_what_is_to_do_and_what_failed(smoke):
    experiment = changed(smoke)
    first, second = experiment.plan.units(4)[:2]
    for unit in (first, second):
        shutil.rmtree(smoke / unit.path)
    failed = side_folder(smoke, first, "failed")
    failed.mkdir()
    (failed / "error.json").write_text(json.dumps({"error": "RuntimeError: the loss is nan", "traceback": ""}))
    status = write_status(experiment.results)
    assert status["units"]["classifier"] == {
        "done": 2 * len(ARMS) - 2, "running": 0, "failed": 1, "total": 2 * len(ARMS)
    }  # fmt: skip
    assert status["failed"] == [{"unit": first.path, "error": "RuntimeError: the loss is nan"}]
    assert status["state"] == "failed"
    assert json.loads((smoke / "status.json").read_text()) == status
    assert recorded_failure(smoke, first)
    with take(side_folder(smoke, first, "running") / LEASE):  # it is being tried again
        status = write_status(experiment.results)
    assert (status["units"]["classifier"]["running"], status["failed"], status["state"]) == (1, [], "running")


def test_status_of_an_unfinished_study(smoke):
    experiment = changed(smoke)
    shutil.rmtree(smoke / experiment.plan.units(4)[0].path)
    assert write_status(experiment.results)["state"] == "unfinished"


def test_a_unit_that_was_killed_is_not_counted_as_running(smoke):
    experiment = changed(smoke)
    unit = experiment.plan.units(4)[0]
    shutil.rmtree(smoke / unit.path)
    running = side_folder(smoke, unit, "running")
    lease = running / LEASE
    running.mkdir()
    lease.touch()
    assert write_status(experiment.results)["units"]["classifier"]["running"] == 1
    os.utime(lease, (1e9, 1e9))  # nobody holds it any more
    assert write_status(experiment.results)["units"]["classifier"]["running"] == 0


def test_a_status_in_words_names_what_failed_and_the_time_left():
    units = {"classifier": {"done": 3, "running": 1, "failed": 1, "total": 9}}
    failed = [{"unit": "trials/000/real-0", "error": "RuntimeError: the loss is nan"}]
    status = {
        "study": "digits",
        "medium": "image",
        "state": "failed",
        "units": units,
        "failed": failed,
        "hosts": {"alpha": 1},
    }
    words = {"classifier": "training classifiers"}
    doubled = status_text(status | {"seconds_left": 45, "seconds_left_most": 300}, words).splitlines()
    assert doubled[-1] == ("  at least 45 s of work left; up to 5 min if training converges late and steps are doubled")
    assert status_text(status | {"seconds_left": 45, "seconds_left_most": 45}, words).splitlines() == [
        "digits: failed",
        f"  {'training classifiers':<34}     3 of 9, 1 running, 1 failed",
        "  at work: alpha (1)",
        "  failed: trials/000/real-0: RuntimeError: the loss is nan",
        "  about 45 s of work left",
    ]


def test_when_every_unit_is_made_a_process_may_still_be_at_work(smoke):
    status = status_of(changed(smoke).results, "running")
    assert status["seconds_left"] == 0
    text = status_text(status, {unit.kind: unit.kind for unit in changed(smoke).plan.all_units()})
    assert text.splitlines()[-1] == "  every unit that is planned is made; a process is still at work here"


def test_no_time_is_told_before_one_unit_of_each_kind_is_done(smoke):
    for unit in changed(smoke).plan.units(4):
        shutil.rmtree(smoke / unit.path)
    status = status_of(changed(smoke).results)
    assert (status["seconds_left"], status["seconds_left_most"]) == (None, None)
    text = status_text(status, {unit.kind: unit.kind for unit in changed(smoke).plan.all_units()})
    assert "is not known before one GAN, one classifier and so on is made" in text and "`gannb plan` estimates" in text


def test_the_time_left_is_shared_by_the_workers(smoke):
    record = smoke / changed(smoke).plan.units(4)[0].path / "unit.json"
    kept = json.loads(record.read_text())
    for unit in changed(smoke).plan.units(4)[1:]:  # all of one cost but the first, which took a minute and a half
        shutil.rmtree(smoke / unit.path)
    record.write_text(json.dumps(kept | {"seconds": 90.0}))
    left = [status_of(changed(smoke, workers=n).results)["seconds_left"] for n in (1, 2)]
    n = len(changed(smoke).plan.units(4)) - 1
    assert left == [90 * n, 45 * n]


# ---- the units of the last plan, kept so that nobody has to plan it anew to tell how far it is


def test_what_is_kept_of_a_plan_says_the_same_as_planning_anew(smoke):
    results = changed(smoke).results
    shutil.rmtree(smoke / results.plan.units(4)[0].path)
    status = write_status(results)
    kept = Listing.kept(smoke, running=False)
    assert kept == Listing.of_results(results)
    assert kept.status(smoke, "digits") == status == status_of(results)


def test_what_is_kept_holds_no_more_where_units_were_finished_or_failed_or_parameters_changed(smoke):
    results = changed(smoke).results
    first, second = results.plan.units(4)[:2]
    aside = shutil.move(smoke / first.path, smoke.parent / "aside")
    write_status(results)
    shutil.move(aside, smoke / first.path)  # finished by a process that was killed before it planned what comes next
    assert Listing.kept(smoke, running=False) is None
    assert Listing.kept(smoke, running=True).status(smoke, "digits")["units"]["classifier"]["done"] == 2 * len(ARMS)
    write_status(results)
    shutil.rmtree(smoke / second.path)
    (failed := side_folder(smoke, second, "failed")).mkdir()
    (failed / "error.json").write_text(json.dumps({"error": "RuntimeError: no"}))
    assert Listing.kept(smoke, running=False) is None
    write_status(results)
    assert Listing.kept(smoke, running=False).status(smoke, "digits")["state"] == "failed"
    record = json.loads((smoke / "study.json").read_text())
    record["set"]["trials"] = 3
    (smoke / "study.json").write_text(json.dumps(record))
    assert Listing.kept(smoke, running=False) is None and Listing.kept(smoke, running=True) is None


def test_what_is_kept_holds_no_more_where_the_code_has_changed(smoke, monkeypatch):
    write_status(changed(smoke).results)
    assert Listing.kept(smoke, running=False)
    monkeypatch.setattr("gannb.experiment.status.__file__", str(smoke / "elsewhere" / "experiment" / "status.py"))
    assert Listing.kept(smoke, running=False) is None


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"of": 1}', "null", "\x00"])
def test_a_kept_plan_that_is_missing_or_damaged_is_none(smoke, content):
    write_status(changed(smoke).results)
    (smoke / PLAN).unlink()
    if content is not None:
        (smoke / PLAN).write_text(content)
    assert Listing.kept(smoke, running=False) is None


def test_a_study_on_which_only_workers_are_at_work_is_running(smoke):
    experiment = changed(smoke)
    unit = experiment.plan.units(4)[0]
    shutil.rmtree(smoke / unit.path)
    with take(side_folder(smoke, unit, "running") / LEASE):
        status = write_status(experiment.results)
    assert status["state"] == "running" and status["units"]["classifier"]["running"] == 1
