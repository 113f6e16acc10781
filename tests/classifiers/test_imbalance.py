"""Classes of unequal size: repeated items, class weights, what is refused, and a planted 1 to 20 from end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from gannb.analysis.evidence import gather
from gannb.analysis.options import option_text
from gannb.analysis.verdict import decide, read_verdict
from gannb.classifiers.imbalance import balanced, class_weights, lacking, repeated
from gannb.classifiers.mixture import Mixture
from gannb.classifiers.objective import cross_entropy
from gannb.classifiers.training import Recipe, predict, train
from gannb.data.examples import Examples
from gannb.experiment.checks import filling_up_in_batch
from gannb.experiment.experiment import Experiment
from gannb.measures.fidelity import nearer_to_training
from gannb.media.image import IMAGE
from gannb.media.image.augmentation.policies import POLICIES
from gannb.media.image.features import pixels
from gannb.report.publish import publish
from gannb.study.model import make_study
from gannb.trials.arms import parse_arm
from gannb.utils.errors import InputError

SMALL = {
    "preset": "smoke", "protocol": "folds", "test_share": 0.5, "gan_steps": 5, "classifier_steps": 5, "n_synthetic": 5,
    "batch_size": 16, "workers": 2, "arms": ("real+gan+classic",),
}  # fmt: skip


def stripes(counts: tuple[int, ...], noise: float = 25.0, seed: int = 0) -> Examples:
    """Noisy 8x8 images; the class is how far to the right the bright stripe is."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    x = np.full((len(y), 8, 8, 1), 100.0) + rng.normal(0, noise, (len(y), 8, 8, 1))
    x[np.arange(len(y)), :, (3 + y) % 8] += 40
    names, index = tuple(f"class {k}" for k in range(len(counts))), np.arange(len(y))
    return Examples(x.clip(0, 255).astype(np.uint8), y, names, index.astype(str), index)


def saved(file: Path, counts: tuple[int, ...], same: int = 1) -> str:
    """The file of a set in the MedMNIST layout; of its last class so many images are the same one."""
    items = stripes(counts)
    items.x[-same:] = items.x[-1]
    np.savez(file, train_images=items.x[..., 0], train_labels=items.y)
    return str(file)


# ---- class weights ----


@pytest.mark.parametrize("counts", [(147, 399), (160, 8), (5, 5, 5), (40, 1, 7)])
def test_class_weights_are_scikit_learns_balanced(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    found = class_weights(np.array(counts))
    assert found == pytest.approx(compute_class_weight("balanced", classes=np.arange(len(counts)), y=y))
    assert found[y].mean() == pytest.approx(1)  # so that the learning rate means what it does without


def test_the_weighted_loss_counts_every_class_alike_and_every_item_by_itself():
    rng = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 20 + [1] * 4)
    logits, weights = torch.randn(24, 2, generator=rng), torch.from_numpy(class_weights(np.array([20, 4]))).float()
    each = F.cross_entropy(logits, labels, reduction="none")
    by_class = (each[:20].mean() + each[20:].mean()) / 2
    assert cross_entropy(logits, labels, weights).item() == pytest.approx(by_class.item(), rel=1e-5)
    halves = [cross_entropy(logits[i::2], labels[i::2], weights) for i in (0, 1)]
    assert torch.stack(halves).mean().item() == pytest.approx(by_class.item(), rel=1e-5)
    halves = [cross_entropy(logits[:12], labels[:12], weights), cross_entropy(logits[12:], labels[12:], weights)]
    assert torch.stack(halves).mean().item() == pytest.approx(by_class.item(), rel=1e-5)  # however batches are made up


def test_without_weights_the_loss_is_the_usual_one():
    logits, labels = torch.randn(9, 3, generator=torch.Generator().manual_seed(1)), torch.arange(9) % 3
    assert torch.equal(cross_entropy(logits, labels), F.cross_entropy(logits, labels))


def test_weighted_more_of_the_small_class_is_recognised():
    items, unseen = stripes((120, 6)), stripes((10, 100), seed=1)
    recipe = Recipe(IMAGE, "small_cnn", 40, 32, POLICIES["none"])
    said = [
        predict(IMAGE, train(mixture, recipe, seed=0), unseen.x).argmax(1)
        for mixture in (Mixture(items, None, 0.0), balanced("weighted", items, 0))
    ]
    plain, weighted = ((each[unseen.y == 1] == 1).mean() for each in said)
    assert weighted > plain + 0.2


# ---- repeated items ----


@pytest.mark.parametrize("counts", [(30, 7, 30, 4), (160, 8), (6, 5)])
def test_items_are_repeated_equally_often_until_the_classes_are_as_large_as_the_largest(counts):
    items = stripes(counts)
    more = repeated(items, seed=0)
    assert (items.counts() + more.counts()).tolist() == [max(counts)] * len(counts)
    ids, often = np.unique(more.ids, return_counts=True)
    own = np.array([items.y[list(items.ids).index(i)] for i in ids])
    for k in np.unique(own):
        assert np.ptp(often[own == k]) <= 1


def test_equal_seeds_repeat_the_same_items():
    items = stripes((30, 7))
    first, same, other = (repeated(items, seed).ids.tolist() for seed in (0, 0, 1))
    assert first == same != other


def test_repeated_items_take_the_place_that_generated_ones_would_have():
    mixture = balanced("oversampled", items := stripes((30, 7)), 0)
    assert mixture.real is items and len(mixture.synthetic) == lacking(items.counts()).sum() == 23
    assert mixture.share == pytest.approx(23 / 60) and mixture.weights is None
    assert mixture.sizes(32) == (32, round(32 * 23 / 37))
    replaced = balanced("oversampled", items, 0, "replaced")
    assert replaced.sizes(32) == (32 - filling_up_in_batch(items.counts(), 32), filling_up_in_batch(items.counts(), 32))


def test_weighted_has_the_items_as_they_are():
    mixture = balanced("weighted", items := stripes((30, 10)), 0)
    assert mixture.real is items and mixture.synthetic is None and mixture.share == 0
    assert mixture.weights.tolist() == pytest.approx([40 / 60, 2])


@pytest.mark.parametrize(("arm", "words"), [("real+oversampled", "oversampling"), ("real+weighted", "class weights")])
def test_the_ways_are_options_in_words(arm, words):
    assert option_text(parse_arm(f"{arm}+classic"), IMAGE.nouns) == words
    assert option_text(parse_arm(f"{arm}+classic@deep_cnn"), IMAGE.nouns) == f"the classifier deep_cnn with {words}"


# ---- refused before any work ----


@pytest.mark.parametrize(
    ("counts", "change", "says"),
    [
        ((40, 12), {"protocol": "draw", "n_per_class": 2, "test_share": 0.25, "n_synthetic": "balance"},
         "n_synthetic=balance is for classes of unequal size, and a draw has as .* protocol=folds.* or use a"),
        ((40, 12), {"protocol": "draw", "n_per_class": 2, "test_share": 0.25, "arms": ("real+weighted+classic",)},
         r"arms: real\+weighted\+classic is for classes of unequal size.* protocol=folds.*, or leave it out\."),
        ((20, 20), {"n_synthetic": "balance"}, "these lack less than an item in a batch.*; use a number"),
        ((40, 12), {"n_synthetic": "balance", "keep_classes": "0"},
         r"keep_classes: n_synthetic=balance fills up .*, and 0 lacks nothing; keep one that does \(1\)"),
        ((20, 20), {"arms": ("real+oversampled",)}, r"arms: real\+oversampled is for classes .*; leave it out"),
        ((160, *[8] * 15), {"arms": ("real+weighted", "real+oversampled"), "batch_size": 4, "mix": "replaced"},
         r"arms: real\+oversampled leaves no real item in a batch of 4; use a larger batch_size, or mix=added"),
        ((20, 8), {"gan": "dcgan_per_class"},  # 5 of the 8 are the same and stay together
         "gan: 3 training images of a class make no batch for dcgan_per_class, which needs 4; use another family, or"),
    ],
    ids=str,
)  # fmt: skip
def test_what_would_fail_later_is_refused_in_one_sentence(tmp_path, counts, change, says):
    data = saved(tmp_path / "set.npz", counts, same=1 + 4 * ("gan" in change))
    study = make_study(**SMALL | {"data": data} | change, output_dir=str(tmp_path / "out"))
    with pytest.raises(InputError, match=says) as error:
        Experiment.open(study)
    assert "\n" not in str(error.value) and not (tmp_path / "out").exists()


# ---- 1 to 20, from end to end ----


def run(data: str, root: Path, **given) -> Experiment:
    experiment = Experiment.open(make_study(**SMALL | {"data": data} | given, output_dir=str(root)))
    outcomes = [experiment.run(stage) for stage in (1, 2, 3, 4)]
    assert not any(outcome.failed or outcome.blocked for outcome in outcomes)
    return experiment


@pytest.fixture(scope="module")
def filled_up(tmp_path_factory) -> Experiment:
    """One to twenty, filled up by GAN images."""
    root = tmp_path_factory.mktemp("filled")
    arms = ("real+mislabelled", "real+gan+classic", "real+copies")
    experiment = run(saved(root / "set.npz", (160, 8)), root / "outputs", n_synthetic="balance", arms=arms)
    publish(experiment)
    return experiment


@pytest.mark.slow
def test_balance_fills_every_class_up_to_the_largest_in_every_way(filled_up):
    assert np.bincount(filled_up.settings.items(filled_up.results.draw(0).train).y).tolist() == [80, 4]
    table = filled_up.scores().groupby("arm").first()
    for arm in ("real+gan+classic", "real+oversampled+classic", "real+oversampled", "real+mislabelled"):
        assert table.loc[arm, ["n_real", "n_synthetic"]].tolist() == [84, 76]
    assert table.loc["real+weighted+classic", ["n_real", "n_synthetic"]].tolist() == [84, 0]
    assert np.bincount(filled_up.synthetic(0).y).tolist() == [80, 80]  # as a set of its own it is balanced


def test_keeping_the_small_class_changes_nothing_where_it_alone_is_filled_up(filled_up):
    study = make_study(**filled_up.study.model_dump() | {"keep_classes": "1"})
    kept = Experiment.open(study)
    kept.run(4)
    mine, all_of_them = (e.scores().query("arm == 'real+gan+classic'") for e in (kept, filled_up))
    assert mine.drop(columns="seconds").equals(all_of_them.drop(columns="seconds"))


def test_what_the_gan_adds_is_said_against_oversampling_and_class_weights(filled_up):
    found = read_verdict(filled_up.folder)
    rows = {(r["arm"], r["against"]): r for r in found["contrasts"]}
    for way in ("oversampled", "weighted"):
        row = rows["real+gan+classic", f"real+{way}+classic"]
        assert (row["role"], row["level"]) == ("secondary", pytest.approx(0.975)) and row["answer"]
        assert rows[f"real+{way}+classic", "real+classic"]["role"] == "exploratory"
    controls = {(c["arm"], c["against"]): c["expected"] for c in found["controls"]}
    assert controls["real+mislabelled", "real+oversampled"] == "hurts"
    assert not any("copies" in name for pair in controls for name in pair)
    assert any("what the GAN itself adds is in the rows" in problem for problem in found["problems"])


def test_copying_of_the_small_class_is_measured_by_itself(filled_up):
    found = read_verdict(filled_up.folder)["small_classes"]["copying"]
    by_hand = []
    for trial in range(4):
        draw = filled_up.results.draw(trial)
        train, fake, test = (
            filled_up.settings.items(draw.train),
            filled_up.synthetic(trial),
            filled_up.settings.items(draw.test),
        )
        by_hand.append(nearer_to_training(*(pixels(part.x[part.y == 1]) for part in (train, fake, test))))
    assert found["mean"] == pytest.approx(np.mean(by_hand))


def test_small_classes_are_in_the_verdict_and_on_the_page(filled_up):
    found = read_verdict(filled_up.folder)["small_classes"]
    assert (found["smallest"], found["items"], found["of"], found["tested"]) == (["1"], 8, 168, 4)
    both = (*filled_up.settings.arms, *filled_up.settings.half_arms)
    assert {row["arm"] for row in found["arms"]} == {arm.name for arm in both}
    page = (filled_up.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="small-classes"' in page and "“1” is the smallest class, with 8 of 168 images; about 4 are in" in page
    assert "real + weighted + classic" in page


def test_with_a_number_of_items_both_ways_are_there_when_asked_for(tmp_path):
    arms = ("real+gan+classic", "real+oversampled+classic", "real+weighted+classic")
    experiment = run(saved(tmp_path / "set.npz", (40, 8)), tmp_path / "outputs", arms=arms, gan="dcgan_per_class")
    table = experiment.scores().groupby("arm").first()["n_synthetic"]
    assert table[list(arms)].tolist() == [10, 16, 0]
    found = decide(gather(experiment))
    secondary = [row.contrast.against for row in found.contrasts if row.contrast.role == "secondary"]
    assert secondary == ["real+oversampled+classic", "real+weighted+classic"]
    assert not any("fill up" in problem for problem in found.problems)  # the GAN's are in the set's own proportions


def test_weights_and_repeated_items_change_what_is_learnt(filled_up):
    by_arm = filled_up.scores().pivot(index=["trial", "seed"], columns="arm", values="log_loss")
    ways = by_arm[["real+classic", "real+oversampled+classic", "real+weighted+classic"]]
    assert (ways.nunique(axis=1) == 3).all()
