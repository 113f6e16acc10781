"""What the items of an external source bring, beside what those of the study's own GAN bring."""

from __future__ import annotations

from dataclasses import dataclass

from gannb.analysis.evidence import Evidence, ExternalSource, common_trials, difference
from gannb.analysis.wording import capital, in_points
from gannb.data.medium import Nouns
from gannb.generators.variations import UNLABELLED
from gannb.stats.estimate import Estimate
from gannb.trials.arms import PRIMARY, parse_arm

ONE_FOR_ALL = "It is the same in all trials, so the intervals speak for this one and not for others of its kind."


@dataclass(frozen=True)
class ExternalRow:
    """What an external source brings. All of it is exploratory: shown without an answer."""

    source: str  # foreign | related | unlabelled, the parameter
    arm: str  # `real+SOURCE+classic`
    gain: Estimate  # of that arm over `real+classic`
    gan: Estimate  # of the GAN's items over `real+classic`
    direct: Estimate  # of the source's items over the GAN's
    sentence: str


def external(evidence: Evidence) -> list[ExternalRow]:
    """Return a row per external source whose arm is there in two trials or more."""
    rows = []
    for source, about in evidence.external.items():
        arm = parse_arm(PRIMARY[0]).with_source(about.generator or source).name
        if len(common_trials(evidence, arm, *PRIMARY)) < 2:
            continue
        pairs = ((arm, PRIMARY[1]), PRIMARY, (arm, PRIMARY[0]))
        changes = [difference(evidence, *pair) for pair in pairs]
        sentence = _sentence(evidence.nouns, source, about, *changes)
        sentence += _of_gan_that_learns(evidence) if source == "unlabelled" else ""
        rows.append(ExternalRow(source, arm, *changes, sentence))
    return rows


def _of_gan_that_learns(evidence: Evidence) -> str:
    """Return what the items of a GAN bring that has learnt from unlabelled ones as well, to follow what these bring."""
    arm = parse_arm(PRIMARY[0]).with_variation(UNLABELLED)
    pairs = [(arm.name, against) for against in (PRIMARY[1], arm.pseudo_labelled().name, PRIMARY[0])]
    if any(len(common_trials(evidence, *pair)) < 2 for pair in pairs):
        return ""
    gain, beyond, plain = (in_points(difference(evidence, *pair)) for pair in pairs)
    many = evidence.nouns.many
    return (
        f" {capital(many)} of a GAN that has learnt from them as well made {gain} points on top of {PRIMARY[1]}: "
        f"{beyond} against the pseudo-labelled {many} themselves, and {plain} against a GAN of the draw alone."
    )


def _sentence(nouns: Nouns, source: str, about: ExternalSource, gain: Estimate, gan: Estimate, direct: Estimate) -> str:
    """Return what a source brings beside the GAN's items, and what has to be known of it."""
    starts = {
        "foreign": f"{capital(nouns.many)} of a GAN trained elsewhere",
        "related": f"The same effort spent on related real {nouns.many}",
        "unlabelled": f"Unlabelled {nouns.many} under pseudo-labels, without any GAN",
    }
    text = (
        f"{starts[source]}: {in_points(gain)} points on top of {PRIMARY[1]}, where this study's GAN {nouns.many} "
        f"made {in_points(gan)}; directly compared, {in_points(direct)} against the GAN's."
    )
    return f"{text} {leakage(nouns, about)}" if source == "foreign" else text


def leakage(nouns: Nouns, about: ExternalSource) -> str:
    """Return what is known of whether a GAN trained elsewhere has seen test items."""
    if about.same_data:
        return f"It comes from a study of these very {nouns.many}, so it has been trained on some of them."
    return (
        f"Its training data are unknown, so it cannot be excluded that it has seen test {nouns.many}; a gain of its "
        f"{nouns.many} may be that."
    )


def facts(evidence: Evidence) -> list[tuple[str, str]]:
    """Return how the external sources were found and used, as (term, text)."""
    found, nouns = [], evidence.nouns
    if about := evidence.external.get("foreign"):
        found.append(("GAN trained elsewhere", f"{about.text} {leakage(nouns, about)} {ONE_FOR_ALL}"))
    if about := evidence.external.get("related"):
        found.append((f"Related real {nouns.many}", f"{about.text} {_of_related(evidence)}"))
    if about := evidence.external.get("unlabelled"):
        found.append((f"Unlabelled {nouns.many}", f"{about.text} {_of_unlabelled(evidence)}"))
    return found


def _of_unlabelled(evidence: Evidence) -> str:
    """Return what has to be known of unlabelled items."""
    nouns = evidence.nouns
    return (
        f"In every trial a classifier of the draw alone labels them; nothing of the test {nouns.many} has a say in "
        "that, and whether a label is right is not known. All that have a label are used, and the tables count them as "
        "synthetic; a GAN that learns from them has as many steps as that of the draw alone, and whether it copies is "
        f"judged by the draw alone. {_unknown_persons(evidence)} The intervals speak for this set of them."
    )


def _unknown_persons(evidence: Evidence) -> str:
    """Return what no search for duplicates can tell of real items from elsewhere."""
    overlooked = evidence.phrases.overlooked
    return (
        f"Whether they show the same things or persons as test {evidence.nouns.many} is not known"
        + f"; {overlooked}" * bool(overlooked)
        + "."
    )


def _of_related(evidence: Evidence) -> str:
    """Return what has to be known of related real items."""
    return (
        "In every trial each is used at most once, as many per class as the GAN makes or what there is; the tables "
        f"count them as synthetic. {_unknown_persons(evidence)} The intervals speak for this set of them."
    )
