"""WaveGAN: networks on the wave itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_clips import RATE, clips

from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.audio.gans.families import families
from gannb.media.audio.gans.wavegan import (
    KERNEL,
    PHASES,
    STRIDE,
    PhaseShuffle,
    TwoViews,
    WaveCritic,
    WaveGenerator,
    layers_for,
    start_length,
)
from gannb.media.audio.medium import Sounds

MEDIUM = Sounds(RATE)
NAMES = ("wavegan", "wavegan_fast")


@pytest.mark.parametrize("samples", [200, 800, 2048, 8000, 8192, 16384, 22050, 48000])
def test_networks_fit_clips_of_any_length(samples):
    labels = torch.tensor([0, 1])
    made = WaveGenerator((samples,), 2, base=1)(torch.randn(2, 100), labels)
    assert made.shape == (2, samples) and made.abs().max() <= 1
    scores, logits = WaveCritic((samples,), 2, base=1)(made, labels)
    assert scores.shape == (2,) and logits is None
    assert STRIDE ** layers_for(samples) * (start_length(samples) - 1) < samples
    assert 4 <= start_length(samples) <= 32


def test_at_16384_samples_it_is_the_published_shape():
    """Donahue et al. 2019, tables 3 and 4, with d = 2: five layers of 25, by 4, from 16 samples of 16 d channels."""
    generator, critic = WaveGenerator((16384,), 2, base=2), WaveCritic((16384,), 2, base=2)
    assert start_length(16384) == 16 and generator.start.out_features == 16 * 32
    ups, downs = generator.ups, critic.features.downs
    assert [(up.in_channels, up.out_channels) for up in ups] == [(32, 16), (16, 8), (8, 4), (4, 2), (2, 1)]
    assert [(down.in_channels, down.out_channels) for down in downs] == [(1, 2), (2, 4), (4, 8), (8, 16), (16, 32)]
    assert all((each.kernel_size, each.stride) == ((KERNEL,), (STRIDE,)) for each in (*ups, *downs))
    assert (KERNEL, STRIDE, PHASES) == (25, 4, 2)
    family = families(RATE)["wavegan"]
    assert (family.loss.name, family.gradient_penalty, family.discriminator_steps) == ("wasserstein", 10.0, 5)
    assert (family.learning_rate, family.betas, family.batch) == (1e-4, (0.5, 0.9), 64)


def test_phases_are_shuffled_in_training_alone_each_clip_by_its_own_and_mirrored_at_the_ends():
    layer, x = PhaseShuffle(), torch.arange(1.0, 9.0).repeat(200, 3, 1)
    assert torch.equal(layer(x), x)  # outside of a training
    layer.rng = torch.Generator().manual_seed(0)
    made = layer(x)
    assert all(torch.equal(row[0], row[1]) for row in made)  # all channels alike
    found = {tuple(row[0].tolist()) for row in made}
    assert found == {
        (1, 2, 3, 4, 5, 6, 7, 8), (2, 1, 2, 3, 4, 5, 6, 7), (3, 2, 1, 2, 3, 4, 5, 6),
        (2, 3, 4, 5, 6, 7, 8, 7), (3, 4, 5, 6, 7, 8, 7, 6),
    }  # fmt: skip
    assert torch.equal(layer.eval()(x), x)


def test_two_views_need_the_wave_and_the_picture():
    torch.manual_seed(0)
    judge = TwoViews(RATE, (2048,), 3, base=2).eval()
    waves, labels = torch.from_numpy(clips(n=1).x / np.float32(32767)), torch.arange(3)
    scores, logits = judge(waves, labels)
    assert scores.shape == (3,) and logits.shape == (3, 3)
    upside_down, _ = judge(-waves, labels)  # of which the picture is the same
    assert not torch.allclose(scores, upside_down, atol=1e-4)
    assert torch.allclose(judge.seen(judge.picture(waves), labels)[0], judge.seen(judge.picture(-waves), labels)[0])


@pytest.mark.parametrize("name", [*NAMES, "specgan"])
def test_a_training_killed_and_resumed_ends_with_the_same_weights(name, tmp_path, monkeypatch):
    """Phases are shuffled by the training's own randomness, which follows from the step."""
    draw, family = clips(n=3, classes=2), families(RATE)[name]
    whole = Adversarial(MEDIUM, family).fit(draw, Job(6, 4))
    monkeypatch.setattr("gannb.generators.adversarial.gan.CHECKPOINT_EVERY", 0.0)

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        if done >= 4:
            raise Killed

    monkeypatch.setattr("gannb.generators.adversarial.gan.PROGRESS_EVERY", 0.0)
    with pytest.raises(Killed):
        Adversarial(MEDIUM, family).fit(draw, Job(6, 4, checkpoint=tmp_path, progress=kill))
    steps = []
    again = Adversarial(MEDIUM, family).fit(
        draw, Job(6, 4, checkpoint=tmp_path, progress=lambda done, total: steps.append(done))
    )
    assert steps[0] >= 4
    for a, b in zip(whole.networks.state_dict().values(), again.networks.state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_clips_follow_from_seed_and_label_and_are_the_same_when_read_again(name, tmp_path):
    gan = Adversarial(MEDIUM, families(RATE)[name]).fit(clips(n=3, classes=2), Job(2, 4))
    asked = Condition(np.array([0, 1, 1]))
    made = gan.sample(asked, 5)
    assert made.shape == (3, 2048) and made.dtype == np.int16
    assert np.array_equal(gan.sample(Condition(np.array([0, 0, 1])), 5)[[0, 2]], made[[0, 2]])
    gan.save(tmp_path)
    assert np.array_equal(Adversarial.load(tmp_path, MEDIUM).sample(asked, 5), made)
