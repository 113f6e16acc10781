"""What to do: the options, the rule that picks one, and depth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted_evidence import WORLD, evidence, with_depth

from gannb.analysis.evidence import difference
from gannb.analysis.options import Option, advice, best, depth, options
from gannb.analysis.verdict import decide
from gannb.analysis.wording import in_points
from gannb.stats.decision import bonferroni_level
from gannb.stats.estimate import Estimate


def option(arm: str, difference: float, half: float = 0.01, minutes: float | None = 1.0) -> Option:
    gain = Estimate(difference, difference - half, difference + half, half / 2, 7, half, 8, 0.95)
    return Option(arm, arm, gain, minutes)


# ---- options ----


def test_options_are_what_one_can_do_and_not_what_is_there_to_compare_with():
    world = evidence(transfer=0.9, transfer__gan=0.9,  real__copies__classic=0.8,
                     real__gaussian__classic=0.8, real__dcgan__classic=0.85)  # fmt: skip
    assert {o.arm for o in options(world)} == {
        "real+gan+classic", "real+more+classic", "transfer", "transfer+gan", "real+dcgan+classic",
    }  # fmt: skip


def test_an_option_is_compared_with_classical_augmentation_alone_adjusted_for_their_number():
    world = evidence(transfer=0.9)
    found = next(o for o in options(world) if o.arm == "transfer")
    assert found.gain.mean == pytest.approx(0.9 - WORLD["real+classic"])
    assert found.gain == difference(world, "transfer", "real+classic", bonferroni_level(0.95, 3))


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


@pytest.mark.parametrize("found", [[], [option("transfer", -0.1)], [option("transfer", 0.01, 0.02)]])
def test_where_nothing_is_better_beyond_doubt_nothing_is_best(found):
    assert best(found, 0.01) is None
    assert "stay with that" in advice(evidence(), found)


def test_more_real_images_are_no_choice_of_computing_and_stand_beside_it():
    found = [option("real+more+classic", 0.2), option("real+gan+classic", 0.05)]
    assert best(found, 0.01).arm == "real+gan+classic"
    said = advice(evidence(), found)
    assert "if you can collect them: +20.0" in said and "GAN" in said.split("As many")[0] or "real+gan" in said


def test_the_advice_names_option_gain_interval_and_cost():
    said = decide(evidence(transfer=0.95, minutes={"transfer": 3.2})).advice
    assert said.startswith("Best of what was tried: fine-tuning a pretrained network, +11.0 [")
    assert "about 3 minutes of computing." in said


def test_a_smoke_run_advises_nothing():
    assert decide(replace(evidence(transfer=0.95), preset="smoke")).advice.startswith("No advice: a smoke run")


def test_missing_weights_are_said_with_the_advice():
    assert decide(evidence(left_out="Fine-tuning is left out: x.")).advice.endswith("Fine-tuning is left out: x.")


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


def test_what_is_said_of_a_deeper_network_is_adjusted_like_the_comparison_itself():
    world = with_depth(0.90, 0.85)
    among = tuple(replace(c, role="secondary") if c.role == "exploratory" else c for c in world.contrasts)
    found = decide(replace(world, contrasts=among))
    against = [row for row in found.contrasts if row.contrast.against == "real+classic@deep_cnn"]
    change = next(row.change for row in against if row.contrast.role == "secondary")
    assert change.level > 0.95 and in_points(change) in found.depth.sentences[0]


def test_a_deeper_network_that_had_not_converged_is_said_above_the_answer():
    assert any("had not converged" in p and "deep_cnn" in p for p in decide(with_depth(0.9, 0.85, half=0.7)).problems)


def test_the_claim_says_what_a_deeper_network_made_of_it():
    found = decide(with_depth(0.90, 0.85)).claims[0].found
    assert found.number.startswith("+5.0 [") and "deep_cnn, 20 layers deep" in found.why
