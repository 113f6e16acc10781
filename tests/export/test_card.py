"""The data card of a set: what the Hub reads, and what it tells people."""

from __future__ import annotations

import ast
import json

import pytest
import yaml

from gannb.experiment.experiment import Experiment
from gannb.export.card import write_card
from gannb.study.folder import load_study, open_study

CLASSES = tuple(map(str, range(10)))


def manifest(counts: dict[str, int], format: str = "webdataset", no_copies: bool = False, **more) -> dict:
    """What a set of the digits says of itself, with so many items of some classes."""
    plan = {
        "format": format, "classes": CLASSES, "counts": [counts.get(name, 0) for name in CLASSES],
        "shape": [8, 8, 1], "seed": 0, "no_copies": no_copies, "generator": "0" * 16, "medium": "image",
        "labels": CLASSES,
    }  # fmt: skip
    return {
        "plan": plan, "study": "digits", "family": "mlp", "gan_steps": 1234, "weights_sha256": "ab" * 32,
        "copies": {"found": 3, "looked_at": 400}, "verdict": {"sentence": "They help.", "answer": "helps"},
    } | more  # fmt: skip


@pytest.fixture
def card(helpful, tmp_path):
    """Write the card of a manifest; return its text."""

    def written(found: dict, experiment: Experiment | None = None, copying: str = "") -> str:
        verdict = json.loads((helpful / "verdict.json").read_text()) | {"copying": copying}
        (tmp_path / "my-set").mkdir(exist_ok=True)
        write_card(tmp_path / "my-set", found, experiment or Experiment.preview(load_study(helpful)), verdict)
        return (tmp_path / "my-set" / "README.md").read_text(encoding="utf-8")

    return written


def front(text: str) -> dict:
    """What stands in the card for the Hub."""
    return yaml.safe_load(text.split("---\n")[1])


@pytest.mark.parametrize(
    ("n", "size"),
    [
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (100_000, "100K<n<1M"),
        (10**7, "10M<n<100M"),
        (2 * 10**9, "1B<n<10B"),
    ],
)
def test_the_hub_is_told_the_size_the_task_and_the_files(card, n, size):
    found = front(card(manifest({"3": n})))
    assert found["size_categories"] == [size] and found["task_categories"] == ["image-classification"]
    assert found["configs"][0]["data_files"] == [{"split": "train", "path": "train-*.tar"}]
    assert {"synthetic", "gan"} < set(found["tags"]) and found["license"] == "unknown"


def test_only_classes_that_have_items_are_listed_with_their_numbers(card):
    text = card(manifest({"3": 1500, "8": 20}))
    assert "| class | label | images |\n| --- | --- | --- |\n| 3 | 3 | 1,500 |\n| 8 | 8 | 20 |\n\n" in text
    assert "1,520 images of 8x8 pixels, grey" in text and "trained for 1,234 steps on 1,347 labelled images" in text
    assert "Labels are numbered as the real set numbers its classes, 8 of which have none here." in text
    assert "classes. Whoever reads" in card(manifest(dict.fromkeys(CLASSES, 5)))


@pytest.mark.parametrize("format", ["folder", "webdataset", "parquet"])
def test_the_code_that_reads_the_set_names_its_files(card, format):
    (part,) = card(manifest({"3": 5}, format)).split("```python\n")[1:]
    code = part.split("```")[0]
    ast.parse(code)
    assert "my-set" in code and ("train-00000.tar" in code) == (format == "webdataset")


def test_several_shards_are_a_range_to_the_last(card, monkeypatch):
    monkeypatch.setattr("gannb.export.shards.SHARD_ITEMS", 640)  # one block of 64 items of every class
    assert "train-{00000..00003}.tar" in card(manifest({"3": 193}))


def test_copies_that_are_still_there_are_told_from_those_that_were_replaced(card):
    found = manifest({"3": 5})
    assert "3 of 400 (0.75%) look like copies, and are still there (`--no-copies`)" in card(found)
    text = card(manifest({"3": 5}, no_copies=True))
    assert "All images were looked at: 3 of 400 (0.75%) looked like copies and were replaced" in text
    assert "Of the study's own GANs: They copy." in card(found, copying="They copy.")
    assert "Of the study's own GANs" not in card(found)


def test_how_much_of_a_batch_was_made_is_said(card, helpful):
    found = manifest({"3": 5})
    assert "on those alone, a share of 25% of every batch, and" in card(found)
    tuned = Experiment.preview(open_study(helpful, tune=True))
    assert "the share of every batch that tuning found best" in card(found, tuned)
    half = Experiment.preview(open_study(helpful, synthetic_share=0.5))
    assert "a share of 50% of every batch" in card(found, half)


def test_captions_are_told_with_whose_they_are(card):
    assert "caption" not in card(manifest({"0": 5}))
    found = manifest({"0": 5})
    found["plan"] |= {"captioned": True}
    assert "the sentence, of a training image of its class, that the generator was asked for" in card(found)
    found["plan"] |= {"captions": ["a zero"] * 5}
    assert "the sentence, of a file that was given for it, that the generator was asked for" in card(found)


def test_a_name_is_written_as_it_is_and_the_front_stays_yaml(card):
    name = "Zähne: <a> & b"
    text = card(manifest({"3": 5}, study=name))
    assert f"# {name}: synthetic images" in text and front(text)["pretty_name"] == f"{name}: synthetic images"
