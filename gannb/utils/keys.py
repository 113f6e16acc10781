"""Keys and seeds that follow from names, the same over processes, platforms and versions."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np


def digest(*parts: Any) -> str:
    """Return 16 hex digits that depend on the parts' JSON alone (stable over processes, platforms and versions)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def seed_for(study_seed: int, *names: str | int) -> int:
    """Return a seed in 0 .. 2**63-1 for a named purpose, so that adding a purpose changes no other.

    `numpy.random.SeedSequence` over the study's seed and a stable hash of the names.
    """
    words = np.frombuffer(hashlib.sha256(json.dumps(names).encode()).digest(), dtype=np.uint32)
    state = np.random.SeedSequence([study_seed, *words.tolist()]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def content_of(array: np.ndarray) -> bytes:
    """Return 16 bytes that, of arrays (N, ...) of one shape and type, only those with the same numbers have."""
    return hashlib.blake2b(np.ascontiguousarray(array), digest_size=16).digest()
