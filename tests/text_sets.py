"""Small sets of text files, as a kind of items that are no images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gannb.data.files import FileKind
from gannb.data.medium import Nouns
from gannb.data.source import BadItem


def words(path: Path) -> tuple[np.ndarray, str]:
    """A toy of items: the letters of a file, at least one."""
    if not (text := path.read_text()):
        raise BadItem("it is empty")
    return np.frombuffer(text.encode(), np.uint8), "text"


TEXTS = FileKind(
    Nouns("utterance", "utterances", "letters"), frozenset({".txt"}), frozenset({".doc"}),
    header=lambda path: (path.stat().st_size,), decode=words, on_bad="on_bad_utterance",
)  # fmt: skip


def texts(root: Path, **files: str) -> Path:
    for name, content in ({"a/1.txt": "one", "a/2.txt": "three", "b/1.txt": "six"} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root
