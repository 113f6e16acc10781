"""Training writers: what each part learns, and that a resumed training ends as an undisturbed one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sentences import sentences

from gannb.generators.interface import Job
from gannb.media.text import TEXT
from gannb.media.text.writers.family import FAMILIES
from gannb.media.text.writers.training import CURVES, WriterTraining, _discounted


def training(name: str, steps: int, done: int = 0) -> WriterTraining:
    made = WriterTraining(TEXT, FAMILIES[name], sentences(8), Job(steps, 3))
    for _ in range(done):
        made.advance()
    return made


def weights(found: WriterTraining, network: str = "generator") -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in getattr(found, network).parameters()])


def test_rewards_from_a_word_on_are_discounted():
    assert torch.allclose(_discounted(torch.tensor([[1.0, 2.0, 4.0]]), 0.5), torch.tensor([[3.0, 4.0, 4.0]]))


@pytest.mark.parametrize("name", FAMILIES)
def test_it_goes_on_from_its_state_as_if_nothing_had_happened(name):
    whole, stopped = training(name, 15, 15), training(name, 15, 10)
    again = training(name, 15)
    again.restore(*stopped.state())
    for _ in range(5):
        again.advance()
    assert all(torch.equal(weights(whole, n), weights(again, n)) for n in ("generator", "discriminator"))
    assert whole.curves == again.curves and whole.grid_steps == again.grid_steps
    assert all(torch.equal(a, b) for a, b in zip(whole.grids, again.grids, strict=True))


def test_the_start_of_maskgan_is_its_own_start():
    maskgan, start = training("maskgan", 30, 16), training("maskgan_start", 30, 30)
    assert torch.equal(weights(maskgan), weights(start))  # the actor stays while the discriminator learns alone
    for _ in range(14):
        maskgan.advance()
    assert not torch.equal(weights(maskgan), weights(start))
    assert torch.equal(weights(start, "discriminator"), weights(training("maskgan_start", 30), "discriminator"))


def test_likelihood_falls_and_words_of_a_class_are_learnt():
    found = training("language_model", 120, 120)
    losses = found.curves["generator_loss"]
    assert losses[-1] < 0.75 * losses[0] and set(found.curves) == {"step", *CURVES}
    x, y = found.fixed_samples()
    assert len(x) == 24 and y.tolist() == np.repeat([0, 1, 2], 8).tolist()
    music = " ".join(map(str, x[y == 0]))
    assert "rain" not in music and any(word in music for word in ("play", "hear", "add", "put"))


def test_rates_are_what_the_guard_leaves():
    found = training("maskgan", 15)
    found.set_rate("generator", found.rate("generator") / 2)
    assert found.rates == {"generator": 0.5, "discriminator": 1.0} and found.is_finite()
    found.generator.words.bias.data[0] = float("nan")
    assert not found.is_finite()
