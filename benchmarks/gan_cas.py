"""What a GAN reaches in a given time on one core: CAS, speed, copying.

    export OMP_NUM_THREADS=1
    python benchmarks/gan_cas.py digits --per-class 8 --seconds 10
    python benchmarks/gan_cas.py path/to/fashion-mnist --per-class 100 --seconds 240 --picture grid.png

Draws a small training set, trains a GAN on it for so many CPU seconds (of the process, not of the clock, so
that a busy machine matters little), and trains one fixed classifier on synthetic items alone. Its test
accuracy is the CAS, the classification accuracy score of Ravuri & Vinyals (2019). Prints one line of JSON:

    cas         of the synthetic items
    real_cas    the same classifier trained on the draw itself
    steps       done in the time
    step_ms     CPU milliseconds a step
    nn_ratio    median distance to the draw, in pixel values, of synthetic items over that of test items:
                about 1 for new items, towards 0 for copies
    last_point  of the training curves
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from gannb.augment import resolve
from gannb.data import Examples, read
from gannb.generators import Job
from gannb.generators.adversarial import Adversarial, Training
from gannb.generators.families import FAMILIES, default_family
from gannb.quality import nearest_neighbour_ratio

SYNTHETIC = 10_000
SCORED_STEPS, SCORED_BATCH = 500, 128


def split(data: str, per_class: int, seed: int) -> tuple[Examples, Examples]:
    """A draw with so many items of each class, and the test set: the given one, or the rest."""
    loaded = read(data)
    pool, rng = loaded.pool, np.random.default_rng(seed)
    chosen = np.concatenate(
        [rng.choice(np.flatnonzero(pool.y == k), per_class, replace=False) for k in range(pool.n_classes)]
    )
    rest = np.setdiff1d(np.arange(len(pool)), chosen)
    return pool.take(chosen), pool.take(rest) if loaded.test is None else loaded.test


def train_gan(draw: Examples, family: str, augmentation: str, seconds: float, seed: int) -> tuple[Adversarial, float]:
    """A GAN trained for so many CPU seconds, as a short run predicts, and CPU milliseconds a step."""
    gan = Adversarial(FAMILIES[family], None if augmentation == "auto" else augmentation)
    policy = gan.family.augmentation if gan.policy is None else resolve(gan.policy, draw.shape)
    probe = Training(gan.family, policy, draw, Job(steps=10**9, seed=seed))
    probe.advance()  # the first step also loads what is used for the first time
    start, done = time.process_time(), probe.step
    while time.process_time() - start < min(10, 0.1 * seconds):
        probe.advance()
    steps = max(1, round(seconds / (time.process_time() - start) * (probe.step - done)))
    start = time.process_time()
    gan.fit(draw, Job(steps, seed))
    return gan, (time.process_time() - start) / steps * 1e3


def scoring_network(shape: tuple[int, int, int], classes: int) -> nn.Sequential:
    """Three blocks of convolution, batch norm, ReLU, pooling, then two linear layers: 205,000 weights at 28."""
    height, width, channels = shape
    blocks = [
        layer
        for a, b in ((channels, 32), (32, 64), (64, 128))
        for layer in (nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
    ]
    features = 128 * (height // 8) * (width // 8)
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(features, 96), nn.ReLU(), nn.Linear(96, classes))


def accuracy(x: np.ndarray, y: np.ndarray, test: Examples, seed: int) -> float:
    """Test accuracy of the fixed classifier: Adam 1e-3 on a cosine, batch 128, 500 steps, no augmentation."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = scoring_network(test.shape, test.n_classes).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, SCORED_STEPS)
    items, labels = to_tensor(x), torch.tensor(y)
    for _ in range(SCORED_STEPS):
        index = torch.from_numpy(rng.integers(len(y), size=SCORED_BATCH))
        optimiser.zero_grad()
        F.cross_entropy(network(items[index]), labels[index]).backward()
        optimiser.step()
        schedule.step()
    network.eval()
    with torch.inference_mode():
        said = torch.cat([network(batch).argmax(1) for batch in to_tensor(test.x).split(500)])
    return float((said.numpy() == test.y).mean())


def to_tensor(x: np.ndarray) -> Tensor:
    """(N, H, W, C) uint8 -> (N, C, H, W) float in [-1, 1]."""
    return torch.tensor(x).permute(0, 3, 1, 2).float() / 127.5 - 1


def save_picture(gan: Adversarial, path: str, width_wanted: int = 640) -> None:
    """The last grid of samples, a class per row, as a PNG of about this width."""
    rows, columns, height, width, channels = gan.grids[-1].shape
    picture = gan.grids[-1].transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)
    zoom = max(1, width_wanted // (columns * width))
    mode = picture[..., 0] if channels < 3 else picture[..., :3]
    Image.fromarray(mode).resize((zoom * columns * width, zoom * rows * height), Image.NEAREST).save(path)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="digits, a folder of images per class or of four idx files, or an .npz")
    parser.add_argument("--per-class", type=int, default=100, help="real items per class in the draw")
    parser.add_argument("--seconds", type=float, default=240, help="CPU seconds of training")
    parser.add_argument("--seed", type=int, default=0, help="of the draw, the GAN and the classifier")
    parser.add_argument("--family", choices=list(FAMILIES), help="by default the one for the size of the items")
    parser.add_argument("--augmentation", default="auto", help="the discriminator's; auto is the family's own")
    parser.add_argument("--picture", help="write a grid of samples to this PNG")
    return parser.parse_args()


def main() -> None:
    """Measure once, and print it."""
    asked = arguments()
    torch.set_num_threads(1)
    draw, test = split(asked.data, asked.per_class, asked.seed)
    family = asked.family or default_family(draw.shape)
    gan, step_ms = train_gan(draw, family, asked.augmentation, asked.seconds, asked.seed)
    labels = np.arange(SYNTHETIC) % draw.n_classes
    x = gan.sample(labels, asked.seed)
    if asked.picture:
        save_picture(gan, asked.picture)
    flat = [items.reshape(len(items), -1).astype(np.float32) for items in (draw.x, x[:2000], test.x[:2000])]
    result = {
        "family": family,
        "steps": gan.curves["step"][-1],
        "step_ms": round(step_ms, 2),
        "cas": round(accuracy(x, labels, test, asked.seed), 4),
        "real_cas": round(accuracy(draw.x, draw.y, test, asked.seed), 4),
        "nn_ratio": round(nearest_neighbour_ratio(*flat), 3),
        "last_point": {name: round(values[-1], 3) for name, values in gan.curves.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
