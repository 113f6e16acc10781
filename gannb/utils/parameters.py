"""How a parameter is declared, by the study or by a medium: default, stage, meaning, limits; its values in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from pydantic_core import PydanticKnownError

from gannb.utils.naming import listed


def parameter(default: Any, stage: int, meaning: str, **limits: Any) -> Any:
    """Return a pydantic field that knows its stage (0: the study as a whole, 1 to 5) and what it means."""
    return Field(default, description=meaning, json_schema_extra={"stage": stage}, **limits)


def values_in_words(schema: dict[str, Any]) -> str:
    """Return which values a parameter's JSON schema takes: `smoke, laptop or gpu`, `whole number, 2 to 1,000`."""
    if "anyOf" in schema:
        return "; or ".join(values_in_words(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return listed(list(map(str, schema["enum"])), "or")
    if schema.get("type") == "array":
        return f"several {values_in_words(schema['items'])}s, with commas"
    kinds = {"integer": "whole number", "number": "number", "boolean": "true or false"}
    kind = kinds.get(schema.get("type", ""), "text")
    return ", ".join(filter(None, (kind, _range(schema))))


def _range(schema: dict[str, Any]) -> str:
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    parts = {"from {:,}": low, "above {:,}": above, "to {:,}": high, "below {:,}": below}
    return ", ".join(text.format(limit) for text, limit in parts.items() if limit is not None)


def whole_number(given: Any) -> int:
    """Return a whole number, also one that is written as text, as 1e3 or as 200.0.

    Raises ValueError, TypeError or OverflowError for anything else.
    """
    number = float(given)
    if isinstance(given, bool) or number != int(number):
        raise ValueError("not a whole number")
    return int(number)


def checked_choice(given: str, choices: Sequence[str]) -> str:
    """Return a value if it is one of the choices; else raise what pydantic raises for a literal. For validators."""
    if given in choices:
        return given
    raise PydanticKnownError("literal_error", {"expected": listed([repr(choice) for choice in choices], "or")})
