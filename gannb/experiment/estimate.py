"""What a study would do, how long it takes and how much disk it needs, from a few timed steps.

Steps are timed in processes of their own, on a CPU by its seconds: what other programs take of the machine now is told
beside, since nobody knows for how long they will. What takes torch is imported there, and not where the command begins.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.counts import in_batch
from gannb.experiment.convergence import with_all_doublings
from gannb.experiment.experiment import Experiment
from gannb.experiment.plan import Plan
from gannb.experiment.settings import Settings, begins_with
from gannb.generators import registry
from gannb.generators.external import EXTERNAL
from gannb.generators.interface import Condition, Job
from gannb.generators.variations import FILTERS
from gannb.measures.comparison import FEW as FEW_ITEMS
from gannb.media import MEDIA
from gannb.study.model import Study
from gannb.study.place import check_place, free_bytes
from gannb.trials import splits
from gannb.trials.arms import PSEUDO, parse_arm
from gannb.trials.splits import Draw
from gannb.units.classifiers import continued
from gannb.units.kinds import (
    DEFAULT_SECONDS,
    FILTERING_CLASSIFIER,
    GENERATOR,
    KINDS,
    MEASURING_CLASSIFIER,
    MEGABYTE,
    OUTLIER_GAN,
    PRETRAINING,
    REFERENCE_SETS,
    TUNING,
)
from gannb.units.measures import SIDE_BATCH
from gannb.units.parameters import Training
from gannb.utils import memory
from gannb.utils.console import QUIET, talk
from gannb.utils.doing import doing
from gannb.utils.errors import InputError
from gannb.utils.naming import counted, ended, few_of
from gannb.work.backends import in_processes, worker_count
from gannb.work.engines import LOCAL, processes
from gannb.work.progress import seconds_text
from gannb.work.scheduler import SHARED
from gannb.work.unit import Unit, seconds_of

if TYPE_CHECKING:
    from gannb.classifiers.training import Start
    from gannb.data.examples import Dataset, Examples
    from gannb.data.medium import Medium, Nouns

COMPARING = 1.2e-6  # seconds of a value of an item that is compared with others as it is, in all of its forms
CHOOSING = 3  # cost of an item that is chosen, beside one that is not
FEW, MORE = 10, 40  # steps; the difference leaves the start-up out
FEW_ON_A_GPU, MORE_ON_A_GPU = 40, 200  # the second kind of step is recorded as a graph after a dozen
SLOW = 1.0  # s; of what takes longer for a first step fewer are timed
SAMPLED = 64  # items by which sampling is timed
STAGE_SECONDS = 9.0  # a notebook's kernel and its workers starting and importing torch, besides what is measured
FEATURES = 2048 * 4  # bytes of an item's frozen features, about
GUESSED = (GENERATOR.stored_as, PRETRAINING.stored_as, OUTLIER_GAN.stored_as)  # what these take of the disk
SHOWN = 5  # files left out that are named
ENOUGH = 4  # items of a class of which GANs were seen to keep their variety, and of fewer not
LONG = 3600  # seconds from which on a quicker way is pointed out
EVENING = 3 * LONG  # that a study may take, or it is said which items fit
LARGE = 2**14  # values of an item, from which on what a process takes is tried before a study starts
MEMORY_SHARE = 0.9  # of what is free, that all processes may take together
SURELY = 0.5  # of what is reckoned to be written, that is written in any case
AMPLE = 2e9  # bytes free, from which on it is not asked, which takes seconds, what networks of classifiers take
BUSY = 1.5  # times as long as on an idle machine, from which on that is said


def plan(study: Study) -> dict[str, Any]:
    """Return what a study would do; times a few steps in as many processes as the run would use. Writes nothing.

    The keys, in order: `study`; of the data `medium`, `items`, `shape`, `size` (in words), `classes` and `class_names`;
    `trials`, `protocol` and `why`; `found`, sentences on the data; `gan`, `gan_steps`, `gan_cost` (a sentence),
    `classifier` (several), `classifier_steps`, `classifier_steps_most`, `fine_tuning` (sentences), `device`,
    `engine` and `workers` (processes); `units`, by kind `todo`, `total` and `seconds` of one process; `seconds` in all
    and `disk_bytes`, at least, `seconds_most` and `disk_bytes_most`, if steps have to be doubled up to the bound;
    `free_bytes`, what the disk has free; `worker_bytes`, the memory of one process, as it was measured; and `advice`,
    a sentence, or null.

    Raises:
        InputError: as a run would, before it begins.
    """
    experiment = Experiment.preview(study)
    check_place(study.folder)
    settings, plan = experiment.settings, experiment.plan
    todo, most = (
        [unit for unit in each.all_units() if not experiment.results.is_done(unit)]
        for each in (plan, with_all_doublings(experiment.results))
    )
    workers, pool = processes(experiment.place, experiment.results.folder), settings.dataset.pool
    if todo and talk() != QUIET:
        print("gannb: timing a few steps ...", file=sys.stderr, flush=True)
    free = memory.free_bytes()  # before the processes that are timed have their part of it
    with doing(f"timing a few steps with {settings.medium.nouns.many} of {settings.medium.size_text(settings.shape)}"):
        seconds = unit_seconds(settings, experiment.device) if todo else {}
    spent = {u: expected_seconds(settings, u, seconds) for u in todo}
    total = sum(spent.values()) / workers + STAGE_SECONDS * 5
    longer = [unit for unit in most if unit.path not in {each.path for each in todo}]
    here = experiment.place.is_local
    too_much = _too_much(settings, experiment.device, seconds.get("memory", 0), free) if here else ""
    longest = total + sum(expected_seconds(settings, unit, seconds) for unit in longer) / workers
    return {
        "study": study.name, "medium": settings.medium.name, "items": len(splits.labels_of(settings.dataset)),
        "shape": list(settings.shape), "size": settings.medium.size_text(settings.shape),
        "classes": pool.n_classes, "class_names": list(pool.classes),
        "trials": settings.trials, "protocol": settings.design.protocol, "why": settings.design.why,
        "found": _found(settings), "gan": settings.family, "gan_steps": settings.gan_steps,
        "gan_cost": _gan_cost(settings, seconds), "classifier": list(study.classifier),
        "classifier_steps": settings.classifier_steps,
        "classifier_steps_most": settings.classifier_steps << settings.most_doublings,
        "fine_tuning": _fine_tuning(plan), "device": experiment.device, "engine": study.engine, "workers": workers,
        "units": _by_kind(plan, spent), "seconds": round(total), "seconds_most": round(longest),
        "disk_bytes": round(disk_bytes(settings, todo)), "disk_bytes_most": round(disk_bytes(settings, most)),
        "free_bytes": free_bytes(study.folder), "worker_bytes": round(seconds.get("memory", 0)),
        "advice": _advice(settings, total, seconds.get("waiting", 1.0), too_much),
    }  # fmt: skip


def _by_kind(plan: Plan, spent: dict[Unit, float]) -> dict[str, dict[str, int]]:
    """Return the units to do, all units and the seconds of one process, by kind of unit."""
    every, todo = Counter(u.kind for u in plan.all_units()), Counter(u.kind for u in spent)
    seconds = {kind: round(sum(s for u, s in spent.items() if u.kind == kind)) for kind in every}
    return {kind: {"todo": todo[kind], "total": every[kind], "seconds": seconds[kind]} for kind in every}


def _gan_cost(settings: Settings, seconds: dict[str, float]) -> str:
    """Return how long one GAN of the study takes, and how long one as published would; nothing where none was timed."""
    if not seconds:
        return ""
    took, published = seconds[settings.family], settings.medium.families[settings.family].published_steps
    said = f"One such GAN takes about {seconds_text(took)} of one process"
    if published > settings.gan_steps:
        theirs = seconds_text(took / settings.gan_steps * published)
        said += f"; its authors trained for {published:,} steps, here {theirs}"
    return said + "."


def _too_much(settings: Settings, device: str, bytes_of_one: float, free: float) -> str:
    """Return why the processes of a study do not fit into the free memory, and the way out; empty where they do."""
    workers = worker_count(settings.place.on_this_machine().workers, device)
    if device.startswith("cuda") or workers * bytes_of_one <= MEMORY_SHARE * free:
        return ""
    fit, smaller = int(MEMORY_SHARE * free // bytes_of_one), settings.medium.way_to_smaller(settings.shape)
    ways = ([f"set workers={fit}"] if fit else ["close other programs"]) + ([f"or {smaller}"] if smaller else [])
    return (
        f"{workers} processes of {bytes_of_one / 1e9:.1f} GB do not fit into the {free / 1e9:.1f} GB of memory "
        f"that are free: {' '.join(ways)}"
    )


def check_memory(experiment: Experiment) -> None:
    """Refuse a study of large items whose processes would not fit into the memory of this machine.

    One process trains for a step to see what it takes, a few seconds; for small items nothing is tried.

    Raises:
        InputError: they would not.
    """
    settings, device = experiment.settings, experiment.device
    unmade = any(not experiment.results.is_done(unit) for unit in experiment.plan.units(2))
    if math.prod(settings.shape) < LARGE or not unmade or device.startswith("cuda") or not experiment.place.is_local:
        return
    free = memory.free_bytes()
    (took,) = in_processes(partial(_bytes_of_steps, settings), [device], 1)
    if fault := _too_much(settings, device, took, free):
        raise InputError(f"workers: {fault}.")


def _bytes_of_steps(settings: Settings, device: str) -> int:
    """Return the most memory that this process has had, after a step of the study's GAN and of its classifier."""
    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, train

    study, draw = settings.study, settings.items(splits.make_draw(settings.dataset, settings.design, 0).train)
    registry.make(settings.medium, settings.family, weights=settings.trunk).fit(draw, Job(1, 0, device))
    policy = settings.medium.policy(settings.policy_name, settings.shape)
    recipe = Recipe(settings.medium, study.first_classifier, 1, study.batch_size, policy)
    train(Mixture(draw, None, 0.0), recipe, 0, device)
    return memory.peak_bytes()


def _advice(settings: Settings, seconds: float, waiting: float, too_much: str = "") -> str | None:
    """Return that the machine is busy or too small, and a quicker way where a study of large items takes long.

    waiting: seconds by the clock for one of the CPU. too_much: what is said where its processes do not fit.
    """
    smaller, evening = settings.medium.way_to_smaller(settings.shape), ""
    if seconds > EVENING:
        fits = settings.medium.way_to_smaller(settings.shape, EVENING / seconds)
        which = f", which {fits} would about fit" if fits else ""
        evening = f"more than an evening of {EVENING // 3600} hours{which}; "
    said = {
        too_much: bool(too_much),
        f"other programs keep the machine busy: as it is now, all takes {waiting:.0f} times as long": waiting > BUSY,
        f"{evening}quicker: {smaller}, fewer gan_steps or trials; preset=smoke shows whether it runs":
            seconds > LONG and bool(smaller),
    }  # fmt: skip
    return "; ".join(text for text, holds in said.items() if holds) or None


def processes_text(planned: dict[str, Any]) -> str:
    """Return how many processes work at once, and where, if elsewhere: `16 processes of dask://10.0.0.1:8786`."""
    where = "" if planned["engine"] == LOCAL else f" of {planned['engine']}"
    return f"{planned['workers']} processes{where}"


def plan_text(planned: dict[str, Any]) -> str:
    """Return as text what `plan` returns."""
    nouns = MEDIA[planned["medium"]].nouns
    return "\n".join([
        f"{planned['study']}: {planned['items']:,} {nouns.many} of {planned['size']}, "
        f"{planned['classes']} classes ({few_of(planned['class_names'])}); {planned['trials']} trials, "
        f"protocol {planned['protocol']}: {planned['why']}.",
        *planned["found"],
        f"GAN family {planned['gan']}, {planned['gan_steps']:,} steps; "
        f"classifier {' and '.join(planned['classifier'])}, {_steps_text(planned)}; "
        f"device {planned['device']}, {processes_text(planned)}.",
        *filter(None, [planned["gan_cost"]]),
        *planned["fine_tuning"],
        "",
        *units_table(planned, nouns),
        "",
        *sizes_text(planned),
        *filter(None, [planned["advice"]]),
    ])  # fmt: skip


def _steps_text(planned: dict[str, Any]) -> str:
    first, most = planned["classifier_steps"], planned["classifier_steps_most"]
    return f"{first:,} steps" + (f", doubled until training has converged (up to {most:,})" if most > first else "")


def units_table(planned: Mapping[str, Any], nouns: Nouns) -> list[str]:
    """Return the lines of what is to do, by kind of work."""
    return [
        f"{'':<34} {'to do':>6} {'of':>6} {'time of one process':>20}",
        *(f"{KINDS[kind].text(nouns):<34} {n['todo']:>6} {n['total']:>6} {seconds_text(n['seconds']):>20}"
          for kind, n in planned["units"].items()),
    ]  # fmt: skip


def sizes_text(planned: Mapping[str, Any], beside: str = "") -> list[str]:
    """Return the lines of how long it takes and how much disk it needs, at least and at most.

    beside: what comes on top, that is not planned.
    """
    beside = f"; {beside}" if beside else ""
    least, most = (
        f"{seconds_text(planned[f'seconds{of}'])} in all, and {planned[f'disk_bytes{of}'] / MEGABYTE:,.0f} MB of disk"
        for of in ("", "_most")
    )
    lines = [f"at least {least}{beside};", f"up to {most}, if training converges late and steps are doubled"]
    return [*([f"about {least}{beside}"] if least == most else lines), *_room_text(planned)]


def _room_text(planned: Mapping[str, Any]) -> list[str]:
    """Return a line on what is free of the disk where that is less than is needed, or may be."""
    free, least, most = (planned[name] for name in ("free_bytes", "disk_bytes", "disk_bytes_most"))
    if free >= most:
        return []
    often = "" if free < least else ", which is too little where steps are doubled often"
    return [f"the disk has {size_text(free)} free{often}: make room, or choose another output_dir"]


def _fine_tuning(plan: Plan) -> list[str]:
    """Return what is fine-tuned and how, or what is missing for it and how to get it."""
    settings, missing = plan.settings, [plan.left_out] if plan.left_out else []
    if settings.weights is None:
        return missing
    about = settings.medium.pretrained.weights_text(settings.weights) + settings.view_text
    return [f"Arms named transfer: {about}; {_of_transfer(settings)}.", *missing]


def _of_transfer(settings: Settings) -> str:
    first = settings.transfer_steps
    return _steps_text({"classifier_steps": first, "classifier_steps_most": first << settings.most_doublings})


def _found(settings: Settings) -> list[str]:
    """Return what was found in the data that a person would want to know before hours of training."""
    report, many = settings.dataset.report, settings.medium.nouns.many
    counts = [
        (report.exact_duplicates, "set of exact duplicates", "sets of exact duplicates"),
        (report.near_duplicates, "set of near duplicates", "sets of near duplicates"),
        (report.label_conflicts, f"set of equal {many} under two classes", f"sets of equal {many} under two classes"),
    ]
    told = [counted(len(found), one, several) for found, one, several in counts if found]
    if away := len(report.removed_from_pool):
        told.append(f"{away:,} left out since they, or others of their group, are in the test set")
    skipped = [f"left out: {file} ({reason})" for file, reason in report.skipped[:SHOWN]]
    if (more := len(report.skipped) - SHOWN) > 0:
        skipped.append(f"left out: {more:,} more")
    n = settings.design.n_per_class
    few = f"n_per_class={n}: of fewer than {ENOUGH} {many} of a class most GANs lose their variety and are given up"
    return [
        report.brought_to,
        *(["; ".join(told) + "; all kept on one side of every split"] if told else []),
        *skipped,
        *map(ended, settings.remarks),
        *([few] if n is not None and n < ENOUGH else []),
        *(f"{name}: {source.about['text']}" for name, source in settings.external.items()),
    ]


def expected_seconds(settings: Settings, unit: Unit, seconds: dict[str, float]) -> float:
    """Return the time of a unit, given the usual ones (see `unit_seconds`), which are those of the first steps."""
    declared = unit.parameters
    if unit.cost == "gan":
        return seconds[declared["generator"]]
    if unit.kind == "items":
        generator = unit.need("generator").parameters["generator"]
        return seconds[f"items {generator}"] * (CHOOSING if declared.get("variation") in FILTERS else 1)
    if unit.kind in ("classifier", "tuning"):
        return _training_seconds(settings, unit, seconds) * len(declared.get("configurations", [0]))
    return seconds_of(unit.cost, seconds)


def _training_seconds(settings: Settings, unit: Unit, seconds: dict[str, float]) -> float:
    """Return the time of an arm's classifiers in one configuration: what is added to batches takes longer."""
    training: Training = unit.parameters
    pretrained, before = "weights" in training, continued(unit)
    steps = sum(training["cycles"]) - (sum(before.parameters["cycles"]) if before else 0)
    real, synthetic = _in_batch(settings, training)
    making = 0.0
    if unit.cost.startswith("fresh"):
        source = settings.source_of(parse_arm(training["arm"]))
        making = synthetic / training["batch_size"] * seconds[f"fresh {source}"]
    first = seconds["transfer" if pretrained else training["classifier"]]
    times = steps / (settings.transfer_steps if pretrained else settings.classifier_steps)
    return times * (first * (real + synthetic) / training["batch_size"] + making)


def _in_batch(settings: Settings, training: Training) -> tuple[int, int]:
    """Return how many real and synthetic items an arm's batches hold, before tuning."""
    arm, size = parse_arm(training["arm"]), training["batch_size"]
    if not arm.real:
        return (0, size) if arm.generator else (size, 0)
    if "mix" in training and arm.share:
        return in_batch(settings.study.mix, training["synthetic_share"], size)
    added = settings.synthetic_in_batch if "mix" in training else 0
    return (size if settings.study.mix == "added" else size - added), added


def unit_seconds(settings: Settings, device: str) -> dict[str, float]:
    """Return expected seconds of one process per kind of unit, GAN family and classifier, with all processes at work.

    `items NAME` is making a trial's items with that generator; `fresh NAME` what a classifier takes longer that is
    trained on nothing but items that it makes anew; `transfer` a fine-tuning. Of kinds that follow from none of this,
    it is what their records say. `waiting` is how much longer all takes now that other programs run, 1 if none does.
    """
    return seconds_from(settings, timed_steps(settings, device), device)


def timed_steps(settings: Settings, device: str) -> list[dict[str, float]]:
    """Return what each of as many processes as the run would use has timed beside the others; see `_time_steps`."""
    jobs = worker_count(settings.place.on_this_machine().workers, device)
    return list(in_processes(partial(_time_steps, settings), [device] * jobs, jobs))


def seconds_from(settings: Settings, timed: list[dict[str, float]], device: str) -> dict[str, float]:
    """Return what `unit_seconds` does from timed steps, which may be those of another study of the same networks."""
    jobs = len(timed)
    once = {name: float(np.mean([each[name] for each in timed])) for name in timed[0]}
    sharing = max(1.0, jobs / worker_count(0)) if device == "cpu" else 1.0  # processes that share a core
    waiting, took = once.pop("waiting") / sharing, once.pop("memory", 0.0)
    once = {name: sharing * seconds for name, seconds in once.items()}
    study, draw = settings.study, splits.make_draw(settings.dataset, settings.design, 0)
    scored, items, seeds = len(draw.test) + len(draw.train), settings.items_made, study.classifier_seeds
    predict = once["predict " + study.first_classifier]
    comparing = COMPARING * math.prod(settings.shape)
    usual = settings.usual_steps(SIDE_BATCH)
    side = 0.2 + usual * SIDE_BATCH / study.batch_size * once[study.first_classifier]
    fitting = {name: _seconds_of_fitting(settings, name, once) for name in settings.families}
    known = DEFAULT_SECONDS | {name: _without_start(settings, name, fitting) for name in fitting} | {
        "draw": 0.05, "choice": 0.05, "waiting": waiting, "memory": took,
        MEASURING_CLASSIFIER.stored_as: side + settings.medium.measuring_steps(usual) * once["own measures"],
        FILTERING_CLASSIFIER.stored_as: side,
        "quality": 0.5 + (items + len(draw.test)) * predict + comparing * items,
        REFERENCE_SETS.stored_as: 0.5 + 3 * (scored * predict + comparing * len(draw.train)),
        "open_set": 0.2 + seeds * (settings.classifier_steps * once[study.first_classifier] + scored * predict),
    }  # fmt: skip
    known |= {PSEUDO: side + settings.unlabelled * predict}
    for name in dict.fromkeys(settings.family_of(name) or name for name in settings.generators):
        sample = once.get(f"sample {name}", once[f"sample {settings.family}"])  # an external one is taken to be like it
        known[f"items {name}"] = 0.05 + items * sample
        known[f"fresh {name}"] = seeds * settings.classifier_steps * study.batch_size * sample
    for name in study.classifier:
        known[name] = 0.2 + seeds * (settings.classifier_steps * once[name] + scored * once[f"predict {name}"])
    return known | (_seconds_of_transfer(settings, draw, once) if settings.can_fine_tune else {})


def _seconds_of_fitting(settings: Settings, name: str, once: dict[str, float]) -> float:
    """Return the seconds of a GAN's steps, and of what it makes to be looked at where that is not timed with them."""
    steps, classes = settings.steps_of(name), settings.dataset.pool.n_classes
    return steps * once[name] + settings.medium.families[name].shown(classes, steps) * once[f"sample {name}"]


def _without_start(settings: Settings, name: str, fitting: dict[str, float]) -> float:
    """Return the seconds of fitting a GAN from where the one stands that it begins with, which is timed alike."""
    first = begins_with(settings.medium, name)
    return max(fitting[name] - fitting[first], 0.0) if first else fitting[name]


def _seconds_of_transfer(settings: Settings, draw: Draw, once: dict[str, float]) -> dict[str, float]:
    """Return expected seconds of the kinds of units that take the pretrained network, given those of one step or item.

    Frozen features are those of a draw, or of the whole set where trials train on all of it.
    """
    one, seeds = once["predict transfer"], settings.study.classifier_seeds
    scored, whole = len(draw.test) + len(draw.train), len(splits.labels_of(settings.dataset))
    real = whole if settings.design.n_per_class is None else len(draw.train)
    return {
        "transfer": 1 + seeds * (settings.transfer_steps * once["transfer"] + scored * one),
        "features": 1 + real * one,
        "item_features": 1 + settings.items_made * one,
        "in_features": 1 + _seen_by_pretrained(settings.dataset, draw) * one,
    }


def _seen_by_pretrained(dataset: Dataset, draw: Draw) -> int:
    """Return how many items are measured in the pretrained network's features: see `units.measures.make_in_features`.

    The training set and altered copies of it, items made, test items, and those that copying is judged by.
    """
    trained, tested, unseen = len(draw.train), len(draw.test), splits.unseen(dataset, draw)
    others = 0 if unseen is draw.test else len(unseen)
    return 2 * trained + min(FEW_ITEMS, trained) + min(2 * FEW_ITEMS, tested) + min(2 * FEW_ITEMS, others)


def _time_steps(settings: Settings, device: str) -> dict[str, float]:
    """Return seconds per step of each GAN family and classifier, per item predicted by each and per item sampled.

    They are the CPU's where that is the device; `waiting` is how many of the clock passed for each.
    """
    import torch

    torch.set_num_threads(1)
    of_trial = splits.make_draw(settings.dataset, settings.design, 0)
    draw, unseen = settings.items(of_trial.train), settings.items(of_trial.reserve)
    some = draw.take(np.arange(256) % len(draw))
    timed = _Timed(device)
    seconds = _time_generators(settings, draw, some.y, timed) | _time_classifiers(settings, draw, some.x, timed)
    seconds["own measures"] = _time_own_measures(settings.medium, unseen, timed)
    return seconds | {"waiting": timed.waiting(), "memory": memory.peak_bytes()}


def _time_own_measures(medium: Medium, unseen: Examples, timed: _Timed) -> float:
    """Return seconds per step of what the medium learns for its own measures; 0 where it learns nothing."""
    if not (steps := medium.measuring_steps(1)):
        return 0.0
    with TemporaryDirectory() as folder:
        learn = partial(medium.learn_to_measure, unseen, Path(folder), 1, 0, timed.device)
        learn()  # which also warms up
        return timed.seconds(learn) / steps


class _Timed:
    """What times calls on a device: by the seconds of the CPU where that is the device, else by the clock."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.now = time.process_time if device == "cpu" else time.perf_counter
        self.began = self.now(), time.perf_counter()
        self.on_gpu = device.startswith("cuda")

    def seconds(self, call: Callable[[], object]) -> float:
        """Return how long a call takes."""
        started = self.now()
        call()
        return self.now() - started

    def per_step(self, call: Callable[[int], object]) -> float:
        """Return the seconds per step of what can be called with a number of steps, without its start-up.

        The first one warms up and is not timed: it imports what takes seconds. Where a step is slow a few more say
        enough, and many would take minutes.
        """
        call(1)
        few, more = (FEW_ON_A_GPU, MORE_ON_A_GPU) if self.on_gpu else (FEW, MORE)
        if self.seconds(lambda: call(1)) >= SLOW and not self.on_gpu:
            few, more = 1, 3
        return max(self.seconds(lambda: call(more)) - self.seconds(lambda: call(few)), 1e-6) / (more - few)

    def waiting(self) -> float:
        """Return how many seconds of the clock have passed since the beginning for each that is counted, at least 1."""
        counted, passed = (now() - then for now, then in zip((self.now, time.perf_counter), self.began, strict=True))
        return max(1.0, passed / max(counted, 1e-6))


def _time_generators(settings: Settings, draw: Examples, labels: np.ndarray, timed: _Timed) -> dict[str, float]:
    """Return seconds per step of each GAN family, and per item that each generator of the medium samples.

    labels: (N,), of which the first are asked for. What comes from elsewhere is not timed.
    """
    seen, seconds = {name: getattr(settings.study, name) for name in ("gan_augmentation", "augmentation")}, {}
    seen |= {"settings": vars(settings.study), "weights": settings.trunk}
    for name in dict.fromkeys(settings.family_of(name) or name for name in settings.generators):
        if name in EXTERNAL:
            continue
        fit = lambda steps, name=name: registry.make(settings.medium, name, **seen).fit(  # noqa: E731
            draw, Job(steps, 0, timed.device, looks=False)
        )
        if name in settings.families:
            sharing = min(SHARED, settings.trials) if timed.on_gpu else 1
            seconds[name] = timed.per_step(partial(_at_once, fit, sharing, timed.device)) / sharing
        generator = fit(1)
        sample = lambda n, generator=generator: generator.sample(Condition(labels[:n]), 0)  # noqa: E731
        sample(1)  # what is computed once
        seconds[f"sample {name}"] = timed.seconds(lambda sample=sample: sample(SAMPLED)) / min(SAMPLED, len(labels))
    return seconds


def _at_once(fit: Callable[[int], object], count: int, device: str, steps: int) -> None:
    """Train so many GANs beside each other, as those do that share a process on a GPU."""
    if count == 1:
        fit(steps)
        return
    from gannb.utils.cuda_streams import own_stream

    def one(_: int) -> None:
        with own_stream(device):
            fit(steps)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))


def _time_classifiers(settings: Settings, draw: Examples, some: np.ndarray, timed: _Timed) -> dict[str, float]:
    """Return seconds per step of each classifier, and per item of `some` (N, ...) predicted by each."""
    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, from_scratch, predict, train

    policy, seconds = settings.medium.policy(settings.policy_name, settings.shape), {}
    starts = dict.fromkeys(settings.study.classifier, from_scratch) | _start_of_transfer(settings, draw)
    for name, start in starts.items():
        recipe = Recipe(settings.medium, name, 1, settings.study.batch_size, policy)
        learn = lambda n, recipe=recipe, start=start: train(  # noqa: E731
            Mixture(draw, None, 0), replace(recipe, steps=n), 0, timed.device, start=start
        )
        network, x = learn(1), some[:16] if name == "transfer" else some
        seconds[name] = timed.per_step(learn)
        predicting = timed.seconds(lambda network=network, x=x: predict(settings.medium, network, x))
        seconds[f"predict {name}"] = predicting / len(x)
    return seconds


def _start_of_transfer(settings: Settings, draw: Examples) -> dict[str, Start]:
    """Return what gives the pretrained network, with a head that has learnt nothing, if there are weights."""
    if not settings.can_fine_tune:
        return {}
    from gannb.classifiers.mixture import Mixture

    pretrained, weights = settings.medium.pretrained, settings.weights
    none = np.random.default_rng(0).normal(size=(len(draw), pretrained.features_width(weights))).astype(np.float32)
    return {"transfer": pretrained.starting(weights, Mixture(draw, None, 0), none)}


def disk_bytes(settings: Settings, todo: list[Unit]) -> float:
    """Return the bytes that a study with these units to do will write: mostly items, predictions and weights."""
    return units_bytes(settings, todo) + copies_bytes(settings) + MEGABYTE


def check_disk(experiment: Experiment, missing: list[Unit]) -> None:
    """Refuse a study whose disk has clearly less free than the least that the missing units will write.

    Raises:
        InputError: it has.
    """
    if missing:
        free, settings = free_bytes(experiment.folder), experiment.settings
        copies = 0.0 if experiment.data_folder.is_dir() else copies_bytes(settings)
        refuse_full(experiment.folder, free, copies + least_bytes(settings, missing, free < AMPLE))


def refuse_full(folder: Path, free: float, needed: float) -> None:
    """Raise InputError where what is free is clearly less than the bytes that are needed at the least."""
    if free < SURELY * needed:
        raise InputError(
            f"{folder} needs at least {size_text(SURELY * needed)} and its disk has {size_text(free)} free: make room, "
            "or choose another output_dir."
        )


def size_text(size: float) -> str:
    """Return a number of bytes as people say it: `0.6 MB`, `12 MB`, `1,204 MB`."""
    megabytes = size / MEGABYTE
    return f"{megabytes:,.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"


def least_bytes(settings: Settings, todo: list[Unit], networks: bool = True) -> float:
    """Return the bytes that units to do will write, as far as it is known: without generators, of which it is guessed.

    networks: count those of classifiers, too, which takes torch.
    """
    known = [unit for unit in todo if unit.kind not in GUESSED]
    return units_bytes(settings, known, networks)


def units_bytes(settings: Settings, todo: list[Unit], networks: bool = True) -> float:
    """Return the bytes that units to do will write; not `networks`: without those of classifiers."""
    dataset, seeds = settings.dataset, settings.study.classifier_seeds
    draw = splits.make_draw(dataset, settings.design, 0)
    tested, classes, item = len(draw.test), dataset.pool.n_classes, dataset.pool.x[:1].nbytes
    real = len(splits.labels_of(dataset)) if settings.design.n_per_class is None else len(draw.train)
    size = {kind.stored_as: kind.size for kind in KINDS.values()} | {  # those that grow with the data
        "items": settings.items_made * (item + 8),
        "classifier": seeds * tested * classes * 8 + tested * 16,
        "draw": tested * 8 + 1e4,
        "features": real * FEATURES,
        "item_features": settings.items_made * FEATURES,
        "open_set": seeds * tested * 20,
    }
    trained = [unit for unit in todo if networks and "cycles" in unit.parameters]
    sizes = settings.classifier_sizes() if trained else {}
    kept = sum(seeds * _bytes_of_network(settings, sizes, unit) for unit in trained)
    labelled = sum(u.kind == "items" and u.need("generator").cost == PSEUDO for u in todo)  # all of them, at the most
    more = labelled * max(0, settings.unlabelled - settings.items_made) * (item + 8)
    return float(sum(size[u.kind] for u in todo) + more + kept)


def copies_bytes(settings: Settings) -> float:
    """Return the bytes of the copies of a study's data and of its external sources."""
    dataset = settings.dataset
    sets = [each for each in (dataset, dataset.held_out) if each is not None]
    copies = sum(part.x.nbytes for each in sets for part in (each.pool, each.test) if part is not None)
    outside = sum(s.about.get("items", sum(s.about.get("counts", ()))) for s in settings.external.values())
    copies += outside * dataset.pool.x[:1].nbytes
    if settings.view is not None:
        copies += len(splits.labels_of(dataset)) * math.prod(settings.view.shape) * dataset.pool.x.itemsize
    return float(copies)


def _bytes_of_network(settings: Settings, sizes: dict[str, int], unit: Unit) -> float:
    """Return the bytes of one network that a unit of training keeps; tuning keeps none."""
    if unit.kind == TUNING.stored_as:
        return 0
    if "weights" in unit.parameters:
        return Path(settings.weights.file).stat().st_size if settings.can_fine_tune else 0
    return 4 * sizes[unit.parameters["classifier"]]
