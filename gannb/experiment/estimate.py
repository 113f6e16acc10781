"""What a study would do, how long it takes and how much disk it needs, from a few timed steps."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.experiment.experiment import Experiment
from gannb.generators.variations import FILTERS
from gannb.measures.comparison import FEW as FEW_ITEMS
from gannb.study.model import Study
from gannb.trials import splits
from gannb.units.kinds import UNITS
from gannb.units.measures import SIDE_BATCH
from gannb.utils.console import QUIET, talk
from gannb.utils.naming import few_of
from gannb.work.backends import worker_count
from gannb.work.processes import followers
from gannb.work.progress import seconds_text
from gannb.work.store import is_done
from gannb.work.unit import Unit

if TYPE_CHECKING:
    from gannb.classifiers.training import Start
    from gannb.data.examples import Examples

CHOOSING = 3  # cost of an item that is chosen, beside one that is not
FEW, MORE = 10, 40  # steps; the difference leaves the start-up out
STAGE_SECONDS = 9.0  # a notebook's kernel and its workers starting and importing torch, besides what is measured
MEGABYTE = 1e6
FEATURES = 2048 * 4  # bytes of an item's frozen features, about
ENOUGH = 4  # images of a class of which GANs were seen to keep their variety, and of fewer not
LONG, SMALL_SIDE = 3600, 32  # seconds and pixels from which on a quicker way is pointed out


def plan(study: Study) -> dict[str, Any]:
    """Return what a study would do; times a few steps in as many processes as the run would use. Writes nothing.

    The keys, in order: `study`; of the data `items`, `shape`, `classes` and `class_names`; `trials`, `protocol`
    and `why`; `found`, sentences on the data; `gan`, `gan_steps`, `classifier` (several), `classifier_steps`,
    `fine_tuning` (sentences), `device` and `workers` (processes); `units`, by kind `todo`, `total` and `seconds` of one
    process; `seconds` in all, `disk_bytes`, and `advice`, a sentence, or null.
    """
    experiment = Experiment.preview(study)
    todo = [u for u in experiment.all_units() if not is_done(experiment.folder, u)]
    if todo and talk() != QUIET:
        print("gannb: timing a few steps ...", file=sys.stderr, flush=True)
    seconds = unit_seconds(experiment) if todo else {}
    spent = {u: expected_seconds(experiment, u, seconds) for u in todo}
    workers = worker_count(study.workers)
    total = sum(spent.values()) / workers + STAGE_SECONDS * 5
    return {
        "study": study.name, "items": len(splits.labels_of(experiment.dataset)), "shape": list(experiment.shape),
        "classes": experiment.dataset.pool.n_classes, "class_names": list(experiment.dataset.pool.classes),
        "trials": study.trials,
        "protocol": experiment.design.protocol, "why": experiment.design.why, "found": _found(experiment),
        "gan": experiment.family, "gan_steps": experiment.gan_steps, "classifier": list(study.classifier),
        "classifier_steps": experiment.classifier_steps, "fine_tuning": _fine_tuning(experiment),
        "device": experiment.device, "workers": workers,
        "units": _by_kind(experiment, spent), "seconds": round(total),
        "disk_bytes": round(disk_bytes(experiment, todo)), "advice": _advice(experiment, total),
    }  # fmt: skip


def _by_kind(experiment: Experiment, spent: dict[Unit, float]) -> dict[str, dict[str, int]]:
    """Return the units to do, all units and the seconds of one process, by kind of unit."""
    every, todo = Counter(u.kind for u in experiment.all_units()), Counter(u.kind for u in spent)
    seconds = {kind: round(sum(s for u, s in spent.items() if u.kind == kind)) for kind in every}
    return {kind: {"todo": todo[kind], "total": every[kind], "seconds": seconds[kind]} for kind in every}


def _advice(experiment: Experiment, seconds: float) -> str | None:
    """Return a quicker way, where the study takes long."""
    if seconds <= LONG or min(experiment.shape[:2]) <= SMALL_SIDE:
        return None
    return f"quicker: size={SMALL_SIDE}, fewer gan_steps or trials; preset=smoke shows whether it runs"


def plan_text(found: dict[str, Any]) -> str:
    """Return a plan as text."""
    return "\n".join([
        f"{found['study']}: {found['items']:,} items of {'x'.join(map(str, found['shape']))}, {found['classes']} "
        f"classes ({few_of(found['class_names'])}); {found['trials']} trials, protocol {found['protocol']}: "
        f"{found['why']}.",
        *found["found"],
        f"GAN family {found['gan']}, {found['gan_steps']:,} steps; classifier {' and '.join(found['classifier'])}, "
        f"{found['classifier_steps']:,} steps; device {found['device']}, {found['workers']} processes.",
        *found["fine_tuning"],
        "",
        f"{'':<34} {'to do':>6} {'of':>6} {'time of one process':>20}",
        *(f"{UNITS[kind]:<34} {n['todo']:>6} {n['total']:>6} {seconds_text(n['seconds']):>20}"
          for kind, n in found["units"].items()),
        "",
        f"about {seconds_text(found['seconds'])} in all, and {found['disk_bytes'] / MEGABYTE:,.0f} MB of disk",
        *filter(None, [found["advice"]]),
    ])  # fmt: skip


def _fine_tuning(experiment: Experiment) -> list[str]:
    """Return what is fine-tuned and how, or what is missing for it and how to get it."""
    missing = [experiment.left_out] if experiment.left_out else []
    if experiment.weights is None:
        return missing
    from gannb.media.image.pretrained import weights_text

    return [f"Fine-tuning {weights_text(experiment.weights)}, {experiment.transfer_steps:,} steps.", *missing]


def _found(experiment: Experiment) -> list[str]:
    """Return what was found in the data that a person would want to know before hours of training."""
    report = experiment.dataset.report
    counts = {
        "sets of exact duplicates": len(report.exact_duplicates),
        "sets of near duplicates": len(report.near_duplicates),
        "images under two classes": len(report.label_conflicts),
        "left out since they are in the test set as well": len(report.removed_from_pool),
    }
    found = [f"{n:,} {what}" for what, n in counts.items() if n]
    skipped = [f"left out: {file} ({reason})" for file, reason in report.skipped[:5]]
    n = experiment.design.n_per_class
    few = f"n_per_class={n}: of fewer than {ENOUGH} images of a class most GANs lose their variety and are given up"
    return [
        report.brought_to,
        *(["; ".join(found) + "; all kept on one side of every split"] if found else []),
        *skipped,
        *([few] if n is not None and n < ENOUGH else []),
        *(f"{name}: {source.about['text']}" for name, source in experiment.outside.items()),
    ]


def expected_seconds(experiment: Experiment, unit: Unit, seconds: dict[str, float]) -> float:
    """Return the time of a unit, given the usual ones (see `unit_seconds`): a half budget costs half."""
    p = unit.parameters
    if unit.cost == "gan":
        return seconds[p["generator"]]
    if unit.kind == "items":
        return seconds["items"] * (CHOOSING if p.get("variation") in FILTERS else 1)
    if unit.kind in ("classifier", "tuning"):
        return _training_seconds(experiment, unit, seconds) * len(p.get("configurations", [0]))
    return seconds[unit.kind]


def _training_seconds(experiment: Experiment, unit: Unit, seconds: dict[str, float]) -> float:
    """Return the time of an arm's classifiers in one configuration."""
    p = unit.parameters
    if "weights" in p:
        return seconds["transfer"]
    once = seconds[p["classifier"]] + (p.get("synthetic_share", 1) * seconds["fresh"] if unit.cost == "fresh" else 0)
    return once * p["steps"] / experiment.classifier_steps


def unit_seconds(experiment: Experiment) -> dict[str, float]:
    """Return expected seconds of one process per kind of unit, GAN family and classifier, with all processes at work.

    `fresh` is what a classifier takes longer that is trained on nothing but items that are made anew; `transfer` is a
    fine-tuning.
    """
    import joblib

    jobs = worker_count(experiment.study.workers)
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1, **followers()):
        timed = joblib.Parallel()(joblib.delayed(_time_steps)(experiment) for _ in range(jobs))
    once = {name: float(np.mean([each[name] for each in timed])) for name in timed[0]}
    study, draw = experiment.study, splits.make_draw(experiment.dataset, experiment.design, 0)
    scored, items, seeds = len(draw.test) + len(draw.train), experiment.items_made, study.classifier_seeds
    predict, sample = once["predict " + study.first_classifier], once["sample"]
    side = 0.2 + experiment.usual_steps(SIDE_BATCH) * SIDE_BATCH / study.batch_size * once[study.first_classifier]
    known = {name: experiment.steps_of(name) * once[name] for name in experiment.families} | {
        "draw": 0.05, "choice": 0.05, "generator": 0.2, "items": 0.05 + items * sample, "ruler": side, "judge": side,
        "quality": 0.5 + (items + len(draw.test)) * predict,
        "yardsticks": 0.5 + 3 * (len(draw.train) + len(draw.test)) * predict,
        "open_set": 0.2 + seeds * (experiment.classifier_steps * once[study.first_classifier] + scored * predict),
        "fresh": seeds * experiment.classifier_steps * study.batch_size * sample,
    }  # fmt: skip
    for name in study.classifier:
        known[name] = 0.2 + seeds * (experiment.classifier_steps * once[name] + scored * once[f"predict {name}"])
    if experiment.can_fine_tune:
        one = once["predict transfer"]
        known["transfer"] = 1 + seeds * (experiment.transfer_steps * once["transfer"] + scored * one)
        whole = len(splits.labels_of(experiment.dataset))
        real = whole if experiment.design.protocol == "resplit" else len(draw.train)
        known |= {"features": 1 + real * one, "item_features": 1 + items * one}
        known["in_features"] = 1 + (2 * FEW_ITEMS + len(draw.train)) * one
    return known


def _time_steps(experiment: Experiment) -> dict[str, float]:
    """Return seconds per step of each GAN family and classifier, per item predicted by each and per item sampled."""
    import torch

    from gannb.classifiers.mixture import Mixture
    from gannb.classifiers.training import Recipe, from_scratch, predict, train
    from gannb.generators import registry
    from gannb.generators.interface import Condition, Job
    from gannb.media import MEDIA

    torch.set_num_threads(1)
    study, device, medium = experiment.study, experiment.device, MEDIA[experiment.dataset.medium]
    draw = experiment.items(splits.make_draw(experiment.dataset, experiment.design, 0).train)
    some, found = draw.take(np.arange(256) % len(draw)), {}
    seen = {"gan_augmentation": study.gan_augmentation, "augmentation": study.augmentation}
    fit = lambda steps, name: registry.make(medium, name, **seen).fit(draw, Job(steps, 0, device))  # noqa: E731
    generator = fit(FEW, experiment.family)  # also warms up
    found["sample"] = _seconds(lambda: generator.sample(Condition(some.y), 0)) / len(some)
    for name in experiment.families:
        found[name] = _per_step(lambda steps, name=name: fit(steps, name), FEW, MORE)
    starts = dict.fromkeys(study.classifier, from_scratch) | _start_of_transfer(experiment, draw)
    for name, start in starts.items():
        steps = (1, 3) if name == "transfer" else (FEW, MORE)
        recipe = Recipe(medium, name, 1, study.batch_size, medium.policy(experiment.policy_name, experiment.shape))
        learn = lambda n, recipe=recipe, start=start: train(  # noqa: E731
            Mixture(draw, None, 0), replace(recipe, steps=n), 0, device, start=start
        )
        network = learn(1)
        found[name] = _per_step(learn, *steps)
        x = some.x[:16] if name == "transfer" else some.x
        found[f"predict {name}"] = _seconds(lambda network=network, x=x: predict(medium, network, x)) / len(x)
    return found


def _start_of_transfer(experiment: Experiment, draw: Examples) -> dict[str, Start]:
    """Return what gives the pretrained network, with a head that has learnt nothing, if there are weights."""
    if experiment.weights is None or not experiment.can_fine_tune:
        return {}
    from gannb.classifiers.mixture import Mixture
    from gannb.media.image.pretrained import Pretrained, starting

    width = Pretrained(experiment.weights, draw.n_classes).head.in_features
    none = np.random.default_rng(0).normal(size=(len(draw), width)).astype(np.float32)
    return {"transfer": starting(experiment.weights, Mixture(draw, None, 0), none)}


def _per_step(call: Callable[[int], object], few: int, more: int) -> float:
    """Return the seconds per step of what can be called with a number of steps, without its start-up."""
    return max(_seconds(lambda: call(more)) - _seconds(lambda: call(few)), 1e-6) / (more - few)


def _seconds(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def disk_bytes(experiment: Experiment, todo: list[Unit]) -> float:
    """Return the bytes that the units to do will write: mostly items, predictions and weights."""
    study, classes = experiment.study, experiment.dataset.pool.n_classes
    small_cnn = 0.4 * MEGABYTE
    draw = splits.make_draw(experiment.dataset, experiment.design, 0)
    tested = len(draw.test)
    real = len(draw.train) if experiment.design.protocol == "draw" else len(splits.labels_of(experiment.dataset))
    size = {
        "items": experiment.items_made * (np.prod(experiment.shape) + 8),
        "classifier": study.classifier_seeds * tested * classes * 4 + tested * 16,
        "generator": 2 * MEGABYTE, "ruler": small_cnn, "judge": small_cnn, "draw": tested * 8 + 1e4,
        "quality": 1e4, "yardsticks": 3e4, "in_features": 1e4, "tuning": 1e4, "choice": 1e3,
        "features": real * FEATURES,
        "item_features": experiment.items_made * FEATURES,
        "outlier_gan": 2 * MEGABYTE, "open_set": study.classifier_seeds * tested * 20,
    }  # fmt: skip
    sets = [each for each in (experiment.dataset, experiment.dataset.held_out) if each is not None]
    copies = sum(part.x.nbytes for each in sets for part in (each.pool, each.test) if part is not None)
    copies += sum(sum(s.about.get("counts", ())) for s in experiment.outside.values()) * np.prod(experiment.shape)
    return float(sum(size[u.kind] for u in todo) + copies + MEGABYTE)
