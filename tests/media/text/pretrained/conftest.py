"""Sentence encoders: a stand-in, and a tiny real one where the package is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sentences import LETTERS

from gannb.media.text.pretrained import network, weights

WORDS = "play jazz rock songs rain snow in paris will it now".split()


@pytest.fixture(scope="session")
def real_encoder(tmp_path_factory) -> Path:
    """A tiny encoder with random weights, as sentence-transformers saves one."""
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("bert")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS, *(f"##{c}" for c in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    torch.manual_seed(0)
    sides = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **sides)).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    saved = tmp_path_factory.mktemp("hub") / "tiny"
    SentenceTransformer(str(folder), device="cpu", local_files_only=True).save(str(saved))
    return saved


class StandIn:
    """In the place of what sentence-transformers reads: how often each letter stands in a text, (N, 26)."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts, *, batch_size, **_):
        self.read += texts
        return np.array([[text.count(letter) for letter in LETTERS] for text in texts], np.float64)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder as an encoder's, whose weights are none."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    save_file({"w": torch.zeros(1)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Transformer"}]))
    return folder


@pytest.fixture
def stand_in(monkeypatch) -> StandIn:
    """The package is there, and what it reads is a `StandIn`."""
    reader = StandIn()
    network._encoder.cache_clear()
    for module in (weights, network):
        monkeypatch.setattr(module, "find_spec", lambda name: object())
    monkeypatch.setattr(network, "_load", lambda folder, device: reader)
    yield reader
    network._encoder.cache_clear()


@pytest.fixture
def without(monkeypatch) -> None:
    """The package is not there."""
    for module in (weights, network):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
