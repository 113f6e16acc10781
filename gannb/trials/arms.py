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
from dataclasses import dataclass

from gannb.classifiers.imbalance import BALANCING
from gannb.generators.registry import names
from gannb.generators.variations import VARIATIONS
from gannb.media.image import IMAGE
from gannb.study.model import DEFAULT_ARMS, DOSES
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest

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


def parse_arm(name: str) -> Arm:
    """Return the arm of a name.

    Raises:
        InputError: the name is no recipe; says the nearest that is.
    """
    arm = _parse(name)
    if arm is None:
        sources = ", ".join(["gan", *names(IMAGE), *REAL_SOURCES])
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
    return arm.source in ("gan", *names(IMAGE)) and (arm.dose is None or DOSES[0] <= arm.dose <= DOSES[1])


def _gans() -> tuple[str, ...]:
    return ("gan", *IMAGE.families)


def _nearest(name: str) -> str:
    """Return the hint at the arm nearest to a name that is none: without what its source cannot have, else by spelling.

    Empty where none is near.
    """
    bare = re.sub(r"\.\w*|:\w*", "", name)
    if bare != name and (arm := _parse(bare)):
        ways = [bare] + [bare.replace(str(arm.source), f"{arm.source}.{v}") for v in VARIATIONS]
        return nearest(name, [way for way in ways if _parse(way)])
    made = ["gan", *names(IMAGE), *(f"{gan}.{variation}" for gan in _gans() for variation in VARIATIONS)]
    added = [*made, "more", *BALANCING]
    known = [*DEFAULT_ARMS, PRIMARY[0]] + [f"real+{s}" for s in added] + made
    known += [f"real+{s}+classic" for s in added] + [f"transfer+{s}" for s in made]
    return nearest(name, known)


def with_classifier(arm: str, other: str) -> str:
    """Return the name of an arm with another classifier: `real+classic@half` -> `real+classic@deep_cnn@half`."""
    recipe, at, behind = arm.partition("@")
    return f"{recipe}@{other}{at}{behind}"
