"""From scores to an answer: on planted scores, whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import CONVERGENCE, FOLDS, TRIALS, WOBBLE, Y, evidence, items_tested

from gannb.analysis.controls import ControlRow
from gannb.analysis.evidence import Evidence, difference
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import (
    ContrastRow,
    Verdict,
    decide,
    disagreement,
    problems,
    read_verdict,
    sensitivity,
    sentence,
    where_sentence,
)
from gannb.stats.decision import Answer
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.outcomes import OutcomeRow, Predictions
from gannb.stats.settling.planning import difference_to_tell, trials_to_equate, trials_to_tell
from gannb.trials.arms import PRIMARY
from gannb.trials.contrasts import Contrast
from gannb.utils.errors import InputError


def row(found: Verdict, arm: str, against: str) -> ContrastRow | ControlRow:
    rows = (*found.contrasts, *found.controls)
    return next(r for r in rows if (r.contrast.arm, r.contrast.against) == (arm, against))


# ---- the answer ----

ANSWERS = [
    (Answer.HELPS, {"real__gan__classic": 0.87}),
    (Answer.HURTS, {"real__gan__classic": 0.81}),
    (Answer.EQUIVALENT, {"real__gan__classic": 0.841}),
    (Answer.INCONCLUSIVE, {"real__gan__classic": 0.85, "wobble": 6.0}),
]


@pytest.mark.parametrize("protocol", ["draw", "folds"])
@pytest.mark.parametrize(("answer", "planted"), ANSWERS, ids=[str(a) for a, _ in ANSWERS])
def test_a_planted_difference_gets_its_answer(protocol, answer, planted):
    found = decide(evidence(protocol, **planted))
    primary, change = found.contrasts[0].contrast, found.contrasts[0].change
    assert found.answer == found.contrasts[0].answer == answer
    assert (primary.arm, primary.against, primary.role, change.n) == (*PRIMARY, "primary", TRIALS)
    assert change.mean == pytest.approx(planted["real__gan__classic"] - 0.84)
    assert change.low < change.mean < change.high


def test_secondary_contrasts_share_their_errors_and_exploratory_ones_carry_no_answer():
    base = evidence()
    extra = (Contrast("real+gan", "real", "secondary"), Contrast("gan", "real", "secondary"))
    others = tuple(c for c in base.contrasts if (c.arm, c.against) not in {("real+gan", "real"), ("gan", "real")})
    found = decide(replace(base, contrasts=others + extra))
    assert row(found, "real+gan", "real").change.level == pytest.approx(0.975)
    assert row(found, "real+gan", "real").answer == "helps"
    assert row(found, *PRIMARY).change.level == 0.95
    assert {r.answer for r in found.contrasts if r.contrast.role == "exploratory"} == {None}


def test_a_verdict_has_everything_that_the_page_and_scripts_read():
    world = evidence(transfer=0.9, transfer__gan=0.9)
    found = to_json(decide(world))
    assert {
        "answer", "reason", "sentence", "protocol", "metric", "rope", "problems", "yardsticks", "sensitivity",
        "copying", "contrasts", "controls", "worth", "doses", "shifts", "instead",
        "claims",
    } <= found.keys()  # fmt: skip
    for r in found["contrasts"]:
        assert {"arm", "against", "role", "answer", "difference", "low", "high", "trials", "tells"} <= r.keys()
    for c in found["controls"]:
        assert {"arm", "against", "expected", "came_out"} <= c.keys()
    assert len(found["contrasts"]) + len(found["controls"]) == len(world.contrasts)


def test_the_level_of_the_question_follows_the_looks_and_that_of_the_secondary_ones_with_it():
    base = replace(evidence(), level=0.98)
    extra = (Contrast("real+gan", "real", "secondary"), Contrast("gan", "real", "secondary"))
    found = decide(replace(base, contrasts=(base.contrasts[0], *extra)))
    assert [r.change.level for r in found.contrasts] == pytest.approx([0.98, 0.99, 0.99])
    assert found.contrasts[0].change == difference(base, *PRIMARY, 0.98)
    seen = evidence(real__gan__classic=0.8464)  # surely better at 95 %, and not at a level after looks
    assert [decide(replace(seen, level=level)).answer for level in (0.95, 0.9999)] == ["helps", "inconclusive"]


# ---- its sentence ----

WORDS = {
    Answer.HELPS: "they help",
    Answer.HURTS: "they hurt",
    Answer.EQUIVALENT: "no difference of practical consequence (within 1.0 points)",
    Answer.INCONCLUSIVE: "undecided; that they hurt by 1.0 points or more is excluded, that they help is not",
}
WHERE = {
    "draw": "On 8 draws of 80 images, ",
    "given": "Trained 8 times anew on this training set of 80 images and tested on its 27 test images, ",
    "folds": (
        "Trained 8 times anew on random three quarters of these images (80) and tested on the others (27), which stand "
        "for new ones of the same source, "
    ),
}


@pytest.mark.parametrize("protocol", WHERE)
@pytest.mark.parametrize("answer", Answer)
def test_the_sentence_says_where_how_much_how_sure_and_what_it_means(protocol, answer):
    estimate = Estimate(0.006, -0.004, 0.016, 0.004, 7, 0.012, 8, 0.95)
    text = sentence(evidence(protocol), estimate, answer)
    changed = "GAN images changed balanced accuracy by +0.6 [-0.4, 1.6] points"
    told = f"{100 * difference_to_tell(estimate):.1f} points or more, 80% of studies like this one find it"
    assert text.startswith(f"{WHERE[protocol]}{changed}: {WORDS[answer]}. Where there is a difference of {told}")
    assert ("would take" in text) == (answer is Answer.INCONCLUSIVE)
    assert text.endswith(".") and "\n" not in text and "inconclusive" not in text and "significant" not in text


@pytest.mark.parametrize(
    ("folds", "words"), [(2, "halves"), (3, "two thirds"), (4, "three quarters"), (7, "6 of 7 parts")]
)
def test_the_part_that_is_trained_on_is_named_for_any_number_of_folds(folds, words):
    world = evidence("folds")
    world = replace(world, tested=replace(world.tested, folds=folds))
    assert where_sentence(world, "80", 8).startswith(f"Trained 8 times anew on random {words} of these images (80) and")


def test_parts_of_a_given_training_set_are_not_called_all_of_it():
    said = where_sentence(replace(evidence("given"), whole_set=False), "80", 8)
    assert said.startswith("Trained 8 times anew on 80 images each of this training set and tested on its 27")


def test_the_sentence_names_the_metric():
    planted = replace(evidence(), metric="accuracy")
    assert "GAN images changed accuracy by" in decide(planted).sentence


PLANS = (
    r"; telling 1\.0 points, or showing that there is no difference beyond that, would take about "
    r"(\d+) to (\d+) trials in all"
)


@pytest.mark.parametrize("protocol", ["draw", "folds", "given"])
def test_an_undecided_study_says_how_many_trials_it_would_take(protocol):
    world = evidence(protocol, real__gan__classic=0.85, wobble=6.0)
    found = decide(world)
    step = FOLDS if protocol == "folds" else 1
    told, equal = (f(found.contrasts[0].change, 0.01, step=step) for f in (trials_to_tell, trials_to_equate))
    fewest, most = map(int, re.search(PLANS + r"\.$", found.sentence).groups())
    assert (fewest, most) == (told[0], equal[1]) and TRIALS < fewest < most and fewest % step == most % step == 0


def test_draws_that_the_images_do_not_allow_are_not_promised():
    world = replace(evidence(real__gan__classic=0.85, wobble=6.0), most_trials=20)
    assert re.search(PLANS + r", and these images allow 20 disjoint ones\.$", decide(world).sentence)


def test_several_draws_of_a_block_count_as_trials():
    world = evidence(real__gan__classic=0.85, wobble=6.0)
    crowded = replace(world, tested=replace(world.tested, block={t: t // 4 for t in range(TRIALS)}))
    assert difference(crowded, *PRIMARY).n == TRIALS // 4
    estimate = Estimate(0.01, -0.02, 0.04, 0.015, 3, 0.03, 4, 0.95)  # of four blocks, two draws each
    told, equal = (f(estimate, 0.01)[i] for i, f in enumerate((trials_to_tell, trials_to_equate)))
    found = re.search(r"would take about (\d+) to ([\d,]+) trials", sentence(crowded, estimate, Answer.INCONCLUSIVE))
    assert [int(number.replace(",", "")) for number in found.groups()] == [2 * told, 2 * equal]


def test_what_is_told_already_asks_only_for_the_trials_that_show_that_there_is_nothing():
    estimate = Estimate(0.009, 0.0, 0.018, 0.003, 7, 0.003 * np.sqrt(8), 8, 0.95)
    text = sentence(evidence(), estimate, Answer.INCONCLUSIVE)
    assert difference_to_tell(estimate) < 0.01
    assert re.search(
        r"; showing that there is no difference beyond 1\.0 points would take (about \d+ to|up to about) \d+ trials",
        text,
    )


@pytest.mark.parametrize(("protocol", "what"), [("draw", "test images"), ("given", "test images"), ("folds", "images")])
def test_where_test_images_set_the_limit_more_of_them_are_asked_for(protocol, what):
    estimate = Estimate(0.0, -0.05, 0.05, 0.02, 20, 0.01, 8, 0.95, floor_se=0.02)
    text = sentence(evidence(protocol), estimate, Answer.INCONCLUSIVE)
    assert text.endswith(f"would take more {what}, not only more trials.")


# ---- no answer from no spread ----


def few_items(protocol: str = "draw", items: int = 10, trials: int = TRIALS, **planted: float) -> Evidence:
    """A study in which the trials hardly differ, with so few test items of two classes."""
    y = np.repeat([0, 1], items // 2)
    tested = items_tested(protocol, trials, y)
    means = {PRIMARY[0]: 1.0, PRIMARY[1]: 1.0} | {name.replace("__", "+"): mean for name, mean in planted.items()}
    correct = {arm: {t: np.full(len(tested.y[t]), mean) for t in range(trials)} for arm, mean in means.items()}
    world = evidence(protocol, trials=trials)
    return replace(world, correct=correct, tested=tested, trials_planned=trials, contrasts=world.contrasts[:1])


def test_two_trials_of_ten_test_items_all_right_say_nothing():
    found = decide(few_items(trials=2))
    assert found.answer == "inconclusive" and found.contrasts[0].change.high > 0.5
    assert "An answer takes 3 trials or more" in " ".join(found.problems)


@pytest.mark.parametrize("protocol", ["draw", "given", "folds"])
def test_a_handful_of_test_items_says_how_many_are_needed(protocol):
    found = decide(few_items(protocol, items=40))
    (problem,) = found.problems
    needed = int(
        re.search(
            r"That takes about (\d+) test images, each class with the same share as now, and there are 40\.", problem
        )[1]
    )
    assert found.answer == "inconclusive" and 200 < needed < 300
    enough = decide(few_items(protocol, items=needed + needed % 4))
    assert (enough.answer, enough.problems) == ("equivalent", ())


def test_test_items_in_groups_are_counted_by_group():
    world = few_items(items=40)
    pairs = {t: item // 2 for t, item in world.tested.item.items()}
    (problem,) = decide(replace(world, tested=replace(world.tested, groups=pairs))).problems
    assert re.search(r"That takes about \d+ separate groups of test images, .* as now, and there are 20\.", problem)


def test_few_test_items_are_no_problem_of_an_answer_that_is_there():
    found = decide(few_items(items=40, real__gan__classic=1.0, real__classic=0.6))
    assert (found.answer, found.problems) == ("helps", ())


# ---- GANs that fail now and then ----


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_the_row_for_failing_gans_is_of_the_trials_own_differences(protocol):
    world = evidence(protocol)
    found = decide(world).sensitivity
    assert len(found.found.failed) == TRIALS and found.found.low < found.found.mean < found.found.high
    assert found.found.mean < 0.03 and found.found.rate_not_excluded == pytest.approx(0.312, abs=0.001)
    change = r"\+\d\.\d \[\d\.\d, \d\.\d\] points"
    said = (
        rf"If one GAN in ten failed, at a cost of about 8 points, the change would be {change}\. None of the 8 trials "
    )
    said += r"looks like that, which does not exclude that up to 31% of all GANs fail\."
    assert re.fullmatch(said, found.sentence)


def test_a_gan_that_failed_is_counted():
    world = evidence()
    broken = {t: right - 0.2 * (t == 3) for t, right in world.correct[PRIMARY[0]].items()}
    found = decide(replace(world, correct=world.correct | {PRIMARY[0]: broken})).sensitivity
    assert (found.found.failed > 0.5).tolist() == [t == 3 for t in range(TRIALS)]
    assert "1 of the 8 trials looks like that" in found.sentence


def test_draws_that_share_items_make_the_row_for_failing_gans_no_surer_than_the_answer():
    apart = few_items(items=2000, real__gan__classic=0.9, real__classic=0.86)
    own = {t: right + 0.02 * (t < 4) for t, right in apart.correct[PRIMARY[0]].items()}
    apart = replace(apart, correct=apart.correct | {PRIMARY[0]: own})
    of_two = replace(apart, tested=replace(apart.tested, block={t: t // 4 for t in range(TRIALS)}))
    widths = [s.found.high - s.found.low for s in map(sensitivity, (apart, of_two))]
    assert widths[1] > 1.2 * widths[0]


def test_two_trials_have_no_row_for_failing_gans():
    assert decide(few_items(trials=2)).sensitivity is None


# ---- problems ----


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_in_a_sound_study_all_controls_come_out_and_nothing_stands_above_the_answer(protocol):
    found = decide(evidence(protocol))
    assert all(c.came_out for c in found.controls)
    assert found.problems == ()
    expected = {(c.contrast.arm, c.contrast.against): c.contrast.expected for c in found.controls}
    shared = {("real+copies", "real"): "no difference", ("real+mislabelled", "real+copies"): "hurts"}
    own = {("real+more", "real"): "helps"} if protocol == "draw" else {("real", "fewer"): "helps"}
    assert (shared | own).items() <= expected.items() and ("real+classic", CONVERGENCE) in expected


def test_a_smoke_run_says_that_it_is_one():
    (problem,) = decide(replace(evidence(), preset="smoke")).problems
    assert "smoke run" in problem and "too small for a verdict" in problem


def test_a_smoke_run_is_not_told_to_close_the_checks_that_it_is_too_small_for():
    open_check = evidence(real__mislabelled=0.8)
    assert any("A control did not" in said or "is open" in said for said in decide(open_check).problems)
    (problem,) = decide(replace(open_check, preset="smoke")).problems
    assert problem.startswith("This is a smoke run") and "checks of the study itself" in problem


def test_missing_trials_and_failures_are_counted():
    planted = replace(
        evidence(trials=6), failures=("trials/006/mlp-abc: TrainingError: nan", "trials/007/mlp-abc: killed")
    )
    (problem,) = problems(planted, [])
    assert problem.startswith("6 of 8 trials could be compared.")
    assert problem.endswith("trials/006/mlp-abc: TrainingError: nan.")


def test_a_failure_that_cost_no_trial_of_the_question_cost_others_some():
    planted = replace(evidence(), failures=("trials/006/acgan-abc: TrainingError: try another seed.",))
    (problem,) = problems(planted, [])
    assert problem.startswith("8 of 8 trials could be compared. Comparisons that need what failed have fewer.")
    assert problem.endswith("another seed.")


def test_a_contrast_with_fewer_than_two_trials_is_left_out():
    planted = evidence()
    planted.correct["gan"] = {0: planted.correct["gan"][0]}
    assert not [r for r in decide(planted).contrasts if r.contrast.arm == "gan"]


def test_where_classes_are_filled_up_the_page_says_what_the_answer_is_not():
    filled = replace(evidence(), filled_up=True)
    assert any(
        "rows against oversampling and class weights, not in the answer" in said for said in problems(filled, [])
    )
    assert not any("oversampling" in said for said in problems(evidence(), []))


# ---- outcomes beside the metric ----


def said(sure: float, trial: int, wrong: int) -> np.ndarray:
    """(1, I, K) probabilities of a classifier that is as sure of all and errs on the first `wrong` items of a class."""
    right = np.arange(len(Y)) % 50 >= wrong
    sure += WOBBLE[trial] / 5
    p = np.where(right == (Y == 1), sure, 1 - sure)
    return np.stack([1 - p, p], axis=1)[None]


def test_outcomes_are_in_the_verdict_beside_the_metric_and_a_disagreement_is_said():
    trials = range(TRIALS)
    bold, careful = ({t: said(sure, t, wrong) for t in trials} for sure, wrong in ((0.998, 6), (0.8, 8)))
    predictions = Predictions(("well", "ill"), 1, dict.fromkeys(trials, Y), bold, careful, PRIMARY)
    found = decide(replace(evidence(), predictions=predictions))
    names = [r.outcome for r in found.outcomes]
    others = ["accuracy", "macro_f1", "auroc", "log_loss", "ece"]
    assert names == ["sensitivity", "specificity", *others]  # and not the metric
    assert found.outcomes[0].arm.mean == pytest.approx(0.88)
    assert found.disagreement.startswith("Metrics disagree: better by balanced accuracy (+3.0 [2.6, 3.4] points)")
    assert "worse by log-loss (+0." in found.disagreement


def test_outcomes_of_folds_are_of_every_trials_own_test_items():
    world = evidence("folds")
    right, wrong = ({t: np.eye(2)[abs(y - off)][None] for t, y in world.tested.y.items()} for off in (0, 1))
    predictions = Predictions(("well", "ill"), 1, world.tested.y, right, wrong, PRIMARY)
    rows = decide(replace(world, predictions=predictions)).outcomes
    changes = [r.change.mean for r in rows if r.outcome in ("accuracy", "macro_f1", "sensitivity")]
    assert changes == pytest.approx([1, 1, 1])


def test_without_predictions_there_are_no_outcomes():
    found = decide(evidence())
    assert (found.outcomes, found.disagreement) == ((), "")


# ---- metrics that disagree ----


def outcome(name: str, low: float, high: float, class_name: str | None = None) -> OutcomeRow:
    unknown = Interval(*[np.nan] * 3)
    return OutcomeRow(name, class_name, unknown, unknown, Interval((low + high) / 2, low, high), 8)


def changed(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high)


@pytest.mark.parametrize(
    ("metric", "log_loss", "disagree"),
    [
        ((0.01, 0.03), (0.05, 0.15), True),
        ((-0.03, -0.01), (-0.15, -0.05), True),
        ((0.01, 0.03), (-0.15, -0.05), False),
        ((0.01, 0.03), (-0.05, 0.15), False),
        ((-0.01, 0.03), (0.05, 0.15), False),
    ],
)
def test_metrics_disagree_where_both_intervals_exclude_nothing_happened(metric, log_loss, disagree):
    rows = [outcome("log_loss", *log_loss)]
    assert bool(disagreement("balanced_accuracy", changed(*metric), rows)) is disagree


def test_the_disagreement_is_one_sentence_with_its_numbers():
    rows = [
        outcome("log_loss", 0.05, 0.15), outcome("auroc", -0.02, -0.01), outcome("ece", -0.02, 0.01),
        outcome("sensitivity", -0.2, -0.1, "ill"),  # a trade against specificity is no quarrel
    ]  # fmt: skip
    assert disagreement("balanced_accuracy", changed(0.01, 0.03), rows) == (
        "Metrics disagree: better by balanced accuracy (+2.0 [1.0, 3.0] points); "
        "worse by log-loss (+0.100 [0.050, 0.150]), AUROC (-0.015 [-0.020, -0.010]); "
        "the answer is by balanced accuracy alone."
    )


def test_what_could_not_be_measured_disagrees_with_nothing():
    assert disagreement("accuracy", changed(0.01, 0.03), [outcome("auroc", np.nan, np.nan)]) == ""


# ---- verdict.json ----


def test_a_verdict_that_is_not_there_or_damaged_is_told_how_to_be_had(tmp_path):
    with pytest.raises(InputError, match=r"verdict.json is not there yet; run notebook 05 or `gannb report` first"):
        read_verdict(tmp_path)
    (tmp_path / "verdict.json").write_text('{"answer": ')
    with pytest.raises(InputError, match=r"is damaged; write it again with `gannb report`"):
        read_verdict(tmp_path)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (-0.018, 0.002, "that they help by 1.0 points or more is excluded, that they hurt is not"),
        (-0.002, 0.018, "that they hurt by 1.0 points or more is excluded, that they help is not"),
        (-0.018, 0.018, "neither that they help by 1.0 points or more nor that they hurt is excluded"),
    ],
)
def test_an_undecided_sentence_says_what_is_excluded_and_what_is_open(low, high, says):
    estimate = Estimate((low + high) / 2, low, high, 0.004, 7, 0.012, 8, 0.95)
    assert f": undecided; {says}. " in sentence(evidence(), estimate, Answer.INCONCLUSIVE)


def test_an_undecided_sentence_of_two_trials_excludes_nothing():
    estimate = Estimate(0.003, 0.001, 0.005, 0.0001, 1, 0.0002, 2, 0.95)
    assert sentence(evidence(), estimate, Answer.INCONCLUSIVE).endswith(
        "by +0.3 [0.1, 0.5] points: undecided; too few independent trials to tell."
    )


def test_a_way_to_go_has_one_interval_wherever_it_stands():
    found = decide(evidence(real__interpolation__classic=0.85, real__gaussian__classic=0.84, transfer=0.9))
    as_option = {way.arm: way.gain for way in found.options}
    rows = [row for row in found.contrasts if row.contrast.against == PRIMARY[1] and row.contrast.arm in as_option]
    assert len(rows) == 4 and all(row.change == as_option[row.contrast.arm] for row in rows)
