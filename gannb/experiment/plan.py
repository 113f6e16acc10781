"""Which units of work a study consists of, stage by stage, and which of them each one needs."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import Any

from gannb.experiment.open_set import OpenSet
from gannb.experiment.settings import Choices
from gannb.media.image.augmentation import POLICIES
from gannb.trials.arms import PRIMARY, Arm, parse_arm
from gannb.trials.tuning import configurations, tuned_as
from gannb.units import classifiers, measures
from gannb.units.generators import make_draw, make_generator, make_items
from gannb.utils.keys import digest
from gannb.work.store import is_done
from gannb.work.unit import Unit


class Wiring(Choices):
    """A study's units, by what they are of: the names of the parameters that each declares, and what it needs.

    What a key is made of stands here. Raise a unit's version where what it computes changes, and name a parameter of
    the study among those of every unit that depends on it.
    """

    def units(self, stage: int) -> list[Unit]:
        """Return the units of a stage, 1 to 4; none that only the pretrained weights could make, where these are gone.

        What was made with them before they went is among the units as ever.
        """
        frozen = dict.fromkeys([*self.feature_units.values(), *self.item_feature_units.values()])
        tuned = [*self.tuning_units.values(), *self.choice_units.values()]
        found: list[Unit] = {
            1: [*self.draws.values()],
            2: [*self.generator_units.values()],
            3: [*self.item_units.values(), *self.ruler_units, *self.judge_units, *self.measuring_units],
            4: [*frozen, *tuned, *self.classifiers.values(), *(self.open_set.units if self.open_set else [])],
            5: [],
        }[stage]
        return [unit for unit in found if not self._lacks_weights(unit)]

    def all_units(self) -> list[Unit]:
        """Return the units of all stages, in order."""
        return [unit for stage in (1, 2, 3, 4) for unit in self.units(stage)]

    # ---- what stays out

    def _lacks_weights(self, unit: Unit) -> bool:
        """Tell whether a unit is neither there nor to be made, since the pretrained weights have gone."""
        if self.weights is None or self.can_fine_tune:
            return False
        fine_tunes = any("weights" in each.parameters for each in unit.closure())
        return fine_tunes and not is_done(self.folder, unit)

    @property
    def left_out(self) -> str:
        """A sentence on fine-tuning that is asked for and cannot be had, all of it or the rest; else nothing."""
        if not self.wants_pretrained or self.can_fine_tune:
            return ""
        from gannb.media.image.pretrained import missing_sentence

        tuned = [unit for (_, arm), unit in self.classifiers.items() if parse_arm(arm).pretrained]
        there = [is_done(self.folder, unit) for unit in tuned]
        return "" if there and all(there) else missing_sentence(self.study.pretrained, begun=any(there))

    # ---- stage 1: draws

    @cached_property
    def draws(self) -> dict[int, Unit]:
        """The units of drawing by trial; those for tuning have the numbers -1, -2 ..."""
        design = {k: v for k, v in asdict(self.design).items() if k not in ("why", "most_trials")}
        return {
            t: Unit(1, "draw", f"{_place(t)}/draw", make_draw, 2, {"data": self.data_key, "trial": t, **design})
            for t in (*range(self.study.trials), *self.tuning_draws)
        }

    # ---- stage 2: generators

    @cached_property
    def generator_units(self) -> dict[tuple[int, str], Unit]:
        """The units of fitting a generator, by (draw, generator)."""
        tuned = [source.partition(".")[0] for source in self.tuned_sources]
        wanted = {t: self.generators for t in range(self.study.trials)} | dict.fromkeys(self.tuning_draws, tuned)
        return {(t, name): self.generator_on(self.draws[t], name) for t, names in wanted.items() for name in names}

    def generator_on(self, draw: Unit, name: str) -> Unit:
        """Return the unit that fits a generator to what a unit of drawing has chosen."""
        from gannb.media.image.gans.families import FAMILIES

        parameters: dict[str, Any] = {"generator": name, "trial": draw.parameters["trial"], "seed": self.study.seed}
        if name in FAMILIES:
            augmentation = self.study.gan_augmentation
            parameters |= {"gan_steps": self.steps_of(name), "gan_augmentation": augmentation}
            parameters |= {"settings": FAMILIES[name].settings()}
            parameters |= {"augmentation": self.policy_name} if augmentation in ("policy", "ada") else {}
            policy = augmentation if augmentation == "diffaugment" else parameters.get("augmentation", "none")
            parameters |= {"clamp": False} if POLICIES[policy].brightness else {}  # colours were clamped once
        if name in self.outside:
            parameters |= {"content": self.outside[name].key}
        place = f"{draw.place.rpartition('/')[0]}/{name}"
        cost = "gan" if name in FAMILIES else "generator"
        return Unit(2, "generator", place, make_generator, 1, parameters, (draw,), cost)

    # ---- stage 3: items, and what is measured of them

    @cached_property
    def item_units(self) -> dict[tuple[int, str], Unit]:
        """The units of making synthetic items, by (draw, source)."""
        wanted = {t: self.sources for t in range(self.study.trials)}
        wanted |= dict.fromkeys(self.tuning_draws, self.tuned_sources)
        return {(t, source): self._items_of(t, source) for t, sources in wanted.items() for source in sources}

    def _items_of(self, trial: int, source: str) -> Unit:
        generator, _, variation = source.partition(".")
        parameters: dict[str, Any] = {"n_synthetic": self.n_synthetic, "trial": trial, "seed": self.study.seed}
        parameters |= {"variation": variation} if variation else {}
        parameters |= {"truncation": self.study.truncation} if variation == "truncated" else {}
        needs = [self.draws[trial], self.generator_units[trial, generator]]
        needs += [self.judge_units[trial]] if variation == "by_classifier" else []
        return Unit(3, "items", f"{_place(trial)}/{source}-items", make_items, 1, parameters, tuple(needs))

    @cached_property
    def ruler_units(self) -> list[Unit]:
        """The units of training the classifier that measures, by trial."""
        return [
            Unit(
                3, "ruler", f"{_place(t)}/ruler", measures.make_measuring_classifier, 3,
                self._usual_training(t), (self.draws[t],),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    @cached_property
    def judge_units(self) -> list[Unit]:
        """What chooses the items of `by_classifier`, by trial; none where no arm asks for it."""
        if not any(arm.variation == "by_classifier" for arm in self.arms):
            return []
        return [
            Unit(
                3, "judge", f"{_place(t)}/judge", measures.make_filtering_classifier, 1,
                self._usual_training(t) | {"augmentation": self.policy_name}, (self.draws[t],),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    def _usual_training(self, trial: int) -> dict[str, Any]:
        """Return the parameters of a classifier that is no arm."""
        return {"trial": trial, "seed": self.study.seed, "steps": self.usual_steps(measures.SIDE_BATCH)}

    @cached_property
    def quality_units(self) -> dict[tuple[int, str], Unit]:
        """The units of measuring synthetic items, by (trial, source)."""
        measured = [source for source in self.sources if source != "mislabelled"]
        return {(t, source): self._quality_of(t, source) for t in range(self.study.trials) for source in measured}

    def _quality_of(self, trial: int, source: str) -> Unit:
        parameters = {"trial": trial, "generator": source, "seed": self.study.seed} | self._further_spaces
        fitted = self.generator_units[trial, source.partition(".")[0]]
        needs = (self.draws[trial], self.item_units[trial, source], self.ruler_units[trial], fitted)
        return Unit(3, "quality", f"{_place(trial)}/{source}-quality", measures.make_quality, 3, parameters, needs)

    @property
    def _further_spaces(self) -> dict[str, str]:
        """What names the feature spaces beside pixels and the ruler, as parameters of the units that measure."""
        return {"inception": self.inception} if self.inception else {}

    @property
    def measuring_units(self) -> list[Unit]:
        """The units that measure items, of whatever source and in whatever feature space."""
        return [*self.quality_units.values(), *self.yardstick_units, *self.in_features_units]

    @property
    def in_features_units(self) -> list[Unit]:
        """What measures the study's own GAN and the yardsticks in the pretrained network's features, if it is there."""
        if not self.weights:
            return []
        about = {"generator": self.family, "seed": self.study.seed, "weights": self.weights.digest}
        return [
            Unit(
                3, "in_features", f"{_place(t)}/{self.family}-in-features", measures.make_in_features, 2,
                about | {"trial": t},
                (self.draws[t], self.item_units[t, self.family], self.feature_units[t], *self._features_of_gan(t)),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    def _features_of_gan(self, trial: int) -> list[Unit]:
        """Return the unit of the frozen features of the GAN's items, where an arm needs it."""
        return [unit] if (unit := self.item_feature_units.get((trial, self.family))) else []

    @cached_property
    def yardstick_units(self) -> list[Unit]:
        """What measures held-out real items and copies as if they were generated, by trial."""
        return [
            Unit(
                3, "yardsticks", f"{_place(t)}/yardsticks", measures.make_reference_sets, 1,
                {"trial": t, "seed": self.study.seed} | self._further_spaces,
                (self.draws[t], self.ruler_units[t]),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    # ---- stage 4: frozen features, once per item

    @cached_property
    def feature_units(self) -> dict[int, Unit]:
        """What the pretrained network makes of a draw's real items, by draw; re-splits share them, being of one set."""
        if not self.weights:
            return {}
        about = {"weights": self.weights.digest, "data": self.data_key}
        if self.design.protocol == "resplit":
            whole = Unit(4, "features", "features", classifiers.make_features, 1, about)
            return dict.fromkeys(self.draws, whole)
        return {
            t: Unit(4, "features", f"{_place(t)}/features", classifiers.make_features, 1, about | {"trial": t}, (draw,))
            for t, draw in self.draws.items()
        }

    @cached_property
    def item_feature_units(self) -> dict[tuple[int, str], Unit]:
        """What the pretrained network makes of a source's items, by (draw, source), for the arms that fine-tune."""
        if not self.weights:
            return {}
        of = {draw: self.tuned_arms if draw in self.tuning_draws else self.arms for draw in self.draws}
        wanted = {(t, self.source_of(arm)) for t in of for arm in of[t] if arm.pretrained and arm.generator}
        return {
            (t, source): Unit(
                4, "item_features", f"{_place(t)}/{source}-features", classifiers.make_features, 1,
                {"weights": self.weights.digest, "trial": t}, (items,),
            )
            for (t, source), items in self.item_units.items() if (t, source) in wanted
        }  # fmt: skip

    # ---- stage 4: tuning

    @cached_property
    def tuning_units(self) -> dict[tuple[int, str], Unit]:
        """The units of trying an arm's configurations, by (draw, tuned arm)."""
        return {(t, arm.name): self._tuning_of(t, arm) for t in self.tuning_draws for arm in self.tuned_arms}

    def _tuning_of(self, draw: int, arm: Arm) -> Unit:
        tried = configurations(arm, self.policy_name, choose_policy=self.study.augmentation == "auto")
        parameters = self._training_of(draw, arm) | {"configurations": [each.as_dict() for each in tried]}
        needs = (self.draws[draw], *self._makers_of(draw, arm))
        return Unit(4, "tuning", f"{_place(draw)}/{arm.name}", classifiers.make_tuning, 1, parameters, needs)

    @cached_property
    def choice_units(self) -> dict[str, Unit]:
        """What chooses an arm's configuration, by tuned arm; none where nothing is tuned."""
        if not self.tuning_draws:
            return {}
        found = {arm.name: tuple(self.tuning_units[t, arm.name] for t in self.tuning_draws) for arm in self.tuned_arms}
        return {
            name: Unit(4, "choice", f"tuning/{name}", classifiers.make_choice, 1, {}, tried)
            for name, tried in found.items()
        }

    # ---- stage 4: classifiers

    @cached_property
    def classifiers(self) -> dict[tuple[int, str], Unit]:
        """The units of training, by (trial, arm)."""
        return {(t, arm.name): self._classifier_of(t, arm) for t in range(self.study.trials) for arm in self.arms}

    def _classifier_of(self, trial: int, arm: Arm) -> Unit:
        parameters = self._training_of(trial, arm)
        needs = [self.draws[trial], *self._makers_of(trial, arm)]
        needs += [self.choice_units[tuned_as(arm.name)]] if self.tuning_draws else []
        cost = "transfer" if arm.pretrained else "fresh" if arm.variation == "fresh" else "classifier"
        place = f"{_place(trial)}/{arm.name}"
        return Unit(4, "classifier", place, classifiers.make_classifier, 3, parameters, tuple(needs), cost)

    def _training_of(self, trial: int, arm: Arm) -> dict[str, Any]:
        """Return the parameters of an arm's training in a trial."""
        study = self.study
        parameters: dict[str, Any] = {
            "arm": arm.name, "trial": trial, "seed": study.seed, "classifier": arm.classifier or study.first_classifier,
            "steps": max(1, self.classifier_steps // 2) if arm.half_budget else self.classifier_steps,
            "seeds": study.classifier_seeds, "batch_size": study.batch_size,
            "augmentation": self.policy_name if arm.classic else "none",
        }  # fmt: skip
        kept = [self.dataset.pool.classes.index(name) for name in self.keep_classes]
        parameters |= {"keep_classes": kept} if kept and arm.real and arm.generator else {}
        if self.weights and arm.pretrained:
            parameters |= {"classifier": self.weights.network, "weights": self.weights.digest}
            parameters |= {"steps": self.transfer_steps}
        return parameters | self._share_of(arm)

    def _share_of(self, arm: Arm) -> dict[str, float]:
        """Return the synthetic share of an arm's batches as a parameter; none where it follows from the draw."""
        if not arm.generator or (arm.real and self.n_synthetic == "balance"):
            return {}
        return {"synthetic_share": self.study.synthetic_share if arm.real else 1.0}

    def _makers_of(self, trial: int, arm: Arm) -> list[Unit]:
        """Return the units that an arm's synthetic items come from; fresh ones need the generator itself as well."""
        features = [self.feature_units[trial]] if arm.pretrained else []
        if not arm.generator:
            return features
        source = self.source_of(arm)
        fresh = [self.generator_units[trial, source]] if arm.variation == "fresh" else []
        features += [self.item_feature_units[trial, source]] if arm.pretrained else []
        return [self.item_units[trial, source], *fresh, *features]

    @property
    def answer_key(self) -> str:
        """16 hex digits for all that the answer hangs on: the trainings of the question in every trial, and the rule.

        They hold the keys of what they need, and so the data, the GAN and its images.
        """
        trained = [self.classifiers[trial, arm].key for trial in range(self.study.trials) for arm in PRIMARY]
        rule = [self.study.metric, self.study.rope, self.positive if self.dataset.pool.n_classes == 2 else None]
        return digest(trained, rule)

    # ---- stage 4: classes held out

    @cached_property
    def open_set(self) -> OpenSet | None:
        """The part of the study about the classes held out; None where there are none."""
        if self.dataset.held_out is None:
            return None
        trials, like = range(self.study.trials), parse_arm(PRIMARY[1])
        gans = {t: self.generator_units[t, self.family] for t in trials}
        choice = self.choice_units.get(tuned_as(like.name))
        return OpenSet(self, gans, {t: self._training_of(t, like) for t in trials}, choice)


def _place(trial: int) -> str:
    """Return the folder of a trial's units within the study's, or that of a draw for tuning (below 0)."""
    return f"trials/{trial:03d}" if trial >= 0 else f"tuning/{-trial:03d}"
