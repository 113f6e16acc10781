"""Everything that would fail hours later, refused in a sentence before any work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gannb.classifiers.imbalance import BALANCING, lacking
from gannb.experiment.plan import Wiring
from gannb.trials import splits
from gannb.trials.arms import Arm
from gannb.trials.tuning import DRAWS
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of, nearest
from gannb.work.store import is_done

if TYPE_CHECKING:
    from gannb.study.model import Study

from gannb.generators.external import EXTERNAL
from gannb.media.image.gans.families import FAMILIES
from gannb.study.external import Source
from gannb.study.model import Study
from gannb.utils.trust import refuse_unless_trusted


def check(wiring: Wiring) -> None:
    """Refuse what would fail later: device, classes, families, arms, classifiers, sizes, what is given from outside.

    Raises:
        InputError: the first such thing that is found, and the way out.
    """
    _check_family(wiring)
    _check_augmentation(wiring)
    _ = wiring.device, wiring.arms, wiring.design, wiring.positive, wiring.keep_classes
    _check_families(wiring)
    _check_classifiers(wiring)
    _check_weights(wiring)
    _check_outside(wiring)
    _check_room(wiring)
    _check_tuning(wiring)
    _check_doses(wiring)
    check_balance(wiring.study, wiring.design.protocol, wiring.arms, wiring.draw_counts)
    _check_kept(wiring)
    _check_inception(wiring)
    if wiring.open_set:
        wiring.open_set.check()


def _check_family(wiring: Wiring) -> None:

    gan = wiring.study.gan
    if gan != "auto" and gan not in FAMILIES:
        hint = nearest(gan, FAMILIES) or f"use {', '.join(FAMILIES)} or auto."
        raise InputError(f"gan: there is no family {gan!r}; {hint}")


def _check_augmentation(wiring: Wiring) -> None:
    if wiring.study.gan_augmentation == "ada" and wiring.study.augmentation == "none":
        raise InputError(
            "gan_augmentation: ada applies the study's augmentation, which is none; set augmentation to another, or "
            "gan_augmentation=auto."
        )


def _check_families(wiring: Wiring) -> None:
    """Every GAN can do every trial's draw; what its classes hold differs between re-splits."""
    from gannb.generators.adversarial.gan import Adversarial
    from gannb.generators.interface import Job
    from gannb.media.image import IMAGE

    for name in wiring.families:
        differ = FAMILIES[name].one_class_batches and wiring.design.protocol == "resplit"
        for trial in range(wiring.study.trials if differ else 1):
            draw = wiring.items(splits.make_draw(wiring.dataset, wiring.design, trial).train)
            Adversarial(IMAGE, FAMILIES[name]).check(draw, Job(steps=1, seed=0))


def _check_classifiers(wiring: Wiring) -> None:
    """Every classifier takes the items, and no arm names one that the study has not."""
    from gannb.media.image.classifiers import build

    first, *further = wiring.study.classifier
    for name in wiring.study.classifier:
        build(name, wiring.shape, wiring.dataset.pool.n_classes)
    for arm in wiring.arms:
        if arm.classifier and arm.classifier not in further:
            raise InputError(
                f"arms: {arm.name} names the classifier {arm.classifier}, which is none of the study's further "
                f"ones; use classifier={first},{arm.classifier}."
            )


def _check_weights(wiring: Wiring) -> None:
    if wiring.weights and wiring.can_fine_tune:
        from gannb.media.image import pretrained

        pretrained.check(wiring.weights, wiring.dataset.pool.n_classes)


def _check_outside(wiring: Wiring) -> None:
    """Sources from outside are given, fit, have what is to be kept, and may run where items are still to be made."""
    check_arms(wiring.study, wiring.arms)
    for name, source in wiring.outside.items():
        check_kept(source, wiring.keep_classes)
        made = (unit for (_, maker), unit in wiring.item_units.items() if maker == name)
        check_runs(source, waiting=not all(is_done(wiring.folder, unit) for unit in made))


def _check_room(wiring: Wiring) -> None:
    """Groups may leave too few separate items for a trial even when the counts suffice."""
    if len(np.unique(wiring.dataset.pool.groups)) < len(wiring.dataset.pool):
        trials = range(wiring.study.trials)
        for trial in trials if wiring.design.protocol == "resplit" else trials[-1:]:  # draws: the last has the least
            splits.make_draw(wiring.dataset, wiring.design, trial)


def _check_tuning(wiring: Wiring) -> None:
    """Draws for tuning share no item with any trial's."""
    if not wiring.tuning_draws:
        return
    groups, trials = splits.groups_of(wiring.dataset), wiring.study.trials
    draws = [splits.make_draw(wiring.dataset, wiring.design, t) for t in range(trials)]
    taken = groups[np.concatenate([part for draw in draws for part in (draw.train, draw.reserve, draw.test)])]
    for t in wiring.tuning_draws:
        draw = splits.make_draw(wiring.dataset, wiring.design, t)
        if np.isin(groups[np.concatenate([draw.train, draw.reserve])], taken).any():
            most = min(trials - 1, (wiring.design.most_trials or 0) - DRAWS)
            raise InputError(
                f"tune=true needs {DRAWS} draws that no trial uses, and trials={trials} leave too few items for them; "
                + (f"use trials={most} or fewer." if most >= 2 else "use a smaller n_per_class.")
            )


def _check_doses(wiring: Wiring) -> None:
    """A dose is a part of the items that the study makes, and another number than theirs."""
    for arm in wiring.arms:
        if arm.dose is None:
            continue
        whole, most = arm.name.replace(f":{arm.dose}", ""), wiring.study.doses[-1:]
        if not most:
            raise InputError(f"arms: {arm.name} names a dose, and n_synthetic=balance has none; use {whole}.")
        if arm.dose > most[0]:
            raise InputError(
                f"arms: {arm.name} takes {arm.dose} items per class and the study makes {most[0]}; "
                f"use n_synthetic={most[0]},{arm.dose}."
            )
        if arm.dose == most[0]:
            raise InputError(f"arms: {arm.name} is {whole}, since n_synthetic is {arm.dose}; use {whole}.")


def _check_kept(wiring: Wiring) -> None:
    """Where GAN images only fill up, a class that is kept lacks some; else no arm would get any."""
    if wiring.n_synthetic != "balance" or not wiring.keep_classes:
        return
    classes, draws = wiring.dataset.pool.classes, map(wiring.draw_counts, range(wiring.study.trials))
    short = [classes[k] for k in np.flatnonzero(np.any([lacking(counts) for counts in draws], axis=0))]
    if not set(short) & set(wiring.keep_classes):
        raise InputError(
            f"keep_classes: n_synthetic=balance fills up smaller classes, and {few_of(wiring.keep_classes)} lacks "
            f"nothing; keep one that does ({few_of(short)})."
        )


def _check_inception(wiring: Wiring) -> None:
    """FID takes many items and, where something is still to be measured, the standard weights."""
    from gannb.media.image import inception

    file = wiring.study.inception
    if not file:
        return
    measuring = [unit for unit in wiring.units(3) if "inception" in unit.parameters]
    if not all(is_done(wiring.folder, unit) for unit in measuring):
        inception.check(file)
    tested = len(splits.make_draw(wiring.dataset, wiring.design, 0).test)
    if min(tested, wiring.items_made) < inception.LEAST:
        raise InputError(
            f"inception: FID takes {inception.LEAST:,} test items and as many made, and there are {tested:,} and "
            f"{wiring.items_made:,}; raise n_synthetic or leave inception out (KID is right for fewer)."
        )


def check_balance(study: Study, protocol: str, arms: Sequence[Arm], counts: Callable[[int], np.ndarray]) -> None:
    """Raise InputError where a study balances what is balanced, or could not show both kinds of items in a batch.

    counts: number of a trial -> real items per class (K,) of its draw.
    """
    asked, instead = _asked(study, arms)
    if not asked:
        return
    if protocol == "draw":
        raise InputError(
            f"{asked} is for classes of unequal size, and a draw has as many items of every class; "
            f"use protocol=resplit, which keeps the images' own proportions, or {instead}."
        )
    in_batch = {filling_up_in_batch(counts(trial), study.batch_size) for trial in range(study.trials)}
    if in_batch == {0}:
        raise InputError(
            f"{asked} is for classes of unequal size, and these lack less than an item in a batch: they are as large "
            f"as each other; {instead}."
        )
    if study.batch_size in in_batch and "weighted" not in asked:  # which adds no items
        raise InputError(f"{asked} leaves no real item in a batch of {study.batch_size}; use a larger batch_size.")


def _asked(study: Study, arms: Sequence[Arm]) -> tuple[str, str]:
    """Return what asks for balance, and what to do instead; empty where nothing does."""
    if not study.doses:
        return "n_synthetic=balance", "use a number, as n_synthetic=200"
    names = [arm.name for way in BALANCING for arm in arms if arm.source == way]
    return (f"arms: {names[0]}", "leave it out") if names else ("", "")


def filling_up_in_batch(counts: np.ndarray, batch_size: int) -> int:
    """Return the items of a batch that fill up the smaller classes of a draw of `counts` (K,) real items."""
    missing = lacking(counts).sum()
    return round(batch_size * missing / (missing + counts.sum()))


def check_arms(study: Study, arms: Sequence[Arm]) -> None:
    """Raise InputError for an arm whose source from outside is not given."""
    for arm in arms:
        if arm.generator in EXTERNAL and not getattr(study, arm.generator):
            raise InputError(
                f"arms: {arm.name} needs {arm.generator}, and the study has none; give {arm.generator}=..., or leave "
                "the arm out."
            )


def check_kept(source: Source, kept: Sequence[str]) -> None:
    """Raise InputError where a source has no items of a class that gets any: its arms would be other arms over again.

    kept: the only classes that get synthetic items; none where all do.
    """
    if kept and not set(kept) & set(source.classes):
        raise InputError(
            f"keep_classes: {source.name} has no items of {few_of(kept)}, so that real+{source.name}+classic would be "
            f"real+classic over again; keep a class that it has ({few_of(source.classes)}), or leave {source.name} out."
        )


def check_runs(source: Source, waiting: bool) -> None:
    """Raise InputError where items are still to be made by a function that nobody has named by hand."""
    if waiting and (path := source.about.get("function")):
        refuse_unless_trusted(path)
