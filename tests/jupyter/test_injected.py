"""What papermill was given for a notebook: names and folders with a slip, of whatever type, are refused."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from papermill.translators import PythonTranslator

import gannb
from gannb.jupyter.injected import check, names
from gannb.utils.errors import InputError

OWN = 'study = "outputs/digits"  # the study\'s folder\ntrials = None'  # the parameters, as JupyterLab runs them


def after(**given) -> dict:
    """The variables of a notebook that papermill was given these values for."""
    cell = PythonTranslator.codify(given)
    variables: dict = {"datetime": datetime}
    exec(OWN, variables)
    exec(cell, variables)
    return variables | {"In": ["", OWN, cell, "import gannb\n"]}


@pytest.fixture
def outputs(tmp_path, monkeypatch) -> Path:
    """A working directory with a study of photos below `outputs`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs" / "photos").mkdir(parents=True)
    (tmp_path / "outputs" / "photos" / "study.json").write_text(json.dumps({"set": {"data": "digits"}}))
    return tmp_path / "outputs"


ODD = [5, 1.5, True, "x", "", None, [1, "a"], {"a": 1}, [], {}, -3, "1e3"]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("gan_stepz", "no parameter gan_stepz; did you mean gan_steps?"), ("studi", "did you mean study?"),
        ("Study", "did you mean study?"), ("TRIALS", "no parameter TRIALS"), ("xyzzy", "`gannb parameters` lists"),
        ("experiment", "no parameter experiment"), ("_trials", "no parameter _trials"),
    ],
)  # fmt: skip
def test_a_name_that_no_parameter_has_is_refused_whatever_its_value(outputs, wrong, value, says):
    with pytest.raises(InputError) as refused:
        gannb.parameters(after(study="outputs/photos", **{wrong: value}))
    assert says in str(refused.value)


def test_what_papermill_was_given_are_its_parameters(outputs):
    given = after(study="outputs/photos", trials=3, arms="real,real+gan", seed=None)
    assert names(given) == ["study", "trials", "arms", "seed"]
    assert gannb.parameters(given) == {"trials": 3, "arms": "real,real+gan"}


@pytest.mark.parametrize(
    "study", ["outputs/photoz", "outputs/Photos", "photos", "outputs", ".", "5", "outputs/photos/x"]
)
def test_a_folder_without_a_study_is_refused_and_not_made(outputs, study):
    before = sorted(outputs.parent.rglob("*"))
    with pytest.raises(InputError, match=r"There is no study in .*A new one starts where its data are given"):
        check(after(study=study))
    assert sorted(outputs.parent.rglob("*")) == before


def test_the_study_that_was_meant_is_named(outputs):
    with pytest.raises(InputError, match="did you mean outputs/photos?"):
        check(after(study="outputs/photoz"))
    with pytest.raises(InputError, match="is a file; give the folder of a study"):
        check(after(study="outputs/photos/study.json"))


def test_a_new_study_starts_where_its_data_are_named(outputs):
    assert gannb.parameters(after(study="outputs/new", data="digits")) == {"data": "digits"}


@pytest.mark.parametrize("study", [5, 1.5, True, None, "", " ", ["outputs/photos"], {"a": 1}], ids=repr)
def test_a_study_that_is_no_text_is_refused_by_papermill_and_in_jupyterlab(outputs, study):
    for variables in (after(study=study), {"study": study}):
        with pytest.raises(InputError, match="is no folder's name; write it as a text"):
            check(variables)


@pytest.mark.parametrize("name", ["name", "output_dir"])
def test_what_the_folder_says_is_not_taken_in_silence(outputs, name):
    with pytest.raises(InputError, match=f"{name} is what a study's folder says"):
        check(after(study="outputs/photos", **{name: "other"}))


def test_in_jupyterlab_a_notebook_runs_as_it_is_and_with_further_variables(outputs):
    variables: dict = {"In": ["", OWN, "page = 3", "x = 1"], "page": 3, "x": 1}
    exec(OWN, variables)
    assert gannb.parameters(variables) == {}
    assert gannb.parameters(variables | {"study": "outputs/new"}) == {}


@pytest.mark.parametrize("history", [None, 5, [None, 3], ["# Parameters\ngan-steps = 5\n"], ["# Parameters\n"], []])
def test_a_history_without_such_a_cell_gives_no_names(history):
    assert names({"In": history}) == []


def test_of_several_cells_the_last_one_counts(outputs):
    """A person who runs an executed copy in JupyterLab mends its cell, and runs it again."""
    assert names({"In": ["# Parameters\ntrialz = 1\n", "1", "# Parameters\ntrials = 1\n"]}) == ["trials"]
