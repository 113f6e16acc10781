"""Method, data and provenance in words."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from planted_evidence import CONVERGENCE, evidence
from planted_page import row, verdict, written
from planted_study import Reader

from gannb.analysis.controls import CONVERGED
from gannb.analysis.evidence import gather
from gannb.experiment.ledger import looks_now
from gannb.media.image import IMAGE
from gannb.report.page import facts
from gannb.report.publish import Page
from gannb.work.store import read_unit


@pytest.mark.parametrize(("others", "adjusted"), [(4, True), (1, False)])
def test_the_note_below_the_answer_says_what_is_in_brackets(tmp_path, others, adjusted):
    ways = [row(option="another way", minutes=1.0) | {"arm": "transfer"}] * others
    rows = [row(option="GAN images", minutes=1.0), *ways]
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(options=rows)))).text
    note = text.index("In brackets: the 95% interval")
    assert note < text.index("What to do.")
    assert ("those of the 4 other ways are adjusted for their number" in text[note:]) == adjusted


def test_what_is_reached_with_and_without_the_gan_stands_below_the_answer():
    world = evidence(real__classic=0.84, real__gan__classic=0.87)
    said = "Balanced accuracy is 84.0% with classical augmentation alone and 87.0% with GAN images as well."
    assert facts.levels_note(world) == said


def test_names_the_method_the_data_and_the_provenance(published, planted):
    text = Reader(published.read_text(encoding="utf-8")).text
    for fact in (planted.dataset.fingerprint, "1,797 images", "classifier_steps", "numpy", "Had training converged?",
                 "mlp", "auto: draw", "held-out real images"):  # fmt: skip
        assert fact in text, fact


def facts_of(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Facts by their terms, none of which stands there twice."""
    assert len({term for term, _ in pairs}) == len(pairs)
    return dict(pairs)


def test_the_method_follows_the_protocol(planted):
    evidence, looks = gather(planted), looks_now(planted, 3)
    draw, folds, given = (
        facts_of(facts.method_facts(planted, replace(evidence, protocol=p), looks)) for p in ("draw", "folds", "given")
    )
    assert draw["Decision rule"] == folds["Decision rule"] and "±1.0 points" in draw["Decision rule"]
    assert "speaks for other small sets drawn from the same source" in draw["The 95% interval"]
    assert "trained anew on random parts of these images" in folds["The 95% interval"]
    assert "tested on new images of the same source; not for other sets" in folds["The 95% interval"]
    assert "trained on this training set" in given["The 95% interval"]
    accuracy = facts_of(facts.method_facts(planted, replace(evidence, metric="accuracy"), looks))
    assert "mean over classes" in draw["Measure"] and accuracy["Measure"] == "Accuracy, chosen before the study."


def test_convergence_is_the_change_in_the_second_half_or_was_not_checked():
    world = evidence(**{"real__classic@half": 0.82})
    checked = tuple(replace(c, expected=CONVERGED) if c.against == CONVERGENCE else c for c in world.contrasts)
    world = replace(world, contrasts=checked)
    said = facts.convergence(world)
    assert said.startswith("What the second half of the steps brought, in points: real + classic +2.0 [")
    assert "converged where that is less than 1.0 points on average" in said
    alone = replace(world, correct={arm: of for arm, of in world.correct.items() if arm != CONVERGENCE})
    alone = replace(alone, scores=world.scores[world.scores["arm"] != CONVERGENCE])
    assert facts.convergence(alone) == "Not checked: no arm was looked at after half of its steps."


def data_of(planted, **found) -> dict[str, str]:
    """The facts on the planted study's data, had this been found in them."""
    dataset = replace(planted.dataset, report=replace(planted.dataset.report, **found))
    return facts_of(
        facts.data_facts(SimpleNamespace(dataset=dataset, settings=replace(planted.settings, dataset=dataset)))
    )


def test_what_was_found_in_the_data_is_counted(planted):
    none = data_of(planted, exact_duplicates=[], near_duplicates=[])
    assert none["Duplicates"] == "No identical or nearly identical images were found."
    assert none["Left out"] == "Nothing."
    assert none["Read"].endswith("1,797 images.") and "174 to 183 images each" in none["Classes"]
    found = data_of(
        planted, exact_duplicates=[["a", "b"]], near_duplicates=[], label_conflicts=[["c", "d"]] * 2,
        removed_from_pool=["e"], skipped=[("/home/ann/x.png", "truncated")] * 14,
    )  # fmt: skip
    assert found["Duplicates"].startswith("Found 1 set of identical and 0 sets of nearly identical images;")
    assert "2 sets of identical images are under different classes. Left out since" in found["Duplicates"]
    one = data_of(
        planted, exact_duplicates=[["a", "b"]] * 2, near_duplicates=[["c", "d"]], label_conflicts=[["a", "b"]]
    )
    assert one["Duplicates"].startswith("Found 2 sets of identical and 1 set of nearly identical images;")
    assert "1 set of identical images is under different classes." in one["Duplicates"]
    assert found["Left out"].startswith("x.png (truncated), ") and found["Left out"].endswith(" and 2 more.")


def test_what_a_person_should_consider_stands_with_the_data(planted):
    assert "To be considered" not in data_of(planted, remarks=[])
    found = data_of(planted, remarks=["The class can be told by size", "set groups='x'"])
    assert found["To be considered"] == "The class can be told by size. set groups='x'."


def test_the_time_is_that_of_the_units_by_kind(planted):
    """Every planted unit took 2 seconds, but for the draws."""
    text = facts_of(facts.provenance(planted))["Time"]
    total = sum(read_unit(planted.folder, unit)["seconds"] for unit in planted.plan.all_units())
    assert text.startswith(f"{total:,.0f} s of work")
    assert f"training classifiers {2 * len(planted.plan.classifiers)} s." in text


def test_what_is_not_tuned_or_fine_tuned_says_so(planted):
    assert facts.tuning_text(planted).startswith("None: every arm trains with the parameters below")
    assert facts.transfer_text(planted) == planted.plan.left_out != ""
