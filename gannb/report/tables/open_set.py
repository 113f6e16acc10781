"""The table about classes that training never saw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gannb.analysis.open_set import MEASURES, meanings, share_text
from gannb.analysis.wording import interval_text
from gannb.data.medium import Nouns

SCORE_NAMES = {"known": "known classes", "other": "“other” alone"}
HEADINGS = {"auroc": "AUROC, %", "far": "accepted falsely, %", "known": "known classes, %"}


def table(part: Mapping[str, Any] | None, nouns: Nouns) -> pd.DataFrame:
    """Return a row per method and score as text; a row that says so where no class is held out."""
    if part is None:
        return pd.DataFrame({"classes held out": ["none (held_out names them)"]})
    words = meanings(nouns)
    rows = [
        {"“other” is trained on": words[row["method"]], "score": SCORE_NAMES[row["score"]], **_cells(row)}
        for row in part["rows"]
    ]
    return pd.DataFrame(rows)


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a measure's mean and, in points, its change against maximum softmax, for every measure."""
    changes = row.get("change", {}) if row["trials"] >= 2 else {}
    return {
        HEADINGS[m]: share_text(row[m]["mean"]) + (f" ({interval_text(changes[m])})" if changes else "")
        for m in MEASURES
    }
