"""The data formats: where labelled images are found, and how their pixels are decoded.

A new format is one function that returns a `Source`, named in `open_source`.
"""

from __future__ import annotations

import gzip
import os
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gannb.errors import InputError
from gannb.words import composed, few_of, printable

MAX_PIXELS = 64_000_000  # of one image; checked in its header, before decoding
MAX_BYTES = 8 * 2**30  # of all items together, as found in a file or as prepared

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


# ---- formats: each is one function that returns a Source ----------------------------------------


class BadImage(Exception):
    """One file cannot be used; the text is the reason."""


@dataclass(frozen=True)
class Source:
    """Items as they were found, not yet decoded.

    load(i): the native pixels, (H, W) or (H, W, 3) uint8, and the pixel kind as found; raises BadImage.
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

    def take(self, keep: Sequence[int]) -> Source:
        """The items at `keep`, in that order."""
        ids, sizes = [self.ids[i] for i in keep], [self.sizes[i] for i in keep]
        y, is_test = self.y[keep], self.is_test[keep]
        return replace(self, ids=ids, sizes=sizes, y=y, is_test=is_test, load=lambda i: self.load(keep[i]))


def open_source(data: str, on_bad_image: str) -> Source:
    """Return what is at `data` (`digits`, a folder, a MedMNIST-layout .npz or idx files), its labels checked.

    Raises:
        InputError: nothing is there, or nothing that can be read; names the file.
    """
    if data == "digits":
        return _from_digits()
    if printable(data) != data:
        raise InputError(f'data: the name "{printable(data)}" is not UTF-8; rename it')
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


def check_counts(source: Source, data: str) -> None:
    """Check for two classes or more, each with 2 pool items and, where a test set is given, a test item.

    Raises:
        InputError: something is missing; names the class.
    """
    if len(source.classes) < 2:
        only = f" ({source.classes[0]!r})" if source.classes else ""
        if source.kind == "folder":
            raise InputError(
                f"data: {data!r} has one class folder only{only}; give at least two, or name the folder that holds them"
            )
        raise InputError(f"data: {data!r} has one class only{only}; a classifier needs at least two")
    pool = np.bincount(source.y[~source.is_test], minlength=len(source.classes))
    test = np.bincount(source.y[source.is_test], minlength=len(source.classes))
    for name, n_pool, n_test in zip(source.classes, pool, test, strict=True):
        if n_pool < 2:
            raise InputError(f"data: class {name!r} of {data!r} has {n_pool} images to train on; give at least 2")
        if source.has_test and n_test == 0:
            raise InputError(f"data: class {name!r} of {data!r} has no image in the test set; give at least 1")


def _from_digits() -> Source:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), 0..16 to 0..255
    classes = tuple(map(str, range(10)))
    return _from_arrays("digits", {"digits": (images, digits.target)}, classes, "L")


def _from_arrays(kind: str, parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: tuple, mode: str) -> Source:
    """parts: name -> (native images, labels); ids are "name-0", "name-1", ..."""
    y = np.concatenate([labels for _, labels in parts.values()]).astype(np.int64)
    ids = [f"{part}-{i}" for part, (images, _) in parts.items() for i in range(len(images))]
    is_test = np.concatenate([np.full(len(labels), part == "test") for part, (_, labels) in parts.items()])
    natives = [image for images, _ in parts.values() for image in images]
    sizes = [image.shape[:2] for image in natives]
    return Source(
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


def _from_idx(folder: Path) -> Source:
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


def _from_npz(path: Path) -> Source:
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


def _from_folder(root: Path, on_bad_image: str) -> Source:
    parts = _part_folders(root)
    classes, skipped = _class_names(parts), _stray_images(root)
    if len(parts) == 1:
        _check_no_parts(parts[0][0])
    files: list[_File] = []
    ignored: Counter[str] = Counter()
    for part, is_test in parts:
        folders = _class_folders(part)
        for label, name in enumerate(classes):
            paths, others = _image_files(folders[name])
            if not paths:
                raise InputError(
                    f"data: class folder {str(folders[name])!r} holds no images{_found(others)}; "
                    "add images or remove the folder"
                )
            files += [_File(path, printable(path.relative_to(root).as_posix()), label, is_test) for path in paths]
            ignored += others
    skipped += [(f"*{printable(ext)}", f"{n:,} files without an image extension") for ext, n in sorted(ignored.items())]
    sizes, bad = attempt(_header, files, threads=1)
    skipped += refuse_or_list([(files[i].id, reason) for i, reason in bad], on_bad_image)
    kept = [file for file, size in zip(files, sizes, strict=True) if size is not None]
    return Source(
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
    pieces = re.split(r"([0-9]+)", composed(name))
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
    entries = _entries(folder)
    for entry in entries:  # a link that leads nowhere may have been to a folder
        is_image = Path(entry.name).suffix.lower() in EXTENSIONS | UNREADABLE
        if entry.is_symlink() and not os.path.exists(entry.path) and not is_image:
            raise InputError(f'data: "{printable(entry.path)}" is a link that leads nowhere; mend it or remove it')
    return [entry for entry in entries if entry.is_dir()]


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
    names = list(_class_folders(first))
    if not names:
        where = "images lie directly in" if _stray_images(first) else "there are no class folders and no images in"
        raise InputError(f"data: {where} {str(first)!r}; give one sub-folder of images per class")
    for part, _ in parts[1:]:
        differing = sorted(set(names) ^ set(_class_folders(part)), key=natural_key)
        if differing:
            raise InputError(
                f"data: class folder {differing[0]!r} is in only one of {str(first)!r} and {str(part)!r}; "
                "give both the same class folders"
            )
    return tuple(names)


def _class_folders(part: Path) -> dict[str, Path]:
    """The class folders by name in natural order; accents in one form, whichever the file system has."""
    found: dict[str, Path] = {}
    for entry in _folders(part):
        if printable(entry.name) != entry.name:
            raise InputError(f'data: the name of the folder "{printable(entry.path)}" is not UTF-8; rename it')
        name = composed(entry.name)
        if name in found:
            raise InputError(f"data: {str(part)!r} has two folders {name!r}, written differently; make them one")
        found[name] = Path(entry.path)
    return found


def _check_no_parts(root: Path) -> None:
    """Refuse parts of a set that would be taken for its classes, as seg_train/ beside seg_test/."""
    folders = _class_folders(root)
    for name, twin in combinations(folders, 2):
        inside = _only_folders(folders[name]) if _are_parts_of_one(name, twin) else set()
        if inside and inside == _only_folders(folders[twin]):
            raise InputError(
                f"data: {name}/ and {twin}/ in {str(root)!r} look like parts of one set, since they hold the same "
                f"folders ({few_of(sorted(inside))}); call them train/ and test/ with nothing else beside them, "
                "or rename them if they are classes"
            )
    for name, other in permutations(folders) if len(folders) == 2 else ():
        if name.lower() in PARTS["train"] and _only_folders(folders[name]) and not _only_folders(folders[other]):
            raise InputError(
                f"data: {str(root)!r} has {name}/ with folders of its own beside {other}/; move {other}/ elsewhere, "
                f"call it test/ if it has the same folders, or rename {name}/ if it is a class"
            )


def _only_folders(folder: Path) -> set[str]:
    """The names of a folder's two or more folders; none where there are images beside them, or fewer."""
    if _stray_images(folder):
        return set()
    inside = {entry.name for entry in _entries(folder) if entry.is_dir()}
    return inside if len(inside) > 1 else set()


def _are_parts_of_one(name: str, other: str) -> bool:
    """Tell whether two names differ by the word for a part alone, as seg_train and seg_test do."""
    words = sorted((word for names in PARTS.values() for word in names), key=len, reverse=True)
    plain = [re.sub("|".join(words), "", each.lower()) for each in (name, other)]
    return plain[0] == plain[1] and all(len(p) < len(n) for p, n in zip(plain, (name, other), strict=True))


def _stray_images(root: Path) -> list[tuple[str, str]]:
    found = [e.name for e in _entries(root) if not e.is_dir() and Path(e.name).suffix.lower() in EXTENSIONS]
    return [(printable(name), "not in a class folder") for name in found]


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
        raise BadImage(f"{path.suffix} files are not read here; convert it to PNG or JPEG")
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
                raise BadImage(f"{width}x{height} pixels, more than {MAX_PIXELS // 10**6} million; make it smaller")
            # a PNG whose EXIF comes last would have to be decoded here; decoding turns it anyway
            orientation = image.getexif().get(0x0112) if image.format != "PNG" or "exif" in image.info else None
            return (width, height) if orientation in (5, 6, 7, 8) else (height, width)


class _reasons:
    """Turns whatever a decoder throws into a BadImage with a short reason."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadImage) or not isinstance(error, Exception):
            return
        if isinstance(error, UnidentifiedImageError):
            raise BadImage("it is empty, cut short or not an image") from error
        if isinstance(error, Image.DecompressionBombError):
            raise BadImage(f"more than {MAX_PIXELS // 10**6} million pixels; make it smaller") from error
        raise BadImage(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error


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
            raise BadImage("its 32-bit pixels go beyond 0..65535; save it with 8 or 16 bits")
        return _from_16_bit(values)
    if image.mode == "F":
        values = np.asarray(image)
        if not (values.min() >= 0 and values.max() <= 1):  # NaN fails too
            raise BadImage("its float pixels are not in 0..1; scale them or save it with 8 or 16 bits")
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


# ---- one bad image does not stop the others ----------------------------------------


def attempt(work: Callable, things: Sequence, threads: int) -> tuple[list, list[tuple[int, str]]]:
    """work(thing) for all, None where it raised BadImage; and (position, reason) of those."""
    bad: list[tuple[int, str]] = []

    def one(i: int) -> object:
        try:
            return work(things[i])
        except BadImage as reason:
            bad.append((i, str(reason)))
            return None

    if threads == 1:
        return [one(i) for i in range(len(things))], bad
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(one, range(len(things))))
    return results, sorted(bad)


def refuse_or_list(bad: list[tuple[str, str]], on_bad_image: str) -> list[tuple[str, str]]:
    """The list itself if bad images are skipped; else InputError for the first."""
    if bad and on_bad_image == "fail":
        more = f" and {len(bad) - 1:,} more" if len(bad) > 1 else ""
        first, reason = bad[0]
        raise InputError(f"{first} cannot be used ({reason}){more}; repair or remove it, or set on_bad_image: skip")
    return bad
