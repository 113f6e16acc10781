"""Which arms a study has, and which is compared with which."""

from __future__ import annotations

import pytest
from planted_evidence import CONVERGENCE

from gannb.classifiers.imbalance import BALANCING
from gannb.classifiers.ways import WAYS
from gannb.media.image import IMAGE
from gannb.study.model import DEFAULT_ARMS
from gannb.trials.arms import BALANCED, PRIMARY, Arm, parse_arm
from gannb.trials.contrasts import checked_arms, contrasts, curve_arms, dose_arms, study_arms
from gannb.utils.errors import InputError


def names(arms: list[Arm]) -> list[str]:
    return [arm.name for arm in arms]


def pairs(arms: list[str]) -> dict[tuple[str, str], str]:
    """(arm, against) -> role, with what is expected of a control."""
    return {(c.arm, c.against): c.expected or c.role for c in contrasts(arms, IMAGE.nouns)}


def test_a_variation_is_compared_with_the_plain_gan_and_with_the_real_items():
    arms = names(study_arms(("real+gan.truncated+classic",), "draw", IMAGE))
    roles = pairs(arms)
    assert roles["real+gan.truncated+classic", "real+gan+classic"] == "exploratory"
    assert roles["real+gan.truncated+classic", "real+classic"] == "exploratory"


def test_a_dose_response_is_the_primary_arm_with_fewer_items():
    assert dose_arms((20, 50, 200)) == ("real+gan:20+classic", "real+gan:50+classic")
    assert dose_arms((200,)) == dose_arms(()) == ()
    roles = pairs(names(study_arms(dose_arms((20, 50, 200)), "draw", IMAGE)))
    assert roles["real+gan:20+classic", "real+classic"] == "exploratory"


@pytest.mark.parametrize("way", BALANCING)
def test_each_way_to_balance_is_compared_with_the_real_items_and_with_what_adds_items(way):
    asked = (f"real+{way}", f"real+{way}+classic", "real+gan", "real+gaussian+classic", "real+copies+classic", "gan")
    roles = pairs(names(study_arms(asked, "folds", IMAGE)))
    assert roles[f"real+{way}", "real"] == roles[f"real+{way}+classic", "real+classic"] == "exploratory"
    assert roles["real+gan+classic", f"real+{way}+classic"] == "secondary"
    assert roles["real+gan", f"real+{way}"] == roles["real+gaussian+classic", f"real+{way}+classic"] == "exploratory"
    against = [arm for arm, other in roles if way in other]
    assert sorted(against) == ["real+gan", "real+gan+classic", "real+gaussian+classic"]


def test_the_ways_to_balance_are_in_no_study_unasked():
    assert not [n for n in names(study_arms(DEFAULT_ARMS, "folds", IMAGE)) if any(way in n for way in BALANCING)]


def test_where_generated_items_fill_up_the_smaller_classes_copies_are_oversampling():
    arms = names(study_arms((*DEFAULT_ARMS, "real+copies+classic", "copies"), "folds", IMAGE, balance=True))
    assert set(BALANCED) <= set(arms) and [n for n in arms if "copies" in n] == ["copies"]
    roles = pairs(arms)
    assert roles["real+oversampled+classic", "real+classic"] == "exploratory"
    assert roles["real+gaussian+classic", "real+oversampled+classic"] == "exploratory"
    assert roles["real+mislabelled+classic", "real+oversampled+classic"] == "hurts"
    plain = ("real+mislabelled", "real+copies")
    assert pairs(names(study_arms(plain, "folds", IMAGE, balance=True)))[plain[0], "real+oversampled"] == "hurts"
    assert [roles[PRIMARY[0], way] for way in BALANCED] == ["secondary"] * 2


def test_another_classifier_is_not_compared_with_what_balances_for_the_first():
    arms = names(study_arms(BALANCED, "folds", IMAGE, others=("deep_cnn",)))
    against = [arm for arm, other in pairs(arms) if other in BALANCED]
    assert against == [PRIMARY[0]] * 2 and parse_arm(PRIMARY[0]).at("deep_cnn").name in arms


def test_a_study_has_the_arms_asked_for_and_the_curve_and_trains_none_for_half_of_its_steps():
    arms = names(study_arms(DEFAULT_ARMS, "draw", IMAGE))
    assert arms[: len(DEFAULT_ARMS)] == list(DEFAULT_ARMS)
    assert set(curve_arms("draw")) <= set(arms) and not any("half" in arm for arm in arms)
    assert len(set(arms)) == len(arms)


@pytest.mark.parametrize("arm", ["real+gan+classic", "real+gan", "transfer"])
def test_a_study_that_asks_for_other_arms_gets_no_yardsticks(arm):
    assert not [n for n in names(study_arms((arm,), "draw", IMAGE)) if "interpolation" in n or "gaussian" in n]


# ---- what must have converged ----


def test_what_must_have_converged_are_the_arms_of_the_answer_of_every_network():
    arms = study_arms(DEFAULT_ARMS, "draw", IMAGE, ("deep_cnn",))
    found = {network: sorted(names(checked)) for network, checked in checked_arms(arms).items()}
    assert found == {
        "": ["real+classic", "real+gan+classic", "real+more+classic"],
        "deep_cnn": ["real+classic@deep_cnn", "real+gan+classic@deep_cnn"],
        "transfer": ["transfer", "transfer+gan"],
    }
    without = checked_arms(study_arms(("real", "transfer"), "folds", IMAGE))
    assert [sorted(names(checked)) for checked in without.values()] == [
        ["real+classic", "real+gan+classic"],
        ["transfer"],
    ]


def test_each_of_them_is_compared_with_itself_after_half_of_its_steps():
    arms = study_arms(DEFAULT_ARMS, "draw", IMAGE, ("deep_cnn",))
    halves = [arm.half() for checked in checked_arms(arms).values() for arm in checked]
    roles = pairs(names([*arms, *halves]))
    assert {arm: against for (arm, against), expected in roles.items() if expected == "converged"} == {
        half.whole().name: half.name for half in halves
    }
    assert ("real+classic", CONVERGENCE) in roles and "converged" not in pairs(names(arms)).values()


@pytest.mark.parametrize("protocol", ["draw", "folds"])
@pytest.mark.parametrize("asked", [("real",), ("real", "real+gan"), ("gan",), ()])
def test_the_primary_contrast_is_part_of_every_study(protocol, asked):
    # without it there is no answer, and notebook 05 would say so only after all the training
    assert set(PRIMARY) <= set(names(study_arms(asked, protocol, IMAGE)))


@pytest.mark.parametrize(
    ("asked", "against"),
    [
        ("real+gaussian", "real+gan"), ("real+mislabelled", "real+copies"), ("real+copies", "real"),
        ("real+gan", "real"), ("gan", "real"), ("real+interpolation", "real"), ("gaussian", "real"),
        ("real+copies+classic", "real+classic"), ("real+mislabelled+classic", "real+copies+classic"),
        ("real+interpolation+classic", "real+classic"),
    ],
)  # fmt: skip
def test_an_arm_brings_the_arm_that_it_is_compared_with(asked, against):
    arms = names(study_arms((asked,), "draw", IMAGE))
    assert against in arms
    assert (asked, against) in pairs(arms)


def test_resplit_has_half_against_whole_in_the_place_of_more():
    arms = names(study_arms(DEFAULT_ARMS, "folds", IMAGE))
    assert not [name for name in arms if "more" in name]
    assert pairs(arms)["real+classic", "fewer+classic"] == "helps"
    assert ("real+classic", "fewer+classic") not in pairs(names(study_arms(DEFAULT_ARMS, "draw", IMAGE)))
    assert pairs(names(study_arms(("fewer",), "folds", IMAGE)))["real", "fewer"] == "helps"


def test_the_curve_rises_in_real_items():
    assert curve_arms("draw") == ("fewer+classic", "real+classic", "real+more+classic")
    assert curve_arms("folds") == ("fewer+classic", "real+classic")


def test_an_unknown_arm_of_a_study_is_refused():
    with pytest.raises(InputError, match="real\\+gan"):
        study_arms(("real", "real+gna"), "draw", IMAGE)


def test_the_contrasts_of_the_default_study_are_those_of_the_table():
    assert pairs(names(study_arms(DEFAULT_ARMS, "draw", IMAGE))) == {
        ("real+gan+classic", "real+classic"): "primary",
        ("transfer", "real+gan+classic"): "secondary",
        ("transfer+gan", "transfer"): "secondary",
        ("transfer", "real+classic"): "exploratory",
        ("real+classic", "real"): "exploratory",
        ("real+gan", "real"): "exploratory",
        ("gan", "real"): "exploratory",
        ("gan", "gaussian"): "exploratory",
        ("real+interpolation+classic", "real+classic"): "yardstick",
        ("real+gaussian+classic", "real+classic"): "yardstick",
        ("real+gan+classic", "real+interpolation+classic"): "yardstick",
        ("real+gan+classic", "real+gaussian+classic"): "yardstick",
        ("real+copies+classic", "real+classic"): "no difference",
        ("real+mislabelled+classic", "real+copies+classic"): "hurts",
        ("real+more+classic", "real+classic"): "helps",
    }


def test_the_controls_without_classical_augmentation_are_there_for_those_who_ask_for_them():
    asked = ("real+gaussian", "real+copies", "real+mislabelled", "real+more")
    roles = pairs(names(study_arms(asked, "draw", IMAGE)))
    assert roles["real+gaussian", "real+gan"] == "exploratory" and roles["real+copies", "real"] == "no difference"
    assert roles["real+mislabelled", "real+copies"] == "hurts" and roles["real+more", "real"] == "helps"


def test_the_primary_contrast_comes_first_and_is_the_only_one():
    roles = [c.role for c in contrasts(names(study_arms(DEFAULT_ARMS, "draw", IMAGE)), IMAGE.nouns)]
    assert roles[0] == "primary" and roles.count("primary") == 1


def test_a_contrast_needs_both_of_its_arms():
    assert pairs(["real+gan+classic", "real"]) == {}
    assert pairs(["real", "real+classic"]) == {("real+classic", "real"): "exploratory"}


def test_a_new_generator_brings_its_arms_and_contrasts(monkeypatch):
    monkeypatch.setitem(IMAGE.controls, "flow", IMAGE.controls["gaussian"])
    asked = ("real", "real+flow", "real+flow+classic", "flow")
    arms = names(study_arms(asked, "draw", IMAGE))
    assert set(asked) <= set(arms)
    found = pairs(arms)
    assert found["real+flow", "real"] == "exploratory"
    assert found["real+flow+classic", "real+classic"] == "exploratory"
    assert parse_arm("flow").generator == "flow"


def test_an_arm_of_the_table_gets_no_second_contrast():
    arms = names(study_arms(DEFAULT_ARMS, "draw", IMAGE))
    compared = [(c.arm, c.against) for c in contrasts(arms, IMAGE.nouns)]
    assert len(set(compared)) == len(compared)
    assert ("real+gaussian", "real") not in compared and ("real+mislabelled", "real") not in compared


def test_an_arm_that_fine_tunes_on_another_source_is_compared_with_fine_tuning_alone():
    arms = names(study_arms(("transfer+gaussian",), "draw", IMAGE))
    assert pairs(arms)["transfer+gaussian", "transfer"] == "exploratory"


def test_further_classifiers_repeat_the_primary_contrast_with_a_check_of_their_own():
    arms = names(study_arms(("real",), "draw", IMAGE, ("deep_cnn", "resnet10t")))
    for other in ("deep_cnn", "resnet10t"):
        assert pairs(arms)[f"real+gan+classic@{other}", f"real+classic@{other}"] == "secondary"
        assert pairs(arms)[f"real+gan+classic@{other}", "real+classic"] == "exploratory"
    assert parse_arm("real+classic@deep_cnn@half").half_budget
    assert parse_arm("real+gan+classic@deep_cnn").without_items().name == "real+classic@deep_cnn"


# ---- ways to use made items ----


@pytest.mark.parametrize("amount", [*(f".{name}" for name in WAYS), ":6%", ":12%", ".mixed:12%"])
def test_every_way_comes_with_its_control_and_is_compared_with_it_and_with_the_real_items(amount):
    way, form = f"real+gan{amount}+classic", f"real+copies{amount}+classic"
    arms = names(study_arms((way,), "draw", IMAGE))
    roles = pairs(arms)
    assert form in arms and roles[way, "real+classic"] == roles[way, form] == "secondary"
    assert roles[way, PRIMARY[0]] == "exploratory" and roles[form, "real+classic"] == "yardstick"
    meant = {(c.arm, c.against): c.meaning for c in contrasts(arms, IMAGE.nouns)}
    assert all(word not in meaning for meaning in meant.values() for word in ("{", "None", "gan."))


def test_ways_alone_and_without_augmentation_are_shown_without_an_answer():
    roles = pairs(names(study_arms(("gan.mixed", "real+gan.fading"), "draw", IMAGE)))
    assert roles["gan.mixed", "real"] == roles["gan.mixed", "copies.mixed"] == "exploratory"
    assert roles["real+gan.fading", "real"] == roles["real+gan.fading", "real+copies.fading"] == "exploratory"


def test_copies_in_a_way_are_no_oversampling():
    arms = names(study_arms(("real+gan.before+classic",), "folds", IMAGE, balance=True))
    assert "real+copies.before+classic" in arms


def test_a_study_that_asks_for_no_way_has_none():
    assert not [arm for arm in study_arms(DEFAULT_ARMS, "draw", IMAGE) if arm.is_way]


def test_a_gan_that_learns_from_unlabelled_items_brings_these_without_a_gan_as_its_control():
    arms = names(
        study_arms(("real+gan.unlabelled+classic", "gan.unlabelled", "transfer+gan.unlabelled"), "draw", IMAGE)
    )
    assert {"real+pseudo+classic", "transfer+pseudo"} <= set(arms) and "pseudo" not in arms
    roles = pairs(arms)
    assert roles["real+gan.unlabelled+classic", "real+classic"] == "secondary"
    assert roles["real+gan.unlabelled+classic", "real+pseudo+classic"] == "secondary"
    assert roles["transfer+gan.unlabelled", "transfer+pseudo"] == "secondary"
    assert roles["real+gan.unlabelled+classic", "real+gan+classic"] == "exploratory"
    assert roles["gan.unlabelled", "real"] == "exploratory"
    assert roles["real+pseudo+classic", "real+classic"] == "yardstick"
    assert roles["real+pseudo+classic", "real+gan+classic"] == "exploratory"
    meant = {(c.arm, c.against): c.meaning for c in contrasts(arms, IMAGE.nouns)}
    assert meant["real+gan.unlabelled+classic", "real+pseudo+classic"] == (
        "GAN images, learnt from unlabelled ones as well, instead of the pseudo-labelled images themselves"
    )
    assert meant["real+pseudo+classic", "real+classic"] == "pseudo-labelled images: no GAN"


def test_pseudo_labelled_items_can_be_used_in_other_ways_and_fewer_of_them_beside_real_ones():
    arms = names(study_arms(("real+pseudo.before+classic", "real+pseudo:50+classic", "real+pseudo"), "draw", IMAGE))
    roles = pairs(arms)
    assert roles["real+pseudo.before+classic", "real+copies.before+classic"] == "secondary"
    assert roles["real+pseudo:50+classic", "real+classic"] == "yardstick"
    assert roles["real+pseudo", "real"] == "exploratory"
    for wrong in ("real+pseudo.hard", "real+pseudo.unlabelled", "real+copies.unlabelled", "real+pseudo.fresh"):
        with pytest.raises(InputError, match="there is no arm"):
            parse_arm(wrong, IMAGE)
