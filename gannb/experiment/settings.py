"""What a study's parameters come to with its data: everything that `auto`, a preset or a default stands for.

Pure: nothing here asks a disk. What depends on the machine is found before, and handed in (`at_hand`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.classifiers.imbalance import filling_share
from gannb.classifiers.ways import WAYS
from gannb.data.counts import in_batch, labels_to_make
from gannb.data.examples import Dataset, Examples
from gannb.experiment.at_hand import NEW_CAPTIONS, AtHand, names_captions, resolve_device, wants_pretrained
from gannb.generators.external import EXTERNAL
from gannb.generators.variations import OF_TRAINING, TUNED, UNLABELLED
from gannb.media import medium_of
from gannb.study.model import CLASSIFIER_EFFORT, GAN_EFFORT, STEPS_MOST, TRANSFER_STEPS, Study
from gannb.study.source import Source
from gannb.study.view import View
from gannb.trials import splits
from gannb.trials.arms import EXTERNAL_WORDS, FOREIGN, PRETRAINED, PRIMARY, PSEUDO, Arm, parse_arm
from gannb.trials.contrasts import Contrast, checked_arms, contrasts, dose_arms, study_arms
from gannb.trials.design import Design, settle
from gannb.trials.tuning import DRAWS, tuned_as
from gannb.utils.errors import InputError
from gannb.utils.naming import nearest_class
from gannb.work.engines import Place

if TYPE_CHECKING:
    from gannb.data.medium import Medium, Weights


@dataclass(frozen=True, eq=False)
class Settings:
    """A study and its data, and every choice that follows from the two."""

    study: Study
    dataset: Dataset
    data_key: str  # of the data's content, in the name of the study's copy
    at_hand: AtHand = field(default_factory=AtHand)  # what the study finds on this machine

    @property
    def medium(self) -> Medium:
        """What an item is, and all that depends on it."""
        return medium_of(self.dataset)

    def resolved(self) -> dict[str, Any]:
        """Return what the study's `auto` parameters stand for with these data."""
        return {
            "medium": self.medium.name, **({"traits": dict(self.dataset.traits)} if self.dataset.traits else {}),
            "protocol": self.design.protocol, "n_per_class": self.design.n_per_class, "trials": self.trials,
            "why": self.design.why,
            "gan": self.family, "gan_steps": self.gan_steps,
            "classifier_steps": self.classifier_steps, "augmentation": self.policy_name, "shape": list(self.shape),
            "classes": list(self.dataset.pool.classes), "arms": [arm.name for arm in self.arms],
            "positive": self.dataset.pool.classes[self.positive] if self.dataset.pool.n_classes == 2 else None,
        }  # fmt: skip

    @property
    def place(self) -> Place:
        """Where the study's units are made: what it says of that, and the files beside its folder that they read."""
        study, files = self.study, [self.weights.file] if self.can_fine_tune and self.weights is not None else []
        files += [self.trunk.file] if self.trunk is not None else []
        files += [getattr(study, self.medium.spaces[name].parameter) for name in self.spaces]
        return Place(study.engine, study.device, study.workers, resolve_device, tuple(map(Path, files)))

    # ---- items and classes

    @cached_property
    def design(self) -> Design:
        """How the data are divided into trials."""
        return settle(self.dataset, self.study)

    @property
    def trials(self) -> int:
        """Repetitions of the whole experiment."""
        return self.design.trials

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item."""
        return self.dataset.pool.shape

    def items(self, index: np.ndarray) -> Examples:
        """Return the real items at the given indices (M,) into pool and test, in their order."""
        return splits.take(self.dataset, index)

    def unseen(self, draw: splits.Draw) -> np.ndarray:
        """Return the indices (m,) of the real items that copying is judged by in a trial."""
        return splits.unseen(self.dataset, draw)

    @property
    def class_counts(self) -> dict[str, int]:
        """Items by class in the training sets' proportions: a draw's, the train side's, or the whole set's in folds."""
        classes, n = self.dataset.pool.classes, self.design.n_per_class
        y = splits.labels_of(self.dataset) if self.design.folds else self.dataset.pool.y
        counts = np.bincount(y, minlength=len(classes))
        return {name: int(n or count) for name, count in zip(classes, counts, strict=True)}

    @cached_property
    def draw_counts(self) -> np.ndarray:
        """Real items per class of the first trial's draw, (K,)."""
        return splits.train_counts(self.dataset, self.design, [0])[0]

    @cached_property
    def all_draw_counts(self) -> np.ndarray:
        """Real items per class of every trial's draw, (T, K): they differ between folds."""
        return splits.train_counts(self.dataset, self.design, range(self.trials))

    @cached_property
    def positive(self) -> int:
        """The class, by number, that `positive` stands for: the second by default.

        Raises:
            InputError: it names no class, or there are more than two.
        """
        name, classes = self.study.positive, self.dataset.pool.classes
        if name is None:
            return 1
        if len(classes) > 2:
            raise InputError(
                f"positive: it is for two classes, and there are {len(classes)}; leave it out, "
                "the page has the recall of every class."
            )
        if name not in classes:
            raise InputError(f"positive: there is no class {name!r}; use {' or '.join(map(repr, classes))}.")
        return classes.index(name)

    @cached_property
    def keep_classes(self) -> tuple[str, ...]:
        """The only classes that get synthetic items, in the data's order; none where all do.

        Raises:
            InputError: there is no class of a name.
        """
        classes = self.dataset.pool.classes
        for name in self.study.keep_classes:
            if name not in classes:
                raise InputError(f"keep_classes: there is no class {name!r}; {nearest_class(name, classes)}")
        kept = tuple(name for name in classes if name in self.study.keep_classes)
        return kept if len(kept) < len(classes) else ()

    # ---- arms

    @cached_property
    def arms(self) -> list[Arm]:
        """The ways to train: those asked for, what they are compared with, the curve of real items, the doses."""
        own = (*arms_for(self.study, self.medium), *self._learning_more)
        asked = (*self.study.arms, *dose_arms(self.study.doses), *own)
        if self.weights is None:
            asked = tuple(name for name in asked if not parse_arm(name, self.medium).pretrained)
        others, balance = self.study.classifier[1:], not self.study.doses
        return study_arms(asked, self.design.protocol, self.medium, others, balance)

    @property
    def _learning_more(self) -> tuple[str, ...]:
        """The arms of the study's GAN that learns from unlabelled items, or from related ones first.

        From unlabelled ones where these are given and it can; from related ones where that is asked for, and InputError
        where it cannot.
        """
        family, gan = self.medium.families.get(self.family), parse_arm(PRIMARY[0])
        can = () if family is None else family.variations
        if self.study.pretrain and family is not None and TUNED not in can:
            able = [name for name, other in self.medium.families.items() if TUNED in other.variations]
            other = f"use another family (gan={', '.join(able)}), or " if able else ""
            raise InputError(
                f"pretrain: {self.family} cannot learn from others first and go on with a draw; {other}leave pretrain "
                "out: real+related.before+classic trains the classifier on them first, without a GAN."
            )
        asked = {UNLABELLED: self.study.unlabelled, TUNED: self.study.pretrain}
        return tuple(gan.with_variation(each).name for each, given in asked.items() if given and each in can)

    @cached_property
    def checked_arms(self) -> dict[str, list[Arm]]:
        """The arms that must have converged, by the network that they train (`Arm.network`)."""
        return checked_arms(self.arms)

    @property
    def half_arms(self) -> list[Arm]:
        """What the checked arms had said after half of their steps; no trainings of their own."""
        return [arm.half() for checked in self.checked_arms.values() for arm in checked]

    @property
    def contrasts(self) -> list[Contrast]:
        """Which arm is compared with which, the primary contrast first."""
        return contrasts([arm.name for arm in (*self.arms, *self.half_arms)], self.medium.nouns)

    @property
    def dose_arms(self) -> dict[int, str]:
        """The arms of the dose response by synthetic items per class, rising; none where there is a single dose."""
        doses = self.study.doses
        return dict(zip(doses, (*dose_arms(doses), PRIMARY[0]), strict=True)) if len(doses) > 1 else {}

    @cached_property
    def tuning_draws(self) -> tuple[int, ...]:
        """Numbers of the draws for tuning, below 0; none where nothing is tuned, or no items are left for it."""
        tuned = self.study.tune and self.design.has_reserve
        return tuple(-1 - i for i in range(DRAWS)) if tuned else ()

    @cached_property
    def tuned_arms(self) -> list[Arm]:
        """The arms that are tuned; others take over the configuration of one of them."""
        return [parse_arm(name) for name in dict.fromkeys(tuned_as(arm.name) for arm in self.arms)]

    # ---- synthetic items, and what they come from

    @cached_property
    def family(self) -> str:
        """The GAN family that `gan` stands for."""
        return self.medium.default_family(self.shape) if self.study.gan == "auto" else self.study.gan

    @cached_property
    def gan_steps(self) -> int:
        """Training steps of the study's GAN."""
        return self.steps_of(self.family)

    def steps_of(self, family: str) -> int:
        """Return training steps of a GAN: the study's, or the family's own number times the preset's effort."""
        known = self.medium.families[family]
        usual = known.steps * min(known.effort_most, GAN_EFFORT[self.study.preset])
        return self.study.gan_steps or max(1, round(usual))

    @property
    def external(self) -> Mapping[str, Source]:
        """The study's external sources, by name."""
        return self.at_hand.external

    @property
    def unlabelled(self) -> int:
        """How many unlabelled items the study has; in a trial those are used of which a classifier is sure."""
        source = self.external.get(EXTERNAL[PSEUDO].parameter)
        return source.about["items"] if source else 0

    @property
    def new_captions(self) -> list[tuple[str, int]]:
        """New captions and their labels, of which images are asked for as `gan.new_captions`."""
        return list(self.at_hand.new_captions)

    @property
    def remarks(self) -> list[str]:
        """Sentences on what a person should know of the data, and of new captions, before anything is trained."""
        told, asked = list(self.dataset.report.remarks), self.at_hand.new_captions
        return [*told, *(self.medium.captions.remarks(asked, self.dataset.pool) if asked else [])]

    def source_of(self, arm: Arm) -> str:
        """Return whose items an arm trains on; fresh ones start as those of the plain GAN.

        Most ways to use them take those of the plain GAN, too.
        """
        name = self.family if arm.generator == "gan" else str(arm.generator)
        same_items = arm.variation in ("", "fresh") or (arm.way and not WAYS[arm.way].chooses)
        return name if same_items else f"{name}.{arm.variation}"

    @cached_property
    def sources(self) -> list[str]:
        """What items are made by, as GENERATOR or GENERATOR.VARIATION, for all arms; the study's own GAN first."""
        return list(dict.fromkeys([self.family] + [self.source_of(arm) for arm in self.arms if arm.generator]))

    @property
    def tuned_sources(self) -> list[str]:
        """What items are made by for the arms that are tuned."""
        return list(dict.fromkeys(self.source_of(arm) for arm in self.tuned_arms if arm.generator))

    @cached_property
    def generators(self) -> list[str]:
        """The generators that the sources need, and those that these begin with; the study's own first.

        A GAN that learns from others as well is another one than that of the draw alone: FAMILY.unlabelled,
        FAMILY.tuned, foreign.tuned.
        """
        names = list(dict.fromkeys(maker_of(source)[0] for source in self.sources))
        begun = [first for name in names if (first := begins_with(self.medium, name))]
        return list(dict.fromkeys([*names, *begun]))

    @property
    def families(self) -> list[str]:
        """The families of the GANs, the study's own first."""
        return list(dict.fromkeys(map(self.family_of, self.gans)))

    @property
    def gans(self) -> list[str]:
        """Those of the generators that are GANs, the study's own first."""
        return [name for name in self.generators if self.family_of(name)]

    def family_of(self, generator: str) -> str:
        """Return the GAN family that is trained for a generator; empty where none is.

        A GAN that was trained elsewhere and goes on with the draw is of the family that it is of.
        """
        name, _, learnt = generator.partition(".")
        if (name, learnt) == (FOREIGN, TUNED) and FOREIGN in self.external:
            return self.external[FOREIGN].about.get("family", "")
        return name if name in self.medium.families else ""

    @property
    def n_synthetic(self) -> int | str:
        """What is made: `balance`, or the largest number of items per class."""
        return self.study.doses[-1] if self.study.doses else "balance"

    @cached_property
    def items_made(self) -> int:
        """Synthetic items that a source makes in a trial (in the first one, where trials differ)."""
        return len(labels_to_make(self.draw_counts, self.n_synthetic))

    @property
    def made_text(self) -> str:
        """How many synthetic items a source makes in a trial, in words."""
        *smaller, most = self.study.doses or (0,)
        if not most:
            return "as many as every class lacks to be as large as the largest"
        also = f" (and {', '.join(f'{dose:,}' for dose in smaller)} for the dose response)" if smaller else ""
        return f"{most:,} per class on average{also}"

    # ---- training classifiers

    @cached_property
    def policy_name(self) -> str:
        """The classical augmentation that `auto` stands for."""
        auto = self.study.augmentation == "auto"
        return self.medium.default_policy(self.shape) if auto else self.study.augmentation

    @cached_property
    def classifier_steps(self) -> int:
        """Optimiser steps of each classifier at first: the study's, or the preset's number of passes over a draw."""
        return self.study.classifier_steps or self.usual_steps(self.study.batch_size)

    def usual_steps(self, batch_size: int) -> int:
        """Return optimiser steps for the preset's number of passes over a draw."""
        passes, least, most = CLASSIFIER_EFFORT[self.study.preset]
        return min(most, max(least, passes * int(self.draw_counts.sum()) // batch_size))

    @property
    def classifier_steps_most(self) -> int:
        """Optimiser steps that no classifier is trained beyond: the study's, or the preset's times the first ones."""
        return self.study.classifier_steps_most or STEPS_MOST[self.study.preset] * self.classifier_steps

    @property
    def most_doublings(self) -> int:
        """How often the steps may be doubled, those of a fine-tuning as often as the others."""
        return max(0, (self.classifier_steps_most // self.classifier_steps).bit_length() - 1)

    def cycles(self, network: str, doublings: int = 0) -> list[int]:
        """Return the steps of a network's cycles: two halves of the first steps, then as many as all before, each time.

        network: as in `Arm.network`.
        """
        steps = self.transfer_steps if network == PRETRAINED else self.classifier_steps
        return [steps // 2, steps - steps // 2, *(steps * 2**n for n in range(doublings))]

    @property
    def synthetic_in_batch(self) -> int:
        """Synthetic items in a batch of the primary arm, before tuning; in the first trial, where trials differ."""
        study = self.study
        share = study.synthetic_share if study.doses else filling_share(self.draw_counts)
        return in_batch(study.mix, share, study.batch_size)[1] if share else 0

    def classifier_sizes(self) -> dict[str, int]:
        """Return the number of parameters of the study's classifiers, the first one first."""
        build, classes = self.medium.classifier, self.dataset.pool.n_classes
        networks = {name: build(name, self.shape, classes) for name in self.study.classifier}
        return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}

    def classifier_layers(self) -> dict[str, int]:
        """Return the weighted layers on the longest way through the study's networks and the medium's own, by name.

        The pretrained network is among them where generated items are put to it; see `classifiers.depth`.
        """
        from gannb.classifiers.depth import weighted_layers

        medium, shape, classes = self.medium, self.shape, self.dataset.pool.n_classes
        one = medium.encode(medium.stored(np.zeros((1, *shape), medium.dtype), "cpu"))
        names = dict.fromkeys((*self.study.classifier, *medium.classifiers))
        found = {name: weighted_layers(medium.classifier(name, shape, classes), one) for name in names}
        if self.weights is not None and any(arm.name == "transfer+gan" for arm in self.arms):
            found[self.weights.network] = medium.pretrained.layers(self.weights)
        return found

    # ---- networks that are given

    @cached_property
    def wants_pretrained(self) -> bool:
        """Whether an arm that is asked for fine-tunes, and the medium has networks to fine-tune."""
        return wants_pretrained(self.study, self.medium)

    @property
    def weights(self) -> Weights | None:
        """The pretrained weights; None where no arm wants them, or the study never had them on this machine."""
        return self.at_hand.weights

    @property
    def trunk(self) -> Weights | None:
        """The pretrained weights that a GAN's discriminator looks through; None: none does, or they are not here."""
        return self.at_hand.trunk

    @property
    def judges_itself(self) -> bool:
        """Whether the study's GAN looks through the network that would measure its items."""
        looks = self.medium.families[self.family].needs_weights
        return looks and None not in (self.trunk, self.weights) and self.trunk.network == self.weights.network

    @property
    def view(self) -> View | None:
        """The view of items that the pretrained network gets, where it is a larger one than the study's."""
        return self.at_hand.view

    @property
    def view_text(self) -> str:
        """How items are shown to the pretrained network, to follow what it is; empty where it gets the study's own."""
        if self.view is None:
            return ""
        medium, many = self.medium, self.medium.nouns.many
        return (
            f"; real {many} come from their files in {medium.size_text(self.view.shape)}, and those made, of "
            f"{medium.size_text(self.shape)}, are enlarged to that"
        )

    @property
    def can_fine_tune(self) -> bool:
        """Whether the pretrained weights are wanted, and their file is there."""
        return self.at_hand.can_fine_tune

    @cached_property
    def transfer_steps(self) -> int:
        """Optimiser steps of a fine-tuning at first."""
        return self.study.transfer_steps or TRANSFER_STEPS[self.study.preset]

    @property
    def spaces(self) -> Mapping[str, str]:
        """The further feature spaces that are measured in, by name: the SHA-256 of each network's weights."""
        return self.at_hand.spaces


def maker_of(source: str) -> tuple[str, str]:
    """Return the generator that a source's items come from, and in which variation; "" for as it makes them."""
    name, _, variation = source.partition(".")
    return (source, "") if variation in OF_TRAINING else (name, variation)


def begins_with(medium: Medium, generator: str) -> str:
    """Return the generator whose fitted networks another goes on from; empty where it begins with untrained ones.

    Both have learnt from the same items.
    """
    family, dot, learnt = generator.partition(".")
    first = medium.families[family].begins_with if family in medium.families else ""
    return f"{first}{dot}{learnt}" if first else ""


def arms_for(study: Study, medium: Medium) -> tuple[str, ...]:
    """Return the arms that a study gets by naming an external source, or new captions for its GAN."""
    primary = parse_arm(PRIMARY[0])
    given = [primary.with_source(name) for name in EXTERNAL_WORDS]
    named = [arm.name for arm in given if getattr(study, arm.given_as)]
    return (*named, *([primary.with_variation(NEW_CAPTIONS).name] if names_captions(study, medium) else []))
