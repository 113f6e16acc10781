"""The tables about smaller classes, as text."""

from __future__ import annotations

from planted_evidence import of_unequal_classes

from gannb.analysis.to_json import to_json
from gannb.analysis.verdict import decide
from gannb.report.tables.small_classes import arm_table, change_table, texts


def test_the_tables_have_texts_the_best_arm_first():
    found = to_json(decide(of_unequal_classes((100, 40, 20))))
    table = arm_table(found)
    best = max(found["small_classes"]["arms"], key=lambda r: r["macro_f1"]["mean"])
    assert table.index[0] == best["arm"].replace("+", " + ").replace("gan", "GAN")
    assert table.iloc[0]["macro-F1"].startswith(f"{100 * best['macro_f1']['mean']:.1f}% [")
    assert change_table(found).iloc[0]["minority recall"].endswith(" points")
    assert set(texts(found, [])) == {"notes", "arms", "contrasts"}


def test_classes_of_about_equal_size_have_a_row_that_says_so_and_nothing_on_the_page():
    found = {"small_classes": None}
    assert arm_table(found).index.tolist() == ["not measured: classes are of about equal size"]
    assert change_table(found).shape == (1, 2) and texts(found, ["note"]) == {}
