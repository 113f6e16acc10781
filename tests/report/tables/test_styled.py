"""Tables as a notebook shows them: the classes' lights in their colours."""

from __future__ import annotations

from planted_evidence import of_two_classes

from gannb.analysis.class_lights import CRITERIA, class_rows
from gannb.analysis.to_json import to_json
from gannb.media.image import IMAGE
from gannb.report import tables


def test_the_table_says_light_and_number_and_is_painted():
    shown = tables.traffic_lights([to_json(row) for row in class_rows(of_two_classes(diversity=0.4))]).to_html()
    assert "red: 0.40 [0.40, 0.40]" in shown and tables.LIGHT_COLOURS["red"] in shown
    assert list(tables.criteria(IMAGE).index) == list(CRITERIA)
