"""What may leave the machine: values ready for JSON, and texts without its folders."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return the value ready for JSON: numpy numbers as numbers, nan and infinity as null, paths by their last part."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return without_paths(value) if isinstance(value, str) else value


def without_paths(text: str) -> str:
    """Return the text with absolute paths cut to their last part: a page is passed on, a machine's folders are not."""
    return re.sub(r"""(?<![\w.:/<])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'"<>:,;]+)+[/\\]([^\s/\\'"<>:,;]+)""", r"\1", text)
