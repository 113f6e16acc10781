"""From facts to HTML: nothing is loaded, everything is escaped, marks show their values."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from jinja2 import DictLoader, UndefinedError
from planted_page import row, verdict, written
from planted_study import Reader

import gannb
from gannb.analysis.wording import arm_label, interval_text, typeset
from gannb.media.image import IMAGE
from gannb.report.page import html
from gannb.report.page.pictures import Picture
from gannb.report.publish import Page


def test_loads_nothing_and_runs_its_own_script_only(published):
    page = published.read_text(encoding="utf-8")
    found = Reader(page)
    assert found.loads and all(load.startswith(("data:image/", "#")) for load in found.loads)
    assert found.named("script") == [{}] and not found.named("link") and not found.named("iframe")
    assert not re.search(r"@import|url\((?!#)|\son\w+=", page)
    (script,) = re.findall("<script>(.*?)</script>", page, re.S)
    policy = next(m["content"] for m in found.named("meta") if m.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy and policy.endswith(f"script-src 'sha256-{digest}'")


@pytest.mark.parametrize(
    "template", sorted((Path(gannb.__file__).parent / "report" / "page" / "templates").glob("*.html"))
)
def test_a_template_leaves_no_brace_of_its_own_in_the_page(template):
    left = re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", "", template.read_text(encoding="utf-8"), flags=re.S)
    assert not set("{}") & set(left)


def test_names_and_texts_are_escaped(tmp_path):
    bad = '<script>alert("x")</script>'
    claims = [{"claim": bad, "verdict": "undecided", "number": bad, "why": bad}]
    picture = Picture(bad, bad, f'"{bad}', "data:image/png;base64,", "drawn")
    facts = [(bad, bad)]
    table = [{"name": bad, "value": bad, "meaning": bad, "set": ""}]
    words = verdict(claims=claims, sentence=bad, problems=[bad], copying=bad)
    html = written(
        tmp_path,
        Page(bad, IMAGE, words, {"forest": picture}, method=facts, data=facts, provenance=facts, parameters=table),
    )
    assert html.count("<script") == 1 and 'alert("x")' not in html and "alert(&#34;x&#34;)" in html
    assert Reader(html).named("img")[0]["alt"] == f'"{bad}'


@pytest.mark.parametrize(("kind", "scrolls"), [("drawn", False), ("chart", False), ("html", True)])
def test_items_that_are_read_or_heard_scroll_beside_the_answer_and_pictures_are_shown_whole(tmp_path, kind, scrolls):
    shown = {"samples": Picture("Items", "caption", "alt", "data:image/png;base64,", kind)}
    html = written(tmp_path, Page("digits", IMAGE, verdict(), shown))
    assert ('class="scroll long"' in html) == scrolls


@pytest.mark.parametrize(
    ("answer", "words"),
    [("helps", "They help"), ("hurts", "They hurt"), ("equivalent", "No difference that matters")],
)
def test_every_answer_has_its_words(tmp_path, answer, words):
    assert f">{words}</p>" in written(tmp_path, Page("digits", IMAGE, verdict(answer=answer)))


def test_marks_of_a_chart_show_their_value_under_a_pointer(published):
    page = published.read_text(encoding="utf-8")
    found = json.loads((published.parent / "verdict.json").read_text(encoding="utf-8"))
    for each in found["contrasts"] + found["controls"]:
        said = f"{arm_label(each['arm'])} against {arm_label(each['against'])}: {typeset(interval_text(each))} points"
        assert f"<title>{said}" in page, said
    assert "tip: " not in page


def test_a_fact_that_a_template_lacks_is_an_error_and_one_with_a_tag_is_escaped(monkeypatch):
    monkeypatch.setattr("jinja2.PackageLoader", lambda *_: DictLoader({"a": "{{ title }}"}))
    assert html.render("a", title="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        html.render("a")


@pytest.mark.parametrize(
    ("came_out", "word"), [(True, "helps, as expected"), (False, "not as expected"), (None, "too uncertain to tell")]
)
def test_a_control_says_how_it_came_out(came_out, word):
    assert html.control_word(row(expected="helps", came_out=came_out)) == word


@pytest.mark.parametrize(("came_out", "word"), [(True, "converged"), (False, "not converged")])
def test_training_that_had_not_come_to_its_end_is_called_that(came_out, word):
    assert html.control_word(row(expected="converged", came_out=came_out)) == word
