"""Reading images: checked, brought to one shape, grouped, with a fingerprint.

`read` takes "digits", a folder with a sub-folder of images per class (or train/ and test/ of such), an .npz
in the MedMNIST layout, or a folder with four idx .gz files. The formats are in `formats`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageOps

from gannb.data.assembly import assemble, identical, link, linked
from gannb.data.examples import Dataset, Examples, without_labels
from gannb.data.groups import group_finder, proposal
from gannb.data.source import Source, attempt, check_counts, refuse_or_list
from gannb.media.image import duplicates
from gannb.media.image.parameters import NAME, NOUNS
from gannb.media.image.sources.decoding import REMARKS, WITH_ALPHA
from gannb.media.image.sources.files import COPIES, FILES, MAX_BYTES, without_warnings
from gannb.media.image.sources.formats import open_source, open_unlabelled
from gannb.media.image.sources.sides import side_of
from gannb.utils.errors import InputError
from gannb.utils.keys import content_of
from gannb.utils.naming import few_of

SIDES = (4, 1024)  # smallest and largest side of a prepared item
AUTO_SIDE = 64  # largest side chosen without the person, for items whose shapes differ
RESIZE = ("crop", "pad", "stretch")
ON_BAD_IMAGE = ("fail", "skip")
LEAST_RANGE = 64  # of 255 grey levels that the images of a set span together; with fewer they are refused
ODD = 4  # times the median side or aspect, or a part of it, from which on an image is named as odd


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

    Of animations and stacks the first frame or page counts. Whole numbers of any range and floats of 0..1 are scaled to
    8 bits, colours are brought to sRGB, transparency is composited on white, EXIF orientation is applied; the report
    says of how many images. Files without an image extension are ignored and listed in `report.skipped` by extension.
    Pool items that share content or a group with a given test set are left out.
    Raises InputError, before decoding wherever a header is enough.
    """
    check_wishes(size, channels, resize, on_bad_image)
    find_groups = group_finder(groups)
    source = open_source(data, on_bad_image)
    return prepared(data, source, find_groups, size, channels, resize, on_bad_image)


def prepared(
    data: str,
    source: Source,
    find_groups: Callable[[list[str]], list[str]],
    size: str | None,
    channels: int | None,
    resize: str | None,
    on_bad_image: str,
) -> Dataset:
    """Check, decode, resize and group the images of an opened source; see `read` for the rest. Raises InputError."""
    wish = check_wishes(size, channels, resize, on_bad_image)
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
    return _like(open_source(data, on_bad_image), like, resize, on_bad_image)


def read_unlabelled(
    data: str, like: Examples, *, resize: str | None = None, on_bad_image: str = "fail"
) -> tuple[Examples, str]:
    """Read images of any of the formats without their labels, brought to the shape of others; and how, in a sentence.

    Of a folder all that lie in it, at any depth. All are of one class, which has no name. Raises InputError.
    """
    found, brought = _like(open_unlabelled(data, on_bad_image), like, resize, on_bad_image)
    return without_labels(found), brought


def _like(source: Source, like: Examples, resize: str | None, on_bad_image: str) -> tuple[Examples, str]:
    """Return the images of a source, brought to the shape of others; and how, in a sentence."""
    height, width, channels = like.shape
    target = _target(source, check_wishes(f"{height}x{width}", channels, resize, on_bad_image))
    source, _, items = _decode_all(source, [""] * len(source.ids), target, on_bad_image)
    x = np.array([with_channels(item.pixels, channels) for item in items], np.uint8).reshape(-1, *like.shape)
    found = Examples(x, source.y, source.classes, np.array(source.ids, str), np.arange(len(x)))
    return found, _brought_to(items, target, channels) if items else ""


@dataclass(frozen=True)
class _Wish:
    size: tuple[int, int] | None  # height, width
    channels: int | None
    resize: str | None


@dataclass(frozen=True)
class Target:
    """What images are brought to."""

    size: tuple[int, int]
    resize: str
    channels: int | None
    why: str  # how the size was found


def check_wishes(size: str | None, channels: int | None, resize: str | None, on_bad_image: str) -> _Wish:
    """What a person wishes of the images, see `read`. Raises InputError where it is not possible."""
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


def _target(source: Source, wish: _Wish) -> Target:
    """The prepared size, and why. Raises InputError where it is out of range or too much to hold."""
    own = {tuple(s) for s in source.shapes}
    if wish.size:
        size, why = wish.size, "as `size` asks"
    elif len(own) == 1:
        size, why = own.pop(), "the size of all items"
    else:
        side = int(np.clip(8 * round(np.median([min(s) for s in source.shapes]) / 8), 8, AUTO_SIDE))
        size = (side, side)
        why = f"the median short side in steps of 8, at most {AUTO_SIDE}; `size` chooses another"
    total = len(source.ids) * size[0] * size[1] * 3
    if min(size) < SIDES[0] or max(size) > SIDES[1] or total > MAX_BYTES:
        raise InputError(
            f"size: {len(source.ids):,} items of {_shape_name(size)} cannot be studied as they are; "
            f"set size, for example size: {AUTO_SIDE}"
        )
    return Target(size, wish.resize or "crop", wish.channels, why)


@dataclass(frozen=True)
class _Item:
    digest: bytes  # see `digest_of`
    mode: str
    shape: tuple[int, int]  # native height, width
    pixels: np.ndarray  # prepared, (H, W) or (H, W, 3) uint8
    thumb: np.ndarray
    view: np.ndarray | None  # see `duplicates.crops`; None where crops are not searched for
    darkest: int  # of the native pixels
    brightest: int


def digest_of(native: np.ndarray) -> bytes:
    """Return what only the same pixels in the same shape have, (H, W) or (H, W, C): by it a set is known again."""
    digest = hashlib.sha256(repr(native.shape).encode())
    digest.update(np.ascontiguousarray(native))
    return digest.digest()


def _decode_all(
    source: Source, named: list[str], target: Target, on_bad_image: str
) -> tuple[Source, list[str], list[_Item]]:
    """The items that can be decoded, with the source and the group names cut down to them."""

    def item(i: int) -> _Item:
        native, mode = source.load(i)
        view = duplicates.view(native) if len(source.ids) <= duplicates.MOST else None
        return _Item(
            digest_of(native), mode, tuple(source.shapes[i]), resized(native, target), duplicates.thumbnail(native),
            view, int(native.min()), int(native.max()),
        )  # fmt: skip

    threads = min(8, os.cpu_count() or 1) if source.kind == "folder" else 1  # arrays need no decoding
    with without_warnings():
        items, bad = attempt(item, range(len(source.ids)), threads)
    skipped = refuse_or_list([(source.ids[i], reason) for i, reason in bad], on_bad_image, FILES.on_bad)
    keep = [i for i, found in enumerate(items) if found is not None]
    _check_range([items[i] for i in keep])
    source = replace(source.take(keep), skipped=source.skipped + skipped)
    return source, [named[i] for i in keep], [items[i] for i in keep]


def _check_range(items: list[_Item]) -> None:
    """Refuse items that together use little of the range of their numbers, as 12-bit images saved with 16 bits do.

    With 8 bits there would be little of them left, and networks see the whole range. Items of each type of number by
    themselves.
    """
    for kind in sorted({_numbers(item.mode) for item in items} - {"bool"}):
        of_kind = [item for item in items if _numbers(item.mode) == kind]
        low, high = min(item.darkest for item in of_kind), max(item.brightest for item in of_kind)
        if high - low < LEAST_RANGE:
            bits = "floats of 0 to 1" if kind == "float" else f"{_bits(kind)} bits"
            raise InputError(
                f"data: of {len(of_kind):,} images with {bits} none is {_span(low, high)} of the range of {kind} "
                "(12-bit pixels in 16-bit files, or 0 and 1 in 8-bit ones?), and networks would see little of them; "
                "scale their pixels to the whole range, and save uint8 or uint16"
            )


def _span(low: int, high: int) -> str:
    """What none of some images is, of which the grey levels reach from low to high, of 255."""
    brighter, darker = f"brighter than {(high + 1) / 256:.0%}", f"darker than {low / 256:.0%}"
    if low < LEAST_RANGE:
        return brighter
    return darker if high >= 256 - LEAST_RANGE else f"{darker} or {brighter}"


def _numbers(mode: str) -> str:
    """The type of number that an item was stored as, by the word for how it was stored: `uint8`, `int16`, `float`."""
    word = mode.partition("+")[0]
    if word in ("1", "F"):
        return "bool" if word == "1" else "float"
    deep = re.search(r";([0-9]+)(S?)", word)
    return f"{'' if deep[2] else 'u'}int{deep[1]}" if deep else "uint8"


def _bits(kind: str) -> str:
    return kind.rpartition("int")[2]


def resized(pixels: np.ndarray, target: Target) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 brought to the target's size; untouched if it has it already."""
    height, width = target.size
    if pixels.shape[:2] == (height, width):
        return pixels
    image, lanczos = Image.fromarray(pixels), Image.Resampling.LANCZOS
    if target.resize == "stretch":
        return np.asarray(image.resize((width, height), lanczos))
    fit = ImageOps.fit if target.resize == "crop" else ImageOps.pad  # pad: black
    return np.asarray(fit(image, (width, height), lanczos))


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(H, W) or (H, W, 3) -> (H, W, channels); colour becomes grey by ITU-R 601 luminance."""
    if pixels.ndim == 3:
        return pixels if channels == 3 else np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    return np.repeat(pixels[..., None], channels, axis=2)


def _shape_name(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"


def _brought_to(items: list[_Item], target: Target, channels: int) -> str:
    shapes = sorted({item.shape for item in items}, key=lambda shape: (shape[0] * shape[1], shape))
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
    return " ".join([text, *_remarks([item.mode for item in items])])


def _remarks(modes: list[str]) -> list[str]:
    """Sentences on what was done to items for how they were stored, each with the number of items."""
    said: Counter[str] = Counter()
    for mode in modes:
        word, *remarks = mode.split("+")
        alpha = ["transparency"] if word.partition(";")[0] in WITH_ALPHA else []
        said.update(REMARKS[remark] for remark in alpha + remarks)
        kind = _numbers(word)
        if kind not in ("uint8", "bool"):
            said[f"{'Float' if kind == 'float' else _bits(kind) + '-bit'} pixels were scaled to 8 bits"] += 1
    return [
        f"{sentence} ({n:,} item{'' if n == 1 else 's'})."
        for sentence, n in sorted(said.items(), key=lambda found: -found[1])
    ]


def _odd_shapes(source: Source, items: list[_Item]) -> str:
    """Name items of which a side or the aspect is far from the usual, the farthest first; "" where there is none."""
    sides = np.log2([item.shape for item in items])  # (N, 2)
    sides = np.column_stack([sides, sides[:, 1] - sides[:, 0]])
    far = np.abs(sides - np.median(sides, axis=0)).max(axis=1)
    odd = [int(i) for i in np.argsort(-far, kind="stable") if far[i] > np.log2(ODD)]
    if not odd:
        return ""
    named = few_of([f"{source.ids[i]} of {_shape_name(items[i].shape)}" for i in odd], 3)
    usual = _shape_name(np.rint(np.median([item.shape for item in items], axis=0)).astype(int))
    return f" Far from the usual {usual}: {named}."


def _assemble(data: str, source: Source, named: list[str], items: list[_Item], target: Target) -> Dataset:
    grey = all(item.pixels.ndim == 2 for item in items)
    channels = target.channels or (1 if grey else 3)
    x = np.stack([with_channels(item.pixels, channels) for item in items])  # (N, H, W, C)
    same = identical(map(content_of, x))
    copies = _copies(x, source.y, items, same)
    found = linked(source, same, link(copies.pairs, copies.distances, source.y), named)
    return assemble(
        NAME, data, source, x, [item.digest for item in items], found,
        shapes=dict(Counter(_shape_name(item.shape) for item in items)),
        modes=dict(Counter(item.mode for item in items)),
        brought_to=_brought_to(items, target, channels) + _odd_shapes(source, items),
        side=lambda i: side_of(
            source.paths[i] if source.paths else None, items[i].mode, items[i].shape, items[i].thumb, channels
        ),
        remarks=_on_copies(source, found.groups, named, copies),
    )  # fmt: skip


def _on_copies(source: Source, groups: np.ndarray, named: list[str], copies: _Copies) -> list[str]:
    """Sentences on turned and cropped copies, and on names that say so of more, unless the person gave groups."""
    kinds = {"mirrored or turned": copies.n_turned, "cropped": copies.n_cropped}
    told = [_told(n, kind) for kind, n in kinds.items() if n]
    proposed = "" if any(named) else proposal(source, groups, COPIES)
    return told + [proposed] * bool(proposed)


def _told(n: int, kind: str) -> str:
    what = f"1 pair of {NOUNS.many} is a {kind} copy" if n == 1 else f"{n:,} pairs of {NOUNS.many} are {kind} copies"
    return f"{what}; both stay on one side of every split"


@dataclass(frozen=True)
class _Copies:
    pairs: np.ndarray  # (M, 2) positions
    distances: np.ndarray  # (M,)
    n_turned: int  # pairs of which one is mirrored or turned
    n_cropped: int


def _copies(x: np.ndarray, y: np.ndarray, items: list[_Item], same: np.ndarray) -> _Copies:
    """Pairs of items (N, H, W, C) that are near duplicates, of contents that are large enough to tell.

    Mirrored and turned ones are copies within a class alone: left is the mirror image of right.
    """
    distinct = same == np.arange(len(x))
    sides = np.array([min(item.shape) for item in items])
    first = np.flatnonzero(distinct & (sides >= duplicates.THUMB))
    thumbs = _stacked([items[i].thumb for i in first], duplicates.THUMB, x.shape[3])
    (near, distances), (turned, apart) = duplicates.near_pairs(thumbs), duplicates.turned_pairs(thumbs)
    alike = y[first[turned[:, 0]]] == y[first[turned[:, 1]]]
    viewed = np.flatnonzero(distinct & [item.view is not None for item in items])
    cropped, cut = duplicates.cropped_pairs(_stacked([items[i].view for i in viewed], duplicates.VIEW, x.shape[3]))
    pairs = np.concatenate([first[near], first[turned[alike]], viewed[cropped]])
    return _Copies(
        pairs, np.concatenate([distances, apart[alike], cut]), len(np.unique(turned[alike], axis=0)), len(cropped)
    )


def _stacked(pictures: list[np.ndarray], side: int, channels: int) -> np.ndarray:
    """Pictures (side, side) or (side, side, 3), there may be none, as (N, side, side, channels) uint8."""
    return np.array([with_channels(one, channels) for one in pictures], np.uint8).reshape(-1, side, side, channels)
