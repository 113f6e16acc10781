"""What the map says in sentences, of entries with planted numbers."""

from __future__ import annotations

import pytest

from gannb.media.image import IMAGE
from gannb.sweep.entries import Entry
from gannb.sweep.sentences import advice, answer, how, multiplicity, unfinished, where

ROW = {"difference": 0.01, "low": 0.0, "high": 0.02, "se": 0.005, "level": 0.95, "trials": 8}
NOUNS = IMAGE.nouns


def entry(kind: str, size: str = "20", maker: str = "mlp", blends: str = "", is_gan: bool = True, **more) -> Entry:
    return Entry(
        f"{size}{maker}", {"n_per_class": size}, maker, is_gan, more.pop("row", ROW), kind, blends=blends, **more
    )


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["helps", "hurts", "hurts"], "Helps in 1 of 3, hurts in 2"),
        (["equivalent"], "No difference that matters in 1 of 1"),
        (["inconclusive"] * 2, "Undecided in 2 of 2"),
        ([], "No result yet"),
    ],
)
def test_the_answer_counts_places_of_gans(kinds, said):
    assert answer([*map(entry, kinds), entry("helps", maker="blends", is_gan=False)]) == said


def test_places_without_a_result_are_counted_apart():
    assert answer([entry("helps"), entry("", row=None)]) == "Helps in 1 of 2, no result in 1"
    assert answer([entry("", row=None)]) == "No result yet" and where([entry("", row=None)], NOUNS) == []


def test_where_names_places_by_their_sizes_and_says_if_nothing_helps():
    hurts, once = entry("hurts", "80", "dcgan", together="hurts"), "once all 3 intervals are allowed for (★)"
    missing = entry("", row=None)  # which has no interval
    assert where([entry("helps", "5"), entry("helps", "20"), hurts, missing], NOUNS) == [
        f"GAN images help in 2 of 3: mlp (5, 20 per class); none of these still does {once}.",
        f"GAN images hurt in 1 of 3: dcgan (80 per class); 1 of these still does {once}.",
    ]
    assert where([hurts, hurts], NOUNS)[1].endswith("; all of these still do once all 2 intervals are allowed for (★).")
    assert where([hurts], NOUNS)[1] == "GAN images hurt in 1 of 1: dcgan (80 per class)."
    assert where([entry("hurts")], NOUNS)[0] == "Nowhere on this map were GAN images shown to help."
    many = where([entry("helps", maker=f"gan{i}") for i in range(9)], NOUNS)[0]
    assert "; and 3 more; none of these" in many and "gan5 (20 per class)" in many and "gan6" not in many


def test_reasons_against_any_answer_are_said_once():
    said = where([entry("inconclusive", size, reason="the classifiers had not converged") for size in "57"], NOUNS)
    assert said[-1] == "In 2 of 2 there is no answer: the classifiers had not converged."


def test_blends_do_as_well_where_the_gan_is_no_better():
    kinds = ("helps", "hurts", "equivalent", "inconclusive")
    said = where([entry("helps", str(i), blends=kind) for i, kind in enumerate(kinds)], NOUNS)[-1]
    assert "do as well or better in 2 of 4; the GAN does better than they in 1 (mlp (0 per class)); in 1 that" in said


def test_multiplicity_counts_intervals_of_controls_too():
    found = [entry("helps", together="helps"), entry("helps", "5", together="inconclusive"),
             entry("inconclusive", maker="blends", is_gan=False, together="inconclusive")]  # fmt: skip
    said = multiplicity(found, NOUNS)
    assert said.startswith(
        "The map has 3 intervals, 2 of GAN images and 1 of blends. Each has its own chance of 1 in 20 to miss, so that "
        "about 0.1 of them do. 2 places are settled, 1 of them also at the level at which all 3 intervals hold together"
    )
    assert multiplicity(found[:1], NOUNS) == ""
    none = multiplicity([entry("inconclusive")] * 2, NOUNS)
    assert none.startswith("The map has 2 intervals. Each") and none.endswith("No place is settled.")


def test_the_advice_goes_by_what_holds_with_all_intervals():
    lone = entry("helps", "5", together="inconclusive", row=ROW | {"low": 0.0004})
    assert advice([lone, entry("helps")], NOUNS) == (
        "Nothing here shows surely that GAN images are worth a try. Likeliest is mlp (5 per class), +1.0 [0.04, 2.0] "
        "points: confirm it on new images."
    )
    sure = entry("helps", "80", together="helps", blends="equivalent")
    assert advice([lone, sure], NOUNS) == (
        "GAN images are worth a try where they help with all intervals allowed for: mlp (80 per class). Blends of two "
        "real images cost no training."
    )
    assert advice([entry("hurts")], NOUNS) == "Nothing here shows that GAN images are worth a try."
    assert advice([entry("", row=None)], NOUNS) == ""


def test_what_is_missing_is_listed_the_first_of_many():
    failed = {"a": "3 units failed", **{f"b{i}": "the loss is nan." for i in range(7)}, "c": "3 units failed"}
    failed |= {f"d{i}": f"reason {i}" for i in range(6)}
    assert unfinished(17, dict.fromkeys("ac"), failed) == [
        "a; c: 3 units failed. The map shows what the other trials came to.",
        "b0; b1; b2; b3; b4; b5; and 1 more: the loss is nan.",
        "d0: reason 0.", "d1: reason 1.", "d2: reason 2.", "d3: reason 3.",
        "Further studies with failed units: 2.",
        "Studies that are not finished yet: 2.",
    ]  # fmt: skip


def test_how_names_the_items():
    assert "share images" in how(NOUNS)
