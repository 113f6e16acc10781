"""Every claim of the discussion gets the verdict that planted numbers call for."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from planted_evidence import evidence

from gannb.analysis.claims import TESTS, Finding, claims, shift_rows
from gannb.analysis.evidence import Evidence
from gannb.media.image.shifts import SHIFTS
from gannb.trials.arms import PRIMARY


def claim(planted: Evidence, words: str) -> Finding:
    return next(c.found for c in claims(planted) if words in c.claim)


# ---- claims ----


@pytest.mark.parametrize(
    ("words", "planted", "expected"),
    [
        ("larger one that is good enough", {"real__gan__classic": 0.87}, "supported"),
        ("larger one that is good enough", {"real__gan__classic": 0.81}, "contradicted"),
        ("larger one that is good enough", {"real__gan__classic": 0.84}, "contradicted"),
        ("larger one that is good enough", {"real__gan__classic": 0.85, "wobble": 6.0}, "undecided"),
        ("not beat collecting", {"real__more__classic": 0.90}, "supported"),
        ("not beat collecting", {"real__more__classic": 0.80}, "contradicted"),
        ("not beat collecting", {"real__more__classic": 0.88, "wobble": 6.0}, "undecided"),
        ("mean and variance", {"real__gan": 0.84}, "contradicted"),
        ("mean and variance", {"real__gan": 0.78}, "undecided"),  # the GAN may be poor
        ("mean and variance", {"real__gan": 0.81}, "undecided"),
        ("overtrains", {"gap": {PRIMARY[0]: 0.15, PRIMARY[1]: 0.05}}, "supported"),
        ("overtrains", {"gap": {PRIMARY[0]: 0.02, PRIMARY[1]: 0.05}}, "contradicted"),
        ("overtrains", {}, "contradicted"),
        ("overtrains", {"gap": {arm: 0.5 for arm in PRIMARY}}, "undecided"),  # nothing left to overtrain on
        ("small and distorted", {"measures": {"gan_test": 0.5}}, "supported"),
        ("small and distorted", {"measures": {"gan_test": 0.82}}, "contradicted"),
        ("small and distorted", {"measures": {"gan_test": 0.74}, "spread": 0.3}, "undecided"),
        ("Gains saturate", {"doses": {50: 0.87, 200: 0.871}}, "supported"),
        ("Gains saturate", {"doses": {50: 0.85, 200: 0.88}}, "contradicted"),
        ("Gains saturate", {"doses": {20: 0.85, 50: 0.85, 200: 0.858}, "wobble": 3.0}, "undecided"),
        ("Gains saturate", {"doses": {50: 0.88, 200: 0.85}}, "undecided"),  # a loss is no saturation
        ("in-between", {"measures": {"between": 0.5}}, "supported"),
        ("in-between", {"measures": {"between": 0.3}}, "undecided"),  # there may be some all the same
        ("in-between", {"measures": {"between": 0.42}, "spread": 0.3}, "undecided"),
        ("outside its training", {"shifted": {PRIMARY[0]: 0.70, PRIMARY[1]: 0.60}}, "contradicted"),
        ("outside its training", {"shifted": {PRIMARY[0]: 0.60, PRIMARY[1]: 0.70}}, "supported"),
        ("outside its training", {"shifted": {PRIMARY[0]: 0.60, PRIMARY[1]: 0.60}}, "supported"),
        ("outside its training", {"shifted": {PRIMARY[0]: 0.604, PRIMARY[1]: 0.60}, "wobble": 0.1}, "supported"),
        ("outside its training", {"shifted": {PRIMARY[0]: 0.62, PRIMARY[1]: 0.60}, "wobble": 9.0}, "undecided"),
        ("copies its training set", {"measures": {"nearer_to_train": 0.8}}, "supported"),
        ("copies its training set", {"measures": {"nearer_to_train": 0.0}}, "contradicted"),
        ("copies its training set", {"measures": {"nearer_to_train": 0.1}, "spread": 0.3}, "undecided"),
    ],
)
def test_a_claim_gets_the_verdict_of_planted_numbers(words, planted, expected):
    found = claim(evidence(**planted), words)
    assert found.verdict == expected
    assert re.search(r"\d", found.number) and found.why.endswith(".")


def test_a_claim_whose_arms_are_missing_is_undecided_and_says_so():
    planted = evidence()
    del planted.correct["real+gaussian"]
    found = claim(planted, "mean and variance")
    assert found.verdict == "undecided" and "Not tested" in found.why
    found = claim(evidence("folds"), "not beat collecting")
    assert found.verdict == "undecided" and "Not tested" in found.why
    planted = replace(evidence(), quality=pd.DataFrame())
    assert all(claim(planted, words).verdict == "undecided" for words in ("distorted", "copies", "in-between"))
    untested = ("Fine-tuning", "Gains saturate", "outside its training")
    assert all("Not tested" in claim(evidence(), words).why for words in untested)


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        ({"doses": {190: 0.87, 200: 0.871}}, "190 and 200 GAN images per class are too close to tell"),
        ({"doses": {50: 0.87, 200: 0.871}, "shown": 399}, "400 GAN images were made and a training shows 399 of them"),
    ],
)
def test_saturation_is_not_tested_where_it_would_follow_from_the_numbers_chosen(planted, why):
    found = claim(evidence(**planted), "Gains saturate")
    assert found.verdict == "undecided" and why in found.why


def test_every_claim_is_there_once_and_says_what_its_number_shows():
    rows = claims(evidence())
    assert [row.claim for row in rows] == [claim.format(many="images") for claim in TESTS] and len(rows) == 10
    assert all(row.found.why.endswith(".") for row in rows)


def test_shifts_are_told_one_by_one_and_together():
    rows = shift_rows(evidence(shifted={PRIMARY[0]: 0.70, PRIMARY[1]: 0.60}))
    assert [row.shift for row in rows] == [*SHIFTS, "all"]
    for row in rows:
        assert row.change.mean == pytest.approx(0.1) and row.change.low < 0.1 < row.change.high and row.change.n == 8
        assert (row.arm, row.against) == pytest.approx((0.70, 0.60))
    assert shift_rows(evidence()) == []
