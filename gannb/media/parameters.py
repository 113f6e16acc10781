"""Parameters that several media share, declared once."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, field_validator

from gannb.utils.parameters import parameter

PRETRAINED = "mobilenetv2_100"


class Transfer(BaseModel):
    """What the media ask for whose items a network of timm looks at."""

    pretrained: str = parameter(
        PRETRAINED, 4, "what `transfer` arms fine-tune: a timm name, or weights in a folder or file", min_length=1
    )

    @field_validator("pretrained")
    @classmethod
    def _stay_true_with_a_path_in_it(cls, pretrained: str) -> str:
        name, equals, file = pretrained.partition("=")
        if equals:
            return f"{name}={Path(file).expanduser().resolve()}"
        is_path = "/" in pretrained or pretrained.startswith(("~", "."))
        return str(Path(pretrained).expanduser().resolve()) if is_path else pretrained
