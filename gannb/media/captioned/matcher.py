"""Whether an image follows its caption: a matcher that no generator has part in, and retrieval by it.

The matcher is a pair of encoders that is trained on real images with captions that no generator was fitted to. One that
shares a generator's encoder, or its images, finds in its images what it has put there (R-precision overfits: Dinh et
al. 2022, arXiv 2112.01398). R-precision is that of Xu et al. 2018 (arXiv 1711.10485, section 4), with fewer captions.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Self

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from gannb.data.examples import Examples, concatenate
from gannb.generators.adversarial.sampling import in_batches
from gannb.media.captioned.encoders import Sentences, learn_pairs, new_encoders, vectors
from gannb.media.captioned.sentences import is_halfway
from gannb.media.image.augmentation.policies import Policy
from gannb.media.image.augmentation.transforms import augment
from gannb.media.image.tensors import encode, stored

STEPS = 1500  # at the most; fewer do not tell circles from squares that are three pixels wide
TIMES = 10  # as many as the measuring classifier has: so a quick study stays quick
SEEN_AS = Policy(shift=0.12)  # images in training: a mirror would swap left and right
FILE = "matcher.safetensors"  # in the folder of a trial's measuring classifier
LEAST = 40  # real images with captions, of which a matcher is trained
AMONG = (10, 50)  # captions, one of which is the image's


class Matcher(nn.Module):
    """Encoders of captions and of images of one space, in which a caption is near the images that it is true of."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0, device: str = "cpu") -> None:
        """Untrained, for images of a shape (H, W, C)."""
        super().__init__()
        self.captions, self.images = new_encoders(shape, seed, device)
        self.seed = seed

    def fit(self, real: Examples, steps: int) -> Self:
        """Train on real images with captions."""
        device = self.images.last.weight.device
        x = stored(real.x, str(device))

        def seen(index: Tensor, rng: torch.Generator) -> Tensor:
            return augment(encode(x[index]), SEEN_AS, rng, clamp=False)

        learn_pairs(self.captions, self.images, Sentences(real.captions, device), seen, steps, self.seed)
        return self.requires_grad_(False).eval()

    @torch.inference_mode()
    def of_images(self, x: np.ndarray) -> np.ndarray:
        """Vectors (N, WIDTH) of images (N, H, W, C) uint8."""
        device = str(self.images.last.weight.device)
        return in_batches(lambda some: self.images(encode(stored(some, device))).cpu().numpy(), x)

    def of_captions(self, captions: np.ndarray) -> np.ndarray:
        """Vectors (N, WIDTH) of captions (N,)."""
        return vectors(self.captions, captions)


def retrieved(
    matcher: Matcher, x: np.ndarray, captions: np.ndarray, known: np.ndarray, among: int, seed: int
) -> np.ndarray:
    """Tell of which images the matcher finds the caption among others: images (M, ...), captions (M,) -> (M,) bool.

    known: (N, C) captions of images, "" where one has fewer. The others are `among` - 1 of them, drawn for each image:
    none that stands beside its own caption at some image, which says the same in other words. By chance it is 1 in
    `among`. Raises ValueError where there are too few.
    """
    beside, rng = _beside(known), np.random.default_rng(seed)
    texts = np.array(sorted({*beside, *captions.tolist()}))
    place = {text: i for i, text in enumerate(texts.tolist())}
    scores = matcher.of_images(x) @ matcher.of_captions(texts).T  # (M, U)
    found = np.empty(len(x), bool)
    for i, own in enumerate(captions.tolist()):
        others = np.array([place[text] for text in beside if text != own and text not in beside.get(own, ())])
        if len(others) < among - 1:
            raise ValueError(f"{len(others)} other captions are too few for 1 of {among}")
        found[i] = scores[i, place[own]] > scores[i, rng.permutation(others)[: among - 1]].max()
    return found


def _beside(known: np.ndarray) -> dict[str, set[str]]:
    """For each caption those that stand beside it at some image; in a fixed order."""
    found: dict[str, set[str]] = defaultdict(set)
    for of_image in known.tolist():
        texts = [text for text in of_image if text]
        for text in texts:
            found[text].update(texts)
    return dict(sorted(found.items()))


# ---- in a study ----


def steps_of(steps: int) -> int:
    """Steps of the matcher beside a measuring classifier of so many."""
    return min(STEPS, TIMES * steps)


def keep(real: Examples, folder: Path, steps: int, seed: int, device: str) -> None:
    """Train a matcher on real images with captions, and keep its weights in a folder; not on fewer than `LEAST`.

    steps: of the trial's measuring classifier.
    """
    if real.captions is None or len(real) < LEAST:
        return
    matcher = Matcher(real.shape, seed, device).fit(real, steps_of(steps))
    tensors = {name: value.cpu().contiguous() for name, value in matcher.state_dict().items()}
    safetensors.torch.save_file(tensors, folder / FILE)


def follows(made: Examples, unseen: Examples, train: Examples, learnt: Path | None) -> dict[str, float]:
    """Return in what share of images the kept matcher finds the caption, among 10 and among 50 (`measures`).

    Apart for captions that stand in the training set and for others. Nothing where there is no matcher or no caption,
    or too few captions to choose among; and nothing of what lies halfway between two, which no caption says.
    """
    if made.captions is None or learnt is None or not (learnt / FILE).is_file():
        return {}
    if any(is_halfway(caption) for caption in made.captions[:, 0].tolist()):
        return {}
    matcher = Matcher(made.shape)
    matcher.load_state_dict(safetensors.torch.load_file(learnt / FILE))
    captions, known = made.captions[:, 0], concatenate([train, unseen]).captions
    seen = np.isin(captions, train.captions)
    found = {}
    for prefix, part in (("", seen), ("new_", ~seen)):
        for among in AMONG if part.any() else ():
            try:
                hits = retrieved(matcher, made.x[part], captions[part], known, among, seed=0)
            except ValueError:  # too few captions
                continue
            found[f"{prefix}caption_{among}"] = float(hits.mean())
    return found
