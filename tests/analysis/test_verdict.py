"""From scores to an answer: on planted scores, whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import TRIALS, WOBBLE, WORLD, Y, evidence

from gannb.analysis.evidence import common_trials, difference, gather
from gannb.analysis.verdict import came_out, control_row, decide, doses, problems, sentence, worth, worth_sentence
from gannb.analysis.wording import points
from gannb.experiment.experiment import Experiment
from gannb.media.image import IMAGE
from gannb.stats.decision import Answer
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.stats.outcomes import Predictions
from gannb.study.folder import load_study
from gannb.study.model import DEFAULT_ARMS, make_study
from gannb.trials.arms import CONVERGENCE, PRIMARY
from gannb.trials.contrasts import Contrast, contrasts, study_arms
from gannb.utils.errors import InputError


def row(found: dict, arm: str, against: str) -> dict:
    return next(r for r in found["contrasts"] + found["controls"] if (r["arm"], r["against"]) == (arm, against))


# ---- the answer ----

ANSWERS = [
    (Answer.HELPS, {"real__gan__classic": 0.87}),
    (Answer.HURTS, {"real__gan__classic": 0.81}),
    (Answer.EQUIVALENT, {"real__gan__classic": 0.841}),
    (Answer.INCONCLUSIVE, {"real__gan__classic": 0.85, "wobble": 6.0}),
]


@pytest.mark.parametrize("protocol", ["draw", "resplit"])
@pytest.mark.parametrize(("answer", "planted"), ANSWERS, ids=[str(a) for a, _ in ANSWERS])
def test_a_planted_difference_gets_its_answer(protocol, answer, planted):
    found = decide(evidence(protocol, **planted))
    primary = found["contrasts"][0]
    assert found["answer"] == primary["answer"] == answer
    assert (primary["arm"], primary["against"], primary["role"], primary["trials"]) == (*PRIMARY, "primary", TRIALS)
    assert primary["difference"] == pytest.approx(planted["real__gan__classic"] - 0.84)
    assert primary["low"] < primary["difference"] < primary["high"]


def test_the_difference_of_draws_is_students_when_test_items_add_nothing():
    planted = evidence()
    expected = paired_t(0.03 + np.roll(WOBBLE, list(WORLD).index(PRIMARY[0])))
    estimate = difference(planted, *PRIMARY)
    assert (estimate.mean, estimate.low, estimate.high) == pytest.approx((expected.mean, expected.low, expected.high))


def test_the_difference_of_resplits_is_corrected_for_their_overlap():
    planted = evidence("resplit")
    estimate, plain = difference(planted, *PRIMARY), difference(evidence(), *PRIMARY)
    assert estimate.mean == pytest.approx(plain.mean)
    assert estimate.se / plain.se == pytest.approx(np.sqrt((1 / TRIALS + 27 / 80) / (1 / TRIALS)))


def test_few_test_items_widen_the_interval_of_draws():
    rng, planted = np.random.default_rng(0), evidence()
    several = {
        arm: {t: (rng.random(100) < c.mean()).astype(float) for t, c in trials.items()}
        for arm, trials in planted.correct.items()
    }
    noisy = replace(planted, correct=several)
    assert difference(noisy, *PRIMARY).se > 2 * difference(planted, *PRIMARY).se


def test_balanced_accuracy_counts_classes_alike_and_accuracy_items():
    y = np.repeat([0, 1], [90, 10])
    base = evidence()
    trials = range(TRIALS)
    low = {t: np.full(100, 0.5) for t in trials}
    high = {t: np.where(y == 1, 0.7, 0.5) + WOBBLE[t] for t in trials}  # better on the rare class alone
    planted = replace(
        base,
        correct={PRIMARY[0]: high, PRIMARY[1]: low},
        y=dict.fromkeys(trials, y),
        groups=dict.fromkeys(trials, np.arange(100)),
    )
    assert difference(planted, *PRIMARY).mean == pytest.approx(0.1)
    assert difference(replace(planted, metric="accuracy"), *PRIMARY).mean == pytest.approx(0.02)


def test_secondary_contrasts_share_their_errors_and_exploratory_ones_carry_no_answer():
    base = evidence()
    extra = (Contrast("real+gan", "real", "secondary"), Contrast("gan", "real", "secondary"))
    others = tuple(c for c in base.contrasts if (c.arm, c.against) not in {("real+gan", "real"), ("gan", "real")})
    found = decide(replace(base, contrasts=others + extra))
    assert row(found, "real+gan", "real")["level"] == pytest.approx(0.975)
    assert row(found, "real+gan", "real")["answer"] == "helps"
    assert row(found, *PRIMARY)["level"] == 0.95
    assert {r["answer"] for r in found["contrasts"] if r["role"] == "exploratory"} == {None}


def test_a_verdict_has_everything_that_the_page_and_scripts_read():
    found = decide(evidence(transfer=0.9, transfer__gan=0.9))
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


@pytest.mark.parametrize("protocol", ["draw", "resplit"])
@pytest.mark.parametrize("answer", Answer)
def test_the_sentence_says_where_how_much_how_sure_and_what_it_means(protocol, answer):
    planted = evidence(protocol)
    estimate = Estimate(
        0.006, -0.004, 0.016, 0.004, 7, 0.012, 8, 0.95, test_train_ratio=1 / 3 if protocol == "resplit" else 0
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
    assert "GAN images changed accuracy by" in decide(planted)["sentence"]


def test_the_sentence_tells_how_many_trials_would_settle_it():
    text = decide(evidence(real__gan__classic=0.85, wobble=6.0))["sentence"]
    fewest, most = map(int, re.search(r"settling 1\.0 would take about (\d+) to (\d+) trials\.$", text).groups())
    assert TRIALS < fewest < most


def test_what_is_settled_already_looks_at_half_of_it():
    assert re.search(r"settling 0\.2 would take about", decide(evidence())["sentence"])


def test_resplits_that_cannot_settle_it_ask_for_more_images():
    text = decide(evidence("resplit", real__gan__classic=0.85, wobble=6.0))["sentence"]
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
    text = decide(evidence(wobble=0.0))["sentence"]
    assert "+3.0" in text and "[3.0, 3.0]" in text and "they help" in text and "would take" not in text


@pytest.mark.parametrize(
    ("value", "plain", "signed"),
    [
        (0.006, "0.6", "+0.6"),
        (-0.0123, "-1.2", "-1.2"),
        (0.0, "0.0", "0.0"),
        (-0.0001, "0.0", "0.0"),
        (0.0001, "0.0", "0.0"),
    ],
)
def test_differences_are_given_in_points(value, plain, signed):
    assert (points(value), points(value, sign=True)) == (plain, signed)


# ---- controls and problems ----


@pytest.mark.parametrize("protocol", ["draw", "resplit"])
def test_in_a_sound_study_all_controls_come_out_and_nothing_stands_above_the_answer(protocol):
    found = decide(evidence(protocol))
    assert all(c["came_out"] for c in found["controls"])
    assert found["problems"] == []
    expected = {(c["arm"], c["against"]): c["expected"] for c in found["controls"]}
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
        ("resplit", {"fewer": 0.80}, "real", "should help"),
    ],
)
def test_a_control_that_does_not_come_out_stands_above_the_answer(protocol, planted, arm, wanted):
    found = decide(evidence(protocol, **planted))
    (problem,) = [p for p in found["problems"] if "A control did not come out" in p and f"({arm} against" in p]
    assert wanted in problem and re.search(r"\d\.\d (points )?\[-?\d+\.\d, -?\d+\.\d\]", problem)
    assert not next(c for c in found["controls"] if c["arm"] == arm)["came_out"]


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
    assert control["low"] > 0 and control["came_out"]


def test_classifiers_that_had_not_converged_stand_above_the_answer():
    planted = replace(evidence(), correct=evidence().correct | {CONVERGENCE: evidence(real=0.8).correct["real"]})
    (problem,) = decide(planted)["problems"]
    assert problem.startswith("The classifiers had not converged")
    assert "real+classic" in problem and "+4.0" in problem and "classifier_steps" in problem


def test_a_smoke_run_says_that_it_is_one():
    (problem,) = decide(replace(evidence(), preset="smoke"))["problems"]
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


def test_only_trials_that_have_both_arms_are_compared():
    planted = evidence()
    del planted.correct["real+gan+classic"][3]
    assert common_trials(planted, *PRIMARY) == [0, 1, 2, 4, 5, 6, 7]
    found = decide(planted)
    assert row(found, *PRIMARY)["trials"] == 7 and "On 7 draws" in found["sentence"]
    assert row(found, "real+more", "real")["trials"] == 8


def test_a_contrast_with_fewer_than_two_trials_is_left_out():
    planted = evidence()
    planted.correct["gan"] = {0: planted.correct["gan"][0]}
    assert not [r for r in decide(planted)["contrasts"] if r["arm"] == "gan"]


# ---- worth in real items ----


def test_the_worth_of_an_arm_is_where_the_real_only_curve_meets_it():
    # the curve rises by 6 points from 80 to 160 real items, after 10 from 40 to 80; the arm is half-way up, where a
    # curve that bends so gets before the geometric mean, 113
    found = worth(evidence(real__gan__classic=0.87, wobble=0.2))
    assert (found["arm"], found["n_real"]) == (PRIMARY[0], 80)
    assert found["worth"] == pytest.approx(107.8, abs=0.1)
    assert 80 < found["low"] < found["worth"] < found["high"] < 160
    assert not found["at_least"] and not found["at_most"]
    assert [p["n"] for p in found["curve"]] == [40, 80, 160]


def test_the_worth_carries_the_sampling_of_test_items():
    """An arm that is better on half of each class and worse on the other might be worth more on other test items."""
    planted = evidence(real__gan__classic=0.87, wobble=0.2)
    alike = worth(planted)
    liked = {t: share + np.tile([0.1, -0.1], len(Y) // 2) for t, share in planted.correct[PRIMARY[0]].items()}
    found = worth(replace(planted, correct=planted.correct | {PRIMARY[0]: liked}))
    assert found["worth"] == alike["worth"]
    assert found["low"] < alike["low"] and found["high"] > alike["high"]


def test_an_arm_beyond_the_curve_is_worth_its_end_or_more():
    found = worth(evidence(real__gan__classic=0.95))
    assert found["worth"] is None and found["at_least"] and found["low"] == 160


def test_an_arm_below_the_curve_is_worth_its_start_or_less():
    found = worth(evidence(real__gan__classic=0.70))
    assert found["worth"] is None and found["at_most"] and found["high"] == 40


def test_resplits_have_a_curve_of_half_and_whole():
    found = worth(evidence("resplit", real__gan__classic=0.79, wobble=0.2))
    assert [p["n"] for p in found["curve"]] == [40, 80]
    assert found["worth"] == pytest.approx(np.sqrt(40 * 80), rel=0.01)


def test_without_the_curve_there_is_no_worth():
    planted = evidence()
    del planted.correct["fewer+classic"]
    assert worth(planted) is None and decide(planted)["worth"] is None


CURVE = [{"n": 40.0}, {"n": 80.0}, {"n": 160.0}]


@pytest.mark.parametrize(
    ("flags", "numbers", "text"),
    [
        ((False, False), (113.2, 96.4, 131.0), "are worth 113 real images [96, 131]."),
        ((True, False), (150.0, 120.0, 160.0), "are worth about 150 real images [120 or more; the curve ends at 160]."),
        ((True, False), (None, 160.0, 160.0), "are worth 160 real images or more"),
        ((False, True), (None, 40.0, 40.0), "are worth 40 real images or fewer"),
        ((False, True), (50.0, 40.0, 62.0), "are worth about 50 real images [62 or fewer; the curve starts at 40]."),
        ((True, True), (90.0, 40.0, 160.0), "this study cannot tell how many real images they are worth."),
    ],
)
def test_the_worth_in_words(flags, numbers, text):
    found = dict(zip(("worth", "low", "high"), numbers, strict=True)) | dict(
        zip(("at_least", "at_most"), flags, strict=True)
    )
    said = worth_sentence(found | {"n_real": 80, "curve": CURVE})
    assert said.startswith("80 real images plus GAN images") and text in said
    assert "None" not in said and said.endswith(".")


def test_large_numbers_are_readable():
    found = {"worth": 11_320.0, "low": 9_640.0, "high": 13_100.0, "at_least": False, "at_most": False}
    assert "11,320 real images [9,640, 13,100]" in worth_sentence(found | {"n_real": 8000, "curve": CURVE})


# ---- several numbers of synthetic items ----


def test_a_dose_response_has_its_differences_and_goes_towards_its_plateau():
    gains = {n: 0.06 * n / (n + 100) for n in (50, 200, 800)}
    found = doses(evidence(doses={n: WORLD[PRIMARY[1]] + gain for n, gain in gains.items()}, wobble=0.1))
    assert [row["n_synthetic"] for row in found["rows"]] == [50, 200, 800]
    for row, gain in zip(found["rows"], gains.values(), strict=True):
        assert row["difference"] == pytest.approx(gain, abs=1e-3) and row["low"] < gain < row["high"]
    assert found["plateau"]["difference"] == pytest.approx(0.06, abs=0.002)
    assert found["plateau"]["half_at"] == pytest.approx(100, rel=0.1)


def test_a_curve_that_still_rises_has_no_plateau():
    gains = {n: 0.2 * n / (n + 5000) for n in (50, 200, 800)}
    found = doses(evidence(doses={n: WORLD[PRIMARY[1]] + gain for n, gain in gains.items()}, wobble=0.1))
    assert len(found["rows"]) == 3 and found["plateau"] is None


def test_where_classes_are_filled_up_the_page_says_what_the_answer_is_not():
    filled = replace(evidence(), filled_up=True)
    assert any(
        "rows against oversampling and class weights, not in the answer" in said for said in problems(filled, [])
    )
    assert not any("oversampling" in said for said in problems(evidence(), []))


def test_one_number_of_items_is_no_dose_response():
    assert doses(evidence()) is None and decide(evidence())["doses"] is None


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
    predictions = Predictions(("well", "ill"), 1, dict.fromkeys(trials, Y), bold, careful)
    found = decide(replace(evidence(), predictions=predictions))
    names = [r["outcome"] for r in found["outcomes"]]
    others = ["accuracy", "macro_f1", "auroc", "log_loss", "ece"]
    assert names == ["sensitivity", "specificity", *others]  # and not the metric
    assert found["outcomes"][0]["arm"]["mean"] == pytest.approx(0.88)
    assert found["disagreement"].startswith("Metrics disagree: better by balanced accuracy (+3.0 [2.6, 3.4] points)")
    assert "worse by log-loss (+0." in found["disagreement"]


def test_outcomes_of_resplits_are_corrected_for_their_overlap():
    trials = range(TRIALS)
    arms = [{t: said(sure, t, 5) for t in trials} for sure in (0.8, 0.9)]
    predictions = Predictions(("well", "ill"), 1, dict.fromkeys(trials, Y), *arms)
    one, two = (
        next(r for r in decide(replace(evidence(p), predictions=predictions))["outcomes"] if r["outcome"] == "log_loss")
        for p in ("draw", "resplit")
    )
    widths = [r["arm"]["high"] - r["arm"]["low"] for r in (one, two)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 / TRIALS + 27 / 80) / (1 / TRIALS)))


def test_without_predictions_there_are_no_outcomes():
    found = decide(evidence())
    assert (found["outcomes"], found["disagreement"]) == ([], "")


# ---- from a study's folder ----


def test_the_verdict_of_a_real_study_follows_from_its_predictions(finished):
    experiment = Experiment.preview(load_study(finished))
    planted = gather(experiment)
    assert (planted.protocol, planted.n_train, planted.trials_planned, planted.preset) == ("draw", 40, 2, "smoke")
    recorded = planted.scores.query("arm == 'real' and trial == 1")["accuracy"].mean()
    assert planted.correct["real"][1].mean() == pytest.approx(recorded)
    a, b = (planted.scores.query(f"arm == '{arm}'").groupby("trial")["balanced_accuracy"].mean() for arm in PRIMARY)
    assert decide(planted)["contrasts"][0]["difference"] == pytest.approx((a - b).mean(), abs=1e-6)


def test_a_study_without_scores_is_told_what_to_run_first(tmp_path):
    experiment = Experiment.open(make_study(preset="smoke", output_dir=str(tmp_path)))
    with pytest.raises(InputError, match="run notebooks 02 to 04 first"):
        gather(experiment)


# ---- sources from outside ----


def test_what_the_same_effort_brought_elsewhere_stands_beside_the_gan_s():
    world = evidence(real__related__classic=0.9, real__foreign__classic=0.86)
    world = replace(world, outside={"related": {}, "foreign": {}})
    rows = {row["source"]: row for row in decide(world)["instead"]}
    assert list(rows) == ["related", "foreign"]
    assert rows["related"]["difference"] == pytest.approx(0.06) and rows["related"]["direct"]["difference"] > 0.02
    assert rows["related"]["gan"]["difference"] == pytest.approx(0.03)
    assert "cannot be excluded" in rows["foreign"]["sentence"] and "excluded" not in rows["related"]["sentence"]
    assert decide(evidence())["instead"] == []
    best = decide(replace(evidence(real__foreign__classic=0.95), outside={"foreign": {}}))["advice"]
    assert "Best of what was tried: a foreign GAN's images" in best and "cannot be excluded" in best
    assert decide(replace(evidence(), outside={"related": {}}))["instead"] == []  # its arm is not there yet
