"""Sets of sounds that come as arrays in an .npz: clips of one length, or all in a row with offsets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gannb.data.files import natural_key
from gannb.data.npz import arrays_of, holds
from gannb.data.source import BadItem, Source, check_spelling
from gannb.media.audio.parameters import NOUNS
from gannb.media.audio.sources.files import check_length, mono
from gannb.utils.errors import InputError
from gannb.utils.naming import composed

SOUNDS, RATE, GROUPS = "audio", ("rate", "sample_rate"), ("groups", "speakers")  # and what else they are called
NAMES = {"groups": "group_names", "speakers": "speaker_names", "labels": "class_names"}
ARRAYS = (SOUNDS, "offsets", "labels", "is_test", *RATE, *GROUPS, *NAMES.values())
LAYOUT = (
    "it needs `audio`, (N, T), or one row of samples beside `offsets`, (N + 1,); `labels`, (N,); and `rate`, samples a "
    "second"
)
LAYOUT_UNLABELLED = LAYOUT.replace(" `labels`, (N,);", "")
FULL = {"int8": 2**7, "uint8": 2**7, "int16": 2**15, "int32": 2**31}  # the level that stands for 1


@dataclass(frozen=True)
class Archive:
    """A set of an .npz, and the groups of its items that the file itself gives."""

    source: Source
    groups: list[str]  # of each item, "" where it gives none
    whose: str  # the array that they are from: "speakers"


def is_npz(path: Path) -> bool:
    """Tell whether a file is an .npz with sounds, by its name and its table of contents alone."""
    return holds(path, [SOUNDS])


def from_npz(path: Path, labelled: bool = True) -> Archive:
    """Return the set of an .npz; raises InputError where it is not one, or not whole.

    labelled: else its labels are not looked at, it may have none, and all clips are of one class without a name.
    """
    unwanted = () if labelled else ("labels", NAMES["labels"])
    arrays, others = arrays_of(path, [name for name in ARRAYS if name not in unwanted])
    rate_name = next((name for name in RATE if name in arrays), None)
    needed = (SOUNDS, "labels") if labelled else (SOUNDS,)
    missing = [name for name in needed if name not in arrays] + [RATE[0]] * (rate_name is None)
    if missing:
        raise InputError(f"{path} has no array {missing[0]!r}; {LAYOUT if labelled else LAYOUT_UNLABELLED}")
    clip, lengths = _clips(arrays, path)
    rate = _rate(arrays[rate_name], f"{rate_name} of {path}")
    n = len(lengths)
    y, classes = _classes(arrays, n, path) if labelled else (np.zeros(n, np.int64), ("",))
    is_test = _is_test(arrays, n, path)
    whose = next((name for name in GROUPS if name in arrays), "")
    groups = _named(arrays, whose, n, path) if whose else [""] * n
    ids = [f"{'test' if tested else 'train'}-{i}" for i, tested in enumerate(is_test)]
    ids = [f"{name}-{group}" if group else name for name, group in zip(ids, groups, strict=True)]
    stored = _depth(arrays[SOUNDS].dtype)

    def load(i: int) -> tuple[np.ndarray, str]:
        try:
            check_length(int(lengths[i]), rate)
            return mono(clip(i)[:, None]), stored
        except BadItem as reason:
            raise BadItem(f"clip {i:,} of {path}: {reason}") from reason

    shapes = [(int(length), rate, 1) for length in lengths]
    skipped = [(name, "an array that is not read") for name in others if name not in unwanted]
    has_test = bool(is_test.any())
    return Archive(Source("npz", NOUNS, ids, y, classes, is_test, shapes, has_test, load, skipped), groups, whose)


def _clips(arrays: dict[str, np.ndarray], path: Path) -> tuple[Callable[[int], np.ndarray], np.ndarray]:
    """A clip's samples (T,) float32, 1 full scale, by its number, and the lengths of all, (N,)."""
    audio, offsets = arrays[SOUNDS], arrays.get("offsets")
    if audio.dtype.kind != "f" and audio.dtype.name not in FULL:
        raise InputError(f"{SOUNDS} of {path} has dtype {audio.dtype}; save int16, or floats in -1..1")
    _check_scale(audio, f"{SOUNDS} of {path}")
    if audio.ndim != (2 if offsets is None else 1) or audio.size == 0:
        wanted = "(N, T), or one row of samples beside `offsets`" if offsets is None else "one row of samples, (S,)"
        raise InputError(f"{SOUNDS} of {path} has shape {audio.shape}; give {wanted}")
    if offsets is None:
        offsets, audio = np.arange(len(audio) + 1) * audio.shape[1], audio.reshape(-1)
    if not _are_offsets(offsets, len(audio)):
        raise InputError(
            f"offsets of {path} must rise from 0 to {len(audio):,}, the samples of {SOUNDS}, with one more than clips"
        )
    offsets = offsets.astype(np.int64)
    middle = 2**7 if audio.dtype == np.uint8 else 0

    def clip(i: int) -> np.ndarray:
        return (audio[offsets[i] : offsets[i + 1]].astype(np.float32) - middle) / FULL.get(audio.dtype.name, 1)

    return clip, np.diff(offsets)


def _check_scale(audio: np.ndarray, where: str) -> None:
    """Refuse samples of 16 bits or less that stand in 32: beside what 32 bits can hold they are silence."""
    most = max(int(audio.max()), -int(audio.min())) if audio.dtype == np.int32 and audio.size else 2**31
    if most <= 2**15:
        raise InputError(
            f"{where} has dtype int32, whose full scale is {2**31:,}, and goes up to {most:,} only; save it as int16"
        )


def _are_offsets(offsets: np.ndarray, samples: int) -> bool:
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) < 2:
        return False
    offsets = offsets.astype(np.int64)
    return bool(offsets[0] == 0 and offsets[-1] == samples and (np.diff(offsets) >= 0).all())


def _depth(dtype: np.dtype) -> str:
    return f"{8 * dtype.itemsize}-bit float" if dtype.kind == "f" else f"{8 * dtype.itemsize} bits"


def _rate(value: np.ndarray, where: str) -> int:
    if value.size == 1 and value.dtype.kind in "iuf" and float(value.item()).is_integer() and value.item() > 0:
        return int(value.item())
    raise InputError(f"{where} is no whole number above 0; give samples a second, one number for all clips")


def _per_clip(values: np.ndarray, n: int, where: str) -> np.ndarray:
    """(N,) or (N, 1) -> (N,)."""
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (n,):
        raise InputError(f"{where} has shape {values.shape} beside {n:,} clips; give one entry for each")
    return values


def _is_test(arrays: dict[str, np.ndarray], n: int, path: Path) -> np.ndarray:
    """(N,) bool: which clips are a test set of their own."""
    if "is_test" not in arrays:
        return np.zeros(n, bool)
    values = _per_clip(arrays["is_test"], n, f"is_test of {path}")
    if values.dtype.kind not in "biu" or not np.isin(values, (0, 1)).all():
        raise InputError(f"is_test of {path} must be true or false for each clip")
    return values.astype(bool)


def _classes(arrays: dict[str, np.ndarray], n: int, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """(N,) labels 0..K-1 and the classes' names."""
    labels, where = _per_clip(arrays["labels"], n, f"labels of {path}"), f"labels of {path}"
    if labels.dtype.kind in "iu" and NAMES["labels"] not in arrays:
        found = np.unique(labels)
        if found[0] < 0 or found[-1] != len(found) - 1:
            raise InputError(
                f"{where} are {found[0]} to {found[-1]}, of which {len(found)} occur; number the classes 0, 1, 2, ... "
                "without gaps, or give names"
            )
        return labels.astype(np.int64), tuple(map(str, found.tolist()))
    _check_names_differ(arrays.get(NAMES["labels"]), path)
    names = list(map(composed, _named(arrays, "labels", n, path)))
    check_spelling(names, [f"{where}, clip {i:,}" for i in range(n)])
    classes = tuple(sorted(set(names), key=natural_key))
    place = {name: k for k, name in enumerate(classes)}
    return np.array([place[name] for name in names], np.int64), classes


def _check_names_differ(names: np.ndarray | None, path: Path) -> None:
    """Refuse two classes of one name, which would become one."""
    known = [] if names is None else [composed(str(name)).strip() for name in names.ravel()]
    twice = next((name for name in known if known.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{NAMES['labels']} of {path} names {twice!r} twice; give every class a name of its own")


def _named(arrays: dict[str, np.ndarray], name: str, n: int, path: Path) -> list[str]:
    """An array with a name a clip: names, or numbers that an array of names may go with."""
    values, where = _per_clip(arrays[name], n, f"{name} of {path}"), f"{name} of {path}"
    names = arrays.get(NAMES[name])
    if values.dtype.kind == "U":
        return values.tolist()
    if values.dtype.kind not in "iu":
        raise InputError(f"{where} has dtype {values.dtype}; give whole numbers or names")
    if names is None:
        return list(map(str, values.tolist()))
    if names.ndim != 1 or names.dtype.kind != "U" or values.min() < 0 or values.max() >= len(names):
        raise InputError(f"{NAMES[name]} of {path} must be names, one for each number in {name}")
    return names[values].tolist()
