"""What is read from the finished units of a study, as tables, arrays and items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gannb.data.examples import Examples
from gannb.experiment.plan import Plan
from gannb.experiment.settings import Settings
from gannb.generators import registry
from gannb.stats import outcomes
from gannb.stats.outcomes import Predictions
from gannb.study.model import STAGES
from gannb.trials.arms import HALF, PRIMARY
from gannb.trials.splits import Draw
from gannb.units import reading
from gannb.units.classifiers import continued
from gannb.units.kinds import DEFAULT_SECONDS, DRAW, ITEMS, QUALITY
from gannb.utils.errors import Failed, InputError
from gannb.work.costs import Costs
from gannb.work.store import is_done, read_unit, recorded_failure
from gannb.work.unit import Unit


@dataclass(frozen=True, eq=False)
class Results:
    """What a folder holds of a plan's units; a method that gives one thing says what must be done for it."""

    plan: Plan
    folder: Path  # that holds the units: the study's, or that of all units of its sweep

    @property
    def settings(self) -> Settings:
        """What the study's parameters come to."""
        return self.plan.settings

    def is_done(self, unit: Unit) -> bool:
        """Tell whether a unit is there, and whole."""
        return is_done(self.folder, unit)

    def has_failed(self, unit: Unit) -> bool:
        """Tell whether a unit, or one that it needs, has failed."""
        return any(recorded_failure(self.folder, each) for each in unit.closure())

    def check_whole(self, units: Iterable[Unit] | None = None) -> None:
        """Refuse to read what is damaged, or has gone while something is there that is told with it; see `_told_with`.

        units: of these alone, and not of all that is planned. Results go without what was never made, and without what
        somebody has removed of the rest, as generators.

        Raises:
            InputError: the first such unit, and the way to have it again.
        """
        every = dict.fromkeys(each for unit in units or self.plan.all_units() for each in unit.closure())
        done = {unit for unit in every if self.is_done(unit)}
        needed = {need for unit in done for need in unit.needs if _told_with(unit, need)}
        lost = [unit for unit in every if unit not in done and (unit in needed or (self.folder / unit.path).is_dir())]
        if lost:
            more = f", and {len(lost) - 1:,} more" if len(lost) > 1 else ""
            tried = f" (last tried: {error})" if (error := recorded_failure(self.folder, lost[0])) else ""
            raise InputError(
                f"The unit {self.folder / lost[0].path} is damaged or missing{tried}{more}; `gannb run "
                f"{self.settings.study.folder}` makes it again."
            )

    # ---- how far it is

    def done(self, stage: int) -> list[int]:
        """Return the trials of which every unit of a stage is there."""
        missing = {u.parameters.get("trial") for u in self.plan.units(stage) if not self.is_done(u)}
        return [t for t in range(self.settings.trials) if t not in missing]

    def shown_trial(self, stage: int) -> int:
        """Return the first trial that a notebook can show of a stage.

        Raises:
            Failed: every trial of the stage has failed or is missing; names the first error.
        """
        if done := self.done(stage):
            return done[0]
        errors = [f"{u.path}: {e}" for u in self.plan.all_units() if (e := recorded_failure(self.folder, u))]
        raise Failed(f"no trial of {STAGES[stage]} is finished; {errors[0] if errors else 'run it first'}")

    def minutes(self) -> dict[str, float]:
        """Return, by arm, the minutes of computing that a trial takes, with its generator and its own tuning."""
        found: dict[str, list[float]] = {}
        for (_, arm), unit in self.plan.classifiers.items():  # and all that it continues
            if self.is_done(unit):
                there = [need for need in unit.closure() if self.is_done(need)]
                spent = sum(read_unit(self.folder, need)["seconds"] for need in there)
                found.setdefault(arm, []).append(spent / 60)
        return {arm: float(np.mean(each)) for arm, each in found.items()}

    def costs(self) -> Costs:
        """Return what units take, as far as it is known from those that are done."""
        return costs_of(self.folder, self.plan.all_units())

    # ---- items

    def draw(self, trial: int) -> Draw:
        """Return the indices of a trial's items; the unit must be done."""
        return reading.read_draw(self.folder / self.plan.draws[trial].path)

    def synthetic(self, trial: int, generator: str | None = None) -> Examples:
        """Return the items that a trial's generator made (the study's GAN by default); the unit must be done."""
        unit = self.plan.item_units[trial, generator or self.settings.family]
        return reading.read_items(self.folder / unit.path, self.settings.dataset)

    def measured_items(self, trial: int) -> Examples:
        """Return those of the study's GAN's items that quality was measured on; see `units.reading.measured_of`."""
        counts = self.settings.items(self.draw(trial).train).counts()
        return reading.measured_of(self.synthetic(trial), counts, self.settings.n_synthetic)

    def generator(self, trial: int, name: str | None = None) -> Any:
        """Return a trial's fitted generator (the study's GAN by default); the unit must be done."""
        return registry.load(self.generator_folder(trial, name), self.settings.medium)

    def generator_folder(self, trial: int, generator: str | None = None) -> Path:
        """Return the folder of a trial's fitted generator, the study's GAN by default, done or not."""
        return self.folder / self.plan.generator_units[trial, generator or self.settings.family].path

    # ---- quality

    def quality(self) -> pd.DataFrame:
        """Return one row per trial, feature space and generator, or reference set (see `measures.comparison`)."""
        return _numeric(_table(self.folder, self.plan.measuring_units, "quality.json"), "generator", "features")

    def quality_of_classes(self) -> pd.DataFrame:
        """Return one row per trial, feature space, generator or reference set, and class."""
        measuring = [*self.plan.quality_units.values(), *self.plan.reference_units]
        return _numeric(_table(self.folder, measuring, "classes.json"), "generator", "features", "class")

    def suspects(self) -> pd.DataFrame:
        """Return the most suspicious items of every trial, feature space and generator; see `measures.comparison`."""
        return _table(self.folder, self.plan.quality_units.values(), "suspects.json")

    def measuring_classifier(self, trial: int) -> Any:
        """Return a trial's measuring classifier; the unit must be done."""
        file = self.folder / self.plan.measuring_classifiers[trial].path / "ruler.safetensors"
        return reading.load_classifier(self.settings.medium, file, self.settings.dataset.pool)

    # ---- classifiers

    def tuning(self) -> pd.DataFrame:
        """Return one row per draw for tuning, tuned arm and configuration, and whether it was chosen."""
        table = _table(self.folder, self.plan.tuning_units.values(), "tuning.json")
        if table.empty:
            return table
        chosen = {}
        for name, unit in self.plan.choice_units.items():
            if self.is_done(unit):
                file = self.folder / unit.path / "choice.json"
                chosen[name] = json.loads(file.read_text(encoding="utf-8"))["configuration"]
        rows = zip(table["arm"], table["configuration"], strict=True)
        return table.assign(chosen=[chosen.get(arm) == configuration for arm, configuration in rows])

    def scores(self) -> pd.DataFrame:
        """Return one row per finished trial, arm and classifier seed; of checked arms also after half of the steps."""
        names = [arm.name for arm in (*self.settings.arms, *self.settings.half_arms)]
        rows = [row for trial in self.plan.trials for arm in names for row in self._scores_of(trial, arm)]
        table = pd.DataFrame(rows).assign(study=self.settings.study.name)
        return table if table.empty else self._of_positive(table)

    def _scores_of(self, trial: int, arm: str) -> list[dict[str, Any]]:
        """Return an arm's scores in a trial by classifier seed, with the seconds that one such training takes."""
        if (unit := self._last_training(trial, arm)) is None:
            return []
        parts = [part for part in unit.closure() if part.kind == unit.kind and self.is_done(part)]
        seconds = sum(read_unit(self.folder, part)["seconds"] for part in parts) / (2 if arm.endswith(HALF) else 1)
        return [
            row | {"seconds": round(seconds / self.settings.study.classifier_seeds, 3)}
            for row in self.score_rows(unit, arm)
        ]

    def _last_training(self, trial: int, arm: str) -> Unit | None:
        """Return the unit of an arm's training, or of that whose half it is, that counts; None if it is not there."""
        unit = self.plan.classifiers.get((trial, arm.removesuffix(HALF)))
        return unit if unit is not None and self.is_done(unit) else None

    def score_rows(self, unit: Unit, arm: str) -> list[dict[str, Any]]:
        """Return an arm's scores by classifier seed, given the last unit of its training, which must be done."""
        keeper, name = said_by(unit, arm)
        rows = json.loads((self.folder / keeper.path / "scores.json").read_text(encoding="utf-8"))
        return [row | {"arm": arm} for row in rows if row["arm"] == name]

    def _of_positive(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the scores of two classes with those of the study's positive one; units keep those of the second."""
        if self.settings.positive == 1:
            return table
        table = table.copy()
        for (trial, arm), rows in table.groupby(["trial", "arm"]).groups.items():
            y, p = self.settings.items(self.draw(trial).test).y, self.probabilities(trial, arm)
            table.loc[rows, list(outcomes.OF_POSITIVE)] = outcomes.of_positive(y, p, self.settings.positive).to_numpy()
        return table

    def probabilities(self, trial: int, arm: str) -> np.ndarray | None:
        """Return (S, I, K) class probabilities of an arm's classifiers on the trial's test items; None if not there.

        Of every arm it may also be asked what it had said after half of its steps (`@half`).
        """
        if (unit := self._last_training(trial, arm)) is None:
            return None
        keeper, name = said_by(unit, arm)
        with np.load(self.folder / keeper.path / "predictions.npz", allow_pickle=False) as stored:
            return stored["half_p" if name.endswith(HALF) else "p"]

    def predictions(self) -> Predictions:
        """Return what the classifiers of the primary contrast's two arms said, in the trials that have both."""
        pairs = {t: [self.probabilities(t, arm) for arm in PRIMARY] for t in range(self.settings.trials)}
        pairs = {t: pair for t, pair in pairs.items() if all(p is not None for p in pair)}
        y = {t: self.settings.items(self.draw(t).test).y for t in pairs}
        arm, against = ({t: pair[i] for t, pair in pairs.items()} for i in (0, 1))
        return Predictions(self.settings.dataset.pool.classes, self.settings.positive, y, arm, against, PRIMARY)

    def shifted(self, trial: int, arm: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the share of an arm's classifiers that are right on test items in the medium's shifted forms, (F, J).

        Beside it (J,) which of the trial's test items these are. None if the unit is not there, or nothing was shifted.
        """
        unit = self.plan.classifiers.get((trial, arm))
        if unit is None or not self.is_done(unit) or not self.settings.medium.shifts:
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            said, at = stored["shifted"], stored["shifted_at"]
        y = self.settings.items(self.draw(trial).test).y[at]
        return ((said == y).mean(axis=0), at) if len(at) else None

    # ---- classes held out

    def open_set_predictions(self, trial: int, method: str, side: int | None) -> dict[str, np.ndarray] | None:
        """Return what the classifiers of a unit about classes held out said of the test items; None if not there.

        Of the known ones p (S, I, K) and y (I,), of the unseen ones unseen_p (S, U, K) and unseen_y (U,); with `other`
        there are K + 1 probabilities.
        """
        unit = self.plan.open_set.classifiers[trial, method, side]
        if not self.is_done(unit):
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            return dict(stored)


def _told_with(unit: Unit, need: Unit) -> bool:
    """Tell whether who tells of a unit reads this, too: a draw, items that it measured, the training it continues."""
    return need.kind in (DRAW.stored_as, unit.kind) or (need.kind, unit.kind) == (ITEMS.stored_as, QUALITY.stored_as)


def said_by(unit: Unit, arm: str) -> tuple[Unit, str]:
    """Return which unit keeps what an arm said, and as what arm, given the last unit of the arm's training.

    What a training had said after half of its steps is what the unit said that the last one continues; the first keeps
    both itself.
    """
    before = continued(unit) if arm.endswith(HALF) else None
    return (before, arm.removesuffix(HALF)) if before else (unit, arm)


def _numeric(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the table with numbers in all but the named columns, nan where there is none."""
    return table.astype({column: float for column in table.columns if column not in (*names, "trial")})


def _table(folder: Path, units: Iterable[Unit], file: str) -> pd.DataFrame:
    done = [unit for unit in units if is_done(folder, unit)]
    rows = [row for unit in done for row in json.loads((folder / unit.path / file).read_text(encoding="utf-8"))]
    return pd.DataFrame(rows)


def costs_of(folder: Path, units: Iterable[Unit]) -> Costs:
    """Return what units below a folder take, as far as it is known from those that are done."""
    done = ((unit.path, unit.cost) for unit in units if is_done(folder, unit))
    return Costs.of(folder, DEFAULT_SECONDS, done)
