"""What stands in each place of a sweep's map: the gain of a GAN's items, or of a control's, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gannb.report.kept import Result, read_result
from gannb.stats.decision import Answer, decide
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.together import for_all
from gannb.study.folder import STUDIES
from gannb.sweep.definition import DEFAULT, Cell, Sweep
from gannb.sweep.reports import written
from gannb.trials.arms import PRIMARY
from gannb.trials.contrasts import BLENDS, GAUSSIAN

GAN = "gan"  # the axis of families
SIZES = "n_per_class"  # the axis that makes the columns where there is one
CONTROLS = {BLENDS: "blends, no GAN", GAUSSIAN: "Gaussian, no GAN"}  # by arm, who made the items


@dataclass(frozen=True)
class Entry:
    """A place of the map: one maker's items in one study."""

    study: str
    at: Mapping[str, str]  # by axis; of a control without that of the families, which it does not depend on
    maker: str  # a GAN family, or what its axis calls it; or a control
    is_gan: bool
    row: Mapping[str, Any] | None = None  # of the verdict: difference, low, high, level, se, trials; None: no result
    answer: str = ""  # as in `stats.decision.Answer`; empty where there is no result
    together: str = ""  # the answer at the level at which all intervals of the map hold together
    reason: str = ""  # why there is no answer, or no result
    blends: str = ""  # of a GAN: the answer of its items against blends; empty where that was not measured
    planned: int = 0  # trials that the study asks for; 0: as many as by default

    @property
    def starred(self) -> bool:
        """Whether it has its answer also at the level at which all intervals of the map hold together."""
        return self.together == self.answer != "inconclusive"

    @property
    def words(self) -> str:
        """Where it stands in the sweep, but for its number of real items: `digits, augmentation none, mlp`."""
        at = {axis: label for axis, label in self.at.items() if axis not in (SIZES, GAN)}  # the maker stands for GAN
        return ", ".join([*(x if axis == "data" else f"{axis} {x}" for axis, x in at.items()), self.maker])


def results(sweep: Sweep) -> dict[str, Result]:
    """Return what the studies that have a report of what is finished keep of their results, by name."""
    there, found = written(sweep.folder), {}
    for cell in sweep.cells:
        if cell.name in there:
            found[cell.name] = read_result(sweep.folder / STUDIES / cell.name)
    return found


def entries(sweep: Sweep, found: Mapping[str, Result], failed: Mapping[str, str]) -> list[Entry]:
    """Return every place of the map, a study's GAN and the controls beside it; a control that studies share once."""
    places: dict[tuple[Any, ...], Entry] = {}
    for cell in sweep.cells:
        result = found.get(cell.name)
        maker = _maker(cell, result, sweep.axes.get(GAN, ()))
        missing = Entry(cell.name, cell.at, maker, True, reason=failed.get(cell.name, ""))
        for entry in _of_study(cell, result, maker) if result else [missing]:
            places.setdefault((entry.maker, *sorted(entry.at.items())), entry)
    there = list(places.values())
    m = sum(entry.row is not None for entry in there)
    ropes = {name: float(result.verdict["rope"]) for name, result in found.items()}
    return [entry if entry.row is None else _together(entry, ropes[entry.study], m) for entry in there]


def _maker(cell: Cell, result: Result | None, labels: Sequence[str]) -> str:
    """Return what a study's GAN is called on the map: as on its axis, or by the family that `auto` or nothing comes to.

    labels: of that axis, of which two may be one family, as `mlp` and what `auto` comes to.
    """
    label = cell.at.get(GAN, DEFAULT)
    if label not in ("auto", DEFAULT):
        return label
    if result:
        family = str(result.verdict["of"]["gan"])
    else:
        family = "GAN" if cell.study.gan == "auto" else cell.study.gan
    return family if len(labels) < 2 else f"{family} ({label})"


def _of_study(cell: Cell, result: Result, maker: str) -> list[Entry]:
    rope, reason = float(result.verdict["rope"]), result.reason
    rows = {(row["arm"], row["against"]): row for row in result.verdict["contrasts"]}
    against_blends, planned = rows.get((PRIMARY[0], BLENDS)), cell.study.trials or 0
    gan = Entry(
        cell.name, cell.at, maker, True, result.primary, result.answer,
        reason=reason, blends=decided(against_blends, rope, reason) if against_blends else "", planned=planned,
    )  # fmt: skip
    at = {axis: label for axis, label in cell.at.items() if axis != GAN}
    controls = [
        Entry(cell.name, at, maker, False, row, decided(row, rope, reason), reason=reason, planned=planned)
        for arm, maker in CONTROLS.items()
        if (row := rows.get((arm, PRIMARY[1]))) is not None
    ]
    return [gan, *controls]


def decided(row: Mapping[str, Any], rope: float, reason: str = "") -> str:
    """Return the answer of a row by the rule of the study; where there is a reason against any, none."""
    if reason:
        return str(Answer.INCONCLUSIVE)
    interval = (row["difference"], row["low"], row["high"], row["se"])
    return str(decide(Estimate(*interval, df=1.0, sd=0.0, n=row["trials"], level=row["level"]), rope))


def _together(entry: Entry, rope: float, m: int) -> Entry:
    row = entry.row
    wider = for_all(Interval(row["difference"], row["low"], row["high"]), row["se"], row["level"], m)
    row = dict(row) | {"low": wider.low, "high": wider.high}
    answer = decided(row, rope, entry.reason)
    return replace(entry, together=answer)


def table(sweep: Sweep, found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the places of the map as rows of `map.csv`: axes, maker, numbers in shares, answers."""
    numbers = ("difference", "low", "high", "level", "se", "trials")
    return [
        {axis: entry.at.get(axis, "") for axis in sweep.axes}
        | {"study": entry.study, "maker": entry.maker, "is_gan": entry.is_gan}
        | {name: entry.row[name] if entry.row else None for name in numbers}
        | {"answer": entry.answer, "answer_of_all_together": entry.together, "against_blends": entry.blends}
        | {"reason": entry.reason}
        for entry in found
    ]
