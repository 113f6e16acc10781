"""The page and the files beside it, made from planted results: nothing is trained here."""

from __future__ import annotations

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gannb import report, stats
from gannb.data import Examples
from gannb.errors import InputError
from gannb.experiment import Experiment
from gannb.report import Page, Picture, plain, publish, typeset, without_paths, write_page
from gannb.shifts import SHIFTS
from gannb.study import make_study, write_json
from gannb.tables import nearest_pairs
from gannb.verdict import SCORE_COLUMNS, read_verdict
from gannb.work import execute

ACCURACY = {"real+gan+classic": 0.93, "real+classic": 0.92, "real+mislabelled": 0.6, "real+more+classic": 0.97,
            "real+more": 0.96, "fewer+classic": 0.85}  # fmt: skip

# ------------------------------------------------------------------------------------------------ planted results


def plant(experiment: Experiment, trial: int) -> None:
    """Write a trial's units as if they had been made: draw, GAN, items, quality and every arm's predictions."""
    folder = experiment.folder
    mine = [u for u in experiment.all_units() if u.parameters["trial"] == trial]
    for unit in mine:
        (folder / unit.path).mkdir(parents=True, exist_ok=True)
        if unit.kind != "draw":
            write_json(folder / unit.path / "unit.json", {"seconds": 2.0})
    execute(folder, experiment.draws[trial], "cpu")
    draw = experiment.draw(trial)
    train, test = experiment.items(draw.train), experiment.items(draw.test)
    curves = {"step": [10, 20], "discriminator_loss": [2.0, 1.5], "generator_loss": [1.0, 0.9], "sureness": [0.2, 0.5]}
    diversity = {"step": [20], "ratio": [0.8]}
    for unit in mine:
        place = folder / unit.path
        if unit.kind == "generator":
            write_json(place / "generator.json", {"curves": curves, "diversity": diversity, "log": [], "kept": "EMA"})
        elif unit.kind == "items":
            np.save(place / "x.npy", train.x // 2)
            np.save(place / "y.npy", train.y)
        elif unit.kind == "quality":
            write_json(place / "quality.json", quality_rows(unit.parameters))
        elif unit.kind == "classifier":
            plant_scores(place, unit.parameters, test.y)


def quality_rows(parameters: dict) -> list[dict]:
    about = {"trial": parameters["trial"], "generator": parameters["generator"]}
    measures = ("gan_test", "kid", "density", "coverage", "precision", "recall", "authenticity")
    numbers = dict.fromkeys(measures, 0.5) | {"authenticity_of_real": 0.5, "ruler_accuracy": 0.9, "seconds": 1.0}
    ratio = 0.9 + 0.001 * parameters["trial"]
    copying = {"nn_ratio": ratio, "nearer_to_train": 1.5 - ratio}
    return [about | {"features": f} | copying | numbers for f in ("pixels", "small_cnn")]


def plant_scores(place: Path, parameters: dict, y: np.ndarray) -> None:
    rng = np.random.default_rng([parameters["trial"], len(parameters["arm"])])
    rows, outputs = [], []
    for seed in range(parameters["seeds"]):
        said = np.where(rng.random(len(y)) < ACCURACY.get(parameters["arm"], 0.9), y, (y + 1) % 10)
        outputs.append(np.eye(10)[said] * 0.9 + 0.01)
        usual = 160 if "more" in parameters["arm"] else 80
        n_real = {"fewer": 40, "gan": 0}.get(parameters["arm"].split("+")[0], usual)
        about = {"trial": parameters["trial"], "arm": parameters["arm"], "n_real": n_real, "n_synthetic": 0}
        scores = {k: None if math.isnan(v) else v for k, v in stats.classification_scores(y, outputs[-1]).items()}
        rows.append(about | {"seed": seed, "train_accuracy": 1.0} | scores)
    said = np.stack(outputs).argmax(2)
    on_shifted = np.stack([said] * len(SHIFTS), 1)  # (S, F, I), as right as on the items themselves
    np.savez(place / "predictions.npz", p=np.stack(outputs), y=y, shifted=on_shifted, shifted_y=y)
    write_json(place / "scores.json", rows)


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Experiment:
    from gannb.status import write_status

    folder = tmp_path_factory.mktemp("outputs")
    found = Experiment.open(make_study(trials=3, output_dir=str(folder), name="planted", device="cpu"))
    for trial in range(3):
        plant(found, trial)
    write_status(found)
    return found


@pytest.fixture(scope="module")
def page(experiment) -> Path:
    return publish(experiment)


class Reader(HTMLParser):
    """Collects tags, what they load, their ids, and the text in reading order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.loads, self.ids, self.text, self.skip = [], [], [], "", False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append((tag, found))
        self.loads += [found[name] for name in ("src", "srcset", "href", "action", "poster", "data") if found.get(name)]
        self.ids += [found["id"]] if "id" in found else []
        self.skip = tag in ("style", "title")

    def handle_endtag(self, tag):
        self.skip = self.skip and tag not in ("style", "title")

    def handle_data(self, data):
        self.text += "" if self.skip else data

    def named(self, tag: str) -> list[dict]:
        return [found for name, found in self.tags if name == tag]


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
        "outcomes": [], "disagreement": "", "advice": "Stay with that.", "options": [], "depth": None,
    } | more  # fmt: skip


def written(tmp_path, page: Page) -> str:
    return write_page(tmp_path / "report.html", page).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------ the page


def test_loads_nothing_and_runs_nothing(page):
    html = page.read_text(encoding="utf-8")
    found = Reader(html)
    assert found.loads and all(load.startswith(("data:image/", "#")) for load in found.loads)
    assert not found.named("script") and not found.named("link") and not found.named("iframe")
    assert not re.search(r"@import|url\(|\son\w+=", html)
    assert "default-src 'none'" in html


def test_links_within_the_page_lead_somewhere_and_ids_are_unique(page):
    found = Reader(page.read_text(encoding="utf-8"))
    assert len(found.ids) == len(set(found.ids))
    assert {link["href"].removeprefix("#") for link in found.named("a")} <= set(found.ids)
    labels = {found_["aria-labelledby"] for _, found_ in found.tags if "aria-labelledby" in found_}
    assert labels <= set(found.ids)


def test_opens_with_the_answer_in_words(tmp_path):
    text = Reader(written(tmp_path, Page("digits", verdict()))).text
    places = [text.index(part) for part in ("Do GAN images help", "Undecided", "On 8 draws", "Comparisons")]
    assert places == sorted(places)
    assert "Read this first" not in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [("helps", "They help"), ("hurts", "They hurt"), ("equivalent", "No difference that matters")],
)
def test_every_answer_has_its_words(tmp_path, answer, words):
    assert f">{words}</p>" in written(tmp_path, Page("digits", verdict(answer=answer)))


def test_problems_stand_above_the_answer(tmp_path):
    problems = ["A control did not come out.", "2 of 8 trials could be compared."]
    text = Reader(written(tmp_path, Page("digits", verdict(problems=problems)))).text
    assert text.index(problems[0]) < text.index(problems[1]) < text.index("Undecided")


def test_names_and_texts_are_escaped(tmp_path):
    bad = '<script>alert("x")</script>'
    claims = [{"claim": bad, "verdict": "undecided", "number": bad, "why": bad}]
    picture = Picture(bad, bad, f'"{bad}', "data:image/png;base64,", "photo")
    facts = [(bad, bad)]
    table = [{"name": bad, "value": bad, "meaning": bad, "set": ""}]
    words = verdict(claims=claims, sentence=bad, problems=[bad], copying=bad)
    html = written(tmp_path, Page(bad, words, {"forest": picture}, (), (), facts, facts, facts, table))
    assert "<script" not in html and "alert(&#34;x&#34;)" in html
    assert Reader(html).named("img")[0]["alt"] == f'"{bad}'


def test_every_figure_says_in_words_what_it_shows(page):
    images = Reader(page.read_text(encoding="utf-8")).named("img")
    assert len(images) == 8
    for image in images:
        assert len(image["alt"]) > 40 and re.search(r"\d", image["alt"])


def test_is_well_formed_and_speaks_its_language(page):
    found = Reader(page.read_text(encoding="utf-8"))
    assert found.named("html")[0]["lang"] == "en"
    assert len(found.named("h1")) == 1
    assert len(found.named("table")) == len(found.named("caption")) == 8
    assert all(heading.get("scope") in ("row", "col") for heading in found.named("th"))
    assert {"viewport", "color-scheme"} <= {meta.get("name") for meta in found.named("meta")}
    html = page.read_text(encoding="utf-8")
    assert "@media print" in html and "prefers-color-scheme: dark" in html


def test_names_the_method_the_data_and_the_provenance(page, experiment):
    text = Reader(page.read_text(encoding="utf-8")).text
    for fact in (experiment.dataset.fingerprint, "1,797 images", "classifier_steps", "numpy", "second half changed it",
                 "mlp", "auto: draw", "held-out real images"):  # fmt: skip
        assert fact in text, fact


def test_shows_no_path_of_this_machine(page, experiment):
    html = page.read_text(encoding="utf-8")
    assert str(experiment.folder.parent) not in html and str(Path(report.__file__).parent) not in html


def test_is_small_enough_to_mail(page):
    assert page.stat().st_size < 1_500_000


def test_a_study_without_quality_worth_or_controls_still_has_its_page(tmp_path):
    text = Reader(written(tmp_path, Page("digits", verdict(controls=[])))).text
    assert "Not measured" in text and "No control is part of this study." in text


def test_outcomes_stand_on_the_page_with_what_their_intervals_carry(page, experiment):
    text = Reader(page.read_text(encoding="utf-8")).text
    for fact in ("recall: 9", "ECE (lower is better)", "given the test set", "shown without an answer"):
        assert fact in text, fact
    assert "Metrics disagree" not in text and "positive class is" not in text
    alts = [image["alt"] for image in Reader(page.read_text(encoding="utf-8")).named("img")]
    assert any(re.search(r"% sure and \d+\.\d% right, ECE \d\.\d{3}", alt) for alt in alts)
    assert any(re.search(r"the largest: \d taken for \d [+−]\d+\.\d;", alt) for alt in alts)


def test_metrics_that_disagree_are_named_under_the_outcomes(tmp_path):
    outcomes = [{"outcome": "AUROC", "with GAN images": "0.9", "without": "0.8", "change": "+0.1", "trials": "8"}]
    page = Page(
        "digits", verdict(disagreement="Metrics disagree: by -0.1."), outcomes=outcomes, outcome_notes=("Note.",)
    )
    text = Reader(written(tmp_path, page)).text
    places = [
        text.index(part) for part in ("Scores by arm", "Note.", "AUROC", "Metrics disagree: by −0.1.", "Quality of the")
    ]
    assert places == sorted(places)


# ------------------------------------------------------------------------------------------------ the files


def test_scores_are_tidy_and_complete(page, experiment):
    table = pd.read_csv(page.parent / "scores.csv")
    assert tuple(table.columns) == SCORE_COLUMNS
    assert len(table) == 3 * len(experiment.arms) * 2
    assert not table.duplicated(["trial", "arm", "seed"]).any()
    assert table[["accuracy", "log_loss", "seconds"]].notna().all().all()


def test_quality_has_its_columns(page):
    table = pd.read_csv(page.parent / "quality.csv")
    assert tuple(table.columns) == report.QUALITY_COLUMNS
    assert set(table["features"]) == {"pixels", "small_cnn"}


def test_the_verdict_is_strict_json_and_comes_back(page):
    def refuse(token):
        raise AssertionError(f"{token} is no JSON")

    text = (page.parent / "verdict.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=refuse)
    assert found == read_verdict(page.parent)
    assert found["answer"] in report.ANSWERS and found["contrasts"][0]["role"] == "primary"


def test_figures_are_kept_as_png_svg_and_csv(page):
    files = sorted(file.name for file in (page.parent / "figures").iterdir())
    names = "arms confusion forest forest_narrow neighbours reliability training trials worth".split()
    assert files == sorted(f"{name}.{ending}" for name in names for ending in ("csv", "png", "svg"))
    forest = pd.read_csv(page.parent / "figures" / "forest.csv")
    found = read_verdict(page.parent)
    assert len(forest) == len(found["contrasts"]) + len(found["controls"])


def test_publishing_again_gives_the_same_bytes(page, experiment):
    kept = [page.parent / name for name in ("scores.csv", "quality.csv", "verdict.json", "report.html")]
    kept += sorted((page.parent / "figures").iterdir())
    before = [file.read_bytes() for file in kept]
    publish(experiment)
    assert [file.read_bytes() for file in kept] == before


def test_a_study_with_nothing_to_compare_is_refused(tmp_path):
    from gannb.status import write_status

    empty = Experiment.open(make_study(trials=2, output_dir=str(tmp_path), name="empty", device="cpu"))
    write_status(empty)
    with pytest.raises(InputError, match="Fewer than two trials"):
        publish(empty)
    assert not (tmp_path / "empty" / "report.html").exists()


def test_a_missing_or_damaged_verdict_is_refused(tmp_path):
    with pytest.raises(InputError, match="not there yet"):
        read_verdict(tmp_path)
    (tmp_path / "verdict.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        read_verdict(tmp_path)


# ------------------------------------------------------------------------------------------------ parts


def test_nearest_pairs_finds_the_copies_and_scales_by_held_out_items():
    grid = lambda values: np.array(values, np.uint8).reshape(-1, 1, 1, 1)  # noqa: E731
    make = lambda x, y, name: Examples(  # noqa: E731
        grid(x), np.array(y), ("a", "b"), np.array([f"{name}-{i}" for i in range(len(y))]), np.arange(len(y))
    )
    train = make([0, 100, 200], [0, 0, 1], "train")
    held_out = make([10, 110, 210], [0, 0, 1], "held")
    fake = make([50, 105, 80, 100, 220, 215], [0, 0, 0, 0, 1, 1], "fake")
    pairs = nearest_pairs(fake, train, held_out, per_class=2)
    assert pairs.synthetic.ids.tolist() == ["fake-0", "fake-3", "fake-4", "fake-5"]  # first made, then the closest
    assert pairs.nearest.ids.tolist() == ["train-0", "train-1", "train-2", "train-2"]
    assert pairs.closest.tolist() == [False, True, False, True]
    np.testing.assert_allclose(pairs.distance, [5.0, 0.0, 2.0, 1.5])


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


def test_numbers_are_set_with_true_minus_and_stay_with_their_interval():
    shown = "by −0.4\u00a0[−1.3,\u00a00.5] points, 95\u00a0% of x-2"
    assert typeset("by -0.4 [-1.3, 0.5] points, 95 % of x-2") == shown
