"""What is asked of sounds before any is opened: their name, their words, the parameters that are theirs alone."""

from __future__ import annotations

from typing import Literal

from gannb.data.medium import Nouns
from gannb.media.parameters import Transfer
from gannb.utils.parameters import parameter

NAME = "audio"
NOUNS = Nouns("clip", "clips", "log-mel levels", transfer="fine-tuning a network of photographs")
FULL = 32767  # the level of 16-bit sound that stands for 1
RATES = (2_000, 48_000)  # Hz, the lowest and the highest of prepared clips
MOST_RATE = 16_000  # Hz, the highest that is chosen without the person: speech, most calls and machines lie below 8 kHz
SECONDS = (0.1, 30.0)  # the shortest and the longest prepared clip
USUAL_SECONDS = 1.0  # the longest that is chosen without the person


class AudioParameters(Transfer):
    """The parameters of a study that belong to sounds alone."""

    rate: int | None = parameter(
        None, 1, f"samples a second that clips are brought to; by default the lowest of theirs, at most {MOST_RATE:,}",
        ge=RATES[0], le=RATES[1],
    )  # fmt: skip
    seconds: float | None = parameter(
        None, 1, "length of a clip, of which the loudest part is kept; by default .25, .5 or 1, by how long they are",
        ge=SECONDS[0], le=SECONDS[1],
    )  # fmt: skip
    on_bad_clip: Literal["fail", "skip"] = parameter("fail", 1, "what to do with a damaged or silent clip")
