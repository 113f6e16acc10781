"""Networks that write sentences and look at them: shapes, what they are told, how words are drawn."""

from __future__ import annotations

import torch

from gannb.media.text.writers.networks import Filler, LanguageModel, TokenDiscriminator, drawn, dropped
from gannb.media.text.writers.vocabulary import BLANK, END, FIRST, NOTHING

V, K, B, T = 11, 3, 5, 6


def numbers() -> torch.Tensor:
    return torch.randint(FIRST, V, (B, T), generator=torch.Generator().manual_seed(0))


def test_words_are_drawn_as_likely_as_they_are():
    logits = torch.tensor([[0.0, 5.0, 1.0, 2.0]]).expand(4000, 4)
    uniform = (torch.arange(4000) + 0.5) / 4000
    found = drawn(logits, uniform, 1.0, [1]).bincount(minlength=4) / 4000
    assert torch.allclose(
        found, torch.tensor([0.0, 0.0, 1.0, 2.0]).exp().mul(torch.tensor([1, 0, 1, 1])) / 11.107, atol=1e-3
    )
    cool = drawn(logits, uniform, 0.1, [1]).bincount(minlength=4) / 4000
    assert cool[3] > 0.99 and drawn(logits[:2], torch.tensor([0.0, 1.0]), 1.0, [1]).tolist() == [0, 3]


def test_the_language_model_sees_only_words_before_and_its_class():
    torch.manual_seed(0)
    model, x, y = LanguageModel(V, K).eval(), numbers(), torch.tensor([0, 1, 2, 0, 1])
    scores = model(x, y)
    changed = x.clone()
    changed[:, 3:] = FIRST
    assert scores.shape == (B, T, V) and torch.equal(scores[:, :3], model(changed, y)[:, :3])
    assert not torch.allclose(scores, model(x, (y + 1) % K))
    written = model.write(y, torch.rand(B, T))
    assert written.shape == (B, T) and (written[:, 0] >= FIRST).all() and ((written >= FIRST) | (written == END)).all()


def test_a_filler_changes_blanks_alone_and_scores_what_it_writes():
    torch.manual_seed(0)
    model, x, y = Filler(V, K).eval(), numbers(), torch.tensor([0, 1, 2, 0, 1])
    given = x.clone()
    given[:, 2:4] = BLANK
    given[0, 5] = NOTHING
    made = model.fill(given, y, torch.rand(B, T))
    kept = given != BLANK
    assert torch.equal(made[kept], given[kept]) and (made[~kept] >= FIRST).all()
    likeliest = model.fill(given, y, torch.rand(B, T), temperature=1e-4)
    scores = model(given, likeliest, y)
    scores[..., :FIRST] = -torch.inf
    assert torch.equal(scores.argmax(2)[~kept], likeliest[~kept])


def test_the_discriminator_is_told_the_blanks():
    torch.manual_seed(0)
    model, x, y = TokenDiscriminator(V, K), numbers(), torch.zeros(B, dtype=torch.int64)
    none, all_blank = (model(x, torch.full((B, T), flag), y) for flag in (False, True))
    assert none.shape == (B, T) and not torch.allclose(none, all_blank)


def test_dropout_keeps_the_mean_and_none_is_left_out_without_randomness():
    x = torch.ones(100, 100)
    assert dropped(x, None) is x and abs(dropped(x, torch.Generator().manual_seed(0)).mean() - 1) < 0.05
