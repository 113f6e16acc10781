"""What a study consists of: its units, stage by stage, and the tables that are read from them."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb import imbalance, outcomes, outside, protocol, units
from gannb.arms import PRIMARY, Arm, Contrast, contrasts, dose_arms, parse_arm, study_arms
from gannb.data import Dataset, Examples
from gannb.errors import InputError, Stopped
from gannb.openset import OpenSet
from gannb.outcomes import Predictions
from gannb.prepared import keep_data, known_data, load_data, source_stamp
from gannb.protocol import Design, Draw
from gannb.status import write_status
from gannb.study import CLASSIFIER_EFFORT, GAN_EFFORT, STAGES, TRANSFER_STEPS, Study, is_saved, save_study
from gannb.tuning import DRAWS, configurations, tuned_as
from gannb.words import nearest
from gannb.work import (
    Outcome,
    Progress,
    Unit,
    is_done,
    read_unit,
    recorded_failure,
    run_units,
    study_lock,
)

if TYPE_CHECKING:
    import pandas as pd

    from gannb.transfer import Weights

DEFAULT_SECONDS = {
    "draw": 0.1,
    "gan": 20.0,
    "generator": 0.2,
    "items": 0.5,
    "ruler": 2.0,
    "judge": 2.0,
    "quality": 1.0,
    "yardsticks": 1.0,
    "classifier": 3.0,
    "tuning": 15.0,
    "choice": 0.1,
    "fresh": 6.0,
    "open_set": 3.0,
    "features": 10.0,
    "in_features": 20.0,
    "item_features": 10.0,
    "transfer": 90.0,
}


# ---- the experiment ----


@dataclass(frozen=True, eq=False)
class Experiment:
    """A study and its data: every choice settled, every unit named."""

    study: Study
    dataset: Dataset
    data_key: str

    @classmethod
    def preview(cls, study: Study) -> Experiment:
        """Read and check everything, writing nothing."""
        experiment = cls(study, *load_data(study))
        experiment.check()
        return experiment

    @classmethod
    def open(cls, study: Study) -> Experiment:
        """Read and check everything, then record it in the study's folder, unless it stands there already.

        Raises:
            InputError: as `preview`; or the study has changed while another process is at work on it.
        """
        return cls.preview(study).record()

    def record(self) -> Experiment:
        """Record the study, with a copy of its data, unless that is done; return the experiment that reads the copy."""
        facts = {
            "fingerprint": self.dataset.fingerprint,
            "device": self.device,
            "resolved": json.loads(json.dumps(self.resolved())),
        }
        copy = self.folder / f"data-{self.data_key}"
        kept = copy.is_dir() and known_data(self.study).get(source_stamp(self.study)) == self.data_key
        kept = kept and outside.is_kept(self.study, self.outside, self.data_key)
        if not kept or not is_saved(self.study, **facts):
            with study_lock(self.folder):
                keep_data(self.study, self.dataset, self.data_key)
                outside.keep(self.study, self.outside, self.data_key)
                save_study(self.study, **facts)
        if self.weights:
            from gannb.transfer import keep

            keep(self.folder, self.weights)
        return Experiment(self.study, Dataset.load(copy), self.data_key)

    @property
    def folder(self) -> Path:
        """The study's folder, absolute."""
        return self.study.folder

    @cached_property
    def design(self) -> Design:
        """How the data are divided into trials."""
        return protocol.settle(self.dataset, self.study)

    @cached_property
    def family(self) -> str:
        """The GAN family that `gan` stands for."""
        from gannb.generators.families import default_family

        return default_family(self.shape) if self.study.gan == "auto" else self.study.gan

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item, (H, W, C) for images."""
        return self.dataset.pool.shape

    @cached_property
    def policy_name(self) -> str:
        """The classical augmentation that `auto` stands for."""
        if self.study.augmentation != "auto":
            return self.study.augmentation
        from gannb.augment import POLICIES, resolve

        policy = resolve("auto", self.shape)
        return next(name for name in POLICIES if resolve(name, self.shape) == policy)

    @cached_property
    def device(self) -> str:
        """The device that `auto` stands for."""
        return resolve_device(self.study.device)

    @cached_property
    def arms(self) -> list[Arm]:
        """The ways to train: those asked for, what they are compared with, the curve of real items, the doses."""
        asked = (*self.study.arms, *dose_arms(self.study.doses), *outside.arms_for(self.study))
        if self.weights is None:
            asked = tuple(name for name in asked if not parse_arm(name).pretrained)
        return study_arms(asked, self.design.protocol, self.study.classifier[1:], balance=not self.study.doses)

    @cached_property
    def outside(self) -> dict[str, outside.Source]:
        """The study's sources from outside, by name; read and checked where they are not kept yet."""
        return outside.load(self.study, self.dataset, self.data_key)

    @cached_property
    def weights(self) -> Weights | None:
        """The pretrained weights; None where no arm wants them, or they are not on this machine."""
        if not self._wants_pretrained:
            return None
        from gannb.transfer import find

        return find(self.study.pretrained)

    @property
    def _wants_pretrained(self) -> bool:
        return any(parse_arm(name).pretrained for name in self.study.arms)

    @property
    def left_out(self) -> str:
        """A sentence on fine-tuning where it is asked for and its weights are not there, or nothing."""
        if self.weights is not None or not self._wants_pretrained:
            return ""
        from gannb.transfer import missing_sentence

        return missing_sentence(self.study.pretrained)

    @cached_property
    def transfer_steps(self) -> int:
        """Optimiser steps of a fine-tuning."""
        return self.study.transfer_steps or TRANSFER_STEPS[self.study.preset]

    @cached_property
    def gan_steps(self) -> int:
        """Training steps of the study's GAN."""
        return self.steps_of(self.family)

    def steps_of(self, family: str) -> int:
        """Return training steps of a GAN: the study's, or the family's own number times the preset's effort."""
        from gannb.generators.families import FAMILIES

        return self.study.gan_steps or max(1, round(FAMILIES[family].steps * GAN_EFFORT[self.study.preset]))

    @cached_property
    def classifier_steps(self) -> int:
        """Optimiser steps of each classifier: the study's, or the preset's number of passes over a draw."""
        return self.study.classifier_steps or self.usual_steps(self.study.batch_size)

    def usual_steps(self, batch_size: int) -> int:
        """Return optimiser steps for the preset's number of passes over a draw."""
        passes, least, most = CLASSIFIER_EFFORT[self.study.preset]
        items = len(protocol.make_draw(self.dataset, self.design, 0).train)
        return min(most, max(least, passes * items // batch_size))

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
    def inception(self) -> str | None:
        """The SHA-256 of the standard Inception network's weights; None where they are not given."""
        from gannb import inception

        return self.study.inception and inception.check(self.study.inception)

    @cached_property
    def keep_classes(self) -> tuple[str, ...]:
        """The only classes that get synthetic items, in the data's order; none where all do.

        Raises:
            InputError: there is no class of a name.
        """
        classes = self.dataset.pool.classes
        for name in self.study.keep_classes:
            if name not in classes:
                near = difflib.get_close_matches(name, classes, n=1, cutoff=0.5)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"the classes are {', '.join(map(repr, classes[:12]))}."
                )
                raise InputError(f"keep_classes: there is no class {name!r}; {hint}")
        kept = tuple(name for name in classes if name in self.study.keep_classes)
        return kept if len(kept) < len(classes) else ()

    @property
    def contrasts(self) -> list[Contrast]:
        """Which arm is compared with which, the primary contrast first."""
        return contrasts([arm.name for arm in self.arms])

    @cached_property
    def sources(self) -> list[str]:
        """What items are made by, as GENERATOR or GENERATOR.VARIATION, for all arms; the study's own GAN first."""
        return list(dict.fromkeys([self.family] + [self._source_of(arm) for arm in self.arms if arm.generator]))

    @cached_property
    def generators(self) -> list[str]:
        """The generators that the sources need, the study's own first."""
        return list(dict.fromkeys(source.partition(".")[0] for source in self.sources))

    @property
    def families(self) -> list[str]:
        """Those of the generators that are GANs, the study's own first."""
        from gannb.generators.families import FAMILIES

        return [name for name in self.generators if name in FAMILIES]

    @property
    def synthetic_shown(self) -> int:
        """Synthetic items in all batches of a training of the primary arm, before tuning."""
        return self.classifier_steps * round(self.study.synthetic_share * self.study.batch_size)

    @property
    def most_trials(self) -> int | None:
        """Disjoint draws that the pool allows besides those for tuning; None in resplit."""
        most = self.design.most_trials
        return most and most - len(self.tuning_draws)

    def _source_of(self, arm: Arm) -> str:
        """Return whose items an arm trains on; fresh ones start as those of the plain GAN."""
        name = self.family if arm.generator == "gan" else str(arm.generator)
        return f"{name}.{arm.variation}" if arm.variation not in ("", "fresh") else name

    @cached_property
    def items_made(self) -> int:
        """Synthetic items that a source makes in a trial (in the first one, where trials differ)."""
        return len(units.labels_to_make(self._counts(0), self._n_synthetic))

    @property
    def dose_arms(self) -> dict[int, str]:
        """The arms of the dose response by synthetic items per class, rising; none where there is a single dose."""
        doses = self.study.doses
        return dict(zip(doses, (*dose_arms(doses), PRIMARY[0]), strict=True)) if len(doses) > 1 else {}

    @property
    def made_text(self) -> str:
        """How many synthetic items a source makes in a trial, in words."""
        *smaller, most = self.study.doses or (0,)
        if not most:
            return "as many as every class lacks to be as large as the largest"
        also = f" (and {', '.join(f'{dose:,}' for dose in smaller)} for the dose response)" if smaller else ""
        return f"{most:,} per class on average{also}"

    @property
    def _n_synthetic(self) -> int | str:
        """What is made: `balance`, or the largest number of items per class."""
        return self.study.doses[-1] if self.study.doses else "balance"

    def resolved(self) -> dict[str, Any]:
        """Return what the study's `auto` parameters stand for with these data."""
        return {
            "protocol": self.design.protocol, "n_per_class": self.design.n_per_class, "why": self.design.why,
            "gan": self.family, "gan_steps": self.gan_steps,
            "classifier_steps": self.classifier_steps, "augmentation": self.policy_name, "shape": list(self.shape),
            "classes": list(self.dataset.pool.classes), "arms": [arm.name for arm in self.arms],
            "positive": self.dataset.pool.classes[self.positive] if self.dataset.pool.n_classes == 2 else None,
        }  # fmt: skip

    def check(self) -> None:
        """Raise InputError for anything that would fail later: device, families, arms, classifier, sizes."""
        from gannb.classify import build
        from gannb.generators.families import FAMILIES

        if self.study.gan != "auto" and self.study.gan not in FAMILIES:
            hint = nearest(self.study.gan, FAMILIES) or f"use {', '.join(FAMILIES)} or auto."
            raise InputError(f"gan: there is no family {self.study.gan!r}; {hint}")
        _ = self.device, self.arms, self.design, self.positive, self.keep_classes
        self._check_families()
        for name in self.study.classifier:
            build(name, self.shape, self.dataset.pool.n_classes)
        self._check_arms_of_classifiers()
        if self.weights:
            from gannb.transfer import check

            check(self.weights, self.dataset.pool.n_classes)
        self._check_outside()
        self._check_room()
        self._check_tuning()
        self._check_doses()
        imbalance.check(self.study, self.design.protocol, self.arms, self._counts)
        self._check_inception()
        if self.open_set:
            self.open_set.check()

    def _check_families(self) -> None:
        """Every GAN can do every trial's draw; what its classes hold differs between re-splits."""
        from gannb.generators import Job
        from gannb.generators.adversarial import Adversarial
        from gannb.generators.families import FAMILIES

        for name in self.families:
            differ = FAMILIES[name].one_class_batches and self.design.protocol == "resplit"
            for trial in range(self.study.trials if differ else 1):
                draw = self.items(protocol.make_draw(self.dataset, self.design, trial).train)
                Adversarial(FAMILIES[name]).check(draw, Job(steps=1, seed=0))

    def _check_outside(self) -> None:
        """Sources from outside are given, fit, and may run where items of theirs are still to be made."""
        outside.check_arms(self.study, self.arms)
        for name, source in self.outside.items():
            made = (unit for (_, maker), unit in self._item_units.items() if maker == name)
            outside.check_runs(source, waiting=not all(is_done(self.folder, unit) for unit in made))

    def _check_inception(self) -> None:
        """FID takes the standard weights and many items."""
        from gannb import inception

        if not self.study.inception:
            return
        _ = self.inception
        tested = len(protocol.make_draw(self.dataset, self.design, 0).test)
        if min(tested, self.items_made) < inception.LEAST:
            raise InputError(
                f"inception: FID takes {inception.LEAST:,} test items and as many made, and there are {tested:,} and "
                f"{self.items_made:,}; raise n_synthetic or leave inception out (KID is right for fewer)."
            )

    def _check_arms_of_classifiers(self) -> None:
        for arm in self.arms:
            if arm.classifier and arm.classifier not in self.study.classifier[1:]:
                raise InputError(
                    f"arms: {arm.name} names the classifier {arm.classifier}, which is none of the study's further "
                    f"ones; use classifier={self.study.first_classifier},{arm.classifier}."
                )

    def _check_tuning(self) -> None:
        """Draws for tuning share no item with any trial's."""
        if not self.tuning_draws:
            return
        groups = protocol.groups_of(self.dataset)
        draws = [protocol.make_draw(self.dataset, self.design, t) for t in range(self.study.trials)]
        taken = groups[np.concatenate([part for draw in draws for part in (draw.train, draw.reserve, draw.test)])]
        for t in self.tuning_draws:
            draw = protocol.make_draw(self.dataset, self.design, t)
            if np.isin(groups[np.concatenate([draw.train, draw.reserve])], taken).any():
                most = min(self.study.trials - 1, (self.design.most_trials or 0) - DRAWS)
                raise InputError(
                    f"tune=true needs {DRAWS} draws that no trial uses, and trials={self.study.trials} leave too few "
                    f"items for them; "
                    + (f"use trials={most} or fewer." if most >= 2 else "use a smaller n_per_class.")
                )

    def _check_doses(self) -> None:
        """A dose is a part of the items that the study makes, and another number than theirs."""
        for arm in self.arms:
            if arm.dose is None:
                continue
            whole, most = arm.name.replace(f":{arm.dose}", ""), self.study.doses[-1:]
            if not most:
                raise InputError(f"arms: {arm.name} names a dose, and n_synthetic=balance has none; use {whole}.")
            if arm.dose > most[0]:
                raise InputError(
                    f"arms: {arm.name} takes {arm.dose} items per class and the study makes {most[0]}; "
                    f"use n_synthetic={most[0]},{arm.dose}."
                )
            if arm.dose == most[0]:
                raise InputError(f"arms: {arm.name} is {whole}, since n_synthetic is {arm.dose}; use {whole}.")

    @property
    def class_counts(self) -> dict[str, int]:
        """Items by class in the training sets' proportions: a draw's, or those of the whole set that is split again."""
        classes, n = self.dataset.pool.classes, self.design.n_per_class
        counts = np.bincount(protocol.labels_of(self.dataset), minlength=len(classes))
        return {name: int(n or count) for name, count in zip(classes, counts, strict=True)}

    def _counts(self, trial: int) -> np.ndarray:
        """Return the real items per class of a trial's draw, (K,)."""
        train = protocol.make_draw(self.dataset, self.design, trial).train
        return np.bincount(protocol.labels_of(self.dataset)[train], minlength=self.dataset.pool.n_classes)

    def _check_room(self) -> None:
        """Groups may leave too few separate items for a trial even when the counts suffice."""
        if len(np.unique(self.dataset.pool.groups)) < len(self.dataset.pool):
            trials = range(self.study.trials)
            for trial in trials if self.design.protocol == "resplit" else trials[-1:]:  # draws: the last has the least
                protocol.make_draw(self.dataset, self.design, trial)

    # -------------------------------------------------------------------------------------------- units

    @cached_property
    def draws(self) -> dict[int, Unit]:
        """The units of drawing by trial; those for tuning have the numbers -1, -2 ..."""
        design = {k: v for k, v in asdict(self.design).items() if k not in ("why", "most_trials")}
        return {
            t: Unit(1, "draw", f"{_place(t)}/draw", units.make_draw, 2, {"data": self.data_key, "trial": t, **design})
            for t in (*range(self.study.trials), *self.tuning_draws)
        }

    @cached_property
    def _generator_units(self) -> dict[tuple[int, str], Unit]:
        tuned = [source.partition(".")[0] for source in self._tuned_sources]
        wanted = {t: self.generators for t in range(self.study.trials)} | dict.fromkeys(self.tuning_draws, tuned)
        return {(t, g): self._generator(t, g) for t, names in wanted.items() for g in names}

    def _generator(self, trial: int, name: str) -> Unit:
        return self.generator_on(self.draws[trial], name)

    def generator_on(self, draw: Unit, name: str) -> Unit:
        """Return the unit that fits a generator to what a unit of drawing has chosen."""
        from gannb.generators.families import FAMILIES

        parameters: dict[str, Any] = {"generator": name, "trial": draw.parameters["trial"], "seed": self.study.seed}
        if name in FAMILIES:
            augmentation = self.study.gan_augmentation
            parameters |= {"gan_steps": self.steps_of(name), "gan_augmentation": augmentation}
            parameters |= {"settings": FAMILIES[name].settings()}
            parameters |= {"augmentation": self.policy_name} if augmentation in ("policy", "ada") else {}
        if name in self.outside:
            parameters |= {"content": self.outside[name].key}
        place = f"{draw.place.rpartition('/')[0]}/{name}"
        cost = "gan" if name in FAMILIES else "generator"
        return Unit(2, "generator", place, units.make_generator, 1, parameters, (draw,), cost)

    @cached_property
    def _item_units(self) -> dict[tuple[int, str], Unit]:
        wanted = {t: self.sources for t in range(self.study.trials)}
        wanted |= dict.fromkeys(self.tuning_draws, self._tuned_sources)
        return {(t, source): self._items(t, source) for t, sources in wanted.items() for source in sources}

    def _items(self, trial: int, source: str) -> Unit:
        generator, _, variation = source.partition(".")
        parameters: dict[str, Any] = {"n_synthetic": self._n_synthetic, "trial": trial, "seed": self.study.seed}
        parameters |= {"variation": variation} if variation else {}
        parameters |= {"truncation": self.study.truncation} if variation == "truncated" else {}
        needs = [self.draws[trial], self._generator_units[trial, generator]]
        needs += [self._judge_units[trial]] if variation == "by_classifier" else []
        return Unit(3, "items", f"{_place(trial)}/{source}-items", units.make_items, 1, parameters, tuple(needs))

    @cached_property
    def _ruler_units(self) -> list[Unit]:
        return [
            Unit(3, "ruler", f"{_place(t)}/ruler", units.make_ruler, 3, self._usual_training(t), (self.draws[t],))
            for t in range(self.study.trials)
        ]

    @cached_property
    def _judge_units(self) -> list[Unit]:
        """What chooses the items of `by_classifier`, by trial; none where no arm asks for it."""
        if not any(arm.variation == "by_classifier" for arm in self.arms):
            return []
        policy = {"augmentation": self.policy_name}
        return [
            Unit(
                3,
                "judge",
                f"{_place(t)}/judge",
                units.make_judge,
                1,
                self._usual_training(t) | policy,
                (self.draws[t],),
            )
            for t in range(self.study.trials)
        ]

    def _usual_training(self, trial: int) -> dict[str, Any]:
        """Return the parameters of a classifier that is no arm."""
        return {"trial": trial, "seed": self.study.seed, "steps": self.usual_steps(units.SIDE_BATCH)}

    @cached_property
    def _quality_units(self) -> dict[tuple[int, str], Unit]:
        measured = [source for source in self.sources if source != "mislabelled"]
        return {(t, source): self._quality(t, source) for t in range(self.study.trials) for source in measured}

    def _quality(self, trial: int, source: str) -> Unit:
        parameters = {"trial": trial, "generator": source, "seed": self.study.seed}
        parameters |= self._further_spaces
        fitted = self._generator_units[trial, source.partition(".")[0]]
        needs = (self.draws[trial], self._item_units[trial, source], self._ruler_units[trial], fitted)
        return Unit(3, "quality", f"{_place(trial)}/{source}-quality", units.make_quality, 3, parameters, needs)

    @property
    def _further_spaces(self) -> dict[str, str]:
        """What names the feature spaces beside pixels and the ruler, as parameters of the units that measure."""
        return {"inception": self.inception} if self.inception else {}

    @property
    def _in_features_units(self) -> list[Unit]:
        """What measures the study's own GAN and the yardsticks in the pretrained network's features, if it is there."""
        if not self.weights:
            return []
        about = {"generator": self.family, "seed": self.study.seed, "weights": self.weights.digest}
        return [
            Unit(
                3, "in_features", f"{_place(t)}/{self.family}-in-features", units.make_in_features, 1,
                about | {"trial": t}, (self.draws[t], self._item_units[t, self.family]),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    @cached_property
    def _yardstick_units(self) -> list[Unit]:
        """What measures held-out real items and copies as if they were generated, by trial."""
        return [
            Unit(
                3, "yardsticks", f"{_place(t)}/yardsticks", units.make_yardsticks, 1,
                {"trial": t, "seed": self.study.seed} | self._further_spaces,
                (self.draws[t], self._ruler_units[t]),
            )
            for t in range(self.study.trials)
        ]  # fmt: skip

    @cached_property
    def classifiers(self) -> dict[tuple[int, str], Unit]:
        """The units of training, by (trial, arm)."""
        return {(t, arm.name): self._classifier(t, arm) for t in range(self.study.trials) for arm in self.arms}

    def _classifier(self, trial: int, arm: Arm) -> Unit:
        parameters = self._training_of(trial, arm)
        needs = [self.draws[trial], *self._makers_of(trial, arm)]
        needs += [self._choice_units[tuned_as(arm.name)]] if self.tuning_draws else []
        cost = "transfer" if arm.pretrained else "fresh" if arm.variation == "fresh" else "classifier"
        place = f"{_place(trial)}/{arm.name}"
        return Unit(4, "classifier", place, units.make_classifier, 3, parameters, tuple(needs), cost)

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

    # ---- frozen features, once per item

    @cached_property
    def _feature_units(self) -> dict[int, Unit]:
        """What the pretrained network makes of a trial's real items; re-splits share them, being of one set."""
        if not self.weights:
            return {}
        about = {"weights": self.weights.digest, "data": self.data_key}
        if self.design.protocol == "resplit":
            whole = Unit(4, "features", "features", units.make_features, 1, about)
            return dict.fromkeys(self.draws, whole)
        return {
            t: Unit(4, "features", f"{_place(t)}/features", units.make_features, 1, about | {"trial": t}, (draw,))
            for t, draw in self.draws.items()
        }

    @cached_property
    def _item_feature_units(self) -> dict[tuple[int, str], Unit]:
        """What the pretrained network makes of the items of a trial's source, for the arms that fine-tune on them."""
        if not self.weights:
            return {}
        of = {draw: self.tuned_arms if draw in self.tuning_draws else self.arms for draw in self.draws}
        wanted = {(t, self._source_of(arm)) for t in of for arm in of[t] if arm.pretrained and arm.generator}
        return {
            (t, source): Unit(
                4, "item_features", f"{_place(t)}/{source}-features", units.make_features, 1,
                {"weights": self.weights.digest, "trial": t}, (items,),
            )
            for (t, source), items in self._item_units.items() if (t, source) in wanted
        }  # fmt: skip

    # ---- tuning

    @cached_property
    def tuning_draws(self) -> tuple[int, ...]:
        """Numbers of the draws for tuning, below 0; none where nothing is tuned, as in resplit."""
        tuned = self.study.tune and self.design.protocol == "draw"
        return tuple(-1 - i for i in range(DRAWS)) if tuned else ()

    @cached_property
    def tuned_arms(self) -> list[Arm]:
        """The arms that are tuned; others take over the configuration of one of them."""
        return [parse_arm(name) for name in dict.fromkeys(tuned_as(arm.name) for arm in self.arms)]

    @property
    def _tuned_sources(self) -> list[str]:
        return list(dict.fromkeys(self._source_of(arm) for arm in self.tuned_arms if arm.generator))

    @cached_property
    def _tuning_units(self) -> dict[tuple[int, str], Unit]:
        return {(t, arm.name): self._tuning(t, arm) for t in self.tuning_draws for arm in self.tuned_arms}

    def _tuning(self, draw: int, arm: Arm) -> Unit:
        tried = configurations(arm, self.policy_name, choose_policy=self.study.augmentation == "auto")
        parameters = self._training_of(draw, arm) | {"configurations": [each.as_dict() for each in tried]}
        needs = (self.draws[draw], *self._makers_of(draw, arm))
        return Unit(4, "tuning", f"{_place(draw)}/{arm.name}", units.make_tuning, 1, parameters, needs)

    @cached_property
    def _choice_units(self) -> dict[str, Unit]:
        """What chooses an arm's configuration, by tuned arm; none where nothing is tuned."""
        if not self.tuning_draws:
            return {}
        found = {arm.name: tuple(self._tuning_units[t, arm.name] for t in self.tuning_draws) for arm in self.tuned_arms}
        return {
            name: Unit(4, "choice", f"tuning/{name}", units.make_choice, 1, {}, tried) for name, tried in found.items()
        }

    def tuning(self) -> pd.DataFrame:
        """Return one row per draw for tuning, tuned arm and configuration, and whether it was chosen."""
        table = _table(self.folder, self._tuning_units.values(), "tuning.json")
        if table.empty:
            return table
        chosen = {}
        for name, unit in self._choice_units.items():
            if is_done(self.folder, unit):
                file = self.folder / unit.path / "choice.json"
                chosen[name] = json.loads(file.read_text(encoding="utf-8"))["configuration"]
        rows = zip(table["arm"], table["configuration"], strict=True)
        return table.assign(chosen=[chosen.get(arm) == configuration for arm, configuration in rows])

    # ---- classes held out

    @cached_property
    def open_set(self) -> OpenSet | None:
        """The part of the study about the classes held out; None where there are none."""
        if self.dataset.held_out is None:
            return None
        trials, like = range(self.study.trials), parse_arm(PRIMARY[1])
        gans = {t: self._generator_units[t, self.family] for t in trials}
        choice = self._choice_units.get(tuned_as(like.name))
        return OpenSet(self, gans, {t: self._training_of(t, like) for t in trials}, choice)

    # ---- all of them

    def _share_of(self, arm: Arm) -> dict[str, float]:
        """Return the synthetic share of an arm's batches as a parameter; none where it follows from the draw."""
        if not arm.generator or (arm.real and self._n_synthetic == "balance"):
            return {}
        return {"synthetic_share": self.study.synthetic_share if arm.real else 1.0}

    def _makers_of(self, trial: int, arm: Arm) -> list[Unit]:
        """Return the units that an arm's synthetic items come from; fresh ones need the generator itself as well."""
        features = [self._feature_units[trial]] if arm.pretrained else []
        if not arm.generator:
            return features
        source = self._source_of(arm)
        fresh = [self._generator_units[trial, source]] if arm.variation == "fresh" else []
        features += [self._item_feature_units[trial, source]] if arm.pretrained else []
        return [self._item_units[trial, source], *fresh, *features]

    def units(self, stage: int) -> list[Unit]:
        """Return the units of a stage, 1 to 4."""
        fourth = [*self._features, *self._tuning_units.values(), *self._choice_units.values()]
        fourth += [*self.classifiers.values(), *(self.open_set.units if self.open_set else [])]
        third = [*self._item_units.values(), *self._ruler_units, *self._judge_units, *self._measuring_units]
        return {
            1: list(self.draws.values()), 2: list(self._generator_units.values()), 3: third,
            4: fourth, 5: [],
        }[stage]  # fmt: skip

    @property
    def _features(self) -> list[Unit]:
        return list(dict.fromkeys([*self._feature_units.values(), *self._item_feature_units.values()]))

    def all_units(self) -> list[Unit]:
        """Return the units of all stages, in order."""
        return [unit for stage in (1, 2, 3, 4) for unit in self.units(stage)]

    def run(self, stage: int) -> Outcome:
        """Make what is missing of a stage and of everything it needs; write `status.json`.

        Raises:
            InputError: another process is at work on the study.
            Stopped: it was interrupted.
        """
        with study_lock(self.folder):
            write_status(self, "running")
            try:
                return run_units(
                    self.folder, self.units(stage), device=self.device, workers=self.study.workers,
                    progress=Progress(STAGES[stage], self.seconds_by_kind()),
                )  # fmt: skip
            except KeyboardInterrupt:
                raise Stopped("what is finished is kept, and running the cell again goes on from there.") from None
            finally:
                write_status(self)

    def seconds_by_kind(self) -> dict[str, float]:
        """Return expected seconds per unit kind: the median of those done, else a default."""
        found: dict[str, list[float]] = {}
        for unit in self.all_units():
            if is_done(self.folder, unit):
                found.setdefault(unit.cost, []).append(read_unit(self.folder, unit)["seconds"])
        return DEFAULT_SECONDS | {kind: float(np.median(seconds)) for kind, seconds in found.items()}

    # -------------------------------------------------------------------------------------------- results

    def minutes(self) -> dict[str, float]:
        """Return, by arm, the minutes of computing that a trial takes, with its generator and its own tuning."""
        found: dict[str, list[float]] = {}
        for (_, arm), unit in self.classifiers.items():
            if is_done(self.folder, unit):
                there = [need for need in unit.closure() if is_done(self.folder, need)]
                spent = sum(read_unit(self.folder, need)["seconds"] for need in there)
                found.setdefault(arm, []).append(spent / 60)
        return {arm: float(np.mean(each)) for arm, each in found.items()}

    def classifier_sizes(self) -> dict[str, int]:
        """Return the number of parameters of the study's classifiers, the first one first."""
        from gannb.classify import build

        networks = {name: build(name, self.shape, self.dataset.pool.n_classes) for name in self.study.classifier}
        return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}

    def draw(self, trial: int) -> Draw:
        """Return the indices of a trial's items; the unit must be done."""
        return units.read_draw(self.folder / self.draws[trial].path)

    def items(self, index: np.ndarray) -> Examples:
        """Return the real items at the given indices (M,) into pool and test, in their order."""
        return protocol.take(self.dataset, index)

    def synthetic(self, trial: int, generator: str | None = None) -> Examples:
        """Return the items that a trial's generator made (the study's GAN by default); the unit must be done."""
        return units.read_items(self.folder / self._item_units[trial, generator or self.family].path, self.dataset)

    def measured_items(self, trial: int) -> Examples:
        """Return those of the study's GAN's items that quality was measured on; see `units.make_quality`."""
        made = self.synthetic(trial)
        return made if self.study.doses else made.take(units.first_of_each(made.y, self._counts(trial)))

    def generator(self, trial: int, name: str | None = None) -> Any:
        """Return a trial's fitted generator (the study's GAN by default); the unit must be done."""
        from gannb.generators import load

        return load(self.generator_folder(trial, name))

    def generator_folder(self, trial: int, generator: str | None = None) -> Path:
        """Return the folder of a trial's fitted generator, the study's GAN by default, done or not."""
        return self.folder / self._generator_units[trial, generator or self.family].path

    def shown_trial(self, stage: int) -> int:
        """Return the first trial that a notebook can show of a stage.

        Raises:
            RuntimeError: every trial of the stage has failed or is missing; names the first error.
        """
        if done := self.done(stage):
            return done[0]
        errors = [f"{u.path}: {e}" for u in self.all_units() if (e := recorded_failure(self.folder, u))]
        raise RuntimeError(f"no trial of {STAGES[stage]} is finished; {errors[0] if errors else 'run it first'}")

    def done(self, stage: int) -> list[int]:
        """Return the trials of which every unit of a stage is there."""
        missing = {u.parameters.get("trial") for u in self.units(stage) if not is_done(self.folder, u)}
        return [t for t in range(self.study.trials) if t not in missing]

    def scores(self) -> pd.DataFrame:
        """Return one row per finished trial, arm and classifier seed."""
        table = _table(self.folder, self.classifiers.values(), "scores.json").assign(study=self.study.name)
        if table.empty:
            return table
        seconds = {
            (u.parameters["trial"], u.parameters["arm"]): read_unit(self.folder, u)["seconds"]
            for u in self.classifiers.values()
            if is_done(self.folder, u)
        }
        spent = [seconds[key] / self.study.classifier_seeds for key in zip(table["trial"], table["arm"], strict=True)]
        return self._of_positive(table.assign(seconds=np.round(spent, 3)))

    def _of_positive(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the scores of two classes with those of the study's positive one; units keep those of the second."""
        if self.positive == 1:
            return table
        table = table.copy()
        for (trial, arm), rows in table.groupby(["trial", "arm"]).groups.items():
            y, p = self.items(self.draw(trial).test).y, self.probabilities(trial, arm)
            table.loc[rows, list(outcomes.OF_POSITIVE)] = outcomes.of_positive(y, p, self.positive).to_numpy()
        return table

    @property
    def _measuring_units(self) -> list[Unit]:
        return [*self._quality_units.values(), *self._yardstick_units, *self._in_features_units]

    def quality(self) -> pd.DataFrame:
        """Return one row per trial, feature space and generator, or yardstick (see `measuring.YARDSTICKS`)."""
        return _numeric(_table(self.folder, self._measuring_units, "quality.json"), "generator", "features")

    def quality_of_classes(self) -> pd.DataFrame:
        """Return one row per trial, feature space, generator or yardstick, and class."""
        return _numeric(
            _table(self.folder, [*self._quality_units.values(), *self._yardstick_units], "classes.json"),
            "generator",
            "features",
            "class",
        )

    def suspects(self) -> pd.DataFrame:
        """Return the most suspicious items of every trial, feature space and generator; see `measuring`."""
        return _table(self.folder, self._quality_units.values(), "suspects.json")

    def ruler(self, trial: int) -> Any:
        """Return a trial's measuring classifier; the unit must be done."""
        return units.load_small_cnn(
            self.folder / self._ruler_units[trial].path / "ruler.safetensors", self.dataset.pool
        )

    def probabilities(self, trial: int, arm: str) -> np.ndarray | None:
        """Return (S, I, K) class probabilities of an arm's classifiers on the trial's test items; None if not there."""
        unit = self.classifiers.get((trial, arm))
        if unit is None or not is_done(self.folder, unit):
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            return stored["p"]

    def predictions(self) -> Predictions:
        """Return what the classifiers of the primary contrast's two arms said, in the trials that have both."""
        pairs = {t: [self.probabilities(t, arm) for arm in PRIMARY] for t in range(self.study.trials)}
        pairs = {t: pair for t, pair in pairs.items() if all(p is not None for p in pair)}
        y = {t: self.items(self.draw(t).test).y for t in pairs}
        arm, against = ({t: pair[i] for t, pair in pairs.items()} for i in (0, 1))
        return Predictions(self.dataset.pool.classes, self.positive, y, arm, against)

    def shifted(self, trial: int, arm: str) -> np.ndarray | None:
        """Return (S, F, K) recall of each class on test items in the forms of `shifts.SHIFTS`; None if not there.

        nan for a class that has no such item.
        """
        unit = self.classifiers.get((trial, arm))
        if unit is None or not is_done(self.folder, unit):
            return None
        with np.load(self.folder / unit.path / "predictions.npz", allow_pickle=False) as stored:
            right, y = stored["shifted"] == stored["shifted_y"], stored["shifted_y"]
        none = np.full(right.shape[:2], np.nan)
        recalls = [right[..., y == k].mean(-1) if (y == k).any() else none for k in range(self.dataset.pool.n_classes)]
        return np.stack(recalls, -1)


def _place(trial: int) -> str:
    """Return the folder of a trial's units within the study's, or that of a draw for tuning (below 0)."""
    return f"trials/{trial:03d}" if trial >= 0 else f"tuning/{-trial:03d}"


def resolve_device(name: str) -> str:
    """Return the torch device meant by the parameter `device`.

    Raises:
        InputError: the device is not there.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}[kind]
    if not there or (number and int(number) >= torch.cuda.device_count()):
        raise InputError(f"device={name} is not on this machine; use device=auto or device=cpu.")
    return name


def _numeric(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the table with numbers in all but the named columns, nan where there is none."""
    return table.astype({column: float for column in table.columns if column not in (*names, "trial")})


def _table(folder: Path, units: Any, file: str) -> pd.DataFrame:
    import pandas as pd

    done = [unit for unit in units if is_done(folder, unit)]
    rows = [row for unit in done for row in json.loads((folder / unit.path / file).read_text(encoding="utf-8"))]
    return pd.DataFrame(rows)
