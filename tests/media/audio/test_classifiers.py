"""Networks that classify sounds."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gannb.classifiers.depth import weighted_layers
from gannb.media.audio.classifiers import OWN, build, features, head
from gannb.utils.errors import InputError


@pytest.mark.parametrize("name", list(OWN))
@pytest.mark.parametrize(("rate", "samples"), [(8000, 800), (8000, 8192), (22050, 11025), (48000, 24000)])
def test_waves_of_any_rate_and_length_get_a_logit_per_class(name, rate, samples):
    network = build(name, rate, (samples,), 5)
    logits = network(torch.randn(3, samples) * 0.1)
    assert logits.shape == (3, 5) and torch.isfinite(logits).all()
    assert sum(p.numel() for p in network.parameters()) < 60_000


@pytest.mark.parametrize("name", list(OWN))
def test_a_short_training_tells_two_tones_apart(name):
    torch.manual_seed(0)
    time, network = torch.arange(2048) / 8000, build(name, 8000, (2048,), 2)
    y = torch.arange(32) % 2
    hertz = 300 + 600 * y + 100 * torch.rand(32)
    waves = torch.sin(2 * torch.pi * hertz[:, None] * time) * (0.2 + torch.rand(32, 1))
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(30):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(waves), y).backward()
        optimiser.step()
    assert (network(waves).argmax(1) == y).all()


def test_the_log_mel_network_does_not_hear_the_level_and_the_measuring_features_lead_to_its_logits():
    network, waves = build("logmel_cnn", 8000, (2048,), 4).eval(), torch.randn(2, 2048) * 0.1
    with torch.no_grad():
        assert torch.allclose(network(waves), network(waves / 8), atol=1e-3)
        assert torch.allclose(head(network)(features(network, waves)), network(waves), atol=1e-5)


def test_a_network_of_pictures_takes_waves_by_its_name_and_another_name_is_refused():
    network = build("mobilenetv3_small_050", 8000, (8192,), 3)
    assert network.eval()(torch.zeros(1, 8192)).shape == (1, 3)
    with pytest.raises(InputError, match="classifier: there is no network 'logmel_cn'"):
        build("logmel_cn", 8000, (8192,), 3)


@pytest.mark.parametrize("name", list(OWN))
def test_its_layers_are_counted_by_silence_as_a_study_does(name):
    assert weighted_layers(build(name, 8000, (8192,), 3), torch.zeros(1, 8192)) == 5
