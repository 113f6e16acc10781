"""Whether trainings have converged, and how often their steps are doubled: by planted scores, then for real."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import SMOKE

from gannb.experiment import experiment as running
from gannb.experiment.cleanup import leftovers
from gannb.experiment.convergence import not_converged, planned, until_converged, with_all_doublings
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.experiment.status import Listing, seconds_left
from gannb.media.image.reading import read
from gannb.study.folder import open_study
from gannb.study.model import make_study
from gannb.units.classifiers import continued
from gannb.units.kinds import DEFAULT_SECONDS
from gannb.utils.errors import Stopped
from gannb.utils.files import write_json
from gannb.work.costs import Costs
from gannb.work.scheduler import Outcome
from gannb.work.store import is_done, side_folder
from gannb.work.unit import Unit, seconds_of

pytestmark = pytest.mark.slow

FIRST = 100  # steps
GIVEN = SMOKE | {
    "classifier_steps": FIRST,
    "classifier_steps_most": 8 * FIRST,
    "arms": ("real", "real+gan"),
    "rope": 0.01,
}
CHECKED = ("real+classic", "real+gan+classic", "real+more+classic")


def settings(folder: Path, **given) -> Settings:
    study = make_study(**GIVEN | {"output_dir": str(folder), "name": "planted"} | given)
    return Settings(study, read("digits"), "0" * 16)


def plant(folder: Path, units: list[Unit], halves: float, whole: float) -> None:
    """Write units of training as if they had been made: a score after half of the steps and one after all of them."""
    for unit in units:
        arm, rows = unit.parameters["arm"], []
        for name, score in ((f"{arm}@half", halves), (arm, whole)):
            if name == arm or continued(unit) is None:
                away = 0.02 * (-1) ** unit.parameters["trial"]  # trials differ, and their mean is what counts
                rows.append({"arm": name, "balanced_accuracy": score + away, "accuracy": 1 - score})
        (folder / unit.path).mkdir(parents=True, exist_ok=True)
        write_json(folder / unit.path / "scores.json", rows)
        write_json(folder / unit.path / "unit.json", {"seconds": 1.0, "parameters": unit.parameters})


def last(plan: Plan, *arms: str) -> list[Unit]:
    return [plan.trainings[t, arm][-1] for t in plan.trials for arm in arms]


def steps(plan: Plan, arm: str = "real+gan") -> list[int]:
    """Steps in all of each unit of an arm's training."""
    return [sum(unit.parameters["cycles"]) for unit in plan.trainings[0, arm]]


# ---- the decision ----


def test_at_first_an_arm_has_one_unit_of_two_halves(tmp_path):
    found = planned(settings(tmp_path), tmp_path)
    assert found.doublings == found.read == {} and steps(found) == [FIRST]
    assert found.trainings[0, "real"][0].parameters["cycles"] == [FIRST // 2, FIRST // 2]


def test_what_has_converged_is_not_trained_on(tmp_path):
    one = settings(tmp_path)
    plant(tmp_path, last(planned(one, tmp_path), *CHECKED), 0.900, 0.909)
    found = planned(one, tmp_path)
    assert found.doublings == {} and not_converged(Results(found, tmp_path)) == []


@pytest.mark.parametrize("late", CHECKED)
def test_one_checked_arm_that_gains_still_doubles_the_steps_of_all_arms_alike(tmp_path, late):
    one = settings(tmp_path)
    plan = planned(one, tmp_path)
    plant(tmp_path, last(plan, *CHECKED), 0.900, 0.905)
    plant(tmp_path, last(plan, late), 0.900, 0.9101)
    found = planned(one, tmp_path)
    assert found.doublings == {"": 1} and found.read == {"": 0}  # nothing is there of it yet
    assert {len(units) for units in found.trainings.values()} == {2} and steps(found) == [FIRST, 2 * FIRST]
    first, second = found.trainings[1, "real+gan"]
    assert continued(second) is first and second.parameters["cycles"] == [50, 50, 100]
    assert found.classifiers[1, "real+gan"] is first
    plant(tmp_path, last(found, *CHECKED), 0.0, 0.9102)  # the whole against what the first unit said
    settled = planned(one, tmp_path)
    assert settled.doublings == settled.read == {"": 1} and settled.steps_of() == 2 * FIRST


def test_a_trial_that_is_missing_keeps_everything_as_it_is(tmp_path):
    one = settings(tmp_path)
    *most, missing = last(planned(one, tmp_path), *CHECKED)
    plant(tmp_path, most, 0.5, 0.9)
    assert planned(one, tmp_path).doublings == {}
    plant(tmp_path, [missing], 0.5, 0.9)
    assert planned(one, tmp_path).doublings == {"": 1}


def test_a_trial_that_has_failed_holds_up_no_other(tmp_path):
    """The steps of the others double, and once they have converged they are read where they are."""
    one = settings(tmp_path, trials=4)
    plan = planned(one, tmp_path)
    broken = side_folder(tmp_path, plan.generator_units[2, "mlp"], "failed")
    broken.mkdir(parents=True)
    write_json(broken / "error.json", {"error": "TrainingError: nan"})
    others = [unit for unit in last(plan, *CHECKED) if unit.parameters["trial"] != 2]
    plant(tmp_path, [*others, plan.trainings[2, "real+classic"][-1]], 0.5, 0.9)
    assert planned(one, tmp_path).doublings == {}  # twice the real images of that trial are still to come
    plant(tmp_path, [plan.trainings[2, "real+more+classic"][-1]], 0.5, 0.9)
    found = planned(one, tmp_path)
    assert found.doublings == {"": 1} and found.read == {"": 0}
    plant(tmp_path, [u for u in last(found, *CHECKED) if u.parameters["trial"] != 2], 0.9, 0.9)
    assert planned(one, tmp_path).read == {"": 0}  # of trial 2 the arms without its GAN are still to come
    rest = [found.trainings[2, arm][-1] for arm in ("real+classic", "real+more+classic")]
    plant(tmp_path, rest, 0.9, 0.9)
    assert planned(one, tmp_path).doublings == planned(one, tmp_path).read == {"": 1}


def test_results_are_read_at_a_level_once_every_trial_has_it(tmp_path):
    one = settings(tmp_path)
    plant(tmp_path, last(planned(one, tmp_path), *CHECKED), 0.5, 0.9)
    found = planned(one, tmp_path)
    *most, missing = last(found, *CHECKED)
    plant(tmp_path, most, 0.9, 0.9)
    assert planned(one, tmp_path).read == {"": 0}
    plant(tmp_path, [missing], 0.9, 0.9)
    assert planned(one, tmp_path).read == {"": 1}


def test_the_bound_ends_it(tmp_path):
    one, told = settings(tmp_path), []
    for level in range(5):
        found = planned(one, tmp_path)
        told.append(steps(found)[-1])
        plant(tmp_path, last(found, *CHECKED), 0.1, 0.2 + 0.1 * level)
    assert told == [100, 200, 400, 800, 800]
    lower = planned(settings(tmp_path, classifier_steps_most=399), tmp_path)
    assert (
        lower.steps_of() == 200 and planned(settings(tmp_path, classifier_steps_most=100), tmp_path).steps_of() == 100
    )


def test_by_default_the_bound_is_8_times_the_first_steps_and_a_smoke_study_never_doubles(tmp_path):
    assert settings(tmp_path, classifier_steps_most=None).most_doublings == 0  # SMOKE
    assert settings(tmp_path, classifier_steps_most=None, preset="laptop").most_doublings == 3
    assert settings(tmp_path, classifier_steps_most=None, preset="laptop").classifier_steps_most == 8 * FIRST


def test_every_network_is_judged_by_itself(tmp_path):
    one = settings(tmp_path, classifier=("small_cnn", "deep_cnn"))
    plan = planned(one, tmp_path)
    plant(tmp_path, last(plan, *CHECKED), 0.9, 0.9)
    plant(tmp_path, last(plan, *(f"{arm}@deep_cnn" for arm in CHECKED[:2])), 0.8, 0.9)
    found = planned(one, tmp_path)
    assert found.doublings == {"deep_cnn": 1}
    assert {len(units) for (_, arm), units in found.trainings.items() if "deep" not in arm} == {1}
    assert {len(units) for (_, arm), units in found.trainings.items() if "deep" in arm} == {2}


def test_the_metric_and_the_margin_of_the_study_decide(tmp_path):
    one = settings(tmp_path)
    plant(tmp_path, last(planned(one, tmp_path), *CHECKED), 0.90, 0.93)
    assert planned(one, tmp_path).doublings == {"": 1}
    assert planned(settings(tmp_path, rope=0.04), tmp_path).doublings == {}
    assert planned(settings(tmp_path, metric="accuracy"), tmp_path).doublings == {}  # which falls in the second half


def test_more_trials_are_trained_as_far_as_the_others_were_before_it_is_asked_again(tmp_path):
    plan = planned(one := settings(tmp_path), tmp_path)
    plant(tmp_path, last(plan, *CHECKED), 0.8, 0.9)
    plant(tmp_path, last(planned(one, tmp_path), *CHECKED), 0.0, 0.9)
    more = planned(settings(tmp_path, trials=3), tmp_path)
    assert more.doublings == {} and planned(one, tmp_path).doublings == {"": 1}
    plant(tmp_path, last(more, *CHECKED), 0.8, 0.9)
    assert planned(settings(tmp_path, trials=3), tmp_path).doublings == {"": 1}


def test_the_most_that_may_come_is_up_to_the_bound_until_a_network_has_converged(tmp_path):
    one = settings(tmp_path)
    found = Results(planned(one, tmp_path), tmp_path)
    assert steps(with_all_doublings(found)) == [100, 200, 400, 800]
    costs = Costs(DEFAULT_SECONDS, DEFAULT_SECONDS.items())
    longest = [(unit.path, unit.kind, unit.cost) for unit in with_all_doublings(found).all_units()]
    units = [(unit.path, unit.kind, unit.cost) for unit in found.plan.all_units()]
    least, most = (seconds_left(tmp_path, each, costs, 2) for each in (units, longest))
    assert most - least == pytest.approx((1 + 2 + 4) * len(found.plan.trainings) * 3 / 2, abs=2)
    plant(tmp_path, last(found.plan, *CHECKED), 0.9, 0.9)
    assert steps(with_all_doublings(Results(planned(one, tmp_path), tmp_path))) == [100]


def test_a_doubling_costs_as_much_as_all_before_it():
    assert [seconds_of(cost, {"classifier": 3.0}) for cost in ("classifier", "classifier*2", "classifier*4")] == [
        3,
        6,
        12,
    ]
    assert seconds_of("classifier*2", {"classifier": 3.0, "classifier*2": 5.0}) == 5.0  # what it took is known


# ---- for real ----

LATE = SMOKE | {"classifier_steps_most": 20, "rope": 0.0001, "arms": ("real+gan", "gan.fresh"), "n_per_class": 8}


def units_of(folder: Path) -> set[str]:
    return {str(path.parent.relative_to(folder)) for path in folder.glob("trials/*/*/unit.json")}


def test_a_run_doubles_the_steps_until_it_has_converged_and_the_experiment_sees_it(tmp_path):
    experiment = Experiment.open(make_study(**LATE, output_dir=str(tmp_path)))
    outcome = experiment.run(4)
    plan = experiment.plan
    assert plan.doublings == plan.read == {"": 2} and not outcome.failed  # 5, 10 and 20 steps
    assert all(is_done(experiment.folder, unit) for unit in outcome.made) and len(plan.classifiers) * 3 <= len(
        outcome.made
    )
    assert Experiment.preview(experiment.study).plan.doublings == {"": 2}  # from the folder alone
    status = Listing.of_results(experiment.results).status(experiment.folder, "planted")
    assert status["seconds_left"] == status["seconds_left_most"]  # no more steps will be needed
    before, counts = (experiment.results.probabilities(0, name) for name in ("real+gan@half", "real+gan"))
    with np.load(experiment.folder / plan.trainings[0, "real+gan"][1].path / "predictions.npz") as stored:
        assert np.array_equal(before, stored["p"])
    assert not np.array_equal(before, counts)
    table = experiment.scores().set_index(["trial", "arm"])["seconds"]
    assert (table[:, "real+classic@half"] < table[:, "real+classic"]).all()


def test_units_of_earlier_steps_are_needed_by_later_ones_and_stay(tmp_path):
    experiment = Experiment.open(make_study(**LATE, output_dir=str(tmp_path)))
    experiment.run(4)
    assert [each for each in leftovers(experiment) if each.kind == "classifier"] == []
    converged = Experiment.preview(open_study(experiment.folder, rope=0.4))
    assert converged.plan.doublings == {} and leftovers(converged) == []  # another margin may need them again
    lower = Experiment.preview(open_study(experiment.folder, classifier_steps_most=5))
    assert len(leftovers(lower)) == 2 * len(lower.plan.classifiers)


def test_a_run_that_is_stopped_between_two_levels_goes_on_from_there(tmp_path, monkeypatch):
    whole = Experiment.open(make_study(**LATE, output_dir=str(tmp_path / "whole")))
    whole.run(4)
    stopped, plain, calls = (
        Experiment.open(make_study(**LATE, output_dir=str(tmp_path / "stopped"))),
        running.run_units,
        [],
    )

    def run_units(*given, **more):
        calls.append(given)
        if len(calls) == 2:  # the second level is begun, and then somebody stops it
            plain(given[0], given[1][: len(given[1]) // 2], *given[2:], **more)
            raise KeyboardInterrupt
        return plain(*given, **more)

    monkeypatch.setattr(running, "run_units", run_units)
    with pytest.raises(Stopped):
        stopped.run(4)
    assert stopped.plan.doublings == {"": 1}
    monkeypatch.undo()
    again = Experiment.open(stopped.study)
    assert again.plan.doublings == {"": 1} and not again.run(4).failed
    assert again.plan.doublings == {"": 2} and units_of(again.folder) == units_of(whole.folder)
    for arm in ("real+gan+classic", "gan.fresh"):
        assert np.array_equal(*(each.results.probabilities(1, arm) for each in (whole, again)))


def test_what_has_failed_is_tried_once_and_what_each_round_made_is_told_in_all():
    a, b, bad = (Unit(4, "classifier", f"trials/000/{name}", print, 1) for name in ("a", "b", "bad"))
    rounds = [Outcome((a,), ((bad, "nan"),), (), (a,)), Outcome((b,), ((bad, "nan"),), ())]
    tried = []

    def make(again: bool) -> Outcome:
        tried.append(again)
        return rounds[len(tried) - 1]

    outcome = until_converged(make, lambda: len(tried) < 2)
    assert tried == [True, False]
    assert (outcome.made, outcome.failed, outcome.elsewhere) == ((a, b), ((bad, "nan"),), (a,))
    calls = iter([Outcome((), (), ()), Outcome((b,), (), ())])  # others had made what was missing of the first round
    looks = iter([True, False])
    assert until_converged(lambda again: next(calls), lambda: next(looks)).made == (b,)
