"""Classical augmentation of sentences, on the hashes of their words: left out, exchanged, made unknown, or synonyms.

After Wei & Zou 2019 ("EDA: easy data augmentation techniques for boosting performance on text classification tasks"),
sections 2 and 4; and word dropout (Iyyer et al. 2015, section 3.1).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gannb.media.text.augmentation.policies import Policy
from gannb.media.text.augmentation.synonyms import synonyms
from gannb.media.text.tokens import UNKNOWN_HASH, of_word, word_of


def augment(batch: Tensor, policy: Policy, rng: torch.Generator, chance: Tensor | None = None) -> Tensor:
    """Change each sentence by its own draws: hashes (N, T, W) -> the same shape. An empty policy gives them back.

    `rng` lives on the device of the batch. chance: a scalar in 0..1, by which everything happens more rarely.
    """
    often = 1 if chance is None else chance
    if policy.synonym:
        batch = _by_synonyms(batch, _drawn(batch, policy.synonym * often, rng), rng)
    if policy.swap:
        batch = _take(batch, _swapped(batch, _drawn(batch, policy.swap * often, rng)))
    if policy.delete:
        batch = _without(batch, _drawn(batch, policy.delete * often, rng))
    if policy.dropout:
        batch = _unknown(batch, _drawn(batch, policy.dropout * often, rng))
    return batch


def _drawn(batch: Tensor, chance: float | Tensor, rng: torch.Generator) -> Tensor:
    """Which of the words something happens to, (N, T) bool."""
    there = batch[..., 0] != 0
    return there & (torch.rand(there.shape, generator=rng, device=batch.device) < chance)


def _take(batch: Tensor, order: Tensor) -> Tensor:
    return batch.gather(1, order[..., None].expand_as(batch))


def _swapped(batch: Tensor, first: Tensor) -> Tensor:
    """Return an order of words (N, T) in which every chosen one has changed places with the next, if there is one."""
    there = batch[..., 0] != 0
    first = first & torch.nn.functional.pad(there[:, 1:], (0, 1))
    place = torch.arange(batch.shape[1], device=batch.device).expand(first.shape)
    free = torch.nn.functional.pad(~first[:, :-1], (1, 0), value=True)  # of two in a row the first alone
    first = first & free
    second = torch.nn.functional.pad(first[:, :-1], (1, 0))
    return place + first.long() - second.long()


def _without(batch: Tensor, chosen: Tensor) -> Tensor:
    """Leave out the chosen words, (N, T) bool, and move up the others; of a sentence of chosen ones all stay."""
    there = batch[..., 0] != 0
    chosen = chosen & (chosen.sum(1) < there.sum(1))[:, None]
    order = torch.argsort((chosen | ~there).to(torch.uint8), dim=1, stable=True)
    kept = torch.where(chosen[..., None], torch.zeros_like(batch), batch)
    return _take(kept, order)


def _unknown(batch: Tensor, chosen: Tensor) -> Tensor:
    """Put the unknown word, which has no pieces, into the places of the chosen ones."""
    unknown = torch.zeros(batch.shape[2], dtype=batch.dtype, device=batch.device)
    unknown[0] = UNKNOWN_HASH
    return torch.where(chosen[..., None], unknown, batch)


# ---- synonyms ----


def _by_synonyms(batch: Tensor, chosen: Tensor, rng: torch.Generator) -> Tensor:
    """Put one of its synonyms, each as likely, into the place of each chosen word that has any."""
    places = chosen.nonzero()
    which = torch.rand(len(places), generator=rng, device=batch.device).tolist()
    words = batch[places[:, 0], places[:, 1], 0].tolist()
    found = [_one_of(synonyms(word_of(word)), share) for word, share in zip(words, which, strict=True)]
    there = [i for i, word in enumerate(found) if word]
    if there:
        batch = batch.clone()
        hashes = torch.from_numpy(np.stack([of_word(found[i]) for i in there])).to(batch.device)
        batch[places[there, 0], places[there, 1]] = hashes
    return batch


def _one_of(words: tuple[str, ...], share: float) -> str:
    return words[min(int(share * len(words)), len(words) - 1)] if words else ""
