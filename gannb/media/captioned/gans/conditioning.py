"""Networks are told codes of captions: those of their own images, of others, and of nothing that was ever said."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from scipy.special import ndtr
from torch import Tensor

from gannb.generators.adversarial.randomness import derive, lent_randomness
from gannb.generators.adversarial.sampling import noise_rows
from gannb.media.captioned.encoders import WIDTH, CaptionEncoder, Sentences, learn_pairs, new_encoders, vectors
from gannb.media.captioned.sentences import halfway
from gannb.utils.errors import InputError

if TYPE_CHECKING:
    from gannb.generators.adversarial.form import Form
    from gannb.generators.interface import Condition, Job

ATTEMPTS = 16  # at another image whose captions do not fit
ENCODER, CAPTIONS = 10, 11  # what randomness is for, as `randomness.derive` numbers it
SCALE = math.sqrt(WIDTH)  # of a code of length 1: its values are then as large as those of noise
NO_LIMIT = np.iinfo(np.int64).max
Given = Sequence[tuple[str, int]]  # captions and their labels


class Recipe(Protocol):
    """What of a family says how captions are told; see `family.CaptionFamily` for what each of them is."""

    matching_aware: float
    interpolated: float
    encoder_share: float
    most_encoder_steps: int
    augmentation: Any


class Captions:
    """Networks are told codes (N, WIDTH) of captions; see `Conditioning` for what each of its methods is.

    captions: (N, C) those of the training images, "" where one has fewer; y: (N,) their labels; classes: K names.
    """

    def __init__(self, family: Recipe, captions: np.ndarray, y: np.ndarray, classes: Sequence[str]) -> None:
        self.family, self.mismatched = family, family.matching_aware
        self.captions, self.labels, self.classes = captions, np.asarray(y), tuple(classes)
        with lent_randomness():
            self.encoder = CaptionEncoder()
        self.interpolated = False  # asked for halfway between two captions
        self.pools = [captions[self.labels == k] for k in range(len(self.classes))]  # of each class (n, C)

    # ---- in a training

    def attach(self, form: Form, x: Tensor, y: Tensor, job: Job) -> None:
        """Take the images (N, C, H, W) as the form stores them; their labels say nothing that captions do not."""
        self.form, self.x, self.job = form, x, job
        self.encoder.to(x.device)
        self.sentences = Sentences(self.captions, x.device)
        self.codes = torch.zeros((len(self.sentences.texts), WIDTH), device=x.device)

    def learn(self) -> None:
        """Learn to tell which caption is an image's; what has learnt to read images for that is let go."""
        seed, (channels, height, width) = derive(self.job.seed, ENCODER), self.x.shape[1:]
        first, images = new_encoders((height, width, channels), seed, self.x.device)
        self.encoder.load_state_dict(first.state_dict())
        steps = min(self.family.most_encoder_steps, max(1, round(self.family.encoder_share * self.job.steps)))
        learn_pairs(self.encoder, images, self.sentences, self._seen, steps, seed)
        self.restored()

    def _seen(self, index: Tensor, rng: torch.Generator) -> Tensor:
        """Images at positions (B,) as the discriminator of the family sees them."""
        return self.form.augment(self.form.encode(self.x[index]), self.family.augmentation, rng, None, clamp=False)

    def restored(self) -> None:
        """Encode all captions anew: (U, WIDTH), in place."""
        self.codes.copy_(torch.from_numpy(self._encoded(self.sentences.texts)))

    def of_reals(self, index: Tensor, rng: torch.Generator) -> Tensor:
        """Codes (B, WIDTH) of one of the captions of each image at positions (B,)."""
        return self.codes[self.sentences.one_of(index.to(self.codes.device), rng)]

    def of_fakes(self, told: Tensor, rng: torch.Generator) -> Tensor:
        """Codes (B, WIDTH) of any captions; a share of them halfway between two (Reed et al. 2016, equation 5).

        No image is real for what lies halfway: the discriminator sees it with images that were made, and alone.
        """
        codes = self._of_any(len(told), rng)
        if not self.family.interpolated:
            return codes
        halfway = torch.rand((len(told), 1), generator=rng, device=codes.device) < self.family.interpolated
        return torch.where(halfway, (codes + self._of_any(len(told), rng)) / 2, codes)

    def _of_any(self, number: int, rng: torch.Generator) -> Tensor:
        return self.of_reals(torch.randint(len(self.x), (number,), generator=rng, device=self.codes.device), rng)

    def of_others(self, index: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Codes (B, WIDTH) of captions of images that have none in common with one's own, and whether one was found.

        Where most images have the same caption there is hardly any.
        """
        index, device = index.to(self.codes.device), self.codes.device
        others = torch.randint(len(self.x), (len(index), ATTEMPTS), generator=rng, device=device)
        fits = ~self.sentences.share_one(index, others)
        first = fits.float().argmax(1, keepdim=True)
        return self.codes[self.sentences.one_of(others.gather(1, first).squeeze(1), rng)], fits.any(1)

    # ---- of a fitted generator

    @property
    def most(self) -> np.ndarray | None:
        """(K,): nothing of a class of which there is no caption; of others any number."""
        counts = np.array([len(pool) for pool in self.pools])
        return None if counts.all() else np.where(counts > 0, NO_LIMIT, 0)

    def rows(self, condition: Condition, seed: int, index: np.ndarray) -> np.ndarray:
        """Codes (M, WIDTH); of captions that are asked for, or of those of the class by the seed and the position.

        Raises InputError where none is given, and the class has none.
        """
        first, second = self._asked(condition, seed, index)
        return self._encoded(first) if second is None else (self._encoded(first) + self._encoded(second)) / 2

    def shares(self, rows: np.ndarray) -> np.ndarray:
        """Codes (M, WIDTH) can be mixed as they are."""
        return rows

    def captions_of(self, condition: Condition, seed: int, index: np.ndarray) -> np.ndarray:
        """The captions (M,); of what lies halfway, both in one sentence."""
        first, second = self._asked(condition, seed, index)
        if second is None:
            return first
        return np.array([halfway(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True)])

    def _asked(self, condition: Condition, seed: int, index: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The captions (M,) to go by, and where images are asked for halfway between two, the others."""
        if condition.captions is not None:
            return np.asarray(condition.captions), None
        chance = ndtr(noise_rows(derive(seed, CAPTIONS), index, (4,)).astype(np.float64))  # each uniform in 0..1
        first = self._drawn(condition.labels, chance[:, :2])
        return first, self._drawn(condition.labels, chance[:, 2:]) if self.interpolated else None

    def _drawn(self, labels: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """A caption of an image of each class (M,): which image, and which of its captions, by chance (M, 2)."""
        drawn = []
        for k, (of_image, of_caption) in zip(labels, chance, strict=True):
            if not len(pool := self.pools[k]):
                raise InputError(f"captions: there is none of class {self.classes[k]!r}; give some, or another class.")
            own = [caption for caption in pool[_part(of_image, len(pool))] if caption]
            drawn.append(own[_part(of_caption, len(own))])
        return np.array(drawn, dtype=str)

    def _encoded(self, captions: np.ndarray) -> np.ndarray:
        return SCALE * vectors(self.encoder, captions)

    def varied(self, variation: str, parameters: Mapping[str, Any]) -> Captions:
        """`interpolated`: halfway between two captions of a class; `new_captions`: of those in the parameters.

        The latter are pairs of a caption and a label.
        """
        if variation == "interpolated":
            return self._varied(interpolated=True)
        if variation != "new_captions":
            return self
        given: Given = parameters["new_captions"]
        pools = [np.array([[c] for c, label in given if label == k], dtype=str) for k in range(len(self.classes))]
        return self._varied(pools=pools)

    def _varied(self, **changes: Any) -> Captions:
        other = copy.copy(self)
        vars(other).update(changes)
        return other

    def about(self) -> dict[str, Any]:
        """The captions of the training images, and their labels."""
        return {"captions": self.captions.tolist(), "labels": self.labels.tolist()}


def _part(share: float, number: int) -> int:
    """The part of 0..number - 1 that a share in 0..1 falls into."""
    return min(int(share * number), number - 1)
