"""Reports of a sweep's studies: written where something has changed, and only there."""

from __future__ import annotations

import shutil
from concurrent.futures import BrokenExecutor

import pytest

from gannb.sweep import reports
from gannb.sweep.definition import read_sweep
from gannb.sweep.planning import plan_sweep
from gannb.utils.errors import Failed
from gannb.work.store import is_done


def test_a_process_that_is_killed_over_a_report_is_told_with_the_way_out(tiny, monkeypatch):
    def killed(*_):
        raise BrokenExecutor
        yield

    planned = plan_sweep(read_sweep(tiny), own_copy=True)
    before = reports.written(tiny)
    (tiny / "studies" / "gan=mlp" / "report.html").unlink()
    monkeypatch.setattr(reports, "in_processes", killed)
    with pytest.raises(Failed, match="out of memory.*workers=1 takes the least memory"):
        reports.write(planned)
    monkeypatch.undo()
    assert reports.written(tiny) == before and reports.write(planned) == (1, {})


def test_a_report_is_written_again_where_its_page_is_missing_or_its_units_are_others(tiny):
    planned = plan_sweep(read_sweep(tiny), own_copy=True)
    assert reports.write(planned) == (0, {})
    (tiny / "studies" / "gan=mlp" / "report.html").unlink()
    assert reports.write(planned) == (1, {}) and (tiny / "studies" / "gan=mlp" / "report.html").is_file()
    before = reports.written(tiny)
    study = next(each for each in planned.studies if each.name == "gan=dcgan")
    for path in tiny.glob("units/trials/*/real+gan+classic-*"):
        shutil.rmtree(path)
    there = {unit for unit in study.units if is_done(tiny / "units", unit)}
    assert 0 < len(there) < len(study.units) and reports.report_key(study, there) != before["gan=dcgan"]
    written, failed = reports.write(planned)
    assert written == 0 and set(failed) == {"gan=mlp", "gan=dcgan"} and reports.written(tiny) == {}
