"""Sounds behind the protocol: what is their own there; what is passed on is tested where it lies."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from clip_sets import folder_of, npz
from pace import run
from planted_clips import RATE, clips

from gannb.data.medium import Cell, Grid
from gannb.media import MEDIA, medium_of
from gannb.media.audio import AUDIO
from gannb.media.audio.augmentation.policies import POLICIES, strengthened
from gannb.media.audio.medium import Sounds

SOUNDS = AUDIO.of({"rate": RATE})


def test_whoever_asks_for_a_name_or_a_parameter_does_not_wait_for_torch():
    code = (
        "import sys\nfrom gannb.media.audio import AUDIO as m\n"
        "m.nouns, m.parameters, m.policy_names, m.classifiers, m.recognises('digits')\n"
        "m.of({'rate': 8000}).size_text((8000,)), m.of({'rate': 8000}).hub_feature\n"
        "assert not {'torch', 'soundfile'} & set(sys.modules)"
    )
    done = run([sys.executable, "-c", code])
    assert done.returncode == 0, done.stderr


def test_the_medium_of_a_set_knows_its_rate_and_is_equal_for_an_equal_one(tmp_path):
    found = medium_of(SimpleNamespace(medium="audio", traits={"rate": 16000}))
    assert found.rate == 16000 and found == Sounds(16000) != SOUNDS and hash(found) == hash(Sounds(16000))
    assert AUDIO.of({}) is AUDIO and AUDIO.of({"rate": 16000}) is found
    with pytest.raises(TypeError, match="the rate belongs to a set of clips"):
        AUDIO.size_text((8000,))
    study = SimpleNamespace(rate=None, seconds=None, groups=None, on_bad_clip="fail")
    assert medium_of(AUDIO.read(str(folder_of(tmp_path)), study)) == SOUNDS


def test_what_there_is_of_each_name_does_not_depend_on_the_rate():
    assert list(AUDIO.families) == list(SOUNDS.families) and SOUNDS.default_family((8000,)) in SOUNDS.families
    assert {"copies", "mislabelled", "gaussian", "interpolation"} <= set(AUDIO.controls)
    assert MEDIA["audio"] is AUDIO and AUDIO.measuring_classifier in AUDIO.classifiers


@pytest.mark.parametrize(
    ("rate", "samples", "way"),
    [(44100, 44100, "rate=8000"), (8000, 16000, "seconds=1"), (8000, 8000, ""), (4000, 2000, "")],
)
def test_a_study_of_large_clips_is_told_the_way_to_smaller_ones(rate, samples, way):
    assert Sounds(rate).way_to_smaller((samples,)) == way


@pytest.mark.parametrize("shape", [[8000, 1], [0], [8000.0], "8000", None, 8000])
def test_what_is_no_number_of_samples_is_told(shape):
    assert SOUNDS.fault_of_shape(shape) == "give the number of samples of its clips, as [8000]"
    assert SOUNDS.fault_of_shape([8000]) == ""


def test_the_way_to_another_length_names_the_seconds():
    assert SOUNDS.way_to_shape((4000,), (8000,)) == "set seconds=0.5"


def test_floats_that_were_cut_off_are_noticed_by_their_levels():
    x = np.array([[0, 1, -1]], np.int16)
    assert SOUNDS.fault_of_levels(x) == "values of -1 to 1" and SOUNDS.fault_of_levels(2 * x) == ""


def test_files_below_a_folder_may_be_taken_for_clips_and_none_beside_an_archive(tmp_path):
    assert SOUNDS.takes_files_below(str(tmp_path)) and not SOUNDS.takes_files_below(str(npz(tmp_path / "set.npz")))


def test_a_policy_has_its_strength_and_the_rate():
    assert SOUNDS.policy("masks", (8000,)).rate == RATE and Sounds(16000).policy("masks", (8000,)).rate == 16000
    plain = SOUNDS.policy("full", (8000,))
    assert SOUNDS.policy("full", (8000,), 2.0) == strengthened(plain, 2.0) != plain == SOUNDS.policy("auto", (8000,))
    assert SOUNDS.policies is POLICIES and SOUNDS.policy_parameters("full") == {}


def test_networks_take_what_is_encoded_and_give_what_is_measured_in():
    x = clips(n=3, classes=2).x
    network = SOUNDS.place(SOUNDS.classifier("logmel_cnn", x.shape[1:], 2), "cpu").eval()
    batch = SOUNDS.encode(SOUNDS.stored(x, "cpu"))
    with torch.no_grad():
        features = SOUNDS.classifier_features(network, batch)
        assert torch.allclose(SOUNDS.classifier_head(network)(features), network(batch), atol=1e-5)
    assert np.array_equal(SOUNDS.decode(batch), x)


def test_every_shift_alters_and_keeps_the_form_of_clips():
    x = clips(n=2).x
    for kind, (meaning, shift) in SOUNDS.shifts.items():
        assert meaning and shift(x, 0).shape == x.shape and shift(x, 0).dtype == x.dtype, kind
        assert not np.array_equal(shift(x, 0), x)
    assert SOUNDS.raw_features(x).shape[0] == len(x) and SOUNDS.least_difference(x.shape[1:]) > 0
    assert SOUNDS.copies_of(SOUNDS.alter(x), x).all()


def test_clips_are_shown_as_figures_and_heard_on_pages():
    grid = Grid([[Cell(clips(n=1).x[0])]], ["note"])
    assert "<audio" in SOUNDS.html(grid) and len(SOUNDS.grid(grid).images) == 1


def test_sizes_and_files_say_the_rate():
    assert SOUNDS.size_text((8000,)) == "1 s, 8 kHz" and Sounds(22050).size_text((5512,)) == "0.25 s, 22.05 kHz"
    assert SOUNDS.shape_text((4000,)) == "0.5 s at 8 kHz, one channel of 16 bits"
    assert SOUNDS.hub_feature == {"sampling_rate": RATE, "_type": "Audio"}
    assert list(SOUNDS.files(clips(n=1).x[0])) == list(SOUNDS.suffixes) and ".flac" in SOUNDS.readable
