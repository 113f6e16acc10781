"""From facts to HTML: the templates, and the words that they use."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from gannb.analysis.wording import arm_label, capital, interval_text, row_word, typeset

ANSWERS = {
    "helps": "They help",
    "hurts": "They hurt",
    "equivalent": "No difference that matters",
    "inconclusive": "Undecided",
}
SCRIPT = Path(__file__).parent / "templates" / "page.js"


def render(template: str, **facts: Any) -> str:
    """Return a template of `page/templates/` with its facts, which are escaped.

    The page may run its own script and no other: its content security policy has the script's hash.
    """
    loader = jinja2.PackageLoader("gannb.report.page", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"arm": arm_label, "capital": capital, "interval": interval_text, "typeset": typeset}
    script = SCRIPT.read_text(encoding="utf-8")
    environment.globals |= {"script": Markup(script), "script_hash": script_hash(script)}
    return environment.get_template(template).render(**facts)


def script_hash(script: str) -> str:
    """Return a script's source expression in a content security policy (W3C CSP level 3, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}"


def control_word(control: Mapping[str, Any]) -> str:
    """Return how a control came out, in words."""
    return row_word(dict(control) | {"role": "control"})
