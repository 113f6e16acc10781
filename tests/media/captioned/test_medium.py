"""Captioned images behind the protocol: what images are, and what is theirs alone."""

from __future__ import annotations

import sys

from captioned_sets import captioned_folder
from pace import run

from gannb.media import MEDIA
from gannb.media.captioned import CAPTIONED
from gannb.media.image import IMAGE


def test_it_is_a_special_case_of_images():
    assert MEDIA["captioned"] is CAPTIONED and CAPTIONED.of({}) is CAPTIONED
    assert CAPTIONED.nouns.many == IMAGE.nouns.many and CAPTIONED.nouns.apart == "images with captions"
    assert set(IMAGE.reading) < set(CAPTIONED.reading) and set(CAPTIONED.read_beside) <= set(CAPTIONED.reading)
    assert set(CAPTIONED.before) <= set(MEDIA) and "captioned" not in CAPTIONED.before and not CAPTIONED.embedded


def test_whoever_asks_for_a_name_or_a_parameter_does_not_wait_for_torch(tmp_path):
    code = (
        "import sys\nfrom gannb.media.captioned import CAPTIONED as m\n"
        "m.nouns, m.parameters, m.policy_names, m.classifiers\n"
        f"assert m.recognises({str(captioned_folder(tmp_path))!r})\n"
        "assert 'torch' not in sys.modules"
    )
    assert run([sys.executable, "-c", code]).returncode == 0


def test_a_study_must_not_lie_within_the_images(tmp_path):
    assert CAPTIONED.takes_files_below(str(captioned_folder(tmp_path)))
