"""Sources from elsewhere, beside the GAN: on planted scores, whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted_evidence import SOUND, evidence

from gannb.analysis.evidence import ExternalSource
from gannb.analysis.external import facts
from gannb.analysis.verdict import decide


def test_what_the_same_effort_brought_elsewhere_stands_beside_the_gan_s():
    world = evidence(real__related__classic=0.9, real__foreign__classic=0.86)
    world = replace(world, external={"related": ExternalSource(), "foreign": ExternalSource()})
    rows = {row.source: row for row in decide(world).external}
    assert list(rows) == ["related", "foreign"]
    assert rows["related"].gain.mean == pytest.approx(0.06) and rows["related"].direct.mean > 0.02
    assert rows["related"].gan.mean == pytest.approx(0.03)
    assert "cannot be excluded" in rows["foreign"].sentence and "excluded" not in rows["related"].sentence
    assert decide(evidence()).external == ()
    without_its_arm = replace(evidence(), external={"related": ExternalSource()})
    assert decide(without_its_arm).external == ()


def test_the_advice_says_what_a_gan_trained_elsewhere_may_have_seen():
    best = decide(replace(evidence(real__foreign__classic=0.95), external={"foreign": ExternalSource()})).advice
    assert "Best of what was tried: a foreign GAN's images" in best and "cannot be excluded" in best


def test_how_sources_were_found_is_said_with_what_no_search_finds():
    sources = {"foreign": ExternalSource("Found here.", same_data=True), "related": ExternalSource("Found there.")}
    world = replace(evidence(), external=sources)
    foreign, related = facts(world)
    assert foreign[0] == "GAN trained elsewhere" and foreign[1].startswith("Found here. It comes from a study of these")
    assert related[0] == "Related real images" and "of copies below 16 pixels a side" in related[1]
    term, text = facts(replace(world, **SOUND))[1]
    assert term == "Related real sound clips" and "test sound clips is not known. The intervals" in text


def test_what_unlabelled_items_brought_is_said_without_a_gan_and_with_one_that_learns_from_them():
    arms = {"real__pseudo__classic": 0.9, "real__gan.unlabelled__classic": 0.89}
    sources = {"unlabelled": ExternalSource("Found there.", generator="pseudo")}
    world = replace(evidence(**arms), external=sources)
    (row,) = decide(world).external
    assert (row.source, row.arm) == ("unlabelled", "real+pseudo+classic") and row.gain.mean == pytest.approx(0.06)
    assert row.sentence.startswith("Unlabelled images under pseudo-labels, without any GAN: +6.0 [")
    assert "Images of a GAN that has learnt from them as well made +5.0 [" in row.sentence
    assert "-1.0 [" in row.sentence and "against the pseudo-labelled images themselves" in row.sentence
    (alone,) = decide(replace(evidence(real__pseudo__classic=0.9), external=sources)).external
    assert "learnt" not in alone.sentence
    ((term, text),) = facts(world)
    assert term == "Unlabelled images" and text.startswith("Found there. In every trial a classifier of the draw alone")
    best = decide(replace(evidence(**{"real__gan.unlabelled__classic": 0.95}), external=sources)).advice
    assert "Best of what was tried: GAN images, learnt from unlabelled ones as well" in best
