"""What the model `Study` says of its parameters: as text, as a table, as what a shell completes.

A parameter that belongs to some media alone is marked with what their items are called. Nothing here names a parameter
but for what no model can know: the names of GAN families and arms.
"""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

from gannb.media import MEDIA
from gannb.study.model import DEFAULT_ARMS, OFFERED, PRESETS, STAGES, General, Study, choices, items_of
from gannb.utils.errors import InputError
from gannb.utils.naming import listed, nearest
from gannb.utils.parameters import values_in_words

if TYPE_CHECKING:
    from gannb.data.medium import Medium

WIDTH = 80  # characters of a line on a terminal
INDENT = 24  # characters before the meanings


def by_stage() -> dict[str, list[str]]:
    """Return the names of the parameters by the title of their stage, both in order."""
    found: dict[str, list[str]] = {title: [] for title in STAGES.values()}
    for name, field in Study.model_fields.items():
        found[STAGES[field.json_schema_extra["stage"]]].append(name)
    return found


def meaning(name: str) -> str:
    """Return what a parameter means, as the model has it (with code in backticks)."""
    return str(Study.model_fields[name].description)


def meaning_for(name: str, medium: Medium) -> str:
    """Return what a parameter means where items are of one medium, without what it means for others."""
    if name not in General.model_fields:
        return meaning(name)
    said = medium.meanings.get(name)
    return "; ".join(filter(None, (str(General.model_fields[name].description), said)))


def marked(name: str) -> str:
    """Return what a parameter means, and whose it is."""
    return f"{meaning(name)} ({items_of(name)})" if items_of(name) else meaning(name)


def default(name: str) -> str:
    """Return a parameter's default as it would be written, with what presets make of it; empty for none."""
    value = Study.model_fields[name].default
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else _written(value)
    others = {preset: given[name] for preset, given in PRESETS.items() if given.get(name, value) != value}
    return f"{text} ({', '.join(f'{preset} {n:,}' for preset, n in others.items())})" if others else text


def values(name: str) -> str:
    """Return which values a parameter takes: `smoke, laptop or gpu`, `whole number, 2 to 1,000`, `text`."""
    return listed(choices(name), "or") if name in OFFERED else values_in_words(_schema()[name])


@cache
def _schema() -> dict[str, dict[str, Any]]:
    return Study.model_json_schema()["properties"]


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ---- as text ----


def names_text(width: int = WIDTH) -> str:
    """Return the names of all parameters by stage, for the help of a command."""
    lines = []
    for title, names in by_stage().items():
        whose = dict.fromkeys(map(items_of, names))  # "" first: the general ones
        for items in whose:
            text = " ".join(name for name in names if items_of(name) == items)
            start = f"    {items:<{INDENT - 2}}" if items else f"  {title:<{INDENT}}"
            start += "  " if len(start) > INDENT + 2 else ""  # names of several media are longer than their column
            lines += textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * (INDENT + 2))
    return "\n".join(lines)


def table_text(width: int = WIDTH) -> str:
    """Return all parameters by stage with their meanings and defaults."""
    lines = []
    for title, names in by_stage().items():
        lines += ["", title] if lines else [title]
        for name in names:
            text = marked(name) + (f" [{default(name)}]" if default(name) else "")
            lines += textwrap.wrap(
                text, width, initial_indent=f"  {name:<{INDENT - 2}}", subsequent_indent=" " * INDENT,
                break_on_hyphens=False,
            )  # fmt: skip
    return "\n".join(lines)


def parameter_text(name: str, width: int = WIDTH) -> str:
    """Return everything about one parameter.

    Raises:
        InputError: there is no such parameter; says the nearest.
    """
    if name not in Study.model_fields:
        hint = nearest(name, Study.model_fields) or "`gannb parameters` lists them all."
        raise InputError(f"There is no parameter {name}; {hint}")
    stage = STAGES[Study.model_fields[name].json_schema_extra["stage"]]
    facts = {"meaning": meaning(name), "values": values(name), "default": default(name) or "none", "stage": stage}
    facts["for"] = items_of(name) or "all data"
    wrap = lambda title, text: textwrap.fill(text, width, initial_indent=f"  {title:<9}", subsequent_indent=" " * 11)  # noqa: E731
    return "\n".join([name, *(wrap(title, text) for title, text in facts.items())])


def markdown() -> str:
    """Return the table of all parameters for `docs/parameters.md`."""
    lines = ["| parameter | meaning | values | default | only for |", "| --- | --- | --- | --- | --- |"]
    for title, names in by_stage().items():
        lines.append(f"| **{title}** | | | | |")
        for name in names:
            cells = (f"`{name}`", meaning(name), values(name), _code(default(name)), items_of(name))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _code(text: str) -> str:
    value, bracket, rest = text.partition(" (")
    return f"`{value}`{bracket}{rest}" if value else ""


# ---- as completions ----


def completions(prefix: str) -> dict[str, str]:
    """Return what `--set` may go on with after a prefix, and what it means: names with `=`, or a name's values."""
    name, equals, _ = prefix.partition("=")
    if not equals:
        return {f"{each}=": marked(each) for each in Study.model_fields}
    return {f"{name}={value}": "" for value in suggestions(name)} if name in Study.model_fields else {}


def suggestions(name: str) -> list[str]:
    """Return the values of a parameter that can be named: its choices, GAN families, arms."""
    named = choices(name) + (["true", "false"] if Study.model_fields[name].annotation is bool else [])
    if name == "gan":
        named += dict.fromkeys(family for medium in MEDIA.values() for family in medium.families)
    return named + (list(DEFAULT_ARMS) if name == "arms" else [])
