"""Arms: names, what they train on, and which is compared with which.

An arm's name is its recipe, `[real][+SOURCE][+classic]`, or a source alone: `real+gan+classic`, `gan`, `real+more`.
`transfer[+SOURCE]` is `real[+SOURCE]+classic` with a pretrained network, fine-tuned, in the place of the classifier.
A source is any generator's name (`gan` stands for the study's family), or one of the real ones: `real+more` (the draw
and as many items again from the trial's reserve) and `fewer` (half of the draw). `@half` behind a name is the same
recipe with half of the optimiser steps, `@NETWORK` with another classifier (`real+classic@deep_cnn`). A new generator
brings all its arms with no code here.

Behind a generator's name may stand `.VARIATION`, what is done after the training of a GAN (`gan.truncated`, see
`generators/after.py`), and `:DOSE`, fewer items per class than the study makes (`real+gan:50+classic`).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace

from gannb.errors import InputError
from gannb.generators import GENERATORS
from gannb.generators.after import VARIATIONS
from gannb.generators.families import FAMILIES
from gannb.study import DOSES

REAL_SOURCES = ("more", "fewer")
PRIMARY = ("real+gan+classic", "real+classic")
TRANSFER = ("transfer", "transfer+gan")
CONVERGENCE = "real+classic@half"  # shows that real+classic had reached its plateau
COPIES = ("real+copies", "real")
OVERSAMPLED = "real+copies+classic"  # what generated items that fill up the smaller classes have to beat
OVERSAMPLING = {"role": "exploratory", "expected": "", "meaning": "items of the smaller classes repeated"}
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
        """The name of the arm that has the draw in the place of what a generator adds: `real`, `transfer` ..."""
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


def parse_arm(name: str) -> Arm:
    """Return the arm of a name.

    Raises:
        InputError: the name is no recipe; says the nearest that is.
    """
    arm = _parse(name)
    if arm is None:
        near = _nearest(name)
        sources = ", ".join(["gan", *GENERATORS, *REAL_SOURCES])
        rule = f"an arm is [real|transfer][+SOURCE[.VARIATION][:DOSE]][+classic], SOURCE {sources}."
        raise InputError(f"arms: there is no arm {name!r}; " + (f"did you mean {near}?" if near else rule))
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
        return arm.real == (arm.source == "more") and not arm.variation and arm.dose is None
    if arm.variation and not (arm.source in _gans() and arm.variation in VARIATIONS):
        return False
    return arm.source in ("gan", *GENERATORS) and (arm.dose is None or DOSES[0] <= arm.dose <= DOSES[1])


def _gans() -> tuple[str, ...]:
    return ("gan", *FAMILIES)


def _nearest(name: str) -> str | None:
    """Return the arm nearest to a name that is none: without what its source cannot have, else by spelling."""
    bare = re.sub(r"\.\w*|:\w*", "", name)
    if bare != name and (arm := _parse(bare)):
        ways = [bare] + [bare.replace(str(arm.source), f"{arm.source}.{v}") for v in VARIATIONS]
        return difflib.get_close_matches(name, [way for way in ways if _parse(way)], n=1, cutoff=0)[0]
    made = ["gan", *GENERATORS, *(f"{gan}.{variation}" for gan in _gans() for variation in VARIATIONS)]
    known = [c.arm for c in CONTRASTS] + [f"real+{s}" for s in (*made, "more")] + made
    known += [f"real+{s}+classic" for s in made] + [f"transfer+{s}" for s in made]
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def dose_arms(doses: tuple[int, ...]) -> tuple[str, ...]:
    """Return the arms of the dose response, by rising number of items per class; the largest is the primary arm."""
    return tuple(PRIMARY[0].replace("gan", f"gan:{dose}") for dose in doses[:-1])


def study_arms(asked: tuple[str, ...], protocol: str, others: tuple[str, ...] = ()) -> list[Arm]:
    """Return the arms of a study: those asked for, what they are compared with, and the real-only curve.

    others: classifiers besides the study's first one, for which the primary contrast is repeated.
    `real+more` has no meaning in resplit, where nothing is left in reserve; half against whole takes its place.
    """
    names = [n for n in asked if parse_arm(n).source != "more" or protocol == "draw"] + list(PRIMARY)
    names += [c.against for c in CONTRASTS if c.arm in names and c.against != "fewer"]
    names += [arm.without_items for arm in map(parse_arm, names) if arm.generator]
    if protocol == "resplit":
        names += ["fewer"]
    names += [*curve_arms(protocol), CONVERGENCE]
    names += [with_classifier(arm, other) for other in others for arm in (*PRIMARY, CONVERGENCE)]
    return [parse_arm(n) for n in dict.fromkeys(names)]


def with_classifier(arm: str, other: str) -> str:
    """Return the name of an arm with another classifier: `real+classic@half` -> `real+classic@deep_cnn@half`."""
    recipe, at, behind = arm.partition("@")
    return f"{recipe}@{other}{at}{behind}"


def curve_arms(protocol: str) -> tuple[str, ...]:
    """Return the arms of the real-only learning curve, by rising number of real items."""
    return ("fewer+classic", "real+classic", "real+more+classic")[: 3 if protocol == "draw" else 2]


def contrasts(arms: list[str]) -> list[Contrast]:
    """Return the contrasts whose two arms are there, the primary first; a new source gets its own."""
    known = [c for c in CONTRASTS if c.arm in arms and c.against in arms] + _by_depth(arms)
    paired = {(c.arm, c.against) for c in known} | {("real+more+classic", "real+classic")}
    compared = {arm for c in (*CONTRASTS, *known) for arm in (c.arm, c.against)}
    return known + [c for c in _from_recipe(arms) if (c.arm, c.against) not in paired and c.arm not in compared]


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
    """Return, for arms with generated items, the contrasts with the real items alone and with the plain GAN's."""
    found = []
    for arm in (parse_arm(a) for a in arms):
        if not arm.generator or arm.half_budget:
            continue
        if arm.without_items in arms:
            found.append(Contrast(arm.name, arm.without_items, "exploratory", meaning=_meaning(arm)))
        if arm.variation and arm.without_variation in arms:
            adds = f"{VARIATIONS[arm.variation]}, against the plain {arm.source}"
            found.append(Contrast(arm.name, arm.without_variation, "exploratory", meaning=adds))
    return found


def _meaning(arm: Arm) -> str:
    """Return in words what an arm has that the real items alone have not."""
    details = [VARIATIONS[arm.variation]] if arm.variation else []
    details += [f"{arm.dose:,} per class"] if arm.dose else []
    instead = "" if arm.real else " alone instead of the real ones"
    return ", ".join([f"items from {arm.source}{instead}", *details])


def when_balanced(found: list[Contrast]) -> list[Contrast]:
    """Return a study's contrasts as they are where generated items only fill up the smaller classes.

    Copies are then no control without effect but a treatment, oversampling, and what a generator has to beat: for the
    primary arm that is a secondary contrast, with an answer.
    """
    kept = [replace(c, **OVERSAMPLING) if (c.arm, c.against) == COPIES else c for c in found]
    copies = {c.against: c.arm for c in kept if parse_arm(c.arm).generator == "copies" and parse_arm(c.arm).real}
    return kept + [
        replace(
            c, against=copies[c.against], role="secondary" if c.arm == PRIMARY[0] else "exploratory",
            meaning=f"{c.meaning}, against oversampling",
        )
        for c in kept
        if c.against in copies and _adds_items(parse_arm(c.arm))
    ]  # fmt: skip


def _adds_items(arm: Arm) -> bool:
    return arm.real and arm.generator not in (None, "copies")
