"""Tables of what was read, and of how it is divided into trials."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING

import pandas as pd

from gannb.media import medium_of
from gannb.utils.naming import counted, few_of

if TYPE_CHECKING:
    from gannb.data.examples import Dataset
    from gannb.data.medium import Nouns
    from gannb.experiment.experiment import Experiment


def data_summary(dataset: Dataset, nouns: Nouns) -> pd.DataFrame:
    """Return what was read, one fact per row."""
    report = dataset.report
    facts = {
        "items": f"{len(dataset.pool) + (0 if dataset.test is None else len(dataset.test)):,}",
        "given test set": "none" if dataset.test is None else f"{len(dataset.test):,} items",
        "classes": f"{dataset.pool.n_classes}",
        "classes held out": ", ".join(dataset.held_out.pool.classes) if dataset.held_out else "none",
        "size": medium_of(dataset).shape_text(dataset.pool.shape),
        "brought to": report.brought_to,
        "as they came": ", ".join(f"{n:,} of {shape}" for shape, n in list(report.shapes.items())[:4]),
        f"kinds of {nouns.raw}": ", ".join(f"{n:,} {mode}" for mode, n in report.modes.items()),
        "exact duplicates": f"{sum(map(len, report.exact_duplicates)):,} items in {_sets(report.exact_duplicates)}",
        "near duplicates": f"{sum(map(len, report.near_duplicates)):,} items in {_sets(report.near_duplicates)}",
        f"same {nouns.one}, other class": _sets(report.label_conflicts),
        "near duplicates left apart": f"{report.links_cut:,} pairs, of chains too long to keep together",
        "left out of the pool": f"{len(report.removed_from_pool):,} (they are linked to a test item)",
        "skipped": few_of([f"{file}: {reason}" for file, reason in report.skipped], 5) or "none",
        "content fingerprint": dataset.fingerprint[:16],
    }
    return pd.DataFrame({"value": facts})


def _sets(found: Sized) -> str:
    return counted(len(found), "set", "sets")


def class_counts(dataset: Dataset) -> pd.DataFrame:
    """Return items per class, one row per class and part (the pool, and a given test set)."""
    parts = {"pool": dataset.pool} | ({} if dataset.test is None else {"test": dataset.test})
    rows = [
        {"class": name, "part": part, "items": int(n)}
        for part, examples in parts.items()
        for name, n in zip(examples.classes, examples.counts(), strict=True)
    ]
    return pd.DataFrame(rows)


def duplicates(dataset: Dataset) -> pd.DataFrame:
    """Return the sets of exact and near duplicates and of equal items under two classes, a row each."""
    kinds = {
        "exact": dataset.report.exact_duplicates,
        "near": dataset.report.near_duplicates,
        "other class": dataset.report.label_conflicts,
    }
    rows = [{"kind": kind, "items": len(ids), "ids": ", ".join(ids[:6])} for kind in kinds for ids in kinds[kind]]
    none = [{"kind": "none found", "items": 0, "ids": ""}]
    return pd.DataFrame(rows or none)


def draws(experiment: Experiment) -> pd.DataFrame:
    """Return the sizes of every trial's training set, reserve and test set."""
    found = [(t, experiment.results.draw(t)) for t in experiment.results.done(1)]
    rows = [{"trial": t, "train": len(d.train), "reserve": len(d.reserve), "test": len(d.test)} for t, d in found]
    return pd.DataFrame(rows, columns=["trial", "train", "reserve", "test"]).set_index("trial")
