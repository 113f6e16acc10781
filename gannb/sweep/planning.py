"""One graph of distinct units for all studies of a sweep.

Every study is planned by itself, as `gannb run` plans it; its units are then looked up among those that other studies
have as well, and the plan is let go. What stays of a study are references into the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gannb.data.examples import Dataset
from gannb.experiment import at_hand
from gannb.experiment.checks import check
from gannb.experiment.convergence import planned
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import Plan
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.study.data_copy import check_place, kept_data, load_data, reading_of, source_stamp
from gannb.study.model import Study
from gannb.sweep.definition import Cell, Sweep
from gannb.units.classifiers import continued
from gannb.units.kinds import DOUBLED
from gannb.utils.doing import counter, doing
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of
from gannb.work.engines import Place
from gannb.work.unit import Unit


class Graph:
    """Units, each once, whatever studies have it: those of one path are the same work with the same result."""

    def __init__(self) -> None:
        self._known: dict[str, Unit] = {}

    def __len__(self) -> int:
        return len(self._known)

    def units(self) -> list[Unit]:
        """Return all units, needed ones first."""
        return list(self._known.values())

    def one(self, unit: Unit) -> Unit:
        """Return the unit of the graph that is the same as a given one, which joins it if there is none yet."""
        if (known := self._known.get(unit.path)) is not None:
            return known
        needs = tuple(map(self.one, unit.needs))
        same = all(mine is theirs for mine, theirs in zip(needs, unit.needs, strict=True))
        self._known[unit.path] = mine = unit if same else replace(unit, needs=needs)
        return mine


@dataclass(eq=False)
class PlannedStudy:
    """A study of a sweep: what its parameters come to, and its units in the graph."""

    cell: Cell
    settings: Settings
    stamp: str  # of its data's source, see `Experiment`
    units: tuple[Unit, ...] = ()
    doublings: dict[str, int] = field(default_factory=dict)  # as of its plan
    answer_key: str = ""  # as of its plan

    @property
    def name(self) -> str:
        """Its name."""
        return self.cell.name

    def take(self, plan: Plan, graph: Graph) -> None:
        """Keep of a plan what is needed of it."""
        self.units = tuple(map(graph.one, plan.all_units()))
        self.doublings, self.answer_key = dict(plan.doublings), plan.answer_key

    def unplanned(self, units: Path) -> Experiment:
        """Return the study with a plan that looks at nothing finished, for what asks for no unit."""
        plan = Plan(self.settings)
        return Experiment(self.settings, plan, Results(plan, units), self.stamp)

    def experiment(self, units: Path) -> Experiment:
        """Return the study planned anew by what is finished, given the folder of all units."""
        plan = planned(self.settings, units)
        return Experiment(self.settings, plan, Results(plan, units), self.stamp)


@dataclass(eq=False)
class PlannedSweep:
    """A sweep whose studies are all planned, and the graph of their units."""

    sweep: Sweep
    studies: list[PlannedStudy]
    graph: Graph

    @property
    def place(self) -> Place:
        """Where the units are made."""
        first, *others = (study.settings.place for study in self.studies)
        return first.joined(others)

    @property
    def shared(self) -> float:
        """The share of all studies' units that another study has already, 0 to 1."""
        every = sum(len(study.units) for study in self.studies)
        return 1 - len(self.graph) / every if every else 0.0

    def plan_anew(self) -> bool:
        """Plan every study by what is finished now; return whether steps have to be doubled in any (`convergence`)."""
        grown = False
        for study in self.studies:
            plan = study.experiment(self.sweep.units).plan
            grown |= dict(plan.doublings) != study.doublings
            study.take(plan, self.graph)
        return grown


class Data:
    """The data sets of a sweep, each read once."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Dataset, str, str] | InputError] = {}

    def of(self, study: Study, own_copy: bool = False) -> tuple[Dataset, str, str]:
        """Return a study's data, the key of their content and the stamp of their source before they were read.

        own_copy: those that the sweep has kept, whatever has become of their source; no stamp.

        Raises:
            InputError: they cannot be read; said anew for every study, without another look.
        """
        way = reading_of(study)
        if way not in self._read:
            try:
                stamp = "" if own_copy else source_stamp(study)
                self._read[way] = (*(kept_data if own_copy else load_data)(study), stamp)
            except InputError as error:
                self._read[way] = error
        found = self._read[way]
        if isinstance(found, InputError):
            raise found
        return found


def plan_sweep(sweep: Sweep, own_copy: bool = False) -> PlannedSweep:
    """Read each data set once, check and plan every study; writes nothing.

    own_copy: as for `Experiment.preview`, for whoever goes by what the sweep has kept.

    Raises:
        InputError: some studies cannot be done; the sentence names the first with its reason, and the others.
    """
    graph, data = Graph(), Data()
    studies: list[PlannedStudy] = []
    wrong: list[tuple[str, InputError]] = []
    with doing(f"planning {len(sweep.cells):,} studies"):
        planned_one = counter(len(sweep.cells))
        for cell in sweep.cells:
            try:
                studies.append(_planned(cell, sweep, graph, data, own_copy))
            except InputError as error:
                wrong.append((cell.name, error))
            planned_one()
    _refuse(wrong)
    _check_answers(studies)
    return PlannedSweep(sweep, studies, graph)


def _planned(cell: Cell, sweep: Sweep, graph: Graph, data: Data, own_copy: bool) -> PlannedStudy:
    study = cell.study
    check_place(study)
    dataset, key, stamp = data.of(study, own_copy)
    settings = Settings(study, dataset, key, at_hand.look(study, dataset, key, own_copy))
    one = PlannedStudy(cell, settings, stamp)
    experiment = one.experiment(sweep.units)
    _ = experiment.device  # refused where it is to be on this machine and is not
    check(experiment.results)
    one.take(experiment.plan, graph)
    return one


def _refuse(wrong: Sequence[tuple[str, InputError]]) -> None:
    if not wrong:
        return
    (name, error), *others = wrong
    if not others:
        raise InputError(f"{name}: {error}")
    number = f"{len(others)} further {'study' if len(others) == 1 else 'studies'}"
    raise InputError(f"{number} cannot be done either ({few_of([n for n, _ in others], 4)}); {name}: {error}")


def _check_answers(studies: Iterable[PlannedStudy]) -> None:
    """Refuse two studies that come to the same with their data, as `gan: auto` beside the family that it stands for.

    Two that begin with the same trainings may come to others, where one may double its steps more often.
    """
    seen: dict[tuple[str, ...], str] = {}
    for study in studies:
        bound = str(study.settings.most_doublings)
        same = (study.answer_key, bound, *sorted(unit.key for unit in study.units))
        if other := seen.get(same):
            raise InputError(
                f"{other} and {study.name} come to the same study with these data; leave one of them out of the grid."
            )
        seen[same] = study.name


def doublings_of(planned: PlannedSweep) -> dict[Unit, int]:
    """Return by training what all doublings add to it, in times of itself; -1 for one that is such a doubling.

    With every doubling, trainings go on for as many steps as all before: n of them take 2^n - 1 times the first.
    """
    found: dict[Unit, int] = {}
    for study in planned.studies:
        for unit in (unit for unit in study.units if unit.kind in DOUBLED):
            times = -1 if continued(unit) else 2**study.settings.most_doublings - 1
            found[unit] = max(times, found.get(unit, times))
    return found
