"""Figures as files: PNG and SVG, the same bytes for the same figure, with the figure's data as CSV."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from gannb.utils.figures import TIP
from gannb.utils.files import write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd


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


def save(figure: Figure, folder: Path, name: str, table: pd.DataFrame) -> tuple[Path, Path, Path]:
    """Write NAME.png, NAME.svg and the figure's data as NAME.csv, each whole or not at all; return all three."""
    files = tuple(Path(folder) / f"{name}.{ending}" for ending in ("png", "svg", "csv"))
    write_bytes(files[0], png(figure))
    write_text(files[1], svg(figure, name))
    write_text(files[2], table.to_csv(index=False))
    return files
