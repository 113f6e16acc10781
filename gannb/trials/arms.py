"""Arms: their names, and what they train on.

An arm's name is its recipe, `[real][+SOURCE][+classic]`, or a source alone: `real+gan+classic`, `gan`, `real+more`.
`transfer[+SOURCE]` is `real[+SOURCE]+classic` with a pretrained network, fine-tuned, in the place of the classifier.
A source is any generator's name (`gan` stands for the study's family), or one of the real ones: `real+more` (the draw
and as many items again from the trial's reserve), `fewer` (half of the draw), and what can be done about classes of
unequal size without a generator, `real+oversampled` and `real+weighted` (see `classifiers.imbalance`). `@NETWORK`
behind a name is the same recipe with another classifier (`real+classic@deep_cnn`). `@half` is an arm after half of
its optimiser steps: no training of its own, so nobody asks for it, but every arm can be compared with it.
A new generator brings all its arms with no code here.

Behind a generator's name may stand `.VARIATION`: what is done after the training of a GAN (`gan.truncated`, see
`generators.variations`), that it has learnt from others as well, unlabelled items beside the draw (`gan.unlabelled`) or
other items before it (`gan.tuned`, `foreign.tuned`), or how a classifier uses the items (`gan.before`, see
`classifiers.ways`). And `:DOSE`, fewer items per class than the study makes (`real+gan:50+classic`), or another share
of each batch (`real+gan:12%+classic`).

Which generators there are, the study's medium says. A name of a study that is there already is read without it: then
any word stands for a generator, and no family of GANs has to be imported to draw a figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gannb.classifiers.imbalance import BALANCING
from gannb.classifiers.ways import WAYS
from gannb.generators import registry
from gannb.generators.external import EXTERNAL, PRETRAIN, Foreign, Pseudo, Related
from gannb.generators.variations import OF_TRAINING, TUNED, UNLABELLED, VARIATIONS
from gannb.media import MEDIA
from gannb.study.model import DEFAULT_ARMS, DOSES
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest

if TYPE_CHECKING:
    from gannb.data.medium import Medium, Nouns

REAL_SOURCES = ("more", "fewer", *BALANCING)
PRIMARY = ("real+gan+classic", "real+classic")
# of all media, see `Medium.yardsticks`
OF_ONE_MEDIUM = {source: whose for medium in MEDIA.values() for source, whose in medium.yardsticks.items()}
# As many items, without any GAN; those of the first two need a medium in which there is something between two items.
YARDSTICKS = (
    "real+interpolation+classic", "real+gaussian+classic", *(f"real+{source}+classic" for source in OF_ONE_MEDIUM)
)  # fmt: skip
SHIFTED = (*PRIMARY, *YARDSTICKS)  # arms that are also tried on shifted test items
MORE = "real+more+classic"
HALF = "@half"  # behind a name: after half of the steps
PRETRAINED = "transfer"  # among networks, the pretrained one
BALANCED = tuple(f"real+{way}+classic" for way in BALANCING)  # what generated items for small classes have to beat
EXTERNAL_WORDS = {  # by external source, what an arm has of it; `{many}` stands for the items
    "foreign": "a foreign GAN's {many}",
    "related": "related real {many}",
    "pseudo": "pseudo-labelled {many}",
}
PSEUDO = Pseudo.name
FOREIGN = Foreign.name
RESERVED = ("real", "transfer", "classic")  # words that say something else in a recipe
SOURCE = re.compile(r"(\w+)(?:\.(\w+))?(?::([1-9]\d*)(%?))?", re.ASCII)  # name, variation, dose, whether a share
COPIES = "copies"  # what has the same form without a GAN is made of them
MOST_PERCENT = 90  # of a batch that an arm may ask to be made


@dataclass(frozen=True)
class Arm:
    """One way to train the classifier in a trial."""

    real: bool  # the draw's items are in it
    source: str | None  # what else is in it
    classic: bool  # classical augmentation
    half_budget: bool = False  # as it was after half of its optimiser steps
    variation: str = ""  # what is done after the training of a GAN, or the way its items are used; empty: nothing
    dose: int | None = None  # items per class that it takes; None: as many as the study makes
    pretrained: bool = False  # fine-tunes a pretrained network
    classifier: str = ""  # the network that it trains in the place of the study's first one; empty: that one
    share: int | None = None  # percent of each batch that is made; None: the study's share

    @cached_property
    def name(self) -> str:
        """Its recipe in one word; `parse_arm` gives the arm again."""
        added = self.source or ""
        added += f".{self.variation}" if self.variation else ""
        added += f":{self.dose}" if self.dose is not None else f":{self.share}%" if self.share else ""
        start = "transfer" if self.pretrained else "real" if self.real else ""
        parts = [start, added, "classic" if self.classic and not self.pretrained else ""]
        behind = [self.classifier, "half" if self.half_budget else ""]
        return "@".join(["+".join(filter(None, parts)), *filter(None, behind)])

    @property
    def generator(self) -> str | None:
        """The generator whose items it trains on, by name; `gan` for the study's family."""
        return self.source if self.source and self.source not in REAL_SOURCES else None

    @property
    def way(self) -> str:
        """The way in which it uses made items, of `classifiers.ways`; empty: as they are."""
        return self.variation if self.variation in WAYS else ""

    @property
    def is_way(self) -> bool:
        """Whether it uses made items in another way, or in another share, than the plain arm does."""
        return bool(self.way or self.share)

    @property
    def network(self) -> str:
        """What it trains: empty for the study's first classifier, another's name, or the pretrained one."""
        return PRETRAINED if self.pretrained else self.classifier

    # ---- the arm that differs in one thing ----

    def with_source(self, source: str) -> Arm:
        """Return the arm with another source of items, in the same variation and dose."""
        return replace(self, source=source)

    def what_it_learnt(self) -> Arm:
        """Return what has the items from which a GAN learnt beside the draw, without one of the draw: its control.

        Of unlabelled items it is these, pseudo-labelled; of related ones these in a stage before, since there the GAN
        had them; of a GAN trained elsewhere its own items, as it came.
        """
        if self.learns_unlabelled:
            return replace(self.plain(), source=PSEUDO)
        if self.source == FOREIGN:
            return self.plain()
        return replace(self.plain(), source=Related.name, variation="before")

    def with_variation(self, variation: str) -> Arm:
        """Return the arm with items taken from its GAN in another way; "" for the plain GAN."""
        return replace(self, variation=variation)

    def with_dose(self, dose: int | None) -> Arm:
        """Return the arm with so many items per class; None for as many as the study makes, in its share."""
        return replace(self, dose=dose, share=None)

    def plain(self) -> Arm:
        """Return the arm with all items of its source, as they are."""
        return self.with_variation("").with_dose(None)

    @property
    def learns_unlabelled(self) -> bool:
        """Whether its items come from a GAN that has learnt from unlabelled ones as well."""
        return self.variation == UNLABELLED

    @property
    def learns_more(self) -> bool:
        """Whether its items come from a GAN that has learnt from others as well, before the draw or beside it."""
        return self.variation in OF_TRAINING

    @property
    def given_as(self) -> str:
        """The parameter that has to name what its items come from; empty where there is none."""
        if self.learns_unlabelled:
            return EXTERNAL[PSEUDO].parameter
        if self.variation == TUNED and self.source != FOREIGN:
            return PRETRAIN
        return EXTERNAL[self.source].parameter if self.source in EXTERNAL else ""

    def without_gan(self) -> Arm:
        """Return what has the same form without a GAN: the draw's own items, repeated, in the same way and share."""
        return replace(self, source=COPIES, variation=self.way)

    def without_items(self) -> Arm:
        """Return the arm that has the draw alone, without what this one adds to it: `real`, `transfer` ..."""
        return replace(self.plain(), real=True, source=None, half_budget=False)

    def at(self, classifier: str) -> Arm:
        """Return the arm with another classifier: `real+classic@half` -> `real+classic@deep_cnn@half`."""
        return replace(self, classifier=classifier)

    def half(self) -> Arm:
        """Return the arm as it is after half of its optimiser steps."""
        return replace(self, half_budget=True)

    def whole(self) -> Arm:
        """Return the arm after all of its optimiser steps."""
        return replace(self, half_budget=False)


def external_text(source: str, nouns: Nouns) -> str:
    """Return in words what an arm has of an external source."""
    return EXTERNAL_WORDS[source].format(many=nouns.many)


def sources_of(medium: Medium) -> tuple[str, ...]:
    """Return the names of all generators that an arm may have: the study's family, a medium's, external ones."""
    return ("gan", *registry.names(medium))


def parse_arm(name: str, medium: Medium | None = None) -> Arm:
    """Return the arm of a name.

    medium: that of a study whose arm this is to be, which says what generators there are, and which of them are GANs.
    None: the arm is one of a study already, and any word stands for a generator.

    Raises:
        InputError: the name is no recipe; says the nearest that is.
    """
    arm = _parse(name, medium)
    if arm is not None and medium is not None and arm.half_budget:
        whole = arm.whole().name
        raise InputError(
            f"arms: {name} comes with {whole}, which is also looked at after half of its steps; use {whole}."
        )
    if arm is None:
        sources = ", ".join([*(sources_of(medium) if medium else ("gan",)), *REAL_SOURCES])
        rule = f"an arm is [real|transfer][+SOURCE[.VARIATION][:DOSE]][+classic], SOURCE {sources}."
        raise InputError(f"arms: there is no arm {name!r}; {(medium and _nearest(name, medium)) or rule}")
    return arm


def _parse(name: str, medium: Medium | None) -> Arm | None:
    recipe, *behind = name.split("@")
    half = behind[-1:] == ["half"]
    classifier = behind[: len(behind) - half]
    first, *rest = recipe.split("+")
    classic = rest[-1:] == ["classic"]
    rest, pretrained = rest[: len(rest) - classic], first == "transfer"
    if first not in ("real", "transfer"):
        first, rest = "", [first, *rest]
    named_badly = "" in behind or "half" in classifier or len(classifier) > 1
    if named_badly or (pretrained and (classic or classifier)) or len(rest) > 1 or not (first or rest):
        return None
    shared = {
        "classic": classic or pretrained, "half_budget": half, "pretrained": pretrained,
        "classifier": "".join(classifier),
    }  # fmt: skip
    if not rest:
        return Arm(True, None, **shared)
    parts = SOURCE.fullmatch(rest[0])
    source, variation, number, percent = parts.groups(default="") if parts else [""] * 4
    amount = {"share" if percent else "dose": int(number)} if number else {}
    arm = Arm(bool(first), source, variation=variation, **amount, **shared)
    return arm if _is_possible(arm, medium) else None


def _is_possible(arm: Arm, medium: Medium | None) -> bool:
    """Tell whether an arm's source is there, beside the right items, and can be had in this way."""
    if arm.source in RESERVED or not arm.source:
        return False
    if arm.source in REAL_SOURCES:
        return arm == arm.plain() and not arm.pretrained and arm.real == (arm.source != "fewer")
    if arm.source == PSEUDO and not arm.real:  # what labels them has learnt from the real ones
        return False
    known = (*VARIATIONS, *WAYS) if medium is None else (*_variations(arm.source, medium), *_ways(arm, medium))
    if arm.variation and arm.variation not in known:
        return False
    there = medium is None or arm.source in sources_of(medium)
    asked = arm.dose is None or DOSES[0] <= arm.dose <= DOSES[1]
    return there and asked and (arm.share is None or (arm.real and arm.share <= MOST_PERCENT))


def _gans(medium: Medium) -> tuple[str, ...]:
    return ("gan", *medium.families)


def _variations(source: str, medium: Medium) -> tuple[str, ...]:
    """Return in which ways items may be taken from a source; of the study's own GAN all that a family has.

    A GAN trained elsewhere can be fine-tuned, where it is of a family that can, which its file says.
    """
    if source == FOREIGN:
        return (TUNED,)
    families = [family for name, family in medium.families.items() if source in ("gan", name)]
    return tuple(dict.fromkeys(variation for family in families for variation in family.variations))


def _ways(arm: Arm, medium: Medium) -> list[str]:
    """Return the ways in which an arm's source can be used; which items are made, GANs and copies alone are told."""
    if arm.source == "mislabelled":  # which is there to hurt
        return []
    told = arm.source in (*_gans(medium), COPIES)
    return [
        name
        for name, way in WAYS.items()
        if (told or not way.chooses) and (arm.real or not way.beside_real) and not (arm.pretrained and way.from_scratch)
    ]


def _nearest(name: str, medium: Medium) -> str:
    """Return the hint at the arm nearest to a name that is none: without what its source cannot have, else by spelling.

    Empty where none is near.
    """
    if _parse(f"real+{name}", medium):  # what takes real items
        return f"did you mean real+{name}?"
    bare = re.sub(r"\.\w*|:\w*%?", "", name)
    if bare != name and (arm := _parse(bare, medium)):
        words = {*VARIATIONS, *WAYS}
        if words & set(re.findall(r"\.(\w+)", name)):  # it is spelt well, and this source cannot have it
            return f"did you mean {bare}?"
        ways = [bare, *(arm.with_variation(word).name for word in sorted(words))]
        return nearest(name, [way for way in ways if _parse(way, medium)])
    made = [
        *sources_of(medium),
        *(f"{gan}.{variation}" for gan in _gans(medium) for variation in _variations(gan, medium)),
    ]
    added = [*made, "more", *BALANCING]
    known = [*DEFAULT_ARMS, PRIMARY[0]] + [f"real+{s}" for s in added] + made
    known += [f"real+{s}+classic" for s in added] + [f"transfer+{s}" for s in made]
    return nearest(name, [each for each in known if _parse(each, medium)])
