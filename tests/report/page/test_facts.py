"""Method, data and provenance in words."""

from __future__ import annotations

import pytest
from planted_page import row, verdict, written
from planted_study import Reader

from gannb.media.image import IMAGE
from gannb.report.publish import Page


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


def test_names_the_method_the_data_and_the_provenance(published, planted):
    text = Reader(published.read_text(encoding="utf-8")).text
    for fact in (planted.dataset.fingerprint, "1,797 images", "classifier_steps", "numpy", "second half changed it",
                 "mlp", "auto: draw", "held-out real images"):  # fmt: skip
        assert fact in text, fact
