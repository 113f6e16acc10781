"""What a sweep's map says in sentences: where a GAN's items help, where they hurt, where blends do as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from gannb.analysis.wording import ANSWERS, METRIC_NAMES, capital, in_points, interval_text, points
from gannb.data.medium import Nouns
from gannb.report import pooling
from gannb.report.kept import Result
from gannb.stats.estimate import Interval
from gannb.stats.settling.pooling import pooled
from gannb.sweep.entries import SIZES, Entry
from gannb.utils.naming import ended, listed

ALONE = "data"  # the data set where the sweep has one alone
SHOWN = 6  # places that a sentence names
LEFT = " The map shows what the other trials came to."


def answer(found: Sequence[Entry]) -> str:
    """Return the answers in a few words: `Helps in 3 of 24, hurts in 2, undecided in 19`."""
    return answer_of([entry.answer if entry.row else "" for entry in found if entry.is_gan])


def answer_of(answers: Sequence[str]) -> str:
    """Return the same of the answers at the places of GANs, "" where there is no result."""
    kinds = Counter(filter(None, answers))
    said = [f"{word} in {kinds[kind]}" for kind, word in ANSWERS.items() if kinds[kind]]
    if not said:
        return "No result yet"
    said += [f"no result in {len(answers) - kinds.total()}"] if len(answers) > kinds.total() else []
    return capital(", ".join([f"{said[0]} of {len(answers)}", *said[1:]]))


def where(found: Sequence[Entry], nouns: Nouns) -> list[str]:
    """Return where a GAN's items help, where they hurt, where they change nothing, and where blends do as well."""
    gans = [entry for entry in found if entry.is_gan and entry.row]
    if not gans:
        return []
    said = {
        "helps": f"GAN {nouns.many} help in",
        "hurts": f"GAN {nouns.many} hurt in",
        "equivalent": "They make no difference that matters in",
        "inconclusive": "Undecided are",
    }
    reasons = Counter(entry.reason for entry in gans if entry.reason)
    m = sum(entry.row is not None for entry in found)
    lines = [
        f"{text} {len(there)} of {len(gans)}{_named(there)}{_for_all(there, m)}."
        for kind, text in said.items()
        if (there := [entry for entry in gans if entry.answer == kind])
    ]
    if not any(entry.answer == "helps" for entry in gans):
        lines.insert(0, f"Nowhere on this map were GAN {nouns.many} shown to help.")
    lines += [f"In {number} of {len(gans)} there is no answer: {reason}." for reason, number in reasons.items()]
    return [*lines, *_blends(gans, nouns)]


def _named(found: Sequence[Entry]) -> str:
    """Return the places where there is something to see; where nothing is, the map tells more than their names."""
    return f": {_places(found)}" if found[0].answer in ("helps", "hurts") else ""


def _for_all(found: Sequence[Entry], m: int) -> str:
    """Return how many places have their answer at the level at which all m intervals of a map hold together, too."""
    if m < 2 or found[0].answer == "inconclusive":
        return ""
    starred = len(_starred(found))
    number = "none" if not starred else "all" if starred == len(found) > 1 else f"{starred}"
    return f"; {number} of these still {'do' if starred > 1 else 'does'} once all {m} intervals are allowed for (★)"


def _starred(found: Sequence[Entry]) -> list[Entry]:
    """Return the places whose answer stands at the level at which all intervals of the map hold together."""
    return [entry for entry in found if entry.starred]


def _places(found: Sequence[Entry]) -> str:
    """Return places in words, those that differ in their number of items together: `digits, mlp (5, 20 per class)`."""
    groups: dict[str, list[Entry]] = {}
    for entry in found:
        groups.setdefault(entry.words, []).append(entry)
    named = []
    for words, there in groups.items():
        sizes = [entry.at[SIZES] for entry in there if SIZES in entry.at]
        named.append(f"{words} ({', '.join(sizes)} per class)" if sizes else words)
    return _some(named, list(map(len, groups.values())))


def _some(names: Sequence[str], counts: Sequence[int] = ()) -> str:
    """Return the first few of many names: `a; b; and 3 more`; counts: how many each stands for, if not for one."""
    more = sum(counts[SHOWN:]) if counts else len(names[SHOWN:])
    return "; ".join(names[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _blends(gans: Sequence[Entry], nouns: Nouns) -> list[str]:
    """Return where blends of two real items do as well, for whoever needs no GAN then."""
    asked = [entry for entry in gans if entry.blends]
    if not asked:
        return []
    as_well = [entry for entry in asked if entry.blends in ("hurts", "equivalent")]
    better = [entry for entry in asked if entry.blends == "helps"]
    open_ones = len(asked) - len(as_well) - len(better)
    said = f"Blends of two real {nouns.many}, without any GAN, do as well or better in {len(as_well)} of {len(asked)}"
    said += f"; the GAN does better than they in {len(better)}" + (f" ({_places(better)})" if better else "")
    return [said + (f"; in {open_ones} that is open." if open_ones else ".")]


def advice(found: Sequence[Entry], nouns: Nouns) -> str:
    """Return what to do, in a sentence or two; "" without a result."""
    gans = [entry for entry in found if entry.is_gan and entry.row]
    if not gans:
        return ""
    helps = [entry for entry in gans if entry.answer == "helps"]
    if surely := _starred(helps):
        so = "with all intervals allowed for"
        said = f"GAN {nouns.many} are worth a try where they help {so}: {_places(surely)}."
    elif helps:
        best = max(helps, key=lambda entry: entry.row["low"])
        said = (
            f"Nothing here shows surely that GAN {nouns.many} are worth a try. Likeliest is {_places([best])}, "
            f"{interval_text(best.row)} points: confirm it on new {nouns.many}."
        )
    else:
        said = f"Nothing here shows that GAN {nouns.many} are worth a try."
    as_well = sum(entry.blends in ("hurts", "equivalent") for entry in gans)
    return said + (f" Blends of two real {nouns.many} cost no training." if as_well else "")


def multiplicity(found: Sequence[Entry], nouns: Nouns) -> str:
    """Return what many intervals at once mean for a single one of them."""
    there = [entry for entry in found if entry.row]
    m, settled = len(there), [entry for entry in there if entry.answer != "inconclusive"]
    if m < 2:
        return ""
    controls = sum(not entry.is_gan for entry in there)
    of_what = f", {m - controls} of GAN {nouns.many} and {controls} of blends" if controls else ""
    return (
        f"The map has {m} intervals{of_what}. Each has its own chance of 1 in 20 to miss, so that about {m / 20:.1f} "
        "of them do. "
        + (
            f"{len(settled)} places are settled, {len(_starred(settled))} of them also at the level at which all {m} "
            "intervals hold together with 95% (Bonferroni): these have a star. A single other one is weak evidence."
            if settled
            else "No place is settled."
        )
    )


def unfinished(sweep_cells: int, found: Mapping[str, Result], failed: Mapping[str, str]) -> list[str]:
    """Return which studies have no result, or one without some of their units; those with one reason together."""
    of_reason: dict[str, list[str]] = {}
    for name, why in failed.items():
        of_reason.setdefault(why, []).append(name)
    shown = dict(list(of_reason.items())[:SHOWN])
    lines = [f"{_some(names)}: {ended(why)}{LEFT if set(names) <= set(found) else ''}" for why, names in shown.items()]
    further = len(failed) - sum(map(len, shown.values()))
    lines += [f"Further studies with failed units: {further}."] if further else []
    missing = sweep_cells - len(set(found) | set(failed))
    return lines + ([f"Studies that are not finished yet: {missing}."] if missing else [])


# ---- all data sets together ----


def together(found: Sequence[Entry], results: Mapping[str, Result], nouns: Nouns) -> tuple[list[str], str]:
    """Return what each maker's items bring over all data sets, and why they are not pooled, where they are not."""
    there = [entry for entry in found if entry.row and not entry.reason]
    reason = _why_not(there, results, nouns)
    makers = dict.fromkeys(entry.maker for entry in there)
    return [_of_maker([e for e in there if e.maker == maker], not reason, results) for maker in makers], reason


def _why_not(there: Sequence[Entry], results: Mapping[str, Result], nouns: Nouns) -> str:
    """Return why places are not pooled over data sets; empty where they are."""
    one_of_each = {entry.at.get("data", ALONE): results[entry.study] for entry in there}
    if len(one_of_each) < pooling.FEWEST:
        return (
            f"Places of one data set share their {nouns.many} and are not independent, so that they are averaged, not "
            f"pooled; a mean over data sets with a prediction for the next one takes {pooling.FEWEST} data sets."
        )
    if groups := pooling.sharing(list(one_of_each.values())):
        said = "; ".join(f"{listed(names)} {pooling.HOW[how].format(many=nouns.many)}" for names, how in groups)
        return f"Not pooled over data sets: {said}, and would count more than once."
    if len({result.medium.name for result in one_of_each.values()}) > 1:
        return "Not pooled over data sets: their media differ."
    return ""


def _of_maker(there: Sequence[Entry], may_pool: bool, results: Mapping[str, Result]) -> str:
    """Return what a maker's items bring on average: over all data sets where they may be pooled, else on each."""
    maker, sets = there[0].maker, dict.fromkeys(entry.at.get("data", ALONE) for entry in there)
    of_set = {name: [entry.row for entry in there if entry.at.get("data", ALONE) == name] for name in sets}
    means = {name: _mean(rows) for name, rows in of_set.items()}
    metric = METRIC_NAMES[results[there[0].study].metric]
    ses = np.array([np.mean([row["se"] for row in rows]) for rows in of_set.values()])
    if may_pool and len(sets) >= pooling.FEWEST and (ses > 0).all():
        over = pooled(np.array([mean.mean for mean in means.values()]), ses)
        return (
            f"{maker}: over {len(sets)} data sets {in_points(Interval(over.mean, over.low, over.high))} points of "
            f"{metric} on average; on the next such data set the true mean would lie in "
            f"[{points(over.next_low)}, {points(over.next_high)}], with 95%."
        )
    of_each = "; ".join(
        f"{'' if name == ALONE else f'{name}, '}mean of {len(of_set[name])} places {in_points(mean)}"
        for name, mean in means.items()
    )
    return f"{maker}: {of_each} points of {metric}."


def _mean(rows: Sequence[Mapping[str, float]]) -> Interval:
    """Return the mean over places of one data set, with an interval that holds however they hang together.

    The standard deviation of a mean is at most the mean of the standard deviations, with equality where all errors are
    one (Cauchy and Schwarz): so wide is the interval, as wide as its parts are on average.
    """
    return Interval(*(float(np.mean([row[key] for row in rows])) for key in ("difference", "low", "high")))


HOW = (
    "The mean over the places of a data set has an interval as wide as theirs are on average, which holds however they "
    "hang together, since they share {many}. Over data sets it is a random-effects mean (Hartung and Knapp 2001) with "
    "a prediction interval (Higgins et al. 2009)."
)


def how(nouns: Nouns) -> str:
    """Return how places are averaged and pooled."""
    return HOW.format(many=nouns.many)
