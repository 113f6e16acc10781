"""The page that compares studies, from copies of a reference study with planted numbers: nothing is trained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browsing import browser_page, in_browser
from planted_results import HELPS, planted
from toy_media import INT16

from gannb.analysis.verdict import read_verdict
from gannb.analysis.wording import interval_text, primary_of, typeset
from gannb.analysis.worth import worth_sentence
from gannb.cli import main
from gannb.media import MEDIA
from gannb.media.image import IMAGE
from gannb.report import compare as comparing
from gannb.report.compare import answer, compare, controls_text, sentences, study_facts, worth_text
from gannb.report.kept import read_result
from gannb.stats.worth import Worth
from gannb.utils.errors import InputError

CURVE = [{"arm": "fewer+classic", "n": 40.0, "mean": 0.9}, {"arm": "real+more+classic", "n": 160.0, "mean": 0.95}]


@pytest.fixture
def studies(tmp_path: Path) -> list[Path]:
    return [planted(tmp_path / "outputs" / "one"), planted(tmp_path / "outputs" / "two <b>", HELPS, worth=None)]


def test_the_page_stands_beside_the_studies_and_says_what_each_found(studies):
    file, replaced = compare(studies)
    assert (file, replaced) == (studies[0].parent / "comparison.html", False)
    page = file.read_text()
    assert "Helps in 1 of 2, no difference that matters in 1" in page
    kept = read_verdict(studies[0])
    effect, worth = typeset(interval_text(primary_of(kept))), typeset(worth_text(kept["worth"]))
    for says in (effect, "+3.1\u00a0[1.2,\u00a05.0]", worth, "not measured", "16 (draw)", "2,000", "6 of 6"):
        assert says in page, says
    assert "In brackets: the 95% interval" in page and "adjusted for the number of its options" in page
    assert "two &lt;b&gt;" in page and "two <b>" not in page


def test_a_smoke_run_has_no_answer_whatever_an_earlier_version_said(studies, tmp_path):
    smoke = planted(tmp_path / "outputs" / "smoke", HELPS, sentence="On 2 draws: they help.", reason="")
    record = json.loads((smoke / "study.json").read_text())
    record["parameters"]["preset"] = "smoke"
    (smoke / "study.json").write_text(json.dumps(record))
    page = compare([studies[0], smoke])[0].read_text()
    assert "Undecided in 1 of 2" in page or "undecided in 1" in page
    assert "elps in" not in page and "undecided: a smoke run is far too small to answer" in page
    assert "On 2 draws: they help. No answer: a smoke run is far too small to answer." in page
    forest = next(line for line in page.splitlines() if "Forest plot." in line)
    assert "smoke: +3.1 [1.2, 5.0] points, undecided" in forest.replace("\u00a0", " ")


def test_the_page_needs_nothing_but_itself_and_links_to_each_studys_page(studies):
    page = compare(studies)[0].read_text()
    assert re.findall(r'<a href="([^"]*)"', page) == ["one/report.html", "two%20%3Cb%3E/report.html"] * 2
    assert not re.search(r'<link|src="|url\((?!#)|https?://(?!www.w3.org/)', page)
    assert page.count("<svg ") == 2 and page.count("<script>") == 1  # wide and narrow; the one that sorts


@in_browser
def test_a_worth_that_was_not_measured_is_sorted_last_in_either_order(studies, tmp_path):
    worth = json.loads((studies[0] / "verdict.json").read_text())["worth"]
    third = planted(tmp_path / "outputs" / "three", worth=worth | {"worth": 1200.0, "low": 900.0, "high": 1500.0})
    with browser_page(compare([*studies, third])[0].as_uri()) as page:
        column = page.locator("#answers tbody td:nth-child(6)")
        for number in ("1,200", f"{worth['worth']:,.0f}"):  # the largest first, then turned round
            page.locator("#answers thead th").nth(5).locator("button").click()
            shown = column.all_inner_texts()
            assert shown[0].startswith(number) and shown[2] == "not measured"


def test_a_study_without_a_page_gets_no_link(studies):
    (studies[0] / "report.html").unlink()
    page = compare(studies)[0].read_text()
    assert "one/report.html" not in page and "gannb report" in page


def test_links_lead_from_where_the_page_is_put(studies, tmp_path):
    (tmp_path / "pages").mkdir()
    file, _ = compare(studies, tmp_path / "pages")
    assert file == tmp_path / "pages" / "comparison.html"
    assert 'href="../outputs/one/report.html"' in file.read_text()


def test_every_study_is_a_row_of_the_figure_with_its_own_limits(studies, monkeypatch):
    drawn = []
    draw = comparing.plots.forest_of_studies
    monkeypatch.setattr(
        "gannb.report.plots.forest_of_studies",
        lambda rows, pooled: drawn.append((rows, draw(rows, pooled))) or drawn[0][1],
    )
    picture = comparing.forest([read_result(folder) for folder in studies], IMAGE.nouns)
    kept = interval_text(primary_of(read_verdict(studies[0])))
    assert f"one: {kept} points, no difference that matters; two <b>: +3.1 [1.2, 5.0] points, helps" in picture.alt
    ((rows, ax),) = drawn
    assert [bar.get_width() for bar in ax.patches] == [200 * row["rope"] for row in rows]
    assert [bar.get_y() + bar.get_height() / 2 for bar in ax.patches] == [0, 1]
    marks = [line for line in ax.lines if line.get_marker() == "D"]
    assert [float(mark.get_xdata()[0]) for mark in marks] == pytest.approx([100 * row["difference"] for row in rows])
    assert min(ax.get_xlim()) < -5 and max(ax.get_xlim()) > 5


def test_a_reader_is_told_what_makes_a_comparison_weak(tmp_path):
    outputs = tmp_path / "outputs"
    same = [planted(outputs / name, fingerprint="x") for name in "ab"]
    other = planted(outputs / "c", metric="accuracy", problems=["This study is too small."])
    page = compare([*same, other])[0].read_text()
    assert "a and b are on the same images" in page and "The metrics differ (accuracy, balanced accuracy)." in page
    assert "c: This study is too small." in page and "1 in 20" in page
    page = compare(same, tmp_path)[0].read_text()
    assert "The metrics differ" not in page


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ({"helps": 3}, "They help, in all 3"), ({"inconclusive": 1, "helps": 2}, "Helps in 2 of 3, undecided in 1"),
        ({"equivalent": 1, "hurts": 1}, "Hurts in 1 of 2, no difference that matters in 1"),
    ],
)  # fmt: skip
def test_answers_are_counted(kinds, says):
    assert answer(kinds) == says


@pytest.mark.parametrize(
    ("worth", "low", "high", "at_least", "at_most"),
    [
        (76.0, 59.0, 97.0, False, False), (120.0, 90.0, None, True, False), (None, 90.0, None, True, False),
        (50.0, None, 70.0, False, True), (None, None, 70.0, False, True), (None, None, None, True, True),
    ],
)  # fmt: skip
def test_the_worth_has_the_numbers_of_its_sentence(worth, low, high, at_least, at_most):
    row = {"worth": worth, "low": low, "high": high, "at_least": at_least, "at_most": at_most, "n_real": 80}
    said = worth_text(row | {"curve": CURVE})
    found = Worth(worth, low, high, at_least, at_most)
    sentence = worth_sentence(IMAGE.nouns, 80, found, [point["n"] for point in CURVE])
    assert all(number in sentence for number in re.findall(r"\d+", said))
    assert ("or more" in said, "or fewer" in said) == ("or more" in sentence, "or fewer" in sentence)


def test_a_study_says_its_sentences_and_its_advice_if_there_is_any(studies):
    found = read_result(studies[1]).verdict | {"advice": ""}
    said = [found["sentence"], found["copying"]]
    assert sentences(found) == said
    assert sentences(found | {"advice": "Stay with that."}) == [said[0], "Stay with that.", said[1]]


def test_controls_that_did_not_come_out_are_not_counted():
    assert controls_text([{"came_out": True}, {"came_out": None}, {"came_out": False}]) == "1 of 3"
    assert controls_text([]) == "none"


def test_scores_are_means_over_trials_of_the_two_arms(studies):
    result = read_result(studies[0])
    facts = study_facts(result, studies[0].parent / "comparison.html")
    found = {row["outcome"]: row for row in result.verdict["outcomes"]}  # of the accuracy, not of the metric
    assert abs(100 * found["accuracy"]["arm"]["mean"] - float(facts["with"].rstrip("%"))) < 0.5
    change = float(facts["with"].rstrip("%")) - float(facts["without"].rstrip("%"))
    assert change == pytest.approx(100 * result.primary["difference"], abs=0.1)
    assert (facts["n_real"], facts["n_synthetic"]) == ("80", "2,000")


def test_what_stands_beside_an_answer_is_what_it_is_of(studies):
    record = json.loads((studies[0] / "study.json").read_text())
    record["resolved"]["gan_steps"] = record["resolved"]["classifier_steps"] = 77_777  # changed since
    (studies[0] / "study.json").write_text(json.dumps(record))
    facts = study_facts(read_result(studies[0]), studies[0].parent / "comparison.html")
    assert (facts["gan"], facts["classifier"]) == ("mlp, 1,000 steps", "small_cnn, 140 steps")


# ---- what is not overwritten, and wrong input ----


def test_only_a_comparison_of_the_same_studies_is_replaced_and_that_is_said(studies, capsys, tmp_path):
    names = list(map(str, studies))
    assert main(["report", *names]) == 0
    file = studies[0].parent / "comparison.html"
    assert capsys.readouterr().out == f"written: {file}\n"
    assert main(["report", *reversed(names)]) == 0
    assert capsys.readouterr().out == f"replaced: {file}\n"
    third = planted(studies[0].parent / "three")
    before = file.read_text()
    assert main(["report", *names, str(third)]) == 2
    assert f"{file} is there already" in capsys.readouterr().err and file.read_text() == before
    notes = tmp_path / "notes.html"
    notes.write_text("mine")
    assert main(["report", *names, "--to", str(notes)]) == 2
    assert notes.read_text() == "mine"
    assert main(["report", *names, str(third), "--to", str(tmp_path / "three.html")]) == 0


def test_wrong_input_gets_one_sentence(studies, tmp_path):
    with pytest.raises(InputError, match="2 or more different studies"):
        compare([studies[0], studies[0]])
    with pytest.raises(InputError, match="There is no study in"):
        compare([studies[0], tmp_path / "nothing"])
    for file, says in (("scores.csv", "scores.csv cannot be read"), ("verdict.json", "verdict.json is not there yet")):
        (studies[0] / file).unlink()
        with pytest.raises(InputError, match=says):
            compare(studies)
    assert not (studies[0].parent / "comparison.html").exists()


def test_a_place_that_cannot_be_written_is_refused(studies, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        compare(studies, tmp_path / "file" / "page.html")


def test_to_is_for_several_studies(studies, capsys):
    assert main(["report", str(studies[0]), "--to", "page.html"]) == 2
    assert "--to is for a page that compares studies" in capsys.readouterr().err


def test_studies_of_several_media_are_of_items(studies, monkeypatch):
    monkeypatch.setitem(MEDIA, INT16.name, INT16)
    record = json.loads((studies[1] / "study.json").read_text())
    record["resolved"]["medium"] = INT16.name
    (studies[1] / "study.json").write_text(json.dumps(record))
    page = compare(studies)[0].read_text()
    assert "<h1>Do GAN items help to train the classifier?</h1>" in page and "real vectors, 16 trials" in page
    assert "mirror images" not in page


def test_a_study_without_an_answer_says_why(studies):
    failed = planted(studies[0].parent / "failed", {"answer": "inconclusive"}, reason="it had not converged")
    page = compare([*studies, failed], studies[0].parent / "page.html")[0].read_text()
    assert "undecided: it had not converged</span>" in page


# ---- what they say together ----


@pytest.fixture
def three(studies, tmp_path) -> list[Path]:
    return [*studies, planted(tmp_path / "outputs" / "three", {"difference": 0.01, "low": -0.01, "high": 0.03})]


def test_three_studies_of_their_own_items_are_pooled_in_a_sentence_and_the_figure(three):
    page = compare(three)[0].read_text()
    assert "<h2>All together</h2>" in page and "Together: on average over data sets like these 3" in page
    assert "All 3 together" in page and "The diamond is their mean over data sets" in page
    assert "Not pooled" not in page


def test_studies_that_share_items_are_not_pooled_and_that_is_said(three):
    shared = [*three, planted(three[0].parent / "four", fingerprint="three")]
    page = compare(shared)[0].read_text()
    assert "Not pooled: three and four are on the same images" in page and "diamond" not in page
    assert "three and four are on the same images: they do not confirm each other." in page


def test_of_two_nothing_is_said_together(studies):
    page = compare(studies)[0].read_text()
    assert "All together" not in page and "Not pooled" not in page and "diamond" not in page


def test_intervals_that_are_wider_for_looks_are_said_to_be(studies):
    assert "In brackets: the 95% interval, in percentage points" in compare(studies)[0].read_text()
    looked = planted(studies[0].parent / "looked", {"level": 0.985})
    page = compare([*studies, looked], studies[0].parent / "three.html")[0].read_text()
    assert "the 95% interval, wider where an answer was looked at more than once, in percentage points" in page
