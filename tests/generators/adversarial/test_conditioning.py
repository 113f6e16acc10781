"""What networks are told beside noise: labels, or what a family makes of captions, learnt before the first step."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
import torch
from tiny_gans import TINY, make_draw
from torch import nn
from toy_media import FAMILY, INT16, vectors

from gannb.data.examples import Examples
from gannb.generators.adversarial.checkpoint import identity
from gannb.generators.adversarial.conditioning import Labels
from gannb.generators.adversarial.family import HINGE, Family
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.adversarial.guard import Guard
from gannb.generators.adversarial.sampling import SAMPLE_BATCH
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Condition, Job
from gannb.utils.errors import InputError

WIDTH = 3  # of a code


class Coded(Labels):
    """Captions are numbers in words; networks are told a linear code of the number, whose one weight is learnt."""

    mismatched = 0.5

    def __init__(self, numbers: list[str], y: list[int], n_classes: int) -> None:
        super().__init__(n_classes)
        self.numbers, self.labels = np.array(numbers), np.array(y)
        self.encoder, self.lessons = nn.Linear(1, WIDTH, bias=False), 0
        nn.init.zeros_(self.encoder.weight)

    def learn(self) -> None:
        self.lessons += 1
        nn.init.ones_(self.encoder.weight)

    def code(self, captions: np.ndarray) -> torch.Tensor:
        return self.encoder(torch.tensor(captions.astype(np.float32))[:, None]).detach()

    def of_reals(self, index, rng):
        return self.code(self.numbers[index.numpy()])

    def of_fakes(self, told, rng):
        return told.roll(1, 0)

    def of_others(self, index, rng):
        found = torch.tensor(self.labels[index.numpy()] == 0)
        return -self.of_reals(index, rng), found

    def captions_of(self, condition, seed, index):
        if condition.captions is not None:
            return condition.captions
        which = (int(seed) + index.astype(object)) % 2
        return np.array([self.numbers[self.labels == k][i] for k, i in zip(condition.labels, which, strict=True)])

    def rows(self, condition, seed, index):
        return self.code(self.captions_of(condition, seed, index)).numpy()

    def shares(self, rows):
        return rows

    def varied(self, variation, parameters):
        other = Coded([*self.numbers], [*self.labels], self.n_classes)
        other.encoder, other.numbers = self.encoder, np.char.add(self.numbers, "0")
        return other if variation == "tenfold" else self

    def about(self):
        return {"numbers": self.numbers.tolist(), "y": self.labels.tolist()}


class CodedGenerator(nn.Module):
    """Noise (N, 2, 3) and codes -> vectors (N, D)."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(6 + WIDTH, shape[0])

    def forward(self, noise, codes):
        return self.layer(torch.cat([noise.flatten(1), codes], 1)).tanh()


class CodedDiscriminator(nn.Module):
    """Vectors (N, D) and codes -> a score each."""

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(shape[0] + WIDTH, 1)

    def forward(self, x, codes):
        return self.layer(torch.cat([x, codes], 1)).squeeze(1), None


@dataclass(frozen=True, kw_only=True)
class CodedFamily(Family):
    """The toy family on codes of captions."""

    def conditioning(self, draw):
        return self.kept_conditioning(
            {"numbers": draw.captions[:, 0].tolist(), "y": draw.y.tolist(), "n_classes": draw.n_classes}
        )

    def kept_conditioning(self, about):
        return Coded(about["numbers"], about["y"], about["n_classes"])


CODED = CodedFamily(
    **{field.name: getattr(FAMILY, field.name) for field in fields(FAMILY)}
    | {"name": "coded", "generator": CodedGenerator, "discriminator": CodedDiscriminator, "r1": 0.0}
    | {"gradient_penalty": 0.0},
)


class Medium(type(INT16)):
    """Vectors with a family of codes."""

    families = {"coded": CODED}


MEDIUM = Medium(np.int16)


def numbered(offset: int = 0) -> Examples:
    draw = vectors(MEDIUM, dimensions=6)
    return replace(draw, captions=(np.arange(len(draw)) + offset).astype(str)[:, None])


def training(steps: int = 8) -> Training:
    return Training(MEDIUM, CODED, "none", numbered(), Job(steps, 3))


def test_labels_refuse_captions_and_fakes_have_those_of_the_reals_where_networks_need_that():
    told, rng = torch.tensor([0, 1, 1]), torch.Generator()
    families = (TINY["dcgan_per_class"], TINY["wgan_gp"], TINY["projection"])
    same, penalised, other = (family.conditioning(make_draw()) for family in families)
    assert penalised.as_reals
    for labels in (same, other):
        labels.attach(None, None, torch.full((9,), 2), None)
        assert labels.of_reals(torch.tensor([4]), rng).tolist() == [2] and labels.about() == {}
        with pytest.raises(InputError, match="knows labels alone"):
            labels.rows(Condition(np.array([1]), np.array(["a cat"])), 0, np.arange(1))
    assert same.of_fakes(told, rng).tolist() == [0, 1, 1] and other.of_fakes(told, rng).tolist() == [2, 2, 2]
    assert other.shares(np.array([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("name", ["projection", "dcgan_per_class"])
def test_a_gan_of_labels_has_no_captions_and_takes_none(name):
    from gannb.media.image import IMAGE

    gan = Adversarial(IMAGE, TINY[name]).fit(make_draw(), Job(2, 1))
    asked = Condition(np.array([0, 1]))
    assert gan.captions_of(asked, 3) is None and gan.most is None and set(gan.networks) == {
        "average", "tail", "discriminator"
    }  # fmt: skip
    with pytest.raises(InputError, match="knows labels alone"):
        gan.sample(Condition(asked.labels, np.array(["a", "b"])), 3)


def test_mismatched_reals_have_their_share_of_the_loss_and_leave_it_to_the_fakes_where_there_is_none():
    made = training()
    made.conditioning.learn()
    index = torch.tensor([0, 1, 2, len(made.x) - 1, len(made.x) - 2, len(made.x) - 3])
    x, told = made.form.encode(made.x[index]), made.conditioning.of_reals(index, made.rng)
    real, fake = torch.linspace(-1, 2, 6), torch.linspace(0.5, -2, 6)
    wrong, found = made.conditioning.of_others(index, made.rng)
    assert 0 < found.sum() < 6
    scores = torch.where(found, made.discriminator(x, wrong)[0], fake)
    expected = torch.relu(1 - real).mean() + 0.5 * torch.relu(1 + fake).mean() + 0.5 * torch.relu(1 + scores).mean()
    assert made._game(real, fake, x, (wrong, found)).item() == pytest.approx(expected.item(), rel=1e-6)
    assert made._game(real, fake, x, None) == HINGE.discriminator(real, fake)
    assert not torch.equal(told, wrong)


def test_the_encoder_is_learnt_once_before_the_first_step_and_is_part_of_every_state():
    whole, first = training(), training()
    for _ in range(8):
        whole.advance()
    for _ in range(3):
        first.advance()
    again = training()
    again.restore(*first.state())
    for _ in range(5):
        again.advance()
    assert whole.conditioning.lessons == 1 and again.conditioning.lessons == 0
    assert "encoder.weight" in first.state()[0] and again.conditioning.encoder.weight.eq(1).all()
    for name in ("generator", "discriminator", "average"):
        for a, b in zip(getattr(whole, name).parameters(), getattr(again, name).parameters(), strict=True):
            assert torch.equal(a, b)


def test_a_training_that_goes_back_to_its_start_learns_its_encoder_again():
    made = training()
    guard = Guard(made, numbered())
    made.advance()
    guard.restore(*guard.good)
    assert made.conditioning.encoder.weight.eq(0).all()
    made.advance()
    assert made.conditioning.lessons == 2 and made.conditioning.encoder.weight.eq(1).all()


def test_a_checkpoint_of_other_captions_is_of_another_training():
    made = training()
    about = [identity(made, numbered(offset)) for offset in (0, 1)]
    assert about[0]["draw"] != about[1]["draw"]


def test_a_fitted_gan_makes_what_captions_say_and_is_the_same_when_read_again(tmp_path):
    gan = Adversarial(MEDIUM, CODED).fit(numbered(), Job(8, 3))
    asked = Condition(np.array([0, 1, 1, 0] * 20))
    captions = gan.captions_of(asked, 5)
    made = gan.sample(asked, 5)
    assert np.array_equal(made, gan.sample(Condition(asked.labels, captions), 5))
    other = gan.sample(Condition(asked.labels, np.full(80, "7")), 5)
    assert (made != other).any()
    some = np.array([70, 3])
    assert np.array_equal(gan.sample(asked.take(some), 5, some), made[some]) and len(made) > SAMPLE_BATCH
    tenfold = gan.varied("tenfold", {})
    assert np.array_equal(tenfold.captions_of(asked, 5), np.char.add(captions, "0")) and tenfold.conditioning.encoder
    gan.save(tmp_path)
    again = Adversarial.load(tmp_path, MEDIUM)
    assert np.array_equal(again.sample(asked, 5), made) and np.array_equal(again.captions_of(asked, 5), captions)
    assert again.blend(np.array([[0, 1]]), np.ones(1), 5).shape == (1, 6)
    np.testing.assert_array_equal(again.between(np.array([0]), 5, 3)[0, 0], made[0])
    scores = gan.realness(made[:2], asked.labels[:2], captions[:2])
    assert np.array_equal(again.realness(made[:2], asked.labels[:2], captions[:2]), scores)
