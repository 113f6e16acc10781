"""The same effort spent otherwise: what a source from outside brings, beside what GAN images bring."""

from __future__ import annotations

from typing import Any

from gannb.analysis.evidence import Evidence, as_row, common_trials, difference
from gannb.analysis.wording import interval_text
from gannb.trials.arms import PRIMARY, parse_arm

UNKNOWN = (
    "Its training data are unknown, so it cannot be excluded that it has seen test images; a gain of its images may be "
    "that."
)
SAME_DATA = "It comes from a study of these very images, so it has been trained on some of them."


def instead(evidence: Evidence) -> list[dict[str, Any]]:
    """Return a row per source from outside: {"source", "arm", "gan", "direct", "sentence"} and a difference, as usual.

    The difference is that of `real+SOURCE+classic` to `real+classic`; `gan` is that of the GAN's images, `direct` the
    source's against the GAN's, both with their intervals. All are exploratory: shown without an answer.
    """
    rows = []
    for source, about in evidence.outside.items():
        arm = parse_arm(PRIMARY[0]).with_source(source).name
        if len(common_trials(evidence, arm, *PRIMARY)) < 2:
            continue
        own, gan, direct = (as_row(difference(evidence, *pair)) for pair in (
            (arm, PRIMARY[1]), PRIMARY, (arm, PRIMARY[0])
        ))  # fmt: skip
        row = {"source": source, "arm": arm, **own, "gan": gan, "direct": direct}
        rows.append(row | {"sentence": _sentence(row, about)})
    return rows


def _sentence(row: dict[str, Any], about: dict[str, Any]) -> str:
    """Return what a source brings beside the GAN's images, and what has to be known of it."""
    starts = {"foreign": "Images of a GAN trained elsewhere", "related": "The same effort spent on related real images"}
    text = (
        f"{starts[row['source']]}: {interval_text(row)} points on top of {PRIMARY[1]}, where this study's GAN images "
        f"made {interval_text(row['gan'])}; directly compared, {interval_text(row['direct'])} against the GAN's."
    )
    return f"{text} {leakage(about)}" if row["source"] == "foreign" else text


def leakage(about: dict[str, Any]) -> str:
    """Return what is known of whether a GAN trained elsewhere has seen test images."""
    return SAME_DATA if about.get("same_data") else UNKNOWN


def facts(evidence: Evidence) -> list[tuple[str, str]]:
    """Return how the sources from outside were found and used, as (term, text)."""
    found = []
    if about := evidence.outside.get("foreign"):
        found.append(("GAN trained elsewhere", f"{about['text']} {leakage(about)} {ONE_FOR_ALL}"))
    if about := evidence.outside.get("related"):
        found.append(("Related real images", f"{about['text']} {RELATED}"))
    return found


ONE_FOR_ALL = "It is the same in all trials, so the intervals speak for this one and not for others of its kind."
RELATED = (
    "In every trial each is used at most once, as many per class as the GAN makes or what there is; the tables count "
    "them as synthetic. Whether they show the same things or persons as test images is not known; mirrored or cropped "
    "copies are not searched for, nor near duplicates below 16 pixels a side. The intervals speak for this set of them."
)
