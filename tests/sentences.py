"""Small sets of sentences for tests, made by rule: no evidence of anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gannb.data.examples import Examples
from gannb.media.text.tokens import array

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WAYS = {
    "music": ("play {} by {}", "put on {} please", "add {} to my list of {}", "i want to hear {} now"),
    "weather": ("will it {} in {}", "is it going to {} tomorrow?", "tell me if it will {} today", "how {} is it in {}"),
    "tables": ("book a table for {} in {}", "reserve {} seats at the {}", "find me a place for {} people"),
}
FILLED = {
    "music": ("jazz", "some blues", "the old song", "Maria", "a symphony", "rock", "שיר ישן", "🎵 pop"),
    "weather": ("rain", "snow", "be cold", "Oslo", "hail", "Madrid", "<b>storm</b>", "مدريد"),
    "tables": ("two", "five", "the harbour", "Rome", "ten", "my street", "a &amp; b", "Köln"),
}


def sentences(n: int = 20, seed: int = 0, classes: int = 3) -> Examples:
    """n different sentences of each of up to three classes; some have markup, emoji or are written from the right."""
    rng, x, y = np.random.default_rng(seed), [], []
    for k, name in enumerate(list(WAYS)[:classes]):
        found: dict[str, None] = {}
        while len(found) < n:
            way, words = WAYS[name][rng.integers(len(WAYS[name]))], rng.permutation(FILLED[name])
            found[way.format(*words[:2]) + " " + "really " * int(rng.integers(3)) + "ok" * int(rng.integers(2))] = None
        x += [text.strip() for text in found]
        y += [k] * n
    ids = np.array([f"made.csv:{i + 2}" for i in range(len(x))])
    return Examples(array(x), np.array(y), tuple(list(WAYS)[:classes]), ids, np.arange(len(x)))


def write_csv(file: Path, n: int = 20) -> str:
    """Write such sentences as a csv; the path is returned."""
    made = sentences(n)
    rows = [f'"{text}",{made.classes[k]}' for text, k in zip(made.x, made.y, strict=True)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return str(file)


def of_two(n: int, seed: int = 0) -> Examples:
    """n sentences on music and n on weather."""
    rng = np.random.default_rng(seed)
    kinds = (("play", "jazz rock songs"), ("will", "rain snow it"))
    texts = [
        f"{first} {rng.choice(more.split())} {rng.choice(list(LETTERS))} now" for first, more in kinds for _ in range(n)
    ]
    numbers = np.arange(2 * n)
    return Examples(array(texts), numbers // n, ("music", "weather"), numbers.astype(str), numbers)
