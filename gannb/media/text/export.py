"""Sentences as files of a synthetic set, and how people read such a set."""

from __future__ import annotations

READING = {
    "folder": "from sklearn.datasets import load_files\n\n"
    'sentences = load_files("{{ folder }}", encoding="utf-8", shuffle=True)',
    "webdataset": "import webdataset\n\n"
    'sentences = webdataset.WebDataset("{{ folder }}/{{ urls }}", shardshuffle=False)\n'
    'sentences = sentences.shuffle(2000).decode().to_tuple("txt", "cls")',
    "csv": 'import pandas\n\nsentences = pandas.read_csv("{{ folder }}/train-00000.csv", keep_default_na=False)',
    "jsonl": 'import pandas\n\nsentences = pandas.read_json("{{ folder }}/train-00000.jsonl", lines=True)',
    "parquet": 'from datasets import load_dataset\n\nsentences = load_dataset("{{ folder }}", split="train")',
}


def encode(text: str) -> bytes:
    """A sentence as UTF-8 with a line end."""
    return f"{text}\n".encode("utf-8", "surrogatepass")
