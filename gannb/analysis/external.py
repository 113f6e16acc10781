"""The same effort spent otherwise: what a source of items from elsewhere brings, beside what the GAN's items bring."""

from __future__ import annotations

from dataclasses import dataclass

from gannb.analysis.evidence import Evidence, ExternalSource, common_trials, difference
from gannb.analysis.wording import capital, in_points
from gannb.data.medium import Nouns
from gannb.stats.estimate import Estimate
from gannb.trials.arms import PRIMARY, parse_arm

ONE_FOR_ALL = "It is the same in all trials, so the intervals speak for this one and not for others of its kind."


@dataclass(frozen=True)
class ExternalRow:
    """What a source from elsewhere brings. All of it is exploratory: shown without an answer."""

    source: str  # foreign | related
    arm: str  # `real+SOURCE+classic`
    gain: Estimate  # of that arm over `real+classic`
    gan: Estimate  # of the GAN's items over `real+classic`
    direct: Estimate  # of the source's items over the GAN's
    sentence: str


def external(evidence: Evidence) -> list[ExternalRow]:
    """Return a row per source from elsewhere whose arm is there in two trials or more."""
    rows = []
    for source, about in evidence.external.items():
        arm = parse_arm(PRIMARY[0]).with_source(source).name
        if len(common_trials(evidence, arm, *PRIMARY)) < 2:
            continue
        pairs = ((arm, PRIMARY[1]), PRIMARY, (arm, PRIMARY[0]))
        changes = [difference(evidence, *pair) for pair in pairs]
        rows.append(ExternalRow(source, arm, *changes, _sentence(evidence.nouns, source, about, *changes)))
    return rows


def _sentence(nouns: Nouns, source: str, about: ExternalSource, gain: Estimate, gan: Estimate, direct: Estimate) -> str:
    """Return what a source brings beside the GAN's items, and what has to be known of it."""
    starts = {
        "foreign": f"{capital(nouns.many)} of a GAN trained elsewhere",
        "related": f"The same effort spent on related real {nouns.many}",
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
    """Return how the sources from elsewhere were found and used, as (term, text)."""
    found, nouns = [], evidence.nouns
    if about := evidence.external.get("foreign"):
        found.append(("GAN trained elsewhere", f"{about.text} {leakage(nouns, about)} {ONE_FOR_ALL}"))
    if about := evidence.external.get("related"):
        found.append((f"Related real {nouns.many}", f"{about.text} {_of_related(evidence)}"))
    return found


def _of_related(evidence: Evidence) -> str:
    """Return what has to be known of related real items."""
    many, overlooked = evidence.nouns.many, evidence.phrases.overlooked
    return (
        "In every trial each is used at most once, as many per class as the GAN makes or what there is; the tables "
        f"count them as synthetic. Whether they show the same things or persons as test {many} is not known"
        + f"; {overlooked}" * bool(overlooked)
        + ". The intervals speak for this set of them."
    )
