"""Every sentence that a verdict can say, in one table to be read: `wording.txt`; and how numbers and arms are said.

After a change of words, write it anew with `python -m analysis.test_wording` in the folder of the tests, read it, and
commit it.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_evidence import CONVERGENCE, SOUND, WORDS, evidence, with_depth

from gannb.analysis.claims import YARDSTICKS, claims
from gannb.analysis.class_lights import CRITERIA, advice, explained
from gannb.analysis.controls import CONVERGED
from gannb.analysis.copying import copying_sentence
from gannb.analysis.evidence import Evidence, ExternalSource, difference
from gannb.analysis.external import external, facts
from gannb.analysis.open_set import Measures, OpenSetRow, cost
from gannb.analysis.open_set import sentence as open_set_sentence
from gannb.analysis.options import depth, options, yardsticks
from gannb.analysis.small_classes import notes
from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import decide as verdict_of
from gannb.analysis.verdict import disagreement, problems, sensitivity, sentence, where_sentence
from gannb.analysis.wording import arm_label, in_percent, interval_text, points, row_word, typeset
from gannb.analysis.worth import worth_sentence
from gannb.classifiers.imbalance import BALANCING
from gannb.media.image.pretrained import missing_sentence
from gannb.stats.decision import decide
from gannb.stats.estimate import Interval
from gannb.stats.outcomes import OutcomeRow
from gannb.stats.tested import Tested
from gannb.stats.worth import Worth
from gannb.trials.arms import PRIMARY

FILE = Path(__file__).with_name("wording.txt")
ANSWERS = {  # what is planted in the primary arm, for each answer
    "helps": {"real__gan__classic": 0.87},
    "hurts": {"real__gan__classic": 0.81},
    "equivalent": {"real__gan__classic": 0.841},
    "inconclusive": {"real__gan__classic": 0.85, "wobble": 6.0},
    "all alike": {"real__gan__classic": 0.84, "wobble": 0.0},
}
DEEP = {  # means with GAN images and without, of a deeper network
    "they let one": (0.90, 0.85), "ahead anyhow": (0.90, 0.90), "behind": (0.80, 0.75), "undecided": (0.84, 0.80),
}  # fmt: skip
ABSENT = Interval(*[np.nan] * 3)


# ---- every sentence, behind what calls for it ----


def lines(words: Mapping[str, Any] = WORDS) -> list[str]:
    """Return every sentence behind what calls for it. words: of a medium, see `evidence.words_of`."""
    parts = (
        _answers, _no_answers, _yardsticks, _worths, _copying, _controls, _small_classes, _metrics, _external,
        _open_set, _advice, _lights, _claims,
    )  # fmt: skip
    return [line for part in parts for line in part(words)]


def _answers(words: Mapping[str, Any]) -> Iterator[str]:
    for protocol, (answer, planted) in itertools.product(("draw", "given", "folds"), ANSWERS.items()):
        world = evidence(protocol, words=words, **planted)
        estimate = difference(world, *PRIMARY)
        yield f"{protocol}, {answer}: {sentence(world, estimate, decide(estimate, world.rope))}"
    part = replace(evidence("given", words=words), whole_set=False)
    yield f"given, a part of it: {where_sentence(part, '80', 8)}"
    failing = evidence(words=words)
    failing.correct[PRIMARY[0]][3] = failing.correct[PRIMARY[0]][3] - 0.2
    yield from (f"failing GANs: {sensitivity(world).sentence}" for world in (evidence(words=words), failing))


def _no_answers(words: Mapping[str, Any]) -> Iterator[str]:
    """What is said where a control did not come out, or where trials or test items are too few."""
    half = {CONVERGENCE.replace("+", "__"): 0.8}
    for title, planted in (
        ("steps", half),
        ("labels", {"real__mislabelled": 0.85}),
        ("both", half | {"real__more": 0.7}),
    ):
        world = evidence(words=words, **planted)
        checked = (replace(c, expected=CONVERGED) if c.against == CONVERGENCE else c for c in world.contrasts)
        found = verdict_of(replace(world, contrasts=tuple(checked)))
        yield from (f"no answer, {title}: {text}" for text in (found.sentence, found.advice, *found.problems))
    few = evidence(words=words, real__gan__classic=0.841)
    for title, keep, trials in (("few items", 40, 8), ("two trials", 1000, 2)):
        tested = Tested(
            *({t: part[t][:: 1000 // keep] for t in range(trials)} for part in (few.tested.item, few.tested.y))
        )
        tested = replace(tested, groups=tested.item)
        correct = {arm: {t: of[t][:: 1000 // keep] for t in range(trials)} for arm, of in few.correct.items()}
        world = replace(few, tested=tested, correct=correct, trials_planned=trials)
        yield from (f"no answer, {title}: {text}" for text in problems(world, []))


def _yardsticks(words: Mapping[str, Any]) -> Iterator[str]:
    blends, gaussian = "real__interpolation__classic", "real__gaussian__classic"
    worlds = {
        "as good": {blends: 0.88, gaussian: 0.87}, "perhaps": {blends: 0.80, gaussian: 0.866, "wobble": 3.0},
        "they alone": {blends: 0.86, gaussian: 0.87, "real__gan__classic": 0.841},
    }  # fmt: skip
    for title, planted in worlds.items():
        world = evidence(words=words, **planted)
        answer = decide(difference(world, *PRIMARY), world.rope)
        yield f"yardsticks, {title}: {yardsticks(world, options(world), answer)}"


def _worths(words: Mapping[str, Any]) -> Iterator[str]:
    for value, at_least, at_most in itertools.product((95.0, None), (False, True), (False, True)):
        if value or at_least or at_most:
            said = worth_sentence(words["nouns"], 80, Worth(value, 60.0, 120.0, at_least, at_most), [40, 80, 160])
            yield f"worth, {value}, at least {at_least}, at most {at_most}: {said}"


def _copying(words: Mapping[str, Any]) -> Iterator[str]:
    identical, chance = {"exact_duplicates": 0.02, "flagged": 1.0}, {"flagged": 0.0}
    for share, spread, more in ((0.8, 0.01, {}), (0.0, 0.01, {}), (0.1, 0.3, {}), (0.02, 0.01, identical),
                                (0.6, 0.01, chance)):  # fmt: skip
        world = evidence(measures={"nearer_to_train": share} | more, spread=spread, words=words)
        yield f"copying {', '.join(map(str, (share, *more)))}: {copying_sentence(world)}"


def _controls(words: Mapping[str, Any]) -> Iterator[str]:
    bad = {"real__more": 0.7, "real__mislabelled": 0.85, "real__copies": 0.9, CONVERGENCE.replace("+", "__"): 0.7}
    for kind, planted in (("as expected", {}), ("against", bad), ("uncertain", {"wobble": 12.0})):
        world = evidence(words=words, **planted)
        said = problems(world, verdict_of(world).controls) or ["nothing"]
        yield from (f"controls {kind}: {text}" for text in said)
    filled_up = replace(evidence(words=words), filled_up=True)
    yield from (f"filled up: {text}" for text in problems(filled_up, []))


def _small_classes(words: Mapping[str, Any]) -> Iterator[str]:
    planted = {f"real__{way}__classic": 0.85 for way in BALANCING}
    for title, counts in (("small class", {"well": 100, "ill": 20}), ("small classes", {"a": 20, "b": 20, "c": 90})):
        world = evidence("folds", words=words, **planted)
        found = verdict_of(replace(world, class_counts=counts, small_copying=(0.8, 0.9) * 4))
        said = notes(found.small_classes, found.balancing, world.metric, world.nouns, world.phrases)
        yield from (f"{title}: {text}" for text in said)


def _metrics(words: Mapping[str, Any]) -> Iterator[str]:
    better, worse = (Interval(d, d - 0.01, d + 0.01) for d in (0.03, 0.2))
    rows = [OutcomeRow("log_loss", None, ABSENT, ABSENT, worse, 8)]
    yield f"metrics: {disagreement('balanced_accuracy', better, rows)}"


def _external(words: Mapping[str, Any]) -> Iterator[str]:
    beside = {"real__foreign__classic": 0.86, "real__related__classic": 0.9}
    for same in (False, True):
        sources = {"foreign": ExternalSource(same_data=same), "related": ExternalSource()}
        world = replace(evidence(words=words, **beside), external=sources)
        yield from (f"instead, {row.source}, same data {same}: {row.sentence}" for row in external(world))


def _open_set(words: Mapping[str, Any]) -> Iterator[str]:
    for count in (2, 1, 0):
        classes, rows = ("bag", "ankle boot")[: max(count, 1)], open_set_rows(count)
        said = f"{open_set_sentence(words['nouns'], classes, rows)} {cost(rows, 'accuracy')}"
        yield f"classes held out, {count}: {said}".rstrip()


def open_set_rows(classes: int) -> list[OpenSetRow]:
    """Rows of an open set of so many held-out classes in which the methods differ; without any, nothing is measured."""
    changes = {"between": -0.02, "gan_of_outliers": 0.0, "outliers": 0.05} if classes == 2 else {"between": 0.02}
    trials, level = 4 if classes else 1, Measures(Interval(0.85, 0.8, 0.9), ABSENT, ABSENT)
    rows = [OpenSetRow("max_softmax", "known", trials, level)]
    for method, d in changes.items():
        change = Measures(*[Interval(d, d - 0.01, d + 0.01)] * 3)
        rows += [OpenSetRow(method, score, trials, level, change) for score in ("known", "other")]
    return rows


def _advice(words: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"advice, {title}: {verdict_of(world).advice}" for title, world in _advised(words).items())
    for title, deep in DEEP.items():
        yield from (f"depth, {title}: {text}" for text in depth(with_depth(*deep, words=words)).sentences)
    kept = replace(evidence(words=words), keep_classes=("ill",))
    yield from (f"keep_classes: {text}" for text in problems(kept, verdict_of(kept).controls))


def _advised(words: Mapping[str, Any]) -> dict[str, Evidence]:
    minutes = {"transfer": 3.2, "transfer+gan": 9.0}
    return {
        "fine-tuning is best": evidence(transfer=0.95, transfer__gan=0.951, minutes=minutes, words=words),
        "GAN images are best": evidence(transfer=0.80, minutes={PRIMARY[0]: 0.4}, words=words),
        "nothing is better": evidence("folds", real__gan__classic=0.83, words=words),
        "nothing is shown to be better": evidence(real__gan__classic=0.841, words=words),
        "no weights": evidence(left_out=missing_sentence("mobilenetv2_100"), words=words),
        "weights gone": evidence(left_out=missing_sentence("/a/folder", begun=True), words=words),
        "a smoke run": replace(evidence(words=words), preset="smoke"),
    }


def _lights(words: Mapping[str, Any]) -> Iterator[str]:
    shown = explained(words["nouns"], words["phrases"], words["measuring_classifier"])
    yield from (f"light {name}: {each.meaning}. {each.why}" for name, each in shown.items())
    for name, light in itertools.product(CRITERIA, ("red", "yellow", "green", "grey")):
        said = advice(words["nouns"], **dict.fromkeys(CRITERIA, "green") | {name: light})
        yield f"advice, {name} {light}: {said}"


def _claims(words: Mapping[str, Any]) -> Iterator[str]:
    moved = {PRIMARY[0]: 0.7, PRIMARY[1]: 0.6, YARDSTICKS[0]: 0.65, YARDSTICKS[1]: 0.6}
    planted = {"doses": {50: 0.85, 200: 0.88}, "shifted": moved, "gaussian": 0.7, "transfer": 0.9}
    fitted = {arm: 0.5 for arm in PRIMARY}
    worlds = {
        "claims": evidence(words=words, **planted),
        "claims not tested": evidence("folds", words=words),
        "claims without yardsticks": evidence(words=words, shifted={arm: moved[arm] for arm in PRIMARY}),
        "claims, a deep network": with_depth(0.90, 0.85, words=words),
        "claims, a deep network that has not converged": with_depth(0.90, 0.85, half=0.8, words=words),
        "claims, mix=replaced": replace(evidence(words=words), mix="replaced"),
        "claims, all learnt by heart": evidence(words=words, gap=fitted),
    }
    said = set()
    for title, world in worlds.items():
        for each in claims(world):
            found = each.found
            if (each.claim, found) not in said:  # every sentence once
                yield f"{title}: {each.claim} | {found.verdict} | {found.number} | {found.why}"
            said.add((each.claim, found))


def test_every_sentence_is_the_one_that_was_read():
    assert lines() == FILE.read_text(encoding="utf-8").splitlines()


def test_no_sentence_says_nothing_of_its_number_or_speaks_of_observed_power():
    text = " ".join(lines())
    assert "nan" not in text and "None real" not in text and "inf" not in text.split()
    assert "observed power" not in text and "80% of studies like this one find it" in text


# ---- the words of another medium ----


def said_of_sound() -> list[str]:
    """Every sentence of a verdict on sound clips, without what stands before it in the table."""
    said = [line.partition(": ")[2] for line in lines(SOUND)]
    whole = to_json(verdict_of(replace(_advised(SOUND)["fine-tuning is best"], external={"related": ExternalSource()})))
    sources = {"foreign": ExternalSource(same_data=True), "related": ExternalSource()}
    return [*said, *texts_in(whole), *itertools.chain(*facts(replace(evidence(words=SOUND), external=sources)))]


def texts_in(part: Any) -> Iterator[str]:
    """Every text in lists and mappings."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | dict):
        for each in part.values() if isinstance(part, dict) else part:
            yield from texts_in(each)


def test_no_sentence_on_sound_clips_speaks_of_images():
    said = said_of_sound()
    assert not [text for text in said if re.search(r"image|picture|photo|pixel|camera", text, re.IGNORECASE)]
    assert len([text for text in said if "sound clip" in text]) > 40
    assert any("in log-mel" in text for text in said) and any("another microphone" in text for text in said)
    assert not [text for text in said if "{" in text]


# ---- how numbers and arms are said ----


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        ("real+gan+classic", "real + GAN + classic"), ("gan", "GAN"), ("real", "real"),
        ("real+classic@half", "real + classic (half the steps)"), ("fewer+classic", "fewer + classic"),
        ("real+gan.by_classifier:1000", "real + GAN (by classifier, 1,000 per class)"),
        ("real+dcgan:50+classic", "real + dcgan (50 per class) + classic"),
    ],
)  # fmt: skip
def test_arm_names_are_spelled_out(arm, label):
    assert arm_label(arm) == label


def test_points_have_one_decimal_and_no_minus_zero():
    assert [points(v, True) for v in (0.0061, -0.004, -0.0001)] == ["+0.6", "-0.4", "0.0"]
    assert interval_text({"difference": 0.006, "low": -0.004, "high": 0.016}) == "+0.6 [-0.4, 1.6]"


def test_typeset_has_true_minus_signs_and_keeps_numbers_together():
    expected = "−0.4_[−0.8,_0.1] at 95_%, R-1, 3-5".replace("_", "\u00a0")
    assert typeset("-0.4 [-0.8, 0.1] at 95 %, R-1, 3-5") == expected


def test_rows_have_their_words():
    control = {"role": "control", "expected": "helps"}
    assert [row_word(control | {"came_out": c}) for c in (True, False, None)] == [
        "helps, as expected", "not as expected", "too uncertain to tell"
    ]  # fmt: skip
    assert row_word({"role": "exploratory", "answer": None}) == ""
    assert row_word({"role": "primary", "answer": "inconclusive"}) == "undecided"


def test_numbers_are_set_with_true_minus_and_stay_with_their_interval():
    shown = "by −0.4\u00a0[−1.3,\u00a00.5] points, 95\u00a0% of x-2"
    assert typeset("by -0.4 [-1.3, 0.5] points, 95 % of x-2") == shown


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")  # what is next to impossible has a weight of 0
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    sys.stdout.write(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arm", "label"),
    [
        ("real+gan.mixed+classic", "real + GAN (between two classes) + classic"),
        ("real+copies.before:50@deep_cnn", "real + copies (in a stage before, 50 per class) (deep_cnn)"),
        ("real+gan:12%+classic", "real + GAN (12% of each batch) + classic"),
        ("transfer+gan.taught:6%", "transfer + GAN (a teacher's labels, 6% of each batch)"),
    ],
)
def test_ways_and_shares_are_said_in_an_arm_s_label(arm, label):
    assert arm_label(arm) == label


def test_a_share_of_nothing_is_not_below_zero():
    assert in_percent(Interval(-0.001, -0.004, 0.0)) == "0% [0, 0]"
    assert (
        in_percent(Interval(0.86, 0.815, 0.912)) == "86% [82, 91]"
        and in_percent(Interval(-0.1, -0.3, 0.1)) == "-10% [-30, 10]"
    )
