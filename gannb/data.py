"""Examples: labelled items, the one currency between the stages; reading, checking, grouping, fingerprint.

`read` takes "digits", a folder with a sub-folder of images per class (or train/ and test/ of such), an .npz
in the MedMNIST layout, or a folder with four idx .gz files. A new format is one function that returns a
`_Source`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gannb import duplicates
from gannb.errors import InputError

MAX_PIXELS = 64_000_000  # of one image; checked in its header, before decoding
MAX_BYTES = 8 * 2**30  # of all items together, as found in a file or as prepared
SIDES = (4, 1024)  # smallest and largest side of a prepared item
AUTO_SIDE = 64  # largest side chosen without the person, for items whose shapes differ
RESIZE = ("crop", "pad", "stretch")
ON_BAD_IMAGE = ("fail", "skip")

EXTENSIONS = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .gif .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm"
    " .jp2 .j2k .jpx .tga .ico .pcx .sgi .avif".split()
)
# pictures to a person, but not read here: bad images rather than silently ignored
UNREADABLE = frozenset(".heic .heif .dcm .dicom .svg .psd .raw .cr2 .nef .arw .dng .nii".split())
# formats looked for in a file's content; none of them runs other programs
FORMATS = "PNG JPEG MPO GIF BMP DIB TIFF WEBP PPM JPEG2000 ICO PCX SGI AVIF".split()
PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # Pillow's modes with an alpha channel
HIDDEN = ("__macosx", "thumbs.db", "desktop.ini")
WAYS = (
    'give "digits", a folder with one sub-folder of images per class (or train/ and test/ of such), '
    "an .npz in the MedMNIST layout, or a folder with the four idx .gz files"
)


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
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one item, (H, W, C) for images."""
        return tuple(self.x.shape[1:])

    def counts(self) -> np.ndarray:
        """Items per class, (K,) int64."""
        return np.bincount(self.y, minlength=self.n_classes)

    def take(self, index: np.ndarray | Sequence[int]) -> Examples:
        """The items at `index` (positions or a boolean mask), in that order."""
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
    prepared: sha256 of what the study sees (pixels, labels, groups): it follows size, channels, resize and
    groups.
    """

    pool: Examples
    test: Examples | None
    fingerprint: str
    prepared: str
    report: DataReport

    def save(self, folder: Path) -> None:
        """Write pool_*.npy, test_*.npy and dataset.json into `folder`, which is made if need be."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        parts = {"pool": self.pool} | ({} if self.test is None else {"test": self.test})
        for part, examples in parts.items():
            for name in ARRAYS:
                np.save(folder / f"{part}_{name}.npy", getattr(examples, name), allow_pickle=False)
        about = {"parts": list(parts), "classes": self.pool.classes, "fingerprint": self.fingerprint}
        about |= {"prepared": self.prepared, "report": asdict(self.report)}
        (folder / "dataset.json").write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """The data set that `save` wrote; arrays are memory-mapped and read-only."""
        folder = Path(folder)
        about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        classes = tuple(about["classes"])

        def part(name: str) -> Examples:
            mapped = {a: np.load(folder / f"{name}_{a}.npy", mmap_mode="r", allow_pickle=False) for a in ARRAYS}
            return Examples(classes=classes, **{a: np.asarray(array) for a, array in mapped.items()})

        about["report"]["skipped"] = [(file, reason) for file, reason in about["report"]["skipped"]]
        test = part("test") if "test" in about["parts"] else None
        report = DataReport(**about["report"])
        return cls(part("pool"), test, about["fingerprint"], about["prepared"], report)


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
    find_groups = _group_finder(groups)
    source = _open(data, on_bad_image)
    _check_counts(source, data)
    named = find_groups(source.ids)
    target = _target(source, wish)
    source, named, items = _decode_all(source, named, target, on_bad_image)
    _check_counts(source, data)
    return _assemble(data, source, named, items, target)


def fingerprint(data: str, *, on_bad_image: str = "fail") -> str:
    """The same fingerprint as `read(data).fingerprint`, without preparing or linking anything."""
    _checked_wish(None, None, None, on_bad_image)
    source = _open(data, on_bad_image)
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


def _target(source: _Source, wish: _Wish) -> _Target:
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


# ---- formats: each is one function that returns a _Source ----------------------------------------


class _BadImage(Exception):
    """One file cannot be used; the text is the reason."""


@dataclass(frozen=True)
class _Source:
    """Items as they were found, not yet decoded.

    load(i): the native pixels, (H, W) or (H, W, 3) uint8, and the pixel kind as found; raises _BadImage.
    """

    kind: str
    ids: list[str]
    y: np.ndarray  # (N,) int64
    classes: tuple[str, ...]
    is_test: np.ndarray  # (N,) bool
    sizes: list[tuple[int, int]]  # height, width
    has_test: bool
    load: Callable[[int], tuple[np.ndarray, str]]
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def take(self, keep: Sequence[int]) -> _Source:
        """The items at `keep`, in that order."""
        ids, sizes = [self.ids[i] for i in keep], [self.sizes[i] for i in keep]
        y, is_test = self.y[keep], self.is_test[keep]
        return replace(self, ids=ids, sizes=sizes, y=y, is_test=is_test, load=lambda i: self.load(keep[i]))


def _open(data: str, on_bad_image: str) -> _Source:
    if data == "digits":
        return _from_digits()
    path = Path(data).expanduser()
    try:
        there, is_folder = path.exists() and data.strip() != "", path.is_dir()
    except OSError as error:
        raise InputError(f"data: {data!r} cannot be opened ({error.strerror}); check permissions") from error
    if not there:
        raise InputError(f"data: there is no file or folder {data!r}; {WAYS}")
    if is_folder:
        names = {entry.name for entry in _entries(path)}
        return _from_idx(path) if names & set(IDX_FILES) else _from_folder(path, on_bad_image)
    if path.suffix.lower() == ".npz":
        return _from_npz(path)
    raise InputError(f"data: {data!r} is a file of a kind that is not read; {WAYS}")


def _check_counts(source: _Source, data: str) -> None:
    """Two classes or more, each with 2 pool items and, where a test set is given, a test item."""
    if len(source.classes) < 2:
        only = f" ({source.classes[0]!r})" if source.classes else ""
        raise InputError(f"data: {data!r} has one class only{only}; a classifier needs at least two")
    pool = np.bincount(source.y[~source.is_test], minlength=len(source.classes))
    test = np.bincount(source.y[source.is_test], minlength=len(source.classes))
    for name, n_pool, n_test in zip(source.classes, pool, test, strict=True):
        if n_pool < 2:
            raise InputError(f"data: class {name!r} of {data!r} has {n_pool} images to train on; give at least 2")
        if source.has_test and n_test == 0:
            raise InputError(f"data: class {name!r} of {data!r} has no image in the test set; give at least 1")


def _from_digits() -> _Source:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), 0..16 to 0..255
    classes = tuple(map(str, range(10)))
    return _from_arrays("digits", {"digits": (images, digits.target)}, classes, "L")


def _from_arrays(kind: str, parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: tuple, mode: str) -> _Source:
    """parts: name -> (native images, labels); ids are "name-0", "name-1", ..."""
    y = np.concatenate([labels for _, labels in parts.values()]).astype(np.int64)
    ids = [f"{part}-{i}" for part, (images, _) in parts.items() for i in range(len(images))]
    is_test = np.concatenate([np.full(len(labels), part == "test") for part, (_, labels) in parts.items()])
    natives = [image for images, _ in parts.values() for image in images]
    sizes = [image.shape[:2] for image in natives]
    return _Source(
        kind,
        ids,
        y,
        classes,
        is_test,
        sizes,
        "test" in parts,
        lambda i: (_without_equal_channels(natives[i]), mode),
    )


IDX_FILES = tuple(f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))


def _from_idx(folder: Path) -> _Source:
    for name in IDX_FILES:
        if not (folder / name).is_file():
            raise InputError(f"data: {str(folder)!r} lacks {name}; an idx set needs {', '.join(IDX_FILES)}")
    parts = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images_file, labels_file = (
            folder / f"{prefix}-images-idx3-ubyte.gz",
            folder / f"{prefix}-labels-idx1-ubyte.gz",
        )
        images, labels = _idx(images_file, 3), _idx(labels_file, 1)
        if len(images) != len(labels):
            raise InputError(
                f"{images_file} has {len(images):,} images but {labels_file.name} {len(labels):,} labels; "
                "take both files from the same set"
            )
        parts[part] = (images, labels)
    return _from_arrays("idx", parts, _numbered_classes(parts, str(folder)), "L")


def _idx(path: Path, ndim: int) -> np.ndarray:
    """One idx file of bytes: magic 0, 0, 8, ndim; the sides as big-endian int32; the values."""
    again = "download it again"
    try:
        with gzip.open(path) as file:
            magic = file.read(4)
            if magic != bytes([0, 0, 8, ndim]):
                raise InputError(f"{path} is not an idx file of {ndim}-dimensional bytes; {again}")
            shape = np.frombuffer(file.read(4 * ndim), ">i4").astype(np.int64)
            count = int(np.prod(shape)) if len(shape) == ndim and (shape > 0).all() else 0
            if not 0 < count <= MAX_BYTES:
                raise InputError(f"{path} declares the impossible shape {tuple(shape.tolist())}; {again}")
            values = file.read(count + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged or cut short ({error}); {again}") from error
    if len(values) != count:
        raise InputError(f"{path} does not hold the {count:,} values its header declares; {again}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _numbered_classes(parts: dict[str, tuple[np.ndarray, np.ndarray]], where: str) -> tuple[str, ...]:
    """("0", "1", ...) for labels 0..K-1. Raises InputError for a negative label or a gap."""
    labels = np.unique(np.concatenate([labels for _, labels in parts.values()]))
    if labels[0] < 0:
        raise InputError(f"{where} has the negative label {labels[0]}; number the classes 0, 1, 2, ...")
    if labels[-1] != len(labels) - 1:
        gap = next(k for k, label in enumerate(labels) if k != label)
        raise InputError(
            f"{where} has no item with label {gap} but one with {labels[-1]}; number the classes without gaps"
        )
    return tuple(map(str, range(len(labels))))


def _from_npz(path: Path) -> _Source:
    arrays = _npz_arrays(path)
    parts, modes = {}, set()
    for part in PARTS:
        keys = (f"{part}_images", f"{part}_labels")
        present = [key in arrays for key in keys]
        if part != "train" and not any(present):
            continue
        if not all(present):
            missing = keys[present.index(False)]
            raise InputError(
                f"{path} has no array {missing!r}; the MedMNIST layout needs train_images and train_labels, "
                "and may have val_* and test_* pairs"
            )
        labels = _npz_labels(arrays[keys[1]], f"{keys[1]} of {path}")
        images, mode = _npz_images(arrays[keys[0]], f"{keys[0]} of {path}")
        if len(images) != len(labels):
            raise InputError(f"{path} has {len(images):,} {keys[0]} but {len(labels):,} {keys[1]}; make them pairs")
        parts[part] = (images, labels)
        modes.add(mode)
    return _from_arrays("npz", parts, _numbered_classes(parts, str(path)), "/".join(sorted(modes)))


def _npz_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the MedMNIST layout that the file has. Nothing is ever unpickled."""
    wanted = [f"{part}_{what}" for part in PARTS for what in ("images", "labels")]
    try:
        with zipfile.ZipFile(path) as archive:
            declared = sum(member.file_size for member in archive.infolist() if member.filename[:-4] in wanted)
        if declared > MAX_BYTES:
            raise InputError(f"{path} unpacks to {declared / 2**30:.0f} GiB, too much; save fewer or smaller items")
        with np.load(path, allow_pickle=False) as found:
            arrays = {key: found[key] for key in wanted if key in found.files}
    except InputError:
        raise
    except (
        ValueError,
        OSError,
        EOFError,
        zlib.error,
        zipfile.BadZipFile,
        MemoryError,
        SyntaxError,
        RuntimeError,
    ) as error:
        if "Object arrays" in str(error):
            raise InputError(f"{path} holds object arrays, never unpickled here; save plain numbers") from error
        raise InputError(f"{path} is not a readable .npz file ({error}); save it again with numpy.savez") from error
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"{key} of {path} is not an array; save it again with numpy.savez")
    return arrays


def _npz_labels(labels: np.ndarray, where: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise InputError(f"{where} has shape {labels.shape}; give one label per item, (N,) or (N, 1)")
    if labels.dtype.kind not in "iu":
        raise InputError(f"{where} has dtype {labels.dtype}; labels must be integers 0, 1, 2, ...")
    if len(labels) == 0:
        raise InputError(f"{where} is empty; give at least two items per class")
    return labels.astype(np.int64)


def _npz_images(images: np.ndarray, where: str) -> tuple[np.ndarray, str]:
    """(N, H, W) or (N, H, W, 3) uint8, and the pixel kind as found."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)) or 0 in images.shape:
        raise InputError(f"{where} has shape {images.shape}; give (N, H, W), (N, H, W, 1) or (N, H, W, 3)")
    kind = "L" if images.ndim == 3 else "RGB"
    if images.dtype == np.uint8:
        return images, kind
    if images.dtype == np.bool_:
        return images.astype(np.uint8) * 255, "1"
    if images.dtype == np.uint16:
        return _from_16_bit(images), "I;16"
    if images.dtype.kind != "f":
        raise InputError(f"{where} has dtype {images.dtype}; save uint8, uint16, bool, or floats in 0..1")
    if not np.isfinite(images).all():
        raise InputError(f"{where} holds NaN or infinity; replace these values first")
    if images.min() < 0 or images.max() > 1:
        raise InputError(f"{where} has dtype {images.dtype} outside 0..1; scale it to 0..1 or save uint8")
    return np.rint(images * 255).astype(np.uint8), "F"


# ---- folders of image files ----------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    path: Path
    id: str  # path relative to the data folder, with "/"
    label: int
    is_test: bool


def _from_folder(root: Path, on_bad_image: str) -> _Source:
    parts = _part_folders(root)
    classes, skipped = _class_names(parts), _stray_images(root)
    files: list[_File] = []
    ignored: Counter[str] = Counter()
    for part, is_test in parts:
        folders = {entry.name: Path(entry.path) for entry in _folders(part)}
        for label, name in enumerate(classes):
            paths, others = _image_files(folders[name])
            if not paths:
                raise InputError(
                    f"data: class folder {str(folders[name])!r} holds no images{_found(others)}; "
                    "add images or remove the folder"
                )
            files += [_File(path, path.relative_to(root).as_posix(), label, is_test) for path in paths]
            ignored += others
    skipped += [(f"*{ext}", f"{n:,} files without an image extension") for ext, n in sorted(ignored.items())]
    sizes, bad = _attempt(_header, files, threads=1)
    skipped += _bad_images([(files[i].id, reason) for i, reason in bad], on_bad_image)
    kept = [file for file, size in zip(files, sizes, strict=True) if size is not None]
    return _Source(
        kind="folder",
        ids=[file.id for file in kept],
        y=np.array([file.label for file in kept], dtype=np.int64),
        classes=classes,
        is_test=np.array([file.is_test for file in kept], dtype=bool),
        sizes=[size for size in sizes if size is not None],
        has_test=any(is_test for _, is_test in parts),
        load=lambda i: _decode(kept[i].path),
        skipped=skipped,
    )


def natural_key(name: str) -> tuple:
    """Sorts "class2" before "class10", and names that differ by case only in a fixed order."""
    pieces = re.split(r"([0-9]+)", unicodedata.normalize("NFC", name))
    return tuple(int(p) if p.isdecimal() and p.isascii() else p.casefold() for p in pieces), name


def _entries(folder: Path) -> list[os.DirEntry]:
    """What a folder holds, hidden things left out, in natural order."""
    try:
        with os.scandir(folder) as found:
            visible = [e for e in found if not e.name.startswith(".") and e.name.lower() not in HIDDEN]
    except OSError as error:
        raise InputError(
            f"data: the folder {str(folder)!r} cannot be read ({error.strerror}); check its permissions"
        ) from error
    return sorted(visible, key=lambda e: natural_key(e.name))


def _folders(folder: Path) -> list[os.DirEntry]:
    return [entry for entry in _entries(folder) if entry.is_dir()]


def _part_folders(root: Path) -> list[tuple[Path, bool]]:
    """(folder of class folders, whether it is the test set): train/, val/, test/, or the root itself."""
    folders = _folders(root)
    found = {part: [e for e in folders if e.name.lower() in names] for part, names in PARTS.items()}
    n_parts = sum(map(len, found.values()))
    if n_parts == len(folders) > 1 and not found["train"]:
        raise InputError(f"data: {str(root)!r} has {folders[0].name}/ but no train/; add train/ with the same classes")
    if not found["train"] or (n_parts < len(folders) and not found["test"]):
        return [(root, False)]  # class folders; one of them may well be called "train" or "test"
    others = [e.name for e in folders if not any(e in entries for entries in found.values())]
    if others:
        raise InputError(f"data: {str(root)!r} has train/ and test/ but also {others[0]}/; move that folder elsewhere")
    twice = next((entries for entries in found.values() if len(entries) > 1), None)
    if twice:
        raise InputError(f"data: {str(root)!r} has both {twice[0].name}/ and {twice[1].name}/; keep one of them")
    return [(Path(entries[0].path), part == "test") for part, entries in found.items() if entries]


def _class_names(parts: list[tuple[Path, bool]]) -> tuple[str, ...]:
    """The class folders' names, the same in every part, in natural order."""
    first = parts[0][0]
    names = [entry.name for entry in _folders(first)]
    if not names:
        where = "images lie directly in" if _stray_images(first) else "there are no class folders and no images in"
        raise InputError(f"data: {where} {str(first)!r}; give one sub-folder of images per class")
    if len(names) == 1:
        raise InputError(
            f"data: {str(first)!r} has one class folder only ({names[0]!r}); give at least two, "
            "or name the folder that holds them"
        )
    for part, _ in parts[1:]:
        differing = sorted(set(names) ^ {entry.name for entry in _folders(part)}, key=natural_key)
        if differing:
            raise InputError(
                f"data: class folder {differing[0]!r} is in only one of {str(first)!r} and {str(part)!r}; "
                "give both the same class folders"
            )
    return tuple(names)


def _stray_images(root: Path) -> list[tuple[str, str]]:
    found = [e.name for e in _entries(root) if not e.is_dir() and Path(e.name).suffix.lower() in EXTENSIONS]
    return [(name, "not in a class folder") for name in found]


def _image_files(folder: Path) -> tuple[list[Path], Counter[str]]:
    """Image files below a class folder, recursively, in natural order, and how many others by extension."""
    images, others = [], Counter()
    for path in _walk(folder, set()):
        extension = path.suffix.lower()
        if extension in EXTENSIONS or extension in UNREADABLE:
            images.append(path)
        else:
            others[extension or " (no extension)"] += 1
    return images, others


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in seen:  # a symbolic link that leads back up
        return
    seen.add(real)
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _walk(Path(entry.path), seen)
        elif entry.is_file() or entry.is_symlink():  # a dangling link is a bad image, a pipe is nothing
            yield Path(entry.path)


def _found(others: Counter[str]) -> str:
    return f" (found {', '.join(f'*{ext}' for ext in sorted(others)[:3])})" if others else ""


# ---- image files ---------------------------------------------------------------------------------


@cache
def _formats(extension: str) -> tuple[str, ...]:
    """The formats this Pillow can open. TGA has no signature: tried for its own extension only."""
    Image.init()
    return tuple(f for f in (*FORMATS, *(["TGA"] if extension == ".tga" else [])) if f in Image.OPEN)


def _opened(path: Path) -> Image.Image:
    if path.suffix.lower() in UNREADABLE:
        raise _BadImage(f"{path.suffix} files are not read here; convert it to PNG or JPEG")
    return Image.open(path, formats=_formats(path.suffix.lower()))


def _header(file: _File) -> tuple[int, int]:
    """Height and width after EXIF orientation, from the header alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
        with _reasons(), _opened(file.path) as image:
            width, height = image.size
            if image.format == "TIFF":  # newer Pillows have turned `size` already
                width, height = image.tag_v2[256], image.tag_v2[257]
            if width * height > MAX_PIXELS:
                raise _BadImage(f"{width}x{height} pixels, more than {MAX_PIXELS // 10**6} million; make it smaller")
            # a PNG whose EXIF comes last would have to be decoded here; decoding turns it anyway
            orientation = image.getexif().get(0x0112) if image.format != "PNG" or "exif" in image.info else None
            return (width, height) if orientation in (5, 6, 7, 8) else (height, width)


class _reasons:
    """Turns whatever a decoder throws into a _BadImage with a short reason."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _BadImage) or not isinstance(error, Exception):
            return
        if isinstance(error, UnidentifiedImageError):
            raise _BadImage("it is empty, cut short or not an image") from error
        if isinstance(error, Image.DecompressionBombError):
            raise _BadImage(f"more than {MAX_PIXELS // 10**6} million pixels; make it smaller") from error
        raise _BadImage(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


def _decode(path: Path) -> tuple[np.ndarray, str]:
    """Native pixels (H, W) or (H, W, 3) uint8, and the pixel kind as found."""
    with _reasons(), _opened(path) as image:
        mode = image.mode
        if image.has_transparency_data and mode in ("1", "L", "P", "RGB"):
            mode += "+transparency"
        ImageOps.exif_transpose(image, in_place=True)
        return _without_equal_channels(_to_8_bit(image)), mode


def _to_8_bit(image: Image.Image) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8: 16-bit scaled by its depth, transparency on white, the rest by Pillow."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise _BadImage("its 32-bit pixels go beyond 0..65535; save it with 8 or 16 bits")
        return _from_16_bit(values)
    if image.mode == "F":
        values = np.asarray(image)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN fails too
            raise _BadImage("its float pixels are not in 0..1; scale them or save it with 8 or 16 bits")
        return np.rint(values * 255).astype(np.uint8)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _from_16_bit(values: np.ndarray) -> np.ndarray:
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 -> 255


def _without_equal_channels(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) whose channels agree becomes (H, W): a grey picture saved as colour."""
    if pixels.ndim == 2:
        return pixels
    for view in (pixels[::16, ::16], pixels):  # a few pixels settle it for most
        if (view != view[..., :1]).any():
            return pixels
    return np.ascontiguousarray(pixels[..., 0])


# ---- decoding and bringing to one shape ----------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    digest: bytes  # of the native pixels and their shape
    mode: str
    shape: tuple[int, int]  # native height, width
    pixels: np.ndarray | None = None  # prepared, (H, W) or (H, W, 3) uint8
    thumb: np.ndarray | None = None


def _decode_all(
    source: _Source, named: list[str], target: _Target | None, on_bad_image: str
) -> tuple[_Source, list[str], list[_Item]]:
    """The items that can be decoded, with the source and the group names cut down to them."""

    def item(i: int) -> _Item:
        native, mode = source.load(i)
        digest = hashlib.sha256(repr(native.shape).encode())
        digest.update(np.ascontiguousarray(native))
        found = _Item(digest.digest(), mode, native.shape[:2])
        if target is None:
            return found
        return replace(found, pixels=_resized(native, target), thumb=duplicates.thumbnail(native))

    threads = min(8, os.cpu_count() or 1) if source.kind == "folder" else 1  # arrays need no decoding
    items, bad = _attempt(item, range(len(source.ids)), threads)
    skipped = _bad_images([(source.ids[i], reason) for i, reason in bad], on_bad_image)
    keep = [i for i, found in enumerate(items) if found is not None]
    source = replace(source.take(keep), skipped=source.skipped + skipped)
    return source, [named[i] for i in keep], [items[i] for i in keep]


def _attempt(work: Callable, things: Sequence, threads: int) -> tuple[list, list[tuple[int, str]]]:
    """work(thing) for all, None where it raised _BadImage; and (position, reason) of those."""
    bad: list[tuple[int, str]] = []

    def attempt(i: int) -> object:
        try:
            return work(things[i])
        except _BadImage as reason:
            bad.append((i, str(reason)))
            return None

    if threads == 1:
        return [attempt(i) for i in range(len(things))], bad
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(attempt, range(len(things))))
    return results, sorted(bad)


def _bad_images(bad: list[tuple[str, str]], on_bad_image: str) -> list[tuple[str, str]]:
    """The list itself if bad images are skipped; else InputError for the first."""
    if bad and on_bad_image == "fail":
        more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
        first, reason = bad[0]
        raise InputError(f"{first} cannot be used ({reason}){more}; repair or remove it, or set on_bad_image: skip")
    return bad


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


# ---- groups --------------------------------------------------------------------------------------


def _group_finder(groups: str | None) -> Callable[[list[str]], list[str]]:
    """ids -> the person's group name per item ("" where none is asked for); checked before data is opened."""
    if groups is None:
        return lambda ids: [""] * len(ids)
    if groups.lower().endswith(".csv"):
        table = _group_table(Path(groups).expanduser())
        return lambda ids: _groups_from_table(table, ids, groups)
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise InputError(
            f"groups: {groups!r} is neither a .csv file nor a regular expression ({error}); "
            "write for example (patient[0-9]+)_"
        ) from error
    if pattern.groups != 1:
        raise InputError(f"groups: {groups!r} has {pattern.groups} capture groups; write exactly one")
    return lambda ids: [_group_from_pattern(pattern, i) for i in ids]


def _group_from_pattern(pattern: re.Pattern, id: str) -> str:
    match = pattern.search(PurePosixPath(id).name) or pattern.search(id)
    if not match or not match[1]:
        raise InputError(f"groups: the pattern {pattern.pattern!r} finds no group in {id!r}; widen it")
    return match[1]


def _group_table(path: Path) -> dict[str, str]:
    """id or file name -> group."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [(name or "").strip().lower() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"groups: {str(path)!r} cannot be read ({error}); give a CSV in UTF-8") from error
    key = next((name for name in ("id", "file") if name in columns), None)
    if key is None or "group" not in columns:
        raise InputError(f"groups: {str(path)!r} has the columns {columns}; it needs id (or file) and group")
    table: dict[str, str] = {}
    for row in rows:
        name, group = _same_name(row[key] or ""), (row["group"] or "").strip()
        if group and table.setdefault(name, group) != group:
            raise InputError(f"groups: {str(path)!r} puts {name!r} into two groups; keep one line per item")
    return table


def _same_name(name: str) -> str:
    """One spelling for a path, whatever system wrote it."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _groups_from_table(table: dict[str, str], ids: list[str], source: str) -> list[str]:
    full = [_same_name(i) for i in ids]
    names = [PurePosixPath(i).name for i in full]
    often = Counter(names)
    found = []
    for id, name in zip(full, names, strict=True):
        if id not in table and name in table and often[name] > 1:
            raise InputError(
                f"groups: {source!r} names {name!r}, which several items are called; "
                "write the path relative to the data folder"
            )
        found.append(table.get(id) or table.get(name))
    missing = [id for id, group in zip(ids, found, strict=True) if group is None]
    if missing:
        raise InputError(
            f"groups: {source!r} has no group for {missing[0]!r} ({len(missing):,} such items); "
            "add a line for every item"
        )
    return found


def _joined(*labels: np.ndarray) -> np.ndarray:
    """(N,) int64 from 0: items that share a number in any of the label arrays share one in the result."""
    n = len(labels[0])
    rows, columns = [], []
    for offset, label in enumerate(labels):
        rows.append(np.arange(n))
        columns.append(np.unique(label, return_inverse=True)[1] + n * (offset + 1))
    row, column = np.concatenate(rows), np.concatenate(columns)
    total = n * (len(labels) + 1)
    graph = coo_array((np.ones(len(row), np.int8), (row, column)), shape=(total, total))
    component = connected_components(graph, directed=False)[1][:n]
    return np.unique(component, return_inverse=True)[1].astype(np.int64)


# ---- putting it together -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Linked:
    groups: np.ndarray  # (N,) int64
    leaks: np.ndarray  # (N,) bool: pool items linked to a test item
    exact: list[np.ndarray]
    near: list[np.ndarray]
    n_cut: int


def _linked(x: np.ndarray, items: list[_Item], source: _Source, named: list[str]) -> _Linked:
    """Joins exact duplicates, near duplicates and the person's groups."""
    same = duplicates.identical(x)
    sides = np.array([min(item.shape) for item in items])
    first = np.flatnonzero((same == np.arange(len(x))) & (sides >= duplicates.THUMB))  # contents, large enough
    shape = (len(first), duplicates.THUMB, duplicates.THUMB, x.shape[3])
    thumbs = np.array([_with_channels(items[i].thumb, x.shape[3]) for i in first], np.uint8).reshape(shape)
    pairs, distances = duplicates.near_pairs(thumbs)
    links = duplicates.link(first[pairs], distances, source.y)
    asked = np.array([name or f"\0{i}" for i, name in enumerate(named)])  # else a group of its own
    groups = _joined(same, links.labels, asked)
    leaks = np.isin(groups, groups[source.is_test])
    tested = np.isin(links.cut, same[source.is_test])  # (M, 2); the cap must not leave a test item's copy behind
    leaks |= np.isin(same, links.cut[tested.any(1)])
    return _Linked(groups, leaks & ~source.is_test, _clusters(same), _clusters(links.labels), len(links.cut))


def _clusters(labels: np.ndarray) -> list[np.ndarray]:
    """Positions that share a label, for labels met more than once."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return [cluster for cluster in np.split(order, starts) if len(cluster) > 1]


def _assemble(data: str, source: _Source, named: list[str], items: list[_Item], target: _Target) -> Dataset:
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
    return Dataset(pool, test, _fingerprint(source, digests), _prepared(pool, test), report)


def _pool_without(everything: Examples, in_pool: np.ndarray, leaks: np.ndarray) -> Examples:
    pool = everything.take(in_pool & ~leaks)
    for name, n in zip(pool.classes, pool.counts(), strict=True):
        if n < 2:
            raise InputError(
                f"data: class {name!r} keeps {n} training images once those that share content or a group "
                "with the test set are left out; give a test set of other images, or none"
            )
    return pool


def _fingerprint(source: _Source, digests: list[bytes]) -> str:
    """Over classes, then per item in its order: part, class and the digest of its native pixels."""
    total = hashlib.sha256()
    names = [unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass") for name in source.classes]
    for name in names:
        total.update(hashlib.sha256(name).digest())
    for label, is_test, digest in zip(source.y.tolist(), source.is_test.tolist(), digests, strict=True):
        total.update(f"{label},{is_test:d};".encode() + digest)
    return total.hexdigest()


def _prepared(pool: Examples, test: Examples | None) -> str:
    total = hashlib.sha256(json.dumps(pool.classes).encode())
    for examples in [pool] if test is None else [pool, test]:
        for array in (examples.x, examples.y, examples.groups):
            total.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).data)
    return total.hexdigest()
