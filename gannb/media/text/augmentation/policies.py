"""What classical augmentation may do to the words of a sentence, by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gannb.media.text.augmentation import synonyms
from gannb.utils.errors import InputError


@dataclass(frozen=True)
class Policy:
    """What may happen to a word, and with what chance; each word by its own draw."""

    dropout: float = 0.0  # it becomes the unknown word
    delete: float = 0.0  # it is left out; the last one left stays
    swap: float = 0.0  # it changes places with the next one
    synonym: float = 0.0  # one of its synonyms takes its place, if it has any


POLICIES = {
    "none": Policy(), "dropout": Policy(dropout=0.1), "delete": Policy(delete=0.1), "swap": Policy(swap=0.1),
    "full": Policy(0.1, 0.1, 0.1), "synonyms": Policy(synonym=0.1),
}  # fmt: skip
DEFAULT = "dropout"
MOST = 0.9  # a chance


def resolve(name: str) -> Policy:
    """Return the policy of a name, or the default one for "auto".

    Raises:
        InputError: the name is unknown, or what the policy takes is not on this machine.
    """
    name = DEFAULT if name == "auto" else name
    if name not in POLICIES:
        raise InputError(f"augmentation: {name!r} is none of auto, {', '.join(POLICIES)}.")
    if POLICIES[name].synonym:
        synonyms.wordnet()
    return POLICIES[name]


def strengthened(policy: Policy, factor: float) -> Policy:
    """Return the policy with its chances times a factor, at most `MOST`."""
    return replace(policy, **{name: min(MOST, factor * chance) for name, chance in vars(policy).items()})
