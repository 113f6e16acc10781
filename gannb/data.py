"""Examples: labelled items, the one currency between the stages; reading, checking, grouping, fingerprint.

`read` takes "digits", a folder with a sub-folder of images per class (or train/ and test/ of such), an .npz
in the MedMNIST layout, or a folder with four idx .gz files. The formats are in
`sources`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gannb import duplicates
from gannb.errors import InputError
from gannb.groups import group_finder, joined
from gannb.sources import MAX_BYTES, WITH_ALPHA, Source, attempt, check_counts, open_source, refuse_or_list
from gannb.words import composed

SIDES = (4, 1024)  # smallest and largest side of a prepared item
AUTO_SIDE = 64  # largest side chosen without the person, for items whose shapes differ
RESIZE = ("crop", "pad", "stretch")
ON_BAD_IMAGE = ("fail", "skip")
DARKEST = 64  # of 255: images with 16 bits of which none is brighter are refused


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled items.

    x: (N, H, W, C) uint8, 0..255.  y: (N,) int64 in 0..K-1.  classes: K names in natural order.
    ids: (N,) str, unique.  groups: (N,) int64; items that share a number stay on one side of every split.
    """

    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...]
    ids: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(a) for a in (self.x, self.y, self.ids, self.groups)}
        if len(lengths) != 1:
            raise ValueError(f"x, y, ids and groups must have one length, not {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """Number of classes, K, whether or not each has items."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item, (H, W, C) for images."""
        return tuple(self.x.shape[1:])

    def counts(self) -> np.ndarray:
        """Items per class, (K,) int64."""
        return np.bincount(self.y, minlength=self.n_classes)

    def take(self, index: np.ndarray | Sequence[int]) -> Examples:
        """The items at `index`, positions (M,) or a boolean mask (N,), in that order."""
        index = np.asarray(index)
        if index.size == 0:
            index = index.astype(np.int64)
        return Examples(self.x[index], self.y[index], self.classes, self.ids[index], self.groups[index])


def concatenate(parts: Sequence[Examples]) -> Examples:
    """All parts in order, as one. Raises ValueError where classes or item shapes differ, or there is none."""
    if not parts:
        raise ValueError("concatenate needs at least one part")
    if len({part.classes for part in parts}) > 1 or len({part.shape for part in parts}) > 1:
        raise ValueError("concatenate needs parts of the same classes and item shape")
    joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("x", "y", "ids", "groups")}
    return Examples(classes=parts[0].classes, **joined)


@dataclass(frozen=True)
class DataReport:
    """What was found and done; JSON-able through dataclasses.asdict."""

    source: str  # as the person wrote it
    kind: str  # digits | folder | npz | idx
    shapes: dict[str, int]  # native "HxW" -> items
    modes: dict[str, int]  # pixel kind as found, Pillow's names ("L", "RGB", "I;16", "P+transparency") -> items
    brought_to: str  # one or two sentences: the prepared shape and the rule that led to it
    skipped: list[tuple[str, str]]  # (file, reason)
    exact_duplicates: list[list[str]]  # ids of items whose prepared pixels are identical, cluster by cluster
    near_duplicates: list[list[str]]  # ids, cluster by cluster; of identical items only the first
    label_conflicts: list[list[str]]  # ids of identical items under different classes
    removed_from_pool: list[str]  # pool items linked to an item of a given test set, left out
    n_groups: int  # in the pool
    links_cut: int = 0  # near pairs left apart because a chain had reached the cap


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared data set.

    pool: everything except a given test set.
    test: a given test set (folder with test/, npz test_*, idx t10k-*), or None.
    fingerprint: sha256 of the decoded content with its parts and class names, before size, channels and
    resize; independent of the data's path, of times, compression and the order of files on disk.
    prepared: sha256 of what the study sees (pixels, labels, groups): it follows size, channels, resize,
    groups and held_out.
    held_out: the classes that no part of the ordinary study sees, a data set of their own; see `held_out`.
    """

    pool: Examples
    test: Examples | None
    fingerprint: str
    prepared: str
    report: DataReport
    held_out: Dataset | None = None

    def save(self, folder: Path) -> None:
        """Write pool_*.npy, test_*.npy and dataset.json into `folder`, which is made if need be; so held_out/."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        parts = {"pool": self.pool} | ({} if self.test is None else {"test": self.test})
        for part, examples in parts.items():
            for name in ARRAYS:
                np.save(folder / f"{part}_{name}.npy", getattr(examples, name), allow_pickle=False)
        about = {"parts": list(parts), "classes": self.pool.classes, "fingerprint": self.fingerprint}
        about |= {"prepared": self.prepared, "report": asdict(self.report)}
        (folder / "dataset.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        if self.held_out is not None:
            self.held_out.save(folder / "held_out")

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """The data set that `save` wrote; arrays are memory-mapped and read-only.

        Raises InputError where a file is not there or not whole.
        """
        try:
            return cls._load(Path(folder))
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise InputError(
                f"The copy of the data in {folder} is damaged ({error}): remove that folder, and run again."
            ) from error

    @classmethod
    def _load(cls, folder: Path) -> Dataset:
        about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        classes = tuple(map(composed, about["classes"]))

        def part(name: str) -> Examples:
            mapped = {a: np.load(folder / f"{name}_{a}.npy", mmap_mode="r", allow_pickle=False) for a in ARRAYS}
            return Examples(classes=classes, **{a: np.asarray(array) for a, array in mapped.items()})

        about["report"]["skipped"] = [(file, reason) for file, reason in about["report"]["skipped"]]
        test = part("test") if "test" in about["parts"] else None
        report = DataReport(**about["report"])
        held_out = cls._load(folder / "held_out") if (folder / "held_out").is_dir() else None
        return cls(part("pool"), test, about["fingerprint"], about["prepared"], report, held_out)


ARRAYS = ("x", "y", "ids", "groups")


def read(
    data: str,
    *,
    size: str | None = None,
    channels: int | None = None,
    resize: str | None = None,
    groups: str | None = None,
    on_bad_image: str = "fail",
) -> Dataset:
    """Read, check, resize and group a labelled set of images.

    data: "digits", a folder, an .npz or a folder of idx files (see the module).
    size: a side ("28") or height and width ("96x64"), 4 to 1024. None keeps the set's own size if all items
    agree, else takes a square of the median short side, rounded to a multiple of 8 and at most 64.
    channels: 1 or 3. None is 1 if every item is grey (also colour files whose three channels agree), else 3.
    resize: how another aspect is met, "crop" (the default: centre), "pad" (black) or "stretch"; always
    antialiased Lanczos.
    groups: a CSV (ends with .csv; columns `id` or `file`, and `group`; ids are paths relative to the data
    folder, or file names), or a regular expression with one capture group, looked for in the file name, then
    in the id.
    on_bad_image: "fail" or "skip".

    Of animated and many-page files the first picture counts. 16-bit and float (0..1) pixels are scaled to 8
    bits, transparency is composited on white, EXIF orientation is applied. Files without an image extension
    are ignored and listed in `report.skipped` by extension. Pool items that share content or a group with a
    given test set are left out. Raises InputError, before decoding wherever a header is enough.
    """
    wish = _checked_wish(size, channels, resize, on_bad_image)
    find_groups = group_finder(groups)
    source = open_source(data, on_bad_image)
    check_counts(source, data)
    named = find_groups(source.ids)
    target = _target(source, wish)
    source, named, items = _decode_all(source, named, target, on_bad_image)
    check_counts(source, data)
    return _assemble(data, source, named, items, target)


def read_like(
    data: str, like: Examples, *, resize: str | None = None, on_bad_image: str = "fail"
) -> tuple[Examples, str]:
    """Read labelled images of any of the formats, brought to the shape of other items; and how, in a sentence.

    One class is enough, and a given test set counts as the rest. Raises InputError as `read` does.
    """
    height, width, channels = like.shape
    source = open_source(data, on_bad_image)
    target = _target(source, _checked_wish(f"{height}x{width}", channels, resize, on_bad_image))
    source, _, items = _decode_all(source, [""] * len(source.ids), target, on_bad_image)
    x = np.array([_with_channels(item.pixels, channels) for item in items], np.uint8).reshape(-1, *like.shape)
    found = Examples(x, source.y, source.classes, np.array(source.ids, str), np.arange(len(x)))
    return found, _brought_to(items, target, channels) if items else ""


def fingerprint(data: str, *, on_bad_image: str = "fail") -> str:
    """The same fingerprint as `read(data).fingerprint`, without preparing or linking anything."""
    _checked_wish(None, None, None, on_bad_image)
    source = open_source(data, on_bad_image)
    source, _, items = _decode_all(source, [""] * len(source.ids), None, on_bad_image)
    return _fingerprint(source, [item.digest for item in items])


# ---- what the person asks for --------------------------------------------------------------------


@dataclass(frozen=True)
class _Wish:
    size: tuple[int, int] | None  # height, width
    channels: int | None
    resize: str | None


@dataclass(frozen=True)
class _Target:
    size: tuple[int, int]
    resize: str
    channels: int | None
    why: str  # how the size was found


def _checked_wish(size: str | None, channels: int | None, resize: str | None, on_bad_image: str) -> _Wish:
    if channels not in (None, 1, 3):
        raise InputError(f"channels: {channels!r} is not possible; take 1 (grey), 3 (colour) or leave it out")
    if resize not in (None, *RESIZE):
        raise InputError(f"resize: {resize!r} is unknown; take crop, pad or stretch")
    if on_bad_image not in ON_BAD_IMAGE:
        raise InputError(f"on_bad_image: {on_bad_image!r} is unknown; take fail or skip")
    return _Wish(_parsed_size(size), channels, resize)


def _parsed_size(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", str(size).strip().lower())
    if not match:
        raise InputError(f"size: {size!r} is not a side such as 28 or a height and width such as 96x64")
    height, width = int(match[1]), int(match[2] or match[1])
    if min(height, width) < SIDES[0] or max(height, width) > SIDES[1]:
        raise InputError(f"size: {size} is out of range; sides go from {SIDES[0]} to {SIDES[1]} pixels")
    return height, width


def _target(source: Source, wish: _Wish) -> _Target:
    """The prepared size, and why. Raises InputError where it is out of range or too much to hold."""
    own = {tuple(s) for s in source.sizes}
    if wish.size:
        size, why = wish.size, "as `size` asks"
    elif len(own) == 1:
        size, why = own.pop(), "the size of all items"
    else:
        side = int(np.clip(8 * round(np.median([min(s) for s in source.sizes]) / 8), 8, AUTO_SIDE))
        size = (side, side)
        why = f"the median short side in steps of 8, at most {AUTO_SIDE}; `size` chooses another"
    total = len(source.ids) * size[0] * size[1] * 3
    if min(size) < SIDES[0] or max(size) > SIDES[1] or total > MAX_BYTES:
        raise InputError(
            f"size: {len(source.ids):,} items of {_shape_name(size)} cannot be studied as they are; "
            f"set size, for example size: {AUTO_SIDE}"
        )
    return _Target(size, wish.resize or "crop", wish.channels, why)


# ---- decoding and bringing to one shape ----------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    digest: bytes  # of the native pixels and their shape
    mode: str
    shape: tuple[int, int]  # native height, width
    pixels: np.ndarray | None = None  # prepared, (H, W) or (H, W, 3) uint8
    thumb: np.ndarray | None = None
    brightest: int = 255  # of the native pixels


def _decode_all(
    source: Source, named: list[str], target: _Target | None, on_bad_image: str
) -> tuple[Source, list[str], list[_Item]]:
    """The items that can be decoded, with the source and the group names cut down to them."""

    def item(i: int) -> _Item:
        native, mode = source.load(i)
        digest = hashlib.sha256(repr(native.shape).encode())
        digest.update(np.ascontiguousarray(native))
        found = _Item(digest.digest(), mode, native.shape[:2], brightest=int(native.max()))
        if target is None:
            return found
        return replace(found, pixels=_resized(native, target), thumb=duplicates.thumbnail(native))

    threads = min(8, os.cpu_count() or 1) if source.kind == "folder" else 1  # arrays need no decoding
    items, bad = attempt(item, range(len(source.ids)), threads)
    skipped = refuse_or_list([(source.ids[i], reason) for i, reason in bad], on_bad_image)
    keep = [i for i, found in enumerate(items) if found is not None]
    _check_range([items[i] for i in keep])
    source = replace(source.take(keep), skipped=source.skipped + skipped)
    return source, [named[i] for i in keep], [items[i] for i in keep]


def _check_range(items: list[_Item]) -> None:
    """Refuse 16-bit items of which all are nearly black, as 12-bit images saved with 16 bits are."""
    deep = [item.brightest for item in items if item.mode.startswith("I")]
    if deep and max(deep) < DARKEST:
        raise InputError(
            f"data: of {len(deep):,} images with 16 bits none is brighter than {(max(deep) + 1) / 256:.0%} of the "
            "range (12-bit pixels in 16-bit files?), and with 8 bits they would be nearly black; scale their pixels to "
            "0..65535, or save 8 bits"
        )


def _resized(pixels: np.ndarray, target: _Target) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 brought to the target's size; untouched if it has it already."""
    height, width = target.size
    if pixels.shape[:2] == (height, width):
        return pixels
    image, lanczos = Image.fromarray(pixels), Image.Resampling.LANCZOS
    if target.resize == "stretch":
        return np.asarray(image.resize((width, height), lanczos))
    fit = ImageOps.fit if target.resize == "crop" else ImageOps.pad  # pad: black
    return np.asarray(fit(image, (width, height), lanczos))


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(H, W) or (H, W, 3) -> (H, W, channels); colour becomes grey by ITU-R 601 luminance."""
    if pixels.ndim == 3:
        return pixels if channels == 3 else np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    return np.repeat(pixels[..., None], channels, axis=2)


def _shape_name(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"


def _brought_to(items: list[_Item], target: _Target, channels: int) -> str:
    shapes = sorted({item.shape for item in items})
    kind = f"{_shape_name(target.size)} {'grey' if channels == 1 else 'colour'}"
    if shapes == [target.size]:
        text = f"All {len(items):,} items are {kind}; nothing was resized."
    else:
        found = _shape_name(shapes[0])
        if len(shapes) > 1:
            found = f"{len(shapes):,} shapes ({found} to {_shape_name(shapes[-1])})"
        text = f"{len(items):,} items of {found} were brought to {kind} by antialiased Lanczos ({target.why})"
        other_aspect = any(h * target.size[1] != w * target.size[0] for h, w in shapes)
        rules = {"crop": "centre crop", "pad": "padded with black", "stretch": "stretched"}
        text += f"; where the aspect differs: {rules[target.resize]}." if other_aspect else "."
    transparent = sum(item.mode in WITH_ALPHA or "+" in item.mode for item in items)
    if transparent:
        text += f" Transparency was composited on white ({transparent:,} items)."
    deep = sum(item.mode.startswith("I") for item in items)
    return text + (f" 16-bit pixels were scaled to 8 bits ({deep:,} items)." if deep else "")


# ---- putting it together -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Linked:
    groups: np.ndarray  # (N,) int64
    leaks: np.ndarray  # (N,) bool: pool items linked to a test item
    exact: list[np.ndarray]
    near: list[np.ndarray]
    n_cut: int


def _linked(x: np.ndarray, items: list[_Item], source: Source, named: list[str]) -> _Linked:
    """Joins exact duplicates, near duplicates and the person's groups."""
    same = duplicates.identical(x)
    sides = np.array([min(item.shape) for item in items])
    first = np.flatnonzero((same == np.arange(len(x))) & (sides >= duplicates.THUMB))  # contents, large enough
    shape = (len(first), duplicates.THUMB, duplicates.THUMB, x.shape[3])
    thumbs = np.array([_with_channels(items[i].thumb, x.shape[3]) for i in first], np.uint8).reshape(shape)
    pairs, distances = duplicates.near_pairs(thumbs)
    links = duplicates.link(first[pairs], distances, source.y)
    asked = np.array([name or f"\0{i}" for i, name in enumerate(named)])  # else a group of its own
    groups = joined(same, links.labels, asked)
    leaks = np.isin(groups, groups[source.is_test])
    tested = np.isin(links.cut, same[source.is_test])  # (M, 2); the cap must not leave a test item's copy behind
    leaks |= np.isin(same, links.cut[tested.any(1)])
    return _Linked(groups, leaks & ~source.is_test, _clusters(same), _clusters(links.labels), len(links.cut))


def _clusters(labels: np.ndarray) -> list[np.ndarray]:
    """Positions that share a label, for labels met more than once."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [cluster for cluster in np.split(order, starts) if len(cluster) > 1]


def _assemble(data: str, source: Source, named: list[str], items: list[_Item], target: _Target) -> Dataset:
    grey = all(item.pixels.ndim == 2 for item in items)
    channels = target.channels or (1 if grey else 3)
    x = np.stack([_with_channels(item.pixels, channels) for item in items])  # (N, H, W, C)
    linked = _linked(x, items, source, named)
    everything = Examples(x, source.y, source.classes, np.array(source.ids), linked.groups)
    pool = _pool_without(everything, ~source.is_test, linked.leaks)
    test = everything.take(source.is_test) if source.is_test.any() else None
    ids = [everything.ids[cluster].tolist() for cluster in linked.exact]
    report = DataReport(
        source=data,
        kind=source.kind,
        shapes=dict(Counter(_shape_name(item.shape) for item in items)),
        modes=dict(Counter(item.mode for item in items)),
        brought_to=_brought_to(items, target, channels),
        skipped=source.skipped,
        exact_duplicates=ids,
        near_duplicates=[everything.ids[cluster].tolist() for cluster in linked.near],
        label_conflicts=[
            names for names, cluster in zip(ids, linked.exact, strict=True) if len(set(source.y[cluster])) > 1
        ],
        removed_from_pool=everything.ids[linked.leaks].tolist(),
        n_groups=len(np.unique(pool.groups)),
        links_cut=linked.n_cut,
    )
    digests = [item.digest for item in items]
    return Dataset(pool, test, _fingerprint(source, digests), prepared_digest(pool, test), report)


def _pool_without(everything: Examples, in_pool: np.ndarray, leaks: np.ndarray) -> Examples:
    pool = everything.take(in_pool & ~leaks)
    for name, n in zip(pool.classes, pool.counts(), strict=True):
        if n < 2:
            raise InputError(
                f"data: class {name!r} keeps {n} training images once those that share content or a group "
                "with the test set are left out; give a test set of other images, or none"
            )
    return pool


def _fingerprint(source: Source, digests: list[bytes]) -> str:
    """Over classes, then per item in its order: part, class and the digest of its native pixels."""
    total = hashlib.sha256()
    for name in source.classes:
        total.update(hashlib.sha256(name.encode("utf-8")).digest())
    for label, is_test, digest in zip(source.y.tolist(), source.is_test.tolist(), digests, strict=True):
        total.update(f"{label},{is_test:d};".encode() + digest)
    return total.hexdigest()


def prepared_digest(pool: Examples, test: Examples | None) -> str:
    """The sha256 of what a study sees of a data set: classes, pixels, labels, groups."""
    total = hashlib.sha256(json.dumps(pool.classes).encode())
    for examples in [pool] if test is None else [pool, test]:
        for array in (examples.x, examples.y, examples.groups):
            total.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).data)
    return total.hexdigest()
