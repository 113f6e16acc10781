"""What sounds say before any is opened: names and parameters."""

from __future__ import annotations

import sys

import pytest
from pace import run

from gannb.media.audio import AUDIO
from gannb.media.audio.augmentation.policies import POLICIES
from gannb.media.audio.parameters import AudioParameters
from gannb.study.help import marked, parameter_text
from gannb.study.model import make_study
from gannb.utils.errors import InputError


def test_the_names_of_policies_are_those_that_there_are():
    assert set(AUDIO.policy_names) == set(POLICIES) and {*AUDIO.gan_policies} <= set(POLICIES)


def test_they_are_at_hand_without_torch_and_without_libsndfile():
    code = "import sys, gannb.media; sys.exit(bool({'torch', 'soundfile', 'scipy.signal', 'PIL'} & set(sys.modules)))"
    assert run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rate": 1999}, "rate=1999 is not valid"),
        ({"rate": 48001}, "rate=48001 is not valid"),
        ({"rate": 8000.5}, "rate=8000.5 is not valid"),
        ({"seconds": 0.05}, "seconds=0.05 is not valid"),
        ({"seconds": 31}, "seconds=31 is not valid"),
        ({"on_bad_clip": "cry"}, "on_bad_clip='cry' is not valid"),
        ({"size": "32"}, "size: it is for images alone, and this study is of clips; leave it out, or set medium=image"),
        (
            {"augmentation": "affine"},
            "augmentation='affine' is not for clips; it takes auto, none, shift, speed",
        ),
    ],
)
def test_what_is_out_of_range_or_of_images_is_refused(given, says):
    with pytest.raises(InputError, match=says):
        make_study(data="clips", medium="audio", **given)


def test_a_parameter_of_sounds_is_refused_for_images_and_marked():
    with pytest.raises(InputError, match="rate: it is for clips alone, and this study is of images; leave"):
        make_study(data="digits", rate=8000)
    assert marked("rate").endswith("(clips)") and "clips" in parameter_text("seconds")
    assert AudioParameters().model_dump() == {
        "pretrained": "auto", "rate": None, "seconds": None, "on_bad_clip": "fail",
    }  # fmt: skip


def test_a_study_of_sounds_has_their_classifier_and_arms():
    study = make_study(data="clips", medium="audio")
    assert study.classifier == ("logmel_cnn",) and "real+interpolation+classic" in study.arms
    assert {"rate", "seconds", "pretrained"} <= set(study.applying()) and "size" not in study.applying()
