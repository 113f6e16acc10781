"""A study at work: recorded in its folder, and run stage by stage."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gannb.data.examples import Dataset, Examples
from gannb.experiment import at_hand
from gannb.experiment.checks import check
from gannb.experiment.convergence import planned, until_converged
from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.experiment.status import write_status
from gannb.study.data_copy import (
    check_place,
    data_folder,
    is_read_as_before,
    keep_data,
    kept_data,
    known_data,
    load_data,
    source_remark,
    source_stamp,
)
from gannb.study.external import is_kept
from gannb.study.external import keep as keep_sources
from gannb.study.folder import is_saved, save_study, units_folder
from gannb.study.model import STAGES, Study
from gannb.study.view import keep_view
from gannb.trials.design import Design
from gannb.units.reading import note_spaces
from gannb.utils.doing import doing
from gannb.utils.errors import Stopped
from gannb.work.engines import Place, checked
from gannb.work.locks import study_lock
from gannb.work.processes import LAUNCHER
from gannb.work.progress import Progress
from gannb.work.scheduler import Outcome, run_units

if TYPE_CHECKING:
    import pandas as pd

    from gannb.data.medium import Medium
    from gannb.work.unit import Unit


@dataclass(eq=False)
class Experiment:
    """A study and its data: every choice settled, every unit named, every result at hand.

    What notebooks ask for is here by itself; everything else is asked of the three parts. Its plan grows while it runs,
    where training has not converged.
    """

    settings: Settings
    plan: Plan
    results: Results
    stamp: str = ""  # of the data's source before it was read; "" where it was not read
    remark: str = ""  # for people: what has become of the source, where the study's own copy serves in its place

    @classmethod
    def of(cls, study: Study, dataset: Dataset, data_key: str, stamp: str = "", own_copy: bool = False) -> Experiment:
        """Return the experiment of a study with data that were read, unchecked.

        stamp: of their source before that. own_copy: as of `preview`, for external sources.

        Raises:
            InputError: what the study names besides its data is not there, or cannot be used.
        """
        with doing("looking for weights and for sources from outside"):
            found = at_hand.look(study, dataset, data_key, own_copy)
        settings = Settings(study, dataset, data_key, found)
        units = units_folder(study.folder)
        plan = planned(settings, units)
        return cls(settings, plan, Results(plan, units), stamp)

    @classmethod
    def preview(cls, study: Study, own_copy: bool = False) -> Experiment:
        """Read and check everything, writing nothing.

        own_copy: go by the study's own copy of its data and external sources, whatever has become of these; `remark`
        says so where they have changed. It is for what asks for results alone.

        Raises:
            InputError: the data cannot be read, or something would fail later; see `checks.check`.
        """
        check_place(study)
        if own_copy and is_read_as_before(study):
            experiment = cls.of(study, *kept_data(study), own_copy=True)
            if not os.environ.get(LAUNCHER):  # which has looked already
                experiment.remark = source_remark(study, experiment.settings.data_key)
        else:
            stamp = source_stamp(study)
            experiment = cls.of(study, *load_data(study), stamp)
        _ = experiment.device  # refused where it is to be on this machine and is not
        check(experiment.results)
        return experiment

    @classmethod
    def open(cls, study: Study, own_copy: bool = False) -> Experiment:
        """Read and check everything, then record it in the study's folder, unless it stands there already.

        Raises:
            InputError: as `preview`; or the study has changed while another process is at work on it.
        """
        experiment = cls.preview(study, own_copy)
        recorded = experiment.record()
        recorded.remark = experiment.remark
        return recorded

    def record(self) -> Experiment:
        """Record the study, with a copy of its data, unless that is done; return the experiment that reads the copy."""
        if self.is_recorded():
            self.note_networks()
        else:
            with study_lock(self.folder):
                self.note_networks()  # before the record, by which other machines see that they may begin
                self.write()
                write_status(self.results)
        return Experiment.of(self.study, Dataset.load(self.data_folder), self.settings.data_key, own_copy=True)

    def is_recorded(self) -> bool:
        """Tell whether `write` has nothing to do."""
        settings, study = self.settings, self.study
        kept = self.data_folder.is_dir()
        kept = kept and (not self.stamp or known_data(self.results.folder).get(self.stamp) == settings.data_key)
        return kept and is_kept(study, settings.external, settings.data_key) and is_saved(study, **self._facts())

    def write(self) -> None:
        """Write the study's record, and keep a copy of its data and external sources."""
        keep_data(self.study, self.dataset, self.settings.data_key, self.stamp)
        keep_sources(self.study, self.settings.external, self.settings.data_key)
        save_study(self.study, **self._facts())

    def _facts(self) -> dict[str, Any]:
        return {
            "fingerprint": self.dataset.fingerprint,
            "data_key": self.settings.data_key,
            "device": self.device if self.place.is_local else f"{self.study.device}, where {self.study.engine} is",
            "resolved": json.loads(json.dumps(self.settings.resolved())),
        }

    def note_networks(self) -> None:
        """Note where the networks lie that are given, for the units to read."""
        settings = self.settings
        if settings.can_fine_tune:
            settings.medium.pretrained.keep(self.results.folder, settings.weights)
            if settings.view is not None:
                keep_view(self.study, self.dataset, settings.view)
        if settings.trunk is not None:
            settings.medium.pretrained.keep(self.results.folder, settings.trunk)
        further = settings.medium.spaces
        files = {key: getattr(self.study, further[name].parameter) for name, key in settings.spaces.items()}
        note_spaces(self.results.folder, files)

    def run(self, stage: int) -> Outcome:
        """Make what is missing of a stage and of everything it needs; write `status.json`.

        Trainings that turn out not to have converged go on with twice the steps; see `convergence`.

        Raises:
            InputError: another process is at work on the study.
            Stopped: it was interrupted.
        """

        def plan_anew() -> bool:
            if grown := self._plan_anew():
                write_status(self.results, "running")
            return grown

        with study_lock(self.folder):
            write_status(self.results, "running")
            try:
                with checked(self.place, self.results.folder, self.missing(stage)):
                    return until_converged(lambda again: self._make(stage, self.place, again), plan_anew)
            except KeyboardInterrupt:
                raise Stopped("what is finished is kept, and running the cell again goes on from there.") from None
            finally:
                write_status(self.results)

    def help(self, workers: int | None = None) -> Outcome:
        """Make what is missing of all stages, beside other processes that do the same or run the study; see `pulling`.

        workers: processes at work at once here; by default the study's. What has failed is not tried again.
        """
        place = self.place.on_this_machine(workers)
        return until_converged(lambda again: self._make(None, place, again), self._plan_anew, again=False)

    def missing(self, stage: int | None = None) -> list[Unit]:
        """Return the units of a stage, or of all, and of everything that they need, that are not there yet."""
        every = dict.fromkeys(each for unit in self._units(stage) for each in unit.closure())
        return [unit for unit in every if not self.results.is_done(unit)]

    def _units(self, stage: int | None) -> list[Unit]:
        return self.plan.all_units() if stage is None else self.plan.units(stage)

    def _make(self, stage: int | None, place: Place, again: bool) -> Outcome:
        progress = Progress("all stages" if stage is None else STAGES[stage], self.results.costs())
        return run_units(self.results.folder, self._units(stage), place, progress=progress, again=again)

    def _plan_anew(self) -> bool:
        """Plan by what is finished now; return whether steps have to be doubled."""
        before, self.plan = self.plan, planned(self.settings, self.results.folder)
        self.results = Results(self.plan, self.results.folder)
        return self.plan.doublings != before.doublings

    # ---- what notebooks ask for

    @property
    def study(self) -> Study:
        """The study's parameters."""
        return self.settings.study

    @property
    def dataset(self) -> Dataset:
        """The study's data."""
        return self.settings.dataset

    @property
    def medium(self) -> Medium:
        """What an item is, and all that depends on it."""
        return self.settings.medium

    @property
    def folder(self) -> Path:
        """The study's folder, absolute; its units may lie elsewhere, in `results.folder`."""
        return self.study.folder

    @property
    def data_folder(self) -> Path:
        """Where the copy of its data is kept, beside its units."""
        return data_folder(self.results.folder, self.settings.data_key)

    @property
    def design(self) -> Design:
        """How the data are divided into trials."""
        return self.settings.design

    @property
    def family(self) -> str:
        """The GAN family that `gan` stands for."""
        return self.settings.family

    @property
    def device(self) -> str:
        """The device that this machine computes on. Raises InputError where the study needs one here that it lacks."""
        asked = self.study.device
        return at_hand.resolve_device(asked if self.place.is_local or asked == "cpu" else "auto")

    @property
    def place(self) -> Place:
        """Where the study's units are made."""
        return self.settings.place

    def shown_trial(self, stage: int) -> int:
        """Return the first trial that a notebook can show of a stage; see `Results.shown_trial`."""
        return self.results.shown_trial(stage)

    def generator(self, trial: int, name: str | None = None) -> Any:
        """Return a trial's fitted GAN, or another of its generators; the unit must be done."""
        return self.results.generator(trial, name)

    def synthetic(self, trial: int, source: str | None = None) -> Examples:
        """Return the items that a trial's GAN made, or those of another source; the unit must be done."""
        return self.results.synthetic(trial, source)

    def scores(self) -> pd.DataFrame:
        """Return one row per finished trial, arm and classifier seed."""
        return self.results.scores()
