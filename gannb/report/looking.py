"""A look at a study's answer: its evidence, the level that is left for its interval, its verdict; counted for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gannb.analysis.evidence import Evidence, common_trials, gather
from gannb.analysis.verdict import Verdict, decide
from gannb.analysis.wording import METRIC_NAMES, at_least, percent
from gannb.experiment.ledger import Looks, changed, looks_now
from gannb.stats.settling.looks import went_back
from gannb.trials.arms import PRIMARY
from gannb.utils.naming import listed

if TYPE_CHECKING:
    from gannb.experiment.experiment import Experiment


@dataclass(frozen=True, eq=False)
class Looked:
    """What a look at a study's answer found."""

    evidence: Evidence
    verdict: Verdict
    looks: Looks


def look(experiment: Experiment) -> Looked:
    """Decide a study by what is finished of it, and record in its ledger that its answer was looked at.

    The level of the primary interval is what the looks so far have left for it. It is recorded before anybody reads
    the answer, so that no look goes uncounted.

    Raises:
        InputError: there is not enough for a verdict yet (see `gather`), or a unit or the ledger is damaged.
        Failed: so many units failed that there is nothing to compare.
    """
    experiment.results.check_whole()
    evidence = gather(experiment)
    looks = looks_now(experiment, len(common_trials(evidence, *PRIMARY)))
    evidence = replace(evidence, level=looks.spent.level)
    verdict = decide(evidence)
    verdict = replace(verdict, problems=(*verdict.problems, *problems(looks)))
    change = verdict.contrasts[0].change
    interval = {"difference": change.mean, "low": change.low, "high": change.high, "level": change.level}
    looks.record(experiment.folder, str(verdict.answer), interval)
    return Looked(evidence, verdict, looks)


def to_json(looks: Looks) -> dict[str, Any]:
    """Return the looks as they stand in `verdict.json`."""
    spent = looks.spent
    return {"number": spent.looks, "settings": spent.plans, "level": spent.level, "together": spent.together}


# ---- in words ----


def looks_text(looks: Looks) -> str:
    """Return how often the answer was looked at, and what follows for its interval."""
    spent, (trials, most) = looks.spent, (looks.present.trials, looks.present.most)
    of = f" of at most {most}" if most > trials else ""
    if spent.looks == 1:
        return f"Looked at once, after {trials}{of} trials; level {percent(spent.level)}."
    settings = "one setting" if spent.plans == 1 else f"{spent.plans} settings"
    return (
        f"Looked at {spent.looks} times under {settings}, now after {trials}{of} trials; level {percent(spent.level)}. "
        "Every look is one more chance to err, so the chance of 5% is divided among them (Lan and DeMets 1983): all "
        f"intervals of the answer that were shown hold together with at least {at_least(spent.together)}."
    )


def problems(looks: Looks) -> list[str]:
    """Return what must stand above the answer: a rule that was changed after a look, trials beyond what was planned."""
    found = changed(looks.chain)
    planned, said = found.pop("trials_most", []), []
    if found:
        rules = listed([_change_text(name, values) for name, values in found.items()])
        said.append(f"The rule was changed after a look at the answer: {rules}.")
    if planned:
        beyond = "went on beyond what was planned" if planned[-1] == max(planned) else "were planned anew"
        numbers = " to ".join(map(str, planned))
        said.append(f"Trials {beyond}, after a look at the answer: from {numbers}.")
    elif went_back([entry.look for entry in looks.chain]):
        said.append("The answer is read after fewer trials than it had been looked at before.")
    if said:
        said[-1] += (
            f" Who changes a rule often enough finds an answer that pleases, so the interval is at "
            f"{percent(looks.spent.level)} here, and all that were shown hold together with at least "
            f"{at_least(looks.spent.together)}."
        )
    return said


def _change_text(name: str, values: Sequence[Any]) -> str:
    """Return what a parameter was changed from and to."""
    if name == "data":
        return "the data"
    if name == "version":
        return "how gannb trains (another version)"
    return f"{name} from {' to '.join(map(_value_text, values))}"


def _value_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return METRIC_NAMES.get(str(value), str(value))
