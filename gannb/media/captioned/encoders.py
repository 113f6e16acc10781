"""From captions and images to unit vectors of one space, learnt from pairs of them and from nothing else.

A word is the sum of its own code and those of its runs of three letters, hashed into one table (Bojanowski et al. 2017,
arXiv 1607.04606): there is no list of words, and an unknown word gets what its letters have in common with known ones.
Words are read in their order by a GRU (Cho et al. 2014). Both encoders are trained so that the captions of an image are
nearer to it than those of other images, and the reverse (InfoNCE: van den Oord et al. 2018, arXiv 1807.03748; both ways
as in Radford et al. 2021, arXiv 2103.00020), in place of the joint embedding of Reed et al. 2016, section 3.2.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gannb.generators.adversarial.randomness import Passes, derive, lent_randomness
from gannb.generators.adversarial.sampling import in_batches
from gannb.media.captioned.sentences import words
from gannb.media.image.gans.layers import LEAK, channels_from_image, margins, padded, start_grid

WIDTH = 64  # of a vector of the common space
ROWS = 2**13  # of the table of hashed words and letters; row 0 stands for no piece
MOST_WORDS = 64  # of a caption, beyond which it is cut off
MOST_LETTERS = 12  # of a word, beyond which it counts as several; for scripts without blanks as well
PIECES = MOST_LETTERS + 1  # of a word: itself, and its runs of three letters with an end at either side
PAIRS = 64  # in a batch
RATE = 1e-3  # of Adam, which falls to 0 along a cosine
SHARPNESS = 10.0  # by which cosines are multiplied at first; learnt (Radford et al. 2021, section 2.5)
FORGOTTEN = 0.1  # share of the words whose own code is left out in training, so that their letters learn to stand in


# ---- captions as numbers ----


def pieces(captions: Sequence[str], longest: int = MOST_WORDS) -> np.ndarray:
    """Rows of the table for every word of captions: (N,) -> (N, longest, PIECES) int64, 0 where there is no more."""
    numbers = np.zeros((len(captions), longest, PIECES), np.int64)
    for row, caption in zip(numbers, captions, strict=True):
        for place, word in zip(row, _words(str(caption))[:longest], strict=False):
            found = _pieces_of(word)
            place[: len(found)] = found
    return numbers


def _words(caption: str) -> list[str]:
    """The words of a caption, the longest in parts; of a caption without any, its characters."""
    found = words(caption) or [*caption]
    return [word[i : i + MOST_LETTERS] for word in found for i in range(0, len(word), MOST_LETTERS)]


@lru_cache(maxsize=2**16)
def _pieces_of(word: str) -> list[int]:
    """Rows of the table for a word: its own, and one for each run of three letters."""
    marked = f"<{word}>"
    runs = [marked, *(marked[i : i + 3] for i in range(len(marked) - 2))][:PIECES]
    return [1 + zlib.crc32(run.encode()) % (ROWS - 1) for run in runs]


# ---- networks ----


class CaptionEncoder(nn.Module):
    """Pieces of words -> words -> a GRU's last state -> a vector of length 1."""

    def __init__(self, embedding: int = 64, hidden: int = 128) -> None:
        super().__init__()
        self.table = nn.Embedding(ROWS, embedding, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)  # small beside what is learnt: unknown words say little
        with torch.no_grad():
            self.table.weight[0] = 0
        self.read = nn.GRU(embedding, hidden, batch_first=True)
        self.last = nn.Linear(hidden, WIDTH)

    def forward(self, numbers: Tensor, forgotten: Tensor | None = None) -> Tensor:
        """numbers (N, T, PIECES), forgotten (N, T) bool: words without their own code -> (N, WIDTH), of length 1."""
        if forgotten is not None:
            numbers = torch.cat([numbers[..., :1].masked_fill(forgotten[..., None], 0), numbers[..., 1:]], -1)
        there = numbers > 0
        said = self.table(numbers).sum(2) / there.sum(2, keepdim=True).clamp(min=1).sqrt()
        states, _ = self.read(said)
        ends = numbers[..., 1].gt(0).sum(1).clamp(min=1) - 1  # a word has always one run of letters
        state = states[torch.arange(len(states), device=states.device), ends]
        return F.normalize(self.last(state), dim=1)


class ImageEncoder(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> strided convolutions -> vectors (N, WIDTH) of length 1."""

    def __init__(self, shape: tuple[int, ...], base: int = 32) -> None:
        super().__init__()
        height, width, channels = shape
        grid, widths = start_grid(height, width), channels_from_image(height, width, base)
        self.pad = margins(height, width)
        pairs = zip([channels, *widths[:-1]], widths, strict=True)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairs)
        self.last = nn.Linear(widths[-1] * grid[0] * grid[1], WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, WIDTH)."""
        x = padded(x, self.pad)
        for down in self.downs:
            x = F.leaky_relu(down(x), LEAK)
        return F.normalize(self.last(x.flatten(1)), dim=1)


@torch.inference_mode()
def vectors(encoder: CaptionEncoder, captions: np.ndarray) -> np.ndarray:
    """What an encoder makes of captions: (M,) unicode -> (M, WIDTH) float32, each by itself alone."""
    device = encoder.last.weight.device
    known, place = np.unique(captions, return_inverse=True)
    if not len(known):
        return np.empty((0, WIDTH), np.float32)
    return in_batches(lambda n: encoder(torch.from_numpy(n).to(device)).cpu().numpy(), pieces(known))[place]


# ---- which captions an image has ----


class Sentences:
    """The captions of N images: `texts` (U,) each once, `of` (N, C) their numbers, -1 where one has fewer; on a device.

    Raises ValueError where an image has none.
    """

    def __init__(self, captions: np.ndarray, device: torch.device | str = "cpu") -> None:
        texts, numbers = np.unique(captions, return_inverse=True)
        numbers = numbers.reshape(captions.shape)
        there = captions != ""
        if not there.any(1).all():
            raise ValueError("every image must have a caption")
        first = int(len(texts) > 0 and texts[0] == "")
        order = np.argsort(~there, axis=1, kind="stable")  # those that are there come first
        numbers = np.where(there, numbers - first, -1)
        self.texts = texts[first:]
        self.of = torch.from_numpy(np.take_along_axis(numbers, order, 1)).to(device)
        self.counts = (self.of >= 0).sum(1)

    def one_of(self, index: Tensor, rng: torch.Generator) -> Tensor:
        """The number of one caption, at random, of each of the images at positions (B, ...): (B, ...)."""
        share = torch.rand(index.shape, generator=rng, device=self.of.device)
        return self.of[index, (share * self.counts[index]).long()]

    def share_one(self, index: Tensor, others: Tensor) -> Tensor:
        """Tell whether images at positions have a caption in common: (B,), (B, K) -> (B, K) bool."""
        own, theirs = self.of[index][:, None, :, None], self.of[others][:, :, None, :]
        return ((own == theirs) & (own >= 0)).flatten(2).any(2)


# ---- learning ----


def both_ways(images: Tensor, captions: Tensor, alike: Tensor, sharpness: Tensor) -> Tensor:
    """InfoNCE of N images with N captions, (N, WIDTH) each, of length 1: mean of both directions.

    alike: (N, N) bool, which captions are true of which images: those have equal parts of the target.
    """
    logits = sharpness * images @ captions.T
    of_images, of_captions = (a / a.sum(1, keepdim=True) for a in (alike.float(), alike.T.float()))
    return (F.cross_entropy(logits, of_images) + F.cross_entropy(logits.T, of_captions)) / 2


def learn_pairs(
    caption_encoder: CaptionEncoder,
    image_encoder: ImageEncoder,
    sentences: Sentences,
    images: Callable[[Tensor, torch.Generator], Tensor],
    steps: int,
    seed: int,
) -> None:
    """Train both encoders in place. images: positions (B,) -> encoded images (B, C, H, W), as training sees them."""
    device = sentences.of.device
    numbers = torch.from_numpy(pieces(sentences.texts)).to(device)
    numbers = numbers[:, : max(1, int((numbers[..., 1] > 0).sum(1).max()))]
    sharpness = torch.tensor(math.log(SHARPNESS), device=device, requires_grad=True)
    learning = [*caption_encoder.parameters(), *image_encoder.parameters(), sharpness]
    optimiser = torch.optim.Adam(learning, RATE)
    passes = Passes(np.arange(len(sentences.of)), min(PAIRS, len(sentences.of)), seed)
    rng = torch.Generator(device)
    for step in range(steps):
        rng.manual_seed(derive(seed, 0, step))
        optimiser.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
        index = torch.from_numpy(passes[step]).to(device)
        chosen = sentences.one_of(index, rng)
        forgotten = torch.rand((len(index), numbers.shape[1]), generator=rng, device=device) < FORGOTTEN
        alike = sentences.share_one(index, index.expand(len(index), -1))
        found = caption_encoder(numbers[chosen], forgotten)
        loss = both_ways(image_encoder(images(index, rng)), found, alike, sharpness.exp())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def new_encoders(
    shape: tuple[int, ...], seed: int, device: torch.device | str, base: int = 32
) -> tuple[CaptionEncoder, ImageEncoder]:
    """Encoders of captions and of images of a shape (H, W, C), their first weights from the seed."""
    with lent_randomness(derive(seed, 1)):
        return CaptionEncoder().to(device), ImageEncoder(shape, base).to(device)
