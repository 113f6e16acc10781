"""Arms: names, what they stand for, and which is compared with which."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest

from gannb.classifiers.imbalance import BALANCING
from gannb.generators.variations import VARIATIONS
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.study.folder import read_yaml
from gannb.study.model import DEFAULT_ARMS, make_study
from gannb.trials.arms import BALANCED, CONVERGENCE, PRIMARY, REAL_SOURCES, Arm, parse_arm, sources_of
from gannb.trials.contrasts import contrasts, curve_arms, dose_arms, study_arms
from gannb.utils.errors import InputError
from tests.conftest import ROOT


def names(arms: list[Arm]) -> list[str]:
    return [arm.name for arm in arms]


def pairs(arms: list[str]) -> dict[tuple[str, str], str]:
    """(arm, against) -> role, with what is expected of a control."""
    return {(c.arm, c.against): c.expected or c.role for c in contrasts(arms, IMAGE.nouns)}


# ---- names ----


@pytest.mark.parametrize(
    ("name", "real", "source", "classic", "generator"),
    [
        ("real", True, None, False, None),
        ("real+classic", True, None, True, None),
        ("real+gan", True, "gan", False, "gan"),
        ("real+gan+classic", True, "gan", True, "gan"),
        ("gan", False, "gan", False, "gan"),
        ("gan+classic", False, "gan", True, "gan"),
        ("real+gaussian", True, "gaussian", False, "gaussian"),
        ("real+copies", True, "copies", False, "copies"),
        ("real+mislabelled", True, "mislabelled", False, "mislabelled"),
        ("real+more", True, "more", False, None),
        ("real+more+classic", True, "more", True, None),
        ("real+oversampled", True, "oversampled", False, None),
        ("real+weighted+classic", True, "weighted", True, None),
        ("fewer", False, "fewer", False, None),
        ("fewer+classic", False, "fewer", True, None),
    ],
)
def test_a_name_is_a_recipe(name, real, source, classic, generator):
    arm = parse_arm(name)
    assert (arm.name, arm.real, arm.source, arm.classic, arm.half_budget) == (name, real, source, classic, False)
    assert arm.generator == generator


def test_half_is_the_same_recipe_with_half_of_the_steps():
    half, whole = parse_arm("real+classic@half"), parse_arm("real+classic")
    assert half.half_budget and not whole.half_budget
    assert (half.real, half.source, half.classic) == (whole.real, whole.source, whole.classic)


@pytest.mark.parametrize("source", sources_of(IMAGE))
def test_every_generator_has_its_arms(source):
    for name in (source, f"real+{source}", f"real+{source}+classic"):
        assert parse_arm(name).generator == source


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("real+gna", "real+gan"), ("reall", "real"), ("real+clasic", "real+classic"),
        ("real+gan+clasic", "real+gan+classic"), ("real+mislabeled", "real+mislabelled"), ("real+copy", "real+copies"),
        ("real+interpolations", "real+interpolation"), ("real+wieghted+classic", "real+weighted+classic"),
    ],
)  # fmt: skip
def test_an_unknown_arm_is_refused_with_the_nearest_name(wrong, near):
    with pytest.raises(InputError) as error:
        parse_arm(wrong, IMAGE)
    assert str(error.value) == f"arms: there is no arm {wrong!r}; did you mean {near}?"


@pytest.mark.parametrize(
    "wrong",
    [
        "", "+", "classic", "real+", "real+real", "real+classic+gan", "real+gan+gaussian", "real@", "real@half@half",
        "real@resnet18@resnet34", "transfer+classic", "transfer@half", "transfer+more", "transfer+transfer",
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(wrong):
    with pytest.raises(InputError, match="arms: there is no arm"):
        parse_arm(wrong, IMAGE)


def test_an_arm_like_no_other_is_refused_with_the_rule():
    with pytest.raises(InputError) as error:
        parse_arm("qqq", IMAGE)
    assert "[real|transfer][+SOURCE[.VARIATION][:DOSE]][+classic]" in str(error.value)
    assert "gaussian" in str(error.value)


# ---- a name and its arm ----


def every_arm() -> Iterator[Arm]:
    """Arms of every form that there is."""
    sources = [None, *sources_of(IMAGE), *REAL_SOURCES]
    for source, variation, dose in product(sources, ["", *VARIATIONS], [None, 2, 50]):
        yield from (
            Arm(real, source, classic, half, variation, dose, False, classifier)
            for real, classic, half, classifier in product(
                [True, False], [True, False], [True, False], ["", "deep_cnn"]
            )
        )
        yield Arm(True, source, True, False, variation, dose, pretrained=True)


def possible() -> dict[str, Arm]:
    """By name, those of them that are arms of images."""
    found = {}
    for arm in every_arm():
        with suppress(InputError):
            found[arm.name] = parse_arm(arm.name, IMAGE)
    return found


def test_the_name_of_an_arm_gives_the_arm_and_no_two_arms_have_one_name():
    found = possible()
    assert len(found) > 1000 and {"real", "transfer+gan", "gan.fresh:50+classic@deep_cnn@half"} <= set(found)
    assert all(arm.name == name and parse_arm(name) == arm for name, arm in found.items())
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("study", sorted((ROOT / "notebooks" / "studies").glob("*.yaml")), ids=lambda file: file.stem)
def test_so_it_is_for_the_arms_of_the_kept_studies_and_what_they_are_compared_with(study):
    asked = make_study(**read_yaml(study) | {"data": "digits"})
    for protocol, balance in product(("draw", "resplit"), (False, True)):
        arms = study_arms(asked.arms, protocol, IMAGE, asked.classifier[1:], balance)
        assert all(parse_arm(arm.name, IMAGE) == arm == parse_arm(arm.name) for arm in arms)


def test_an_arm_that_differs_in_one_thing_is_made_by_a_method():
    arm = parse_arm("real+gan.truncated:50+classic")
    assert arm.with_source("mlp").name == "real+mlp.truncated:50+classic"
    assert arm.with_variation("").name == "real+gan:50+classic"
    assert arm.with_dose(None).name == "real+gan.truncated+classic" and arm.with_dose(7).dose == 7
    assert arm.without_items().name == "real+classic"
    assert arm.at("deep_cnn").half().name == "real+gan.truncated:50+classic@deep_cnn@half"
    assert parse_arm("transfer+gan").without_items().name == "transfer"
    assert parse_arm("gan+classic").with_source("copies").name == "copies+classic"


def test_without_a_medium_any_word_is_a_generator_and_a_recipe_is_still_one():
    assert parse_arm("real+whatever.averaged:5").generator == "whatever"
    for wrong in ("real+real", "real+transfer", "real+more:5", "real+gan.nothing", "real+gan:1"):
        with pytest.raises(InputError, match="arms: there is no arm"):
            parse_arm(wrong)


def test_names_are_read_without_importing_a_network():
    code = "import sys, gannb.trials.arms as a; a.parse_arm('real+gan'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- variations and doses ----


@pytest.mark.parametrize("variation", VARIATIONS)
@pytest.mark.parametrize("gan", ["gan", *FAMILIES])
def test_every_gan_has_its_variations(gan, variation):
    arm = parse_arm(f"real+{gan}.{variation}:50+classic")
    assert (arm.generator, arm.variation, arm.dose, arm.classic) == (gan, variation, 50, True)
    assert arm.with_variation("").name == f"real+{gan}:50+classic" and arm.without_items().name == "real+classic"


@pytest.mark.parametrize(
    "wrong",
    [
        "real+copies.truncated", "real+gan.", "real+gan.nothing", "real+gan:", "real+gan:0", "real+gan:1",
        "real+gan:2000000", "real+gan:-5", "real+gan:5:6", "real+more:5", "fewer.averaged", "real+gan:50.truncated",
        "real:50", "real+gan.truncated.averaged", "real+gan: 50",
    ],
)  # fmt: skip
def test_variations_and_doses_that_a_source_cannot_have_are_refused(wrong):
    with pytest.raises(InputError, match="arms: there is no arm"):
        parse_arm(wrong, IMAGE)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("real+gan.truncatd", "real+gan.truncated"), ("real+copies.truncated", "real+copies"),
        ("real+gan:0+classic", "real+gan+classic"), ("real+more:5", "real+more"), ("gan.fresch", "gan.fresh"),
    ],
)  # fmt: skip
def test_the_nearest_name_of_a_wrong_variation_or_dose_is_said(wrong, near):
    with pytest.raises(InputError, match=f"did you mean {near.replace('+', '[+]')}[?]"):
        parse_arm(wrong, IMAGE)


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


# ---- classes of unequal size ----


@pytest.mark.parametrize("way", BALANCING)
def test_each_way_to_balance_is_compared_with_the_real_items_and_with_what_adds_items(way):
    asked = (f"real+{way}", f"real+{way}+classic", "real+gan", "real+gaussian+classic", "real+copies+classic", "gan")
    roles = pairs(names(study_arms(asked, "resplit", IMAGE)))
    assert roles[f"real+{way}", "real"] == roles[f"real+{way}+classic", "real+classic"] == "exploratory"
    assert roles["real+gan+classic", f"real+{way}+classic"] == "secondary"
    assert roles["real+gan", f"real+{way}"] == roles["real+gaussian+classic", f"real+{way}+classic"] == "exploratory"
    against = [arm for arm, other in roles if way in other]
    assert sorted(against) == ["real+gan", "real+gan+classic", "real+gaussian+classic"]


def test_the_ways_to_balance_are_in_no_study_unasked():
    assert not [n for n in names(study_arms(DEFAULT_ARMS, "resplit", IMAGE)) if any(way in n for way in BALANCING)]


def test_where_generated_items_fill_up_the_smaller_classes_copies_are_oversampling():
    arms = names(study_arms((*DEFAULT_ARMS, "real+copies+classic", "copies"), "resplit", IMAGE, balance=True))
    assert {*BALANCED, "real+oversampled"} <= set(arms) and [n for n in arms if "copies" in n] == ["copies"]
    roles = pairs(arms)
    assert roles["real+oversampled", "real"] == roles["real+gan", "real+oversampled"] == "exploratory"
    assert roles["real+mislabelled", "real+oversampled"] == "hurts"
    assert [roles[PRIMARY[0], way] for way in BALANCED] == ["secondary"] * 2


def test_another_classifier_is_not_compared_with_what_balances_for_the_first():
    arms = names(study_arms(BALANCED, "resplit", IMAGE, others=("deep_cnn",)))
    against = [arm for arm, other in pairs(arms) if other in BALANCED]
    assert against == [PRIMARY[0]] * 2 and parse_arm(PRIMARY[0]).at("deep_cnn").name in arms


@pytest.mark.parametrize("wrong", ["oversampled", "real+weighted:5", "real+oversampled.truncated", "weighted+classic"])
def test_balancing_is_of_the_real_items_and_whole(wrong):
    with pytest.raises(InputError, match="arms: there is no arm"):
        parse_arm(wrong, IMAGE)


# ---- the arms of a study ----


def test_a_study_has_the_arms_asked_for_the_curve_and_the_check_of_convergence():
    arms = names(study_arms(DEFAULT_ARMS, "draw", IMAGE))
    assert arms[: len(DEFAULT_ARMS)] == list(DEFAULT_ARMS)
    assert {*curve_arms("draw"), CONVERGENCE} <= set(arms)
    assert len(set(arms)) == len(arms)


@pytest.mark.parametrize("protocol", ["draw", "resplit"])
@pytest.mark.parametrize("asked", [("real",), ("real", "real+gan"), ("gan",), ()])
def test_the_primary_contrast_is_part_of_every_study(protocol, asked):
    # without it there is no answer, and notebook 05 would say so only after all the training
    assert set(PRIMARY) <= set(names(study_arms(asked, protocol, IMAGE)))


@pytest.mark.parametrize(
    ("asked", "against"),
    [
        ("real+gaussian", "real+gan"), ("real+mislabelled", "real+copies"), ("real+copies", "real"),
        ("real+gan", "real"), ("gan", "real"), ("real+interpolation", "real"),
        ("real+interpolation+classic", "real+classic"),
    ],
)  # fmt: skip
def test_an_arm_brings_the_arm_that_it_is_compared_with(asked, against):
    arms = names(study_arms((asked,), "draw", IMAGE))
    assert against in arms
    assert (asked, against) in pairs(arms)


def test_resplit_has_half_against_whole_in_the_place_of_more():
    arms = names(study_arms(DEFAULT_ARMS, "resplit", IMAGE))
    assert not [name for name in arms if "more" in name]
    assert pairs(arms)["real", "fewer"] == "helps"
    assert "fewer" not in names(study_arms(DEFAULT_ARMS, "draw", IMAGE))


def test_the_curve_rises_in_real_items():
    assert curve_arms("draw") == ("fewer+classic", "real+classic", "real+more+classic")
    assert curve_arms("resplit") == ("fewer+classic", "real+classic")


def test_an_unknown_arm_of_a_study_is_refused():
    with pytest.raises(InputError, match="real\\+gan"):
        study_arms(("real", "real+gna"), "draw", IMAGE)


# ---- contrasts ----


def test_the_contrasts_of_the_default_study_are_those_of_the_table():
    assert pairs(names(study_arms(DEFAULT_ARMS, "draw", IMAGE))) == {
        ("real+gan+classic", "real+classic"): "primary",
        ("transfer", "real+gan+classic"): "secondary",
        ("transfer+gan", "transfer"): "secondary",
        ("transfer", "real+classic"): "exploratory",
        ("real+classic", "real"): "exploratory",
        ("real+gan", "real"): "exploratory",
        ("gan", "real"): "exploratory",
        ("real+gaussian", "real+gan"): "exploratory",
        ("real+copies", "real"): "no difference",
        ("real+mislabelled", "real+copies"): "hurts",
        ("real+more", "real"): "helps",
        ("real+classic", CONVERGENCE): "no difference",
    }


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


# ---- fine-tuning and other classifiers ----


def test_an_arm_that_fine_tunes_is_the_classic_one_with_a_pretrained_network():
    plain, with_gan = parse_arm("transfer"), parse_arm("transfer+gan.truncated:50")
    assert plain.pretrained and plain.real and plain.classic and plain.source is None
    assert (with_gan.generator, with_gan.variation, with_gan.dose) == ("gan", "truncated", 50)
    assert with_gan.pretrained and with_gan.without_items().name == "transfer"
    assert not parse_arm("real+classic").pretrained


def test_an_arm_that_fine_tunes_on_another_source_is_compared_with_fine_tuning_alone():
    arms = names(study_arms(("transfer+gaussian",), "draw", IMAGE))
    assert pairs(arms)["transfer+gaussian", "transfer"] == "exploratory"


def test_further_classifiers_repeat_the_primary_contrast_with_a_check_of_their_own():
    arms = names(study_arms(("real",), "draw", IMAGE, ("deep_cnn", "resnet10t")))
    for other in ("deep_cnn", "resnet10t"):
        assert pairs(arms)[f"real+gan+classic@{other}", f"real+classic@{other}"] == "secondary"
        assert pairs(arms)[f"real+gan+classic@{other}", "real+classic"] == "exploratory"
        assert pairs(arms)[f"real+classic@{other}", f"real+classic@{other}@half"] == "no difference"
    assert parse_arm("real+classic@deep_cnn@half").half_budget
    assert parse_arm("real+gan+classic@deep_cnn").without_items().name == "real+classic@deep_cnn"
