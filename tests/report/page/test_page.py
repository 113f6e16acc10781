"""The page: one file that loads nothing, runs its own script only, and says in words what its figures show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import browser_page, in_browser
from planted_study import Reader

import gannb
from gannb.analysis.evidence import gather
from gannb.analysis.wording import arm_label, interval_text, typeset
from gannb.measures.comparison import REFERENCE_SETS
from gannb.media.image import IMAGE
from gannb.report.page.captions import training_texts
from gannb.report.page.pictures import Picture
from gannb.report.page.plain import plain, without_paths
from gannb.report.page.tables import arm_table, generator_table
from gannb.report.publish import Page, write_page


def row(**more) -> dict:
    numbers = {"difference": 0.006, "low": -0.004, "high": 0.016}
    return {"arm": "real+gan+classic", "against": "real+classic", "meaning": "GAN images"} | numbers | more


def verdict(**more) -> dict:
    return {
        "answer": "inconclusive", "sentence": "On 8 draws GAN images changed accuracy by +0.6 [-0.4, 1.6] points.",
        "protocol": "draw", "metric": "balanced_accuracy", "rope": 0.01, "gan": "mlp", "problems": [],
        "copying": "No sign of copying.", "contrasts": [row(role="primary", answer="inconclusive")],
        "controls": [row(expected="helps", came_out=False)], "worth": None,
        "claims": [{"claim": "It copies", "verdict": "supported", "number": "0.9", "why": "It does."}],
        "outcomes": [], "disagreement": "", "classes": [], "advice": "Stay with that.", "options": [], "depth": None,
        "instead": [],
    } | more  # fmt: skip


def written(tmp_path, page: Page) -> str:
    return write_page(tmp_path / "report.html", page).read_text(encoding="utf-8")


def test_loads_nothing_and_runs_its_own_script_only(published):
    html = published.read_text(encoding="utf-8")
    found = Reader(html)
    assert found.loads and all(load.startswith(("data:image/", "#")) for load in found.loads)
    assert found.named("script") == [{}] and not found.named("link") and not found.named("iframe")
    assert not re.search(r"@import|url\((?!#)|\son\w+=", html)
    (script,) = re.findall("<script>(.*?)</script>", html, re.S)
    policy = next(m["content"] for m in found.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy and policy.endswith(f"script-src 'sha256-{digest}'")


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(published):
    found = Reader(published.read_text(encoding="utf-8"))
    assert len(found.ids) == len(set(found.ids))
    assert {link["href"].removeprefix("#") for link in found.named("a")} <= set(found.ids)
    labels = {found_["aria-labelledby"] for _, found_ in found.tags if "aria-labelledby" in found_}
    assert labels <= set(found.ids)


@pytest.mark.parametrize(
    "template", sorted((Path(gannb.__file__).parent / "report" / "page" / "templates").glob("*.html"))
)
def test_a_template_leaves_no_brace_of_its_own_in_the_page(template):
    left = re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.S)
    assert not set("{}") & set(left)


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


def test_names_and_texts_are_escaped(tmp_path):
    bad = '<script>alert("x")</script>'
    claims = [{"claim": bad, "verdict": "undecided", "number": bad, "why": bad}]
    picture = Picture(bad, bad, f'"{bad}', "data:image/png;base64,", "drawn")
    facts = [(bad, bad)]
    table = [{"name": bad, "value": bad, "meaning": bad, "set": ""}]
    words = verdict(claims=claims, sentence=bad, problems=[bad], copying=bad)
    html = written(tmp_path, Page(bad, IMAGE, words, {"forest": picture}, (), (), facts, facts, facts, table))
    assert html.count("<script") == 1 and 'alert("x")' not in html and "alert(&#34;x&#34;)" in html
    assert Reader(html).named("img")[0]["alt"] == f'"{bad}'


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
    parts = ("Do GAN images help", "Undecided", "On 8 draws", "What to do", "In brackets", "Comparisons")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Read this first" not in text


@pytest.mark.parametrize(
    ("advice", "options", "adjusted"),
    [
        ("Best of what was tried: GAN images, +3.1 [0.2, 6.0] points.", 5, True),
        ("As many real images again: +3.1 [0.2, 6.0] points.", 1, False),
        ("No advice: a smoke run is far too small for it.", 5, False),
    ],
)
def test_the_note_on_brackets_is_true_of_the_advice_above_it(tmp_path, advice, options, adjusted):
    rows = [row(option="GAN images", minutes=1.0)] * options
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(advice=advice, options=rows)))).text
    note = text[text.index("In brackets: the 95% interval") :]
    says = "Those under “What to do” are wider, adjusted for the number of options: all 5 of them hold together"
    assert text.index(advice[:20]) < text.index(note[:20]) and (says in note) == adjusted


@pytest.mark.parametrize(
    ("answer", "words"),
    [("helps", "They help"), ("hurts", "They hurt"), ("equivalent", "No difference that matters")],
)
def test_every_answer_has_its_words(tmp_path, answer, words):
    assert f">{words}</p>" in written(tmp_path, Page("digits", IMAGE, verdict(answer=answer)))


def test_problems_stand_above_the_answer(tmp_path):
    problems = ["A control did not come out.", "2 of 8 trials could be compared."]
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(problems=problems)))).text
    assert text.index(problems[0]) < text.index(problems[1]) < text.index("Undecided")


def test_every_figure_says_in_words_what_it_shows(published):
    said = Reader(published.read_text(encoding="utf-8")).pictures()
    assert len(said) == 12  # the forest twice, wide and narrow
    for text in said:
        assert len(text) > 40 and re.search(r"\d", text)


def test_marks_of_a_chart_show_their_value_under_a_pointer(published):
    html = published.read_text(encoding="utf-8")
    found = json.loads((published.parent / "verdict.json").read_text(encoding="utf-8"))
    for row in found["contrasts"] + found["controls"]:
        said = f"{arm_label(row['arm'])} against {arm_label(row['against'])}: {typeset(interval_text(row))} points"
        assert f"<title>{said}" in html, said
    assert "tip: " not in html


def test_names_the_method_the_data_and_the_provenance(published, planted):
    text = Reader(published.read_text(encoding="utf-8")).text
    for fact in (planted.dataset.fingerprint, "1,797 images", "classifier_steps", "numpy", "second half changed it",
                 "mlp", "auto: draw", "held-out real images"):  # fmt: skip
        assert fact in text, fact


def test_a_study_without_quality_worth_or_controls_still_has_its_page(tmp_path):
    text = Reader(written(tmp_path, Page("digits", IMAGE, verdict(controls=[])))).text
    assert "Not measured" in text and "No control is part of this study." in text


def test_outcomes_stand_on_the_page_with_what_their_intervals_carry(published, planted):
    text = Reader(published.read_text(encoding="utf-8")).text
    for fact in ("recall: 9", "ECE (lower is better)", "given the test set", "shown without an answer"):
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


def test_every_measure_stands_beside_its_feature_space_and_what_others_get(published, planted):
    rows = generator_table(gather(planted), IMAGE)
    assert [row["features"] for row in rows[:2]] == ["pixels", "small_cnn"]
    assert set(REFERENCE_SETS) < {row["generator"] for row in rows}
    ruled = [row for row in rows if row["features"] == "small_cnn"]
    assert ruled[0]["gan_test"] == "50.0%" and ruled[0]["gan_train"].endswith("%") and rows[0]["gan_test"] == "–"
    text = Reader(published.read_text(encoding="utf-8")).text
    assert "Which classes to use" in text and "altered copies" in text


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_arms_are_listed_best_first_by_the_metric_of_the_study(planted, metric):
    rows = arm_table(replace(gather(planted), metric=metric))
    numbers = [float(row["metric"]) for row in rows]
    assert len(rows) == len(planted.settings.arms) and numbers == sorted(numbers, reverse=True)
    lowest, highest = (float(end) for end in rows[0]["range"].split(" to "))
    assert lowest <= numbers[0] <= highest
    assert metric != "accuracy" or all(row["metric"] == row["accuracy"] for row in rows)


# ---- what may leave the machine ----


def test_plain_values_are_ready_for_json():
    given = {"a": np.float64(1.5), "b": [float("nan"), np.int64(3)], "c": (float("inf"), None), "d": np.bool_(True)}
    assert plain(given) == {"a": 1.5, "b": [None, 3], "c": [None, None], "d": True}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot read /home/ann/photos/dog.png: truncated", "cannot read dog.png: truncated"),
        (r"cannot read C:\Users\ann\dog.png", "cannot read dog.png"),
        ("trials/000/real+gan-0123: boom", "trials/000/real+gan-0123: boom"),
        ("help and/or hurt, train/ and test/", "help and/or hurt, train/ and test/"),
    ],
)
def test_absolute_paths_are_cut_to_their_last_part(text, shown):
    assert without_paths(text) == shown


@pytest.mark.parametrize(
    ("ratio", "collapsed", "says"),
    [
        ([0.2, 0.8], [3, 0], None),
        ([0.2, 0.8], [3, 1], "In 1 class all samples look alike in the end."),
        ([0.2, 0.8], [1, 2], "In 2 classes all samples look alike"),
        ([float("nan")], [0], "Diversity was not watched: no class of the draw has two different images."),
        ([0.8], None, None),  # a training of before they were counted
    ],
)
def test_the_training_s_caption_says_what_its_curve_does_not(ratio, collapsed, says):
    diversity = {"ratio": ratio} | ({"collapsed": collapsed} if collapsed is not None else {})
    _, caption, _ = training_texts({"diversity": diversity, "log": [], "curves": {"step": [10]}}, 0, IMAGE.nouns)
    assert (says in caption) if says else "alike" not in caption and "not watched" not in caption
