"""Whether the GAN copies its training set: the one verdict that the page's sentence, the claim and the lights follow.

Two things show copying: a generated item that is identical with a training item (more of them than of unseen real ones,
where the medium has such by chance), and a test that flags more than half of the trials: by permutation, or of near
copies where the medium tells them (`measures.copying`: both are in its column `flagged`). How far items side with the
training set is a number beside them: chance takes that side as well, where all items lie nearest to the same few real
ones. Where copying can be judged by a given test set alone (`trials.splits.unseen`), the permutation test shows nothing
by itself: its items may come from another source than the training set, and then honest items are nearer to the latter.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import scipy

from gannb.analysis.evidence import Evidence, of_trials, per_trial, possible
from gannb.analysis.wording import in_percent, unlearnt, whole_percent
from gannb.measures.copying import LEVEL, identical_p
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS

ATTRACTION = 0.1  # up to this share of copies is taken for none
SURPRISING = 0.05  # chance below which honest items would not be flagged so often
LEADS = {
    "supported": "The GAN partly copies its training set",
    "contradicted": "No sign that the GAN copies its training set",
    "undecided": "Whether the GAN copies its training set is undecided",
}
BORNE = {"supported": "red", "contradicted": "green"}  # the light of a class that a verdict bears
COLUMNS = (
    "nearer_to_train", "flagged", "exact_duplicates", "items", "nn_ratio", "authenticity", "authenticity_of_real",
)  # fmt: skip


@dataclass(frozen=True)
class Copying:
    """What was found."""

    verdict: str  # supported | contradicted | undecided, of "it copies its training set"
    side: Estimate  # on a scale on which no copying is 0 and pure copies are 1
    flagged: int  # trials
    trials: int
    duplicates: int  # GAN items that are identical with a training item, in all trials
    items: int  # GAN items that were compared, in all trials
    sentence: str  # for the page
    number: str  # for the claim
    why: str  # the same: how it is decided, and what else was measured


def copying(evidence: Evidence) -> Copying | None:
    """Return the verdict on copying, by what was measured in raw features; None for fewer than two trials."""
    measured = {name: per_trial(evidence, name, evidence.raw_space) for name in COLUMNS}
    if any(values is None for values in measured.values()):
        return None
    side, flagged = of_trials(evidence, measured["nearer_to_train"]), int(measured["flagged"].sum())
    duplicates, items = round((measured["exact_duplicates"] * measured["items"]).sum()), int(measured["items"].sum())
    trials = len(measured["flagged"])
    usual = _usual(evidence, measured["items"])
    copied = identical_p(duplicates, items, usual / items) <= LEVEL
    verdict = _verdict(side, flagged, trials, copied, evidence.judged_elsewhere)
    found = _found(evidence, side, flagged, trials, duplicates, items, usual)
    sentence = f"{LEADS[verdict]}: {found}{_reservation(evidence, verdict, side, flagged > trials / 2)}."
    number = (
        f"copying {whole_percent(side.mean)}, flagged in {flagged} of {trials} trials, {duplicates:,} of {items:,} "
        "identical"
    )
    others = (measured[name].mean() for name in ("nn_ratio", "authenticity", "authenticity_of_real"))
    return Copying(verdict, side, flagged, trials, duplicates, items, sentence, number, _why(evidence, *others))


def _usual(evidence: Evidence, items: pd.Series) -> float:
    """Return how many of as many unseen real items would be identical with a training item, in all trials."""
    by_chance = per_trial(evidence, "identical_by_chance", evidence.raw_space)
    return 0.0 if by_chance is None else float((by_chance * items).sum())


def copying_sentence(evidence: Evidence) -> str:
    """Return in words whether the GAN's items are copies of the training set."""
    found = copying(evidence)
    return found.sentence if found else "Copying was not measured."


def light(own: str, duplicates: bool, found: Copying | None) -> str:
    """Return the light of a class: what its own numbers show, as far as the verdict on all classes bears it.

    own: the light by the class' own interval; duplicates: whether an item of the class is identical with a real one.
    """
    if own == "grey":
        return "grey"
    if duplicates and (found is None or found.verdict == "supported"):
        return "red"
    return own if found and own == BORNE.get(found.verdict) else "yellow"


def _verdict(side: Estimate, flagged: int, trials: int, copied: bool, elsewhere: bool) -> str:
    """Return the verdict. copied: items are identical with training items, more than chance has it.

    elsewhere: held-out items may be of another source, so that a flag alone shows nothing.
    """
    if copied:
        return "supported"
    if trials < LEAST_TRIALS:
        return "undecided"
    if flagged > trials / 2:
        return "undecided" if elsewhere else "supported"
    by_chance = scipy.stats.binom.sf(flagged - 1, trials, LEVEL) > SURPRISING
    return "contradicted" if by_chance and side.low <= 0 and side.high < ATTRACTION else "undecided"


def _found(
    evidence: Evidence, side: Estimate, flagged: int, trials: int, duplicates: int, items: int, usual: float
) -> str:
    """Return what was found, in words: identical items, trials that are flagged, and the side that items take."""
    nouns = evidence.nouns
    identical = f"{f'{duplicates:,}' if duplicates else 'none'} of its {items:,} {nouns.many}"
    chance = f" ({usual:.1f} of as many unseen real ones would be)" if usual else ""
    return (
        f"{identical} {'are' if duplicates > 1 else 'is'} identical with a training {nouns.one}{chance}, copying is "
        f"flagged in {flagged} of {trials} trials, and they score {in_percent(possible(side))} on a scale on which "
        f"{nouns.many} that {unlearnt(nouns, evidence.phrases)} score 0% and pure copies 100%"
    )


def _reservation(evidence: Evidence, verdict: str, side: Estimate, mostly_flagged: bool) -> str:
    """Return what else could have given an undecided study its numbers, to be added to the sentence."""
    many = evidence.nouns.many
    if verdict == "undecided" and evidence.judged_elsewhere and mostly_flagged:
        return f"; where the given test {many} come from another source, {many} that are no copies are flagged as well"
    if verdict == "undecided" and side.low > 0 and not mostly_flagged:
        return f"; {many} that all lie nearest to the same few real ones get such a score by chance as well"
    return ""


def _why(evidence: Evidence, ratio: float, authentic: float, honest: float) -> str:
    """Return how copying is decided, and what else was measured of it."""
    nouns, alike = evidence.nouns, evidence.phrases.alike
    counted = f" Copies that are {alike} are counted too." if alike else ""
    return (
        f"Decided by GAN {nouns.many} that are identical with a training {nouns.one}, and by {_tested(evidence)}. "
        f"Supported by {_enough(evidence)}, or by more than half of the trials; contradicted by neither, with a score "
        f"surely below {ATTRACTION:.0%}.{counted} Nearest-neighbour ratio {ratio:.2f} (1: none); authentic "
        f"{authentic:.0%}, of held-out real {nouns.many} {honest:.0%}."
    )


def _enough(evidence: Evidence) -> str:
    """Return in words how many identical items show copying."""
    return "more that are identical than of unseen real ones" if evidence.phrases.nearly else "one that is identical"


def _tested(evidence: Evidence) -> str:
    """Return in words the test that flags a trial."""
    nouns = evidence.nouns
    if evidence.phrases.nearly:
        return (
            f"Fisher's exact test, which flags a trial where more of its {nouns.many} are near copies than of unseen "
            f"real ones: a near copy differs from a training {nouns.one} {evidence.phrases.nearly}"
        )
    return (
        f"a permutation test, which flags a trial where its {nouns.many} keep to the training set more than they would "
        f"if unseen real {nouns.many} had been that set"
    )
