"""How a parameter of a study is declared, by the study or by a medium: default, stage, meaning, limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from pydantic_core import PydanticKnownError


def parameter(default: Any, stage: int, meaning: str, **limits: Any) -> Any:
    """Return a pydantic field that knows its stage (0: the study as a whole, 1 to 5) and what it means."""
    return Field(default, description=meaning, json_schema_extra={"stage": stage}, **limits)


def checked_choice(given: str, choices: Sequence[str]) -> str:
    """Return a value if it is one of the choices; else raise what pydantic raises for a literal. For validators."""
    if given in choices:
        return given
    *others, last = map(repr, choices)
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}" if others else last})
