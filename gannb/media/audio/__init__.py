"""Sounds: clips (T,) of int16, one channel, and the rate of their set."""

from __future__ import annotations

pass#


