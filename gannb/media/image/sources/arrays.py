"""Sets of images that come as arrays: scikit-learn's digits, MedMNIST-layout .npz, idx files."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from gannb.data.files import PARTS
from gannb.data.npz import arrays_of, holds
from gannb.data.source import Source
from gannb.media.image.parameters import DIGITS, NOUNS
from gannb.media.image.sources.colours import without_equal_channels
from gannb.media.image.sources.files import MAX_BYTES
from gannb.media.image.sources.levels import from_numbers
from gannb.utils.errors import InputError, unreadable


def from_digits() -> Source:
    """Return scikit-learn's digits."""
    from sklearn.datasets import load_digits  # takes a second, and other sets do without

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), 0..16 to 0..255
    classes = tuple(map(str, range(10)))
    return _from_arrays(DIGITS, {DIGITS: (images, digits.target)}, classes, {DIGITS: "L"})


def _from_arrays(
    kind: str, parts: dict[str, tuple[np.ndarray, np.ndarray]], classes: tuple, words: dict[str, str]
) -> Source:
    """parts: name -> (native images, labels); ids are "name-0", "name-1", ...; words: how each part was stored."""
    y = np.concatenate([labels for _, labels in parts.values()]).astype(np.int64)
    ids = [f"{part}-{i}" for part, (images, _) in parts.items() for i in range(len(images))]
    is_test = np.concatenate([np.full(len(labels), part == "test") for part, (_, labels) in parts.items()])
    natives = [image for images, _ in parts.values() for image in images]
    shapes = [image.shape[:2] for image in natives]
    stored = [words[part] for part, (images, _) in parts.items() for _ in images]
    decoded = lambda i: (without_equal_channels(natives[i]), stored[i])  # noqa: E731
    return Source(kind, NOUNS, ids, y, classes, is_test, shapes, "test" in parts, decoded)


WORDS = tuple(word for words in PARTS.values() for word in words)
IDX_FILES = tuple(f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1"))


def from_idx(folder: Path) -> Source:
    """Return the set of a folder with the four idx .gz files; raises InputError where one is not whole."""
    for name in IDX_FILES:
        if not (folder / name).is_file():
            raise InputError(f"data: {str(folder)!r} lacks {name}; an idx set needs {', '.join(IDX_FILES)}")
    parts = {}
    for part, (images_file, labels_file) in _idx_files(folder).items():
        images, labels = _idx(images_file, 3), _idx(labels_file, 1)
        if len(images) != len(labels):
            raise InputError(
                f"{images_file} has {len(images):,} images but {labels_file.name} {len(labels):,} labels; "
                "take both files from the same set"
            )
        parts[part] = (images, labels)
    return _from_arrays("idx", parts, _numbered_classes(parts, str(folder)), dict.fromkeys(parts, "L"))


def loose_idx(folder: Path) -> Source:
    """Return the images of a folder of idx .gz files, of one class without a name, whatever labels lie beside them.

    Raises:
        InputError: there are none, or a file is damaged.
    """
    files = {part: images for part, (images, _) in _idx_files(folder).items() if images.is_file()}
    if not files:
        raise InputError(f"{folder} has idx files of labels alone; give those of images")
    return _loose("idx", {part: (_idx(file, 3), "L") for part, file in files.items()})


def _idx_files(folder: Path) -> dict[str, tuple[Path, Path]]:
    """The files of images and of labels, by part."""
    (train, train_labels, test, test_labels) = (folder / name for name in IDX_FILES)
    return {"train": (train, train_labels), "test": (test, test_labels)}


def _loose(kind: str, images: dict[str, tuple[np.ndarray, str]]) -> Source:
    """Return images by part, beside how they were stored, as a set of one class without a name."""
    parts = {part: (found, np.zeros(len(found), np.int64)) for part, (found, _) in images.items()}
    return _from_arrays(kind, parts, ("",), {part: word for part, (_, word) in images.items()})


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
        raise unreadable(str(path), error, f"is damaged or cut short ({error}); {again}") from error
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


def is_npz(path: Path) -> bool:
    """Tell whether a file is an .npz with images to train on, by its name and its table of contents alone."""
    return holds(path, [f"{word}_images" for word in PARTS["train"]])


def from_npz(path: Path) -> Source:
    """Return the set of an .npz in the MedMNIST layout; raises InputError where it is not one, or not whole."""
    arrays, unused = arrays_of(path, [f"{word}_{what}" for word in WORDS for what in ("images", "labels")])
    _check_no_unknown_part(unused, path)
    parts, modes = {}, {}
    for part in PARTS:
        word = _word_for(part, arrays, path)
        keys = (f"{word}_images", f"{word}_labels")
        present = [key in arrays for key in keys]
        if part != "train" and not any(present):
            continue
        if not all(present):
            missing = keys[present.index(False)]
            raise InputError(
                f"{path} has no array {missing!r}; the MedMNIST layout needs train_images and train_labels, "
                "and may have val_* and test_* pairs"
            )
        labels = _npz_labels(arrays[keys[1]], keys[1], path)
        images, modes[part] = _npz_images(arrays[keys[0]], f"{keys[0]} of {path}")
        if len(images) != len(labels):
            raise InputError(f"{path} has {len(images):,} {keys[0]} but {len(labels):,} {keys[1]}; make them pairs")
        parts[part] = (images, labels)
    found = _from_arrays("npz", parts, _numbered_classes(parts, str(path)), modes)
    return replace(found, skipped=[(name, "an array of no part; read are train, val and test") for name in unused])


def loose_npz(path: Path) -> Source:
    """Return the images of an .npz in the MedMNIST layout, of one class without a name, whatever its labels.

    Raises:
        InputError: it has none, or they are not whole.
    """
    arrays, unused = arrays_of(path, [f"{word}_images" for word in WORDS])
    if not arrays:
        names = ", ".join(unused) or "no array"
        raise InputError(f"{path} holds {names}; call the array of images without labels train_images")
    found = {part: f"{_word_for(part, arrays, path)}_images" for part in PARTS}
    images = {part: _npz_images(arrays[key], f"{key} of {path}") for part, key in found.items() if key in arrays}
    labels = {f"{word}_labels" for word in WORDS}
    skipped = [(name, "an array of no part; read are train, val and test") for name in unused if name not in labels]
    return replace(_loose("npz", images), skipped=skipped)


def _check_no_unknown_part(unused: list[str], path: Path) -> None:
    """Refuse images with labels that are of no part by their names, for they would be lost."""
    part = next((key.removesuffix("_images") for key in unused if key.endswith("_images")), None)
    if part is not None and f"{part}_labels" in unused:
        raise InputError(
            f"{path} has {part}_images and {part}_labels, of no part that is known; call them train_*, val_* or "
            "test_*, or save the file without them"
        )


def _word_for(part: str, arrays: dict[str, np.ndarray], path: Path) -> str:
    """What the file calls a part: `val`, `valid` or `validation`. Raises InputError where it has two of them."""
    found = [word for word in PARTS[part] if f"{word}_images" in arrays or f"{word}_labels" in arrays]
    if len(found) > 1:
        raise InputError(f"{path} has both {found[0]}_* and {found[1]}_*; keep one of them")
    return found[0] if found else part


def _npz_labels(labels: np.ndarray, key: str, path: Path) -> np.ndarray:
    """(N,), (N, 1), or (N, K) with a single 1 in each row -> (N,) int64."""
    where = f"{key} of {path}"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] > 1 and len(labels) and np.isin(labels, (0, 1)).all():
        marked = labels.astype(np.int64).sum(1)
        if (marked != 1).any():
            several, none = int((marked > 1).sum()), int((marked == 0).sum())
            raise InputError(
                f"{where} has {labels.shape[1]} labels an image ({several:,} images have several, {none:,} none), "
                f"and a study has one per image; choose a column: save {key}[:, k] as {key}, 1 or 0 for the label k"
            )
        return labels.argmax(1).astype(np.int64)
    if labels.ndim != 1:
        raise InputError(
            f"{where} has shape {labels.shape}; give one label per item, (N,) or (N, 1), or choose a column: save "
            f"{key}[:, k] as {key}"
        )
    if labels.dtype.kind not in "iu":
        raise InputError(f"{where} has dtype {labels.dtype}; labels must be integers 0, 1, 2, ...")
    if len(labels) == 0:
        raise InputError(f"{where} is empty; give at least two items per class")
    return labels.astype(np.int64)


def _npz_images(images: np.ndarray, where: str) -> tuple[np.ndarray, str]:
    """(N, H, W) or (N, H, W, 3) uint8, and how the numbers were stored, in a word."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)) or 0 in images.shape:
        raise InputError(f"{where} has shape {images.shape}; give (N, H, W), (N, H, W, 1) or (N, H, W, 3)")
    try:
        levels, word = from_numbers(images)
    except ValueError as error:
        raise InputError(f"{where} {error}") from error
    return levels, "RGB" if word == "L" and images.ndim == 4 else word
