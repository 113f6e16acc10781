"""Parameters that several media share, declared once."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, field_validator

from gannb.utils.parameters import parameter

PRETRAINED = "mobilenetv2_100"
AUTO = "auto"
ALONE = "alone"  # of sentences: `alone=ENCODER`, without TF-IDF


class Transfer(BaseModel):
    """What the media ask for whose items a network of timm looks at."""

    pretrained: str = parameter(
        AUTO,
        4,
        "what `transfer` arms start from: a network's name (timm's; of sentences the hub's), a folder or a file of "
        f"weights; by default {PRETRAINED}, of sentences all-MiniLM-L6-v2",
        min_length=1,
    )

    @field_validator("pretrained")
    @classmethod
    def _stay_true_with_a_path_in_it(cls, pretrained: str) -> str:
        way, equals, place = pretrained.rpartition("=")
        return f"{way}{equals}{_absolute(place, is_file=bool(way) and way != ALONE)}"


def _absolute(place: str, is_file: bool) -> str:
    """Return a path that stays true elsewhere; a name, which may be `owner/name`, as it is."""
    path = Path(place).expanduser()
    is_name = place.count("/") <= 1 and not place.startswith(("~", ".", "/")) and not path.exists()
    return place if is_name and not is_file else str(path.resolve())
