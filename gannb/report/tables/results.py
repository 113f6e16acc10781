"""Tables of what came out: arms, options, claims, depth, and outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gannb.analysis.wording import change_text, interval_text, level_text
from gannb.stats import outcomes as outcome_measures
from gannb.stats.outcomes import OUTCOMES

if TYPE_CHECKING:
    from gannb.data.medium import Nouns
    from gannb.experiment.experiment import Experiment

CLASSES_SHOWN = 30  # of which the recalls are listed


def arm_means(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return, per arm, the best first, the means over trials of its sizes and scores.

    `sd`, `lowest` and `highest` are the metric's between trials. scores: the tidy table of `scores.csv`.
    """
    columns = dict.fromkeys(["n_real", "n_synthetic", metric, "accuracy", "train_accuracy", "log_loss", "ece"])
    by_trial = scores.groupby(["arm", "trial"], sort=False)[list(columns)].mean()
    means = by_trial.groupby("arm", sort=False).mean().sort_values(metric, ascending=False, kind="stable")
    return means.join(by_trial.groupby("arm")[metric].agg(sd="std", lowest="min", highest="max"))


def arms(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return, per arm, the mean of the metric over trials, its spread between trials, and what explains it."""
    columns = ["n_real", "n_synthetic", metric, "sd", "train_accuracy", "log_loss", "ece"]
    means = arm_means(scores, metric)[columns].rename(columns={"sd": "between trials (sd)"})
    return means.round(4).astype({"n_real": int, "n_synthetic": int})


def options(verdict: dict) -> pd.DataFrame:
    """Return what else could be done, an option per row as text: its change in points and its minutes."""
    rows = [
        {"option": o["option"], "change, points": interval_text(o),
         "minutes": "" if o["minutes"] is None else f"{o['minutes']:.1f}"}
        for o in verdict["options"]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["option", "change, points", "minutes"]).set_index("option")


def depth(verdict: dict, nouns: Nouns) -> pd.DataFrame:
    """Return the primary contrast by classifier as text, with the sentences on the others; empty where there is one."""
    found = verdict["depth"] or {"rows": [], "sentences": []}
    without = f"without GAN {nouns.many}, %"
    rows = [
        {"classifier": row["classifier"], "parameters": f"{row['parameters']:,}",
         without: f"{100 * row['without']:.1f}", "with, %": f"{100 * row['with']:.1f}",
         "change, points": interval_text(row), "says": says}
        for row, says in zip(found["rows"], ["", *found["sentences"]], strict=False)
    ]  # fmt: skip
    columns = ["classifier", "parameters", without, "with, %", "change, points", "says"]
    return pd.DataFrame(rows, columns=columns).set_index("classifier")


def claims(verdict: dict) -> pd.DataFrame:
    """Return the claims of the original discussion with their verdicts and numbers."""
    return pd.DataFrame(verdict["claims"]).set_index("claim")


# ---- outcomes ----


def outcomes(verdict: dict, nouns: Nouns) -> pd.DataFrame:
    """Return what else the primary contrast changed, an outcome per row as text, with intervals over trials.

    The recalls of the first 30 classes are listed; the last row says how many more `verdict.json` holds.
    """
    found = verdict["outcomes"]
    recalls = [row for row in found if row["outcome"] == "recall"]
    rows = [_outcome_texts(row) for row in found if row not in recalls[CLASSES_SHOWN:]]
    if more := len(recalls[CLASSES_SHOWN:]):
        rows.append({"outcome": f"recall of {more:,} more classes", "with": "in verdict.json"})
    table = pd.DataFrame(rows, columns=["outcome", "with", "without", "change", "trials"])
    return table.fillna("").set_index("outcome").rename(columns={"with": f"with GAN {nouns.many}"})


def _outcome_texts(row: dict) -> dict[str, str]:
    kind = OUTCOMES[row["outcome"]]
    name = kind.label if row["class"] is None else f"{kind.label}: {row['class']}"
    return {
        "outcome": name + ("" if kind.better > 0 else " (lower is better)"),
        "with": level_text(row["arm"], kind.share), "without": level_text(row["against"], kind.share),
        "change": change_text(row, kind.share), "trials": f"{row['trials']}",
    }  # fmt: skip


def reliability(experiment: Experiment) -> pd.DataFrame:
    """Return stated confidence and accuracy of the primary contrast's two arms; see `outcomes.reliability`."""
    return outcome_measures.reliability(experiment.results.predictions())


def confusion_change(experiment: Experiment) -> pd.DataFrame:
    """Return what the primary contrast changed in which class is taken for which; see `outcomes.confusion_change`."""
    return outcome_measures.confusion_change(experiment.results.predictions())
