"""From scores to an answer: on planted scores, whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import TRIALS, WOBBLE, Y, evidence

from gannb.analysis.evidence import difference
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import (
    ContrastRow,
    ControlRow,
    Verdict,
    came_out,
    control_row,
    decide,
    disagreement,
    problems,
    read_verdict,
    sentence,
)
from gannb.media.image import IMAGE
from gannb.stats.decision import Answer
from gannb.stats.estimate import Estimate, Interval
from gannb.stats.outcomes import OutcomeRow, Predictions
from gannb.study.model import DEFAULT_ARMS
from gannb.trials.arms import CONVERGENCE, PRIMARY
from gannb.trials.contrasts import Contrast, contrasts, study_arms
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
    found = to_json(decide(evidence(transfer=0.9, transfer__gan=0.9)))
    assert {
        "answer", "sentence", "protocol", "metric", "rope", "problems", "copying", "contrasts", "controls",
        "worth", "doses", "shifts", "instead",
        "claims",
    } <= found.keys()  # fmt: skip
    for r in found["contrasts"]:
        assert {"arm", "against", "role", "answer", "difference", "low", "high", "trials", "could_settle"} <= r.keys()
    for c in found["controls"]:
        assert {"arm", "against", "expected", "came_out"} <= c.keys()
    assert len(found["contrasts"]) + len(found["controls"]) == len(
        contrasts([a.name for a in study_arms(DEFAULT_ARMS, "draw", IMAGE)], IMAGE.nouns)
    )


# ---- its sentence ----

WORDS = {
    Answer.HELPS: "they help",
    Answer.HURTS: "they hurt",
    Answer.EQUIVALENT: "no difference of practical consequence (within 1.0 points)",
    Answer.INCONCLUSIVE: "undecided",
}


@pytest.mark.parametrize("protocol", ["draw", "folds"])
@pytest.mark.parametrize("answer", Answer)
def test_the_sentence_says_where_how_much_how_sure_and_what_it_means(protocol, answer):
    planted = evidence(protocol)
    estimate = Estimate(
        0.006, -0.004, 0.016, 0.004, 7, 0.012, 8, 0.95, test_train_ratio=1 / 3 if protocol == "folds" else 0
    )
    text = sentence(planted, estimate, answer)
    where = (
        "On 8 draws of 80 images" if protocol == "draw"
        else "Over 8 re-splits of one set, 80 images to train on and 27 to test on"
    )  # fmt: skip
    change = r"\+0\.6 (points )?\[-0\.4, 1\.6\]( points)?"
    assert re.match(f"{where}, GAN images changed balanced accuracy by {change}: {re.escape(WORDS[answer])}\\. ", text)
    assert "This study could have settled differences beyond about 1.0 points" in text
    assert text.endswith(".") and "\n" not in text
    assert "inconclusive" not in text and "significant" not in text and "power" not in text


def test_the_sentence_names_the_metric():
    planted = replace(evidence(), metric="accuracy")
    assert "GAN images changed accuracy by" in decide(planted).sentence


def test_the_sentence_tells_how_many_trials_would_settle_it():
    text = decide(evidence(real__gan__classic=0.85, wobble=6.0)).sentence
    fewest, most = map(int, re.search(r"settling 1\.0 would take about (\d+) to (\d+) trials\.$", text).groups())
    assert TRIALS < fewest < most


def test_what_is_settled_already_looks_at_half_of_it():
    assert re.search(r"settling 0\.2 would take about", decide(evidence()).sentence)


def test_resplits_that_cannot_settle_it_ask_for_more_images():
    text = decide(evidence("folds", real__gan__classic=0.85, wobble=6.0)).sentence
    assert re.search(r"16 re-splits would settle about \d\.\d, and no number of them less than about \d\.\d\.$", text)


def test_draws_that_cannot_settle_it_ask_for_more_test_images():
    y = np.repeat([0, 1], 10)
    rng, base = np.random.default_rng(0), evidence(wobble=0.0)
    item = np.where(rng.random(20) < 0.5, 0.4, -0.4)  # items on which the GAN arm is always right, or always wrong
    high = {t: 0.5 + item + WOBBLE[t] for t in range(TRIALS)}
    low = {t: np.full(20, 0.5) for t in range(TRIALS)}
    planted = replace(
        base,
        correct={PRIMARY[0]: high, PRIMARY[1]: low},
        y=dict.fromkeys(range(TRIALS), y),
        groups=dict.fromkeys(range(TRIALS), np.arange(20)),
        contrasts=(base.contrasts[0],),
    )
    estimate = difference(planted, *PRIMARY)
    assert sentence(planted, estimate, Answer.INCONCLUSIVE).endswith(
        "would take more test images, not only more trials."
    )


def test_trials_that_are_all_alike_claim_nothing_about_further_ones():
    text = decide(evidence(wobble=0.0)).sentence
    assert "+3.0" in text and "[3.0, 3.0]" in text and "they help" in text and "would take" not in text


# ---- controls and problems ----


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_in_a_sound_study_all_controls_come_out_and_nothing_stands_above_the_answer(protocol):
    found = decide(evidence(protocol))
    assert all(c.came_out for c in found.controls)
    assert found.problems == ()
    expected = {(c.contrast.arm, c.contrast.against): c.contrast.expected for c in found.controls}
    shared = {
        ("real+copies", "real"): "no difference",
        ("real+mislabelled", "real+copies"): "hurts",
        ("real+classic", CONVERGENCE): "no difference",
    }
    own = {("real+more", "real"): "helps"} if protocol == "draw" else {("real", "fewer"): "helps"}
    assert expected == shared | own


@pytest.mark.parametrize(
    ("protocol", "planted", "arm", "wanted"),
    [
        ("draw", {"real__mislabelled": 0.80}, "real+mislabelled", "should hurt"),
        ("draw", {"real__mislabelled": 0.85}, "real+mislabelled", "should hurt"),
        ("draw", {"real__copies": 0.83}, "real+copies", "should make no difference"),
        ("draw", {"real__more": 0.80}, "real+more", "should help"),
        ("draw", {"real__more": 0.75}, "real+more", "should help"),
        ("folds", {"fewer": 0.80}, "real", "should help"),
    ],
)
def test_a_control_that_does_not_come_out_stands_above_the_answer(protocol, planted, arm, wanted):
    found = decide(evidence(protocol, **planted))
    (problem,) = [p for p in found.problems if "A control did not come out" in p and f"({arm} against" in p]
    assert wanted in problem and re.search(r"\d\.\d (points )?\[-?\d+\.\d, -?\d+\.\d\]", problem)
    assert not next(c for c in found.controls if c.contrast.arm == arm).came_out


@pytest.mark.parametrize(
    ("expected", "low", "high", "result"),
    [
        ("helps", 0.01, 0.05, True), ("helps", -0.01, 0.09, None), ("helps", -0.05, -0.01, False),
        ("helps", -0.01, 0.01, False), ("helps", 0.01, 0.9, True), ("hurts", -0.05, -0.01, True),
        ("hurts", -0.9, 0.9, None), ("hurts", 0.01, 0.02, False),
        ("no difference", -0.01, 0.01, True), ("no difference", 0.001, 0.009, True),
        ("no difference", 0.001, 0.02, False), ("no difference", -0.5, 0.6, None),
    ],
)  # fmt: skip
def test_a_control_came_out_or_did_not_or_cannot_be_told(expected, low, high, result):
    assert came_out(expected, low, high, rope=0.01) is result


def test_a_difference_without_consequence_is_no_difference():
    base = evidence(real__copies=0.807, wobble=0.3)  # surely above 0, and surely within the rope
    control = control_row(base, next(c for c in base.contrasts if c.arm == "real+copies"))
    assert control.change.low > 0 and control.came_out


def test_classifiers_that_had_not_converged_stand_above_the_answer():
    planted = replace(evidence(), correct=evidence().correct | {CONVERGENCE: evidence(real=0.8).correct["real"]})
    (problem,) = decide(planted).problems
    assert problem.startswith("The classifiers had not converged")
    assert "real+classic" in problem and "+4.0" in problem and "classifier_steps" in problem


def test_a_smoke_run_says_that_it_is_one():
    (problem,) = decide(replace(evidence(), preset="smoke")).problems
    assert "smoke run" in problem and "too small for a verdict" in problem


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


def test_outcomes_of_resplits_are_corrected_for_their_overlap():
    trials = range(TRIALS)
    arms = [{t: said(sure, t, 5) for t in trials} for sure in (0.8, 0.9)]
    predictions = Predictions(("well", "ill"), 1, dict.fromkeys(trials, Y), *arms, PRIMARY)
    one, two = (
        next(r for r in decide(replace(evidence(p), predictions=predictions)).outcomes if r.outcome == "log_loss")
        for p in ("draw", "folds")
    )
    widths = [r.arm.high - r.arm.low for r in (one, two)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 / TRIALS + 27 / 80) / (1 / TRIALS)))


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
