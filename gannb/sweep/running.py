"""A sweep at work: its studies recorded, their distinct units made once, their reports and the map written.

Also where `gannb work` begins, which helps with a sweep or with one study (`experiment.pulling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gannb.experiment.convergence import until_converged
from gannb.experiment.ledger import check_writable
from gannb.experiment.pulling import await_study, check_numbers, check_versions, pull
from gannb.experiment.results import costs_of
from gannb.experiment.status import PLAN
from gannb.study.folder import has_study, has_sweep
from gannb.sweep import reports
from gannb.sweep.definition import Sweep, read_sweep
from gannb.sweep.estimate import check_disk
from gannb.sweep.mapping import write_map
from gannb.sweep.planning import PlannedSweep, plan_sweep
from gannb.sweep.status import SweepListing
from gannb.utils.doing import doing
from gannb.utils.errors import Stopped
from gannb.work.engines import Place, checked
from gannb.work.locks import study_lock
from gannb.work.progress import Progress
from gannb.work.scheduler import Outcome, run_units
from gannb.work.store import is_done


@dataclass(frozen=True)
class Ran:
    """What became of a run of a sweep."""

    sentence: str  # of the map
    page: Path
    made: int  # units
    written: int  # reports
    failed: dict[str, str]  # by study, why it has no result, or what is missing of it


def run_sweep(sweep: Sweep) -> Ran:
    """Make what is missing of all studies, write their reports and the map; what is there is found, not made again.

    Everything is read and checked before anything is written.

    Raises:
        InputError: a study cannot be done with its data or on its engine, or another run is at work on the sweep.
        Stopped: it was interrupted; what is finished is kept.
    """
    planned = plan_sweep(sweep)
    for cell in sweep.cells:
        check_writable(cell.study.folder)
    missing = [unit for unit in planned.graph.units() if not is_done(sweep.units, unit)]
    check_disk(planned, missing)
    with study_lock(sweep.folder), checked(planned.place, sweep.units, missing):
        record(planned)
        try:
            outcome = make(planned, planned.place)
        except KeyboardInterrupt:
            raise Stopped("what is finished is kept, and the same command goes on from there.") from None
        finally:
            SweepListing.of_sweep(planned).write(sweep.folder)
        written, failed = reports.write(planned)
        page, sentence = write_map(sweep, failed)
    return Ran(sentence, page, len(outcome.made), written, failed)


def record(planned: PlannedSweep) -> None:
    """Write down the sweep and each of its studies, with one copy of each data set, unless that is done.

    The list of units comes last: who waits for a sweep to be begun waits for that.
    """
    sweep = planned.sweep
    with doing(f"recording {len(planned.studies):,} studies"):
        sweep.write()
        for study in planned.studies:
            experiment = study.unplanned(sweep.units)
            if not experiment.is_recorded():
                with study_lock(experiment.folder):
                    experiment.write()
            experiment.note_networks()
        SweepListing.of_sweep(planned).write(sweep.folder)


def make(planned: PlannedSweep, place: Place, again: bool = True, lists: bool = True) -> Outcome:
    """Make all units, and those of every doubling of steps that turns out to be needed (see `convergence`).

    again: try again what has failed before. lists: keep the list of units that `gannb status` goes by, which is for one
    process to do.
    """
    sweep = planned.sweep

    def make_planned(again: bool) -> Outcome:
        units = planned.graph.units()
        progress = Progress(f"{len(planned.studies):,} studies", costs_of(sweep.units, units))
        return run_units(sweep.units, units, place, progress=progress, again=again)

    def plan_anew() -> bool:
        if (grown := planned.plan_anew()) and lists:
            SweepListing.of_sweep(planned).write(sweep.folder)
        return grown

    return until_converged(make_planned, plan_anew, again)


def is_begun(folder: Path) -> bool:
    """Tell whether a study is in a folder, or a sweep with all of its studies."""
    return (folder / PLAN).is_file() if has_sweep(folder) else has_study(folder)


def help_begun(folder: Path, workers: int | None = None, minutes: float = 0.0) -> Outcome:
    """Make what a study or a sweep is missing beside others, on any machine that sees its folder.

    workers: processes at work at once here; by default its own `workers`. minutes: how long to wait for one that is not
    there yet, as where many start at the same time. What has failed is not tried again.

    Raises:
        InputError: none was begun in the folder, or it was with other versions; or it cannot be done here.
    """
    check_numbers(workers, minutes)
    await_study(folder, minutes, is_begun)
    if not has_sweep(folder):
        return pull(folder, workers)
    sweep = read_sweep(folder)
    check_versions(sweep.cells[0].study.folder)
    planned = plan_sweep(sweep, own_copy=True)
    return make(planned, planned.place.on_this_machine(workers), again=False, lists=False)
