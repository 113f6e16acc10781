"""The tables about how smaller classes fare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gannb.analysis.small_classes import MEASURES
from gannb.analysis.wording import arm_label, change_text, level_text


def arm_table(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """Return macro-F1 and minority recall as text, an arm per row, the best macro-F1 first."""
    rows = (verdict["small_classes"] or {"arms": []})["arms"]
    texts = [
        {"arm": arm_label(row["arm"])} | {label: level_text(row[m], share=True) for m, label in MEASURES.items()}
        for row in sorted(rows, key=lambda row: -row["macro_f1"]["mean"])
    ]
    return _table(texts, "arm")


def change_table(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """Return the changes in macro-F1 and minority recall as text, a comparison per row."""
    rows = (verdict["small_classes"] or {"contrasts": []})["contrasts"]
    texts = [
        {"compared": f"{arm_label(row['arm'])} against {arm_label(row['against'])}"}
        | {label: change_text(row[m], share=True) for m, label in MEASURES.items()}
        for row in rows
    ]
    return _table(texts, "compared")


def _table(rows: list[dict[str, str]], index: str) -> pd.DataFrame:
    """Return the rows as a table; one that says so where classes are of about equal size."""
    none = [{index: "not measured: classes are of about equal size"} | dict.fromkeys(MEASURES.values(), "")]
    return pd.DataFrame(rows or none).set_index(index)


def texts(verdict: Mapping[str, Any], notes: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return what the page shows: `notes`, and the rows of both tables; empty for classes of about equal size.

    notes: what `analysis.small_classes.notes` returns.
    """
    if not verdict["small_classes"]:
        return {}
    tables = {"arms": arm_table(verdict), "contrasts": change_table(verdict)}
    return {"notes": notes} | {name: t.reset_index().to_dict("records") for name, t in tables.items()}
