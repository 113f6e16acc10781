"""Controls: comparisons whose result is known beforehand, and what follows where one does not come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gannb.analysis.evidence import Evidence, difference, has_converged, second_half
from gannb.analysis.wording import in_points, points
from gannb.stats.decision import bonferroni_level
from gannb.stats.estimate import Estimate, Interval
from gannb.trials.arms import parse_arm
from gannb.trials.contrasts import Contrast
from gannb.utils.naming import listed

WIDE = 6  # an interval around 0 of more than this many times the rope does not tell whether nothing changed
CONVERGED = "converged"  # what is expected of an arm against itself after half of its steps
WANTED = {"helps": "should help", "hurts": "should hurt", "no difference": "should make no difference"}
SMOKE = "a smoke run is far too small to answer"


@dataclass(frozen=True)
class ControlRow:
    """What a control, whose result is known beforehand, came to."""

    contrast: Contrast
    change: Estimate  # adjusted for the number of controls that go by their interval
    came_out: bool | None  # None: the interval is too wide to tell


# ---- rows ----


def control_rows(evidence: Evidence, contrasts: Sequence[Contrast]) -> list[ControlRow]:
    """Return what the controls among some contrasts came to.

    Their intervals are adjusted for the number of those that go by them (Bonferroni): one control in twenty would fail
    by chance, and a study with many of them would seldom have an answer.
    """
    controls = [c for c in contrasts if c.role == "control"]
    level = bonferroni_level(0.95, max(1, sum(c.expected != CONVERGED for c in controls)))
    return [control_row(evidence, contrast, level) for contrast in controls]


def control_row(evidence: Evidence, contrast: Contrast, level: float = 0.95) -> ControlRow:
    """Return what a control came to, with an interval of a level.

    An arm has converged where the second half of its steps brought less than `rope`, by the mean: that is the rule by
    which steps are doubled.
    """
    if contrast.expected == CONVERGED:
        return ControlRow(contrast, second_half(evidence, contrast.arm, level), has_converged(evidence, contrast.arm))
    change = difference(evidence, contrast.arm, contrast.against, level)
    result = came_out(contrast.expected, change, evidence.rope)
    if result is False and _has_more_items(contrast) and not has_converged(evidence, contrast.arm):
        result = None  # with more steps it may come out yet
    return ControlRow(contrast, change, result)


def came_out(expected: str, change: Interval, rope: float) -> bool | None:
    """Tell whether a control with a known result came out; None where its interval is too wide to tell."""
    low, high = (change.low, change.high) if expected != "hurts" else (-change.high, -change.low)
    without_consequence = -rope <= low and high <= rope
    if expected == "no difference":
        if low <= 0 <= high:
            return None if high - low > WIDE * rope else True
        return without_consequence
    if low > 0:
        return True
    return False if high < 0 or without_consequence else None


# ---- what follows ----


def why_no_answer(evidence: Evidence, rows: Sequence[ControlRow]) -> str:
    """Return in a few words why the study has no answer, whatever its interval; empty where it has one.

    The answer is on the study's first classifier. That another network would gain by more steps leaves open what that
    one comes to (`still_learning`), and no more. With more real items training takes longer: that the arm which has
    them would gain takes nothing from what the others came to, which saw as many items as each other.
    """
    if evidence.preset == "smoke":
        return SMOKE
    failed = [row.contrast for row in rows if row.came_out is False]
    parts = [still_learning(evidence, *(c.arm for c in failed if c.expected == CONVERGED and _bears_the_answer(c)))]
    others = [c.meaning for c in failed if c.expected != CONVERGED]
    if others:
        what = "a control" if len(others) == 1 else f"{len(others)} controls"
        parts.append(f"{what} did not come out ({'; '.join(others)})")
    return " and ".join(filter(None, parts))


def still_learning(evidence: Evidence, *arms: str) -> str:
    """Return in a few words which of some arms had not converged; empty where all had.

    What is compared with them is open: more steps may change it.
    """
    found = [f"{_learner(arm)} had not converged" for arm in arms if not has_converged(evidence, arm)]
    return " and ".join(dict.fromkeys(found))


def _bears_the_answer(contrast: Contrast) -> bool:
    """Tell whether the study's answer rests on the arm of a contrast: of its first classifier, without more items."""
    return not parse_arm(contrast.arm).network and not _has_more_items(contrast)


def _has_more_items(contrast: Contrast) -> bool:
    """Tell whether a contrast is that of an arm with more real items."""
    return parse_arm(contrast.arm).source == "more"


def _learner(name: str) -> str:
    """Return in words what an arm trains."""
    arm = parse_arm(name)
    return "the pretrained network" if arm.pretrained else arm.classifier or "the classifiers"


def way_out(evidence: Evidence, rows: Sequence[ControlRow]) -> str:
    """Return what to do about a study without an answer, in a sentence; empty for a smoke run, which asks for none."""
    if evidence.preset == "smoke":
        return ""
    if any(row.came_out is False and row.contrast.expected != CONVERGED for row in rows):
        return "Find out first why, from the controls: labels, duplicates and the number of steps are where to look."
    return "Raise classifier_steps_most and run again: the classifiers train on from where they are."


def way_to_converge(evidence: Evidence) -> str:
    """Return what to do where training has not converged, as a sentence ends; a smoke run is never meant to."""
    return "a smoke run never doubles its steps" if evidence.preset == "smoke" else "raise classifier_steps_most"


def control_sentences(evidence: Evidence, rows: Sequence[ControlRow]) -> list[str]:
    """Return in words that controls did not come out, or that it cannot be told; other networks' trainings in one."""
    beside = [row for row in rows if row.contrast.expected == CONVERGED and parse_arm(row.contrast.arm).network]
    said = [control_sentence(evidence, row) for row in rows if row not in beside]
    return [*said, _of_other_networks(evidence, beside)] if beside else said


def _of_other_networks(evidence: Evidence, rows: Sequence[ControlRow]) -> str:
    """Return that trainings of other networks than the study's first one had not converged, in a sentence."""
    arms = listed([row.contrast.arm for row in rows], "and")
    brought = listed([in_points(row.change) for row in rows], "and")
    their, them, they = ("its", "it", "it") if len(rows) == 1 else ("their", "them", "they")
    return (
        f"{arms} had not converged: the second half of {their} training steps still brought {brought} points, and from "
        f"{points(evidence.rope)} on that is not the end. With more steps {they} may come to more than is shown "
        f"({way_to_converge(evidence)}); the answer does not rest on {them}."
    )


def control_sentence(evidence: Evidence, row: ControlRow) -> str:
    """Return in words that a control did not come out, or that it cannot be told."""
    contrast, change = row.contrast, in_points(row.change)
    if contrast.expected == CONVERGED:
        brought = f"the second half of its training steps still brought {change} points"
        counts = f"from {points(evidence.rope)} on that is not the end"
        if _has_more_items(contrast):
            return (
                f"With as many real {evidence.nouns.many} again ({contrast.arm}), training had not come to its end: "
                f"{brought}, and {counts}. So these may bring more than is shown; the answer does not rest on them."
            )
        return f"{contrast.arm} had not converged: {brought}, and {counts}; {way_to_converge(evidence)}."
    against = f"{contrast.meaning} ({contrast.arm} against {contrast.against})"
    if row.came_out is None:
        return (
            f"A check of the study itself is open: {against} {WANTED[contrast.expected]}, and made {change} points, "
            f"too uncertain to tell. More trials or test {evidence.nouns.many} tell it; until then an effect anywhere "
            "in those brackets may go unseen."
        )
    return f"A control did not come out: {against} {WANTED[contrast.expected]}, and made {change} points."
