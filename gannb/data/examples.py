"""Examples: labelled items of a medium, the one currency between the stages; and a prepared set of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gannb.utils.errors import unreadable
from gannb.utils.naming import composed


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled items.

    x: (N, ...), items of the shape and dtype of their medium.  y: (N,) int64 in 0..K-1.  classes: K names in natural
    order.
    ids: (N,) str, unique.  groups: (N,) int64; items that share a number stay on one side of every split.
    captions: (N, C) str, the sentences that say what each item is, "" where one has fewer than C; None: there are none.
    """

    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...]
    ids: np.ndarray
    groups: np.ndarray
    captions: np.ndarray | None = None

    def __post_init__(self) -> None:
        arrays = (self.x, self.y, self.ids, self.groups, self.y if self.captions is None else self.captions)
        lengths = {len(a) for a in arrays}
        if len(lengths) != 1:
            raise ValueError(f"x, y, ids, groups and captions must have one length, not {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes, K, whether or not each has items."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item."""
        return tuple(self.x.shape[1:])

    def counts(self) -> np.ndarray:
        """Items per class, (K,) int64."""
        return np.bincount(self.y, minlength=self.n_classes)

    def take(self, index: np.ndarray | Sequence[int]) -> Examples:
        """The items at `index`, positions (M,) or a boolean mask (N,), in that order."""
        index = np.asarray(index)
        if index.size == 0:
            index = index.astype(np.int64)
        captions = None if self.captions is None else self.captions[index]
        return Examples(self.x[index], self.y[index], self.classes, self.ids[index], self.groups[index], captions)


def without_labels(examples: Examples) -> Examples:
    """The same items, all of one class, which has no name."""
    return replace(examples, y=np.zeros(len(examples), np.int64), classes=("",))


def concatenate(parts: Sequence[Examples]) -> Examples:
    """All parts in order, as one; of a part without captions the items have none.

    Raises ValueError where classes or item shapes differ, or there is no part.
    """
    if not parts:
        raise ValueError("concatenate needs at least one part")
    if len({part.classes for part in parts}) > 1 or len({part.shape for part in parts}) > 1:
        raise ValueError("concatenate needs parts of the same classes and item shape")
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("x", "y", "ids", "groups")}
    return Examples(classes=parts[0].classes, captions=_joined_captions(parts), **joined)


def _joined_captions(parts: Sequence[Examples]) -> np.ndarray | None:
    """The captions of all parts, filled up to as many as an item of any has, (N, C); None where no part has any."""
    if all(part.captions is None for part in parts):
        return None
    given = [np.full((len(part), 0), "") if part.captions is None else part.captions for part in parts]
    most = max(captions.shape[1] for captions in given)
    filled = [np.full((len(captions), most - captions.shape[1]), "") for captions in given]
    return np.concatenate([np.hstack(pair) for pair in zip(given, filled, strict=True)])


@dataclass(frozen=True)
class DataReport:
    """What was found and done; JSON-able through dataclasses.asdict."""

    source: str  # as the person wrote it
    kind: str  # how they lay there: folder, npz, ...
    shapes: dict[str, int]  # the items' own shapes, as the medium writes them -> items
    modes: dict[str, int]  # how their values were stored, in the medium's words -> items
    brought_to: str  # one or two sentences: the prepared shape and the rule that led to it
    skipped: list[tuple[str, str]]  # (file, reason)
    exact_duplicates: list[list[str]]  # ids of items that are identical once prepared, cluster by cluster
    near_duplicates: list[list[str]]  # ids, cluster by cluster; of identical items only the first
    label_conflicts: list[list[str]]  # ids of identical items under different classes
    removed_from_pool: list[str]  # pool items linked to an item of a given test set, left out
    n_groups: int  # in the pool
    links_cut: int = 0  # near pairs left apart because a chain had reached the cap
    remarks: list[str] = field(default_factory=list)  # sentences on what a person should know before they train


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared data set.

    pool: everything except a given test set.
    test: a given test set (a folder's test/, an archive's test_*), or None.
    fingerprint: sha256 of the decoded content with its parts and class names, before it is brought to one shape;
    independent of the data's path, of times, compression and the order of files on disk.
    prepared: sha256 of what the study sees (items, labels, groups): it follows how they are read, groups and held_out.
    medium: the name of what the items are, in `gannb.media.MEDIA`.
    traits: what one has to know of all items beside their shape, ready for JSON: {"rate": 8000}; mostly nothing.
    held_out: the classes that no part of the ordinary study sees, a data set of their own; see `held_out`.
    """

    pool: Examples
    test: Examples | None
    fingerprint: str
    prepared: str
    report: DataReport
    medium: str
    held_out: Dataset | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write pool_*.npy, test_*.npy and dataset.json into `folder`, which is made if need be; so held_out/."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        parts = {"pool": self.pool} | ({} if self.test is None else {"test": self.test})
        for part, examples in parts.items():
            for name in (*ARRAYS, *([] if examples.captions is None else [CAPTIONS])):
                np.save(folder / f"{part}_{name}.npy", getattr(examples, name), allow_pickle=False)
        about = {"parts": list(parts), "classes": self.pool.classes, "fingerprint": self.fingerprint}
        about |= {"prepared": self.prepared, "report": asdict(self.report), "medium": self.medium}
        about |= {"traits": dict(self.traits)} if self.traits else {}
        about |= {} if self.pool.captions is None else {CAPTIONS: True}
        (folder / "dataset.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        if self.held_out is not None:
            self.held_out.save(folder / "held_out")

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """The data set that `save` wrote; arrays are memory-mapped and read-only.

        Raises InputError where a file is not there or not whole, and where the machine does not let it be read.
        """
        try:
            return cls._load(Path(folder))
        except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError) as error:
            way = f"is damaged ({error}): move that folder away, and run again."
            raise unreadable(f"The copy of the data in {folder}", error, way) from error

    @classmethod
    def _load(cls, folder: Path) -> Dataset:
        about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        classes = tuple(map(composed, about["classes"]))
        arrays = (*ARRAYS, *([CAPTIONS] if about.get(CAPTIONS) else []))

        def part(name: str) -> Examples:
            mapped = {a: np.load(folder / f"{name}_{a}.npy", mmap_mode="r", allow_pickle=False) for a in arrays}
            return Examples(classes=classes, **{a: np.asarray(array) for a, array in mapped.items()})

        about["report"]["skipped"] = [(file, reason) for file, reason in about["report"]["skipped"]]
        test = part("test") if "test" in about["parts"] else None
        report, medium = DataReport(**about["report"]), about.get("medium", FIRST_MEDIUM)
        held_out = cls._load(folder / "held_out") if (folder / "held_out").is_dir() else None
        traits = about.get("traits", {})
        return cls(part("pool"), test, about["fingerprint"], about["prepared"], report, medium, held_out, traits)


FIRST_MEDIUM = "image"  # of studies, copies and sets that say none: they were made when there was no other
ARRAYS = ("x", "y", "ids", "groups")
CAPTIONS = "captions"  # a further one, of items that have some


def prepared_digest(pool: Examples, test: Examples | None, traits: Mapping[str, Any]) -> str:
    """The sha256 of what a study sees of a data set: classes, items, labels, groups; traits and captions if any."""
    total = hashlib.sha256(json.dumps(pool.classes).encode())
    total.update(json.dumps(traits, sort_keys=True).encode() if traits else b"")
    for examples in [pool] if test is None else [pool, test]:
        captions = [] if examples.captions is None else [examples.captions]
        for array in (examples.x, examples.y, examples.groups, *captions):
            total.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).data)
    return total.hexdigest()
