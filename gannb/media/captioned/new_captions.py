"""Sentences that a GAN is asked for beside those of its training set: a file of caption and class, checked.

The module's functions are those of `gannb.data.medium.Captioning`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gannb.media.captioned.sentences import fault, key, unknown, words
from gannb.media.captioned.tables import CAPTION, CLASS, SUFFIXES, label_of, records, value_of
from gannb.media.text.reading import tidy
from gannb.utils.errors import InputError
from gannb.utils.naming import composed, few_of, listed, nearest_class

if TYPE_CHECKING:
    from gannb.data.examples import Examples
    from gannb.data.medium import Asked

__all__ = ["fault", "read", "remarks", "unknown", "words"]
WAY = "give the columns caption and class"


def read(file: str | Path, pool: Examples, parameter: str = "new_captions") -> Asked:
    """Read a csv, json or jsonl of caption and class.

    pool: the data, which say what classes there are.  parameter: what names the file.
    Raises InputError, in a sentence with file and line, where the file is not there, a caption cannot be used or a
    class is none of the data's.
    """
    path, classes = Path(file).expanduser(), list(pool.classes)
    if not path.is_file():
        raise InputError(f"{parameter}: there is no file {str(path)!r}; {WAY}")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{parameter}: {str(path)!r} is of a kind that is not read; give {listed(SUFFIXES, 'or')}")
    asked = []
    for record, where in records(path, CAPTION, CLASS, WAY):
        caption, name = value_of(record, CAPTION), composed(label_of(record, where))
        caption = tidy(caption) if isinstance(caption, str) else ""
        if why := fault(caption):
            raise InputError(f"{where} cannot be used ({why}); mend it or take it out")
        if name not in classes:
            there = f"there is no class {name!r}; {nearest_class(name, classes)}" if name else f"it has no class; {WAY}"
            raise InputError(f"{where}: {there}")
        asked.append((caption, classes.index(name)))
    if not asked:
        raise InputError(f"{path} holds no caption; {WAY}")
    return tuple(asked)


def remarks(asked: Asked, pool: Examples) -> list[str]:
    """Say which words of captions no caption of the data has, and how many of the captions are not new."""
    captions, told = [caption for caption, _ in asked], []
    known = [] if pool.captions is None else [caption for caption in np.unique(pool.captions) if caption]
    if missing := unknown(captions, known):
        n = len(missing)
        told.append(
            f"{n:,} word{'s' * (n > 1)} of the new captions stand{'s' * (n == 1)} in no caption of the data, and a "
            f"GAN knows nothing of {'them' if n > 1 else 'it'}: {few_of(missing, 20)}"
        )
    keys = {key(caption) for caption in known}
    if seen := sum(key(caption) in keys for caption in captions):
        told.append(f"{seen:,} of {len(captions):,} new captions stand in the data too, and are not new")
    return told
