"""Going on until the answer is settled: at which trials, how long, and what is said; units are planted, not trained."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import planted_study
import pytest
from planted_evidence import CONVERGENCE, evidence

from gannb.analysis.verdict import decide
from gannb.experiment.experiment import Experiment
from gannb.experiment.ledger import Entry, Looks, read
from gannb.experiment.results import Results
from gannb.jupyter import settling
from gannb.jupyter.settling import line, planned, run_until_settled, why_stop
from gannb.report.looking import Looked, look
from gannb.stats.settling.looks import level_of_last, look_levels
from gannb.study.folder import load_study
from gannb.study.model import NOTEBOOKS, Study, make_study
from gannb.trials.arms import PRIMARY
from gannb.utils.console import talking
from gannb.utils.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study that goes on to eight trials, and is undecided by a rope that no interval fits into."""
    given = {"data": "digits", "device": "cpu", "arms": ("real", "real+gan"), "rope": 0.008, "trials_most": 8}
    return make_study(**given, output_dir=str(tmp_path))


@pytest.fixture
def work(monkeypatch) -> list[Any]:
    """What was done in order: each trial that was planted in place of trained, and the notebooks of the end."""
    done: list[Any] = []

    def run(experiment: Experiment, stage: int) -> None:
        for trial in experiment.plan.trials if stage == 4 else ():
            mine = [unit for unit in experiment.plan.all_units() if unit.parameters["trial"] == trial]
            if not all(map(experiment.results.is_done, mine)):
                planted_study.plant(experiment, trial)
                done.append(trial)

    def run_notebooks(study: Study, notebooks: tuple[str, ...]) -> dict[str, Any]:
        done.append(notebooks)
        return {"study": study}

    monkeypatch.setattr(Experiment, "run", run)
    monkeypatch.setattr(settling, "run_notebooks", run_notebooks)
    monkeypatch.setitem(planted_study.ACCURACY, CONVERGENCE, planted_study.ACCURACY[PRIMARY[1]])
    return done


def looked(**changes: Any) -> Looked:
    """A look at planted evidence, GAN images that help, after eight of at most 32 trials."""
    found = replace(evidence(real__gan__classic=0.94, **changes), level=0.985)
    present = Entry("", 8, "a", 32, {})
    return Looked(found, decide(found), Looks((), present, level_of_last([present.look])))


# ---- where it looks ----


def test_it_goes_on_while_the_answer_is_undecided_and_ends_with_the_notebooks(study, work, capsys):
    last = run_until_settled(study)["study"]
    assert work == [*range(8), NOTEBOOKS]
    assert (last.trials, last.trials_most) == (8, 8) == (load_study(study.folder).trials, last.trials_most)
    assert [each.trials for each in read(study.folder)] == [4, 8]
    levels = [each.interval["level"] for each in read(study.folder)]
    assert levels == pytest.approx(look_levels((4, 8), 8))
    lines = [text for text in capsys.readouterr().out.splitlines() if " of at most " in text]
    assert [text.split(" points")[0].split(",")[0] for text in lines] == [
        "4 of at most 8 trials: undecided", "8 of at most 8 trials: undecided",
    ]  # fmt: skip
    assert lines[0].endswith("points at 97.5%")


def test_it_stops_where_the_answer_is_settled(study, work, capsys, monkeypatch):
    monkeypatch.setitem(planted_study.ACCURACY, PRIMARY[0], 0.999)
    last = run_until_settled(study)["study"]
    assert work == [*range(4), NOTEBOOKS] and last.trials == 4
    assert "4 of at most 8 trials: helps" in capsys.readouterr().out


def test_a_killed_run_goes_on_at_the_look_where_it_was(study, work, monkeypatch):
    run = Experiment.run

    def killed(experiment: Experiment, stage: int) -> None:
        if experiment.study.trials == 8:
            raise KeyboardInterrupt
        run(experiment, stage)

    with monkeypatch.context() as once:
        once.setattr(Experiment, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            run_until_settled(study)
    before = read(study.folder)
    assert work == [0, 1, 2, 3] and load_study(study.folder).trials_most == 8
    run_until_settled(load_study(study.folder))
    assert work == [*range(8), NOTEBOOKS]
    assert read(study.folder)[:1] == before and [each.trials for each in read(study.folder)] == [4, 8]


def test_running_a_settled_study_again_makes_nothing_anew(study, work):
    run_until_settled(study)
    done, looks = list(work), read(study.folder)
    run_until_settled(load_study(study.folder))
    assert work == [*done, NOTEBOOKS] and read(study.folder) == looks


def test_what_was_looked_at_with_more_trials_is_not_decided_with_fewer(study, work):
    """A study of five trials, looked at as it is: the first look of the plan is not at four of them."""
    five = Experiment.open(study.model_copy(update={"trials": 5, "trials_most": None}))
    five.run(4)
    look(five)
    with pytest.raises(InputError, match="trials_most is 4, and the answer has been looked at after 5 trials"):
        run_until_settled(study.model_copy(update={"trials_most": 4}))
    run_until_settled(study)
    assert [(each.trials, each.most) for each in read(study.folder)] == [(5, 5), (8, 8)]
    assert read(study.folder)[1].interval["level"] == pytest.approx(1 - 0.05 / 4)


def test_another_rule_begins_anew(study, work):
    run_until_settled(study)
    run_until_settled(study.model_copy(update={"rope": 0.009}))
    assert [each.trials for each in read(study.folder)] == [4, 8, 4, 8]
    assert len({each.rule for each in read(study.folder)}) == 2


def test_quiet_is_silent(study, work, capsys):
    with talking("quiet"):
        run_until_settled(study)
    assert capsys.readouterr().out == ""


# ---- what is planned ----


@pytest.mark.parametrize(
    ("given", "looks"),
    [
        ({}, (4, 8, 16, 32)), ({"trials_most": 10}, (4, 8, 10)), ({"protocol": "folds"}, (8, 20, 40)),
        ({"protocol": "folds", "test_share": 0.5, "trials_most": 12}, (4, 10, 12)), ({"trials": 100}, (4, 8, 16, 32)),
    ],
    ids=str,
)  # fmt: skip
def test_looks_follow_from_the_protocol_and_trials_most(tmp_path, given, looks):
    experiment, found = planned(make_study(data="digits", device="cpu", output_dir=str(tmp_path), **given))
    assert found == looks
    assert (experiment.study.trials, experiment.study.trials_most) == (looks[0], looks[-1])
    assert not any(tmp_path.iterdir())


def test_what_is_wrong_with_the_last_trials_alone_is_said_before_the_first(tmp_path, monkeypatch):
    def fault_beyond_ten(results: Results) -> None:
        if results.settings.trials > 10:
            raise InputError("these trials cannot be made.")

    monkeypatch.setattr("gannb.jupyter.settling.check", fault_beyond_ten)
    study = make_study(data="digits", device="cpu", output_dir=str(tmp_path))
    planned(study.model_copy(update={"trials_most": 10}))
    with pytest.raises(InputError, match="trials_most=32: these trials cannot be made"):
        planned(study)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"preset": "smoke"}, "a smoke run is too small to settle anything"),
        ({"trials_most": 3}, "trials_most is 3; looks need 4 or more"),
        ({"protocol": "folds", "trials_most": 10}, "looks need a multiple of the 4 folds, 8 or more"),
        ({"n_per_class": 40}, "n_per_class=40 needs"),
    ],
    ids=str,
)  # fmt: skip
def test_what_could_not_be_looked_at_is_refused_before_any_work(tmp_path, given, says):
    with pytest.raises(InputError, match=says):
        run_until_settled(make_study(data="digits", device="cpu", output_dir=str(tmp_path), **given))
    assert not any(tmp_path.iterdir())


# ---- when it stops, and what it says ----


def test_an_interval_that_decides_is_a_reason_to_stop_and_one_that_does_not_is_none():
    assert why_stop(looked()) == "The answer is settled."
    assert why_stop(looked(wobble=20.0)) == ""


@pytest.mark.parametrize("wobble", [1.0, 20.0])
def test_a_control_that_did_not_come_out_is_a_reason_to_stop_whatever_the_interval(wobble):
    stopped = looked(wobble=wobble, **{CONVERGENCE.replace("+", "__"): 0.6})
    assert stopped.verdict.answer == "inconclusive"
    assert why_stop(stopped) == f"More trials would not settle the answer: {stopped.verdict.reason}."


def test_a_look_is_said_in_a_line():
    said = r"8 of at most 32 trials: helps, \+10\.0 \[\d\.\d, 1\d\.\d\] points at 98\.5%"
    assert re.fullmatch(said, line(looked()))
