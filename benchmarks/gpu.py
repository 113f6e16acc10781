"""Whether the kit's GPU path is right and how fast it is: every check a line, five minutes in all.

    python benchmarks/gpu.py                        on a machine with a GPU
    python benchmarks/gpu.py --only recorded together
    python benchmarks/gpu.py --device cpu --quick   tries the script itself where there is no GPU

A check runs in a process of its own with a time limit, so that an error that sticks to its process spoils no other. Its
line says PASS or FAIL, what was measured, and in brackets what is expected; of what has no expectation, it only says.
Exit code 0 if all passed; without a GPU nothing was shown, and it is 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gannb.classifiers.mixture import Mixture
from gannb.classifiers.training import Recipe, train
from gannb.data.examples import Examples
from gannb.generators.adversarial.cuda_graphs import WARM_UP
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.adversarial.guard import Guard
from gannb.generators.adversarial.training import Training
from gannb.generators.interface import Condition, Job
from gannb.media.image import IMAGE
from gannb.media.image.gans.families import FAMILIES
from gannb.utils import cuda
from gannb.utils.cuda_streams import own_stream
from gannb.work.engines import Place
from gannb.work.scheduler import run_units
from gannb.work.unit import Task, Unit

LIMIT = 300  # seconds in all
TOGETHER = 8  # GANs in a process, as a study trains them
RATE, RATIO = 20_000, 4.0  # real items/s of these at 32 pixels on an H200; times one after the other
LEVELS = 2  # by which an item may differ from the CPU's
SMALL = (32, 32, 1)
FAIL, PASS = "FAIL", "PASS"


@dataclass(frozen=True)
class Setting:
    """Where and how much."""

    device: str
    quick: bool

    @property
    def on_gpu(self) -> bool:
        """Tell whether what is said of GPUs is expected."""
        return self.device.startswith("cuda")

    def wait(self) -> None:
        """Wait for all that the device was given to do."""
        if self.on_gpu:
            torch.cuda.synchronize(self.device)

    def own_stream(self):
        """Return what lets a thread work on a stream of its own."""
        return own_stream(self.device) if self.on_gpu else nullcontext()


Found = tuple[bool, str]  # whether it is as expected; what was measured, and what is expected


def draw_of(count: int = 20, shape: tuple[int, int, int] = SMALL, classes: int = 10) -> Examples:
    """Return noise with a level for each class."""
    y = np.arange(count * classes) % classes
    noise = np.random.default_rng(0).integers(0, 120, (len(y), *shape))
    x = (noise + 13 * y[:, None, None, None]).astype(np.uint8)
    return Examples(x, y, tuple(map(str, range(classes))), np.arange(len(y)).astype(str), np.arange(len(y)))


def training_of(name: str, setting: Setting, draw: Examples | None = None, seed: int = 0, device: str = "") -> Training:
    """Return a training that has not begun."""
    family = FAMILIES[name]
    job = Job(10**6, seed, device or setting.device)
    return Training(IMAGE, family, family.augmentation, draw or draw_of(), job)


def advance(training: Training, steps: int) -> Training:
    """Do steps."""
    for _ in range(steps):
        training.advance()
    return training


@contextmanager
def seconds(setting: Setting) -> Iterator[list[float]]:
    """Give a list that holds how long the block took, once it has ended."""
    found: list[float] = []
    setting.wait()
    started = time.perf_counter()
    yield found
    setting.wait()
    found.append(time.perf_counter() - started)


# ---- the checks ----


def machine(setting: Setting) -> Found:
    """The driver, the card and torch fit together."""
    if not setting.on_gpu:
        return True, f"torch {torch.__version__} on the CPU"
    if wrong := cuda.fault():
        return False, wrong
    free, total = torch.cuda.mem_get_info(setting.device)
    name, capability = torch.cuda.get_device_name(setting.device), torch.cuda.get_device_capability(setting.device)
    fit = cuda.processes_that_fit(free, cuda.PROCESSES)
    return True, (
        f"{name}, capability {capability}, torch {torch.__version__} for CUDA {torch.version.cuda}, "
        f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free, {fit} processes by default"
    )


def same_items(setting: Setting) -> Found:
    """Every family's generator makes the CPU's items, and the same ones twice."""
    worst, twice = {}, True
    for name in list(FAMILIES)[: 2 if setting.quick else None]:
        gan = Adversarial(IMAGE, FAMILIES[name]).fit(draw_of(8), Job(4, 0, "cpu"))
        asked = Condition(np.arange(128) % gan.n_classes)
        there = gan.sample(asked, 0)
        gan.to(setting.device)
        here = gan.sample(asked, 0)
        twice &= np.array_equal(here, gan.sample(asked, 0))
        worst[name] = int(np.abs(here.astype(int) - there).max())
    most = max(worst, key=worst.get)
    text = f"largest difference {worst[most]} levels ({most}), {'the same' if twice else 'others'} when made twice"
    return twice and worst[most] <= LEVELS, f"{text} [at most {LEVELS}; the same]"


def recorded(setting: Setting) -> Found:
    """A recorded step is the eager one: from one state, a step each way."""
    worst, unrecorded = 0.0, []
    for name in list(FAMILIES)[: 2 if setting.quick else None]:
        family = FAMILIES[name]
        replayed, eager = (training_of(name, setting, draw_of(8)) for _ in range(2))
        eager._learn.captures = False
        advance(replayed, (WARM_UP + 2) * family.penalty_every * len(replayed.passes))
        eager.restore(*replayed.state())
        advance(replayed, 1), advance(eager, 1)
        a, b = replayed._tensors(), eager._tensors()
        off = max(
            float((a[k].float() - b[k].float()).abs().max()) for k in a if k.startswith(("generator.", "discrim"))
        )
        worst = max(worst, off / family.learning_rate)
        if not replayed._learn.graphs and not family.one_class_batches:
            unrecorded.append(name)
        replayed.close(), eager.close()
    text = f"weights differ by {worst:.2f} learning rates at the most; not recorded: {', '.join(unrecorded) or 'none'}"
    return worst <= 2.5 and not (setting.on_gpu and unrecorded), f"{text} [at most 2.5; none]"


def resumed(setting: Setting) -> Found:
    """Training that goes on from a state kept in the middle is nearly the undisturbed one."""
    draw = draw_of(8)
    whole, first, second = (training_of("projection", setting, draw, seed=5) for _ in range(3))
    advance(whole, 40), advance(first, 11)
    Guard(second, draw).restore(*Guard(first, draw).state())
    advance(second, 29)
    off = float(np.abs(whole.fixed_samples()[0].astype(int) - second.fixed_samples()[0]).mean())
    for each in (whole, first, second):
        each.close()
    return off < 1, f"items differ by {off:.2f} levels on average [below 1]"


def together(setting: Setting) -> Found:
    """Real items a second of several small GANs at once, and beside one after the other."""
    steps = 4 if setting.quick else 150
    trainings = [training_of("dcgan", setting, draw_of(100), seed) for seed in range(2 if setting.quick else TOGETHER)]

    def work(training: Training) -> None:
        with setting.own_stream():
            advance(training, steps)

    with ThreadPoolExecutor(len(trainings)) as pool:
        list(pool.map(work, trainings))  # warms up, and records
        with seconds(setting) as one:
            work(trainings[0])
        with seconds(setting) as many:
            list(pool.map(work, trainings))
    for each in trainings:
        each.close()
    rate = len(trainings) * trainings[0].batch * steps / many[0]
    ratio = len(trainings) * one[0] / many[0]
    text = f"{rate:,.0f} real items/s for {len(trainings)} GANs at once, {ratio:.1f} times one after the other"
    good = not setting.on_gpu or (rate >= RATE and ratio >= RATIO)
    return good, f"{text} [{RATE:,} on an H200; {RATIO:g} times]"


def guard(setting: Setting) -> Found:
    """What the guard's look at a training costs beside a step."""
    training = advance(training_of("projection", setting), 20)
    with seconds(setting) as look:
        finite = training.is_finite()
    with seconds(setting) as step:
        advance(training, 4)
    training.close()
    text = f"{1000 * look[0]:.1f} ms, a step {1000 * step[0] / 4:.1f} ms"
    return finite, f"{text} [a look is due every few dozen steps]"


def memory(setting: Setting) -> Found:
    """How much one training takes, and how many of them the card holds."""
    if not setting.on_gpu:
        return True, "is told of a GPU alone"
    rows, total = [], torch.cuda.get_device_properties(setting.device).total_memory
    for name, side in (("projection", 32), ("dcgan", 32), ("projection", 64), ("projection", 128)):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(setting.device)
        training = advance(training_of(name, setting, draw_of(8, (side, side, 3), 4)), 8)
        peak = torch.cuda.max_memory_reserved(setting.device)
        training.close()
        rows.append(f"{name} at {side}: {peak / 1e9:.2f} GB, {total // max(1, peak)} fit")
    return True, "; ".join(rows)


def classifier(setting: Setting) -> Found:
    """Steps a second of the study's own classifier, small and large items."""
    rows = []
    for side in (32, 64, 128):
        draw, steps = draw_of(20, (side, side, 3)), 4 if setting.quick else 100
        recipe = Recipe(IMAGE, "small_cnn", steps, 32, IMAGE.policy("auto", draw.shape))
        train(Mixture(draw, None, 0.0), recipe, 0, setting.device)
        with seconds(setting) as spent:
            train(Mixture(draw, None, 0.0), recipe, 0, setting.device)
        rows.append(f"{steps / spent[0]:,.0f} at {side}")
    return True, f"small_cnn, steps/s: {', '.join(rows)}"


def overlap(setting: Setting) -> Found:
    """Items are made on the device while the last ones are encoded: beside one after the other."""
    gan = Adversarial(IMAGE, FAMILIES["projection"]).fit(draw_of(8), Job(4, 0, setting.device))
    asked = Condition(np.arange(256 if setting.quick else 4096) % gan.n_classes)
    encode = lambda items: sum(len(b"".join(IMAGE.files(item).values())) for item in items)  # noqa: E731
    with seconds(setting) as making:
        items = gan.sample(asked, 0)
    with seconds(setting) as encoding:
        encode(items)
    with ThreadPoolExecutor(1) as pool, seconds(setting) as both:
        writing = pool.submit(encode, items)
        gan.sample(asked, 0)
        writing.result()
    apart = making[0] + encoding[0]
    made, encoded = (len(items) / spent[0] for spent in (making, encoding))
    text = f"{made:,.0f} items/s made, {encoded:,.0f} encoded, {apart / both[0]:.2f} times as fast at once as apart"
    return not setting.on_gpu or both[0] < 0.95 * apart, f"{text} [above 1.05]"


def fine(task: Task) -> None:
    """Use the device."""
    (task.folder / "fine").write_text(str(float(torch.ones(8, device=task.device).sum())))


def poison(task: Task) -> None:
    """Cause an error that sticks to this process."""
    x = torch.ones(8, device=task.device)
    if task.device.startswith("cuda"):
        x[torch.tensor([99], device=task.device)] + 1
        torch.cuda.synchronize()
    raise RuntimeError("poisoned")


def hungry(task: Task) -> None:
    """Ask for more memory than there is."""
    if task.device.startswith("cuda"):
        torch.empty(2**43, dtype=torch.uint8, device=task.device)
    raise RuntimeError("CUDA out of memory. Tried to allocate 8.00 TiB")


def errors(setting: Setting) -> Found:
    """A sticking error and a full card cost their own units, with a sentence each."""
    import gpu  # by name, so that other processes find it

    unit = lambda name, make: Unit(2, "quality", f"trials/000/{name}", make, 1, {"name": name})  # noqa: E731
    units = [unit(f"fine{i}", gpu.fine) for i in range(4)]
    units += [unit("poison", gpu.poison), unit("hungry", gpu.hungry)]
    with tempfile.TemporaryDirectory() as study:
        outcome = run_units(Path(study), units, Place(device=setting.device, workers=2))
    failed = {u.place.rpartition("/")[2]: error for u, error in outcome.failed}
    text = "; ".join(f"{name}: {error[:90]}" for name, error in failed.items())
    good = set(failed) == {"poison", "hungry"} and failed["hungry"].startswith("the memory of the GPU is full")
    return good, f"{text} [these two, a sentence each]"


def study(setting: Setting) -> Found:
    """`gannb run` on the digits, end to end."""
    with tempfile.TemporaryDirectory() as folder:
        given = ["--data", "digits", "--set", f"device={setting.device}", f"output_dir={folder}", "name=check"]
        given += ["preset=smoke", "trials=2", "workers=2", "gan_steps=20", "n_per_class=8"]
        done = subprocess.run([sys.executable, "-m", "gannb.cli", "run", *given], capture_output=True, text=True)
        page = Path(folder, "check", "report.html").is_file()
    said = "" if done.returncode == 0 else f": {done.stderr.strip().splitlines()[-1:]}"
    return done.returncode == 0 and page, f"exit code {done.returncode}, page {'written' if page else 'missing'}{said}"


CHECKS: dict[str, tuple[Callable[[Setting], Found], int]] = {  # and the seconds that each may take
    "machine": (machine, 40), "recorded": (recorded, 70), "together": (together, 70), "errors": (errors, 60),
    "same_items": (same_items, 40), "overlap": (overlap, 40), "memory": (memory, 40), "classifier": (classifier, 40),
    "resumed": (resumed, 30), "guard": (guard, 30), "study": (study, 150),
}  # fmt: skip


# ---- each in a process of its own ----


def run_here(name: str, setting: Setting) -> None:
    """Print the line of a check as its result, and end this process, whatever state it is in."""
    try:
        good, text = CHECKS[name][0](setting)
    except BaseException as error:  # a check that breaks is a finding
        good, text = False, f"{type(error).__name__}: {cuda.in_one_line(str(error))}"
    print(f"{PASS if good else FAIL} {' '.join(text.split())}", flush=True)
    os._exit(0)


def run_apart(name: str, setting: Setting, limit: float) -> tuple[str, str]:
    """Return PASS or FAIL of a check in a process of its own, and what it found."""
    command = [sys.executable, "-W", "ignore", __file__, "--run", name, "--device", setting.device]
    command += ["--quick"] if setting.quick else []
    here = os.pathsep.join([str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)])
    known = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=known
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return FAIL, f"not done after {limit:.0f} s"
    lines = [line for line in out.splitlines() if line.startswith((PASS, FAIL))]
    if not lines:
        return FAIL, f"died with exit code {process.returncode}: {' '.join(err.split())[-200:]}"
    state, _, text = lines[-1].partition(" ")
    return state, text


def main(words: Sequence[str] | None = None) -> int:
    """Run the checks; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", default="cuda")
    options.add_argument("--only", nargs="+", choices=list(CHECKS), default=list(CHECKS), metavar="CHECK")
    options.add_argument("--quick", action="store_true", help="as little as shows that the script runs")
    options.add_argument("--limit", type=float, default=LIMIT, help="seconds in all (300)")
    options.add_argument("--run", choices=list(CHECKS), help=argparse.SUPPRESS)
    asked = options.parse_args(words)
    setting = Setting(asked.device, asked.quick)
    if asked.run:
        run_here(asked.run, setting)
    if setting.on_gpu and not torch.cuda.is_available():
        print(f"no GPU: {cuda.fault() or 'none is seen on this machine'}; nothing was measured")
        return 1
    started, failed = time.monotonic(), 0
    for name in asked.only:
        left = asked.limit - (time.monotonic() - started)
        most = CHECKS[name][1] if setting.on_gpu else LIMIT
        began = time.monotonic()
        state, text = run_apart(name, setting, min(most, left)) if left > 5 else (FAIL, "no time was left")
        failed += state == FAIL
        print(f"{state} {name:<11} {time.monotonic() - began:5.1f} s  {text}", flush=True)
    print(f"{len(asked.only) - failed} of {len(asked.only)} passed in {time.monotonic() - started:.0f} s")
    return 1 if failed or not setting.on_gpu else 0


if __name__ == "__main__":
    sys.exit(main())
