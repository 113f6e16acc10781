"""What to do: the options, the rule that picks one, and depth."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import WORLD, evidence, with_depth

from gannb.analysis.evidence import difference
from gannb.analysis.options import Option, advice, best, depth, options, yardsticks
from gannb.analysis.verdict import decide
from gannb.analysis.wording import in_points, points
from gannb.classifiers.ways import MEASURED, WAYS
from gannb.stats.decision import bonferroni_level
from gannb.stats.decision import decide as rule
from gannb.stats.estimate import Estimate
from gannb.trials.arms import PRIMARY


def option(arm: str, difference: float, half: float = 0.01, minutes: float | None = 1.0) -> Option:
    gain = Estimate(difference, difference - half, difference + half, half / 2, 7, half, 8, 0.95)
    return Option(arm, arm, gain, minutes)


# ---- options ----


def test_options_are_what_one_can_do_and_not_what_is_there_to_compare_with():
    world = evidence(transfer=0.9, transfer__gan=0.9, real__copies__classic=0.8, real__mislabelled__classic=0.8,
                     real__gaussian__classic=0.8, real__dcgan__classic=0.85)  # fmt: skip
    assert {o.arm: o.words for o in options(world)} == {
        "real+gan+classic": "GAN images", "real+more+classic": "as many real images again",
        "transfer": "fine-tuning a pretrained network",
        "transfer+gan": "fine-tuning a pretrained network with GAN images",
        "real+dcgan+classic": "images from dcgan", "real+gaussian+classic": "images drawn from a Gaussian",
    }  # fmt: skip


def test_an_option_is_compared_with_classical_augmentation_alone_adjusted_for_their_number():
    world = replace(evidence(transfer=0.9), level=0.98)
    found = {o.arm: o.gain for o in options(world)}
    assert len(found) == 3 and found["transfer"].mean == pytest.approx(0.9 - WORLD["real+classic"])
    assert found["transfer"] == difference(world, "transfer", "real+classic", bonferroni_level(0.98, 2))


def test_the_gan_has_the_interval_of_the_answer_in_the_options_too():
    world = replace(evidence(transfer=0.9), level=0.98)
    gain = next(o.gain for o in options(world) if o.arm == PRIMARY[0])
    assert gain == decide(world).contrasts[0].change == difference(world, *PRIMARY, 0.98)


def test_options_come_by_falling_gain_with_their_minutes():
    found = options(evidence(transfer=0.9, minutes={"transfer": 2.5}))
    assert [o.gain.mean for o in found] == sorted((o.gain.mean for o in found), reverse=True)
    assert {o.arm: o.minutes for o in found}["transfer"] == 2.5


def test_what_a_gan_trained_elsewhere_took_is_not_known():
    minutes = {"real+foreign+classic": 0.1, "real+gan+classic": 2.0}
    found = {o.arm: o.minutes for o in options(evidence(real__foreign__classic=0.9, minutes=minutes))}
    assert found["real+foreign+classic"] is None and found["real+gan+classic"] == 2.0


# ---- the rule ----


def test_the_best_option_has_the_largest_gain_of_those_beyond_doubt():
    found = [option("transfer", 0.10, 0.2), option("real+gan+classic", 0.05), option("real+dcgan+classic", 0.02)]
    assert best(found, 0.01).arm == "real+gan+classic"


def test_of_gains_within_the_margin_the_cheaper_is_best():
    found = [
        option("transfer+gan", 0.105, minutes=20),
        option("transfer", 0.1, minutes=3),
        option("real+gan+classic", 0.05),
    ]
    assert best(found, 0.01).arm == "transfer"
    assert best(found, 0.001).arm == "transfer+gan"


def test_a_cost_that_is_not_known_is_not_taken_for_none():
    assert best([option("transfer+gan", 0.1, minutes=None), option("transfer", 0.1, minutes=3)], 0.01).arm == "transfer"


@pytest.mark.parametrize(
    "found",
    [
        [], [option("transfer", -0.1)], [option("transfer", 0.01, 0.02)],
        [option("transfer", 0.005, 0.004)],  # surely above 0, and surely of no consequence
        [replace(option("transfer", 0.1), gain=replace(option("transfer", 0.1).gain, n=2))],  # two trials
    ],
)  # fmt: skip
def test_where_nothing_is_better_beyond_doubt_nothing_is_best(found):
    assert best(found, 0.01) is None
    assert "keep to that" in advice(evidence(), found)


@pytest.mark.parametrize("found", [[], [option("transfer", 0.1)]], ids=["nothing is better", "something is"])
@pytest.mark.parametrize("plain, hurts", [(0.88, True), (0.843, False), (0.80, False)])
def test_where_classical_augmentation_itself_hurts_the_advice_says_so(found, plain, hurts):
    text = advice(evidence(real=plain), found)
    assert ("Classical augmentation itself hurts here: without it the same training comes to +4.0 [" in text) == hurts
    assert ("keep to that" in text) == (not found and not hurts) and ("Best of" in text) == bool(found)


@pytest.mark.parametrize("protocol", ["draw", "folds"])
def test_tuning_is_proposed_where_it_can_be_had(protocol):
    text = advice(evidence(protocol, real=0.88), [])
    assert "(augmentation=none)" in text and ("tune=true" in text) == (protocol == "draw")


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        (0.80, "keep to that."),
        (0.838, "keep to that, though by itself it brings +0.2 ["),
        (0.84, "by itself it brings 0.0 ["),
    ],
)
def test_the_advice_to_keep_to_classical_augmentation_says_where_that_brings_little(plain, said):
    assert said in advice(evidence(real=plain), [])


def test_more_real_images_are_no_choice_of_computing_and_stand_beside_it():
    found = [option("real+more+classic", 0.2), option("real+gan+classic", 0.05)]
    assert best(found, 0.01).arm == "real+gan+classic"
    said = advice(evidence(), found)
    assert "Collecting as many real images again brings +20.0 [" in said
    assert said.startswith("Best of what was tried: real+gan+classic,")


@pytest.mark.parametrize("seed", range(60))
def test_headline_and_advice_never_contradict_each_other(seed):
    """A GAN that helps is advised, or something better; one that is not shown to help never is."""
    rng = np.random.default_rng(seed)
    gan, *others = rng.normal(0.845, 0.015, 5)
    arms = dict(zip(("transfer", "real__interpolation__classic", "real__dcgan__classic", "real__related__classic"),
                    others, strict=True))  # fmt: skip
    minutes = {arm.replace("__", "+"): rng.uniform(0, 9) for arm in (*arms, PRIMARY[0])}
    world = evidence(real__gan__classic=gan, wobble=rng.uniform(0.2, 4), minutes=minutes, **arms)
    world = replace(world, level=rng.choice([0.95, 0.99]))
    answer = rule(difference(world, *PRIMARY, world.level), world.rope)
    found = options(world)
    option = best(found, world.rope)
    said = advice(world, found)
    assert ("No way to make more of these" in said) == (option is None)
    if answer == "helps":
        assert option.gain.mean >= gan - WORLD["real+classic"] - world.rope - 1e-9
    else:
        assert option is None or option.arm != PRIMARY[0]


def test_where_nothing_helps_the_most_that_any_way_can_bring_is_said():
    found = [option("real+more+classic", 0.05), option("real+gan+classic", 0.001), option("transfer", -0.02)]
    most = max(each.gain.high for each in found[1:])
    (said,) = re.findall(r"none brings more than ([\d.]+) points: keep to that", advice(evidence(), found))
    assert 100 * most <= float(said) < 100 * most + 0.1
    assert "none brings more" not in advice(evidence(), [option("real+gan+classic", -0.2)])  # and not more than nothing
    assert "none brings more" not in advice(evidence(), [option("real+gan+classic", 0.2)])


def test_random_worlds_have_every_answer():
    """The property above would hold of nothing if no answer came up."""
    worlds = [evidence(real__gan__classic=gan, wobble=w) for gan in (0.82, 0.841, 0.86) for w in (0.5, 4)]
    assert {str(rule(difference(world, *PRIMARY), world.rope)) for world in worlds} >= {"helps", "hurts", "equivalent"}


def test_without_an_answer_there_is_no_advice_but_a_way_out():
    found = [option("transfer", 0.2), option("real+gan+classic", 0.05)]
    said = advice(evidence(left_out="No weights."), found, "x had not converged", "Raise it.")
    assert said == "No advice yet: x had not converged. Raise it."


def test_the_advice_names_option_gain_interval_and_cost():
    said = decide(evidence(transfer=0.95, minutes={"transfer": 3.2})).advice
    assert said.startswith("Best of what was tried: fine-tuning a pretrained network, +11.0 [")
    assert "about 3 minutes of computing." in said


def test_a_smoke_run_advises_nothing():
    assert decide(replace(evidence(transfer=0.95), preset="smoke")).advice.startswith("No advice: a smoke run")


def test_missing_weights_are_said_with_the_advice():
    assert decide(evidence(left_out="Fine-tuning is left out: x.")).advice.endswith("Fine-tuning is left out: x.")


# ---- what needs no GAN ----

BLENDS, GAUSSIAN = ("real__interpolation__classic", "real__gaussian__classic")


@pytest.mark.parametrize(
    ("planted", "answer", "says"),
    [
        ({BLENDS: 0.88}, "helps", r"Blends of two images do as well: GAN images instead of them make -1\.0 \[.*\] "
                                  r"points, so it is not the GAN that helps\."),
        ({BLENDS: 0.80, GAUSSIAN: 0.866, "wobble": 3.0}, "helps",
         r"Images drawn from a Gaussian may do as well: .* so it is not shown that it is the GAN that helps\."),
        ({BLENDS: 0.85, GAUSSIAN: 0.88}, "helps", r"Images drawn from a Gaussian do as well: .*"),
        ({BLENDS: 0.85, GAUSSIAN: 0.85}, "helps", ""),  # the GAN is ahead of both
        ({}, "helps", ""),
        ({BLENDS: 0.86, GAUSSIAN: 0.87, "real__gan__classic": 0.841}, "equivalent",
         r"Without any GAN, images drawn from a Gaussian \(\+3\.0 \[.*\] points\) and blends of two images \(\+2\.0 "
         r"\[.*\] points\) help, where GAN images are not shown to\."),
        ({BLENDS: 0.84, GAUSSIAN: 0.83, "real__gan__classic": 0.80}, "hurts", ""),
    ],
)  # fmt: skip
def test_what_needs_no_gan_is_said_where_it_does_as_well(planted, answer, says):
    world = evidence(**planted)
    found = rule(difference(world, *PRIMARY), world.rope)
    assert found == answer and re.fullmatch(says, yardsticks(world, options(world), found))
    assert yardsticks(world, options(world), found, reason="x had not converged") == ""


def test_yardsticks_of_two_trials_say_nothing():
    world = evidence(trials=2, real__interpolation__classic=0.88)
    assert yardsticks(world, options(world), rule(difference(evidence(), *PRIMARY), 0.01)) == ""


def test_the_verdict_says_what_needs_no_gan():
    assert decide(evidence(real__interpolation__classic=0.88)).yardsticks.startswith("Blends of two images do as well")


# ---- depth ----


def test_one_classifier_has_no_depth():
    assert depth(evidence()) is None


@pytest.mark.parametrize(
    ("means", "begins"),
    [((0.90, 0.85), "GAN images let you use deep_cnn"), ((0.90, 0.90), "deep_cnn is ahead, but not beyond doubt"),
     ((0.80, 0.75), "GAN images do not make deep_cnn"), ((0.84, 0.80), "Whether GAN images let you use deep_cnn")],
)  # fmt: skip
def test_a_deeper_network_must_gain_by_them_and_be_ahead_of_the_first(means, begins):
    found = depth(with_depth(*means))
    assert found.sentences[0].startswith(begins)
    first, deep = found.rows
    assert (first.classifier, deep.classifier) == ("small_cnn", "deep_cnn")
    assert deep.with_gan == pytest.approx(means[0]) and deep.change.mean == pytest.approx(means[0] - means[1])


@pytest.mark.parametrize("repeats", ["copies", "oversampled"])  # the latter where small classes are filled up
def test_what_real_items_again_bring_a_deeper_network_is_no_gain_by_the_gan(repeats):
    (said,) = depth(with_depth(0.90, 0.85, again=0.90, repeats=repeats)).sentences
    assert said.startswith("deep_cnn is ahead, but not beyond doubt because of GAN images: +5.0 [")
    assert "; real images again in their places bring it +5.0 [" in said and ", and the GAN's 0.0 [" in said


def test_of_two_trials_nothing_is_said_of_a_deeper_network():
    world = with_depth(0.90, 0.85)
    few = {arm: {t: c for t, c in of.items() if t < 2} for arm, of in world.correct.items()}
    assert depth(replace(world, scores=world.scores[world.scores["trial"] < 2], correct=few)) is None


def test_what_is_said_of_a_deeper_network_is_adjusted_like_the_comparison_itself():
    world = with_depth(0.90, 0.85)
    among = tuple(replace(c, role="secondary") if c.role == "exploratory" else c for c in world.contrasts)
    found = decide(replace(world, contrasts=among))
    against = [row for row in found.contrasts if row.contrast.against == "real+classic@deep_cnn"]
    change = next(row.change for row in against if row.contrast.role == "secondary")
    assert change.level > 0.95 and in_points(change) in found.depth.sentences[0]


def test_without_an_answer_nothing_is_said_of_a_deeper_network_either():
    found = depth(with_depth(0.90, 0.85), reason="x had not converged")
    assert found.sentences[0].startswith(
        "Whether GAN images let you use deep_cnn is undecided (x had not converged): +"
    )


def test_the_claim_says_what_a_deeper_network_made_of_it():
    found = decide(with_depth(0.90, 0.85)).claims[0].found
    assert found.number.startswith("+5.0 [") and "deep_cnn, 20 layers deep" in found.why


# ---- ways to use made items ----


def test_ways_are_options_and_so_is_their_form_without_a_gan():
    ways = {"real__gan.mixed__classic": 0.9, "real__copies.mixed__classic": 0.9, "real__gan:12%__classic": 0.9}
    world = evidence(real__copies__classic=0.8, **ways)
    words = {o.arm: o.words for o in options(world)}
    assert words["real+gan.mixed+classic"] == "GAN images, between two classes, with the shares of both as labels"
    assert words["real+copies.mixed+classic"] == "mixup: real images blended between two classes"
    assert words["real+gan:12%+classic"] == "GAN images, 12% of each batch" and "real+copies+classic" not in words


def test_the_advice_names_the_ways_that_are_not_tried_with_what_they_brought_elsewhere():
    world = replace(evidence(), untried=("before", "hard", "mixed"))
    said = advice(world, [])
    best, second, worst = sorted(world.untried, key=lambda name: WAYS[name].brought, reverse=True)
    assert f"are not tried here: gan.{best}, gan.{second} and gan.{worst} (docs/ways.md)." in said
    most, least = (points(WAYS[name].brought, True) for name in (best, worst))
    assert f"{MEASURED}, each changed accuracy by between {least} and {most} points on average." in said


def test_where_a_gan_is_advised_or_all_is_tried_no_other_way_is_named():
    world = replace(evidence(), untried=("mixed",))
    assert "not tried" not in advice(world, [option("real+gan+classic", 0.1)]) + advice(evidence(), [])
    assert "not tried" in advice(world, [option("transfer", 0.1)])
