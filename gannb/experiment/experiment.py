"""A study at work: recorded in its folder, and run stage by stage."""

from __future__ import annotations

import json

from gannb.data.examples import Dataset
from gannb.experiment.checks import check
from gannb.experiment.results import Results
from gannb.experiment.status import write_status
from gannb.study.data_copy import check_place, keep_data, known_data, load_data, source_stamp
from gannb.study.external import is_kept
from gannb.study.external import keep as keep_sources
from gannb.study.folder import is_saved, save_study
from gannb.study.model import STAGES, Study
from gannb.utils.errors import Stopped
from gannb.work.locks import study_lock
from gannb.work.progress import Progress
from gannb.work.scheduler import Outcome, run_units


class Experiment(Results):
    """A study and its data: every choice settled, every unit named, every result at hand."""

    @classmethod
    def preview(cls, study: Study) -> Experiment:
        """Read and check everything, writing nothing.

        Raises:
            InputError: the data cannot be read, or something would fail later; see `checks.check`.
        """
        check_place(study)
        experiment = cls(study, *load_data(study))
        check(experiment)
        return experiment

    @classmethod
    def open(cls, study: Study) -> Experiment:
        """Read and check everything, then record it in the study's folder, unless it stands there already.

        Raises:
            InputError: as `preview`; or the study has changed while another process is at work on it.
        """
        return cls.preview(study).record()

    def record(self) -> Experiment:
        """Record the study, with a copy of its data, unless that is done; return the experiment that reads the copy."""
        facts = {
            "fingerprint": self.dataset.fingerprint,
            "data_key": self.data_key,
            "device": self.device,
            "resolved": json.loads(json.dumps(self.resolved())),
        }
        copy = self.folder / f"data-{self.data_key}"
        kept = copy.is_dir() and known_data(self.study).get(source_stamp(self.study)) == self.data_key
        kept = kept and is_kept(self.study, self.outside, self.data_key)
        if not kept or not is_saved(self.study, **facts):
            with study_lock(self.folder):
                keep_data(self.study, self.dataset, self.data_key)
                keep_sources(self.study, self.outside, self.data_key)
                save_study(self.study, **facts)
                write_status(self)
        if self.weights and self.can_fine_tune:
            from gannb.media.image.pretrained import keep

            keep(self.folder, self.weights)
        return Experiment(self.study, Dataset.load(copy), self.data_key)

    def run(self, stage: int) -> Outcome:
        """Make what is missing of a stage and of everything it needs; write `status.json`.

        Raises:
            InputError: another process is at work on the study.
            Stopped: it was interrupted.
        """
        with study_lock(self.folder):
            write_status(self, "running")
            try:
                return run_units(
                    self.folder, self.units(stage), device=self.device, workers=self.study.workers,
                    progress=Progress(STAGES[stage], self.seconds_by_kind()),
                )  # fmt: skip
            except KeyboardInterrupt:
                raise Stopped("what is finished is kept, and running the cell again goes on from there.") from None
            finally:
                write_status(self)
