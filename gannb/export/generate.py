"""From a study to a large synthetic set on disk, or to an endless stream without disk.

`generate` trains the final generator (`experiment.final`) and writes the set shard by shard (`shards`, `formats`) with
its manifest and its data card (`card`). Whatever is there and whole stays as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.analysis.verdict import read_verdict
from gannb.analysis.wording import with_reason
from gannb.data.label_tables import read_table
from gannb.experiment.experiment import Experiment
from gannb.experiment.final import final_paths, train_final, weights_digest
from gannb.export.card import write_card
from gannb.export.formats import Shard, formats_of
from gannb.export.labels import label_names
from gannb.export.shards import (
    BLOCK,
    MANIFEST,
    WORK,
    Maker,
    Plan,
    captions_of_block,
    class_block,
    copy_rule,
    digests_beside,
    known_records,
    loaded_generator,
    one_thread,
    problem_of,
    problems_beside,
    read_manifest,
    verify,
)
from gannb.export.stream import ItemStream
from gannb.study.folder import load_study
from gannb.utils.doing import doing, heard
from gannb.utils.errors import Failed, InputError
from gannb.utils.files import is_abandoned, write_json
from gannb.utils.naming import composed, nearest_class
from gannb.utils.versions import versions
from gannb.work.backends import in_processes, worker_count
from gannb.work.locks import LEASE, only_here
from gannb.work.processes import follow_launcher
from gannb.work.progress import seconds_text

if TYPE_CHECKING:
    from gannb.data.medium import Asked

__all__ = ["generate", "stream", "verify"]
MOST_PER_CLASS = 10**8  # an index has eight digits
LOOKED_AT = 2048  # items, or a few more, that are looked at for copies where all of them need not be
ROOM = 1.1  # times the estimated size
TELL_EVERY = 5.0  # seconds


def generate(
    study: str | Path,
    to: str | Path,
    *,
    per_class: int | None = None,
    like: str | Path | None = None,
    captions: str | Path | None = None,
    classes: Sequence[str] | None = None,
    format: str = "folder",
    no_copies: bool = False,
    anyway: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Write a synthetic set and return its manifest; what is there and whole is left as it is.

    study: the folder of a finished study. to: the folder of the set, new or one that the same call began. per_class:
    items of each class; or like: a CSV with the columns class and count; or captions: a file of caption and class, an
    item of each, of a study whose GAN takes captions. classes: names; by default those that the
    study gave GAN items to (`keep_classes`; all without it). format: one of `formats_of` the medium. no_copies: replace
    items that look like copies of training items. anyway: also where the study's answer is not `helps`. The device and
    the number of processes are the study's.

    Raises:
        InputError: the answer is not `helps`, or something is wrong with the parameters, the folder or the disk.
            All of it is checked before any work.
        Failed: the training of the final generator failed, or the disk filled up; nothing that was made is lost.
    """
    experiment = checked_study(study, anyway)
    asked = _asked(experiment, captions, per_class, like, classes) if captions is not None else None
    counts = _counts(asked, experiment) if asked else _wanted(experiment, per_class, like, classes)
    plan = _planned(experiment, format, counts, asked, no_copies, seed)
    to = Path(to).expanduser().resolve()
    _check_folder(to, plan)
    _check_room(to, plan, experiment)
    experiment = experiment.record()
    with _held(to):
        _set_strays_aside(to, plan)
        before, todo = read_manifest(to), _to_make(to, plan)
        if not todo and before["complete"] and Plan.of(before) == plan and not problems_beside(to, before):
            shutil.rmtree(to / WORK, ignore_errors=True)  # another process may have come to see
            return before
        generator = train_final(experiment)
        _begin(to, plan, experiment, generator)
        maker = Maker(to, plan, generator, experiment.device, *final_paths(experiment))
        _make(maker, todo, experiment.place.on_this_machine().workers)
        return _finish(maker, experiment)


def stream(
    study: str | Path,
    *,
    batch_size: int = 64,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    start: int = 0,
    anyway: bool = False,
) -> ItemStream:
    """Return an endless `torch.utils.data.IterableDataset` of batches of synthetic items, without disk.

    It gives (x, y): items as `medium.stored` lays them out for networks, still in their own dtype, and (batch_size,)
    int64 labels, each of `classes` (by default as in `generate`) equally often; its `label_names[y]` are the names, in
    the order in which readers of the real items number them (`export.labels`), as in a set. Use it as
    `DataLoader(stream(study), batch_size=None, num_workers=2)`. Batch t is a pure function of (weights, seed,
    batch_size, classes, t), whatever the number of workers: `start=t` goes on after t batches.

    Raises:
        InputError, Failed: as `generate`.
    """
    experiment = checked_study(study, anyway)
    chosen = _chosen(experiment, classes)
    _check_seed(seed)
    if batch_size < 1 or start < 0:
        raise InputError(f"batch_size={batch_size}, start={start}: give at least 1 item a batch and no negative start.")
    dataset, device = experiment.settings.dataset, experiment.device
    names, known = label_names(dataset), dataset.pool.classes
    labels = [names.index(name) for name in known]
    generator, medium = train_final(experiment.record()), (dataset.medium, dataset.traits)
    return ItemStream(generator, medium, device, chosen, labels, names, batch_size, seed, start)


# ---- checks, before any work ----


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise InputError(f"seed={seed} is out of range; give 0 to {2**32 - 1}.")


def checked_study(study: str | Path, anyway: bool) -> Experiment:
    """Return the experiment of a study whose answer is `helps`, or any other `anyway`. Raises InputError.

    Nothing is written yet: a study that is refused stays as it is.
    """
    follow_launcher()
    experiment = Experiment.preview(load_study(study), own_copy=True)
    if experiment.remark:
        print(experiment.remark, file=sys.stderr)
    verdict = read_verdict(experiment.folder)
    if not {"answer_key", "reason"} <= verdict.keys():
        raise InputError(
            f"The verdict of {experiment.folder} is of an earlier version; write it again, with `gannb report`."
        )
    if verdict["answer_key"] != experiment.plan.answer_key:
        many = experiment.settings.medium.nouns.many
        raise InputError(
            f"The verdict of {experiment.folder} is about other parameters or {many} than the study now has; run "
            "it again first, with `gannb run`."
        )
    if experiment.study.preset == "smoke" and not anyway:
        raise InputError(
            f"{experiment.folder} is a smoke run, which is far too small to answer, so that a large set promises no "
            f"gain; run it in full first (`gannb run {experiment.folder} --set preset=laptop`), or add --anyway to "
            "make it all the same."
        )
    if (verdict["answer"] != "helps" or verdict["reason"]) and not anyway:
        found = f"{verdict['answer']!r}, not 'helps'"
        if verdict["reason"]:
            found = f"not known ({with_reason('undecided', verdict['reason'])})"
        raise InputError(
            f"The answer of {experiment.folder} is {found}, so that a large set promises no gain; add --anyway to make "
            "it all the same."
        )
    return experiment


def _chosen(experiment: Experiment, classes: Sequence[str] | None) -> list[int]:
    """Return the numbers of the classes that are named, rising; where none is, those that the answer is about."""
    known = experiment.dataset.pool.classes
    names = (
        [composed(name.strip()) for name in classes]
        if classes is not None
        else list(experiment.settings.keep_classes or known)
    )
    for name in names:
        if name not in known:
            raise InputError(f"classes: there is no class {name!r}; {nearest_class(name, known)}")
    if not names or len(set(names)) < len(names):
        raise InputError("classes: name at least one class, and none twice.")
    return sorted(known.index(name) for name in names)


def _wanted(
    experiment: Experiment, per_class: int | None, like: str | Path | None, classes: Sequence[str] | None
) -> tuple[int, ...]:
    """Return how many items of each class are wanted, (K,)."""
    known = experiment.dataset.pool.classes
    chosen = _chosen(experiment, known if like is not None and classes is None else classes)
    if (per_class is None) == (like is None):
        raise InputError(
            "Give one of --per-class with a number, --like with a CSV of a number per class, and --captions with a "
            "file of caption and class."
        )
    given = _read_counts(Path(like).expanduser(), known) if like is not None else dict.fromkeys(known, per_class)
    counts = tuple(given.get(name, 0) if k in chosen else 0 for k, name in enumerate(known))
    what = "per_class" if like is None else f"like={like}"
    if not 0 < max(counts) <= MOST_PER_CLASS or min(counts) < 0:
        raise InputError(f"{what} asks for {max(counts):,} items of a class; give 1 to {MOST_PER_CLASS:,}.")
    return counts


def _read_counts(file: Path, known: tuple[str, ...]) -> dict[str, int]:
    """Return items by class from a table with the columns class and count, read as tables of labels are."""
    if not file.is_file():
        raise InputError(f"like: there is no file {str(file)!r}; give a CSV with the columns class and count.")
    try:
        table = read_table(file)
    except InputError as error:
        raise InputError(str(error).replace("data: ", "like: ", 1)) from None
    if not table.rows or not {"class", "count"} <= set(table.columns):
        raise InputError(f"like: {str(file)!r} needs the columns class and count, and a line per class.")
    counts: dict[str, int] = {}
    columns = (table.column(table.columns.index(name)) for name in ("class", "count"))
    for name, count in zip(*columns, strict=True):
        if name not in known:
            raise InputError(f"like: {str(file)!r} names {name!r}, which is no class; {nearest_class(name, known)}")
        if name in counts:
            raise InputError(f"like: {str(file)!r} names {name!r} twice; keep one line per class.")
        if not (count.isascii() and count.isdigit()):
            raise InputError(f"like: {str(file)!r} gives {name!r} the count {count!r}; write a whole number.")
        counts[name] = int(count)
    return counts


def _asked(
    experiment: Experiment,
    captions: str | Path,
    per_class: int | None,
    like: str | Path | None,
    classes: Sequence[str] | None,
) -> Asked:
    """Return the captions of a file that a set is asked for, and say of them what a person should know."""
    if (per_class, like, classes) != (None, None, None):
        raise InputError(
            "captions: the file says how many items of which class; leave --per-class, --like, --classes out."
        )
    if not _takes_captions(experiment):
        many = experiment.settings.medium.nouns.many
        raise InputError(
            f"captions: the GAN {experiment.family!r} of {experiment.folder} makes {many} from labels alone; give "
            "--per-class, or run a study of items with captions, and with a GAN that takes them."
        )
    pool, captioning = experiment.dataset.pool, experiment.settings.medium.captions
    asked = captioning.read(captions, pool, "captions")
    for remark in captioning.remarks(asked, pool):
        print(f"remark: {remark}", file=sys.stderr)
    return asked


def _takes_captions(experiment: Experiment) -> bool:
    return experiment.settings.medium.families[experiment.family].takes_captions


def _counts(asked: Asked, experiment: Experiment) -> tuple[int, ...]:
    """Return how many items of each class are asked for, (K,)."""
    labels = [label for _, label in asked]
    return tuple(np.bincount(labels, minlength=experiment.dataset.pool.n_classes).tolist())


def _planned(
    experiment: Experiment,
    format: str,
    counts: tuple[int, ...],
    asked: Asked | None,
    no_copies: bool,
    seed: int,
) -> Plan:
    known = formats_of(experiment.settings.medium)
    if format not in known:
        raise InputError(f"format={format} is none of {', '.join(known)}.")
    _check_seed(seed)
    classes, generator = experiment.dataset.pool.classes, experiment.plan.final_generator.key
    dataset, shape = experiment.settings.dataset, experiment.settings.shape
    labels = label_names(dataset)
    captions = tuple(caption for caption, _ in sorted(asked or (), key=lambda each: each[1]))  # class by class
    plan = Plan(
        format, classes, counts, shape, seed, no_copies, generator, dataset.medium, labels, dataset.traits,
        captioned=_takes_captions(experiment), captions=captions,
    )  # fmt: skip
    plan.layout.check(tuple(name for name, n in zip(classes, counts, strict=True) if n))
    return plan


def _check_folder(to: Path, plan: Plan) -> None:
    """The folder is new or empty, or holds a set that the plan goes on with."""
    manifest = read_manifest(to)
    if manifest is None:
        if to.exists() and (not to.is_dir() or any(inside.name != WORK for inside in to.iterdir())):
            raise InputError(f"{to} holds something else than a synthetic set; give a new folder to --to.")
        return
    before = Plan.of(manifest)
    if differs := plan.differs_from(before):
        raise InputError(f"{to} holds another set ({', '.join(differs)} differ); give a new folder to --to.")
    if any(n < there for n, there in zip(plan.counts, before.counts, strict=True)):
        raise InputError(f"{to} holds, or was begun as, a larger set; ask for as many items or give a new folder.")


def _check_room(to: Path, plan: Plan, experiment: Experiment) -> None:
    """What is to be made fits the disk, by the size of items that the study has."""
    there = next(p for p in (to, *to.parents) if p.is_dir())
    missing = len(plan) - _items_there(to)
    needed = ROOM * max(0, missing) * _bytes_per_item(experiment, plan, os.statvfs(there).f_frsize)
    free = shutil.disk_usage(there).free
    if needed > free:
        raise InputError(
            f"{to} needs about {_size_text(needed)} and its disk has {_size_text(free)} free: ask for about "
            f"{int(len(plan) * free / needed):,} items in all, or choose another disk."
        )


def _items_there(to: Path) -> int:
    manifest = read_manifest(to)
    return sum(r["items"] for r in known_records(to, manifest).values()) if manifest else 0


def _bytes_per_item(experiment: Experiment, plan: Plan, block: int) -> float:
    """Return bytes on disk per item, from what a GAN of the study made, or where that is gone from its real items."""
    finished = experiment.results.done(3)
    x = (experiment.synthetic(finished[0]) if finished else experiment.dataset.pool).x
    some = np.random.default_rng(0).choice(len(x), min(64, len(x)), replace=False)
    sizes = [[len(content) for content in experiment.settings.medium.files(x[i]).values()] for i in np.sort(some)]
    return float(np.mean([plan.layout.bytes_of(each, block) for each in sizes]))


def _size_text(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"


def _held(to: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the set's folder for this process; raises InputError as `locks.only_here`."""
    busy = f"Another process is at work on {to}; wait for it, or choose another folder."
    return only_here(to / WORK / LEASE, to, busy, "give another folder to --to")


# ---- the set ----


def _set_strays_aside(to: Path, plan: Plan) -> None:
    """Move what a reader would take for a part of the set, and is none, beside the folder; nothing is deleted."""
    if read_manifest(to) is None:
        return
    aside = to.with_name(f"{to.name}.foreign")
    for name in list(plan.layout.strays(to, plan.shards)):
        target = aside / name
        target.parent.mkdir(parents=True, exist_ok=True)
        while target.exists():
            target = target.with_name(f"{target.name}.again")
        shutil.move(to / name, target)
        print(f"{name} is not of this set: moved to {target}", flush=True)


def _begin(to: Path, plan: Plan, experiment: Experiment, generator: Path) -> None:
    """Write the manifest of a set that is not there yet, keeping the records of shards that are."""
    before, weights = read_manifest(to), weights_digest(generator)
    if before and before["weights_sha256"] != weights:
        raise InputError(f"{to} was made with other weights, trained again since; give a new folder to --to.")
    verdict = read_verdict(experiment.folder)
    kept = list(known_records(to, before).values()) if before else []
    about = {
        "complete": False, "items": len(plan), "counts": dict(zip(plan.classes, plan.counts, strict=True)),
        "plan": asdict(plan),
        "study": experiment.study.name, "fingerprint": experiment.dataset.fingerprint,
        "verdict": {name: verdict[name] for name in ("answer", "sentence", "metric", "protocol")},
        "family": experiment.family, "gan_steps": experiment.settings.gan_steps, "weights_sha256": weights,
        "device": experiment.device, "versions": versions(),
    }  # fmt: skip
    write_json(to / MANIFEST, about | {"shards": kept})


def _to_make(to: Path, plan: Plan) -> list[Shard]:
    """Return the shards that are missing, unfinished or damaged."""
    manifest = read_manifest(to)
    known = known_records(to, manifest) if manifest else {}
    return [shard for shard in plan.shards if problem_of(to, plan, shard, known.get(shard.number))]


def _make(maker: Maker, todo: list[Shard], workers: int) -> None:
    """Make shards in several processes, and tell how far it is."""
    folder, whole = maker.folder, len(maker.plan.shards) - len(todo)
    for left in (folder / WORK).iterdir():  # of a run that was killed
        if left.is_dir() and is_abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    known, told = known_records(folder, read_manifest(folder)), _Rate(sum(map(len, todo)))
    try:
        for record in _made(maker, todo, workers):
            _tell_of_change(record, known.get(record["number"]))
            told.made(record["items"])
    except BrokenExecutor:
        raise Failed("a process was killed (out of memory?); the same command goes on from there") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Failed(
            f"the disk of {folder} is full: {whole + told.shards} of {len(maker.plan.shards)} shards are there and "
            "whole; make room, and the same command goes on"
        ) from None


def _tell_of_change(record: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Say it where a shard that is made again gets other bytes than it had: other versions or another device."""
    if before and before["items"] == record["items"] and before["sha256"] != record["sha256"]:
        print(f"{record['name']} was made anew with other bytes than before (other versions, another device?)")


def _made(maker: Maker, todo: list[Shard], workers: int) -> Iterator[dict[str, Any]]:
    """Yield the records of shards as they are made; in this process where another one would not help."""
    if min(worker_count(workers, maker.device), len(todo)) > 1:
        yield from in_processes(maker.make, todo, workers, maker.device)
        return
    with one_thread():
        yield from map(maker.make, todo)


class _Rate:
    """Progress as lines of text: items made, items a second, time left."""

    def __init__(self, total: int) -> None:
        self.total, self.items, self.shards, self.started, self.told = total, 0, 0, time.monotonic(), 0.0

    def made(self, items: int) -> None:
        """Take note of a shard that is made."""
        self.items, self.shards = self.items + items, self.shards + 1
        spent = time.monotonic() - self.started
        if self.items == self.total or spent - self.told >= TELL_EVERY:
            self.told, rate = spent, self.items / max(spent, 1e-6)
            left = f", about {seconds_text((self.total - self.items) / rate)} left" if self.items < self.total else ""
            print(
                f"generate: {self.items:,} of {self.total:,} items, {rate:,.{0 if rate >= 10 else 1}f} a second{left}",
                flush=True,
            )
            heard()


def _finish(maker: Maker, experiment: Experiment) -> dict[str, Any]:
    """Write the manifest of the whole set and its data card."""
    folder, plan = maker.folder, maker.plan
    manifest = read_manifest(folder)
    records = known_records(folder, manifest)
    shards = [records[shard.number] for shard in plan.shards]
    with doing("looking for copies of what the generator was trained on"):
        manifest |= {"complete": True, "copies": _copies(maker, shards), "shards": shards}
    beside = plan.layout.finish(folder, ((shard, maker.captions(shard)) for shard in plan.shards))
    manifest |= digests_beside(folder, beside)
    write_card(folder, manifest, experiment, read_verdict(experiment.folder))
    write_json(folder / MANIFEST, manifest)
    shutil.rmtree(folder / WORK, ignore_errors=True)  # another process may have come to see
    return manifest


def _copies(maker: Maker, shards: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many items look like copies: of all, where such were replaced, else of the first of each class."""
    plan = maker.plan
    if plan.no_copies:
        return {"looked_at": len(plan), "found": sum(r["replaced"] for r in shards)}
    rule, generator = copy_rule(maker.data, maker.draw), loaded_generator(maker.generator, plan.of_items, maker.device)
    looked, found, classes = 0, 0, np.flatnonzero(plan.counts)
    with one_thread():
        for k in classes:
            wanted = min(plan.counts[k], -(-LOOKED_AT // len(classes)))
            for block in range(-(-wanted // BLOCK)):
                captions = captions_of_block(generator, plan, int(k), block)
                x = class_block(generator, plan.seed, int(k), block, captions=captions)[: wanted - BLOCK * block]
                looked, found = looked + len(x), found + int(rule(x).sum())
    return {"looked_at": looked, "found": found}
