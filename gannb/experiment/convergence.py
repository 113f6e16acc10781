"""Whether the trainings of a study have converged, and how often their steps are doubled until they have.

A comparison of trainings that are still under way is one of speeds, not of what the items are worth. So the steps of a
network double, for all of its arms alike, until their second half brings each of the checked arms (`checked_arms`) less
than `rope` on average over the trials, or the bound is reached. That is a function of the finished units alone: a study
that was interrupted, or has got more trials, goes on from where it stands. Trials that have failed are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.stats.tested import FEWEST
from gannb.trials.arms import PRETRAINED, Arm
from gannb.work.scheduler import Outcome
from gannb.work.store import is_done
from gannb.work.unit import Unit


def planned(settings: Settings, folder: Path) -> Plan:
    """Return the plan of a study with as many doublings of the steps as its finished trainings call for.

    Results are read after the last of them that every trial has, but for those that failed.
    """
    plan = _plan(settings, folder, {})
    while further := not_converged(Results(plan, folder)):
        plan = _once_more(plan, folder, further)
    results = Results(plan, folder)
    read = {name: n if _finished(results, name) else n - 1 for name, n in plan.doublings.items()}
    return replace(plan, read=read)


def with_all_doublings(results: Results) -> Plan:
    """Return the plan if no network that may still need it converges before the bound: the most that is to be done."""
    plan, settings = results.plan, results.settings
    waiting = [name for name in settings.checked_arms if not all(map(results.is_done, _last(plan, name)))]
    return replace(plan, doublings=dict(plan.doublings) | dict.fromkeys(waiting, settings.most_doublings))


def not_converged(results: Results) -> list[str]:
    """Return the networks whose steps are to be doubled once more, given what is finished."""
    plan, settings = results.plan, results.settings
    room = [name for name in settings.checked_arms if plan.doublings.get(name, 0) < settings.most_doublings]
    return [name for name in room if _gains_still(results, name) and _can_go_on(results, name)]


def until_converged(make: Callable[[bool], Outcome], plan_anew: Callable[[], bool], again: bool = True) -> Outcome:
    """Make units, and those of every doubling of steps that turns out to be needed.

    make: makes what is missing by the plan as it is now; told whether to try again what has failed before, which is
    done once at most. plan_anew: plans by what is finished, and tells whether steps have to be doubled.
    """
    outcome = make(again)
    while plan_anew():  # also where others have made what was missing
        further = make(False)
        made, elsewhere = (*outcome.made, *further.made), (*outcome.elsewhere, *further.elsewhere)
        outcome = replace(further, made=made, elsewhere=elsewhere)
    return outcome


def _plan(settings: Settings, folder: Path, doublings: dict[str, int]) -> Plan:
    plan = Plan(settings, doublings=doublings)
    if settings.weights and not settings.can_fine_tune:  # have gone: what they made may be there still
        made = frozenset(unit.path for unit in plan.units_without_weights() if is_done(folder, unit))
        return replace(plan, kept=made)
    return plan


def _once_more(plan: Plan, folder: Path, networks: Iterable[str]) -> Plan:
    """Return the plan in which the steps of some networks are doubled once more."""
    return _plan(plan.settings, folder, dict(plan.doublings) | {n: plan.doublings.get(n, 0) + 1 for n in networks})


def _last(plan: Plan, network: str, trials: Iterable[int] | None = None) -> list[Unit]:
    """Return the last units of training of a network's checked arms, in some trials or in all of them."""
    arms = plan.settings.checked_arms[network]
    return [plan.trainings[t, arm.name][-1] for t in (plan.trials if trials is None else trials) for arm in arms]


def _finished(results: Results, network: str) -> list[int]:
    """Return the trials whose checked arms are trained; none while any is to come, but for those that have failed.

    Fewer than two have nothing to say.
    """
    plan = results.plan
    done = [t for t in plan.trials if all(map(results.is_done, _last(plan, network, [t])))]
    missing = [unit for t in plan.trials if t not in done for unit in _last(plan, network, [t])]
    to_come = [unit for unit in missing if not results.is_done(unit) and not results.has_failed(unit)]
    return done if len(done) >= FEWEST and not to_come else []


def _gains_still(results: Results, network: str) -> bool:
    """Tell whether the last half of the steps brings a checked arm `rope` or more; False while a trial is missing."""
    trials, rope = _finished(results, network), results.settings.study.rope
    return bool(trials) and any(_gain(results, arm, trials) >= rope for arm in results.settings.checked_arms[network])


def _gain(results: Results, arm: Arm, trials: Iterable[int]) -> float:
    """Return what the last half of an arm's steps brought, a share: the mean over trials and classifier seeds."""
    plan, metric = results.plan, results.settings.study.metric
    units = [plan.trainings[t, arm.name][-1] for t in trials]
    whole, half = (
        np.mean([row[metric] for unit in units for row in results.score_rows(unit, name)])
        for name in (arm.name, arm.half().name)
    )
    return float(whole - half)


def _can_go_on(results: Results, network: str) -> bool:
    """Tell whether a network's next units can be made, or are there: without the pretrained weights nothing is made."""
    settings, plan = results.settings, results.plan
    if network != PRETRAINED or settings.can_fine_tune:
        return True
    return all(map(results.is_done, _last(_once_more(plan, results.folder, [network]), network)))
