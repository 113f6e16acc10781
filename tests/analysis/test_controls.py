"""Controls: when one comes out, and what has no answer where one does not."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from planted_evidence import CONVERGENCE, evidence, with_depth

from gannb.analysis.controls import (
    CONVERGED,
    came_out,
    control_row,
    control_rows,
    control_sentence,
    way_out,
    why_no_answer,
)
from gannb.analysis.evidence import Evidence, difference, gain_of_second_half
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import Verdict, decide
from gannb.analysis.wording import in_points
from gannb.report.page.facts import convergence
from gannb.stats.decision import bonferroni_level
from gannb.stats.estimate import Interval
from gannb.trials.arms import PRIMARY, parse_arm
from gannb.trials.contrasts import Contrast


def halves_checked(world: Evidence) -> Evidence:
    """The same study, in which arms are compared with themselves after half of their steps."""
    halved = {c: parse_arm(c.against).half_budget for c in world.contrasts}
    return replace(world, contrasts=tuple(replace(c, expected=CONVERGED) if half else c for c, half in halved.items()))


def not_converged(**more) -> Evidence:
    return halves_checked(evidence(**{CONVERGENCE.replace("+", "__"): 0.8}, **more))


# ---- when one comes out ----


@pytest.mark.parametrize(
    ("expected", "low", "high", "result"),
    [
        ("helps", 0.01, 0.05, True), ("helps", 0.01, 0.9, True),
        ("helps", -0.05, -0.01, False),  # the other way round
        ("helps", -0.01, 0.01, False), ("helps", -0.004, 0.002, False),  # surely without consequence
        ("helps", -0.01, 0.02, None), ("helps", -0.001, 0.03, None), ("helps", -0.9, 0.9, None),
        ("hurts", -0.05, -0.01, True), ("hurts", -0.9, -0.001, True), ("hurts", 0.01, 0.02, False),
        ("hurts", -0.01, 0.01, False), ("hurts", -0.03, 0.001, None), ("hurts", -0.9, 0.9, None),
        ("no difference", -0.01, 0.01, True), ("no difference", 0.001, 0.009, True),
        ("no difference", -0.02, 0.03, True),
        ("no difference", 0.001, 0.02, False), ("no difference", -0.5, -0.1, False),
        ("no difference", -0.5, 0.6, None),
    ],
)  # fmt: skip
def test_a_control_came_out_or_did_not_or_cannot_be_told(expected, low, high, result):
    assert came_out(expected, Interval((low + high) / 2, low, high), rope=0.01) is result


def test_what_the_second_half_brought_is_told_by_the_mean_that_decides_on_more_steps():
    world = halves_checked(evidence("folds", **{CONVERGENCE.replace("+", "__"): 0.83}))
    world.scores.loc[world.scores["arm"] == CONVERGENCE, world.metric] -= 0.2  # other than what the items say
    contrast = next(c for c in world.contrasts if c.against == CONVERGENCE)
    change, gain = control_row(world, contrast).change, gain_of_second_half(world, contrast.arm)
    assert change.mean == gain > 0.15 and in_points(change) in convergence(world)
    of_items = difference(world, contrast.arm, contrast.against)
    assert change.low < gain < change.high and change.high - change.low == pytest.approx(of_items.high - of_items.low)


@pytest.mark.parametrize(("half", "result"), [(0.835, True), (0.80, False), (0.90, True)])
def test_an_arm_has_converged_by_the_mean_of_its_scores_alone(half, result):
    """As where steps are doubled: also in folds, where the mean over items is another than that over trials."""
    for protocol in ("draw", "folds"):
        world = halves_checked(evidence(protocol, **{CONVERGENCE.replace("+", "__"): half}))
        contrast = next(c for c in world.contrasts if c.against == CONVERGENCE)
        assert control_row(world, contrast).came_out is result
        items = {arm: {t: 0 * each for t, each in trials.items()} for arm, trials in world.correct.items()}
        assert control_row(replace(world, correct=items), contrast).came_out is result  # scores decide


def test_a_difference_without_consequence_is_no_difference():
    base = evidence(real__copies=0.807, wobble=0.3)  # surely above 0, and surely within the rope
    control = control_row(base, next(c for c in base.contrasts if c.arm == "real+copies"))
    assert control.change.low > 0 and control.came_out


def test_intervals_are_adjusted_for_the_number_of_controls_that_go_by_them():
    world = halves_checked(evidence())
    controls = [c for c in world.contrasts if c.role == "control"]
    by_interval = [c for c in controls if c.expected != CONVERGED]
    level = bonferroni_level(0.95, len(by_interval))
    assert 1 < len(by_interval) < len(controls)
    for row in control_rows(world, world.contrasts):
        assert row.change == difference(world, row.contrast.arm, row.contrast.against, level)
    assert control_rows(world, []) == []


# ---- what follows where one does not ----


def answers(found: Verdict) -> set[str]:
    """Every answer of a verdict, to the question and to what stands beside it."""
    return {str(found.answer)} | {str(row.answer) for row in found.contrasts if row.answer}


def test_classifiers_that_had_not_converged_leave_no_answer_and_say_so():
    found = decide(not_converged())
    assert found.contrasts[0].change.low > 0.02  # "they help", by the interval alone
    assert answers(found) == {"inconclusive"}
    assert found.reason == "the classifiers had not converged"
    assert "by +3.0 [2.6, 3.4] points. That is undecided: the classifiers had not converged." in found.sentence
    assert found.advice.startswith("No advice yet: the classifiers had not converged. Raise classifier_steps_most")
    (problem,) = found.problems
    assert "real+classic had not converged: the second half of its training steps still brought +4.0 [" in problem
    assert "raise classifier_steps_most" in problem


@pytest.mark.parametrize(
    ("protocol", "planted", "arm", "wanted"),
    [
        ("draw", {"real__mislabelled": 0.85}, "real+mislabelled", "should hurt"),
        ("draw", {"real__copies": 0.83}, "real+copies", "should make no difference"),
        ("draw", {"real__more": 0.75}, "real+more", "should help"),
        ("folds", {"fewer": 0.85}, "real", "should help"),
    ],
)
def test_a_control_that_does_not_come_out_leaves_no_answer(protocol, planted, arm, wanted):
    found = decide(evidence(protocol, **planted))
    (row,) = [row for row in found.controls if row.came_out is False]
    assert row.contrast.arm == arm and answers(found) == {"inconclusive"}
    assert found.reason == f"a control did not come out ({row.contrast.meaning})"
    assert found.sentence.endswith(f"That is undecided: {found.reason}.")
    (problem,) = [p for p in found.problems if "A control did not come out" in p]
    assert f"({arm} against" in problem and wanted in problem
    assert "Find out first why" in found.advice and "Best of what was tried" not in found.advice


def test_a_control_that_is_too_uncertain_stands_above_an_answer_that_remains():
    found = decide(evidence(real__mislabelled=0.8))
    (row,) = [row for row in found.controls if not row.came_out]
    assert row.came_out is None and (found.answer, found.reason) == ("helps", "")
    assert found.problems[0].startswith("A check of the study itself is open: copies with wrong labels (")


def test_all_that_failed_is_said_in_few_words():
    world = not_converged(real__mislabelled=0.85, real__more=0.7)
    rows = control_rows(world, world.contrasts)
    assert why_no_answer(world, rows) == (
        "the classifiers had not converged and 2 controls did not come out (copies with wrong labels; as many real "
        "images again)"
    )
    assert way_out(world, rows).startswith("Find out first why")


def test_another_network_that_had_not_converged_takes_no_answer_from_the_first_and_has_none_itself():
    found = decide(halves_checked(with_depth(0.9, 0.85, half=0.7)))
    assert found.answer == "helps" and found.reason == ""
    assert "is undecided (deep_cnn had not converged)" in found.depth.sentences[0]
    (problem,) = found.problems
    assert problem.startswith("real+classic@deep_cnn had not converged: the second half of its training steps still")
    assert problem.endswith("more than is shown (raise classifier_steps_most); the answer does not rest on it.")


@pytest.mark.parametrize(
    ("transfer", "half", "answer"),
    [
        (0.95, 0.90, "helps"),  # more steps would only add to it
        (0.87, 0.80, "inconclusive"),
        (0.80, 0.70, "inconclusive"),
        (0.95, 0.95, "helps"),
        (0.87, 0.87, "equivalent"),
        (0.80, 0.80, "hurts"),
    ],
)
def test_a_pretrained_network_that_had_not_converged_is_only_known_to_reach_what_it_has_reached(transfer, half, answer):
    found = decide(halves_checked(evidence(transfer=transfer, **{"transfer@half": half})))
    (row,) = [r for r in found.contrasts if r.contrast.arm == "transfer" and r.contrast.role == "secondary"]
    assert row.answer == answer and found.answer == "helps"
    said = [problem.startswith("transfer had not converged") for problem in found.problems]
    assert said == ([] if half == transfer else [True])


def test_trainings_of_other_networks_that_had_not_converged_are_told_in_one_sentence():
    halves = {"transfer@half": 0.8, "transfer+gan@half": 0.85}
    found = decide(halves_checked(evidence(transfer=0.9, transfer__gan=0.9, **halves)))
    (problem,) = found.problems
    assert re.match(
        r"transfer and transfer\+gan had not converged: the second half of their training steps still brought "
        r"\+10\.0 \[[^]]+\] and \+5\.0 \[[^]]+\] points, and from 1\.0 on that is not the end\. With more steps they ",
        problem,
    )


def test_the_advice_says_what_may_come_to_more():
    found = decide(halves_checked(evidence(transfer=0.8, real__gan__classic=0.84, **{"transfer@half": 0.6})))
    assert "The pretrained network had not converged, and may come to more than is shown." in found.advice
    assert "had not converged" not in decide(evidence(transfer=0.8)).advice


@pytest.mark.parametrize(("with_gan", "half", "said"), [(0.92, 0.85, "GAN images let you use"), (0.80, 0.7, "Whether")])
def test_a_deeper_network_that_is_ahead_before_its_end_is_told_so(with_gan, half, said):
    arm, without = (parse_arm(name).at("deep_cnn") for name in PRIMARY)
    again = arm.with_source("copies").name
    deep = {arm.name: with_gan, arm.half().name: half, without.name: 0.85, without.half().name: 0.85, again: 0.85}
    world = replace(evidence(**deep), classifiers={"small_cnn": 60_000, "deep_cnn": 280_000})
    found = decide(halves_checked(world))
    assert found.depth.sentences[0].startswith(said)
    (claim,) = [c.found for c in found.claims if "good enough" in c.claim]
    assert claim.verdict == ("supported" if with_gan == 0.92 else "undecided")


def test_what_is_compared_with_a_network_that_had_not_converged_is_open():
    found = decide(halves_checked(evidence(transfer=0.9, transfer__gan=0.99, **{"transfer@half": 0.8})))
    (row,) = [r for r in found.contrasts if r.contrast.against == "transfer"]
    assert row.change.low > 0.05 and row.answer == "inconclusive"


def test_more_real_items_that_want_more_steps_take_no_answer_from_the_others():
    world = evidence(**{"real__more__classic": 0.9, "real+more+classic@half": 0.8})
    again = Contrast("real+more+classic", "real+more+classic@half", "control", CONVERGED)
    row = control_row(world, again)
    assert row.came_out is False and why_no_answer(world, [row]) == ""
    said = control_sentence(world, row)
    assert said.startswith("With as many real images again (real+more+classic), training had not come to its end: the")
    assert "steps still brought +10.0 [" in said and said.endswith("the answer does not rest on them.")
    found = decide(replace(world, contrasts=(*world.contrasts, again)))
    assert found.answer == "helps" and any(said[-50:] == problem[-50:] for problem in found.problems)


def test_that_more_real_items_do_not_help_is_open_while_they_would_gain_by_more_steps():
    world = evidence(**{"real__more__classic": 0.8, "real+more+classic@half": 0.7})
    helps = Contrast("real+more+classic", "real+classic", "control", "helps")
    assert control_row(world, helps).came_out is None
    assert control_row(evidence(**{"real__more__classic": 0.8}), helps).came_out is False


def test_a_smoke_run_never_answers():
    found = decide(replace(evidence(), preset="smoke"))
    assert answers(found) == {"inconclusive"} and found.reason == "a smoke run is far too small to answer"
    assert found.advice.startswith("No advice: a smoke run")


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_a_smoke_run_says_nowhere_that_it_helps_nor_what_would_change_nothing(protocol):
    deep = {"real__gan__classic@deep_cnn": 0.99, "real__classic@deep_cnn": 0.5, "real__classic@deep_cnn@half": 0.3}
    halves = {CONVERGENCE.replace("+", "__"): 0.8}
    world = halves_checked(evidence(protocol, transfer=0.98, transfer__gan=0.99, real__foreign=0.99, **deep, **halves))
    world = replace(world, classifiers={"small_cnn": 1, "deep_cnn": 2}, preset="smoke")
    said = json.dumps(to_json(decide(world)))
    assert "a smoke run never doubles its steps" in said
    assert (
        "they help" not in said
        and "classifier_steps_most" not in said
        and '"helps"' not in said.replace('"expected": "helps"', "")
    )
    assert "they help" in json.dumps(to_json(decide(evidence(protocol))))  # where it is none


def test_in_a_sound_study_there_is_no_reason_against_its_answer():
    found = decide(halves_checked(evidence()))
    assert (found.answer, found.reason) == ("helps", "") and found.contrasts[0].contrast.arm == PRIMARY[0]
