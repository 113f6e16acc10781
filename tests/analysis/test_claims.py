"""Every claim of the discussion gets the verdict that planted numbers call for."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted_evidence import CONVERGENCE, TRIALS, evidence, with_depth
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from gannb.analysis.claims import DEEP, TESTS, YARDSTICKS, Finding, claims, shift_rows
from gannb.analysis.evidence import Evidence, words_of
from gannb.data.examples import Examples
from gannb.measures.comparison import choose, measure
from gannb.measures.features import Space
from gannb.media.audio import AUDIO
from gannb.media.image import IMAGE
from gannb.media.image.shifts import SHIFTS
from gannb.trials.arms import PRIMARY, parse_arm


def claim(planted: Evidence, words: str) -> Finding:
    return next(c.found for c in claims(planted) if words in c.claim)


# ---- claims ----

BLENDS, GAUSSIAN, *_ = YARDSTICKS


def deeper(with_gan: float, without: float, again: float | None = None, **planted) -> Evidence:
    """A world with a second, deep classifier of these means, in which the first one has no gain.

    again: with real items in the places of the GAN's; None: as without.
    """
    arms = (*PRIMARY, CONVERGENCE, "real+copies+classic")
    names = (parse_arm(arm).at("deep_cnn").name.replace("+", "__") for arm in arms)
    means = dict(zip(names, (with_gan, without, without, without if again is None else again), strict=True))
    world = evidence(real__gan__classic=0.84, **means, **planted)
    return replace(world, classifiers={"small_cnn": 60_000, "deep_cnn": 280_000})


def fine_tuned(with_gan: float, without: float, **more: float) -> Evidence:
    world = evidence(transfer__gan=with_gan, transfer=without, **more)
    return replace(world, layers=world.layers | {"mobilenetv2_100": 53}, pretrained="mobilenetv2_100")


def shifted(gan: float, without: float, blends: float | None = None, gaussian: float | None = None, **planted):
    means = {PRIMARY[0]: gan, PRIMARY[1]: without, BLENDS: blends, GAUSSIAN: gaussian}
    return evidence(shifted={arm: mean for arm, mean in means.items() if mean is not None}, **planted)


def measured(spread: float = 0.01, **values: float) -> Evidence:
    return evidence(measures=values, spread=spread)


SETS = [  # a claim, the planted sets that must come out so
    ("larger one that is good enough", "supported", deeper(0.88, 0.85)),
    ("larger one that is good enough", "supported", fine_tuned(0.93, 0.90, transfer__copies=0.90)),
    ("larger one that is good enough", "undecided", deeper(0.88, 0.85, again=0.88)),  # repeated, they bring the same
    ("larger one that is good enough", "undecided", fine_tuned(0.93, 0.90)),  # whether they do was not tried
    ("larger one that is good enough", "contradicted", deeper(0.82, 0.85)),
    ("larger one that is good enough", "contradicted", deeper(0.851, 0.85)),
    ("larger one that is good enough", "contradicted", fine_tuned(0.90, 0.90)),
    ("larger one that is good enough", "undecided", deeper(0.86, 0.85, wobble=6.0)),
    ("larger one that is good enough", "undecided", evidence()),  # it helps three convolutions
    ("not beat collecting", "supported", evidence(real__more__classic=0.90)),
    ("not beat collecting", "supported", evidence(real__more__classic=0.87)),
    ("not beat collecting", "contradicted", evidence(real__more__classic=0.80)),
    ("not beat collecting", "undecided", evidence(real__more__classic=0.88, wobble=6.0)),
    ("Fine-tuning", "supported", evidence(transfer=0.95)),
    ("Fine-tuning", "contradicted", evidence(transfer=0.80)),
    ("Fine-tuning", "contradicted", evidence(transfer=0.87)),  # as good is not better
    ("Fine-tuning", "undecided", evidence(gaussian=0.7, transfer=0.88, wobble=6.0)),
    ("mean and variance", "supported", evidence(gan=0.70, gaussian=0.70)),
    ("mean and variance", "contradicted", evidence(gan=0.75, gaussian=0.70)),
    ("mean and variance", "undecided", evidence(gan=0.65, gaussian=0.70)),  # poorer: says nothing of more
    ("mean and variance", "undecided", evidence(gan=0.71, gaussian=0.70, wobble=6.0)),
    ("overtrains", "supported", evidence(gap={PRIMARY[0]: 0.15, PRIMARY[1]: 0.05})),
    ("overtrains", "contradicted", evidence(gap={PRIMARY[0]: 0.02, PRIMARY[1]: 0.05})),
    ("overtrains", "contradicted", evidence()),
    ("overtrains", "undecided", evidence(gap={arm: 0.5 for arm in PRIMARY})),  # nothing left to overtrain on
    ("overtrains", "undecided", evidence(gap={PRIMARY[0]: 0.06, PRIMARY[1]: 0.05}, wobble=6.0)),
    ("small and distorted", "supported", measured(gan_test=0.5)),
    ("small and distorted", "contradicted", measured(gan_test=0.82)),
    ("small and distorted", "undecided", measured(gan_test=0.74, spread=0.3)),
    ("Gains saturate", "supported", evidence(doses={50: 0.87, 200: 0.871})),
    ("Gains saturate", "contradicted", evidence(doses={50: 0.85, 200: 0.88})),
    ("Gains saturate", "undecided", evidence(doses={20: 0.85, 50: 0.85, 200: 0.858}, wobble=3.0)),
    ("Gains saturate", "undecided", evidence(doses={50: 0.88, 200: 0.85})),  # a loss is no saturation
    ("in-between", "supported", measured(nearer_to_train=0.0, gan_test=0.8)),
    ("in-between", "contradicted", measured(nearer_to_train=0.4, gan_test=0.85)),  # blends
    ("in-between", "contradicted", measured(nearer_to_train=0.0, gan_test=0.6)),  # noise
    ("in-between", "contradicted", replace(measured(nearer_to_train=0.4), protocol="folds")),
    ("in-between", "undecided", replace(measured(nearer_to_train=0.0), protocol="folds")),  # no validity
    ("in-between", "undecided", measured(nearer_to_train=0.09, spread=0.1)),
    ("in-between", "undecided", measured(gan_test=0.76, spread=0.1)),
    ("outside its training", "contradicted", shifted(0.70, 0.60, 0.62, 0.61)),
    ("outside its training", "supported", shifted(0.639, 0.60, 0.659)),  # what regularises gains as well
    ("outside its training", "supported", shifted(0.70, 0.60, 0.62, 0.70)),
    ("outside its training", "supported", shifted(0.60, 0.70)),
    ("outside its training", "supported", shifted(0.60, 0.60)),
    ("outside its training", "undecided", shifted(0.70, 0.60)),  # a gain without yardsticks
    ("outside its training", "undecided", shifted(0.62, 0.60, 0.61, wobble=9.0)),
    ("copies its training set", "supported", measured(nearer_to_train=0.8)),
    ("copies its training set", "contradicted", measured(nearer_to_train=0.0)),
    ("copies its training set", "undecided", measured(nearer_to_train=0.1, spread=0.3)),
]


@pytest.mark.parametrize(("words", "verdict", "planted"), SETS, ids=[f"{words}, {v}" for words, v, _ in SETS])
def test_a_claim_gets_the_verdict_of_what_is_planted(words, verdict, planted):
    found = claim(planted, words)
    assert found.verdict == verdict and found.why.endswith(".")
    assert re.search(r"\d", found.number) or found.why.startswith("Not tested")


def test_every_claim_can_come_out_in_all_three_ways():
    ways = {words: {verdict for w, verdict, _ in SETS if w in words} for words in TESTS}
    assert set(map(frozenset, ways.values())) == {frozenset({"supported", "contradicted", "undecided"})}


def test_two_trials_decide_no_claim():
    for words, _, planted in SETS:
        few = sorted(planted.tested.item)[:2]
        correct = {arm: {t: of[t] for t in few} for arm, of in planted.correct.items()}
        moved = {arm: {t: of[t] for t in few} for arm, of in planted.shifted.items()}
        quality = planted.quality[planted.quality["trial"].isin(few)]
        if words != "copies its training set" and planted.protocol == "draw":
            of_two = replace(planted, correct=correct, shifted=moved, quality=quality)
            assert claim(of_two, words).verdict == "undecided", words


def test_a_claim_whose_arms_are_missing_is_undecided_and_says_so():
    found = claim(evidence(gan=0.7), "mean and variance")
    assert found.verdict == "undecided" and found.why == "Not tested: it takes the arms gan and gaussian."
    found = claim(evidence("folds"), "not beat collecting")
    assert found.verdict == "undecided" and "Not tested" in found.why
    planted = replace(evidence(), quality=pd.DataFrame())
    assert all(claim(planted, words).verdict == "undecided" for words in ("distorted", "copies", "in-between"))
    untested = ("Fine-tuning", "Gains saturate", "outside its training")
    assert all("Not tested" in claim(evidence(), words).why for words in untested)


@pytest.mark.parametrize(("mean", "verdict"), [(0.95, "supported"), (0.40, "undecided"), (0.87, "undecided")])
def test_that_a_network_of_photographs_does_no_better_on_clips_says_nothing_of_networks_of_clips(mean, verdict):
    found = claim(evidence(transfer=mean, words=words_of(AUDIO)), "Fine-tuning")
    assert found.verdict == verdict
    assert found.why.startswith("A network pretrained on photographs") and found.why.endswith("pretrained on clips.")


# ---- a deep classifier ----


def test_three_convolutions_are_no_deep_classifier():
    """GAN images help them by 3 points, and that is said; the claim is about another kind of network."""
    found = claim(evidence(), "good enough")
    assert found.verdict == "undecided" and found.why.startswith("Not tested: small_cnn has 4 layers")
    assert "classifier=small_cnn,deep_cnn" in found.why and "+3.0 [" in found.why


def test_the_deepest_network_is_judged_and_one_from_scratch_before_a_pretrained_one():
    world = deeper(0.88, 0.85, transfer__gan=0.80, transfer=0.90)
    world = replace(world, layers=world.layers | {"mobilenetv2_100": 53}, pretrained="mobilenetv2_100")
    found = claim(world, "good enough")
    assert found.verdict == "supported" and "deep_cnn, 20 layers deep, from scratch" in found.why
    shallow = replace(world, layers=world.layers | {"deep_cnn": DEEP - 1, "mobilenetv2_100": 53})
    found = claim(shallow, "good enough")
    assert found.verdict == "contradicted" and "mobilenetv2_100, 53 layers deep, pretrained" in found.why


def test_a_study_of_a_deep_network_alone_is_judged_on_it():
    found = claim(replace(evidence(real__copies__classic=0.84), classifiers={"deep_cnn": 280_000}), "good enough")
    assert found.verdict == "supported" and found.number.startswith("+3.0 [")


def test_a_deep_network_that_has_not_converged_says_nothing():
    found = claim(with_depth(0.88, 0.85, half=0.80), "good enough")
    assert found.verdict == "undecided" and found.why.endswith("It had not converged: raise classifier_steps_most.")
    assert claim(with_depth(0.88, 0.85, half=0.85), "good enough").verdict == "supported"


@pytest.mark.parametrize(
    ("transfer", "half", "verdict"),
    [(0.95, 0.90, "supported"), (0.80, 0.70, "undecided"), (0.80, 0.80, "contradicted")],
)
def test_fine_tuning_that_has_not_converged_is_not_said_to_be_no_better(transfer, half, verdict):
    world = evidence(transfer=transfer, **{"transfer@half": half})
    found = claim(world, "Fine-tuning")
    assert found.verdict == verdict
    assert ("with more steps may come to more" in found.why) == (half < transfer)


# ---- overtraining ----


def test_half_of_the_steps_without_a_gan_is_no_sign_of_overtraining():
    """Where GAN items take the place of real ones, the gap falls as it does with half of the steps and no GAN."""
    half = evidence(gap={PRIMARY[0]: 0.013, PRIMARY[1]: 0.05})
    found = claim(replace(half, mix="replaced"), "overtrains")
    assert found.verdict == "undecided" and "unequally often" in found.why and found.why.startswith("Not tested")


def test_the_change_of_the_gap_carries_the_sampling_of_test_items():
    planted = evidence(gap={PRIMARY[0]: 0.08, PRIMARY[1]: 0.05})
    assert claim(planted, "overtrains").verdict == "supported"
    liked = {t: share + np.tile([0.5, -0.5], len(share) // 2) for t, share in planted.correct[PRIMARY[0]].items()}
    world = replace(planted, correct=planted.correct | {PRIMARY[0]: liked})
    assert claim(world, "overtrains").verdict == "undecided"


# ---- forms in between, from items ----

X, DIGIT = load_digits(return_X_y=True)
X = (X * 15.9).astype(np.uint8).reshape(-1, 8, 8, 1)
PER_CLASS = (20, 40, 80, 34)  # of training, reserve, test and unseen items


def blurred(x: np.ndarray) -> np.ndarray:
    return gaussian_filter(x, (0, 0.7, 0.7, 0))


def blends(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of each of two items of a class, in the order of x."""
    other = np.arange(len(y))
    for k in np.unique(y):
        other[y == k] = np.roll(rng.permutation(np.flatnonzero(y == k)), 1)
    return ((x.astype(float) + x[other]) / 2).astype(np.uint8)


MADE = {  # training items and labels, unseen items and labels, rng -> items and labels that a GAN might make
    "unseen real": lambda x, y, unseen, of_unseen, rng: (unseen, of_unseen),
    "blurred training": lambda x, y, unseen, of_unseen, rng: (blurred(x), y),
    "blends": lambda x, y, unseen, of_unseen, rng: (blends(x, y, rng), y),
    "noise": lambda x, y, unseen, of_unseen, rng: (rng.integers(0, 255, unseen.shape, dtype=np.uint8), of_unseen),
    "some blurred": lambda x, y, unseen, of_unseen, rng: (
        np.concatenate([blurred(x[::6]), unseen[34:]]), np.concatenate([y[::6], of_unseen[34:]])
    ),
}  # fmt: skip


def examples(x: np.ndarray, y: np.ndarray) -> Examples:
    number = np.arange(len(y))
    return Examples(x, y, tuple("0123456789"), number.astype(str), number)


def of_items(made: str) -> Evidence:
    """Evidence whose copying scale and recognition are measured on digits, of which a GAN made these."""
    quality = evidence().quality
    for trial in range(TRIALS):
        rng = np.random.default_rng(trial)
        order = rng.permutation(len(DIGIT))
        by_class = [np.split(order[DIGIT[order] == k], np.cumsum(PER_CLASS))[:4] for k in range(10)]
        train, reserve, test, unseen = (np.concatenate([parts[i] for parts in by_class]) for i in range(4))
        x, y = MADE[made](X[train], DIGIT[train], X[unseen], DIGIT[unseen], rng)
        sets = choose(examples(X[train], DIGIT[train]), examples(x, y), examples(X[test], DIGIT[test]), trial)
        row = measure(IMAGE, sets, {"pixels": Space(IMAGE.raw_features)}, ["pixels"], trial).spaces[0]
        judge = LogisticRegression(max_iter=300).fit(IMAGE.raw_features(X[reserve]), DIGIT[reserve])
        row["gan_test"] = judge.score(IMAGE.raw_features(x), y)
        row["ruler_accuracy"] = judge.score(IMAGE.raw_features(X[test]), DIGIT[test])
        mine = quality["trial"] == trial
        quality = quality.assign(**{
            name: quality.get(name, pd.Series(np.nan, quality.index)).where(~mine, row[name])
            for name in ("nearer_to_train", "flagged", "gan_test", "ruler_accuracy")
        })  # fmt: skip
    return replace(evidence(), quality=quality)


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        ("unseen real", "supported"),
        ("blurred training", "contradicted"),
        ("blends", "contradicted"),
        ("noise", "contradicted"),
        ("some blurred", "undecided"),
    ],
)
def test_valid_forms_in_between_are_new_and_recognised(made, verdict):
    found = claim(of_items(made), "in-between")
    assert found.verdict == verdict and re.search(r"\d", found.number)


def test_items_that_side_by_chance_with_the_training_set_are_not_said_to_hug_it():
    planted = measured(nearer_to_train=1.0)
    assert claim(replace(planted, quality=planted.quality.assign(flagged=1.0)), "in-between").verdict == "contradicted"
    assert claim(replace(planted, quality=planted.quality.assign(flagged=0.0)), "in-between").verdict == "undecided"


def test_where_the_measuring_classifier_learnt_the_same_items_validity_is_not_shown():
    found = claim(replace(measured(gan_test=0.95), protocol="given", judged_elsewhere=True), "in-between")
    assert (
        found.verdict == "undecided" and "validity cannot be shown" in found.why and "recognition" not in found.number
    )


# ---- elsewhere ----


def test_a_gain_on_shifted_items_is_set_against_what_needs_no_gan():
    found = claim(shifted(0.70, 0.60, 0.62, 0.61), "outside its training")
    assert re.search(rf"\+8\.0 \[[^]]*\] points against {re.escape(BLENDS)}", found.why)
    assert re.search(rf"\+9\.0 \[[^]]*\] points against {re.escape(GAUSSIAN)}", found.why)
    found = claim(shifted(0.70, 0.60), "outside its training")
    assert f"without {BLENDS} or {GAUSSIAN} in the study that cannot be told" in found.why


# ---- saturation ----


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        ({"doses": {190: 0.87, 200: 0.871}}, "190 and 200 GAN images per class are too close to tell"),
        ({"doses": {50: 0.87, 200: 0.871}, "shown": 399}, "400 GAN images were made and a training shows 399 of them"),
    ],
)
def test_saturation_is_not_tested_where_it_would_follow_from_the_numbers_chosen(planted, why):
    found = claim(evidence(**planted), "Gains saturate")
    assert found.verdict == "undecided" and why in found.why


def test_every_claim_is_there_once_and_says_what_its_number_shows():
    rows = claims(evidence())
    assert [row.claim for row in rows] == [claim.format(many="images") for claim in TESTS] and len(rows) == 10
    assert all(row.found.why.endswith(".") for row in rows)


def test_shifts_are_told_one_by_one_and_together():
    rows = shift_rows(evidence(shifted={PRIMARY[0]: 0.70, PRIMARY[1]: 0.60}))
    assert [row.shift for row in rows] == [*SHIFTS, "all"]
    for row in rows:
        assert row.change.mean == pytest.approx(0.1) and row.change.low < 0.1 < row.change.high and row.change.n == 8
        assert (row.arm, row.against) == pytest.approx((0.70, 0.60))
    assert shift_rows(evidence()) == []
