"""What several studies say together: their answers pooled by random effects, where they are independent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from gannb.analysis.wording import METRIC_NAMES, in_points, points
from gannb.data.medium import Nouns
from gannb.data.sketch import share_items
from gannb.report.kept import Result
from gannb.stats.estimate import Interval
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.stats.settling.pooling import Pooled, pooled
from gannb.utils.naming import listed

FEWEST = 3  # studies; of two the interval of their mean is a dozen times as wide, and there is none for the next one
HOW = {  # two studies hang together, the strongest first, in words
    "same": "are on the same {many}",
    "shared": "share {many}",
    "source": "have their {many} from the same source",
}


def sharing(results: Sequence[Result]) -> list[tuple[list[str], str]]:
    """Return the studies that hang together: the names of each such group, and how, as a key of `HOW`."""
    pairs = {(i, j): _how(results[i], results[j]) for i, j in combinations(range(len(results)), 2)}
    found = []
    for how in HOW:
        groups = _chained([pair for pair, kind in pairs.items() if kind == how])
        found += [([results[i].name for i in sorted(group)], how) for group in groups]
    return found


def _chained(pairs: Sequence[tuple[int, int]]) -> list[set[int]]:
    """Return the groups whose members are linked by pairs, directly or through others."""
    groups: list[set[int]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touched] + [set(pair).union(*touched)]
    return groups


def _how(one: Result, other: Result) -> str:
    """Return how two studies hang together, by their data's fingerprint, items and source; empty where they do not."""
    if one.record["fingerprint"] == other.record["fingerprint"]:
        return "same"
    if share_items(_sketch(one), _sketch(other)):
        return "shared"
    return "source" if one.record["parameters"]["data"] == other.record["parameters"]["data"] else ""


def _sketch(result: Result) -> Sequence[str]:
    return result.verdict["of"].get("sketch") or ()


# ---- whether they are pooled ----


def why_not(results: Sequence[Result], nouns: Nouns) -> str:
    """Return why three or more studies are not pooled, and the way out; empty where they are."""
    reasons = (
        _of_smoke,
        _unanswered,
        _of_two_trials,
        _earlier,
        _hanging_together,
        _of_several_metrics,
        _of_several_media,
        _without_spread,
    )
    return next((reason for each in reasons if (reason := each(results, nouns))), "")


def _named(results: Sequence[Result], is_so: Callable[[Result], bool]) -> str:
    names = [result.name for result in results if is_so(result)]
    return listed(names) if names else ""


def _of_smoke(results: Sequence[Result], _: Nouns) -> str:
    names = _named(results, lambda result: result.record["parameters"].get("preset") == "smoke")
    return names and f"{names} is far too small for a verdict (preset=smoke); leave it out."


def _unanswered(results: Sequence[Result], _: Nouns) -> str:
    first = next((result for result in results if result.reason), None)
    return f"{first.name} has no answer ({first.reason}), and its effect says nothing; leave it out." if first else ""


def _of_two_trials(results: Sequence[Result], _: Nouns) -> str:
    names = _named(results, lambda result: result.primary["trials"] < LEAST_TRIALS)
    return names and f"an answer takes {LEAST_TRIALS} trials or more, and {names} had fewer; leave it out."


def _earlier(results: Sequence[Result], nouns: Nouns) -> str:
    names = _named(results, lambda result: "se" not in result.primary or not _sketch(result))
    return names and (
        f"what {names} kept is of an earlier version, without the standard error and the sketch of the {nouns.many} "
        "that it takes; write it again with `gannb report`."
    )


def _hanging_together(results: Sequence[Result], nouns: Nouns) -> str:
    groups = sharing(results)
    if not groups:
        return ""
    said = "; ".join(f"{listed(names)} {HOW[how].format(many=nouns.many)}" for names, how in groups)
    return f"{said}, and would count more than once; compare with one of them alone."


def _of_several_metrics(results: Sequence[Result], _: Nouns) -> str:
    metrics = sorted({METRIC_NAMES[result.metric] for result in results})
    return f"a mean over {listed(metrics)} means nothing." if len(metrics) > 1 else ""


def _of_several_media(results: Sequence[Result], _: Nouns) -> str:
    media = sorted({result.medium.nouns.many for result in results})
    return f"a mean over {listed(media)} means nothing." if len(media) > 1 else ""


def _without_spread(results: Sequence[Result], _: Nouns) -> str:
    names = _named(results, lambda result: not result.primary["se"] > 0)
    return names and f"{names} has no standard error above 0."


# ---- what they say together ----


def of_all(results: Sequence[Result]) -> Pooled:
    """Return the primary contrast of the studies, pooled; see `why_not`."""
    effects, ses = ([result.primary[key] for result in results] for key in ("difference", "se"))
    return pooled(np.array(effects, dtype=float), np.array(ses, dtype=float))


def row(results: Sequence[Result]) -> Mapping[str, Any]:
    """Return the studies together as a row of the figure: `difference`, `low`, `high`, `next_low` and `next_high`."""
    found = of_all(results)
    next_one = f"next data set [{points(found.next_low)}, {points(found.next_high)}]"
    return {
        "study": f"All {len(results)} together", "about": next_one, "difference": found.mean, "low": found.low,
        "high": found.high, "next_low": found.next_low, "next_high": found.next_high,
    }  # fmt: skip


def sentences(results: Sequence[Result], nouns: Nouns) -> list[str]:
    """Return what the studies say together, and what that can and cannot say."""
    found, k = of_all(results), len(results)
    mean, metric = in_points(Interval(found.mean, found.low, found.high)), METRIC_NAMES[results[0].metric]
    return [
        f"Together: on average over data sets like these {k}, GAN {nouns.many} changed {metric} by {mean} points. On "
        f"the next such data set the true change would lie in [{points(found.next_low)}, {points(found.next_high)}] "
        f"points, with 95%. {_spread(found)}",
        "That is a random-effects mean (Hartung and Knapp 2001), and a prediction interval for what comes next "
        "(Higgins et al. 2009). It can say what to expect of a further set of this kind, tried in these ways; it "
        "cannot say what holds for one of these sets, for which its own row stands. It takes the studies as a fair "
        f"choice: one that was left out for its answer makes it wrong. And {k} studies show roughly, no more, how much "
        "data sets differ.",
    ]


def _spread(found: Pooled) -> str:
    """Return in words how much the studies differ beyond their own uncertainty."""
    if found.between_sd == 0:
        return "The studies differ no more than their own intervals let expect."
    return (
        f"Between data sets the true change has a standard deviation of about {points(found.between_sd)} points; "
        f"{found.share_between:.0%} of the spread of the answers is that, the rest is their own uncertainty."
    )
