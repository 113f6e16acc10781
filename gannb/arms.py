"""Arms: names, what they train on, and which is compared with which.

An arm's name is its recipe, `[real][+SOURCE][+classic]`, or a source alone: `real+gan+classic`, `gan`, `real+more`.
A source is any generator's name (`gan` stands for the study's family), or one of the real ones: `real+more` (the draw
and as many items again from the trial's reserve) and `fewer` (half of the draw). `@half` behind a name is the same
recipe with half of the optimiser steps. A new generator brings all its arms with no code here.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from gannb.errors import InputError
from gannb.generators import GENERATORS

REAL_SOURCES = ("more", "fewer")
PRIMARY = ("real+gan+classic", "real+classic")
CONVERGENCE = "real+classic@half"  # shows that real+classic had reached its plateau


@dataclass(frozen=True)
class Arm:
    """One way to train the classifier in a trial."""

    name: str
    real: bool  # the draw's items are in it
    source: str | None  # what else is in it
    classic: bool  # classical augmentation
    half_budget: bool  # half of the optimiser steps

    @property
    def generator(self) -> str | None:
        """The generator whose items it trains on, by name; `gan` for the study's family."""
        return self.source if self.source and self.source not in REAL_SOURCES else None


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
    recipe, _, budget = name.partition("@")
    parts = recipe.split("+")
    classic = len(parts) > 1 and parts[-1] == "classic"
    body = parts[:-1] if classic else parts
    real = body[:1] == ["real"]
    rest = body[1:] if real else body
    sources = ["gan", *GENERATORS, *REAL_SOURCES]
    if (
        name.endswith("@")
        or budget not in ("", "half")
        or len(rest) > 1
        or (rest and rest[0] not in sources)
        or not (real or rest)
        or (rest in (["more"], ["fewer"]) and real != (rest == ["more"]))
    ):
        raise InputError(_unknown(name, sources))
    return Arm(name, real, rest[0] if rest else None, classic, budget == "half")


def _unknown(name: str, sources: list[str]) -> str:
    known = [c.arm for c in CONTRASTS] + [f"real+{s}" for s in sources]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"an arm is [real][+SOURCE][+classic], SOURCE {', '.join(sources)}."
    return f"arms: there is no arm {name!r}; {hint}"


def study_arms(asked: tuple[str, ...], protocol: str) -> list[Arm]:
    """Return the arms of a study: those asked for, what they are compared with, and the real-only curve.

    `real+more` has no meaning in resplit, where nothing is left in reserve; half against whole takes its place.
    """
    names = [n for n in asked if parse_arm(n).source != "more" or protocol == "draw"] + list(PRIMARY)
    names += [c.against for c in CONTRASTS if c.arm in names and c.against != "fewer"]
    if any(arm.real and arm.generator and not arm.classic for arm in map(parse_arm, names)):
        names.append("real")
    if protocol == "resplit":
        names += ["fewer"]
    names += [*curve_arms(protocol), CONVERGENCE]
    return [parse_arm(n) for n in dict.fromkeys(names)]


def curve_arms(protocol: str) -> tuple[str, ...]:
    """Return the arms of the real-only learning curve, by rising number of real items."""
    return ("fewer+classic", "real+classic", "real+more+classic")[: 3 if protocol == "draw" else 2]


def contrasts(arms: list[str]) -> list[Contrast]:
    """Return the contrasts whose two arms are there, the primary first; a new source gets its own."""
    known = [c for c in CONTRASTS if c.arm in arms and c.against in arms]
    paired = {(c.arm, c.against) for c in known} | {("real+more+classic", "real+classic")}
    return known + [c for c in _from_recipe(arms) if (c.arm, c.against) not in paired and not _is_known(c.arm)]


def _is_known(arm: str) -> bool:
    return any(arm in (c.arm, c.against) for c in CONTRASTS)


def _from_recipe(arms: list[str]) -> list[Contrast]:
    """Return, for `real+SOURCE[+classic]`, the contrast with the same recipe without the source."""
    found = []
    for arm in (parse_arm(a) for a in arms):
        against = "real+classic" if arm.classic else "real"
        if arm.real and arm.generator and not arm.half_budget and against in arms:
            found.append(Contrast(arm.name, against, "exploratory", meaning=f"items from {arm.source}"))
    return found
