"""Sounds: clips (T,) of int16, one channel, at the rate of their set."""

from __future__ import annotations

from gannb.media.audio.medium import AUDIO

__all__ = ["AUDIO"]
