"""Every sentence that a verdict can say, in one table to be read: `wording.txt`.

After a change of words, write it anew with `python tests/test_wording.py`, read it, and commit it.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from planted_evidence import evidence, with_depth

from gannb.analysis.claims import claims, copying_sentence
from gannb.analysis.class_lights import CRITERIA, advice
from gannb.analysis.evidence import difference
from gannb.analysis.external import instead
from gannb.analysis.open_set import cost
from gannb.analysis.open_set import sentence as open_set_sentence
from gannb.analysis.options import depth
from gannb.analysis.small_classes import notes
from gannb.analysis.verdict import decide as verdict_of
from gannb.analysis.verdict import disagreement, problems, sentence, worth_sentence
from gannb.classifiers.imbalance import BALANCING
from gannb.media.image.pretrained import missing_sentence
from gannb.stats.decision import decide
from gannb.trials.arms import CONVERGENCE, PRIMARY

FILE = Path(__file__).with_name("wording.txt")
ANSWERS = {  # what is planted in the primary arm, for each answer
    "helps": {"real__gan__classic": 0.87},
    "hurts": {"real__gan__classic": 0.81},
    "equivalent": {"real__gan__classic": 0.841},
    "inconclusive": {"real__gan__classic": 0.85, "wobble": 6.0},
    "all alike": {"real__gan__classic": 0.84, "wobble": 0.0},
}
ADVISED = {
    "fine-tuning is best": evidence(transfer=0.95, transfer__gan=0.951, minutes={"transfer": 3.2, "transfer+gan": 9.0}),
    "GAN images are best": evidence(transfer=0.80, minutes={PRIMARY[0]: 0.4}),
    "nothing is better": evidence("resplit", real__gan__classic=0.83),
    "no weights": evidence(left_out=missing_sentence("mobilenetv2_100")),
    "weights gone": evidence(left_out=missing_sentence("/a/folder", begun=True)),
    "a smoke run": replace(evidence(), preset="smoke"),
}
DEEP = {  # means with GAN images and without, of a deeper network
    "they let one": (0.90, 0.85), "ahead anyhow": (0.90, 0.90), "behind": (0.80, 0.75), "undecided": (0.84, 0.80),
}  # fmt: skip
WORTH = {"n_real": 80, "low": 60.0, "high": 120.0, "curve": [{"n": 40}, {"n": 80}, {"n": 160}]}


def lines() -> list[str]:
    """Return every sentence behind what calls for it."""
    found = []
    for protocol, (answer, planted) in itertools.product(("draw", "resplit"), ANSWERS.items()):
        world = evidence(protocol, **planted)
        estimate = difference(world, *PRIMARY)
        found.append(f"{protocol}, {answer}: {sentence(world, estimate, decide(estimate, world.rope))}")
    for value, at_least, at_most in itertools.product((95.0, None), (False, True), (False, True)):
        if value or at_least or at_most:
            row = WORTH | {"worth": value, "at_least": at_least, "at_most": at_most}
            found.append(f"worth, {value}, at least {at_least}, at most {at_most}: {worth_sentence(row)}")
    for share, spread in ((0.8, 0.01), (0.0, 0.01), (0.1, 0.3)):
        found.append(
            f"copying {share}: {copying_sentence(evidence(measures={'nearer_to_train': share}, spread=spread))}"
        )
    bad = {"real__more": 0.7, "real__mislabelled": 0.85, "real__copies": 0.9, CONVERGENCE.replace("+", "__"): 0.7}
    for kind, planted in (("as expected", {}), ("against", bad), ("uncertain", {"wobble": 12.0})):
        world = evidence(**planted)
        said = problems(world, verdict_of(world)["controls"]) or ["nothing"]
        found += [f"controls {kind}: {text}" for text in said]
    found += [f"filled up: {text}" for text in problems(replace(evidence(), filled_up=True), [])]
    planted = {f"real__{way}__classic": 0.85 for way in BALANCING}
    for title, counts in (("small class", {"well": 100, "ill": 20}), ("small classes", {"a": 20, "b": 20, "c": 90})):
        world = replace(evidence("resplit", **planted), class_counts=counts, small_copying=(0.8, 0.9) * 4)
        found += [f"{title}: {text}" for text in notes(verdict_of(world))]
    better, worse = ({"difference": d, "low": d - 0.01, "high": d + 0.01} for d in (0.03, 0.2))
    worse |= {"outcome": "log_loss", "class": None}
    found.append(f"metrics: {disagreement('balanced_accuracy', better, [worse])}")
    beside = {"real__foreign__classic": 0.86, "real__related__classic": 0.9}
    for same in (False, True):
        world = replace(evidence(**beside), outside={"foreign": {"same_data": same}, "related": {}})
        found += [f"instead, {row['source']}, same data {same}: {row['sentence']}" for row in instead(world)]
    for count, rows in ((2, open_set_rows(2)), (1, open_set_rows(1)), (0, open_set_rows(0))):
        classes = ("bag", "ankle boot")[: max(count, 1)]
        found.append(f"classes held out, {count}: {open_set_sentence(classes, rows)} {cost(rows, 'accuracy')}".rstrip())
    found += [f"advice, {title}: {verdict_of(world)['advice']}" for title, world in ADVISED.items()]
    for title, deep in DEEP.items():
        found += [f"depth, {title}: {text}" for text in depth(with_depth(*deep))["sentences"]]
    kept = replace(evidence(), keep_classes=("ill",))
    found += [f"keep_classes: {text}" for text in problems(kept, verdict_of(kept)["controls"])]
    found += [f"light {name}: {each.meaning}. {each.why}" for name, each in CRITERIA.items()]
    for name, light in itertools.product(CRITERIA, ("red", "yellow", "green", "grey")):
        found.append(f"advice, {name} {light}: {advice(dict.fromkeys(CRITERIA, 'green') | {name: light})}")
    planted = {"doses": {50: 0.85, 200: 0.88}, "shifted": {PRIMARY[0]: 0.7, PRIMARY[1]: 0.6}}
    for title, world in (("claims", evidence(**planted)), ("claims not tested", evidence("resplit"))):
        found += [f"{title}: {c['claim']} | {c['verdict']} | {c['number']} | {c['why']}" for c in claims(world)]
    return found


def open_set_rows(classes: int) -> list[dict]:
    """Rows of an open set of so many held-out classes in which the methods differ; without any, nothing is measured."""
    changes = {"between": -0.02, "gan_of_outliers": 0.0, "outliers": 0.05} if classes == 2 else {"between": 0.02}
    rows = [{"method": "max_softmax", "score": "known", "trials": 4 if classes else 1, "auroc": {"mean": 0.85}}]
    for method, d in changes.items():
        change = dict.fromkeys(("auroc", "known"), {"difference": d, "low": d - 0.01, "high": d + 0.01})
        row = {"method": method, "trials": 4 if classes else 1, "change": change}
        rows += [row | {"score": "known"}, row | {"score": "other"}]
    return rows


def test_every_sentence_is_the_one_that_was_read():
    assert lines() == FILE.read_text(encoding="utf-8").splitlines()


def test_no_sentence_says_nothing_of_its_number_or_speaks_of_observed_power():
    text = " ".join(lines())
    assert "nan" not in text and "None real" not in text and "power" not in text and "inf" not in text.split()


if __name__ == "__main__":
    np.seterr(all="raise")
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    sys.stdout.write(FILE.read_text(encoding="utf-8"))
