"""The files that come out of a study, made from planted results: nothing is trained here."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from gannb.analysis.verdict import SCORE_COLUMNS, read_verdict
from gannb.experiment.experiment import Experiment
from gannb.measures.comparison import REFERENCE_SETS
from gannb.report.page.html import ANSWERS
from gannb.report.publish import CLASS_COLUMNS, QUALITY_COLUMNS, publish
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_scores_are_tidy_and_complete(published, planted):
    table = pd.read_csv(published.parent / "scores.csv")
    assert tuple(table.columns) == SCORE_COLUMNS
    assert len(table) == 3 * len([*planted.settings.arms, *planted.settings.half_arms]) * 2
    assert not table.duplicated(["trial", "arm", "seed"]).any()
    assert table[["accuracy", "log_loss", "seconds"]].notna().all().all()


def test_quality_has_its_columns(published):
    table = pd.read_csv(published.parent / "quality.csv")
    assert tuple(table.columns) == QUALITY_COLUMNS
    assert set(table["features"]) == {"pixels", "small_cnn"} and set(REFERENCE_SETS) < set(table["generator"])
    assert tuple(pd.read_csv(published.parent / "classes.csv").columns) == CLASS_COLUMNS


def test_the_verdict_is_strict_json_and_comes_back(published):
    def refuse(token):
        raise AssertionError(f"{token} is no JSON")

    text = (published.parent / "verdict.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=refuse)
    assert found == read_verdict(published.parent)
    assert found["answer"] in ANSWERS and found["contrasts"][0]["role"] == "primary"


def test_figures_are_kept_as_png_svg_and_csv(published):
    files = sorted(file.name for file in (published.parent / "figures").iterdir())
    names = "arms confusion forest forest_narrow headline neighbours reliability samples suspects training".split()
    names += ["trials", "worth"]
    assert files == sorted(f"{name}.{ending}" for name in names for ending in ("csv", "png", "svg"))
    forest = pd.read_csv(published.parent / "figures" / "forest.csv")
    found = read_verdict(published.parent)
    assert len(forest) == len(found["contrasts"]) + len(found["controls"])


def test_publishing_again_gives_the_same_bytes(published, planted):
    kept = [published.parent / name for name in ("scores.csv", "quality.csv", "verdict.json", "report.html")]
    kept += sorted((published.parent / "figures").iterdir())
    before = [file.read_bytes() for file in kept]
    publish(planted)
    assert [file.read_bytes() for file in kept] == before


def test_a_study_with_nothing_to_compare_is_refused(tmp_path):
    from gannb.experiment.status import write_status

    empty = Experiment.open(make_study(trials=2, output_dir=str(tmp_path), name="empty", device="cpu"))
    write_status(empty.results)
    with pytest.raises(InputError, match="Fewer than two trials"):
        publish(empty)
    assert not (tmp_path / "empty" / "report.html").exists()


def test_a_missing_or_damaged_verdict_is_refused(tmp_path):
    with pytest.raises(InputError, match="not there yet"):
        read_verdict(tmp_path)
    (tmp_path / "verdict.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        read_verdict(tmp_path)
