"""From facts to HTML: the templates, the words that they use, and content that is embedded in a page."""

from __future__ import annotations

import base64
import hashlib
import re
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


def data_uri(kind: str, content: bytes) -> str:
    """Return content of a media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def inline_svg(drawing: str, name: str) -> Markup:
    """Return an SVG file of matplotlib's as a part of a page, where its marks can show their values.

    name: of the figure; it is put before every id, since figures of one page share glyphs' names.
    """
    body = drawing[drawing.index("<svg") :]
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"<[^>]*>", lambda tag: re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", tag[0]), body)
    return Markup(body.replace("<svg ", '<svg aria-hidden="true" ', 1))
