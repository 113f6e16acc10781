"""The page: one file that loads nothing, runs its own script only, and says in words what its figures show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browsing import browser_page, in_browser
from planted_page import row, verdict, written
from planted_study import Reader

import gannb
from gannb.media.image import IMAGE
from gannb.report.publish import Page


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(published):
    found = Reader(published.read_text(encoding="utf-8"))
    assert len(found.ids) == len(set(found.ids))
    assert {link["href"].removeprefix("#") for link in found.named("a")} <= set(found.ids)
    labels = {found_["aria-labelledby"] for _, found_ in found.tags if "aria-labelledby" in found_}
    assert labels <= set(found.ids)


def test_is_well_formed_and_speaks_its_language(published):
    found = Reader(published.read_text(encoding="utf-8"))
    assert found.named("html")[0]["lang"] == "en"
    assert len(found.named("h1")) == 1
    assert len(found.named("table")) == len(found.named("caption")) == 10
    assert all(heading.get("scope") in ("row", "col") for heading in found.named("th"))
    assert {"viewport", "color-scheme"} <= {meta.get("name") for meta in found.named("meta")}
    html = published.read_text(encoding="utf-8")
    assert "@media print" in html and "prefers-color-scheme: dark" in html


def test_is_small_enough_to_mail(published):
    assert published.stat().st_size < 1_500_000


def test_shows_no_path_of_this_machine(published, planted):
    html = published.read_text(encoding="utf-8")
    assert str(planted.folder.parent) not in html and str(Path(gannb.__file__).parent) not in html


@in_browser
def test_a_columns_head_sorts_its_table_and_turns_it_round(published):
    with browser_page(published.as_uri()) as page:
        rows = page.locator("#scores tbody tr")
        head = page.locator("#scores thead th").nth(4).locator("button")  # synthetic images

        def column() -> list[float]:
            return [float(text.replace(",", "")) for text in rows.locator("td:nth-child(5)").all_inner_texts()]

        head.click()
        falling = column()
        head.click()
        assert falling == sorted(falling, reverse=True) and column() == sorted(falling)
        assert page.locator("#scores [aria-sort=ascending]").count() == 1


# ---- what it says ----


def test_opens_with_the_answer_in_words(tmp_path):
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict()))).text
    parts = ("Do GAN images help", "Undecided", "On 8 draws", "In brackets", "What to do", "Every comparison")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Read this first" not in text


def test_what_made_the_items_is_called_what_it_is(tmp_path):
    assert (
        "made by a GAN (generative adversarial network)" in Reader(written(tmp_path, Page("a", IMAGE, verdict()))).text
    )
    flow = Reader(written(tmp_path, Page("a", IMAGE, verdict(), maker=IMAGE.families["flow"].maker))).text
    assert "made by a flow" in flow and "generative adversarial" not in flow


def test_problems_stand_above_the_answer(tmp_path):
    problems = ["A control did not come out.", "2 of 8 trials could be compared."]
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(problems=problems)))).text
    assert text.index(problems[0]) < text.index(problems[1]) < text.index("Undecided")


def test_a_study_without_an_answer_says_why_in_its_headline(tmp_path):
    reason = "the classifiers had not converged"
    page = written(tmp_path, Page("digits", IMAGE, verdict(reason=reason)))
    assert (
        '<p class="answer inconclusive unanswered" id="answer">Undecided: the classifiers had not converged</p>' in page
    )
    assert f"<title>digits: Undecided: {reason}" in page
    assert "unanswered" not in written(tmp_path, Page("digits", IMAGE, verdict())).split("</style>")[1]


def test_what_needs_no_gan_stands_below_the_answer(tmp_path):
    said = "Blends of two images do as well."
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(yardsticks=said)))).text
    assert text.index("On 8 draws") < text.index(said) < text.index("What to do")


def test_failing_gans_stand_beside_the_method(tmp_path):
    said = {"sentence": "If one GAN in ten failed, the change would be smaller."}
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(sensitivity=said)))).text
    assert text.index("Method") < text.index("If GANs fail now and then") < text.index(said["sentence"])
    assert "If GANs fail now and then" not in Reader(written(tmp_path, Page("digits", IMAGE, verdict()))).text


@pytest.mark.parametrize(("minutes", "said"), [(None, "–"), (0.01, "below 0.1"), (0.1, "0.1"), (12.34, "12.3")])
def test_an_option_says_what_it_takes_and_never_that_it_takes_nothing(tmp_path, minutes, said):
    options = [row(option="more of them", minutes=minutes)]
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(options=options)))).text
    assert re.search(rf"more of them[^]]*\]{re.escape(said)}\s", text)


def test_the_controls_say_for_how_many_their_intervals_are_adjusted(tmp_path):
    controls = [row(expected=e, came_out=True) for e in ("helps", "hurts", "converged")]
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(controls=controls)))).text
    assert "the other controls (2) go by their intervals, which are adjusted for their number" in text
    assert "the second half of its steps brought less than 1.0 points on average" in text
    assert "the study has no answer" in text


def test_a_study_without_quality_worth_or_controls_still_has_its_page(tmp_path):
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(controls=[])))).text
    assert "Not measured" in text and "No control is part of this study." in text


def test_outcomes_stand_on_the_page_with_what_their_intervals_carry(published, planted):
    text = Reader(published.read_text(encoding="utf-8")).text
    for fact in ("recall: 9", "ECE (lower is better)", "carry trials and test images", "shown without an answer"):
        assert fact in text, fact
    assert "Metrics disagree" not in text and "positive class is" not in text
    alts = Reader(published.read_text(encoding="utf-8")).pictures()
    assert any(re.search(r"% sure and \d+\.\d% right, ECE \d\.\d{3}", alt) for alt in alts)
    assert any(re.search(r"the largest: \d taken for \d [+−]\d+\.\d;", alt) for alt in alts)


def test_metrics_that_disagree_are_named_under_the_outcomes(tmp_path):
    outcomes = [{"outcome": "AUROC", "with": "0.9", "without": "0.8", "change": "+0.1", "trials": "8"}]
    page = Page(
        "digits", IMAGE, verdict(disagreement="Metrics disagree: by -0.1."), outcomes=outcomes,
        outcome_notes=("Note.",),
    )  # fmt: skip
    text = Reader(written(tmp_path, page)).text
    places = [
        text.index(part) for part in ("Outcomes", "Note.", "AUROC", "Metrics disagree: by −0.1.", "Scores by arm")
    ]
    assert places == sorted(places)
