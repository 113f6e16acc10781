"""The networks that write sentences, and the one that looks at them.

B sentences of T places, V words in the vocabulary, K classes. All are told the class of a sentence.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannb.media.text.writers.vocabulary import BLANK, END, NOTHING, UNKNOWN

WORD, CLASS = 64, 16  # widths of embeddings
HIDDEN = 128  # of the language model
ENCODER, DECODER = 48, 96  # of MaskGAN: one direction of the encoder, and the decoder
DROPOUT = 0.5
NEVER = [NOTHING, UNKNOWN, BLANK]  # that no writer writes


def dropped(x: Tensor, rng: torch.Generator | None, chance: float = DROPOUT) -> Tensor:
    """Leave out values (N, ...) with a chance, and enlarge the others; all stay where no randomness is given."""
    if rng is None:
        return x
    return x * (torch.rand(x.shape, generator=rng, device=x.device) >= chance) / (1 - chance)


class Words(nn.Module):
    """Embeddings of words and classes, and the layer from a state to words that shares those of words.

    Press & Wolf 2017, "Using the output embedding to improve language models".
    """

    def __init__(self, size: int, n_classes: int, state: int) -> None:
        super().__init__()
        self.word, self.of_class = nn.Embedding(size, WORD), nn.Embedding(n_classes, CLASS)
        nn.init.normal_(self.word.weight, std=0.1)
        self.bridge, self.bias = nn.Linear(state, WORD), nn.Parameter(torch.zeros(size))

    def inputs(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Numbers of words (B, T), labels (B,) -> (B, T, `WORD` + `CLASS`)."""
        words = self.word(numbers)
        return torch.cat([words, self.of_class(labels)[:, None].expand(-1, words.shape[1], -1)], 2)

    def logits(self, state: Tensor) -> Tensor:
        """States (N, T, H) -> a score for each word (N, T, V)."""
        return self.bridge(state) @ self.word.weight.T + self.bias


def drawn(logits: Tensor, uniform: Tensor, temperature: float, never: list[int]) -> Tensor:
    """Draw words by the inverse of their distribution: (B, V) and numbers in 0..1 (B,) -> (B,) int64.

    At a temperature below 1 likely words become likelier, above 1 less so. never: numbers that are not drawn.
    """
    logits = logits.double() / temperature
    logits[:, never] = -torch.inf
    steps = logits.softmax(1).cumsum(1)
    wanted = (uniform.double() * steps[:, -1]).clamp(max=steps[:, -1] * (1 - 1e-12))[:, None]
    return torch.searchsorted(steps, wanted, right=True).squeeze(1).clamp(max=logits.shape[1] - 1)


class LanguageModel(nn.Module):
    """A GRU that says what the next word is: (B, T) words before, labels (B,) -> scores (B, T, V)."""

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        self.words, self.gru = Words(size, n_classes, HIDDEN), nn.GRU(WORD + CLASS, HIDDEN, batch_first=True)

    def forward(self, before: Tensor, labels: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Score the word at every place (N, T), given those before it; rng: of dropout."""
        states, _ = self.gru(dropped(self.words.inputs(before, labels), rng))
        return self.words.logits(dropped(states, rng))

    @torch.no_grad()
    def write(self, labels: Tensor, uniform: Tensor, temperature: float = 1.0) -> Tensor:
        """Write a sentence each: labels (B,), numbers in 0..1 (B, T) -> (B, T) int64, ended by `END` if it ends."""
        last, state, found = torch.full_like(labels, END), None, []
        for place in range(uniform.shape[1]):
            states, state = self.gru(self.words.inputs(last[:, None], labels), state)
            never = NEVER + ([END] if place == 0 else [])
            last = drawn(self.words.logits(states[:, 0]), uniform[:, place], temperature, never)
            found.append(last)
        return torch.stack(found, 1)


class Filler(nn.Module):
    """The actor of MaskGAN (Fedus et al. 2018, section 2.1): fills the blanks of a sentence, one after the other.

    An encoder reads the sentence with its blanks both ways; a decoder goes through it, told what the encoder has seen
    at each place, and the word before it. The critic (section 2.3.1) says from its state what reward is to be had.
    """

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        self.words = Words(size, n_classes, DECODER)
        self.encoder = nn.GRU(WORD + CLASS, ENCODER, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(WORD + CLASS + 2 * ENCODER, DECODER, batch_first=True)
        self.critic = nn.Linear(DECODER, 1)

    def _read(self, given: Tensor, labels: Tensor, rng: torch.Generator | None) -> Tensor:
        """What the encoder sees of sentences with blanks, (B, T, 2 `ENCODER`)."""
        return self.encoder(dropped(self.words.inputs(given, labels), rng))[0]

    def states(self, given: Tensor, whole: Tensor, labels: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """States of the decoder on its way through whole sentences: (B, T) with blanks, (B, T) -> (B, T, `DECODER`)."""
        before = torch.cat([torch.full_like(whole[:, :1], END), whole[:, :-1]], 1)
        seen = torch.cat([dropped(self.words.inputs(before, labels), rng), self._read(given, labels, rng)], 2)
        return dropped(self.decoder(seen)[0], rng)

    def forward(self, given: Tensor, whole: Tensor, labels: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """Score the word at every place, given what stands before it and all that is no blank: -> (B, T, V)."""
        return self.words.logits(self.states(given, whole, labels, rng))

    @torch.no_grad()
    def fill(self, given: Tensor, labels: Tensor, uniform: Tensor, temperature: float = 1.0) -> Tensor:
        """Fill the blanks: (B, T), labels (B,), numbers in 0..1 (B, T) -> (B, T) without blanks."""
        seen, state, last, found = self._read(given, labels, None), None, torch.full_like(labels, END), []
        for place in range(given.shape[1]):
            inputs = torch.cat([self.words.inputs(last[:, None], labels), seen[:, place : place + 1]], 2)
            states, state = self.decoder(inputs, state)
            made = drawn(self.words.logits(states[:, 0]), uniform[:, place], temperature, [*NEVER, END])
            last = torch.where(given[:, place] == BLANK, made, given[:, place])
            found.append(last)
        return torch.stack(found, 1)


class TokenDiscriminator(nn.Module):
    """Says of each word of a sentence whether it is real, told which ones were blanks (section 2.1, equation 2)."""

    def __init__(self, size: int, n_classes: int) -> None:
        super().__init__()
        self.word, self.of_class = nn.Embedding(size, WORD), nn.Embedding(n_classes, CLASS)
        nn.init.normal_(self.word.weight, std=0.1)
        self.gru = nn.GRU(WORD + CLASS + 1, ENCODER, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * ENCODER, 1)

    def forward(self, numbers: Tensor, blank: Tensor, labels: Tensor) -> Tensor:
        """Words (B, T), which of them were blanks (B, T) bool, labels (B,) -> scores (B, T), high for "real"."""
        words = self.word(numbers)
        of_class = self.of_class(labels)[:, None].expand(-1, words.shape[1], -1)
        return self.head(self.gru(torch.cat([words, of_class, blank[..., None].float()], 2))[0]).squeeze(2)
