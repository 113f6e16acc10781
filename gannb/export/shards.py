"""A synthetic set as shards: what each holds, how it is made, whether it is whole.

An item is a pure function of the generator's weights, the set's seed, its class and its index in the class, and a shard
holds fixed ranges of indices. So any shard can be made anywhere, in any order, again, and a larger set begins with the
same items as a smaller one.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannb.data.examples import FIRST_MEDIUM, Dataset
from gannb.export.formats import FORMATS, Format, Shard
from gannb.generators.interface import Condition, Generator
from gannb.generators.registry import load
from gannb.measures.copy_rule import CopyRule
from gannb.media import medium_of, medium_with
from gannb.trials import splits
from gannb.units.reading import read_draw
from gannb.utils.doing import counter, doing
from gannb.utils.errors import Failed, InputError
from gannb.utils.files import write_json
from gannb.utils.keys import seed_for

if TYPE_CHECKING:
    from gannb.data.medium import Medium

MANIFEST = "manifest.json"
WORK = ".work"  # in the set's folder while it is made: shards under temporary names, records of those that are done
BLOCK = 64  # indices of a class that are made together, whatever is wanted of them: bits may depend on the batch
SHARD_ITEMS, SHARD_BYTES = 8192, 2**27  # about, of a shard; of items as they are in memory
AHEAD = 4  # blocks that are made while earlier ones are encoded
ATTEMPTS = 50  # at an item that looks like a copy


# ---- what a set is ----


@dataclass(frozen=True)
class Plan:
    """What a set is to hold; kept in its manifest."""

    format: str
    classes: tuple[str, ...]  # all of the study's, in its order
    counts: tuple[int, ...]  # items of each
    shape: tuple[int, ...]  # of an item
    seed: int
    no_copies: bool  # whether items that look like copies are replaced
    generator: str  # key of the unit that trained it
    medium: str  # name of what the items are
    labels: tuple[str, ...]  # names of classes in the order in which readers number them; see `labels.label_names`
    traits: Mapping[str, Any] = field(default_factory=dict)  # of the study's data
    captioned: bool = False  # whether each item has a caption
    captions: tuple[str, ...] = ()  # those asked for, class by class; none: such as the generator was trained on

    @classmethod
    def of(cls, manifest: dict[str, Any]) -> Plan:
        """Return the plan that a manifest holds; sets of earlier versions had other labels, and can grow no more."""
        kept = {"medium": FIRST_MEDIUM, "labels": ()} | manifest["plan"]
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in kept.items()})

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def span(self) -> int:
        """Indices of a class in a shard: a multiple of the block that depends on the classes and the shape alone."""
        items = min(SHARD_ITEMS, SHARD_BYTES // (int(np.prod(self.shape)) * self.of_items.dtype.itemsize))
        return BLOCK * max(1, items // (BLOCK * len(self.classes)))

    @property
    def layout(self) -> Format:
        """How the set is laid out."""
        return FORMATS[self.format](self.of_items, self.captioned)

    @property
    def of_items(self) -> Medium:
        """The medium of the items."""
        return medium_with(self.medium, self.traits)

    @cached_property
    def shards(self) -> list[Shard]:
        """The shards of the set, each with the same range of indices in every class."""
        span = self.span
        number = -(-max(self.counts) // span)
        return [Shard(i, self._parts(i * span, (i + 1) * span), self.classes, self.labels) for i in range(number)]

    def _parts(self, start: int, end: int) -> tuple[tuple[int, int, int], ...]:
        return tuple((k, start, min(end, n)) for k, n in enumerate(self.counts) if n > start)

    def asked_for(self, k: int, start: int, end: int) -> list[str]:
        """The captions that are asked for of class k, from an index to another; none where none are."""
        first = sum(self.counts[:k])
        return list(self.captions[first + start : first + min(end, self.counts[k])])

    def differs_from(self, other: Plan) -> list[str]:
        """Return in what, besides the number of items, two plans differ."""
        mine, theirs = asdict(self), asdict(other)
        return [name for name in mine if name != "counts" and mine[name] != theirs[name]]


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return a set's manifest, None where there is none. Raises InputError where it is damaged."""
    file = Path(folder) / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        Plan.of(manifest)
        return manifest
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise InputError(
            f"{file} is damaged, or of something else than a synthetic set; move it away and generate again."
        ) from None


def known_records(folder: Path, manifest: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the records of shards that were made, by number: the manifest's, then those of a run that did not end."""
    found = {record["number"]: record for record in manifest["shards"]}
    for file in sorted((folder / WORK).glob("*.json")):
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:  # a run beside this has come to its end, and all is in the manifest
            return known_records(folder, read_manifest(folder) or manifest)
        found[record["number"]] = record
    return found


# ---- whether it is whole ----


def problem_of(folder: Path, plan: Plan, shard: Shard, record: dict[str, Any] | None) -> str:
    """Return what is wrong with a shard, in words that name it, or "" where it is whole."""
    files = plan.layout.files(shard)
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        return f"missing: {missing[0]}{more}"
    if record is None:
        return f"unfinished: {shard_name(plan, shard)}"
    if record["items"] != len(shard) or record["sha256"] != digest_of(folder, plan, shard):
        return f"damaged: {shard_name(plan, shard)}"
    return ""


def problems_beside(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the files of a set that belong to no shard, a line each."""
    return [
        f"{'damaged' if (folder / name).is_file() else 'missing'}: {name}"
        for name, sha256 in manifest.get("beside", {}).items()
        if not (folder / name).is_file() or _digest((folder / name).read_bytes()) != sha256
    ]


def digests_beside(folder: Path, names: list[str]) -> dict[str, dict[str, str]]:
    """Return what a manifest keeps of files that belong to no shard, the sha256 of each; nothing if there is none."""
    return {"beside": {name: _digest((folder / name).read_bytes()) for name in names}} if names else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def shard_name(plan: Plan, shard: Shard) -> str:
    """Return the name of a shard's file, or of its first and last one."""
    names = list(plan.layout.files(shard))
    return names[0] if len(names) == 1 else f"one of {names[0]} to {names[-1]}"


def digest_of(folder: Path, plan: Plan, shard: Shard) -> str:
    """Return the sha256 of a shard's files, one after the other."""
    digest = hashlib.sha256()
    for name in plan.layout.files(shard):
        with open(folder / name, "rb") as file:
            while piece := file.read(2**20):
                digest.update(piece)
    return digest.hexdigest()


def verify(folder: str | Path) -> list[str]:
    """Return what is wrong with a synthetic set, a line each; nothing where every byte is as it was written.

    Raises:
        InputError: the folder holds no synthetic set.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder} holds no synthetic set (there is no {MANIFEST}); give the folder of --to.")
    plan, records = Plan.of(manifest), known_records(folder, manifest)
    found = []
    with doing(f"comparing {folder} with its manifest"):
        one_more = counter(len(plan.shards))
        for shard in plan.shards:
            found.append(problem_of(folder, plan, shard, records.get(shard.number)))
            one_more()
    found += problems_beside(folder, manifest)
    return [*filter(None, found), *(f"foreign: {name}" for name in plan.layout.strays(folder, plan.shards))]


# ---- how a shard is made ----


@dataclass(frozen=True)
class Maker:
    """All that a process needs to make shards of a set."""

    folder: Path  # the set's
    plan: Plan
    generator: Path  # folder of the generator
    device: str
    data: Path  # folder of the study's data, and of what the generator was trained on; read for copies alone
    draw: Path

    def make(self, shard: Shard) -> dict[str, Any]:
        """Make a shard under a temporary name, record it, and put it in its place; return the record."""
        work = self.folder / WORK
        temporary = work / f"{shard.number:05d}-{uuid.uuid4().hex[:8]}"
        temporary.mkdir(parents=True)
        replaced: list[int] = []
        try:
            captions = self.captions(shard)
            blocks = self._blocks(shard, replaced)
            if self.device != "cpu":  # on the CPU every core has a process of its own, and a thread only costs
                blocks = ahead(blocks)
            items = ((k, start + i, item) for k, start, x in blocks for i, item in enumerate(x))
            self.plan.layout.write(temporary, shard, items, captions)
            record = self._record(temporary, shard) | {"replaced": sum(replaced)}
            write_json(work / f"{shard.number:05d}.json", record)  # before the shard is there: it is never made twice
            put_in_place(temporary, self.folder, list(self.plan.layout.files(shard)))
            return record
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def captions(self, shard: Shard) -> dict[tuple[int, int], str]:
        """The captions of a shard's items, by class and index; none where they have none."""
        generator = self._generator() if self.plan.captioned else None
        return {
            (k, start + i): str(caption)
            for k, first, end in (shard.parts if generator else ())
            for start in range(first, end, BLOCK)
            for i, caption in enumerate(captions_of_block(generator, self.plan, k, start // BLOCK)[: end - start])
        }

    def _record(self, temporary: Path, shard: Shard) -> dict[str, Any]:
        files = list(self.plan.layout.files(shard))
        if len(files) == 1:
            _sync(temporary / files[0])
        size = sum((temporary / name).stat().st_size for name in files)
        sha256 = digest_of(temporary, self.plan, shard)
        record = {"number": shard.number, "name": files[0], "items": len(shard), "bytes": size, "sha256": sha256}
        return record | ({"last": files[-1]} if len(files) > 1 else {})

    def _blocks(self, shard: Shard, replaced: list[int]) -> Iterator[tuple[int, int, np.ndarray]]:
        """Class, first index and items (M, ...) of blocks, the classes in turn: a small buffer mixes them."""
        generator, is_copy = self._loaded()
        first = min(start for _, start, _ in shard.parts)
        for start in range(first, first + self.plan.span, BLOCK):
            for k, _, end in shard.parts:
                wanted = min(BLOCK, end - start)
                if wanted > 0:
                    x, anew = items_of_block(generator, is_copy, self.plan, k, start // BLOCK, wanted)
                    replaced.append(anew)
                    yield k, start, x

    def _loaded(self) -> tuple[Generator, CopyRule | None]:
        rule = copy_rule(self.data, self.draw) if self.plan.no_copies else None
        return self._generator(), rule

    def _generator(self) -> Generator:
        return loaded_generator(self.generator, self.plan.of_items, self.device)


@lru_cache(maxsize=1)
def loaded_generator(folder: Path, medium: Medium, device: str) -> Generator:
    """The generator, of items of a medium, once per process."""
    return load(folder, medium, device)


@lru_cache(maxsize=1)
def copy_rule(data: Path, draw: Path) -> CopyRule:
    """The rule for what the generator was trained on, once per process."""
    dataset = Dataset.load(data)
    return CopyRule(medium_of(dataset), splits.take(dataset, read_draw(draw).train))


def captions_of_block(generator: Generator, plan: Plan, k: int, block: int) -> np.ndarray | None:
    """The captions of the items of class k with indices 64 * block and up, (64,); None where they have none.

    Those that were asked for, the last one again and again where they end, or those that the generator draws.
    """
    if not plan.captioned:
        return None
    if plan.captions:
        asked = plan.asked_for(k, BLOCK * block, BLOCK * (block + 1))
        return np.array(asked + asked[-1:] * (BLOCK - len(asked)))
    return generator.captions_of(Condition(np.full(BLOCK, k)), seed_for(plan.seed, "items", k, block, 0))


def class_block(
    generator: Generator, seed: int, k: int, block: int, attempt: int = 0, captions: np.ndarray | None = None
) -> np.ndarray:
    """The items of class k with indices 64 * block and up, (64, ...), of captions (64,) where there are some."""
    return generator.sample(Condition(np.full(BLOCK, k), captions), seed_for(seed, "items", k, block, attempt))


def items_of_block(
    generator: Generator, is_copy: CopyRule | None, plan: Plan, k: int, block: int, wanted: int
) -> tuple[np.ndarray, int]:
    """The first items of a block, (wanted, ...), and how many were replaced, since they looked like copies.

    An item that looks like a copy is replaced by the one at its place in a further attempt at the block, so that it
    depends on nothing that happens to other items.
    """
    captions = captions_of_block(generator, plan, k, block)
    x = class_block(generator, plan.seed, k, block, captions=captions)[:wanted]
    if is_copy is None:
        return x, 0
    x, pending = x.copy(), np.flatnonzero(is_copy(x))
    replaced = len(pending)
    for attempt in range(1, ATTEMPTS):
        if not len(pending):
            return x, replaced
        x[pending] = class_block(generator, plan.seed, k, block, attempt, captions)[pending]
        pending = pending[is_copy(x[pending])]
    many = plan.of_items.nouns.many
    raise Failed(
        f"class {plan.classes[k]!r}: {ATTEMPTS} attempts at an item all look like copies of training {many}, "
        "so --no-copies cannot be kept with this generator"
    )


def ahead(items: Iterator[Any], depth: int = AHEAD) -> Iterator[Any]:
    """The items, made in a thread while the caller works on earlier ones; at most `depth` of them wait."""
    waiting: queue.Queue = queue.Queue(depth)
    stopped = threading.Event()

    def hand_over(what: tuple[str, Any]) -> None:
        while not stopped.is_set():
            try:
                return waiting.put(what, timeout=0.1)
            except queue.Full:
                continue

    def work() -> None:
        try:
            for item in items:
                hand_over(("item", item))
                if stopped.is_set():
                    return
            hand_over(("end", None))
        except BaseException as error:
            hand_over(("error", error))

    threading.Thread(target=work, daemon=True, name="ahead").start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()


def put_in_place(temporary: Path, folder: Path, names: list[str]) -> None:
    """Move files into a set's folder, each whole or not at all; those that are there with the same bytes stay."""
    for name in names:
        final = folder / name
        final.parent.mkdir(exist_ok=True)
        if not (final.is_file() and _same_bytes(temporary / name, final)):
            os.replace(temporary / name, final)


def _same_bytes(a: Path, b: Path) -> bool:
    return a.stat().st_size == b.stat().st_size and a.read_bytes() == b.read_bytes()


def _sync(file: Path) -> None:
    with open(file, "rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch with one thread, as in a worker: what it computes may depend on their number."""
    import torch  # takes a second, and `gannb verify` does without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
