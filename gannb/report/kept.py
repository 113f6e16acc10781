"""What one study keeps of its result: enough to put it beside others, without its data or its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gannb.analysis.controls import SMOKE
from gannb.analysis.verdict import read_verdict
from gannb.analysis.wording import primary_of
from gannb.data.examples import FIRST_MEDIUM
from gannb.media import medium_with
from gannb.study.folder import read_record
from gannb.trials.arms import PRIMARY
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.data.medium import Medium


@dataclass(frozen=True)
class Result:
    """What one study keeps of its result."""

    folder: Path
    record: Mapping[str, Any]  # study.json
    verdict: Mapping[str, Any]  # verdict.json
    scores: pd.DataFrame  # scores.csv

    @property
    def name(self) -> str:
        """The study's name."""
        return str(self.record["parameters"]["name"])

    @property
    def medium(self) -> Medium:
        """What the study's items are."""
        resolved = self.record["resolved"]
        return medium_with(resolved.get("medium", FIRST_MEDIUM), resolved.get("traits", {}))

    @property
    def metric(self) -> str:
        """What the answer is by."""
        return str(self.verdict["metric"])

    @property
    def reason(self) -> str:
        """Why there is no answer, whatever the interval; empty where it stands."""
        return reason_of(self.record, self.verdict)

    @property
    def answer(self) -> str:
        """The answer; none where there is a reason against it."""
        return "inconclusive" if self.reason else str(self.verdict["answer"])

    @property
    def primary(self) -> Mapping[str, Any]:
        """The primary contrast."""
        return primary_of(self.verdict)

    @cached_property
    def means(self) -> pd.DataFrame:
        """By arm of the primary contrast, the mean of every number in the scores over the trials that both have."""
        by_trial = self.scores.groupby(["arm", "trial"]).mean(numeric_only=True).loc[list(PRIMARY)]
        of_both = by_trial.groupby("trial").transform("size") == len(PRIMARY)
        return by_trial[of_both].groupby("arm").mean()


def reason_of(record: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """Return why a study has no answer, whatever its interval; empty where it stands.

    Verdicts of earlier versions gave none; a smoke run has no answer in any of them.
    """
    smoke = record["parameters"].get("preset") == "smoke"
    return str(verdict.get("reason", "")) or (SMOKE if smoke else "")


def read_result(folder: str | Path) -> Result:
    """Return what a study's folder keeps of its result.

    Raises:
        InputError: there is no study in the folder, or it has no result yet; names the file.
    """
    folder = Path(folder).expanduser().resolve()
    record, verdict = read_record(folder), read_verdict(folder)
    if "of" not in verdict:
        raise InputError(f"The verdict of {folder} is of an earlier version; write it again, with `gannb report`.")
    try:
        scores = pd.read_csv(folder / "scores.csv")
    except (OSError, ValueError):
        raise InputError(f"{folder / 'scores.csv'} cannot be read; write it again with `gannb report`.") from None
    return Result(folder, record, verdict, scores)
