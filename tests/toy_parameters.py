"""A medium that has parameters and reads nothing much: vectors, to try how a study's model is composed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest.mock import patch

from pydantic import BaseModel

from gannb.data.medium import Nouns
from gannb.media import MEDIA
from gannb.utils.parameters import parameter


class VectorParameters(BaseModel):
    """The parameters that belong to vectors alone."""

    length: int | None = parameter(None, 1, "numbers that a vector has", ge=2)
    scale: Literal["none", "unit"] = parameter("none", 1, "what vectors are divided by")


VECTORS = SimpleNamespace(
    name="vector", nouns=Nouns("vector", "vectors", "numbers"), parameters=VectorParameters,
    meanings={"data": "a .vec file"}, embedded={"two moons": None}, reading=("data", "length"), reading_like=(),
    arms_beside=lambda gan: (), before=(), in_any_folder=False, read_beside=(),
    usual={}, policy_names=("none", "jitter"), gan_policies=("none",), classifiers=("tiny_mlp", "wide_mlp"),
    controls={"gaussian": None, "copies": None},
    recognises=lambda data: data == "two moons" or Path(data).suffix == ".vec",
    takes_files_below=lambda data: False,
)  # fmt: skip


def only(*media: Any) -> AbstractContextManager:
    """Let there be these media and no others, within a `with`; what there was before comes back in its order."""
    return patch.dict(MEDIA, {medium.name: medium for medium in media}, clear=True)
