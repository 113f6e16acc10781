"""`gannb run --until settled`: more trials by themselves, until the answer is settled or trials_most is reached."""

from __future__ import annotations

from typing import Any

from gannb.analysis.wording import ANSWERS, in_points, percent
from gannb.experiment.checks import check
from gannb.experiment.estimate import check_disk
from gannb.experiment.experiment import Experiment
from gannb.experiment.ledger import read
from gannb.jupyter.runner import as_launcher, run_notebooks
from gannb.report.looking import Looked, look
from gannb.stats.decision import Answer
from gannb.stats.settling.looks import looks_until
from gannb.study.model import NOTEBOOKS, Study
from gannb.utils.console import QUIET, talk
from gannb.utils.errors import InputError
from gannb.work.engines import checked
from gannb.work.locks import study_lock

DRAWS_MOST, REPEATS_MOST = 32, 10  # of a study that does not say `trials_most`


def run_until_settled(study: Study) -> dict[str, Any]:
    """Run a study with more and more trials until its answer is settled, then the five notebooks; as `run_notebooks`.

    The numbers of trials are those of `looks_until`, from where the answer was looked at last. At each of them the
    study is decided at the level that the looks leave, and what a killed process has finished is found again.

    Raises:
        InputError: the study cannot be done with these data up to `trials_most`, is a smoke run, or another run is at
            work on it.
        Failed: so many units failed that there is nothing to compare, or a kernel was killed.
        RuntimeError: a notebook failed.
    """
    experiment, looks = planned(study)
    check_disk(experiment, missing := experiment.missing())
    here = checked(experiment.place, experiment.results.folder, missing)
    with study_lock(study.folder), here, as_launcher():
        for trials in looks:
            experiment = _with_trials(experiment, trials).record()
            for stage in (1, 2, 3, 4):
                experiment.run(stage)
            looked = look(experiment)
            _say(line(looked))
            if reason := why_stop(looked):
                _say(reason)
                break
        return run_notebooks(experiment.study, NOTEBOOKS)


def planned(study: Study) -> tuple[Experiment, tuple[int, ...]]:
    """Return a study with its `trials_most`, and the numbers of trials to look at; everything is checked.

    Raises:
        InputError: as `run_until_settled`.
    """
    if study.preset == "smoke":
        raise InputError("--until settled: a smoke run is too small to settle anything; use another preset.")
    if study.trials and study.trials_most and study.trials > study.trials_most:
        raise InputError(
            f"trials={study.trials} is more than trials_most={study.trials_most}; with --until settled the number of "
            "trials follows from the answer: leave trials out, or use a larger trials_most."
        )
    experiment = Experiment.preview(study.model_copy(update={"trials": None, "trials_most": None}))
    folds = experiment.design.folds
    most = study.trials_most or (REPEATS_MOST * folds if folds else DRAWS_MOST)
    looks = looks_until(most, folds)
    changes = {"trials": looks[0], "trials_most": most}
    experiment = _changed(experiment, study.model_copy(update=changes))
    check(experiment.results)
    try:
        check(_with_trials(experiment, looks[-1]).results)
    except InputError as error:
        raise InputError(f"trials_most={most}: {error}") from None
    return experiment, _from_where_it_was(experiment, looks)


def _from_where_it_was(experiment: Experiment, looks: tuple[int, ...]) -> tuple[int, ...]:
    """Return the looks at no fewer trials than the answer was looked at before: what they showed is not forgotten.

    Raises:
        InputError: it was looked at after more than `trials_most`.
    """
    rule = experiment.plan.rule_key
    seen = max((entry.trials for entry in read(experiment.folder) if entry.rule == rule), default=0)
    if seen > looks[-1]:
        raise InputError(
            f"trials_most is {looks[-1]}, and the answer has been looked at after {seen} trials; use a larger one."
        )
    return tuple(trials for trials in looks if trials >= seen)


def _with_trials(experiment: Experiment, trials: int) -> Experiment:
    return _changed(experiment, experiment.study.model_copy(update={"trials": trials}))


def _changed(experiment: Experiment, study: Study) -> Experiment:
    """Return the experiment of a study that differs in its number of trials alone, with the same data."""
    return Experiment.of(study, experiment.dataset, experiment.settings.data_key, experiment.stamp)


def why_stop(looked: Looked) -> str:
    """Return why it ends here; empty where more trials might settle the answer.

    Trials narrow an interval. They mend no control that did not come out, as where classifiers have not converged.
    """
    verdict = looked.verdict
    if verdict.reason:
        return f"More trials would not settle the answer: {verdict.reason}."
    return "" if verdict.answer is Answer.INCONCLUSIVE else "The answer is settled."


def line(looked: Looked) -> str:
    """Return a look in a line: `8 of at most 32 trials: undecided, -0.2 [-1.1, 0.7] points at 98.5%`."""
    now, change = looked.looks.present, looked.verdict.contrasts[0].change
    answer = ANSWERS[str(looked.verdict.answer)]
    return f"{now.trials} of at most {now.most} trials: {answer}, {in_points(change)} points at {percent(change.level)}"


def _say(text: str) -> None:
    if talk() != QUIET:
        print(text, flush=True)
