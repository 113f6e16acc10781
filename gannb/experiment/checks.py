"""Everything that would fail hours later, refused in a sentence before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gannb.classifiers.imbalance import BALANCING, filling_share, lacking
from gannb.classifiers.ways import WAYS
from gannb.data.counts import in_batch
from gannb.experiment.at_hand import NEW_CAPTIONS
from gannb.experiment.open_set import OpenSet
from gannb.experiment.results import Results
from gannb.experiment.settings import Settings
from gannb.generators import registry
from gannb.generators.variations import TUNED
from gannb.stats.settling.looks import looks_until
from gannb.stats.tested import WEIGHTINGS
from gannb.study.model import Study
from gannb.study.source import Source
from gannb.trials import splits
from gannb.trials.arms import COPIES, FOREIGN, PRIMARY, Arm, parse_arm
from gannb.trials.design import settle
from gannb.utils.errors import InputError
from gannb.utils.naming import few_of, nearest
from gannb.utils.trust import refuse_unless_trusted

if TYPE_CHECKING:
    from gannb.generators.adversarial.family import Family


def check(results: Results) -> None:
    """Refuse what would fail later: classes, families, arms, classifiers, sizes, external sources.

    Raises:
        InputError: the first such thing that is found, and the way out.
    """
    settings = results.settings
    _check_family(settings)
    _check_augmentation(settings)
    _ = settings.arms, settings.design, settings.positive, settings.keep_classes  # each refuses what is wrong with it
    _check_families(settings)
    _check_variations(settings)
    _check_classifiers(settings)
    for arm in settings.arms:
        _check_way(settings, arm)
    _check_steps(settings)
    _check_weights(settings)
    _check_external(results)
    splits.check_room(settings.dataset, settings.design, settings.trials)
    _check_tested(settings)
    _check_trials_most(settings)
    _check_tuning(settings)
    _check_doses(settings)
    check_balance(settings)
    _check_fills_up_kept(settings)
    _check_spaces(results)
    if results.plan.open_set:
        _check_open_set(results.plan.open_set)


def _check_family(settings: Settings) -> None:
    gan, families = settings.study.gan, settings.medium.families
    if gan != "auto" and gan not in families:
        hint = nearest(gan, families) or f"use {', '.join(families)} or auto."
        raise InputError(f"gan: there is no family {gan!r}; {hint}")


def _check_augmentation(settings: Settings) -> None:
    settings.medium.policy(settings.policy_name, settings.shape)  # which may need what is not on this machine
    if settings.study.gan_augmentation == "ada" and settings.study.augmentation == "none":
        raise InputError(
            "gan_augmentation: ada applies the study's augmentation, which is none; set augmentation to another, or "
            "gan_augmentation=auto."
        )


def _check_families(settings: Settings) -> None:
    """Every GAN can do every trial's draw; what its classes hold differs between folds."""
    dataset, design = settings.dataset, settings.design
    policy = registry.discriminator_policy(settings.medium, settings.study.gan_augmentation, settings.policy_name)
    for name in settings.families:
        family = settings.medium.families[name]
        _check_trunk(settings, family)
        differ = family.one_class_batches and design.folds > 0
        for trial in _by_smallest_class(settings) if differ else [0]:
            draw = settings.items(splits.make_draw(dataset, design, trial).train)
            family.check_training(draw, settings.medium, 1, policy)


def _check_trunk(settings: Settings, family: Family) -> None:
    """The network that a family looks through is there, and has layers to look at."""
    if not family.needs_weights:
        return
    if settings.trunk is None:
        missing = settings.medium.pretrained.missing_sentence(settings.study.pretrained).partition(": ")[2]
        raise InputError(f"gan: {family.name} looks through a pretrained network: {missing}")
    if os.access(settings.trunk.file, os.R_OK):  # else what was made with it is still found
        family.check(settings.shape, settings.medium.families)
        family.given(settings.trunk).discriminator(settings.shape, settings.dataset.pool.n_classes)


def _check_variations(settings: Settings) -> None:
    """Every family can be sampled in the ways that arms ask for."""
    for arm in settings.arms:
        if not arm.variation or arm.way:
            continue
        name = settings.family if arm.generator == "gan" else str(arm.generator)
        if arm.generator == FOREIGN:
            _check_goes_on(settings, arm)
            continue
        ways = settings.medium.families[name].variations
        if arm.variation not in ways:
            raise InputError(f"arms: {arm.name} has no meaning for {name}, which can be had as {few_of(ways)}.")
        if arm.variation == NEW_CAPTIONS and not settings.new_captions:
            raise InputError(f"arms: {arm.name} takes new captions, and there are none; give a file as new_captions.")


def _check_goes_on(settings: Settings, arm: Arm) -> None:
    """A GAN trained elsewhere, where there is one, can go on training."""
    source = settings.external.get(FOREIGN)
    if source is None or source.about.get("goes_on"):
        return
    about, many = source.about, settings.medium.nouns.many
    family = about.get("family", "")
    if not family:
        why = f"a function makes {many}, and has nothing to train"
    elif settings.medium.families[family].needs_weights:
        why = f"{family} looks through a pretrained network, which may be another one here"
    elif TUNED not in settings.medium.families[family].variations:
        why = f"that has no meaning for {family}"
    else:
        why = f"beside its generator there is no discriminator of {family}, as there is in a study's folder"
    raise InputError(
        f"arms: {arm.name} goes on training the GAN that foreign names, and it cannot: {why}; give another, or leave "
        "the arm out."
    )


def untried_ways(settings: Settings) -> tuple[str, ...]:
    """Return the ways to use the GAN's items that a study could have and has not, by name."""
    tried = {arm.way for arm in settings.arms if arm.generator != COPIES}
    return tuple(name for name in WAYS if name not in tried and _can_have(settings, name))


def _can_have(settings: Settings, way: str) -> bool:
    try:
        _check_way(settings, parse_arm(PRIMARY[0]).with_variation(way))
    except InputError:
        return False
    return True


def _check_way(settings: Settings, arm: Arm) -> None:
    """Made items can be used in the way, and in the share, that an arm asks for."""
    if arm.way == "mixed":
        _check_mixed(settings, arm)
    if arm.way == "apart":
        _check_apart(settings, arm)
    if arm.share:
        _check_share(settings, arm)


def _check_mixed(settings: Settings, arm: Arm) -> None:
    """There is something between two classes of what the items come from."""
    medium, many = settings.medium, settings.medium.nouns.many
    if arm.generator == COPIES:
        if "interpolation" not in medium.controls:
            raise InputError(f"arms: {arm.name} takes {many} between two classes, and there are none; leave it out.")
        return
    family = settings.family if arm.generator == "gan" else str(arm.generator)
    try:
        medium.families[family].check_blend(medium.families)
    except InputError as error:
        raise InputError(f"arms: {arm.name}: {str(error).removeprefix('gan: ')}") from None


def _check_apart(settings: Settings, arm: Arm) -> None:
    """The classifier has batch norms, of which made items can have their own."""
    from gannb.classifiers.objective import norms_of

    name = arm.classifier or settings.study.first_classifier
    if not norms_of(settings.medium.classifier(name, settings.shape, settings.dataset.pool.n_classes)):
        raise InputError(
            f"arms: {arm.name} takes a classifier with batch normalisation, and {name} has none; leave it out, or use "
            "another classifier."
        )


def _check_share(settings: Settings, arm: Arm) -> None:
    """A share that an arm names makes other batches than the study's share."""
    study, plain = settings.study, arm.with_dose(None).name
    if settings.n_synthetic == "balance":
        raise InputError(
            f"arms: {arm.name} names a share of each batch, and with n_synthetic=balance it follows from what the "
            f"classes lack; use {plain}."
        )
    shares = (arm.share / 100, study.synthetic_share)
    (real, made), (_, usual) = (in_batch(study.mix, share, study.batch_size) for share in shares)
    if not real or not made or made == usual:
        raise InputError(
            f"arms: {arm.name} comes to {real:,} real and {made:,} made {settings.medium.nouns.many} in a batch, and "
            f"{plain} has {usual:,} made ones; use another share, or a larger batch_size."
        )


def _by_smallest_class(settings: Settings) -> list[int]:
    """Return the first trial of each size that a draw's smallest class has, rising: every other is like one of them."""
    smallest = settings.all_draw_counts.min(axis=1)
    return sorted(np.unique(smallest, return_index=True)[1].tolist())


def _check_classifiers(settings: Settings) -> None:
    """Every classifier takes the items, and no arm names one that the study has not."""
    first, *further = settings.study.classifier
    for name in settings.study.classifier:
        if name not in settings.medium.classifiers:  # those take whatever items there are
            settings.medium.classifier(name, settings.shape, settings.dataset.pool.n_classes)
    for arm in settings.arms:
        if arm.classifier and arm.classifier not in further:
            raise InputError(
                f"arms: {arm.name} names the classifier {arm.classifier}, which is none of the study's further "
                f"ones; use classifier={first},{arm.classifier}."
            )


def _check_steps(settings: Settings) -> None:
    if settings.classifier_steps_most < settings.classifier_steps:
        raise InputError(
            f"classifier_steps_most={settings.classifier_steps_most} is below the {settings.classifier_steps} steps "
            "that classifiers are trained for at first; use at least as many, or set classifier_steps lower."
        )


def _check_weights(settings: Settings) -> None:
    if settings.can_fine_tune:
        settings.medium.pretrained.check(settings.weights, settings.dataset.pool.n_classes)


def _check_external(results: Results) -> None:
    """External sources are given, fit, have what is to be kept, and may run where items are still to be made."""
    settings = results.settings
    _check_given(settings.study, settings.arms)
    for name, source in settings.external.items():
        _check_has_kept(source, settings.keep_classes)
        made = (unit for (_, maker), unit in results.plan.item_units.items() if maker == name)
        _check_may_run(source, waiting=not all(map(results.is_done, made)))


def _check_tested(settings: Settings) -> None:
    """Test items that all trials share show how much test items differ: some class of them is no single group."""
    if settings.design.folds:  # whose parts are refused where a class is in fewer groups than they are
        return
    test, many = splits.make_draw(settings.dataset, settings.design, 0).test, settings.medium.nouns.many
    y, groups = (of(settings.dataset)[test] for of in (splits.labels_of, splits.groups_of))
    _, strata = WEIGHTINGS[settings.study.metric](y)
    if all(len(np.unique(groups[strata == k])) < 2 for k in np.unique(strata)):
        metric, whose = settings.study.metric.replace("_", " "), " of each class" * (len(np.unique(strata)) > 1)
        raise InputError(
            f"The test {many}{whose} are one group, by groups or as near duplicates, so that it cannot be told how far "
            f"{metric} would be another on others; add test {many} of other groups, or use finer groups."
        )


def _check_trials_most(settings: Settings) -> None:
    """So many trials have looks, and room; and there are no more trials than that."""
    dataset, study, most = settings.dataset, settings.study, settings.study.trials_most
    if most is None:
        return
    looks_until(most, settings.design.folds)
    if settings.trials > most:
        raise InputError(
            f"trials={settings.trials} is more than trials_most={most}; use fewer trials, or "
            f"trials_most={settings.trials} or more."
        )
    try:
        splits.check_room(dataset, settle(dataset, study.model_copy(update={"trials": most})), most)
    except InputError as error:
        raise InputError(f"trials_most={most}: {error}") from None


def _check_tuning(settings: Settings) -> None:
    """There are draws that no trial uses, where these are asked for: `settle` has kept room for them, see `filling`."""
    if settings.study.tune and not settings.design.has_reserve:
        raise InputError(
            f"tune=true takes draws that no trial uses, and with protocol={settings.design.protocol} every trial has "
            f"all {settings.medium.nouns.many} to train or test on; use protocol=draw, or tune=false."
        )


def _check_doses(settings: Settings) -> None:
    """A dose is a part of the items that the study makes, and another number than theirs."""
    for arm in settings.arms:
        if arm.dose is None:
            continue
        whole, most = arm.with_dose(None).name, settings.study.doses[-1:]
        if not most:
            raise InputError(f"arms: {arm.name} names a dose, and n_synthetic=balance has none; use {whole}.")
        if arm.dose > most[0]:
            raise InputError(
                f"arms: {arm.name} takes {arm.dose} items per class and the study makes {most[0]}; "
                f"use n_synthetic={most[0]},{arm.dose}."
            )
        if arm.dose == most[0]:
            raise InputError(f"arms: {arm.name} is {whole}, since n_synthetic is {arm.dose}; use {whole}.")


def _check_fills_up_kept(settings: Settings) -> None:
    """Where GAN items only fill up, a class that is kept lacks some; else no arm would get any."""
    if settings.n_synthetic != "balance" or not settings.keep_classes:
        return
    classes, draws = settings.dataset.pool.classes, settings.all_draw_counts
    short = [classes[k] for k in np.flatnonzero(np.any([lacking(counts) for counts in draws], axis=0))]
    if not set(short) & set(settings.keep_classes):
        raise InputError(
            f"keep_classes: n_synthetic=balance fills up smaller classes, and {few_of(settings.keep_classes)} lacks "
            f"nothing; keep one that does ({few_of(short)})."
        )


def _check_spaces(results: Results) -> None:
    """A further feature space takes many items and, where something is still to be measured in it, its weights."""
    settings = results.settings
    for name in settings.spaces:
        space = settings.medium.spaces[name]
        measuring = [unit for unit in results.plan.units(3) if name in unit.parameters]
        if not all(map(results.is_done, measuring)):
            space.check(getattr(settings.study, space.parameter))
        tested = len(splits.make_draw(settings.dataset, settings.design, 0).test)
        if min(tested, settings.items_made) < space.least:
            raise InputError(
                f"{space.parameter}: {space.frechet.upper()} takes {space.least:,} test items and as many made, and "
                f"there are {tested:,} and {settings.items_made:,}; raise n_synthetic or leave {space.parameter} out "
                "(KID is right for fewer)."
            )


def _check_open_set(open_set: OpenSet) -> None:
    """The family can make items between classes, and every trial has held-out items to train and test on."""
    settings = open_set.settings
    try:
        settings.medium.families[settings.family].check_blend(settings.medium.families)
        alike = {"protocol": settings.design.protocol, "n_per_class": settings.design.n_per_class}
        settle(open_set.held_out, settings.study.model_copy(update=alike))
        most = settings.design.most_trials or settings.trials
        splits.make_draw(open_set.held_out, settings.design, min(most, settings.trials) - 1)  # as the units will
        splits.check_room(open_set.held_out, settings.design, settings.trials)
    except InputError as error:
        raise InputError(f"held_out: {error}") from None


def check_balance(settings: Settings) -> None:
    """Raise InputError where a study balances what is balanced, or could not show both kinds of items in a batch."""
    study, nouns = settings.study, settings.medium.nouns
    asked, otherwise = _asked(study, settings.arms)
    if not asked:
        return
    if settings.design.n_per_class is not None:
        raise InputError(
            f"{asked} is for classes of unequal size, and a draw has as many items of every class; use protocol="
            f"{'folds' if settings.dataset.test is None else 'given'} without n_per_class, which keeps the "
            f"{nouns.many}' own proportions, or {otherwise}."
        )
    whole = np.array(list(settings.class_counts.values()))  # folds of equal classes differ by an item, by chance
    in_batch = {filling_up_in_batch(counts, study.batch_size) for counts in settings.all_draw_counts}
    if in_batch == {0} or not filling_up_in_batch(whole, study.batch_size):
        raise InputError(
            f"{asked} is for classes of unequal size, and these lack less than an item in a batch: they are as large "
            f"as each other; {otherwise}."
        )
    replaced = study.mix == "replaced" and "weighted" not in asked
    if study.batch_size in in_batch and replaced:  # which adds no items
        raise InputError(
            f"{asked} leaves no real item in a batch of {study.batch_size}; use a larger batch_size, or mix=added."
        )


def _asked(study: Study, arms: Sequence[Arm]) -> tuple[str, str]:
    """Return what asks for balance, and what to do in its place; empty where nothing does."""
    if not study.doses:
        return "n_synthetic=balance", "use a number, as n_synthetic=200"
    names = [arm.name for way in BALANCING for arm in arms if arm.source == way]
    return (f"arms: {names[0]}", "leave it out") if names else ("", "")


def filling_up_in_batch(counts: np.ndarray, batch_size: int) -> int:
    """Return the items that fill up a draw's smaller classes among as many as a batch has: counts (K,)."""
    return round(batch_size * filling_share(counts))


def _check_given(study: Study, arms: Sequence[Arm]) -> None:
    """Raise InputError for an arm whose external source is not given."""
    for arm in arms:
        if arm.given_as and not getattr(study, arm.given_as):
            raise InputError(
                f"arms: {arm.name} needs {arm.given_as}, and the study has none; give {arm.given_as}=..., or leave the "
                "arm out."
            )


def _check_has_kept(source: Source, kept: Sequence[str]) -> None:
    """Raise InputError where a source has no items of a class that gets any: its arms would be other arms over again.

    kept: the only classes that get synthetic items; none where all do.
    """
    if kept and not set(kept) & set(source.classes):
        raise InputError(
            f"keep_classes: {source.name} has no items of {few_of(kept)}, so that real+{source.name}+classic would be "
            f"real+classic over again; keep a class that it has ({few_of(source.classes)}), or leave {source.name} out."
        )


def _check_may_run(source: Source, waiting: bool) -> None:
    """Raise InputError where items are still to be made by a function that nobody has named by hand."""
    if waiting and (path := source.about.get("function")):
        refuse_unless_trusted(path)
