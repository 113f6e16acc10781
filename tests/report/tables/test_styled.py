"""Tables as a notebook shows them: the classes' lights in their colours."""

from __future__ import annotations

import json

import pandas as pd
from planted_evidence import of_two_classes

from gannb.analysis.class_lights import CRITERIA, class_rows
from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables


def test_the_table_says_light_and_number_and_is_painted():
    shown = tables.traffic_lights([to_json(row) for row in class_rows(of_two_classes(diversity=0.4))]).to_html()
    assert "red: 0.40 [0.40, 0.40]" in shown and tables.LIGHT_COLOURS["red"] in shown
    assert list(tables.criteria(IMAGE).index) == list(CRITERIA)


def test_a_light_shows_its_number_in_its_unit_and_says_where_there_is_none():
    light = {"light": "green", "mean": 0.104, "low": -0.02, "high": 0.2}
    assert tables.light_number("diversity", light) == "0.10 [-0.02, 0.20]"
    assert tables.light_number("copying", light) == "10% [-2, 20]"
    assert tables.light_number("usefulness", light) == "+10.4 [-2.0, 20.0]"
    assert tables.light_number("copying", dict.fromkeys(light)) == "not measured"


def test_a_grey_light_is_not_painted():
    grey = {"light": "grey", "mean": None, "low": None, "high": None}
    shown = tables.traffic_lights([{"class": "ill", "advice": "undecided"} | dict.fromkeys(CRITERIA, grey)]).to_html()
    assert shown.count("grey: not measured") == len(CRITERIA) and "background-color" not in shown


def test_nothing_of_a_table_of_texts_is_cut_off():
    long = "word " * 60
    shown = tables.show(pd.DataFrame({"says": [long]}, pd.Index(["a"], name="class"))).to_html()
    assert long in shown and "white-space: normal" in shown and ">class<" not in shown


def test_the_rows_of_a_study_are_those_of_its_verdict(planted, published):
    assert tables.class_rows(planted) == json.loads((published.parent / "verdict.json").read_text())["classes"]
