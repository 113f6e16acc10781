"""What the page shows and says of captions that items were made of."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gannb.data.examples import Examples
from gannb.media.captioned import CAPTIONED
from gannb.media.image import IMAGE
from gannb.report.page import asked
from gannb.report.page.asked import Trial, asked_notes, retrieval_table, seen_captions, takes_captions, unseen_captions

SPACE = CAPTIONED.raw_space


def items(*captions: str, y: tuple[int, ...], classes: int = 2) -> Examples:
    """Items (8, 8, 3) of captions, each ten grey levels brighter than the last."""
    n = np.arange(len(captions))
    x = np.repeat(10 * n, 8 * 8 * 3).reshape(-1, 8, 8, 3).astype(np.uint8)
    names = tuple(f"class {k}" for k in range(classes))
    return Examples(x, np.array(y), names, n.astype(str), n, np.array(captions)[:, None])


def evidence(**gan_test: float) -> SimpleNamespace:
    """Evidence of four classes: GAN-test by generator (`_` for a dot), of which real items would get .8."""
    rows = [
        {"generator": name.replace("__", "."), "features": SPACE, "gan_test": value, "ruler_accuracy": 0.8}
        for name, value in gan_test.items()
    ]
    counts = dict.fromkeys("abcd", 5)
    columns = ["generator", "features", "gan_test", "ruler_accuracy"]
    return SimpleNamespace(quality=pd.DataFrame(rows, columns=columns), gan="gan_cls", class_counts=counts)


def test_captions_that_were_trained_on_are_those_of_the_first_items_of_the_classes():
    train = items("a", "b", "c", "d", "b", y=(0, 0, 1, 1, 2), classes=3)
    assert seen_captions(train) == ["a", "c", "b"]
    many = items(*map(str, range(9)), y=tuple(range(9)), classes=9)
    assert len(seen_captions(many)) == asked.SHOWN and seen_captions(many)[-1] == "8"


def test_unseen_captions_are_those_asked_for_and_then_those_of_test_items_by_turns_of_the_classes():
    train, test = items("a", "b", y=(0, 1)), items("a", "p", "q", "r", "s", y=(0, 0, 0, 1, 1))
    trial = Trial(None, train, test, 0)
    assert unseen_captions(trial, []) == ["r", "p", "s", "q"]
    assert unseen_captions(trial, [("new", 1), ("b", 0)]) == ["new", "r", "p", "s"]
    assert unseen_captions(trial, [("x", 0), ("y", 0), ("z", 1)]) == ["x", "z", "y", "r"]
    assert unseen_captions(Trial(None, train, train, 0), []) == []
    assert unseen_captions(Trial(None, train, items("", "p", y=(0, 1)), 0), []) == ["p"]  # not all have a caption


def test_a_grid_has_real_items_the_samples_and_the_training_item_nearest_to_any(tmp_path, monkeypatch):
    train, kept = items("a", "b", "a", "a", y=(0, 1, 0, 0)), []
    made = np.full((8, 8, 8, 3), 200, np.uint8)
    made[5] = train.x[1] + 1  # nearest of all to the second training item
    asked_for = []
    generator = SimpleNamespace(sample=lambda condition, seed: asked_for.append((condition, seed)) or made)
    monkeypatch.setattr(asked, "items_picture", lambda *given: kept.append(given))
    trial = Trial(generator, train, train, 7)
    asked._of_captions(tmp_path, "captions", CAPTIONED, trial, ["a"], seen=True)
    (_, name, _, grid, table, texts), ((condition, seed),) = kept[0], asked_for
    assert name == "captions" and set(condition.captions) == {"a"} and len(condition) == 8 and seed == 7
    first, second = grid.cells
    assert [c.item is None for c in first] == [False, False, True, *[False] * 4, True, False]
    assert [c.item is None for c in second] == [True, True, True, *[False] * 4, True, True]
    assert np.array_equal(first[0].item, train.x[0]) and np.array_equal(first[1].item, train.x[2])
    assert np.array_equal(first[-1].item, train.x[1]) and table["nearest_training_item"].tolist() == ["1"]
    assert [bool(c.frame) for c in second[3:7]] == [False, True, False, False] and "same noise" in texts[1]
    assert grid.columns == ["real", "", "", "", "made of it", "", "", "", "nearest"]
    asked._of_captions(tmp_path, "new_captions", CAPTIONED, trial, ["z"], seen=False)  # no item has it
    grid = kept[1][3]
    assert [c.item is None for c in grid.cells[0]] == [*[False] * 4, True, False]
    assert grid.columns == ["", "made of it", "", "", "", "nearest"]


def test_long_captions_stand_beside_their_items_in_lines():
    assert asked._wrapped("a tower of four blocks: blue on yellow on yellow on black") == (
        "a tower of four\nblocks: blue on yellow\non yellow on black"
    )
    assert asked._wrapped("word " * 40).endswith(" …")


def test_bars_lie_between_chance_and_what_held_out_items_or_else_training_items_get():
    rows = [
        ("gan_cls", 0.6, np.nan), ("gan_cls.new_captions", np.nan, 0.3), ("held-out real", np.nan, 0.7),
        ("exact copies", 0.9, np.nan), ("projection", np.nan, np.nan),
    ]  # fmt: skip
    quality = pd.DataFrame(rows, columns=["generator", "caption_10", "new_caption_10"]).assign(features=SPACE)
    found = retrieval_table(SimpleNamespace(quality=quality, gan="gan_cls"), CAPTIONED)
    assert found.values.tolist() == [
        ["caption 10", "GAN (gan_cls)", 0.6, 0.1, 0.9],
        ["new caption 10", "gan_cls.new_captions", 0.3, 0.1, 0.7],
    ]
    assert retrieval_table(SimpleNamespace(quality=quality, gan="gan_cls"), IMAGE).empty


def test_only_families_that_are_told_captions_take_them():
    takes = [takes_captions(name, CAPTIONED) for name in ("gan_cls.new_captions", "gan_cls", "projection", "copies")]
    assert takes == [True, True, False, False] and not takes_captions("projection", IMAGE)


@pytest.mark.parametrize(("new", "warned"), [(0.30, True), (0.38, True), (0.39, False), (0.7, False)])
def test_a_source_of_captions_near_chance_is_warned_of(new, warned):
    told = asked_notes(evidence(gan_cls=0.6, gan_cls__new_captions=new, copies=0.2), CAPTIONED)
    assert f"chance 0.25, unseen real images 0.80): GAN (gan_cls) 0.60, gan_cls.new_captions {new:.2f}." in told[0]
    assert [text.startswith("Near chance: gan_cls.new_captions. What") for text in told[1:]] == [True] * warned


def test_nothing_is_said_where_nothing_was_made_of_captions():
    assert asked_notes(evidence(projection=0.2), CAPTIONED) == [] == asked_notes(evidence(), CAPTIONED)
