"""Arms: names, and what they stand for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import pytest

from gannb.generators.variations import VARIATIONS
from gannb.media import MEDIA
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.study.model import make_study
from gannb.study.written import is_sweep, read_yaml
from gannb.trials.arms import REAL_SOURCES, Arm, parse_arm, sources_of
from gannb.trials.contrasts import study_arms
from gannb.utils.errors import InputError
from tests.conftest import ROOT

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


@pytest.mark.parametrize("name", ["real+classic@half", "real@deep_cnn@half", "transfer+gan@half"])
def test_half_of_an_arm_is_never_asked_for_and_always_there(name):
    whole = name.removesuffix("@half")
    assert parse_arm(name).whole().name == whole and parse_arm(whole).half().name == name
    with pytest.raises(InputError) as error:
        parse_arm(name, IMAGE)
    assert str(error.value).endswith(f"half of its steps; use {whole}.") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "network"),
    [
        ("gan", ""),
        ("real+classic@deep_cnn@half", "deep_cnn"),
        ("transfer+gan", "transfer"),
        ("transfer@half", "transfer"),
    ],
)
def test_what_an_arm_trains_is_its_network(name, network):
    assert parse_arm(name).network == network


def test_half_is_the_same_recipe_with_half_of_the_steps():
    half, whole = parse_arm("real+classic@half"), parse_arm("real+classic")
    assert half.half_budget and not whole.half_budget
    assert (half.real, half.source, half.classic) == (whole.real, whole.source, whole.classic)


@pytest.mark.parametrize("source", sources_of(IMAGE))
def test_every_generator_has_its_arms(source):
    alone = () if source == "pseudo" else (source,)  # what labels them has learnt from the real ones
    for name in (*alone, f"real+{source}", f"real+{source}+classic"):
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
        "real@resnet18@resnet34", "transfer+classic", "transfer@deep_cnn", "transfer+more", "transfer+transfer",
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
        yield from (Arm(True, source, True, half, variation, dose, pretrained=True) for half in (True, False))


def possible() -> dict[str, Arm]:
    """By name, those of them that are arms of images."""
    found = {}
    for arm in every_arm():
        with suppress(InputError):
            found[arm.name] = parse_arm(arm.name) if parse_arm(arm.whole().name, IMAGE) else arm
    return found


def test_the_name_of_an_arm_gives_the_arm_and_no_two_arms_have_one_name(monkeypatch):
    monkeypatch.setattr("gannb.trials.arms._nearest", lambda name, medium: "")  # looking for it takes most of the time
    found = possible()
    assert len(found) > 1000 and {"real", "transfer@half", "gan.fresh:50+classic@deep_cnn@half"} <= set(found)
    assert all(arm.name == name and parse_arm(name) == arm for name, arm in found.items())
    assert len(set(found.values())) == len(found)


KEPT = [f for f in sorted((ROOT / "notebooks" / "studies").glob("*.yaml")) if not is_sweep(read_yaml(f))]


@pytest.mark.parametrize("study", KEPT, ids=lambda file: file.stem)
def test_so_it_is_for_the_arms_of_the_kept_studies_and_what_they_are_compared_with(study):
    asked = make_study(**{"data": "digits"} | read_yaml(study))
    medium = MEDIA[asked.medium]
    for protocol, balance in product(("draw", "folds"), (False, True)):
        arms = study_arms(asked.arms, protocol, medium, asked.classifier[1:], balance)
        assert all(parse_arm(arm.name, medium) == arm == parse_arm(arm.name) for arm in arms)


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


# ---- classes of unequal size ----


@pytest.mark.parametrize("wrong", ["oversampled", "real+weighted:5", "real+oversampled.truncated", "weighted+classic"])
def test_balancing_is_of_the_real_items_and_whole(wrong):
    with pytest.raises(InputError, match="arms: there is no arm"):
        parse_arm(wrong, IMAGE)


# ---- fine-tuning ----


def test_an_arm_that_fine_tunes_is_the_classic_one_with_a_pretrained_network():
    plain, with_gan = parse_arm("transfer"), parse_arm("transfer+gan.truncated:50")
    assert plain.pretrained and plain.real and plain.classic and plain.source is None
    assert (with_gan.generator, with_gan.variation, with_gan.dose) == ("gan", "truncated", 50)
    assert with_gan.pretrained and with_gan.without_items().name == "transfer"
    assert not parse_arm("real+classic").pretrained


# ---- ways to use made items ----


@pytest.mark.parametrize(
    ("name", "way", "share"),
    [
        ("real+gan.before+classic", "before", None), ("real+copies.fading", "fading", None),
        ("real+gan:12%+classic", "", 12), ("real+gan.mixed:6%+classic@deep_cnn", "mixed", 6),
        ("gan.hard:50", "hard", None), ("transfer+gan.taught", "taught", None),
        ("real+related.before+classic", "before", None),
    ],
)  # fmt: skip
def test_a_way_and_a_share_stand_behind_a_source(name, way, share):
    arm = parse_arm(name, IMAGE)
    assert (arm.way, arm.share, arm.name) == (way, share, name) and arm.is_way
    assert not arm.plain().is_way and not arm.without_items().is_way


@pytest.mark.parametrize(
    "wrong",
    [
        "gan.before", "copies.fading", "gan.apart",  # which take real items
        "transfer+gan.apart",  # batch norms of a pretrained network learn nothing
        "real+gaussian.mixed", "real+related.hard", "real+foreign.mixed",  # of which none can be chosen
        "real+mislabelled.taught", "real+more.before", "real+weighted.fading", "fewer.before",
        "gan:12%", "real+gan:0%", "real+gan:91%", "real+gan:12%%", "real+gan:50:6%", "real+more:6%", "real:6%",
    ],
)  # fmt: skip
def test_ways_and_shares_that_have_no_meaning_are_refused(wrong):
    with pytest.raises(InputError, match="arms: there is no arm"):
        parse_arm(wrong, IMAGE)


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("real+gan.mixd+classic", "real+gan.mixed+classic"), ("gan.before", "real+gan.before"),
        ("transfer+gan.apart", "transfer+gan"), ("real+gaussian.mixed", "real+gaussian"), ("gan:12%", "real+gan:12%"),
    ],
)  # fmt: skip
def test_the_nearest_arm_to_a_wrong_way_is_said(wrong, near):
    with pytest.raises(InputError) as error:
        parse_arm(wrong, IMAGE)
    assert str(error.value).endswith(f"did you mean {near}?")


def test_what_has_the_form_of_an_arm_without_a_gan_is_made_of_copies():
    forms = {name: parse_arm(name).without_gan().name for name in (
        "real+gan.before+classic", "transfer+gan.taught", "real+gan.mixed:50+classic@deep_cnn", "real+gan.cool:6%",
    )}  # fmt: skip
    assert forms == {
        "real+gan.before+classic": "real+copies.before+classic", "transfer+gan.taught": "transfer+copies.taught",
        "real+gan.mixed:50+classic@deep_cnn": "real+copies.mixed:50+classic@deep_cnn",
        "real+gan.cool:6%": "real+copies:6%",
    }  # fmt: skip
