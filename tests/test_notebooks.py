"""The five notebooks: their sources, and one or several of them by papermill; `test_wheel.py` has all from end to end.

`python tests/test_notebooks.py` writes the notebooks' parameters cells anew, from the model.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from pace import run

import gannb
from gannb.cli import main
from gannb.experiment.experiment import Experiment
from gannb.jupyter.runner import run_notebooks
from gannb.study.folder import load_study
from gannb.study.model import NOTEBOOKS, STAGES, Study, check_spelling
from gannb.utils.errors import InputError
from gannb.work.store import RECORD

pytestmark = pytest.mark.slow

FOLDER = ROOT / "notebooks"
LOGIC = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try, ast.With
)  # fmt: skip
ALSO = {"01_data": ["data", "preset", "seed"]}  # parameters of the study as a whole that a notebook may set


@pytest.fixture(params=NOTEBOOKS)
def source(request) -> tuple[str, nbformat.NotebookNode]:
    """Name and content of a notebook's source."""
    return request.param, nbformat.read(FOLDER / f"{request.param}.ipynb", as_version=4)


def parameters_cell(notebook: nbformat.NotebookNode) -> str:
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    return cell.source


def code_of(notebook: nbformat.NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells if c.cell_type == "code"]


def finished_units(folder: Path) -> dict[str, float]:
    """Every finished unit with the time of its record, so that one made again shows."""
    return {str(f.parent.relative_to(folder)): f.stat().st_mtime_ns for f in folder.glob(f"trials/*/*/{RECORD}")}


def newly_made(folder: Path, before: dict[str, float]) -> Counter[str]:
    """Names of the units made since, counted over trials."""
    made = {path for path, time in finished_units(folder).items() if before.get(path) != time}
    return Counter(re.sub(r"-[0-9a-f]{16}$", "", path.rsplit("/", 1)[-1]) for path in made)


# ---- sources ----


def test_there_are_five_notebooks_a_stage_each():
    assert sorted(p.stem for p in FOLDER.glob("*.ipynb")) == list(NOTEBOOKS)
    assert [name.replace("_", " ", 1) for name in NOTEBOOKS] == [STAGES[stage] for stage in range(1, 6)]


def test_sources_are_valid_and_kept_without_outputs(source):
    _, notebook = source
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


def test_nbstripout_finds_nothing_to_strip():
    done = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--verify", *map(str, sorted(FOLDER.glob("*.ipynb")))],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_any_python_kernel_will_do(source):
    assert source[1].metadata.kernelspec.name == "python3"


def written_parameters(name: str) -> str:
    """The parameters cell of a notebook as the model has it: the study's folder, then every parameter of the stage."""
    stage, fields = NOTEBOOKS.index(name) + 1, Study.model_fields
    mine = ALSO.get(name, []) + [n for n, field in fields.items() if field.json_schema_extra["stage"] == stage]
    lines = ['study = "outputs/digits"  # the study\'s folder; a new one is started where there is none']
    return "\n".join(lines + [f"{n} = None  # {fields[n].description}" for n in mine])


def test_the_parameters_are_those_of_the_stage_with_their_meaning(source):
    name, notebook = source
    assert parameters_cell(notebook) == written_parameters(name), "run: python tests/test_notebooks.py"


def test_every_parameter_reaches_the_study(source):
    """The opening cell takes what the parameters cell holds, and no other cell has a variable of such a name."""
    name, notebook = source
    (opening,) = [c for c in code_of(notebook) if "gannb.open_experiment(" in c]
    own_copy = "own_copy=True, " if name == "05_compare" else ""  # a result goes by the study's own copy of its data
    assert f"gannb.open_experiment(study, {own_copy}**gannb.parameters(globals()))" in opening
    cells = [
        c.source for c in notebook.cells if c.cell_type == "code" and "parameters" not in c.metadata.get("tags", [])
    ]
    stored = [
        n.id for c in cells for n in ast.walk(ast.parse(c)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    assert not {"study", *Study.model_fields} & set(stored)


def test_a_notebooks_variables_that_are_parameters_and_set_are_its_parameters():
    assert gannb.parameters({"size": None, "trials": 3, "tune": False, "study": "x", "page": 1}) == {
        "trials": 3, "tune": False
    }  # fmt: skip


def test_no_variable_of_a_notebook_is_taken_for_a_slip_of_a_parameters_name(source):
    """A cell that is run again after the others finds their variables too."""
    names = [n for code in code_of(source[1]) for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)]
    check_spelling(n.id for n in names if isinstance(n.ctx, ast.Store))


@pytest.mark.parametrize(("wrong", "right"), [("gan_stepz", "gan_steps"), ("trial", "trials"), ("Seed", "seed")])
def test_a_parameter_that_papermill_was_given_with_a_slip_is_refused(wrong, right):
    with pytest.raises(InputError, match=f"There is no parameter {wrong}; did you mean {right}?"):
        gannb.parameters({"study": "outputs/digits", wrong: 5})


def test_papermill_finds_the_parameters(source):
    from papermill.inspection import inspect_notebook

    name, notebook = source
    names = re.findall(r"^(\w+) = ", parameters_cell(notebook), re.MULTILINE)
    assert list(inspect_notebook(str(FOLDER / f"{name}.ipynb"))) == names


def test_a_notebook_has_one_title_says_what_it_reads_and_makes_and_what_is_next(source):
    _, notebook = source
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert notebook.cells[0].source.startswith("# ")
    assert "| reads | makes |" in notebook.cells[0].source
    assert notebook.cells[-1].source.startswith("## Next")


def test_a_notebook_fits_every_medium(source):
    """Items have the medium's own name where code prints them; prose and code do not."""
    said = [c.source for c in source[1].cells if "parameters" not in c.metadata.get("tags", [])]
    text = "\n".join(said).replace("An *item* is what bears one label: an image, a sound, a sentence.", "")
    of_one_medium = r"\b(images?|pictures?|pixels?|photos?|photographs?|clips?|sounds?|recordings?|texts?)\b"
    assert [line for line in text.splitlines() if re.search(of_one_medium, line, re.IGNORECASE)] == []


def test_links_lead_to_notebooks_that_are_there(source):
    for cell in source[1].cells:
        for link in re.findall(r"\]\(([^)#]+)\)", cell.source):
            assert (FOLDER / link).is_file()


def test_notebooks_have_no_logic_of_their_own(source):
    for cell in code_of(source[1]):
        for node in ast.walk(ast.parse(cell)):
            assert not isinstance(node, LOGIC), cell
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
                assert all(n.split(".")[0] == "gannb" for n in names), cell


# ---- one alone, and several by the package ----


def test_notebooks_go_on_where_nothing_is_suspicious_and_the_worth_was_not_measured(smoke):
    for file in smoke.glob("trials/*/*/suspects.json"):
        file.write_text("[]")
    for unit in smoke.glob("trials/*/fewer+classic-*"):
        shutil.rmtree(unit)
    assert run_notebooks(load_study(smoke), ["03_generate", "05_compare"])["page"] == smoke / "report.html"
    assert json.loads((smoke / "verdict.json").read_text())["worth"] is None
    notebook = nbformat.read(smoke / "05_compare.ipynb", as_version=4)
    said = "".join(o.get("text", "") for c in notebook.cells if c.cell_type == "code" for o in c.outputs)
    assert "Not measured: that takes 3 trials or more, whose scores are not all the same." in said


# ---- one alone, by plain papermill, from another working directory ----


def papermill(name: str, folder: Path, **parameters: int | str) -> subprocess.CompletedProcess:
    """Run one notebook as a person would: `papermill NOTEBOOK OUT -p study FOLDER -p NAME VALUE`."""
    given = [word for n, value in parameters.items() for word in ("-p", n, str(value))]
    elsewhere = folder.parent.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k != "GANNB_LAUNCHER"}
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(FOLDER / f"{name}.ipynb"),
        "out.ipynb",
        "-p",
        "study",
        str(folder),
    ]
    return run([*command, *given], cwd=elsewhere, env=environment)


def test_gan_steps_in_02_make_anew_what_depends_on_them_and_nothing_else(smoke):
    before = finished_units(smoke)
    done = papermill("02_train_gan", smoke, gan_steps=7)
    assert done.returncode == 0, done.stderr
    assert newly_made(smoke, before) == {"mlp": 2}
    study = load_study(smoke)
    assert study.gan_steps == 7
    before = finished_units(smoke)
    experiment = Experiment.open(study)
    for stage in (3, 4):
        experiment.run(stage)
    assert newly_made(smoke, before) == {"mlp-items": 2, "mlp-quality": 2, "real+gan": 2, "real+gan+classic": 2}


def test_classifier_steps_in_04_train_no_gan(smoke):
    before = finished_units(smoke)
    done = papermill("04_train_classifiers", smoke, classifier_steps=7)
    assert done.returncode == 0, done.stderr
    experiment = Experiment.preview(load_study(smoke))
    assert experiment.study.classifier_steps == 7
    assert newly_made(smoke, before) == {arm.name: 2 for arm in experiment.settings.arms}


@pytest.mark.parametrize(
    ("study", "given", "says"),
    [
        ("digitz", {}, "There is no study in"),
        ("digits", {"gan_stepz": "[7]"}, "There is no parameter gan_stepz; did you mean"),
    ],
)
def test_papermill_with_a_slip_in_the_study_or_in_a_name_does_nothing(smoke, study, given, says):
    before = sorted(smoke.parent.rglob("*"))
    done = papermill("02_train_gan", smoke.with_name(study), **given)
    assert done.returncode == 1 and f"InputError: {says}" in done.stderr
    assert sorted(smoke.parent.rglob("*")) == before


def test_a_unit_that_fails_is_reported_the_others_finish_and_the_exit_code_is_1(smoke, monkeypatch, capsys):
    monkeypatch.setattr("gannb.cli.NOTEBOOKS", NOTEBOOKS[3:])  # the first three would find everything done
    experiment = Experiment.preview(load_study(smoke))
    bad, other = experiment.plan.classifiers[1, "real+gan"], experiment.plan.classifiers[0, "real"]
    for unit in (bad, other):
        shutil.rmtree(smoke / unit.path)
    (smoke / bad.path).write_text("in the way")  # so that the unit cannot be put in its place
    assert main(["run", str(smoke)]) == 1
    output = capsys.readouterr()
    assert output.err.splitlines()[-1].startswith(f"gannb: {bad.path} failed: ")
    assert output.out.splitlines()[-1] == str(smoke / "report.html")
    assert (smoke / other.path / RECORD).is_file()
    verdict = json.loads((smoke / "verdict.json").read_text())
    assert any(bad.path in problem for problem in verdict["problems"])


if __name__ == "__main__":
    for stem in NOTEBOOKS:
        content = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
        (given,) = [c for c in content.cells if "parameters" in c.metadata.get("tags", [])]
        given.source = written_parameters(stem)
        nbformat.write(content, FOLDER / f"{stem}.ipynb")
