"""What to do: every option beside classical augmentation with its gain and cost, the best, what needs no GAN, depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from gannb.analysis.controls import still_learning
from gannb.analysis.evidence import Evidence, by_trial, common_trials, difference, with_repeats
from gannb.analysis.external import leakage
from gannb.analysis.wording import capital, in_points, points
from gannb.classifiers.imbalance import BALANCING
from gannb.classifiers.ways import MEASURED, WAYS
from gannb.data.medium import Nouns
from gannb.stats.decision import Answer, bonferroni_level, decide
from gannb.stats.estimate import Estimate
from gannb.stats.settling.floor import LEAST_TRIALS
from gannb.trials.arms import (
    COPIES,
    EXTERNAL_WORDS,
    MORE,
    OF_ONE_MEDIUM,
    PRIMARY,
    YARDSTICKS,
    Arm,
    external_text,
    parse_arm,
)
from gannb.trials.contrasts import control_text, details_of
from gannb.utils.naming import listed

NO_OPTION = ("copies", "mislabelled", "fewer")  # sources that are there to compare with
BASE = PRIMARY[1]


# ---- options ----


@dataclass(frozen=True)
class Option:
    """A way to go beside classical augmentation alone."""

    arm: str
    words: str
    gain: (
        Estimate  # over `real+classic`; of the primary arm it is the answer's own, of others adjusted for their number
    )
    minutes: float | None  # of computing in a trial, with the generator; None where it is not known

    @property
    def source(self) -> str | None:
        """What the arm has beside the real items."""
        return parse_arm(self.arm).source


def options(evidence: Evidence) -> list[Option]:
    """Return the options, the largest gain first.

    The primary arm keeps the interval of the answer, so that advice and headline never contradict each other; those of
    the others are adjusted for their number (Bonferroni). How long a GAN trained elsewhere took to train is not known.
    """
    arms = [arm for arm in map(parse_arm, dict.fromkeys(evidence.scores["arm"])) if _is_option(arm)]
    arms = [arm for arm in arms if len(common_trials(evidence, arm.name, BASE)) >= 2]
    others = bonferroni_level(evidence.level, max(1, sum(arm.name != PRIMARY[0] for arm in arms)))
    found = [
        Option(
            arm.name, option_text(arm, evidence.nouns),
            difference(evidence, arm.name, BASE, evidence.level if arm.name == PRIMARY[0] else others),
            None if arm.source == "foreign" else evidence.minutes.get(arm.name),
        )
        for arm in arms
    ]  # fmt: skip
    return sorted(found, key=lambda option: -option.gain.mean)


def _is_option(arm: Arm) -> bool:
    """Tell whether an arm is a way to go; doses, variations and what is there to compare with are none.

    A way to use made items is one, and so is what has the same form without a GAN: it costs less. So is a GAN that
    learns from others as well.
    """
    known = not (arm.dose or arm.half_budget or (arm.variation and not arm.way and not arm.learns_more))
    to_compare = arm.source in NO_OPTION and not (arm.source == COPIES and arm.is_way)
    return known and arm.real and arm.classic and arm.name != BASE and not to_compare


def option_text(arm: Arm, nouns: Nouns) -> str:
    """Return an option in words."""
    sources = {"gan": f"GAN {nouns.many}", "more": f"as many real {nouns.many} again"}
    sources |= {"interpolation": f"blends of two {nouns.many}", "gaussian": f"{nouns.many} drawn from a Gaussian"}
    sources |= {name: f"{nouns.many} {whose}" for name, whose in OF_ONE_MEDIUM.items()}
    sources |= {name: external_text(name, nouns) for name in EXTERNAL_WORDS}
    sources |= {way: name for way, (_, name) in BALANCING.items()}
    parts = [nouns.transfer] if arm.pretrained else []
    parts += [f"the classifier {arm.classifier}"] if arm.classifier else []
    what = sources.get(arm.source, f"{nouns.many} from {arm.source}")
    if arm.is_way or arm.learns_more:
        what = control_text(arm, nouns) if arm.source == COPIES else ", ".join([what, *details_of(arm)])
    parts += [what] if arm.source else []
    return " with ".join(parts)


def best(found: Sequence[Option], rope: float) -> Option | None:
    """Return the option to take, or None where none helps by the rule of the answer (`decision.decide`).

    The largest gain of those that do; among gains within `rope` of it, the one that takes the least computing. More
    real items are no choice of computing and stand beside it.
    """
    winners = [option for option in found if decide(option.gain, rope) is Answer.HELPS and option.source != "more"]
    if not winners:
        return None
    most = max(option.gain.mean for option in winners)
    near = [option for option in winners if option.gain.mean >= most - rope]
    return min(near, key=lambda option: (option.minutes is None, option.minutes or 0.0))


def advice(evidence: Evidence, found: Sequence[Option], reason: str = "", way_out: str = "") -> str:
    """Return what follows for a person with such items, in a few sentences.

    found: what `options` returns. reason, way_out: why the study has no answer, and what to do about it.
    """
    if evidence.preset == "smoke":
        return "No advice: a smoke run is far too small for it."
    if reason:
        return f"No advice yet: {reason}. {way_out}"
    chosen, plain = best(found, evidence.rope), _without_augmentation(evidence)
    learning = still_learning(evidence, *(option.arm for option in found if parse_arm(option.arm).network))
    most = "" if learning else _most(found)
    said = [plain] if plain and chosen is None else [*_best_sentences(evidence, chosen, most), *filter(None, [plain])]
    more = next((option for option in found if option.arm == MORE), None)
    if more:
        said.append(f"Collecting as many real {evidence.nouns.many} again brings {in_points(more.gain)} points.")
    if learning:
        said.append(f"{capital(learning)}, and may come to more than is shown.")
    said.append(_untried(evidence, chosen))
    return " ".join(filter(None, [*said, _first_part(evidence.left_out)]))


def _first_part(left_out: str) -> str:
    """Return that fine-tuning is left out, and why; what mends it, a command, stands under the page's method."""
    return f"{left_out.split(';')[0]} (see Method)." if ";" in left_out else left_out


def _untried(evidence: Evidence, chosen: Option | None) -> str:
    """Return which ways to use a GAN's items are not tried, and what they brought elsewhere; "" where a GAN is advised.

    The ways that brought most come first.
    """
    if not evidence.untried or (chosen is not None and chosen.source == "gan"):
        return ""
    brought = {name: WAYS[name].brought for name in evidence.untried}
    ways = sorted(brought, key=lambda name: brought[name], reverse=True)
    names = listed([f"gan.{name}" for name in ways], "and")
    said = f"Of the published ways to use GAN {evidence.nouns.many}, these are not tried here: {names} (docs/ways.md)."
    least, most = (points(change, True) for change in (min(brought.values()), max(brought.values())))
    between = f"{least}" if least == most else f"between {least} and {most}"
    return f"{said} {MEASURED}, each changed accuracy by {between} points on average."


def _most(found: Sequence[Option]) -> str:
    """Return that no option brings more than so much; "" where even that is nothing, or none was tried.

    The upper ends of all intervals hold together, with the level of the answer: half of what may miss is left to the
    answer's own, half to the adjusted ones of all others.
    """
    most = max((option.gain.high for option in found if option.source != "more"), default=0.0)
    return f", and none brings more than {points(ceil(1000 * most) / 1000)} points" if most > 0 else ""


def _best_sentences(evidence: Evidence, option: Option | None, most: str) -> list[str]:
    """Return what the best option brings and takes, in sentences.

    option: None where nothing is better. most: what none exceeds, as it follows then.
    """
    if option is None:
        return [
            f"No way to make more of these {evidence.nouns.many} that was tried is shown to help beyond classical "
            f"augmentation{most}: keep to that{_own_effect(evidence)}."
        ]
    cost = f"; {_minutes(option.minutes)} of computing" if option.minutes is not None else ""
    adjusted = "" if option.arm == PRIMARY[0] else " (adjusted for the number of options)"
    gain = f"{in_points(option.gain)} points over classical augmentation alone{adjusted}"
    said = [f"Best of what was tried: {option.words}, {gain}{cost}."]
    if option.source == "foreign":
        said.append(leakage(evidence.nouns, evidence.external["foreign"]))
    return said


def _own_effect(evidence: Evidence) -> str:
    """Return what classical augmentation itself brings, behind the advice to keep to it; "" where it surely helps."""
    change = _between(evidence, BASE, "real")
    if change is None or decide(change, evidence.rope) is Answer.HELPS:
        return ""
    return f", though by itself it brings {in_points(change)} points here"


def _without_augmentation(evidence: Evidence) -> str:
    """Return that what everything is compared with is itself worse than no augmentation, where that is so; else ""."""
    change = _between(evidence, "real", BASE)
    if change is None or decide(change, evidence.rope) is not Answer.HELPS:
        return ""
    tuned = ", or let tuning choose one (tune=true)" if evidence.protocol == "draw" else ""  # which has none elsewhere
    return (
        f"Classical augmentation itself hurts here: without it the same training comes to {in_points(change)} points. "
        f"Leave it out (augmentation=none){tuned}, before anything is added to it."
    )


def _between(evidence: Evidence, arm: str, against: str) -> Estimate | None:
    """Return a difference of two arms; None where too few trials have both."""
    if len(common_trials(evidence, arm, against)) < LEAST_TRIALS:
        return None
    return difference(evidence, arm, against, evidence.level)


def _minutes(minutes: float) -> str:
    return "less than a minute" if minutes < 1 else f"about {minutes:,.0f} minute{'s' * (round(minutes) != 1)}"


# ---- what needs no GAN ----


def yardsticks(evidence: Evidence, ways: Sequence[Option], answer: Answer, reason: str = "") -> str:
    """Return, in a sentence, that what needs no GAN does as well, or helps where the GAN is not shown to; else "".

    ways: what `options` returns; answer, reason: of the study, and why there is none.
    """
    arms = [arm for arm in YARDSTICKS if len(common_trials(evidence, *PRIMARY, arm)) >= LEAST_TRIALS]
    if reason or not arms:
        return ""
    return _as_good(evidence, arms) if answer is Answer.HELPS else _better_off(evidence, ways)


def _as_good(evidence: Evidence, arms: Sequence[str]) -> str:
    """Return which yardsticks a GAN that helps is not shown to beat."""
    ahead = {arm: difference(evidence, PRIMARY[0], arm, evidence.level) for arm in arms}
    ahead = {arm: change for arm, change in ahead.items() if change.low <= 0}
    surely = {arm: change for arm, change in ahead.items() if change.high <= evidence.rope}
    shown, many = surely or ahead, evidence.nouns.many
    if not shown:
        return ""
    listed = capital(" and ".join(option_text(parse_arm(arm), evidence.nouns) for arm in shown))
    beyond = f"GAN {many} instead of them make {' and '.join(map(in_points, shown.values()))} points"
    if surely:
        return f"{listed} do as well: {beyond}, so it is not the GAN that helps."
    return f"{listed} may do as well: {beyond}, so it is not shown that it is the GAN that helps."


def _better_off(evidence: Evidence, ways: Sequence[Option]) -> str:
    """Return which yardsticks help, of a GAN that is not shown to: by the intervals that the advice goes by."""
    alone = {way.arm: way.gain for way in ways if way.arm in YARDSTICKS}
    alone = {arm: change for arm, change in alone.items() if decide(change, evidence.rope) is Answer.HELPS}
    if not alone:
        return ""
    listed = [f"{option_text(parse_arm(arm), evidence.nouns)} ({in_points(d)} points)" for arm, d in alone.items()]
    return f"Without any GAN, {' and '.join(listed)} help, where GAN {evidence.nouns.many} are not shown to."


# ---- depth ----


@dataclass(frozen=True)
class DepthRow:
    """The primary contrast with one classifier."""

    classifier: str
    parameters: int  # of its network
    with_gan: float  # means of the metric
    without: float
    change: Estimate  # 95 %


@dataclass(frozen=True)
class Depth:
    """The primary contrast by classifier: whether generated items let one use a deeper one."""

    rows: tuple[DepthRow, ...]  # the study's own classifier first
    sentences: tuple[str, ...]  # on each of the others


def depth(evidence: Evidence, level: float = 0.95, reason: str = "") -> Depth | None:
    """Return the primary contrast by classifier, or None where there is but one.

    level: of the intervals in the sentences, which answer as secondary comparisons do; the rows have 95 %. reason: why
    the study has no answer.
    """
    first, *others = list(evidence.classifiers) or [""]
    others = [name for name in others if len(common_trials(evidence, *_primary_of(name), *PRIMARY)) >= LEAST_TRIALS]
    if not others:
        return None
    rows = [_depth_row(evidence, first, *PRIMARY)]
    rows += [_depth_row(evidence, name, *_primary_of(name)) for name in others]
    return Depth(tuple(rows), tuple(_depth_sentence(evidence, first, name, level, reason) for name in others))


def _primary_of(name: str) -> tuple[str, str]:
    """Return the arms of the primary contrast with a classifier beside the study's first one."""
    arm, against = (parse_arm(primary).at(name).name for primary in PRIMARY)
    return arm, against


def _depth_row(evidence: Evidence, name: str, arm: str, against: str) -> DepthRow:
    trials = common_trials(evidence, arm, against)
    means = (float(by_trial(evidence, each, evidence.metric, trials).mean()) for each in (arm, against))
    return DepthRow(name, evidence.classifiers[name], *means, difference(evidence, arm, against))


def _depth_sentence(evidence: Evidence, first: str, name: str, level: float, reason: str) -> str:
    """Return whether the GAN's items let one use another classifier.

    It must gain by them, more than by real items again in their places where these were tried, and beat the first one.
    """
    (with_gan, without), many = _primary_of(name), evidence.nouns.many
    gain, ahead = (difference(evidence, with_gan, against, level) for against in (without, BASE))
    by = f"{in_points(gain)} points by them, {in_points(ahead)} against {first} without"
    by += " (adjusted for the number of secondary comparisons)"
    again, due = with_repeats(evidence, with_gan), gain.low > 0
    if again and len(common_trials(evidence, with_gan, again, without)) >= LEAST_TRIALS:
        repeated, beyond = difference(evidence, again, without, level), difference(evidence, with_gan, again, level)
        due = due and beyond.low > 0
        by += f"; real {many} again in their places bring it {in_points(repeated)}"
        by += f", and the GAN's {in_points(beyond)} more"
    due = due and ahead.low > 0
    if reason := reason or still_learning(evidence, without, *([] if due else [with_gan])):
        return f"Whether GAN {many} let you use {name} is undecided ({reason}): {by}."
    if due:
        return f"GAN {many} let you use {name}: {by}."
    if ahead.low > 0:
        return f"{name} is ahead, but not beyond doubt because of GAN {many}: {by}."
    if ahead.high < 0:
        return f"GAN {many} do not make {name} the better choice: {by}."
    return f"Whether GAN {many} let you use {name} is undecided: {by}."
