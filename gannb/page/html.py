"""From facts to HTML: the templates, the words that they use, and content that is embedded in a page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import jinja2

from gannb.words import arm_label, interval_text, row_word, typeset

ANSWERS = {
    "helps": "They help",
    "hurts": "They hurt",
    "equivalent": "No difference that matters",
    "inconclusive": "Undecided",
}


def render(template: str, **facts: Any) -> str:
    """Return a template of `page/templates/` with its facts, which are escaped."""
    loader = jinja2.PackageLoader("gannb.page", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"arm": arm_label, "interval": interval_text, "typeset": typeset}
    return environment.get_template(template).render(**facts)


def control_word(control: Mapping[str, Any]) -> str:
    """Return how a control came out, in words."""
    return row_word(dict(control) | {"role": "control"})


def data_uri(kind: str, content: bytes) -> str:
    """Return content of a media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
