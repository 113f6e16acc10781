"""How fast a GAN trains: against what the core or the GPU can do, by family, number of items, precision, and together.

    export OMP_NUM_THREADS=1
    python benchmarks/speed.py                          # one CPU core
    python benchmarks/speed.py --profile                # where a step of the default family spends its time
    python benchmarks/speed.py --compiled               # the default family with its networks compiled, against without
    python benchmarks/speed.py --device cuda --together 8

All figures are of 32x32 grey items in 10 classes, of noise: what is in an image does not change the time. A step's
floating-point operations are counted by torch, without penalties on gradients, and its time is the median over
`--repeats` runs of `--steps` steps.

    peak            of one large convolution (forward), channels last, timed in between: what the core can do at most
    share of peak   operations of a step over its time, over the peak
    real items/s    that the discriminator sees
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from gan import markdown
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from gannb.data.examples import Examples
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Job
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.utils.cuda_streams import own_stream

SIDE, CLASSES, WARM_UP = 32, 10, 10
POOLS = (200, 1000, 20_000)  # items in the draw
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def make_training(family: str, device: str, items: int = 1000, seed: int = 0) -> Training:
    """A training of so many items of noise, warmed up."""
    rng = np.random.default_rng(seed)
    y = np.arange(items) % CLASSES
    x = rng.integers(0, 256, (items, SIDE, SIDE, 1), dtype=np.uint8)
    draw = Examples(x, y, tuple(map(str, range(CLASSES))), np.arange(items).astype(str), np.arange(items))
    training = Training(IMAGE, FAMILIES[family], FAMILIES[family].augmentation, draw, Job(10**9, seed, device))
    advance(training, WARM_UP)
    return training


def advance(training: Training, steps: int) -> None:
    """Do steps, and wait for the device."""
    for _ in range(steps):
        training.advance()
    if training.device.type == "cuda":
        torch.cuda.current_stream(training.device).synchronize()


def seconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of some calls."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return found


def convolution(device: str, dtype: torch.dtype) -> tuple[Callable[[], object], float]:
    """A large convolution, and its floating-point operations."""
    n, channels, side = (64, 64, 32) if device == "cpu" else (512, 256, 32)
    x = torch.randn(n, channels, side, side, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    w = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype).to(memory_format=torch.channels_last)

    def call() -> None:
        F.conv2d(x, w, padding=1)
        if device != "cpu":
            torch.cuda.synchronize()

    with torch.inference_mode():
        call()
    return torch.inference_mode()(call), 2.0 * n * channels * channels * 9 * side * side


def operations(training: Training) -> float:
    """Floating-point operations of a step without penalties on gradients, in which torch does not count."""
    with FlopCounterMode(display=False) as counter:
        training._learn_once(training._index().to(training.device), False, False)
    return counter.get_total_flops()


@contextlib.contextmanager
def precision(name: str, device: str) -> Iterator[None]:
    """Autocast to the precision; on a GPU a training sees to its own."""
    if name == "float32" or device != "cpu":
        yield
    else:
        with torch.autocast("cpu", PRECISIONS[name]):
            yield


def one_by_one(asked: argparse.Namespace) -> Iterator[list[str]]:
    """Rows: family, items, precision, ms a step, real items/s, GFLOP a step, share of the peak measured beside it."""
    cases = [(family, 1000, "float32") for family in asked.families]
    cases += [(asked.families[0], items, "float32") for items in POOLS if items != 1000]
    cases += [(asked.families[0], 1000, "bfloat16")] if asked.device == "cpu" else []
    for family, items, kind in cases:
        with precision(kind, asked.device):
            training = make_training(family, asked.device, items)
            kind = "bfloat16" if training.half else kind  # what it computes in on a GPU, and the peak beside it
            work = operations(training)
            conv, conv_work = convolution(asked.device, PRECISIONS[kind])
            steps, peaks = [], []
            for _ in range(asked.repeats):  # in turn, so that a machine that drifts does so for both
                steps += seconds(lambda t=training: advance(t, asked.steps), 1)
                peaks += seconds(conv, 3)
        training.close()
        step, peak = float(np.median(steps)) / asked.steps, conv_work / float(np.min(peaks))
        seen = training.batch * training.family.discriminator_steps / step
        yield [
            family, f"{items:,}", kind, f"{1000 * step:.1f}", f"{seen:,.0f}", f"{work / 1e9:.2f}",
            f"{peak / 1e9:,.0f}", f"{work / step / peak:.0%}",
        ]  # fmt: skip


HEAD = ["family", "items", "precision", "ms a step", "real items/s", "GFLOP a step", "peak GFLOP/s", "share of peak"]


def together(asked: argparse.Namespace) -> list[str]:
    """One row: real items/s of one GAN, of several at once in threads on streams of their own, and the ratio."""
    family = asked.families[0]
    trainings = [make_training(family, asked.device, seed=seed) for seed in range(asked.together)]
    alone = float(np.median(seconds(lambda: advance(trainings[0], asked.steps), asked.repeats)))
    at_once = float(np.median(seconds(lambda: _advance_all(trainings, asked.steps), asked.repeats)))
    for training in trainings:
        training.close()
    seen = trainings[0].batch * trainings[0].family.discriminator_steps * asked.steps
    one, many = seen / alone, asked.together * seen / at_once
    return [family, f"{one:,.0f}", f"{asked.together}", f"{many:,.0f}", f"{many / one:.2f}"]


def _advance_all(trainings: list[Training], steps: int) -> None:
    """Do steps of every training, each in a thread."""

    def work(training: Training) -> None:
        with own_stream(training.device) if training.device.type == "cuda" else contextlib.nullcontext():
            advance(training, steps)

    with ThreadPoolExecutor(len(trainings)) as pool:
        list(pool.map(work, trainings))


def where_time_goes(family: str, device: str, steps: int) -> str:
    """A table of the operations that take most of the time of some steps."""
    training = make_training(family, device)
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device != "cpu" else [])
    with profile(activities=activities) as found:
        advance(training, steps)
    return found.key_averages().table(sort_by=f"self_{'cpu' if device == 'cpu' else 'cuda'}_time_total", row_limit=25)


def compiled(asked: argparse.Namespace) -> list[str]:
    """One row: ms a step as it is and with both networks through `torch.compile`, seconds of compiling, the ratio."""
    family = asked.families[0]
    plain, other = (make_training(family, asked.device) for _ in range(2))
    for network in (other.generator, other.discriminator):
        network.compile(dynamic=False)
    (compiling,) = seconds(lambda: advance(other, WARM_UP), 1)
    found = []
    for _ in range(asked.repeats):  # in turn
        found.append([seconds(lambda t=t: advance(t, asked.steps), 1)[0] for t in (plain, other)])
    one, two = np.median(found, axis=0) / asked.steps
    return [family, f"{1000 * one:.1f}", f"{1000 * two:.1f}", f"{compiling:.0f}", f"{one / two:.2f}"]


def main() -> int:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="NAME")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--together", type=int, default=0, help="GANs of the first family at once, in threads")
    parser.add_argument("--profile", action="store_true", help="only say where a step of the first family spends it")
    parser.add_argument("--compiled", action="store_true", help="only compare the first family with itself compiled")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.profile:
        print(where_time_goes(asked.families[0], asked.device, asked.steps))
        return 0
    if asked.compiled:
        print(markdown([["family", "ms a step", "compiled", "compiling, s", "ratio"], compiled(asked)]))
        return 0
    print(markdown([HEAD, *one_by_one(asked)]))
    if asked.together:
        print("\n" + markdown([["family", "one: items/s", "at once", "all: items/s", "ratio"], together(asked)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
