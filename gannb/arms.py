"""Arms: names, what they train on, and which is compared with which.

An arm's name is its recipe, `[real][+SOURCE][+classic]`, or a source alone: `real+gan+classic`, `gan`, `real+more`.
`transfer[+SOURCE]` is `real[+SOURCE]+classic` with a pretrained network, fine-tuned, in the place of the classifier.
A source is any generator's name (`gan` stands for the study's family), or one of the real ones: `real+more` (the draw
and as many items again from the trial's reserve), `fewer` (half of the draw), and what can be done about classes of
unequal size without a generator, `real+oversampled` and `real+weighted` (see `imbalance.py`). `@half` behind a name is
the same recipe with half of the optimiser steps, `@NETWORK` with another classifier (`real+classic@deep_cnn`). A new
generator brings all its arms with no code here.

Behind a generator's name may stand `.VARIATION`, what is done after the training of a GAN (`gan.truncated`, see
`generators/after.py`), and `:DOSE`, fewer items per class than the study makes (`real+gan:50+classic`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gannb.errors import InputError
from gannb.generators import GENERATORS
from gannb.generators.after import VARIATIONS
from gannb.generators.families import FAMILIES
from gannb.generators.outside import OUTSIDE
from gannb.study import DOSES
from gannb.words import nearest

BALANCING = {  # what can be done about classes of unequal size without a generator, and what it is called
    "oversampled": ("items of the smaller classes repeated", "oversampling"),
    "weighted": ("errors on smaller classes count for more", "class weights"),
}
REAL_SOURCES = ("more", "fewer", *BALANCING)
PRIMARY = ("real+gan+classic", "real+classic")
CONVERGENCE = "real+classic@half"  # shows that real+classic had reached its plateau
BALANCED = tuple(f"real+{way}+classic" for way in BALANCING)  # what generated items for small classes have to beat
FROM_OUTSIDE = {  # in words, what an arm has of a source from outside
    "foreign": "a foreign GAN's images",
    "related": "related real images",
}
SOURCE = re.compile(r"(\w+)(?:\.(\w+))?(?::([1-9]\d*))?", re.ASCII)  # name, variation, dose


@dataclass(frozen=True)
class Arm:
    """One way to train the classifier in a trial."""

    name: str
    real: bool  # the draw's items are in it
    source: str | None  # what else is in it
    classic: bool  # classical augmentation
    half_budget: bool = False  # half of the optimiser steps
    variation: str = ""  # what is done after the training of a GAN; empty: nothing
    dose: int | None = None  # items per class that it takes; None: as many as the study makes
    pretrained: bool = False  # fine-tunes a pretrained network
    classifier: str = ""  # the network that it trains in the place of the study's first one; empty: that one

    @property
    def generator(self) -> str | None:
        """The generator whose items it trains on, by name; `gan` for the study's family."""
        return self.source if self.source and self.source not in REAL_SOURCES else None

    @property
    def without_variation(self) -> str:
        """The name of the arm that differs in the variation alone: `real+gan.truncated` -> `real+gan`."""
        return self.name.replace(f".{self.variation}", "") if self.variation else self.name

    @property
    def without_items(self) -> str:
        """The name of the arm that has the draw alone, without what this one adds to it: `real`, `transfer` ..."""
        if self.pretrained:
            return "transfer"
        return ("real+classic" if self.classic else "real") + (f"@{self.classifier}" if self.classifier else "")


@dataclass(frozen=True)
class Contrast:
    """An arm, the arm that differs from it in one thing, and what the comparison is for."""

    arm: str
    against: str
    role: str  # primary | secondary | exploratory | control
    expected: str = ""  # of a control: "helps" | "hurts" | "no difference"
    meaning: str = ""  # in words, for the report


CONTRASTS = (
    Contrast(*PRIMARY, "primary", meaning="GAN images on top of classical augmentation"),
    Contrast("transfer", PRIMARY[0], "secondary", meaning="fine-tuning a pretrained network instead of GAN images"),
    Contrast("transfer+gan", "transfer", "secondary", meaning="GAN images for a pretrained network"),
    Contrast("transfer", PRIMARY[1], "exploratory", meaning="fine-tuning a pretrained network"),
    Contrast("real+classic", "real", "exploratory", meaning="classical augmentation"),
    Contrast("real+gan", "real", "exploratory", meaning="GAN images without classical augmentation"),
    Contrast("gan", "real", "exploratory", meaning="GAN images alone (CAS) instead of the real ones"),
    Contrast("real+gaussian", "real+gan", "exploratory", meaning="a Gaussian's mean and variance instead of a GAN"),
    Contrast("real+copies", "real", "control", "no difference", "every item repeated equally often"),
    Contrast("real+mislabelled", "real+copies", "control", "hurts", "copies with wrong labels"),
    Contrast("real+more", "real", "control", "helps", "as many real images again"),
    Contrast("real", "fewer", "control", "helps", "the whole train side instead of half of it"),
    Contrast("real+classic", CONVERGENCE, "control", "no difference", "the full number of steps instead of half"),
)
# Where copies are oversampling, since generated items only fill up the smaller classes:
MISLABELLED = Contrast("real+mislabelled", "real+oversampled", "control", "hurts", "copies with wrong labels")


def parse_arm(name: str) -> Arm:
    """Return the arm of a name.

    Raises:
        InputError: the name is no recipe; says the nearest that is.
    """
    arm = _parse(name)
    if arm is None:
        sources = ", ".join(["gan", *GENERATORS, *REAL_SOURCES])
        rule = f"an arm is [real|transfer][+SOURCE[.VARIATION][:DOSE]][+classic], SOURCE {sources}."
        raise InputError(f"arms: there is no arm {name!r}; {_nearest(name) or rule}")
    return arm


def _parse(name: str) -> Arm | None:
    recipe, *behind = name.split("@")
    half = behind[-1:] == ["half"]
    classifier = behind[: len(behind) - half]
    first, *rest = recipe.split("+")
    classic = rest[-1:] == ["classic"]
    rest, pretrained = rest[: len(rest) - classic], first == "transfer"
    if first not in ("real", "transfer"):
        first, rest = "", [first, *rest]
    named_badly = "" in behind or "half" in classifier or len(classifier) > 1
    if named_badly or (pretrained and (classic or behind)) or len(rest) > 1 or not (first or rest):
        return None
    shared = {
        "classic": classic or pretrained, "half_budget": half, "pretrained": pretrained,
        "classifier": "".join(classifier),
    }  # fmt: skip
    if not rest:
        return Arm(name, True, None, **shared)
    found = SOURCE.fullmatch(rest[0])
    source, variation, dose = found.groups(default="") if found else ("", "", "")
    arm = Arm(name, bool(first), source, variation=variation, dose=int(dose) if dose else None, **shared)
    return arm if _is_possible(arm) else None


def _is_possible(arm: Arm) -> bool:
    """Tell whether an arm's source is there, beside the right items, and can be had in this way."""
    if arm.source in REAL_SOURCES and arm.pretrained:
        return False
    if arm.source in REAL_SOURCES:
        return arm.real == (arm.source != "fewer") and not arm.variation and arm.dose is None
    if arm.variation and not (arm.source in _gans() and arm.variation in VARIATIONS):
        return False
    return arm.source in ("gan", *GENERATORS) and (arm.dose is None or DOSES[0] <= arm.dose <= DOSES[1])


def _gans() -> tuple[str, ...]:
    return ("gan", *FAMILIES)


def _nearest(name: str) -> str:
    """Return the hint at the arm nearest to a name that is none: without what its source cannot have, else by spelling.

    Empty where none is near.
    """
    bare = re.sub(r"\.\w*|:\w*", "", name)
    if bare != name and (arm := _parse(bare)):
        ways = [bare] + [bare.replace(str(arm.source), f"{arm.source}.{v}") for v in VARIATIONS]
        return nearest(name, [way for way in ways if _parse(way)])
    made = ["gan", *GENERATORS, *(f"{gan}.{variation}" for gan in _gans() for variation in VARIATIONS)]
    added = [*made, "more", *BALANCING]
    known = [c.arm for c in CONTRASTS] + [f"real+{s}" for s in added] + made
    known += [f"real+{s}+classic" for s in added] + [f"transfer+{s}" for s in made]
    return nearest(name, known)


def dose_arms(doses: tuple[int, ...]) -> tuple[str, ...]:
    """Return the arms of the dose response, by rising number of items per class; the largest is the primary arm."""
    return tuple(PRIMARY[0].replace("gan", f"gan:{dose}") for dose in doses[:-1])


def study_arms(asked: tuple[str, ...], protocol: str, others: tuple[str, ...] = (), balance: bool = False) -> list[Arm]:
    """Return the arms of a study: those asked for, what they are compared with, and the real-only curve.

    others: classifiers besides the study's first one, for which the primary contrast is repeated.
    `real+more` has no meaning in resplit, where nothing is left in reserve; half against whole takes its place.
    balance: generated items only fill up the smaller classes. What fills them up without a generator is then part of
    the study, and copies, which would be no control without effect, go by the name of what they are: oversampling.
    """
    names = [n for n in asked if parse_arm(n).source != "more" or protocol == "draw"] + list(PRIMARY)
    names += [c.against for c in CONTRASTS if c.arm in names and c.against != "fewer"]
    names += BALANCED if balance else ()
    names += [arm.without_items for arm in map(parse_arm, names) if arm.generator or arm.source in BALANCING]
    if protocol == "resplit":
        names += ["fewer"]
    names += [*curve_arms(protocol), CONVERGENCE]
    names += [with_classifier(arm, other) for other in others for arm in (*PRIMARY, CONVERGENCE)]
    names = map(_filling_up, names) if balance else names
    return [parse_arm(n) for n in dict.fromkeys(names)]


def _filling_up(name: str) -> str:
    """Return what an arm is called where the items that are added to the real ones fill up the smaller classes."""
    arm = parse_arm(name)
    fills_up = arm.real and arm.generator == "copies" and arm.dose is None and not arm.pretrained
    return name.replace("copies", "oversampled") if fills_up else name


def with_classifier(arm: str, other: str) -> str:
    """Return the name of an arm with another classifier: `real+classic@half` -> `real+classic@deep_cnn@half`."""
    recipe, at, behind = arm.partition("@")
    return f"{recipe}@{other}{at}{behind}"


def curve_arms(protocol: str) -> tuple[str, ...]:
    """Return the arms of the real-only learning curve, by rising number of real items."""
    return ("fewer+classic", "real+classic", "real+more+classic")[: 3 if protocol == "draw" else 2]


def contrasts(arms: list[str]) -> list[Contrast]:
    """Return the contrasts whose two arms are there, the primary first; a new source gets its own."""
    known = [c for c in (*CONTRASTS, MISLABELLED) if c.arm in arms and c.against in arms] + _by_depth(arms)
    paired = {(c.arm, c.against) for c in known} | {("real+more+classic", "real+classic")}
    compared = {arm for c in (*CONTRASTS, *known) for arm in (c.arm, c.against)}
    found = known + [c for c in _from_recipe(arms) if (c.arm, c.against) not in paired and c.arm not in compared]
    return found + _of_balancing(arms, found)


def _by_depth(arms: list[str]) -> list[Contrast]:
    """Return the contrasts of the classifiers besides the study's first one."""
    others = dict.fromkeys(parse_arm(arm).classifier for arm in arms)
    found = []
    for other in filter(None, others):
        with_gan, without, half = (with_classifier(arm, other) for arm in (*PRIMARY, CONVERGENCE))
        found += [
            Contrast(with_gan, without, "secondary", meaning=f"GAN images for {other}"),
            Contrast(with_gan, PRIMARY[1], "exploratory", meaning=f"{other} with GAN images, the other without"),
            Contrast(without, PRIMARY[1], "exploratory", meaning=f"{other} instead of the first classifier"),
            Contrast(without, half, "control", "no difference", f"the full number of steps of {other} instead of half"),
        ]
    return [c for c in found if c.arm in arms and c.against in arms]


def _from_recipe(arms: list[str]) -> list[Contrast]:
    """Return, for arms with generated items, the contrasts with the real items alone and with the (plain) GAN's."""
    found = []
    for arm in (parse_arm(a) for a in arms):
        if not arm.generator or arm.half_budget:
            continue
        if arm.without_items in arms:
            found.append(Contrast(arm.name, arm.without_items, "exploratory", meaning=_meaning(arm)))
        if arm.variation and arm.without_variation in arms:
            adds = f"{VARIATIONS[arm.variation]}, against the plain {arm.source}"
            found.append(Contrast(arm.name, arm.without_variation, "exploratory", meaning=adds))
        gan = arm.name.replace(str(arm.source), "gan")
        if arm.source in OUTSIDE and arm.real and gan in arms:
            meaning = f"{FROM_OUTSIDE[arm.source]} instead of the GAN's"
            found.append(Contrast(arm.name, gan, "exploratory", meaning=meaning))
    return found


def _meaning(arm: Arm) -> str:
    """Return in words what an arm has that the real items alone have not."""
    details = [VARIATIONS[arm.variation]] if arm.variation else []
    details += [f"{arm.dose:,} per class"] if arm.dose else []
    if arm.source in FROM_OUTSIDE:
        what, ours = FROM_OUTSIDE[arm.source], "the draw's"
    else:
        what, ours = "GAN images" if arm.source == "gan" else f"items from {arm.source}", "the real ones"
    return ", ".join([what if arm.real else f"{what} alone instead of {ours}", *details])


def _of_balancing(arms: list[str], found: list[Contrast]) -> list[Contrast]:
    """Return the contrasts with the arms that balance the classes without a generator.

    Each of them with the real items as they are; and what adds generated items to the real ones with each of them: that
    is what a generator has to beat, so for the primary arm it is a secondary contrast, with an answer.
    """
    ways = [arm for arm in map(parse_arm, arms) if arm.source in BALANCING and not arm.half_budget]
    alone = [Contrast(w.name, w.without_items, "exploratory", meaning=BALANCING[str(w.source)][0]) for w in ways]
    against_each = [
        replace(
            c, against=way.name, role="secondary" if c.arm == PRIMARY[0] else "exploratory",
            meaning=f"{c.meaning}, against {BALANCING[str(way.source)][1]}",
        )
        for way in ways
        for c in found
        if c.against == way.without_items and _adds_items(parse_arm(c.arm), way.classifier)
    ]  # fmt: skip
    return [c for c in alone if c.against in arms] + against_each


def _adds_items(arm: Arm, classifier: str) -> bool:
    """Tell whether an arm adds to the real items what is not just those again, for a given classifier."""
    return arm.real and arm.generator not in (None, "copies") and arm.classifier == classifier
