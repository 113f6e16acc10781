"""How fluent and how varied sentences are, by models that count words: perplexity, the reverse, self-BLEU, runs.

Perplexity is under a trigram model of unseen real sentences: low where sentences read like real ones. The reverse is
that of the unseen sentences under a trigram model of the made ones: low where these hold what real ones hold. A bag of
words has a high perplexity, copies of a few sentences a high reverse one. Lower is better for both, and neither says
whether a sentence means anything.

The models of all rows know the same words, those of the unseen sentences and of the training ones, each by itself; a
word of neither is as unlikely as one that is never seen. As many unseen sentences are looked at in every row, since a
model of more of them finds every sentence likelier. So the numbers of all rows can be compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gannb.media.text.tokens import tokens

SHARES = (0.5, 0.3, 0.15, 0.05)  # of trigrams, bigrams, words and any word in a probability (Jelinek & Mercer 1980)
BLEU_ORDER = 4  # longest run of words that self-BLEU counts (Zhu et al. 2018, section 2)
UNSEEN_AT_MOST = 1000  # real sentences that perplexity and its reverse look at, at random
AT_MOST = 200  # sentences that self-BLEU looks at: each is compared with all others
UNKNOWN = "\0"  # in the place of a word that the model does not know
Sentence = list[str]


class Trigrams:
    """A model of the next word by the two before it: counts of an order, mixed in fixed shares with lower ones."""

    def __init__(self, sentences: Sequence[Sentence], known: frozenset[str]) -> None:
        self.known = known
        self.counts = [Counter() for _ in range(3)]  # of one word, of two, of three
        self.before = [Counter() for _ in range(3)]  # of what stands before the last of them
        for words in sentences:
            for order, run in self._runs(words):
                self.counts[order][run] += 1
                self.before[order][run[:-1]] += 1

    def _runs(self, words: Sentence) -> list[tuple[int, tuple[str, ...]]]:
        padded = ["", "", *(word if word in self.known else UNKNOWN for word in words), ""]
        return [
            (order, tuple(padded[at - order : at + 1])) for at in range(2, len(padded)) for order in range(3)
        ]  # fmt: skip

    def perplexity(self, sentences: Sequence[Sentence]) -> float:
        """Return exp of the mean negative log likelihood of a word, ends counted as words."""
        total, number = 0.0, 0
        for words in sentences:
            runs = self._runs(words)
            for at in range(0, len(runs), 3):
                total -= math.log(self._chance([run for _, run in runs[at : at + 3]]))
                number += 1
        return math.exp(total / max(1, number))

    def _chance(self, runs: Sequence[tuple[str, ...]]) -> float:
        """Return the probability of the last word of one, two and three: never 0."""
        chance = SHARES[3] / (len(self.known) + 2)  # any word, one that is not known, the end
        for order, run in enumerate(runs):
            before = self.before[order][run[:-1]]
            chance += SHARES[2 - order] * self.counts[order][run] / before if before else 0.0
        return chance


def fluency(made: np.ndarray, unseen: np.ndarray, train: np.ndarray) -> dict[str, float]:
    """Return what can be counted of made sentences (M,), against unseen real ones (H,) and the training ones (N,).

    perplexity, reverse_perplexity: see the module. self_bleu: how far a sentence is made of runs of the others, 0 to 1.
    longest_run: words in a row that a made sentence has in common with a training one, at most, the median of the
    sentences; run_share: that run as a share of its words, their mean.
    """
    sentences, real, learnt = ([tokens(str(text)) for text in part] for part in (made, unseen, train))
    real = [real[i] for i in np.random.default_rng(0).permutation(len(real))[:UNSEEN_AT_MOST]]
    known = frozenset(word for words in (*real, *learnt) for word in words)
    of_training = {run for words in learnt for run in _runs_of(words)}
    runs = [_longest_run(words, of_training) for words in sentences]
    return {
        "perplexity": Trigrams(real, known).perplexity(sentences),
        "reverse_perplexity": Trigrams(sentences, known).perplexity(real),
        "self_bleu": self_bleu(sentences),
        "longest_run": float(np.median(runs)),
        "run_share": float(np.mean([run / len(words) for run, words in zip(runs, sentences, strict=True) if words])),
    }


def _runs_of(words: Sentence) -> list[tuple[str, ...]]:
    return [tuple(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]


def _longest_run(words: Sentence, known: set[tuple[str, ...]]) -> int:
    """Return how many words in a row, at most, a sentence has in common with those whose runs are known."""
    best = 0
    for start in range(len(words)):  # a longer run than the best one so far begins here, or none is looked for
        while start + best < len(words) and tuple(words[start : start + best + 1]) in known:
            best += 1
    return best


def self_bleu(sentences: Sequence[Sentence]) -> float:
    """Return the mean BLEU-4 of each of the first `AT_MOST` sentences against all others of them (Zhu et al. 2018).

    Where an order has no run in common it counts as half a run (smoothing 1 of Chen & Cherry 2014, section 4), and a
    sentence is judged by the orders that it is long enough for.
    """
    sentences = [words for words in sentences[:AT_MOST] if words]
    if len(sentences) < 2:
        return float("nan")
    counted = [[Counter(_grams(words, n)) for n in range(1, BLEU_ORDER + 1)] for words in sentences]
    lengths = [len(words) for words in sentences]
    best = [_two_largest([each[n] for each in counted]) for n in range(BLEU_ORDER)]
    return float(np.mean([_bleu(i, counted[i], best, lengths) for i in range(len(sentences))]))


def _grams(words: Sentence, n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _two_largest(counters: Sequence[Counter]) -> dict[tuple[str, ...], list[tuple[int, int]]]:
    """Return for each run of words the two largest counts in a sentence, and which sentences these are."""
    found: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for i, counter in enumerate(counters):
        for run, count in counter.items():
            found[run] = sorted([*found.get(run, []), (count, -i)], reverse=True)[:2]
    return found


def _bleu(i: int, counted: Sequence[Counter], best: Sequence[dict], lengths: Sequence[int]) -> float:
    logs = []
    for runs, largest in zip(counted, best, strict=True):
        if total := sum(runs.values()):
            most = {run: next((count for count, other in largest[run] if other != -i), 0) for run in runs}
            shared = sum(min(count, most[run]) for run, count in runs.items())
            logs.append(math.log((shared or 0.5) / total))
    others = [length for j, length in enumerate(lengths) if j != i]
    nearest = min(others, key=lambda length: (abs(length - lengths[i]), length))
    return math.exp(min(0.0, 1 - nearest / lengths[i]) + sum(logs) / len(logs))
