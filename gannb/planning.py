"""What a study would do, how long it takes and how much disk it needs, from a few timed steps."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gannb import protocol
from gannb.experiment import Experiment
from gannb.generators.after import FILTERS
from gannb.study import Study
from gannb.units import SIDE_BATCH
from gannb.work import Unit, followers, is_done, seconds_text, worker_count

if TYPE_CHECKING:
    from gannb.classify import Start
    from gannb.data import Examples

CHOOSING = 3  # cost of an item that is chosen, beside one that is not
FEW, MORE = 10, 40  # steps; the difference leaves the start-up out
STAGE_SECONDS = 9.0  # a notebook's kernel and its workers starting and importing torch, besides what is measured
MEGABYTE = 1e6
FEATURES = 2048 * 4  # bytes of an item's frozen features, about
LONG, SMALL_SIDE = 3600, 32  # seconds and pixels from which on a quicker way is pointed out
UNITS = {  # what people call the units
    "draw": "drawing the trials",
    "generator": "training generators",
    "items": "making images",
    "ruler": "training the measuring classifier",
    "judge": "training the choosing classifier",
    "quality": "measuring quality",
    "classifier": "training classifiers",
    "tuning": "tuning arms",
    "choice": "choosing configurations",
    "features": "frozen features of real images",
    "item_features": "frozen features of made images",
}


def plan(study: Study) -> str:
    """Return the plan as text; times a few steps in as many processes as the run would use. Writes nothing."""
    experiment = Experiment.preview(study)
    todo = [u for u in experiment.all_units() if not is_done(experiment.folder, u)]
    if todo:
        print("gannb: timing a few steps ...", file=sys.stderr, flush=True)
    seconds = unit_seconds(experiment) if todo else {}
    spent = {u: expected_seconds(experiment, u, seconds) for u in todo}
    workers = worker_count(study.workers)
    total = sum(spent.values()) / workers + STAGE_SECONDS * 5
    counts, design = Counter(u.kind for u in todo), experiment.design
    every = Counter(u.kind for u in experiment.all_units())
    lines = [
        f"{study.name}: {len(protocol.labels_of(experiment.dataset)):,} items of "
        f"{'x'.join(map(str, experiment.shape))}, {experiment.dataset.pool.n_classes} classes; "
        f"{study.trials} trials, protocol {design.protocol}: {design.why}.",
        *_found(experiment),
        f"GAN family {experiment.family}, {experiment.gan_steps:,} steps; classifier {' and '.join(study.classifier)}, "
        f"{experiment.classifier_steps:,} steps; device {experiment.device}, {workers} processes.",
        *_fine_tuning(experiment),
        "",
        f"{'':<34} {'to do':>6} {'of':>6} {'time of one process':>20}",
    ]
    for kind in every:
        time_text = seconds_text(sum(s for u, s in spent.items() if u.kind == kind))
        lines.append(f"{UNITS[kind]:<34} {counts[kind]:>6} {every[kind]:>6} {time_text:>20}")
    lines += ["", f"about {seconds_text(total)} in all, and {disk_bytes(experiment, todo) / MEGABYTE:,.0f} MB of disk"]
    if total > LONG and min(experiment.shape[:2]) > SMALL_SIDE:
        lines.append(f"quicker: size={SMALL_SIDE}, fewer gan_steps or trials; preset=smoke shows whether it runs")
    return "\n".join(lines)


def _fine_tuning(experiment: Experiment) -> list[str]:
    """Return what is fine-tuned and how, or what is missing for it and how to get it."""
    if experiment.weights is None:
        return [experiment.left_out] if experiment.left_out else []
    from gannb.transfer import check

    about = check(experiment.weights, experiment.dataset.pool.n_classes)
    return [f"Fine-tuning {about}, {experiment.transfer_steps:,} steps."]


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
    return [
        report.brought_to,
        *(["; ".join(found) + "; all kept on one side of every split"] if found else []),
        *skipped,
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
    study, draw = experiment.study, protocol.make_draw(experiment.dataset, experiment.design, 0)
    scored, items, seeds = len(draw.test) + len(draw.train), experiment.items_made, study.classifier_seeds
    predict, sample = once["predict " + study.first_classifier], once["sample"]
    side = 0.2 + experiment.usual_steps(SIDE_BATCH) * SIDE_BATCH / study.batch_size * once[study.first_classifier]
    known = {name: experiment.steps_of(name) * once[name] for name in experiment.families} | {
        "draw": 0.05, "choice": 0.05, "generator": 0.2, "items": 0.05 + items * sample, "ruler": side, "judge": side,
        "quality": 0.5 + (items + len(draw.test)) * predict,
        "fresh": seeds * experiment.classifier_steps * study.batch_size * sample,
    }  # fmt: skip
    for name in study.classifier:
        known[name] = 0.2 + seeds * (experiment.classifier_steps * once[name] + scored * once[f"predict {name}"])
    if experiment.weights:
        one = once["predict transfer"]
        known["transfer"] = 1 + seeds * (experiment.transfer_steps * once["transfer"] + scored * one)
        whole = len(protocol.labels_of(experiment.dataset))
        real = whole if experiment.design.protocol == "resplit" else len(draw.train)
        known |= {"features": 1 + real * one, "item_features": 1 + items * one}
    return known


def _time_steps(experiment: Experiment) -> dict[str, float]:
    """Return seconds per step of each GAN family and classifier, per item predicted by each and per item sampled."""
    import torch

    from gannb.augment import resolve
    from gannb.classify import Mixture, Recipe, from_scratch, predict, train
    from gannb.generators import GENERATORS, Job

    torch.set_num_threads(1)
    study, device = experiment.study, experiment.device
    draw = experiment.items(protocol.make_draw(experiment.dataset, experiment.design, 0).train)
    some, found = draw.take(np.arange(256) % len(draw)), {}
    fit = lambda steps, name: GENERATORS[name](study).fit(draw, Job(steps, 0, device))  # noqa: E731
    generator = fit(FEW, experiment.family)  # also warms up
    found["sample"] = _seconds(lambda: generator.sample(some.y, 0)) / len(some)
    for name in experiment.families:
        found[name] = _per_step(lambda steps, name=name: fit(steps, name), FEW, MORE)
    starts = dict.fromkeys(study.classifier, from_scratch) | _start_of_transfer(experiment, draw)
    for name, start in starts.items():
        steps = (1, 3) if name == "transfer" else (FEW, MORE)
        recipe = Recipe(name, 1, study.batch_size, resolve(experiment.policy_name, experiment.shape))
        learn = lambda n, recipe=recipe, start=start: train(  # noqa: E731
            Mixture(draw, None, 0), replace(recipe, steps=n), 0, device, start=start
        )
        network = learn(1)
        found[name] = _per_step(learn, *steps)
        x = some.x[:16] if name == "transfer" else some.x
        found[f"predict {name}"] = _seconds(lambda network=network, x=x: predict(network, x)) / len(x)
    return found


def _start_of_transfer(experiment: Experiment, draw: Examples) -> dict[str, Start]:
    """Return what gives the pretrained network, with a head that has learnt nothing, if there are weights."""
    if not experiment.weights:
        return {}
    from gannb.classify import Mixture
    from gannb.transfer import Pretrained, starting

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
    tested = len(protocol.make_draw(experiment.dataset, experiment.design, 0).test)
    size = {
        "items": experiment.items_made * (np.prod(experiment.shape) + 8),
        "classifier": study.classifier_seeds * tested * classes * 4 + tested * 16,
        "generator": 2 * MEGABYTE, "ruler": small_cnn, "judge": small_cnn, "draw": tested * 8 + 1e4, "quality": 1e3,
        "tuning": 1e4, "choice": 1e3, "features": tested * FEATURES, "item_features": experiment.items_made * FEATURES,
    }  # fmt: skip
    copies = sum(part.x.nbytes for part in (experiment.dataset.pool, experiment.dataset.test) if part is not None)
    return float(sum(size[u.kind] for u in todo) + copies + MEGABYTE)
