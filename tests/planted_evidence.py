"""A study's evidence in which every trial scores exactly as planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gannb.analysis.evidence import Evidence, words_of
from gannb.data.medium import Nouns, Phrases
from gannb.media.image import IMAGE
from gannb.stats.outcomes import Predictions
from gannb.stats.tested import Tested
from gannb.trials.arms import PRIMARY, parse_arm
from gannb.trials.contrasts import contrasts, dose_arms

CONVERGENCE = "real+classic@half"  # shows that real+classic had reached its plateau

TRIALS = 8
NOISE = np.array([0.02, -0.03, 0.01, 0.0, -0.01, 0.03, -0.02, 0.0])  # what the draws of a trial have in common
WOBBLE = (
    np.array([1, -1, 1, -1, -1, 1, -1, 1]) * 0.005
)  # what one arm has of its own: an interval of about +- 0.4 points
BY_BLOCK = np.repeat([1, -1, -1, 1], 2)  # what draws of a block have in common: it does not average out between them

# A world in which all controls come out and GAN images help: mean of each arm.
WORLD = {
    "real": 0.80, "real+classic": 0.84, CONVERGENCE: 0.84, "real+gan": 0.82, "real+gan+classic": 0.87, "gan": 0.70,
    "real+gaussian": 0.81, "real+copies": 0.80, "real+mislabelled": 0.60, "real+more": 0.86, "fewer": 0.70,
    "fewer+classic": 0.74, "real+more+classic": 0.90,
}  # fmt: skip
N_REAL = {"fewer": 40, "fewer+classic": 40, "real+more": 160, "real+more+classic": 160, "gan": 0}
Y = np.repeat([0, 1], 500)  # so many that one of them weighs less than trials differ
FOLDS = 4
WORDS = words_of(IMAGE)
SOUND = {  # the words of another medium
    "nouns": Nouns("sound clip", "sound clips", "log-mel"),
    "phrases": Phrases(
        classical="shifts in time", altered="louder", duplicates="that sound alike", unseen_copies="Stretched",
        taken="recorded", pretrained="", elsewhere="another microphone",
    ),
    "raw_space": "log_mel", "measuring_classifier": "small_audio",
    "shifts": {"noise": "noise added", "pitch": "half a tone higher"},
    "yardsticks": (),
}  # fmt: skip


def evidence(
    protocol: str = "draw",
    wobble: float = 1.0,
    trials: int = TRIALS,
    gap: dict[str, float] | None = None,
    doses: dict[int, float] | None = None,
    shown: int = 10_000,
    shifted: dict[str, float] | None = None,
    measures: dict[str, float] | None = None,
    spread: float = 0.01,
    minutes: dict[str, float] | None = None,
    left_out: str = "",
    words: Mapping[str, Any] = WORDS,
    **arms: float,
) -> Evidence:
    """The world above with other means for some arms (`__` for `+`), in which every trial scores exactly as planted.

    wobble: how much more arms differ by chance; gap: train accuracy beyond accuracy, by arm; measures: quality of the
    GAN, which differs by `spread` between trials; doses: mean of the primary arm by synthetic items per class; shifted:
    mean on all shifted test items, by arm; minutes: of computing, by arm; words: of a medium, see `evidence.words_of`.
    """
    means = WORLD | {name.replace("__", "+"): value for name, value in arms.items()}
    arms_of = dict(zip(doses or {}, (*dose_arms(tuple(doses or ())), PRIMARY[0]), strict=False))
    means |= {arm: (doses or {})[dose] for dose, arm in arms_of.items()}
    if protocol == "draw":
        del means["fewer"]
    else:
        del means["real+more"], means["real+more+classic"]
    rows, correct, tested = [], {}, items_tested(protocol, trials)
    for number, (arm, mean) in enumerate(means.items()):
        own = wobble * np.roll(WOBBLE, number) if arm != PRIMARY[1] else np.zeros(TRIALS)
        for trial in range(trials):
            accuracy = mean + NOISE[trial] + own[trial]
            correct.setdefault(arm, {})[trial] = np.full(len(tested.y[trial]), accuracy)
            for seed, off in ((0, 0.01), (1, -0.01)):  # seeds of a trial are averaged
                train = accuracy + (gap or {}).get(arm, 0.05 + own[trial])
                rows.append({
                    "trial": trial, "arm": arm, "seed": seed, "n_real": N_REAL.get(arm, 80), "n_synthetic": 0,
                    "accuracy": accuracy + off, "balanced_accuracy": accuracy + off, "train_accuracy": train,
                    "ece": 0.1, "macro_f1": accuracy + off,
                })  # fmt: skip
    honest = {
        "nearer_to_train": 0.0, "nn_ratio": 1.0, "authenticity": 0.5, "authenticity_of_real": 0.5, "gan_test": 0.8,
        "ruler_accuracy": 0.8,
        "between": 0.4, "between_of_blends": 0.4, "between_of_real": 0.5,
    }  # fmt: skip
    planted = honest | (measures or {})
    exactly = {"flagged": float(planted["nearer_to_train"] > 0.25), "exact_duplicates": 0.0, "items": 100}
    exactly = {key: planted.pop(key, value) for key, value in exactly.items()}  # without noise
    quality = [
        {"trial": t, "generator": "mlp", "features": f}
        | exactly
        | {k: v + (spread if k in (measures or {}) else 0.01) * BY_BLOCK[t] for k, v in planted.items()}
        for t in range(trials)
        for f in (words["raw_space"], words["measuring_classifier"])
    ]
    return Evidence(
        protocol, "balanced_accuracy", 0.01, pd.DataFrame(rows), pd.DataFrame(quality),
        tuple(contrasts(list(means), words["nouns"])), correct, tested, n_train=80, n_test=27, gan="mlp",
        trials_planned=TRIALS, **words, minutes=minutes or {}, left_out=left_out, dose_arms=arms_of,
        synthetic_shown=shown, shifted_tested=tested, classifiers={words["measuring_classifier"]: 60_000},
        layers={words["measuring_classifier"]: 4, "deep_cnn": 20},
        shifted={
            arm: on_shifted(mean, wobble * (arm == PRIMARY[0]), tested, len(words["shifts"]))
            for arm, mean in (shifted or {}).items()
        },
    )  # fmt: skip


def items_tested(protocol: str, trials: int = TRIALS, y: np.ndarray = Y) -> Tested:
    """Test items of these labels: the same in every trial, or a fold each of repeated cross-validation."""
    every = np.arange(len(y))
    if protocol == "folds":
        fold = [np.random.default_rng(t // FOLDS).permutation(every) % FOLDS == t % FOLDS for t in range(trials)]
        item = {t: np.flatnonzero(fold[t]) for t in range(trials)}
    else:
        item = dict.fromkeys(range(trials), every)
    block = {t: t // 2 for t in range(trials)} if protocol == "draw" else {}
    return Tested(item, {t: y[i] for t, i in item.items()}, item, FOLDS * (protocol == "folds"), block)


def with_depth(
    with_gan: float,
    without: float,
    half: float | None = None,
    words: Mapping[str, Any] = WORDS,
    again: float | None = None,
    repeats: str = "copies",
) -> Evidence:
    """The world above with a second classifier, `deep_cnn`, of these means.

    again: with real items in the places of the GAN's; None: as without. repeats: the source that they come from.
    """
    arms = (*PRIMARY, CONVERGENCE, f"real+{repeats}+classic")
    names = (parse_arm(arm).at("deep_cnn").name.replace("+", "__") for arm in arms)
    means = zip(
        names, (with_gan, without, without if half is None else half, without if again is None else again), strict=True
    )
    return replace(evidence(words=words, **dict(means)), classifiers={"small_cnn": 60_000, "deep_cnn": 280_000})


def on_shifted(mean: float, wobble: float, tested: Tested, shifts: int) -> dict[int, np.ndarray]:
    """The same share right of test items shifted in each of so many ways, by trial."""
    return {t: np.full((shifts, len(y)), mean + NOISE[t] + wobble * WOBBLE[t]) for t, y in tested.y.items()}


UNEQUAL_ARMS = ("real", *PRIMARY, "real+oversampled+classic", "real+weighted+classic")


UNEQUAL_Y = np.repeat([0, 1, 2], [2400, 480, 480])


def of_unequal_classes(
    counts: tuple[int, ...], ways: tuple[str, ...] = UNEQUAL_ARMS[3:], protocol: str = "folds"
) -> Evidence:
    """Three classes; how much of the second and of the third is recognised differs by arm and trial."""
    world = evidence(protocol, **{way.replace("+", "__"): 0.85 for way in ways})
    rng, tested = np.random.default_rng(0), items_tested(protocol, y=UNEQUAL_Y)
    right, f1 = (
        {
            arm: {t: trials[0][0] + 0.1 * (rng.random(len(y)) - 0.5) for t, y in tested.y.items()}
            for arm, trials in world.correct.items()
        }
        for _ in range(2)
    )
    names = dict(zip("abc", counts, strict=True))
    return replace(
        world, correct=right, f1=f1, tested=tested, class_counts=names,
        contrasts=tuple(contrasts(list(right), IMAGE.nouns)),
    )  # fmt: skip


def of_two_classes(protocol: str = "draw", gain: int = 0, **measured: float):
    """Evidence of two classes in which every trial has these measures; `gain`: test items more that are right."""
    usual = {"gan_test": 0.9, "ruler_accuracy": 0.9, "diversity": 0.95, "nearer_to_train": -0.02}
    exactly = {"exact_duplicates": measured.pop("exact_duplicates", 0.0)}  # without noise
    rows = [
        {"trial": t, "generator": "mlp", "features": space, "class": name}
        | {key: value + 0.001 * (t % 2) for key, value in (usual | measured).items()} | exactly
        for t in range(TRIALS) for space in ("pixels", "small_cnn") for name in ("ill", "well")
    ]  # fmt: skip
    of_all = {"nearer_to_train": (usual | measured)["nearer_to_train"]} | exactly  # as of each class
    world = evidence(protocol, measures=of_all)
    right = {t: np.eye(2)[y] for t, y in world.tested.y.items()}
    wrong = {t: np.where(i[:, None] < 10 * abs(gain), p[:, ::-1], p) for (t, p), i in zip(
        right.items(), world.tested.item.values(), strict=True
    )}  # fmt: skip
    said = (right, wrong) if gain > 0 else (wrong, right)
    predictions = Predictions(
        ("ill", "well"), 1, world.tested.y, *({t: p[None] for t, p in arm.items()} for arm in said), PRIMARY
    )
    correct = {
        name: {t: (p.argmax(1) == world.tested.y[t]).astype(float) for t, p in arm.items()}
        for name, arm in zip(PRIMARY, said, strict=True)
    }
    return replace(world, classes=pd.DataFrame(rows), predictions=predictions, correct=world.correct | correct)
