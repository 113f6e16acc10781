"""What the items of an external source bring, beside what those of the study's own GAN bring."""

from __future__ import annotations

from dataclasses import dataclass

from gannb.analysis.evidence import Evidence, ExternalSource, common_trials, difference
from gannb.analysis.wording import capital, in_points
from gannb.data.medium import Nouns
from gannb.generators.external import PRETRAIN
from gannb.generators.variations import TUNED, UNLABELLED
from gannb.stats.estimate import Estimate
from gannb.trials.arms import FOREIGN, PRIMARY, parse_arm

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
        sentence = _sentence(evidence.nouns, source, about, *changes) + _of_gan_that_learns(evidence, source)
        rows.append(ExternalRow(source, arm, *changes, sentence))
    return rows


def _of_gan_that_learns(evidence: Evidence, source: str) -> str:
    """Return what the items of a GAN bring that has learnt from a source's as well, to follow what these bring.

    Empty where the study has no such GAN in two trials or more.
    """
    arm = parse_arm(PRIMARY[0]).with_variation(UNLABELLED if source == "unlabelled" else TUNED)
    arm = arm.with_source(FOREIGN) if source == FOREIGN else arm
    pairs = [(arm.name, against) for against in (PRIMARY[1], arm.what_it_learnt().name, PRIMARY[0])]
    if any(len(common_trials(evidence, *pair)) < 2 for pair in pairs):
        return ""
    gain, beyond, plain = (in_points(difference(evidence, *pair)) for pair in pairs)
    many = evidence.nouns.many
    what, themselves = {
        "unlabelled": ("a GAN that has learnt from them as well", f"the pseudo-labelled {many} themselves"),
        "related": ("a GAN that has learnt from such first", f"related {many} themselves, in a stage before"),
        "foreign": ("the same GAN, fine-tuned on the draw,", f"its {many} as it came"),
    }[source]
    return (
        f" {capital(many)} of {what} made {gain} points on top of {PRIMARY[1]}: {beyond} against {themselves}, and "
        f"{plain} against a GAN of the draw alone."
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
    if about := evidence.external.get(PRETRAIN):
        found.append(("GAN pretrained on related ones", f"{about.text} {_of_pretrained(evidence)}"))
    if any(parse_arm(name).variation == TUNED for name in dict.fromkeys(evidence.scores["arm"])):
        found.append(("Fine-tuned GANs", _of_tuned(evidence)))
    if about := evidence.external.get("unlabelled"):
        found.append((f"Unlabelled {nouns.many}", f"{about.text} {_of_unlabelled(evidence)}"))
    return found


def _of_pretrained(evidence: Evidence) -> str:
    """Return what has to be known of a GAN that learns from related items before any draw."""
    return (
        f"Once for all trials a GAN learns from them, in as many steps as that of a draw. {_unknown_persons(evidence)} "
        "The intervals speak for this set of them, and for this one pretrained GAN."
    )


def _of_tuned(evidence: Evidence) -> str:
    """Return how GANs go on with a draw that have learnt from other items first."""
    return (
        "Arms named tuned have a GAN that has learnt from others first, and then from the draw, in as many steps as "
        "one of the draw alone. The lowest layers of its discriminator, in the share that freeze says, stay as they "
        "were (FreezeD, Mo et al. 2020). A class that it did not know begins anew. Whether it copies is judged by the "
        f"draw alone: {evidence.nouns.many} that it learnt before may come back."
    )


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
