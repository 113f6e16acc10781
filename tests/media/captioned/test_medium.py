"""Captioned images behind the protocol: what images are, and what is theirs alone."""

from __future__ import annotations

import inspect
import sys

from captioned_sets import captioned_folder
from pace import run

from gannb.data.medium import Captioning
from gannb.media import MEDIA
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.gans.families import FAMILIES, OF_CAPTIONS
from gannb.media.captioned.parameters import OF_LABELS, TOLD_CAPTIONS
from gannb.media.image import IMAGE
from gannb.study.model import make_study


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


def test_captions_are_asked_as_the_protocol_says_and_images_have_none():
    for name, part in vars(Captioning).items():
        if inspect.isfunction(part) and name[0] != "_":
            asked = [p for p in inspect.signature(part).parameters if p != "self"]
            given = inspect.signature(getattr(CAPTIONED.captions, name)).parameters
            assert list(given)[: len(asked)] == asked, name
            assert all(given[p].default is not inspect.Parameter.empty for p in list(given)[len(asked) :]), name
    assert IMAGE.captions is None


def test_a_gan_of_captions_is_compared_with_one_of_labels_and_with_captions_halfway_between(tmp_path):
    assert TOLD_CAPTIONS == tuple(OF_CAPTIONS) and OF_LABELS in FAMILIES
    data, new = str(captioned_folder(tmp_path)), {"real+gan.interpolated+classic", f"real+{OF_LABELS}+classic"}
    assert new <= set(make_study(data=data).arms) and new <= set(make_study(data=data, gan="gan_int_cls").arms)
    assert not new & set(make_study(data=data, gan="mlp").arms)
    assert make_study(data=data, arms="real").arms == ("real",)
