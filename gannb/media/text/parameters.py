"""What is asked of sentences before any is read: their name, their words, the parameters that are theirs alone."""

from __future__ import annotations

from typing import Literal

from gannb.data.medium import Nouns
from gannb.media.parameters import Transfer
from gannb.utils.parameters import parameter

NAME = "text"
NOUNS = Nouns("sentence", "sentences", "word pairs", transfer="a sentence encoder trained elsewhere")
ENCODER = "all-MiniLM-L6-v2"  # the best way measured multiplies it with TF-IDF
MAX_TOKENS = 32  # words and punctuation marks of a sentence, of which more are cut off
MOST_CHARACTERS = 320  # of a prepared sentence
TUNED_NAMES = ("none", "dropout", "delete", "swap", "full")  # policies that need nothing that may not be there
POLICY_NAMES = (*TUNED_NAMES, "synonyms")
TEMPERATURE = (
    0.7  # of the variation `cool`: what section 4 of Caccia et al. 2020 ("Language GANs falling short") sweeps
)


class TextParameters(Transfer):
    """The parameters of a study that belong to sentences alone."""

    text_column: str | None = parameter(None, 1, "column of the sentences, by name or by number from 1; else `text`")
    label_column: str | None = parameter(None, 1, "column of the classes, by name or by number from 1; else `label`")
    max_tokens: int = parameter(
        MAX_TOKENS, 1, "words and punctuation marks of a sentence; what follows is cut off", ge=2, le=MAX_TOKENS
    )
    on_bad_text: Literal["fail", "skip"] = parameter("fail", 1, "what to do with an empty or damaged sentence")
    temperature: float = parameter(TEMPERATURE, 3, "of `gan.cool`: below 1, likelier words", ge=0.1, le=2.0)
