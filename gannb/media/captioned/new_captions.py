"""Sentences that a GAN is asked for beside those of its training set: a file of caption and class, checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gannb.media.captioned.sentences import fault, key, unknown
from gannb.media.captioned.tables import CAPTION, CLASS, SUFFIXES, label_of, records, value_of
from gannb.media.text.reading import tidy
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, listed, nearest_class

WAY = "give the columns caption and class"


@dataclass(frozen=True, eq=False)
class NewCaptions:
    """New captions, as they stand in a file: captions (M,) str, labels (M,) int64 in 0..K-1.

    unknown: the words that stand in no caption of the data.  seen: how many of the captions do.
    """

    captions: np.ndarray
    labels: np.ndarray
    unknown: tuple[str, ...]
    seen: int

    @classmethod
    def of(cls, captions: Sequence[str], labels: Sequence[int], known: np.ndarray | None) -> NewCaptions:
        """What captions and their labels are beside the captions of the data, (N, C) str."""
        every = [] if known is None else [caption for caption in np.unique(known) if caption]
        keys = {key(caption) for caption in every}
        seen = sum(key(caption) in keys for caption in captions)
        return cls(np.array(captions), np.array(labels, np.int64), tuple(unknown(captions, every)), seen)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def digest(self) -> str:
        """The sha256 of captions and labels."""
        content = json.dumps([self.captions.tolist(), self.labels.tolist()])
        return hashlib.sha256(content.encode()).hexdigest()

    def remarks(self) -> list[str]:
        """Sentences on what a person should know of them before something is made of them."""
        told = []
        if self.unknown:
            n = len(self.unknown)
            told.append(
                f"{n:,} word{'s' * (n > 1)} of the new captions stand{'s' * (n == 1)} in no caption of the data, and a "
                f"GAN knows nothing of {'them' if n > 1 else 'it'}: {few_of(self.unknown, 20)}"
            )
        if self.seen:
            told.append(f"{self.seen:,} of {len(self):,} new captions stand in the data too, and are not new")
        return told


def read_new_captions(
    file: str | Path, classes: Sequence[str], known: np.ndarray | None, parameter: str = "new_captions"
) -> NewCaptions:
    """Read a csv, json or jsonl of caption and class.

    classes: the data's, K names.  known: the captions of the data, (N, C) str.  parameter: what names the file.
    Raises InputError, in a sentence with file and line, where the file is not there, a caption cannot be used or a
    class is none of the data's.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise InputError(f"{parameter}: there is no file {str(path)!r}; {WAY}")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{parameter}: {str(path)!r} is of a kind that is not read; give {listed(SUFFIXES, 'or')}")
    captions, labels = [], []
    for record, where in records(path, CAPTION, CLASS, WAY):
        caption, name = value_of(record, CAPTION), composed(label_of(record, where))
        caption = tidy(caption) if isinstance(caption, str) else ""
        if why := fault(caption, ""):
            raise InputError(f"{where} cannot be used ({why}); mend it or take it out")
        if name not in classes:
            there = f"there is no class {name!r}; {nearest_class(name, classes)}" if name else f"it has no class; {WAY}"
            raise InputError(f"{where}: {there}")
        captions.append(caption)
        labels.append(list(classes).index(name))
    if not captions:
        raise InputError(f"{path} holds no caption; {WAY}")
    return NewCaptions.of(captions, labels, known)
