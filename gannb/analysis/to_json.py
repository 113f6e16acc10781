"""The verdict as it stands in `verdict.json`: the names of the keys and their order, in one place.

Pages, notebooks and scripts of people read the file, so a key keeps its name and its place, whatever a field is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from gannb.analysis.claims import Claim, ShiftRow
from gannb.analysis.class_lights import ClassRow, Light
from gannb.analysis.controls import ControlRow
from gannb.analysis.external import ExternalRow
from gannb.analysis.open_set import Measures, OpenSetPart, OpenSetRow
from gannb.analysis.options import Depth, DepthRow, Option
from gannb.analysis.small_classes import ArmRow, ChangeRow, SmallClasses
from gannb.analysis.verdict import ContrastRow, Sensitivity, Verdict
from gannb.analysis.worth import ArmWorth, CurvePoint, DoseRow, Doses, Plateau
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import OutcomeRow
from gannb.stats.settling.planning import difference_to_tell


@singledispatch
def to_json(part: Any) -> Any:
    """Return a verdict, or a part of one, as lists and mappings of texts and numbers; nan is kept as nan."""
    return part


@to_json.register(tuple)
def _(parts: tuple) -> list:
    return [to_json(part) for part in parts]


@to_json.register
def _(verdict: Verdict) -> dict[str, Any]:
    v = verdict
    return {
        "answer": str(v.answer), "reason": v.reason, "sentence": v.sentence, "protocol": v.protocol,
        "metric": v.metric, "rope": v.rope, "gan": v.gan, "problems": list(v.problems), "yardsticks": v.yardsticks,
        "sensitivity": to_json(v.sensitivity), "copying": v.copying, "contrasts": to_json(v.contrasts),
        "controls": to_json(v.controls), "advice": v.advice, "options": to_json(v.options), "depth": to_json(v.depth),
        "worth": to_json(v.worth), "doses": to_json(v.doses), "shifts": to_json(v.shifts), "claims": to_json(v.claims),
        "instead": to_json(v.external), "classes": to_json(v.classes), "small_classes": to_json(v.small_classes),
        "outcomes": to_json(v.outcomes), "disagreement": v.disagreement,
    }  # fmt: skip


# ---- numbers ----


@to_json.register
def _(level: Interval) -> dict[str, float]:
    return {"mean": level.mean, "low": level.low, "high": level.high}


def _difference(change: Interval) -> dict[str, float]:
    return {"difference": change.mean, "low": change.low, "high": change.high}


# ---- contrasts and controls ----


@to_json.register
def _(row: ContrastRow) -> dict[str, Any]:
    contrast, change = row.contrast, row.change
    return {
        "arm": contrast.arm, "against": contrast.against, "role": contrast.role, "meaning": contrast.meaning,
        "answer": None if row.answer is None else str(row.answer), **_difference(change), "level": change.level,
        "trials": row.trials, "tells": difference_to_tell(change), "se": change.se,
    }  # fmt: skip


@to_json.register
def _(row: ControlRow) -> dict[str, Any]:
    contrast = row.contrast
    return {
        "arm": contrast.arm, "against": contrast.against, "meaning": contrast.meaning, **_difference(row.change),
        "level": row.change.level, "trials": row.change.n, "expected": contrast.expected, "came_out": row.came_out,
    }  # fmt: skip


@to_json.register
def _(row: Sensitivity) -> dict[str, Any]:
    found = row.found
    return {
        "difference": found.mean, "low": found.low, "high": found.high, "trials": len(found.failed),
        "failed": [float(p) for p in found.failed], "not_excluded": found.rate_not_excluded, "sentence": row.sentence,
    }  # fmt: skip


# ---- options and depth ----


@to_json.register
def _(option: Option) -> dict[str, Any]:
    gain = option.gain
    return {
        "arm": option.arm, "option": option.words, **_difference(gain), "level": gain.level, "trials": gain.n,
        "minutes": option.minutes,
    }  # fmt: skip


@to_json.register
def _(depth: Depth) -> dict[str, Any]:
    return {"rows": to_json(depth.rows), "sentences": list(depth.sentences)}


@to_json.register
def _(row: DepthRow) -> dict[str, Any]:
    about = {"classifier": row.classifier, "parameters": row.parameters, "with": row.with_gan, "without": row.without}
    return about | _difference(row.change)


# ---- worth and doses ----


@to_json.register
def _(found: ArmWorth) -> dict[str, Any]:
    worth = found.worth
    return {
        "arm": found.arm, "n_real": found.n_real, "mean": found.mean, "worth": worth.worth, "low": worth.low,
        "high": worth.high, "at_least": worth.at_least, "at_most": worth.at_most, "curve": to_json(found.curve),
        "sentence": found.sentence,
    }  # fmt: skip


@to_json.register
def _(point: CurvePoint) -> dict[str, Any]:
    return {"arm": point.arm, "n": point.n, "mean": point.mean}


@to_json.register
def _(doses: Doses) -> dict[str, Any]:
    return {"rows": to_json(doses.rows), "plateau": to_json(doses.plateau)}


@to_json.register
def _(row: DoseRow) -> dict[str, Any]:
    return {"n_synthetic": row.n_synthetic, **_difference(row.gain), "trials": row.gain.n}


@to_json.register
def _(plateau: Plateau) -> dict[str, Any]:
    return _difference(plateau.gain) | {"half_at": plateau.half_at}


# ---- claims, shifts, external sources ----


@to_json.register
def _(claim: Claim) -> dict[str, Any]:
    found = claim.found
    return {"claim": claim.claim, "verdict": found.verdict, "number": found.number, "why": found.why}


@to_json.register
def _(row: ShiftRow) -> dict[str, Any]:
    about = {"shift": row.shift, "meaning": row.meaning, "arm": row.arm, "against": row.against}
    return about | _difference(row.change) | {"trials": row.change.n}


@to_json.register
def _(row: ExternalRow) -> dict[str, Any]:
    return {
        "source": row.source, "arm": row.arm, **_difference(row.gain), "gan": _difference(row.gan),
        "direct": _difference(row.direct), "sentence": row.sentence,
    }  # fmt: skip


# ---- classes ----


@to_json.register
def _(row: ClassRow) -> dict[str, Any]:
    return {
        "class": row.name, "fidelity": to_json(row.fidelity), "diversity": to_json(row.diversity),
        "copying": to_json(row.copying), "usefulness": to_json(row.usefulness), "advice": row.advice,
    }  # fmt: skip


@to_json.register
def _(light: Light) -> dict[str, Any]:
    numbers = to_json(light.interval) if light.interval else dict.fromkeys(("mean", "low", "high"))
    return {"light": light.colour, **numbers}


@to_json.register
def _(found: SmallClasses) -> dict[str, Any]:
    return {
        "smallest": list(found.smallest), "items": found.items, "of": found.of, "tested": found.tested,
        "arms": to_json(found.arms), "contrasts": to_json(found.contrasts), "copying": to_json(found.copying),
    }  # fmt: skip


@to_json.register
def _(row: ArmRow) -> dict[str, Any]:
    measures = {"macro_f1": to_json(row.macro_f1), "minority_recall": to_json(row.minority_recall)}
    return {"arm": row.arm, "trials": row.trials} | measures


@to_json.register
def _(row: ChangeRow) -> dict[str, Any]:
    changes = {"macro_f1": _difference(row.macro_f1), "minority_recall": _difference(row.minority_recall)}
    return {"arm": row.arm, "against": row.against, "trials": row.trials} | changes


# ---- outcomes ----


@to_json.register
def _(row: OutcomeRow) -> dict[str, Any]:
    return {
        "outcome": row.outcome, "class": row.class_name, "arm": to_json(row.arm), "against": to_json(row.against),
        **_difference(row.change), "trials": row.trials,
    }  # fmt: skip


# ---- classes held out ----


@to_json.register
def _(part: OpenSetPart) -> dict[str, Any]:
    return {
        "held_out": list(part.held_out), "sentence": part.sentence, "cost": part.cost, "notes": list(part.notes),
        "rows": to_json(part.rows),
    }  # fmt: skip


@to_json.register
def _(row: OpenSetRow) -> dict[str, Any]:
    change = {} if row.change is None else {"change": _of_each(row.change, _difference)}
    return {"method": row.method, "score": row.score, "trials": row.trials} | _of_each(row.level, to_json) | change


def _of_each(measures: Measures, written: Callable[[Interval], dict[str, float]]) -> dict[str, Any]:
    return {"auroc": written(measures.auroc), "far": written(measures.far), "known": written(measures.known)}
