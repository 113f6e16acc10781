"""The notebook that `make lab` opens."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from planted_sweep import planted_sweep

from gannb.jupyter import index
from gannb.study.model import NOTEBOOKS
from gannb.sweep.mapping import write_map
from gannb.utils.files import write_json
from gannb.work.locks import study_lock


@pytest.fixture
def outputs(smoke) -> Path:
    """A folder with one finished study, digits."""
    return smoke.parent


def line_of(outputs: Path, study: str) -> str:
    (line,) = [line for line in index.table_of(outputs).splitlines() if line.startswith(f"| {study} |")]
    return line


def started(outputs: Path, name: str, **status: str) -> Path:
    """A study that has been started."""
    record = json.loads((outputs / "digits" / "study.json").read_text())
    write_json(outputs / name / "study.json", record)
    if status:
        write_json(outputs / name / "status.json", status)
    return outputs / name


def test_a_finished_study_has_its_answer_and_its_page(outputs):
    line = line_of(outputs, "digits")
    assert "| **undecided: a smoke run is far too small to answer**: " in line
    assert re.search(r"\*\*: [+−]?\d+\.\d\u00a0\[.+\] points of balanced accuracy \|", line)
    assert "10 classes, 8x8, 2 trials" in line and "[the page](digits/report.html)" in line
    assert "(" not in re.sub(r"\]\([^)]+\)", "", line)  # no word on its state


def test_sweeps_stand_below_the_studies_with_the_answer_of_their_map(outputs):
    (outputs.parent / "planted").mkdir()
    sweep = planted_sweep(outputs.parent / "planted", sets=2)
    _, answer = write_map(sweep, {})
    shutil.move(sweep.folder, outputs / "where")
    (outputs / "begun").mkdir()
    (outputs / "begun" / "sweep.json").write_text("{}")
    kept = outputs / "reference" / "kept"
    kept.mkdir(parents=True)
    for name in ("map.html", "map.csv"):
        shutil.copy(outputs / "where" / name, kept)
    lines, found = index.table_of(outputs).splitlines(), f"a sweep of {len(sweep.cells)} studies | **{answer}**"
    assert lines[-3:] == [
        "| begun | a sweep | no map yet | |",
        f"| where | {found} | [the map](where/map.html) |",
        f"| reference/kept | {found} | [the map](reference/kept/map.html) |",
    ]
    assert " of 12, " in answer and lines[2].startswith("| digits | ")


def test_a_smoke_run_has_no_answer_whatever_an_earlier_version_said(outputs):
    verdict = json.loads((outputs / "digits" / "verdict.json").read_text())
    verdict["contrasts"][0]["answer"] = verdict["answer"] = "helps"
    del verdict["reason"]
    write_json(outputs / "digits" / "verdict.json", verdict)
    assert "| **undecided: a smoke run is far too small to answer**: " in line_of(outputs, "digits")


def test_executed_copies_are_linked_where_they_are(outputs):
    assert "05_compare" not in line_of(outputs, "digits")
    (outputs / "digits" / "05_compare.ipynb").touch()
    assert "[the answer in 05](digits/05_compare.ipynb)" in line_of(outputs, "digits")


@pytest.mark.parametrize(("written", "said"), [("unfinished",) * 2, ("failed",) * 2, ("running", "unfinished")])
def test_a_study_without_an_answer_says_how_far_it_is(outputs, written, said):
    started(outputs, "photos", state=written)  # one that was killed still says that it runs
    assert f"no answer yet ({said})" in line_of(outputs, "photos")


def test_a_study_at_work_says_so(outputs):
    with study_lock(started(outputs, "photos")):
        assert "no answer yet (at work)" in line_of(outputs, "photos")


def test_an_answer_from_before_a_change_says_so(outputs):
    write_json(outputs / "digits" / "status.json", {"state": "unfinished"})
    assert "points of balanced accuracy (unfinished since)" in line_of(outputs, "digits")


def test_kept_studies_need_no_status(outputs):
    kept = outputs / "reference" / "digits"
    for name in ("study.json", "verdict.json"):
        write_json(kept / name, json.loads((outputs / "digits" / name).read_text()))
    assert "points of balanced accuracy |" in line_of(outputs, "reference/digits")


def test_a_damaged_study_does_not_hide_the_others(outputs):
    (started(outputs, "photos") / "study.json").write_text("{")
    assert "cannot be read" in line_of(outputs, "photos")
    assert line_of(outputs, "digits")


def test_the_notebook_is_valid_and_shows_the_studies_before_it_is_run(outputs):
    notebook = nbformat.read(index.write_index(outputs), as_version=4)
    nbformat.validate(notebook)
    (listing,) = [c for c in notebook.cells if c.cell_type == "code"]
    assert listing.outputs[0].data["text/markdown"] == index.table_of(outputs)
    namespace: dict = {}
    exec(listing.source.replace('index.studies(".")', f"shown = index.studies({str(outputs)!r})"), namespace)
    assert namespace["shown"].data == index.table_of(outputs)


def test_without_a_study_it_says_where_to_start(tmp_path):
    assert index.write_index(tmp_path / "outputs").is_file()
    assert index.table_of(tmp_path / "outputs") == index.NONE


def test_its_links_lead_somewhere_from_the_folder_of_the_studies(outputs):
    notebook = nbformat.read(index.write_index(outputs), as_version=4)
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(c.source for c in notebook.cells))
    assert all((ROOT / "outputs" / link).exists() for link in links)
    assert {f"../notebooks/{name}.ipynb" for name in NOTEBOOKS} <= set(links)


def test_make_lab_opens_it():
    recipe = (ROOT / "Makefile").read_text()
    assert "-m gannb.jupyter.index outputs\n" in recipe and f"/lab/tree/outputs/{index.FILE}?" in recipe
