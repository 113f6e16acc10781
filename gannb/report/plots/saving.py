"""Figures as files: PNG and SVG, the same bytes for the same figure, with the figure's data as CSV; and in a page."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from gannb.utils.figures import TIP
from gannb.utils.files import write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Saved:
    """A figure that was saved, for a page that holds it whole."""

    name: str
    png: bytes
    svg: str

    def as_element(self) -> Markup:
        """Return it as a part of a page, sharp at every size, where its marks can show their values."""
        return inline_svg(self.svg, self.name)

    def as_address(self) -> str:
        """Return it as an address, for the `src` of an element of a page."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"


def svg(figure: Figure, name: str) -> str:
    """Return the figure as SVG text on no background, the same for the same figure and name.

    What is drawn with `gid=tip(text)` shows that text where a pointer rests on it.
    """
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}), _without_font_warnings():
        figure.savefig(stream, format="svg", metadata={"Date": None}, facecolor="none")
    return re.sub(rf'<g id="{TIP}([^"]*)">', r"<g><title>\1</title>", stream.getvalue())


@contextmanager
def _without_font_warnings() -> Iterator[None]:
    """Be silent where a name has a letter, an emoji mostly, that the font lacks: its box says so in the figure."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
        yield


def png(figure: Figure, dpi: int = 110) -> bytes:
    """Return the figure as PNG."""
    stream = io.BytesIO()
    with _without_font_warnings():
        figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def save(figure: Figure, folder: Path, name: str, table: pd.DataFrame) -> Saved:
    """Write NAME.png, NAME.svg and the figure's data as NAME.csv, each whole or not at all."""
    saved = Saved(name, png(figure), svg(figure, name))
    write_bytes(folder / f"{name}.png", saved.png)
    write_text(folder / f"{name}.svg", saved.svg)
    write_text(folder / f"{name}.csv", table.to_csv(index=False))
    return saved


def inline_svg(drawing: str, name: str) -> Markup:
    """Return what `svg` returned as a part of a page, where its marks can show their values.

    name: of the figure; it is put before every id, since figures of one page share glyphs' names.
    """
    body = drawing[drawing.index("<svg") :]
    body = re.sub(r'<g id="[^"]*">', "<g>", body)
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.S)
    body = re.sub(r"<[^>]*>", lambda tag: re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", tag[0]), body)
    return Markup(body.replace("<svg ", '<svg aria-hidden="true" ', 1))
