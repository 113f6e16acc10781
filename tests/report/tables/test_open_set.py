"""The table about classes that training never saw."""

from __future__ import annotations

from gannb.media.image import IMAGE
from gannb.report.tables.open_set import HEADINGS, table


def measured(value: float) -> dict:
    return {"mean": value, "low": value - 0.1, "high": value + 0.1}


def row(method: str, score: str, trials: int = 4, **change: float) -> dict:
    levels = {"auroc": measured(0.7), "far": measured(0.25), "known": measured(0.9)}
    changes = {m: {"difference": d, "low": d - 0.01, "high": d + 0.01} for m, d in change.items()}
    return {"method": method, "score": score, "trials": trials} | levels | ({"change": changes} if change else {})


def test_every_measure_stands_in_percent_with_its_change_against_the_baseline():
    rows = [row("max_softmax", "known"), row("outliers", "other", auroc=0.1, far=-0.05, known=0.0)]
    found = table({"rows": rows}, IMAGE.nouns)
    assert found["score"].tolist() == ["known classes", "“other” alone"]
    assert found[HEADINGS["auroc"]].tolist() == ["70.0", "70.0 (+10.0 [9.0, 11.0])"]
    assert found[HEADINGS["far"]].tolist() == ["25.0", "25.0 (-5.0 [-6.0, -4.0])"]


def test_a_single_trial_has_no_interval_to_show():
    found = table({"rows": [row("outliers", "known", trials=1, auroc=0.1, far=0.0, known=0.0)]}, IMAGE.nouns)
    assert found[HEADINGS["auroc"]].tolist() == ["70.0"]


def test_where_no_class_is_held_out_the_table_says_how_to():
    assert table(None, IMAGE.nouns).to_numpy().tolist() == [["none (held_out names them)"]]
