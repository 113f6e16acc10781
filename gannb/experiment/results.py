"""What is read from the finished units of a study, as tables, arrays and items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.counts import first_of_each
from gannb.data.examples import Examples
from gannb.experiment.plan import Wiring
from gannb.media import MEDIA
from gannb.stats import outcomes
from gannb.stats.outcomes import Predictions
from gannb.study.model import STAGES
from gannb.trials.arms import PRIMARY
from gannb.trials.splits import Draw
from gannb.units import reading
from gannb.work.store import is_done, read_unit, recorded_failure
from gannb.work.unit import Unit

if TYPE_CHECKING:
    import pandas as pd
from gannb.units.kinds import DEFAULT_SECONDS


class Results(Wiring):
    """A study's results, as far as they are there; a method that gives one thing says what must be done for it."""

    # ---- how far it is

    def done(self, stage: int) -> list[int]:
        """Return the trials of which every unit of a stage is there."""
        missing = {u.parameters.get("trial") for u in self.units(stage) if not is_done(self.folder, u)}
        return [t for t in range(self.study.trials) if t not in missing]

    def shown_trial(self, stage: int) -> int:
        """Return the first trial that a notebook can show of a stage.

        Raises:
            RuntimeError: every trial of the stage has failed or is missing; names the first error.
        """
        if done := self.done(stage):
            return done[0]
        errors = [f"{u.path}: {e}" for u in self.all_units() if (e := recorded_failure(self.folder, u))]
        raise RuntimeError(f"no trial of {STAGES[stage]} is finished; {errors[0] if errors else 'run it first'}")

    def minutes(self) -> dict[str, float]:
        """Return, by arm, the minutes of computing that a trial takes, with its generator and its own tuning."""
        found: dict[str, list[float]] = {}
        for (_, arm), unit in self.classifiers.items():
            if is_done(self.folder, unit):
                there = [need for need in unit.closure() if is_done(self.folder, need)]
                spent = sum(read_unit(self.folder, need)["seconds"] for need in there)
                found.setdefault(arm, []).append(spent / 60)
        return {arm: float(np.mean(each)) for arm, each in found.items()}

    def seconds_by_kind(self) -> dict[str, float]:
        """Return expected seconds per unit kind: the median of those done, else a default."""
        found: dict[str, list[float]] = {}
        for unit in self.all_units():
            if is_done(self.folder, unit):
                found.setdefault(unit.cost, []).append(read_unit(self.folder, unit)["seconds"])
        return DEFAULT_SECONDS | {kind: float(np.median(seconds)) for kind, seconds in found.items()}

    # ---- items

    def draw(self, trial: int) -> Draw:
        """Return the indices of a trial's items; the unit must be done."""
        return reading.read_draw(self.folder / self.draws[trial].path)

    def synthetic(self, trial: int, generator: str | None = None) -> Examples:
        """Return the items that a trial's generator made (the study's GAN by default); the unit must be done."""
        return reading.read_items(self.folder / self.item_units[trial, generator or self.family].path, self.dataset)

    def measured_items(self, trial: int) -> Examples:
        """Return those of the study's GAN's items that quality was measured on; see `units.measuring.make_quality`."""
        made = self.synthetic(trial)
        return made if self.study.doses else made.take(first_of_each(made.y, self.draw_counts(trial)))

    def generator(self, trial: int, name: str | None = None) -> Any:
        """Return a trial's fitted generator (the study's GAN by default); the unit must be done."""
        from gannb.generators.registry import load
        from gannb.media.image import IMAGE

        return load(self.generator_folder(trial, name), IMAGE)

    def generator_folder(self, trial: int, generator: str | None = None) -> Path:
        """Return the folder of a trial's fitted generator, the study's GAN by default, done or not."""
        return self.folder / self.generator_units[trial, generator or self.family].path

    # ---- quality

    def quality(self) -> pd.DataFrame:
        """Return one row per trial, feature space and generator, or reference set (see `comparison.REFERENCE_SETS`)."""
        return _numeric(_table(self.folder, self.measuring_units, "quality.json"), "generator", "features")

    def quality_of_classes(self) -> pd.DataFrame:
        """Return one row per trial, feature space, generator or yardstick, and class."""
        measuring = [*self.quality_units.values(), *self.yardstick_units]
        return _numeric(_table(self.folder, measuring, "classes.json"), "generator", "features", "class")

    def suspects(self) -> pd.DataFrame:
        """Return the most suspicious items of every trial, feature space and generator; see `measuring`."""
        return _table(self.folder, self.quality_units.values(), "suspects.json")

    def ruler(self, trial: int) -> Any:
        """Return a trial's measuring classifier; the unit must be done."""
        file = self.folder / self.ruler_units[trial].path / "ruler.safetensors"
        return reading.load_classifier(MEDIA[self.dataset.medium], file, self.dataset.pool)

    # ---- classifiers

    def tuning(self) -> pd.DataFrame:
        """Return one row per draw for tuning, tuned arm and configuration, and whether it was chosen."""
        table = _table(self.folder, self.tuning_units.values(), "tuning.json")
        if table.empty:
            return table
        chosen = {}
        for name, unit in self.choice_units.items():
            if is_done(self.folder, unit):
                file = self.folder / unit.path / "choice.json"
                chosen[name] = json.loads(file.read_text(encoding="utf-8"))["configuration"]
        rows = zip(table["arm"], table["configuration"], strict=True)
        return table.assign(chosen=[chosen.get(arm) == configuration for arm, configuration in rows])

    def scores(self) -> pd.DataFrame:
        """Return one row per finished trial, arm and classifier seed."""
        table = _table(self.folder, self.classifiers.values(), "scores.json").assign(study=self.study.name)
        if table.empty:
            return table
        seconds = {
            (u.parameters["trial"], u.parameters["arm"]): read_unit(self.folder, u)["seconds"]
            for u in self.classifiers.values()
            if is_done(self.folder, u)
        }
        spent = [seconds[key] / self.study.classifier_seeds for key in zip(table["trial"], table["arm"], strict=True)]
        return self._of_positive(table.assign(seconds=np.round(spent, 3)))

    def _of_positive(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the scores of two classes with those of the study's positive one; units keep those of the second."""
        if self.positive == 1:
            return table
        table = table.copy()
        for (trial, arm), rows in table.groupby(["trial", "arm"]).groups.items():
            y, p = self.items(self.draw(trial).test).y, self.probabilities(trial, arm)
            table.loc[rows, list(outcomes.OF_POSITIVE)] = outcomes.of_positive(y, p, self.positive).to_numpy()
        return table

    def probabilities(self, trial: int, arm: str) -> np.ndarray | None:
        """Return (S, I, K) class probabilities of an arm's classifiers on the trial's test items; None if not there."""
        unit = self.classifiers.get((trial, arm))
        if unit is None or not is_done(self.folder, unit):
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            return stored["p"]

    def predictions(self) -> Predictions:
        """Return what the classifiers of the primary contrast's two arms said, in the trials that have both."""
        pairs = {t: [self.probabilities(t, arm) for arm in PRIMARY] for t in range(self.study.trials)}
        pairs = {t: pair for t, pair in pairs.items() if all(p is not None for p in pair)}
        y = {t: self.items(self.draw(t).test).y for t in pairs}
        arm, against = ({t: pair[i] for t, pair in pairs.items()} for i in (0, 1))
        return Predictions(self.dataset.pool.classes, self.positive, y, arm, against)

    def shifted(self, trial: int, arm: str) -> np.ndarray | None:
        """Return (S, F, K) recall of each class on test items in the forms of `shifts.SHIFTS`; None if not there.

        nan for a class that has no such item.
        """
        unit = self.classifiers.get((trial, arm))
        if unit is None or not is_done(self.folder, unit):
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            right, y = stored["shifted"] == stored["shifted_y"], stored["shifted_y"]
        none = np.full(right.shape[:2], np.nan)
        recalls = [right[..., y == k].mean(-1) if (y == k).any() else none for k in range(self.dataset.pool.n_classes)]
        return np.stack(recalls, -1)


def _numeric(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the table with numbers in all but the named columns, nan where there is none."""
    return table.astype({column: float for column in table.columns if column not in (*names, "trial")})


def _table(folder: Path, units: Iterable[Unit], file: str) -> pd.DataFrame:
    import pandas as pd

    done = [unit for unit in units if is_done(folder, unit)]
    rows = [row for unit in done for row in json.loads((folder / unit.path / file).read_text(encoding="utf-8"))]
    return pd.DataFrame(rows)
