"""Sentence encoders: finding them, their frozen features, and the classifier that is multiplied with TF-IDF."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from planted_evidence import evidence
from safetensors.torch import save_file

from gannb.analysis.claims import claims
from gannb.analysis.evidence import words_of
from gannb.analysis.options import advice, options
from gannb.classifiers.mixture import Mixture, encoded
from gannb.classifiers.training import Recipe, predict, state_of, train
from gannb.data.examples import Examples
from gannb.data.medium import Pretrained
from gannb.experiment.estimate import _fine_tuning
from gannb.experiment.experiment import Experiment
from gannb.media.text import TEXT
from gannb.media.text import pretrained as transfer
from gannb.media.text.classifiers import TfIdf
from gannb.media.text.pretrained import Weights, as_read, find
from gannb.media.text.tokens import array, word_of
from gannb.report.page.facts import transfer_text
from gannb.report.publish import publish
from gannb.study.model import make_study
from gannb.utils.errors import InputError
from gannb.work.store import execute

LETTERS = "abcdefghijklmnopqrstuvwxyz"
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
    transfer._encoder.cache_clear()
    monkeypatch.setattr(transfer, "find_spec", lambda name: object())
    monkeypatch.setattr(transfer, "_load", lambda folder, device: reader)
    yield reader
    transfer._encoder.cache_clear()


@pytest.fixture
def without(monkeypatch) -> None:
    """The package is not there."""
    monkeypatch.setattr(transfer, "find_spec", lambda name: None)


def of_two(n: int, seed: int = 0) -> Examples:
    """n sentences on music and n on weather."""
    rng = np.random.default_rng(seed)
    kinds = (("play", "jazz rock songs"), ("will", "rain snow it"))
    texts = [
        f"{first} {rng.choice(more.split())} {rng.choice(list(LETTERS))} now" for first, more in kinds for _ in range(n)
    ]
    numbers = np.arange(2 * n)
    return Examples(array(texts), numbers // n, ("music", "weather"), numbers.astype(str), numbers)


def learnt(weights: Weights, items: Examples, steps: int = 40) -> torch.nn.Module:
    mixture = Mixture(items, None, 0.0)
    start = transfer.starting(weights, mixture, transfer.frozen_features(weights, items.x))
    torch.manual_seed(1)  # of no consequence
    return train(mixture, Recipe(TEXT, "x", steps, 8, TEXT.policy("dropout", ())), 0, start=start)


# ---- finding it ----


def test_a_folder_is_found_with_what_it_consists_of(folder, stand_in):
    weights = find(str(folder))
    assert (weights.network, weights.file, weights.alone) == (folder.name, str(folder / "model.safetensors"), False)
    assert find(f"alone={folder}").alone and find(f"alone={folder}").digest != weights.digest
    (folder / "README.md").write_text("no part of it")
    assert find(str(folder)) == weights
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert find(str(folder)).digest != weights.digest


def test_a_name_is_looked_for_in_the_hubs_cache_alone(folder, stand_in, monkeypatch):
    asked = []
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *a: asked.append(a) or str(folder / a[1]))
    assert find("all-MiniLM-L6-v2").folder == str(folder) and find("alone=BAAI/bge-small-en-v1.5").alone
    hub = [("sentence-transformers/all-MiniLM-L6-v2", "config.json"), ("BAAI/bge-small-en-v1.5", "config.json")]
    assert asked == hub
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *a: None)
    assert find("all-MiniLM-L6-v2") is None
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    monkeypatch.setattr(transfer, "try_to_load_from_cache", lambda *a: str(folder / a[1]))
    assert find("all-MiniLM-L6-v2") is None  # pickled weights are none


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "has no config.json"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "others are not opened"),
        (lambda f: [(f / "2_Dense").mkdir(), (f / "2_Dense" / "pytorch_model.bin").write_bytes(b"")], "not opened"),
        (lambda f: (f / "modules.json").write_text('[{"type": "my_code.Module"}]'), "which is not run"),
        (lambda f: (f / "modules.json").write_text("["), "is damaged"),
        (lambda f: (f / "modules.json").write_text('{"type": 1}'), "is damaged"),
        (lambda f: [file.unlink() for file in f.iterdir()], "has no config.json"),
    ],
)
def test_a_folder_that_is_no_encoder_or_would_run_code_is_refused(folder, stand_in, change, says):
    change(folder)
    with pytest.raises(InputError, match=rf"^pretrained: .*{says}"):
        find(str(folder))


@pytest.mark.parametrize(("pretrained", "says"), [("/no/such", "no folder /no/such"), ("half=x", "half= is no way")])
def test_what_is_not_there_is_named(pretrained, says, stand_in):
    with pytest.raises(InputError, match=says):
        find(pretrained)


def test_files_that_the_machine_does_not_let_be_read_are_named(folder, stand_in, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied", str(folder / "config.json"))

    monkeypatch.setattr(transfer, "sha256_once", denied)
    with pytest.raises(InputError, match="config.json cannot be read: permission is denied"):
        find(str(folder))


def test_a_damaged_encoder_is_refused_in_a_sentence(folder, monkeypatch):
    pytest.importorskip("sentence_transformers")
    with pytest.raises(InputError, match=r"^pretrained: .* does not hold a sentence encoder that can be read \("):
        transfer.check(find(str(folder)), 2)


def test_weights_that_change_during_a_study_are_noticed(folder, stand_in, tmp_path_factory):
    study, weights = tmp_path_factory.mktemp("study"), find(str(folder))
    assert transfer.recall(study, str(folder)) is None
    transfer.keep(study, weights)
    assert transfer.recall(study, str(folder)) == weights == transfer.kept(study, weights.digest)
    assert transfer.recall(study, f"alone={folder}") is None and transfer.recall(study, "all-MiniLM-L6-v2") is None
    (folder / "config.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="has changed while the study runs"):
        transfer.kept(study, weights.digest)


# ---- where it is not there ----


def test_without_the_package_it_is_left_out_with_a_sentence_and_nothing_is_read(folder, without):
    assert find(str(folder)) is None and find("all-MiniLM-L6-v2") is None
    said = transfer.missing_sentence("all-MiniLM-L6-v2")
    assert said.startswith("The sentence encoder is left out: it needs the package sentence-transformers; pip install")
    assert "'gannb[sentences]'" in said and "SentenceTransformer('all-MiniLM-L6-v2')" in said and said.endswith(".")
    assert "SentenceTransformer(" not in transfer.missing_sentence(f"alone={folder}")
    weights = Weights("tiny", str(folder / "model.safetensors"), "0", str(folder), False)
    with pytest.raises(InputError, match="needs sentence-transformers; pip install"):
        transfer.check(weights, 2)


def test_without_weights_it_is_said_how_to_get_them(stand_in):
    said = transfer.missing_sentence("alone=all-MiniLM-L6-v2", begun=True)
    assert said.startswith("The sentence encoder stays as far as it is: the weights of all-MiniLM-L6-v2 (.safetensors)")
    assert "put them back" in transfer.missing_sentence("/no/such")


def a_study(tmp_path: Path, **given):
    items = of_two(40)
    rows = "".join(f"{text},{items.classes[k]}\n" for text, k in zip(items.x, items.y, strict=True))
    (tmp_path / "a.csv").write_text("text,label\n" + rows)
    given = {"n_per_class": 4, "trials": 2, "arms": "real,real+gan+classic,transfer,transfer+gan"} | given
    return make_study(data=str(tmp_path / "a.csv"), output_dir=str(tmp_path / "out"), preset="smoke", **given)


def test_a_study_goes_without_and_says_so(tmp_path, without):
    experiment = Experiment.preview(a_study(tmp_path))
    assert not any(arm.pretrained for arm in experiment.settings.arms)
    assert experiment.plan.left_out == transfer.missing_sentence("all-MiniLM-L6-v2")
    assert transfer_text(experiment) == experiment.plan.left_out


def test_a_study_with_an_encoder_says_what_it_does(tmp_path, folder, stand_in):
    study = a_study(tmp_path, pretrained=str(folder))
    experiment = Experiment.preview(study)
    assert [arm.name for arm in experiment.settings.arms if arm.pretrained] == ["transfer", "transfer+gan"]
    said = transfer_text(experiment)
    assert "multiplied with those of tfidf" in said and "then tfidf beside it for 2 steps" in said and "batch" in said
    assert "the whole network" not in said and "upsampled" not in said
    [planned] = _fine_tuning(experiment.plan)
    assert planned == (
        f"Arms named transfer: the sentence encoder {folder.name}, frozen, its class probabilities multiplied with "
        "those of tfidf; 2 steps."
    )
    meanings = {c.meaning for c in experiment.settings.contrasts if c.arm == "transfer"}
    assert "a sentence encoder trained elsewhere instead of GAN sentences" in meanings


# ---- features ----


def test_it_reads_the_same_of_hashes_as_of_sentences(folder, stand_in):
    weights, x = find(str(folder)), array(["Play JAZZ, now!", "rain", "it's snow"])
    features = transfer.frozen_features(weights, x)
    assert features.dtype == np.float32 and features.shape == (3, transfer.features_width(weights))
    network = transfer.Encoded(weights, 2, 26).eval()
    assert np.array_equal(network.features(encoded(TEXT, x, "cpu")).numpy(), features)
    assert (
        stand_in.read[:3] == ["play jazz , now !", "rain", "it's snow"]
        and as_read("Play JAZZ, now!") == stand_in.read[0]
    )
    assert len(stand_in.read) == len(set(stand_in.read))  # what was once read is known


def test_words_that_are_left_out_or_unknown_are_not_read(folder, stand_in):
    batch = encoded(TEXT, array(["play jazz now", "rain"]), "cpu")
    batch[0, 1] = 0
    batch[0, 1, 0] = transfer.UNKNOWN_HASH
    batch[1] = 0
    assert transfer.Encoded(find(str(folder)), 2, 26).features(batch).shape == (2, 26)
    assert stand_in.read == ["play now", ""]


def test_a_word_is_known_by_its_hash():
    number = int(TEXT.stored(array(["Jazz"]), "cpu")[0, 0, 0])
    assert word_of(number) == "jazz"


# ---- the classifier ----


def test_it_predicts_the_product_of_both_probabilities(folder, stand_in):
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    test = of_two(10, seed=1)
    batch = encoded(TEXT, test.x, "cpu")
    with torch.no_grad():
        both = network.head(network.features(batch)).softmax(1) * network.words(batch).softmax(1)
    assert np.allclose(predict(TEXT, network, test.x), both / both.sum(1, keepdims=True), atol=1e-6)
    assert (predict(TEXT, network, test.x).argmax(1) == test.y).mean() == 1


def test_tfidf_learns_apart_from_the_encoder_which_stays_as_it_is(folder, stand_in):
    """To the bit as the classifier `tfidf` by itself, so that the two differ in nothing but the factor."""
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    alone = train(Mixture(items, None, 0.0), Recipe(TEXT, "tfidf", 40, 8, TEXT.policy("dropout", ())), 0)
    assert isinstance(network.words, TfIdf)
    assert all(torch.equal(a, b) for a, b in zip(network.words.parameters(), alone.parameters(), strict=True))
    start = transfer.starting(weights, Mixture(items, None, 0.0), transfer.frozen_features(weights, items.x))
    fresh, _ = start(Recipe(TEXT, "x", 1, 8, None), items)
    assert torch.equal(fresh.head.weight, network.head.weight)


def test_alone_the_layer_learns_on_and_there_is_no_tfidf(folder, stand_in):
    weights, items = find(f"alone={folder}"), of_two(8)
    network = learnt(weights, items, steps=5)
    assert network.words is None and set(state_of(network)) == {"head.weight", "head.bias"}
    test = of_two(10, seed=1)
    with torch.no_grad():
        own = network.head(network.features(encoded(TEXT, test.x, "cpu"))).softmax(1).numpy()
    assert np.allclose(predict(TEXT, network, test.x), own, atol=1e-6)
    assert transfer.training_text(weights, 30) == (
        "this layer for 30 steps with the arm's augmentation; the encoder stays as it is."
    )


def test_its_state_is_that_of_the_layer_and_of_tfidf_and_is_taken_up_again(folder, stand_in):
    weights, items = find(str(folder)), of_two(8)
    network = learnt(weights, items)
    start = transfer.starting(weights, Mixture(items, None, 0.0), transfer.frozen_features(weights, items.x))
    again, _ = start(Recipe(TEXT, "x", 1, 8, None), items)
    again.load_state_dict(state_of(network))
    x = of_two(5, seed=2).x
    assert np.array_equal(predict(TEXT, again.eval(), x), predict(TEXT, network, x))
    assert not any("encoder" in name for name in state_of(network))


def test_nothing_deep_learns_from_generated_items():
    assert transfer.layers(SimpleNamespace(alone=False)) == 1


def test_it_has_what_the_protocol_asks_for():
    assert all(hasattr(TEXT.pretrained, name) for name in vars(Pretrained) if not name.startswith("_"))


# ---- a study with it ----


def run_whole(tmp_path: Path, pretrained: str, monkeypatch) -> tuple[Experiment, str]:
    """Run a small study in this process; return it with its page."""
    monkeypatch.delenv("GANNB_LAUNCHER", raising=False)
    given = {"gan_steps": 3, "classifier_steps": 12, "classifier_steps_most": 12, "transfer_steps": 12}
    study = a_study(tmp_path, pretrained=pretrained, trials=3, classifier_seeds=1, n_synthetic=6, **given)
    experiment = Experiment.open(study)
    for stage in (1, 2, 3, 4):
        needed = dict.fromkeys(each for unit in experiment.plan.units(stage) for each in unit.closure())
        assert {execute(experiment.folder, unit, "cpu") for unit in needed} == {None}
    return experiment, publish(experiment).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_study_is_run_with_it_and_its_features_measure_the_gan_s_sentences(tmp_path, folder, stand_in, monkeypatch):
    experiment, page = run_whole(tmp_path, str(folder), monkeypatch)
    assert {"transfer", "transfer+gan"} <= set(experiment.scores()["arm"])
    assert "encoder" in set(experiment.results.quality()["features"])
    assert "multiplied with those of tfidf" in page and "upsampled" not in page


def test_the_advice_names_it_where_it_is_the_best_way():
    world = evidence(words=words_of(TEXT), transfer=0.9)
    said = advice(world, options(world))
    assert said.startswith("Best of what was tried: a sentence encoder trained elsewhere, ")
    assert "fine-tuning" not in said
    found = next(each.found for each in claims(world) if "Fine-tuning" in each.claim)
    assert "A frozen sentence encoder that was trained on other texts" in found.why and found.verdict == "supported"


# ---- with the package ----


def test_a_real_encoder_is_read_pooled_and_multiplied(real_encoder):
    transfer._encoder.cache_clear()
    weights = find(str(real_encoder))
    features = transfer.frozen_features(weights, array(["play jazz", "will it rain", "Play  JAZZ"]))
    assert features.shape == (3, 16) and np.array_equal(features[0], features[2])
    assert not np.allclose(features[0], features[1])
    transfer.check(weights, 2)
    items, test = of_two(8), of_two(10, seed=1)
    assert (predict(TEXT, learnt(weights, items), test.x).argmax(1) == test.y).mean() == 1
    assert predict(TEXT, learnt(find(f"alone={real_encoder}"), items, 3), test.x).shape == (20, 2)


@pytest.mark.parametrize("way", ["", "alone="])
def test_a_whole_study_is_run_with_a_real_encoder(real_encoder, way, tmp_path, monkeypatch):
    transfer._encoder.cache_clear()
    experiment, page = run_whole(tmp_path, f"{way}{real_encoder}", monkeypatch)
    scores = experiment.scores()
    assert {"transfer", "transfer+gan"} <= set(scores["arm"]) and scores["balanced_accuracy"].notna().all()
    assert real_encoder.name in set(experiment.results.quality()["features"])
    assert f"the sentence encoder {real_encoder.name}, frozen" in page
    assert ("multiplied with those of tfidf" in page) == (not way)


def test_with_the_package_a_name_that_is_not_here_is_left_out_and_a_folder_of_something_else_refused(tmp_path):
    pytest.importorskip("sentence_transformers")
    experiment = Experiment.preview(a_study(tmp_path, pretrained="no-such-encoder"))
    assert experiment.plan.left_out.startswith(
        "The sentence encoder is left out: the weights of no-such-encoder (.safetensors) are not on this machine"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no encoder")
    with pytest.raises(InputError, match=r"^pretrained: .*/notes has no config.json; give a folder that a sentence"):
        Experiment.preview(a_study(tmp_path, pretrained=str(tmp_path / "notes")))
