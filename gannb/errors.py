"""The one exception that means "the input is wrong", and the hint that a misspelt name gets."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """The person's input is wrong.

    The message is one sentence that names the file or the parameter and the way out. The command line prints it
    last on stderr and exits with 2.
    """


def nearest(name: str, names: Iterable[str], cutoff: float = 0.5) -> str:
    """Return `did you mean NAME?` for the nearest of `names` by spelling; empty where none is near."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""
