"""Macro-F1 and minority recall: by hand from planted evidence, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from planted_evidence import TRIALS, UNEQUAL_ARMS, of_unequal_classes

from gannb.analysis.evidence import Evidence
from gannb.analysis.small_classes import MEASURES, ArmRow, ChangeRow, notes, small_classes
from gannb.analysis.verdict import decide
from gannb.report.tables.small_classes import arm_table, change_table, texts
from gannb.stats.estimate import Estimate
from gannb.stats.intervals import paired_t
from gannb.stats.tested import equal, only
from gannb.trials.arms import PRIMARY


def row(rows: Sequence[ArmRow | ChangeRow], *names: str) -> ArmRow | ChangeRow:
    (found,) = [r for r in rows if (r.arm, *([r.against] if isinstance(r, ChangeRow) else [])) == names]
    return found


def said(world: Evidence) -> list[str]:
    """The notes of a world."""
    verdict = decide(world)
    return notes(verdict.small_classes, verdict.balancing, world.metric, world.nouns, world.phrases)


def expected(world: Evidence, arm: str, against: str | None, classes: tuple[int, ...]) -> list[Estimate]:
    """Macro-F1 and mean recall of some classes, or their change, with intervals over trials and test items."""
    both = []
    for of, weighting in ((world.f1, equal), (world.correct, only(*classes))):
        d = {t: of[arm][t] - (of[against][t] if against else 0) for t in range(TRIALS)}
        both.append(world.tested.difference(d, weighting))
    return both


@pytest.mark.parametrize(("counts", "classes"), [((100, 40, 20), (2,)), ((100, 20, 20), (1, 2))])
def test_every_arm_has_macro_f1_and_the_recall_of_the_smallest_with_intervals(counts, classes):
    world = of_unequal_classes(counts)
    found = small_classes(world)
    assert found.smallest == tuple("abc"[k] for k in classes)
    assert found.tested == np.mean([np.isin(y, classes).sum() for y in world.tested.y.values()]) / len(classes)
    assert {r.arm for r in found.arms} == set(world.correct)
    for arm in UNEQUAL_ARMS:
        for measure, estimate in zip(MEASURES, expected(world, arm, None, classes), strict=True):
            level = getattr(row(found.arms, arm), measure)
            assert level.mean == pytest.approx(estimate.mean)
            assert level.low == pytest.approx(max(0, estimate.low))
            assert level.high == pytest.approx(min(1, estimate.high))


def test_the_mean_recall_is_that_of_the_trials():
    world = of_unequal_classes((100, 40, 20))
    recalls = []
    for repeat in range(2):  # an item counts once a repeat
        trials = range(4 * repeat, 4 * repeat + 4)
        y = np.concatenate([world.tested.y[t] for t in trials])
        right = np.concatenate([world.correct["real"][t] for t in trials])
        recalls.append(right[y == 2].mean())
    assert row(small_classes(world).arms, "real").minority_recall.mean == pytest.approx(np.mean(recalls))


def test_changes_are_paired_by_trial():
    world = of_unequal_classes((100, 40, 20))
    found = small_classes(world).contrasts
    pairs = {(r.arm, r.against) for r in found}
    ways = UNEQUAL_ARMS[3:]
    assert pairs == {PRIMARY, *((PRIMARY[0], way) for way in ways), *((way, PRIMARY[1]) for way in ways)}
    for arm, against in pairs:
        for measure, estimate in zip(MEASURES, expected(world, arm, against, (2,)), strict=True):
            change = getattr(row(found, arm, against), measure)
            assert change.mean == pytest.approx(estimate.mean)
            assert change.low == pytest.approx(max(-1, estimate.low))


@pytest.mark.parametrize("counts", [(20, 20, 20), (29, 25, 20)])
def test_classes_of_about_equal_size_have_no_small_ones(counts):
    found = {"small_classes": small_classes(of_unequal_classes(counts))}
    assert found["small_classes"] is None and texts(found, []) == {}
    assert arm_table(found).index.tolist() == ["not measured: classes are of about equal size"]
    assert change_table(found).shape == (1, 2)


def test_a_trial_alone_is_no_arm():
    world = of_unequal_classes((100, 40, 20))
    world.correct["real"] = {0: world.correct["real"][0]}
    assert "real" not in {r.arm for r in small_classes(world).arms}


def test_the_smallest_class_is_named_with_what_its_recall_can_show():
    world = of_unequal_classes((100, 40, 20))  # copying was not measured; its arms are random, and so are its controls
    first, second = said(replace(world, contrasts=tuple(c for c in world.contrasts if c.role != "control")))
    assert first == (
        "“c” is the smallest class, with 20 of 160 images; about 120 are in a test set, where one image is 0.83 "
        "points of its class' recall. Minority recall is the share of them that is recognised."
    )
    assert second.startswith("GAN images changed balanced accuracy by +1.0 [")
    assert " points against oversampling (helps), by +" in second and "against class weights (helps); the" in second


@pytest.mark.parametrize(("tested", "points"), [(1.0, "100"), (3.0, "33"), (120.0, "0.83")])
def test_what_a_single_item_weighs_is_written_as_a_plain_number(tested, points):
    world = of_unequal_classes((100, 40, 20))
    found = replace(small_classes(world), tested=tested)
    assert f"one image is {points} points of" in notes(found, (), world.metric, world.nouns, world.phrases)[0]


def test_copying_of_the_smallest_class_is_said_by_itself():
    world = replace(of_unequal_classes((100, 40, 20), ways=()), small_copying={0: 0.8, 1: 0.9, 2: 0.85, 3: 0.85})
    expected = paired_t(np.array(list(world.small_copying.values())), 27 / 80)
    found = small_classes(world).copying
    assert (found.mean, found.low) == pytest.approx((0.85, expected.low))
    assert said(world)[-1].startswith(f"The GAN's images of the smallest class score 85% [{100 * expected.low:.0f}, ")


def test_several_smallest_classes_are_all_named():
    (first,) = said(of_unequal_classes((100, 20, 20), ways=()))
    assert first.startswith("The smallest classes are “b”, “c”, with 20 of 140 images each; about 120 of each are in")
    assert first.endswith("that is recognised, averaged over the classes.")
