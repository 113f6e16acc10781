"""Which arms a study has, and which is compared with which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gannb.classifiers.imbalance import BALANCING
from gannb.classifiers.ways import WAYS
from gannb.generators.variations import VARIATIONS
from gannb.trials.arms import (
    BALANCED,
    COPIES,
    EXTERNAL_WORDS,
    FOREIGN,
    MORE,
    OF_ONE_MEDIUM,
    PRETRAINED,
    PRIMARY,
    PSEUDO,
    YARDSTICKS,
    Arm,
    external_text,
    parse_arm,
)

if TYPE_CHECKING:
    from gannb.data.medium import Medium, Nouns


@dataclass(frozen=True)
class Contrast:
    """An arm, the arm that differs from it in one thing, and what the comparison is for."""

    arm: str
    against: str
    role: str  # primary | secondary | yardstick | exploratory | control
    expected: str = ""  # of a control: "helps" | "hurts" | "no difference" | "converged"
    meaning: str = ""  # in words, for the report; in the table below `{many}` stands for the items


BLENDS, GAUSSIAN, *_ = YARDSTICKS
UNASKED = ("fewer", "fewer+classic", "gaussian")  # what no arm brings into a study by being compared with it
CONTRASTS = (
    Contrast(*PRIMARY, "primary", meaning="GAN {many} on top of classical augmentation"),
    Contrast(BLENDS, PRIMARY[1], "yardstick", meaning="blends of two {many}, without any GAN"),
    Contrast(GAUSSIAN, PRIMARY[1], "yardstick", meaning="{many} drawn from a Gaussian, without any GAN"),
    Contrast(PRIMARY[0], BLENDS, "yardstick", meaning="GAN {many} instead of blends of two"),
    Contrast(PRIMARY[0], GAUSSIAN, "yardstick", meaning="GAN {many} instead of those of a Gaussian"),
    *(
        each
        for source, whose in OF_ONE_MEDIUM.items()
        for each in (
            Contrast(f"real+{source}+classic", PRIMARY[1], "yardstick", meaning=f"{{many}} {whose}"),
            Contrast(
                PRIMARY[0], f"real+{source}+classic", "yardstick", meaning=f"GAN {{many}} instead of those {whose}"
            ),
        )
    ),
    Contrast("transfer", PRIMARY[0], "secondary", meaning="{transfer} instead of GAN {many}"),
    Contrast("transfer+gan", "transfer", "secondary", meaning="GAN {many} for a pretrained network"),
    Contrast("transfer", PRIMARY[1], "exploratory", meaning="{transfer}"),
    Contrast("real+classic", "real", "exploratory", meaning="classical augmentation"),
    Contrast("real+gan", "real", "exploratory", meaning="GAN {many} without classical augmentation"),
    Contrast("gan", "real", "exploratory", meaning="GAN {many} alone (CAS) instead of the real ones"),
    Contrast("gan", "gaussian", "exploratory", meaning="a GAN's {many} alone instead of a Gaussian's"),
    Contrast("real+gaussian", "real+gan", "exploratory", meaning="a Gaussian's mean and variance instead of a GAN"),
    Contrast("real+copies+classic", PRIMARY[1], "control", "no difference", "every item repeated equally often"),
    Contrast("real+mislabelled+classic", "real+copies+classic", "control", "hurts", "copies with wrong labels"),
    Contrast(MORE, PRIMARY[1], "control", "helps", "as many real {many} again"),
    Contrast(PRIMARY[1], "fewer+classic", "control", "helps", "the whole train side instead of half of it"),
    Contrast("real+copies", "real", "control", "no difference", "every item repeated equally often"),
    Contrast("real+mislabelled", "real+copies", "control", "hurts", "copies with wrong labels"),
    Contrast("real+more", "real", "control", "helps", "as many real {many} again"),
    Contrast("real", "fewer", "control", "helps", "the whole train side instead of half of it"),
)
# Where copies are oversampling, since generated items only fill up the smaller classes:
MISLABELLED = tuple(
    Contrast(f"real+mislabelled{classic}", f"real+oversampled{classic}", "control", "hurts", "copies with wrong labels")
    for classic in ("", "+classic")
)


def dose_arms(doses: tuple[int, ...]) -> tuple[str, ...]:
    """Return the arms of the dose response, by rising number of items per class; the largest is the primary arm."""
    return tuple(parse_arm(PRIMARY[0]).with_dose(dose).name for dose in doses[:-1])


def study_arms(
    asked: tuple[str, ...], protocol: str, medium: Medium, others: tuple[str, ...] = (), balance: bool = False
) -> list[Arm]:
    """Return the arms of a study: those asked for, what they are compared with, and the real-only curve.

    medium: the study's, which says what generators an arm may have.
    others: classifiers besides the study's first one, for which the primary contrast is repeated, beside real items
    again in the places of the GAN's.
    `real+more` has no meaning where nothing is left in reserve, but in draws; half against whole takes its place.
    What uses made items in another way, or in another share, brings what has the same form without a GAN; what comes
    from a GAN that has learnt from others as well brings these.
    balance: generated items only fill up the smaller classes. What fills them up without a generator is then part of
    the study, and copies, which would be no control without effect, go by the name of what they are: oversampling.

    Raises:
        InputError: a name is no arm of this medium.
    """
    wanted = [parse_arm(name, medium) for name in asked]
    names = [arm.name for arm in wanted if arm.source != "more" or protocol == "draw"] + list(PRIMARY)
    names += [c.against for c in CONTRASTS if c.arm in names and not _is_extra(c)]
    names += [arm.without_gan().name for arm in map(parse_arm, names) if arm.is_way]
    learnt = [arm.what_it_learnt() for arm in map(parse_arm, names) if arm.learns_more and arm.real]
    names += [each.name for arm in learnt for each in (arm, *([arm.without_gan()] if arm.is_way else []))]
    names += BALANCED if balance else ()
    adding = [arm for arm in map(parse_arm, names) if arm.generator or arm.source in BALANCING]
    names += [arm.without_items().name for arm in adding]
    names += curve_arms(protocol)
    names += [parse_arm(arm).at(other).name for other in others for arm in (*PRIMARY, f"real+{COPIES}+classic")]
    arms = map(parse_arm, names)
    return list(dict.fromkeys(map(_filling_up, arms) if balance else arms))


def _is_extra(contrast: Contrast) -> bool:
    """Tell whether an arm is compared with another only where that is there for its own sake."""
    return contrast.against in UNASKED or (contrast.arm, contrast.role) == (PRIMARY[0], "yardstick")


def checked_arms(arms: Sequence[Arm]) -> dict[str, list[Arm]]:
    """Return the arms, by network (`Arm.network`), by which it is seen whether that network has converged."""
    others = [network for network in dict.fromkeys(arm.network for arm in arms) if network not in ("", PRETRAINED)]
    names = {"": [*PRIMARY, MORE]} | {other: [f"{arm}@{other}" for arm in PRIMARY] for other in others}
    names |= {PRETRAINED: [PRETRAINED, f"{PRETRAINED}+gan"]}
    found = {network: [arm for arm in arms if arm.name in checked] for network, checked in names.items()}
    return {network: checked for network, checked in found.items() if checked}


def _filling_up(arm: Arm) -> Arm:
    """Return what an arm is where the items that are added to the real ones fill up the smaller classes."""
    fills_up = arm.real and arm.generator == COPIES and arm == arm.plain() and not arm.pretrained
    return arm.with_source("oversampled") if fills_up else arm


def curve_arms(protocol: str) -> tuple[str, ...]:
    """Return the arms of the real-only learning curve, by rising number of real items."""
    return ("fewer+classic", "real+classic", MORE)[: 3 if protocol == "draw" else 2]


def contrasts(arms: list[str], nouns: Nouns) -> list[Contrast]:
    """Return the contrasts whose two arms are there, the primary first; a new source gets its own.

    nouns: what the items are called, for the meanings.
    """
    words = {"many": nouns.many, "transfer": nouns.transfer}
    table = [replace(c, meaning=c.meaning.format(**words)) for c in (*CONTRASTS, *MISLABELLED)]
    if MORE in arms:  # which is the better control than half of the draw
        table = [c for c in table if c.against != "fewer+classic"]
    known = [c for c in table if c.arm in arms and c.against in arms] + _by_depth(arms, nouns) + _converged(arms)
    compared = {c.arm for c in CONTRASTS} | {arm for c in known for arm in (c.arm, c.against)}
    own = [c for c in _from_recipe(arms, nouns) if c.arm not in compared]
    own += [*_of_ways(arms, nouns), *_of_more(arms, nouns)]
    return [*known, *own, *_of_balancing(arms, [*known, *own])]


def _converged(arms: list[str]) -> list[Contrast]:
    """Return the controls that more steps would not have changed an arm: all of its steps against half of them."""
    halves = {arm: parse_arm(arm).half().name for arm in arms}
    return [
        Contrast(arm, half, "control", "converged", f"{arm}: all of the steps instead of half")
        for arm, half in halves.items()
        if half in arms and half != arm
    ]


def _by_depth(arms: list[str], nouns: Nouns) -> list[Contrast]:
    """Return the contrasts of the classifiers besides the study's first one."""
    others = dict.fromkeys(parse_arm(arm).classifier for arm in arms)
    further = []
    for other in filter(None, others):
        with_gan, without = (parse_arm(arm).at(other).name for arm in PRIMARY)
        again, many = parse_arm(with_gan).with_source(COPIES).name, nouns.many
        further += [
            Contrast(with_gan, without, "secondary", meaning=f"GAN {nouns.many} for {other}"),
            Contrast(
                with_gan, PRIMARY[1], "exploratory", meaning=f"{other} with GAN {nouns.many}, the other without"
            ),
            Contrast(without, PRIMARY[1], "exploratory", meaning=f"{other} instead of the first classifier"),
            Contrast(
                with_gan, again, "exploratory", meaning=f"GAN {many} instead of real {many} again for {other}"
            ),
        ]  # fmt: skip
    return [c for c in further if c.arm in arms and c.against in arms]


def _from_recipe(arms: list[str], nouns: Nouns) -> list[Contrast]:
    """Return, for arms with generated items, the contrasts with the real items alone and with the (plain) GAN's."""
    own = []
    for arm in (parse_arm(a) for a in arms):
        if not arm.generator or arm.half_budget or arm.is_way or _is_of_more(arm):
            continue
        alone, plain, gan = arm.without_items().name, arm.with_variation("").name, arm.with_source("gan").name
        if alone in arms:
            own.append(Contrast(arm.name, alone, "exploratory", meaning=_meaning(arm, nouns)))
        if arm.variation and plain in arms:
            adds = f"{VARIATIONS[arm.variation]}, against the plain {arm.source}"
            own.append(Contrast(arm.name, plain, "exploratory", meaning=adds))
        if arm.source in EXTERNAL_WORDS and arm.real and gan in arms:
            meaning = f"{external_text(arm.source, nouns)} instead of the GAN's"
            own.append(Contrast(arm.name, gan, "exploratory", meaning=meaning))
    return own


def _of_ways(arms: list[str], nouns: Nouns) -> list[Contrast]:
    """Return what arms that use made items in another way are compared with: without, without a GAN, as they are.

    With answers where one could take an arm: whether the way is worth it, and whether that is due to the GAN.
    """
    found = []
    for arm in (arm for arm in map(parse_arm, arms) if arm.is_way and not arm.half_budget):
        without, to_take = arm.without_items().name, arm.real and arm.classic
        again = "mixup" if arm.way == "mixed" else f"real {nouns.many} again"
        if arm.source == COPIES:
            role, meaning = "yardstick" if to_take else "exploratory", ", ".join([again, *_used(arm)])
            found.append(Contrast(arm.name, without, role, meaning=f"{meaning}: no GAN"))
            continue
        role, plain = "secondary" if to_take else "exploratory", _meaning(arm.plain(), nouns)
        used, usual = ", ".join(_used(arm)), "as they are" if arm.way else "the study's share"
        found.append(Contrast(arm.name, without, role, meaning=f"{plain}, {used}"))
        found.append(Contrast(arm.name, arm.without_gan().name, role, meaning=f"{plain} instead of {again}, {used}"))
        found.append(Contrast(arm.name, arm.plain().name, "exploratory", meaning=f"{plain}, {used}, not {usual}"))
    return [c for c in found if c.against in arms]


def _is_of_more(arm: Arm) -> bool:
    """Tell whether an arm has, beside real items, those of a GAN that learns from others as well, or pseudo-labels."""
    return arm.real and (arm.learns_more or arm.source == PSEUDO) and not arm.is_way and not arm.half_budget


def _of_more(arms: list[str], nouns: Nouns) -> list[Contrast]:
    """Return what arms are compared with whose GAN has learnt from others as well, and pseudo-labelled items.

    With answers where one could take an arm: whether such a GAN is worth it, and whether that is due to the GAN, or to
    what it has learnt from, which can be had without one of the draw. Pseudo-labelled items alone are a yardstick.
    """
    found = []
    for arm in filter(_is_of_more, map(parse_arm, arms)):
        role, gan = "secondary" if arm.classic else "exploratory", f"GAN {nouns.many}"
        without, what, of_gan = arm.without_items().name, _meaning(arm, nouns), arm.plain().with_source("gan").name
        if arm.source == PSEUDO:
            role = "yardstick" if arm.classic else "exploratory"
            found.append(Contrast(arm.name, without, role, meaning=f"{what}: no GAN"))
            found.append(Contrast(arm.name, of_gan, "exploratory", meaning=f"{what}, not {gan}"))
            continue
        learnt = arm.what_it_learnt()
        found.append(Contrast(arm.name, without, role, meaning=what))
        found.append(Contrast(arm.name, learnt.name, role, meaning=f"{what}, {_instead(learnt, nouns)}"))
        plain = of_gan if arm.source == FOREIGN else arm.plain().name
        found.append(Contrast(arm.name, plain, "exploratory", meaning=f"{what}, not from the draw alone"))
    return [c for c in found if c.against in arms]


def _instead(learnt: Arm, nouns: Nouns) -> str:
    """Return in words what takes the place of items that the GAN of a draw makes, having learnt from it."""
    if learnt.source == FOREIGN:
        return "not as they came"
    return f"instead of the {', '.join([external_text(str(learnt.source), nouns), *_used(learnt)])} themselves"


def _used(arm: Arm) -> list[str]:
    """Return in few words how an arm uses made items: a figure has little room for them."""
    return [*([WAYS[arm.way].label] if arm.way else []), *_amount(arm)]


def control_text(arm: Arm, nouns: Nouns) -> str:
    """Return in words what has the form of an arm, its way and its share, without a GAN."""
    same = WAYS[arm.way].control if arm.way else "real {many} again"
    return ", ".join([same.format(many=nouns.many), *_amount(arm)])


def details_of(arm: Arm) -> list[str]:
    """Return in words how an arm takes and uses made items, where that is not as the plain arm does."""
    words = VARIATIONS | {name: way.words for name, way in WAYS.items()}
    return [*([words[arm.variation]] if arm.variation else []), *_amount(arm)]


def _meaning(arm: Arm, nouns: Nouns) -> str:
    """Return in words what an arm has that the real items alone have not."""
    if arm.source in EXTERNAL_WORDS:
        what, ours = external_text(arm.source, nouns), "the draw's"
    else:
        what, ours = f"GAN {nouns.many}" if arm.source == "gan" else f"items from {arm.source}", "the real ones"
    return ", ".join([what if arm.real else f"{what} alone instead of {ours}", *details_of(arm)])


def _amount(arm: Arm) -> list[str]:
    """Return in words how many made items an arm takes, where that is not what the study has."""
    if arm.share:
        return [f"{arm.share}% of each batch"]
    return [f"{arm.dose:,} per class"] if arm.dose else []


def _of_balancing(arms: list[str], others: list[Contrast]) -> list[Contrast]:
    """Return the contrasts with the arms that balance the classes without a generator.

    Each of them with the real items as they are; and what adds generated items to the real ones with each of them: that
    is what a generator has to beat, so for the primary arm it is a secondary contrast, with an answer.
    """
    ways = [arm for arm in map(parse_arm, arms) if arm.source in BALANCING and not arm.half_budget]
    alone = {way.name: way.without_items().name for way in ways}
    plain = [Contrast(way.name, alone[way.name], "exploratory", meaning=BALANCING[str(way.source)][0]) for way in ways]
    against_each = [
        replace(
            c, against=way.name, role="secondary" if c.arm == PRIMARY[0] else "exploratory",
            meaning=f"{c.meaning}, against {BALANCING[str(way.source)][1]}",
        )
        for way in ways
        for c in others
        if c.against == alone[way.name] and _adds_items(parse_arm(c.arm), way.classifier)
    ]  # fmt: skip
    return [c for c in plain if c.against in arms] + against_each


def _adds_items(arm: Arm, classifier: str) -> bool:
    """Tell whether an arm adds to the real items what is not just those again, for a given classifier."""
    return arm.real and arm.generator not in (None, "copies") and arm.classifier == classifier
