"""What to do: every option beside classical augmentation with its gain and cost, the best of them, and depth."""

from __future__ import annotations

from typing import Any

from gannb.analysis.evidence import Evidence, as_row, by_trial, common_trials, difference
from gannb.analysis.external import leakage
from gannb.analysis.wording import interval_text
from gannb.classifiers.imbalance import BALANCING
from gannb.stats.decision import bonferroni_level
from gannb.trials.arms import EXTERNAL_WORDS, PRIMARY, Arm, parse_arm

NO_OPTION = ("copies", "mislabelled", "gaussian", "fewer")  # sources that are there to compare with
BASE = PRIMARY[1]


def options(evidence: Evidence) -> list[dict[str, Any]]:
    """Return a row per option against `real+classic`, the largest gain first.

    {"arm", "option" (in words), "difference", "low", "high", "level", "trials", "minutes" (of computing in a trial,
    with the generator; None where it is not known, as of a GAN trained elsewhere)}. The intervals are adjusted for the
    number of options (Bonferroni).
    """
    arms = [arm for arm in map(parse_arm, dict.fromkeys(evidence.scores["arm"])) if _is_option(arm)]
    arms = [arm for arm in arms if len(common_trials(evidence, arm.name, BASE)) >= 2]
    level = bonferroni_level(0.95, max(1, len(arms)))
    rows = []
    for arm in arms:
        found = difference(evidence, arm.name, BASE, level)
        minutes = None if arm.source == "foreign" else evidence.minutes.get(arm.name)
        rows.append({"arm": arm.name, "option": option_text(arm), **as_row(found), "level": level, "trials": found.n,
                     "minutes": minutes})  # fmt: skip
    return sorted(rows, key=lambda row: -row["difference"])


def _is_option(arm: Arm) -> bool:
    """Tell whether an arm is a way to go; doses, variations and what is there to compare with are none."""
    plain = not (arm.variation or arm.dose or arm.half_budget)
    return plain and arm.real and arm.classic and arm.name != BASE and arm.source not in NO_OPTION


def option_text(arm: Arm) -> str:
    """Return an option in words."""
    sources = {"gan": "GAN images", "more": "as many real images again"}
    sources |= {name: text.format(many="images") for name, text in EXTERNAL_WORDS.items()}
    sources |= {way: name for way, (_, name) in BALANCING.items()}
    parts = ["fine-tuning a pretrained network"] if arm.pretrained else []
    parts += [f"the classifier {arm.classifier}"] if arm.classifier else []
    parts += [sources.get(arm.source, f"images from {arm.source}")] if arm.source else []
    return " with ".join(parts)


def best(rows: list[dict[str, Any]], rope: float) -> dict[str, Any] | None:
    """Return the option to take, or None where no interval lies wholly above 0.

    The largest gain of those that do; among gains within `rope` of it, the one that takes the least computing. More
    real images are no choice of computing and stand beside it.
    """
    winners = [row for row in rows if row["low"] > 0 and parse_arm(row["arm"]).source != "more"]
    if not winners:
        return None
    most = max(row["difference"] for row in winners)
    near = [row for row in winners if row["difference"] >= most - rope]
    return min(near, key=lambda row: (row["minutes"] is None, row["minutes"] or 0.0))


def advice(evidence: Evidence, rows: list[dict[str, Any]]) -> str:
    """Return what follows for a person with such images, in a few sentences. rows: what `options` returns."""
    if evidence.preset == "smoke":
        return "No advice: a smoke run is far too small for it."
    found = best(rows, evidence.rope)
    if found is None:
        said = [
            "Nothing that was tried is better than classical augmentation alone beyond doubt, by intervals adjusted "
            "for the number of options: stay with that."
        ]
    else:
        cost = f"; {_minutes(found['minutes'])} of computing" if found["minutes"] is not None else ""
        gain = f"{interval_text(found)} points over classical augmentation alone (adjusted for the number of options)"
        said = [f"Best of what was tried: {found['option']}, {gain}{cost}."]
        if parse_arm(found["arm"]).source == "foreign":
            said.append(leakage(evidence.outside["foreign"]))
    more = next((row for row in rows if row["arm"] == "real+more+classic"), None)
    if more:
        said.append(f"As many real images again, if you can collect them: {interval_text(more)} points.")
    return " ".join([*said, evidence.left_out]).strip()


def _minutes(minutes: float) -> str:
    return "less than a minute" if minutes < 1 else f"about {minutes:,.0f} minute{'s' * (round(minutes) != 1)}"


# ---- depth ----


def depth(evidence: Evidence, level: float = 0.95) -> dict[str, Any] | None:
    """Return the primary contrast by classifier, or None where there is but one.

    level: of the intervals in the sentences, which answer as secondary comparisons do; the rows have 95 %.

    `rows`: {"classifier", "parameters", "without", "with" (means of the metric), "difference", "low", "high"}, the
    study's own classifier first. `sentences`: whether GAN images let one use each of the others.
    """
    others = [name for name in list(evidence.classifiers)[1:] if _has(evidence, name)]
    if not others:
        return None
    first, *_ = evidence.classifiers
    rows = [_depth_row(evidence, first, *PRIMARY)]
    rows += [_depth_row(evidence, name, *_primary_of(name)) for name in others]
    return {"rows": rows, "sentences": [_depth_sentence(evidence, first, name, level) for name in others]}


def _primary_of(name: str) -> tuple[str, str]:
    first, second = (parse_arm(arm).at(name).name for arm in PRIMARY)
    return first, second


def _has(evidence: Evidence, name: str) -> bool:
    return len(common_trials(evidence, *_primary_of(name), *PRIMARY)) >= 2


def _depth_row(evidence: Evidence, name: str, arm: str, against: str) -> dict[str, Any]:
    trials = common_trials(evidence, arm, against)
    means = {key: float(by_trial(evidence, a, evidence.metric, trials).mean()) for key, a in
             (("with", arm), ("without", against))}  # fmt: skip
    about = {"classifier": name, "parameters": evidence.classifiers[name]}
    return about | means | as_row(difference(evidence, arm, against))


def _depth_sentence(evidence: Evidence, first: str, name: str, level: float) -> str:
    """Return whether GAN images let one use another classifier: it must gain by them, and beat the first without."""
    with_gan, without = _primary_of(name)
    gain, ahead = (difference(evidence, with_gan, against, level) for against in (without, BASE))
    by = f"{interval_text(as_row(gain))} points by them, {interval_text(as_row(ahead))} against {first} without"
    by += " (adjusted for the number of secondary comparisons)"
    if ahead.low > 0 and gain.low > 0:
        return f"GAN images let you use {name}: {by}."
    if ahead.low > 0:
        return f"{name} is ahead, but not beyond doubt because of GAN images: {by}."
    if ahead.high < 0:
        return f"GAN images do not make {name} the better choice: {by}."
    return f"Whether GAN images let you use {name} is undecided: {by}."
