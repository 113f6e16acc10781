"""Which units of work a study consists of, stage by stage, and which of them each one needs.

Pure: nothing here asks a disk. What a key is made of stands here: name a parameter of the study among those of every
unit that depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from gannb.classifiers.ways import WAYS
from gannb.experiment.at_hand import NEW_CAPTIONS
from gannb.experiment.open_set import OpenSet
from gannb.experiment.settings import Settings, begins_with, maker_of
from gannb.generators.external import EXTERNAL, PRETRAIN
from gannb.generators.variations import TUNED, UNLABELLED, VARIATIONS
from gannb.trials import splits
from gannb.trials.arms import FOREIGN, PRIMARY, PSEUDO, Arm, parse_arm
from gannb.trials.tuning import configurations, tuned_as
from gannb.units import kinds
from gannb.units.measures import SIDE_BATCH
from gannb.utils.keys import digest
from gannb.work.unit import Unit

FINAL = "final"  # in the place of a trial's number: of the generator that learns all labelled items


@dataclass(frozen=True, eq=False)
class Plan:
    """A study's units, by what they are of: the names of the parameters that each declares, and what it needs."""

    settings: Settings
    kept: frozenset[str] = frozenset()  # paths of units that the pretrained weights made and that outlive them
    doublings: Mapping[str, int] = field(default_factory=dict)  # by network (`Arm.network`): how often its steps double
    read: Mapping[str, int] = field(default_factory=dict)  # by network, after how many doublings results are read
    _fitted: dict[tuple[str, str], Unit] = field(default_factory=dict, init=False)  # see `generator_on`
    _pretrainings: dict[str, Unit] = field(default_factory=dict, init=False)  # by family, see `_pretrained`

    def units(self, stage: int) -> list[Unit]:
        """Return the units of a stage, 1 to 4; none that only the pretrained weights could make, where these are gone.

        What was made with them before they went is among the units as ever.
        """
        return [unit for unit in self._every_unit(stage) if unit.path in self.kept or not self.lacks_weights(unit)]

    def all_units(self) -> list[Unit]:
        """Return the units of all stages, in order."""
        return [unit for stage in (1, 2, 3, 4) for unit in self.units(stage)]

    def _every_unit(self, stage: int) -> list[Unit]:
        if stage == 1:
            return [*self.draws.values()]
        if stage == 2:
            every = dict.fromkeys(each for unit in self.generator_units.values() for each in unit.closure())
            return [unit for unit in every if unit.stage == stage]
        if stage == 3:
            networks = [*self.measuring_classifiers, *self.filtering_classifiers]
            return [*self.item_units.values(), *networks, *self.measuring_units]
        if stage == 4:
            frozen = dict.fromkeys([*self.feature_units.values(), *self.item_feature_units.values()])
            tuned = [*self.tuning_units.values(), *self.choice_units.values()]
            trained = [unit for units in self.trainings.values() for unit in units]
            return [*frozen, *tuned, *trained, *(self.open_set.units if self.open_set else [])]
        return []

    # ---- what stays out

    def lacks_weights(self, unit: Unit) -> bool:
        """Tell whether a unit cannot be made, since the pretrained weights that it takes have gone."""
        settings = self.settings
        gone = settings.weights is not None and not settings.can_fine_tune
        return gone and any("weights" in each.parameters for each in unit.closure())

    def units_without_weights(self) -> list[Unit]:
        """Return the units that cannot be made any more, since the pretrained weights have gone: some may be there."""
        return [unit for stage in (3, 4) for unit in self._every_unit(stage) if self.lacks_weights(unit)]

    @property
    def left_out(self) -> str:
        """A sentence on fine-tuning that is asked for and cannot be had, all of it or the rest; else nothing."""
        settings = self.settings
        if not settings.wants_pretrained or settings.can_fine_tune:
            return ""
        there = [
            u.path in self.kept for (_, arm), us in self.trainings.items() if parse_arm(arm).pretrained for u in us
        ]
        if there and all(there):
            return ""
        return settings.medium.pretrained.missing_sentence(settings.study.pretrained, begun=any(there))

    # ---- stage 1: draws

    @cached_property
    def draws(self) -> dict[int, Unit]:
        """The units of drawing by trial; those for tuning have the numbers -1, -2 ..."""
        trials = (*self.trials, *self.settings.tuning_draws)
        return {t: kinds.DRAW.unit(f"{_place(t)}/draw", self._drawing(t)) for t in trials}

    @property
    def trials(self) -> range:
        """The numbers of the trials."""
        return range(self.settings.trials)

    def _drawing(self, trial: int | str) -> dict[str, Any]:
        design = self.settings.design
        again = isinstance(trial, int) and trial >= 0 and design.round_of(trial) > 0
        declared = {k: v for k, v in asdict(design).items() if k not in ("why", "trials")}
        declared |= {} if again else {"blocks": 0}  # their number matters to no other draw
        return {"data": self.settings.data_key, "trial": trial, **declared}

    # ---- stage 2: generators

    @cached_property
    def generator_units(self) -> dict[tuple[int, str], Unit]:
        """The units of fitting a generator, by (draw, generator)."""
        settings = self.settings
        tuned = [maker_of(source)[0] for source in settings.tuned_sources]
        tuned += [first for name in tuned if (first := begins_with(settings.medium, name))]
        wanted = {t: settings.generators for t in self.trials} | dict.fromkeys(settings.tuning_draws, tuned)
        return {(t, name): self.generator_on(self.draws[t], name) for t, names in wanted.items() for name in names}

    def generator_on(self, draw: Unit, name: str) -> Unit:
        """Return the unit that fits a generator to what a unit of drawing has chosen, the same one every time."""
        if (draw.path, name) not in self._fitted:
            self._fitted[draw.path, name] = self._fitting(draw, name)
        return self._fitted[draw.path, name]

    def _fitting(self, draw: Unit, name: str) -> Unit:
        settings, first = self.settings, begins_with(self.settings.medium, name)
        kind, _, learnt = name.partition(".")
        family = settings.family_of(name)
        parameters = {"generator": family or kind, "trial": draw.parameters["trial"], "seed": settings.study.seed}
        if family:
            parameters |= self._training_of_gan(family)
        elif kind in EXTERNAL:
            parameters |= {"content": settings.external[EXTERNAL[kind].parameter].key}
        parameters |= self._labelling(draw) if kind == PSEUDO else {}
        parameters |= self._going_on(kind) if learnt == TUNED else {}
        place = f"{draw.place.rpartition('/')[0]}/{name}"
        begun = [first, *([PSEUDO] if learnt == UNLABELLED else [])]
        needs = [draw, *(self.generator_on(draw, each) for each in begun if each)]
        needs += [self._pretrained(kind)] if learnt == TUNED and kind != FOREIGN else []
        return kinds.GENERATOR.unit(
            place, parameters, tuple(needs), "gan" if family else PSEUDO if kind == PSEUDO else ""
        )

    def _going_on(self, kind: str) -> dict[str, Any]:
        """Return where a GAN goes on, by the kept folder that says which class is which there, and what is frozen."""
        source = self.settings.external[FOREIGN if kind == FOREIGN else PRETRAIN]
        return {"origin": source.folder, "frozen": self.settings.study.freeze}

    def _pretrained(self, family: str) -> Unit:
        """Return the unit of a family's GAN that learns from related items first, the same for all draws."""
        if family not in self._pretrainings:
            settings = self.settings
            about = {"data": settings.data_key, "content": settings.external[PRETRAIN].key, "generator": family}
            about |= {"seed": settings.study.seed} | self._training_of_gan(family)
            self._pretrainings[family] = kinds.PRETRAINING.unit(f"{family}.{PRETRAIN}", about)
        return self._pretrainings[family]

    def _labelling(self, draw: Unit) -> dict[str, Any]:
        """Return how the classifier is trained that labels unlabelled items, and from when on it is sure of one."""
        about = {"augmentation": self.settings.policy_name, "confidence": self.settings.study.confidence}
        return self._side_training(draw.parameters["trial"]) | about

    def _training_of_gan(self, family: str) -> dict[str, Any]:
        settings, medium = self.settings, self.settings.medium
        asked = settings.study.gan_augmentation
        parameters = {"gan_steps": settings.steps_of(family), "gan_augmentation": asked}
        parameters |= {"settings": medium.families[family].set_as(vars(settings.study)).settings()}
        if medium.families[family].needs_weights and settings.trunk is not None:
            parameters |= {"trunk": settings.trunk.digest}
        parameters |= {"augmentation": settings.policy_name} if asked in ("policy", "ada") else {}
        seen = asked if asked in medium.policies else parameters.get("augmentation", "none")
        return parameters | medium.policy_parameters(seen)

    @cached_property
    def final_generator(self) -> Unit:
        """The unit of training the study's GAN on all labelled items but the locked test; part of no stage."""
        draw = kinds.FINAL_DRAW.unit(f"{FINAL}/draw", self._drawing(FINAL))
        return self.generator_on(draw, self.settings.family)

    # ---- stage 3: items, and what is measured of them

    @cached_property
    def item_units(self) -> dict[tuple[int, str], Unit]:
        """The units of making synthetic items, by (draw, source)."""
        settings = self.settings
        wanted = dict.fromkeys(self.trials, settings.sources)
        wanted |= dict.fromkeys(settings.tuning_draws, settings.tuned_sources)
        return {(t, source): self._items_of(t, source) for t, sources in wanted.items() for source in sources}

    def _items_of(self, trial: int, source: str) -> Unit:
        study, (generator, variation) = self.settings.study, maker_of(source)
        parameters: dict[str, Any] = {"n_synthetic": self.settings.n_synthetic, "trial": trial, "seed": study.seed}
        parameters |= {"variation": variation} if variation else {}
        if variation in VARIATIONS:
            parameters |= self.settings.medium.families[generator].variation_parameters(variation, study)
        parameters |= {variation: self.settings.new_captions} if variation == NEW_CAPTIONS else {}
        needs = [self.draws[trial], self.generator_units[trial, generator]]
        needs += [self.filtering_classifiers[trial]] if asks_a_classifier(variation) else []
        return kinds.ITEMS.unit(f"{_place(trial)}/{source}-items", parameters, tuple(needs))

    @cached_property
    def measuring_classifiers(self) -> list[Unit]:
        """The units of training the classifier that measures, by trial."""
        return [
            kinds.MEASURING_CLASSIFIER.unit(f"{_place(t)}/ruler", self._side_training(t), (self.draws[t],))
            for t in self.trials
        ]

    @cached_property
    def filtering_classifiers(self) -> list[Unit]:
        """The units of training the classifier that chooses or teaches, by trial; none where no arm asks it."""
        if not any(asks_a_classifier(arm.variation) for arm in self.settings.arms):
            return []
        augmentation = {"augmentation": self.settings.policy_name}
        return [
            kinds.FILTERING_CLASSIFIER.unit(
                f"{_place(t)}/judge", self._side_training(t) | augmentation, (self.draws[t],)
            )
            for t in self.trials
        ]  # fmt: skip

    def _side_training(self, trial: int | str) -> dict[str, Any]:
        """Return the parameters of a classifier that is no arm."""
        settings, medium = self.settings, self.settings.medium
        steps = settings.usual_steps(SIDE_BATCH)
        own = medium.classifier_parameters(medium.measuring_classifier, settings.shape)
        return {"trial": trial, "seed": settings.study.seed, "steps": steps} | own

    @property
    def _measuring(self) -> dict[str, Any]:
        """How sets of items are measured, whichever they are."""
        settings = self.settings
        return {"augmentation": settings.policy_name} | dict(settings.medium.measured_as) | self._unseen

    @property
    def _unseen(self) -> dict[str, str]:
        """What copying is judged by, where it need not be the test items; see `trials.splits.unseen`."""
        leaves = splits.may_leave_the_test_set(self.settings.dataset, self.settings.design)
        return {"unseen": "pool"} if leaves else {}

    @cached_property
    def quality_units(self) -> dict[tuple[int, str], Unit]:
        """The units of measuring synthetic items, by (trial, source)."""
        sources, unmeasured = self.settings.sources, ("mislabelled", PSEUDO)  # which are no class's for sure
        measured = [each for each in sources if each not in unmeasured and not each.endswith(".mixed")]
        return {(t, source): self._quality_of(t, source) for t in self.trials for source in measured}

    def _quality_of(self, trial: int, source: str) -> Unit:
        parameters = {"trial": trial, "generator": source, "seed": self.settings.study.seed}
        parameters |= self._measuring
        fitted = self.generator_units[trial, maker_of(source)[0]]
        needs = (self.draws[trial], self.item_units[trial, source], self.measuring_classifiers[trial], fitted)
        return kinds.QUALITY.unit(f"{_place(trial)}/{source}-quality", parameters | self.settings.spaces, needs)

    @cached_property
    def reference_units(self) -> list[Unit]:
        """The units of measuring held-out real items and copies as if they were generated, by trial."""
        about = {"seed": self.settings.study.seed} | self._measuring | self.settings.spaces
        return [
            kinds.REFERENCE_SETS.unit(
                f"{_place(t)}/yardsticks", about | {"trial": t}, (self.draws[t], self.measuring_classifiers[t])
            )
            for t in self.trials
        ]  # fmt: skip

    @cached_property
    def in_features_units(self) -> list[Unit]:
        """The units of measuring the study's own GAN and the reference sets in the pretrained network's features.

        None where there is no such network, or the GAN's discriminator looks through it: what was made to please its
        features passes for real in them, collapsed as it may be.
        """
        settings = self.settings
        if not settings.weights or settings.judges_itself:
            return []
        family = settings.family
        about = {"generator": family, "seed": settings.study.seed, "weights": settings.weights.digest} | self._unseen
        return [
            kinds.IN_FEATURES.unit(
                f"{_place(t)}/{family}-in-features", about | {"trial": t},
                (self.draws[t], self.item_units[t, family], *self._features_to_measure(t)),
            )
            for t in self.trials
        ]  # fmt: skip

    def _features_to_measure(self, trial: int) -> list[Unit]:
        """Return the units of frozen features of real items, and of the GAN's where an arm needs it, to measure with.

        None where they are of a larger view: real items would differ from those made by their size alone.
        """
        if self.settings.view:
            return []
        made = self.item_feature_units.get((trial, self.settings.family))
        return [self.feature_units[trial], *([made] if made else [])]

    @property
    def measuring_units(self) -> list[Unit]:
        """The units that measure items, of whatever source and in whatever feature space."""
        return [*self.quality_units.values(), *self.reference_units, *self.in_features_units]

    # ---- stage 4: frozen features, once per item

    @property
    def _viewing(self) -> dict[str, str]:
        """What units of the pretrained network declare of the view of items that it gets, where it is a larger one."""
        return {"view": self.settings.view.key} if self.settings.view else {}

    @cached_property
    def feature_units(self) -> dict[int, Unit]:
        """What the pretrained network makes of a draw's real items, by draw; trials on one set share them."""
        settings = self.settings
        if not settings.weights:
            return {}
        about = {"weights": settings.weights.digest, "data": settings.data_key} | self._viewing
        if settings.design.n_per_class is None:
            return dict.fromkeys(self.draws, kinds.FEATURES.unit("features", about))
        return {
            t: kinds.FEATURES.unit(f"{_place(t)}/features", about | {"trial": t}, (draw,))
            for t, draw in self.draws.items()
        }

    @cached_property
    def item_feature_units(self) -> dict[tuple[int, str], Unit]:
        """What the pretrained network makes of a source's items, by (draw, source), for the arms that fine-tune."""
        settings = self.settings
        if not settings.weights:
            return {}
        of = {t: settings.tuned_arms if t in settings.tuning_draws else settings.arms for t in self.draws}
        wanted = {(t, settings.source_of(arm)) for t in of for arm in of[t] if arm.pretrained and arm.generator}
        about = {"weights": settings.weights.digest} | self._viewing
        return {
            (t, source): kinds.ITEM_FEATURES.unit(f"{_place(t)}/{source}-features", about | {"trial": t}, (items,))
            for (t, source), items in self.item_units.items()
            if (t, source) in wanted
        }

    # ---- stage 4: tuning

    @cached_property
    def tuning_units(self) -> dict[tuple[int, str], Unit]:
        """The units of trying an arm's configurations, by (draw, tuned arm)."""
        arms, draws = self.settings.tuned_arms, self.settings.tuning_draws
        return {(t, arm.name): self._tuning_of(t, arm) for t in draws for arm in arms}

    def _tuning_of(self, draw: int, arm: Arm) -> Unit:
        settings = self.settings
        policies = settings.medium.tuned_policies if settings.study.augmentation == "auto" else ()
        tried = configurations(arm, settings.policy_name, policies)
        parameters = self._training_of(draw, arm) | {"configurations": [each.as_dict() for each in tried]}
        return kinds.TUNING.unit(
            f"{_place(draw)}/{arm.name}", parameters, (self.draws[draw], *self._makers_of(draw, arm))
        )

    @cached_property
    def choice_units(self) -> dict[str, Unit]:
        """What chooses an arm's configuration, by tuned arm; none where nothing is tuned."""
        draws = self.settings.tuning_draws
        found = {arm.name: tuple(self.tuning_units[t, arm.name] for t in draws) for arm in self.settings.tuned_arms}
        return {name: kinds.CHOICE.unit(f"tuning/{name}", {}, tried) for name, tried in found.items() if tried}

    # ---- stage 4: classifiers

    @cached_property
    def trainings(self) -> dict[tuple[int, str], list[Unit]]:
        """The units of training, by (trial, arm): of the first steps, then of every doubling, each continuing the last.

        All arms of a network have as many, so that they stay comparable.
        """
        return {(t, arm.name): [*self._trainings_of(t, arm)] for t in self.trials for arm in self.settings.arms}

    @cached_property
    def classifiers(self) -> dict[tuple[int, str], Unit]:
        """The units of training whose results count, by (trial, arm)."""
        read = {arm.name: self.read.get(arm.network, 0) for arm in self.settings.arms}
        return {(t, arm): units[read[arm]] for (t, arm), units in self.trainings.items()}

    def steps_of(self, network: str = "") -> int:
        """Return the optimiser steps in all of the trainings of a network (`Arm.network`) whose results count."""
        return sum(self.settings.cycles(network, self.read.get(network, 0)))

    @property
    def synthetic_shown(self) -> int:
        """Synthetic items in all batches of a training of the primary arm, before tuning."""
        return self.steps_of() * self.settings.synthetic_in_batch

    def _trainings_of(self, trial: int, arm: Arm) -> Iterator[Unit]:
        needs = [self.draws[trial], *self._makers_of(trial, arm)]
        needs += [self.choice_units[tuned_as(arm.name)]] if self.settings.tuning_draws else []
        cost = "transfer" if arm.pretrained else "fresh" if arm.variation == "fresh" else ""
        place, before = f"{_place(trial)}/{arm.name}", []
        for n in range(self.doublings.get(arm.network, 0) + 1):
            parameters = self._training_of(trial, arm, n)
            before = [kinds.CLASSIFIER.unit(place, parameters, (*needs, *before), cost, n)]
            yield from before

    def _training_of(self, trial: int, arm: Arm, doublings: int = 0) -> dict[str, Any]:
        """Return the parameters of an arm's training in a trial."""
        settings, study = self.settings, self.settings.study
        parameters: dict[str, Any] = {
            "arm": arm.name, "trial": trial, "seed": study.seed, "classifier": arm.classifier or study.first_classifier,
            "cycles": settings.cycles(arm.network, doublings),
            "seeds": study.classifier_seeds, "batch_size": study.batch_size,
            "augmentation": settings.policy_name if arm.classic else "none",
        }  # fmt: skip
        kept = [settings.dataset.pool.classes.index(name) for name in settings.keep_classes]
        parameters |= {"keep_classes": kept} if kept and arm.real and arm.generator else {}
        if settings.weights and arm.pretrained:
            parameters |= {"classifier": settings.weights.network, "weights": settings.weights.digest} | self._viewing
        else:
            parameters |= settings.medium.classifier_parameters(parameters["classifier"], settings.shape)
        return parameters | self._mixing_of(arm)

    def _mixing_of(self, arm: Arm) -> dict[str, Any]:
        """Return as parameters how an arm mixes its batches, and the synthetic share unless the draw says it."""
        study = self.settings.study
        mix = {"mix": study.mix} if arm.real and (arm.generator or arm.source == "oversampled") else {}
        if not arm.generator or (arm.real and self.settings.n_synthetic == "balance"):
            return mix
        share = arm.share / 100 if arm.share else study.synthetic_share
        return mix | {"synthetic_share": share if arm.real else 1.0}

    def _makers_of(self, trial: int, arm: Arm) -> list[Unit]:
        """Return the units that an arm's synthetic items come from; fresh ones need the generator itself as well."""
        features = [self.feature_units[trial]] if arm.pretrained else []
        if not arm.generator:
            return features
        source = self.settings.source_of(arm)
        fresh = [self.generator_units[trial, source]] if arm.variation == "fresh" else []
        fresh += [self.filtering_classifiers[trial]] if arm.way == "taught" else []
        features += [self.item_feature_units[trial, source]] if arm.pretrained else []
        return [self.item_units[trial, source], *fresh, *features]

    @property
    def answer_key(self) -> str:
        """16 hex digits for all that the answer hangs on: the trainings of the question in every trial, and the rule.

        They hold the keys of what they need, and so the data, the GAN and its items.
        """
        return self._ruled([self.classifiers[trial, arm].key for trial in self.trials for arm in PRIMARY])

    @property
    def rule_key(self) -> str:
        """16 hex digits for all that the answer hangs on besides its number of trials: those of the first one.

        Before any doubling: that steps double until training has converged is a part of the rule, and no change of it.
        """
        return self._ruled([self.trainings[self.trials[0], arm][0].key for arm in PRIMARY])

    def _ruled(self, trained: list[str]) -> str:
        settings = self.settings
        positive = settings.positive if settings.dataset.pool.n_classes == 2 else None
        return digest(trained, [settings.study.metric, settings.study.rope, positive])

    # ---- stage 4: classes held out

    @cached_property
    def open_set(self) -> OpenSet | None:
        """The part of the study about the classes held out; None where there are none."""
        settings, like = self.settings, parse_arm(PRIMARY[1])
        if settings.dataset.held_out is None:
            return None
        gans = {t: self.generator_units[t, settings.family] for t in self.trials}
        steps = range(self.doublings.get("", 0) + 1)
        training = {t: [self._training_of(t, like, n) for n in steps] for t in self.trials}
        return OpenSet(settings, gans, training, self.choice_units.get(tuned_as(like.name)), self.read.get("", 0))


def asks_a_classifier(variation: str) -> bool:
    """Tell whether items of a variation, or a way to use them, take a classifier that is trained before."""
    return variation == "by_classifier" or (variation in WAYS and WAYS[variation].asks)


def _place(trial: int) -> str:
    """Return the folder of a trial's units within the study's, or that of a draw for tuning (below 0)."""
    return f"trials/{trial:03d}" if trial >= 0 else f"tuning/{-trial:03d}"
