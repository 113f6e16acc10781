"""Whether images follow their captions: boxes with captions made by rule, three families, a matcher of its own.

    export OMP_NUM_THREADS=1
    python benchmarks/captions.py nlvr.npz --seeds 0 1 --out captions/
    python benchmarks/captions.py --table --out captions/  # means and ranges, and differences with intervals

One matcher is trained for all seeds, on `OF_MATCHER` of the boxes, which no GAN sees. Of the others a part is for the
GANs (`OF_GAN` of all), and for every seed `UNSEEN` of the captions are left out of their training altogether. What is
in neither training is tested on: of each of these boxes the caption is asked for `EACH` times, so that made and real
images are weighted alike. `--out` holds `rows.jsonl`, a row a measurement (those that are there are not computed
again), the matcher, the generators, and grids as PNG.

    seen_10, unseen_10    share of images of which the matcher finds the caption among 10 (by chance .10)
    seen_50, unseen_50    the same among 50 (.02)
    towers_seen, towers_unseen    share of the images of towers in which every block is there in its colour and place,
                          read off the pixels, and nothing above them
    variety               how far two images of a scatter's caption lie apart, beside two real ones of one caption: at 0
                          the noise changes nothing
    seconds               CPU seconds of this process, of training, the encoder of captions included
    distinct              captions of towers that the GAN's own encoder tells apart, of so many
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import scipy.stats
import torch
from boxes import COLOURS, GREY, read
from PIL import Image

from gannb.data.examples import Examples
from gannb.generators.adversarial.gan import Adversarial
from gannb.generators.interface import Condition, Job
from gannb.media.captioned import CAPTIONED
from gannb.media.captioned.encoders import vectors
from gannb.media.captioned.gans.families import OF_CAPTIONS
from gannb.media.captioned.matcher import AMONG, STEPS, Matcher, retrieved

UNSEEN = 64  # captions
OF_GAN, OF_MATCHER = 0.55, 0.35  # of the boxes
EACH = 3  # images of every tested box's caption
REAL, PLAIN = "real", "caption_plain"
DIFFERENCES = ("seen_10", "unseen_10", "unseen_50", "towers_unseen", "variety")
COLUMNS = (
    "seen_10", "unseen_10", "seen_50", "unseen_50", "towers_seen", "towers_unseen", "variety", "distinct", "seconds",
)  # fmt: skip
PLACES = (90, 69, 48, 27)  # middle of a tower's blocks from the floor, pixels of 100
FLAT = {name: np.array(value) for name, value in COLOURS.items()} | {"": GREY}
SHOWN = (
    "a tower of three blocks: yellow on blue on black", "a tower of three blocks: black on blue on yellow",
    "a tower of four blocks: blue on yellow on yellow on black", "a tower of one block: blue",
    "one black circle", "one yellow triangle", "two blue squares", "three yellow circles",
    "one black square and one blue triangle", "one blue circle, one black square and one yellow triangle",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """The boxes of a seed: the GANs', the matcher's, those tested on, and which of these have unseen captions."""

    gan: Examples
    matcher: Examples
    test: Examples
    unseen: np.ndarray  # (T,) bool
    known: np.ndarray  # (N, 1) captions of all boxes


def divided(boxes: Examples, seed: int, unseen: int = UNSEEN) -> Parts:
    """Boxes by chance, the same for all seeds, and by captions, seen or not, of which each seed has its own."""
    chance = np.random.default_rng(0).random(len(boxes))
    left_out = np.random.default_rng([seed, 1]).permutation(np.unique(boxes.captions[:, 0]))[:unseen]
    hidden, matcher = np.isin(boxes.captions[:, 0], left_out), chance >= 1 - OF_MATCHER
    gan = ~hidden & (chance < OF_GAN)
    test = ~gan & ~matcher
    return Parts(boxes.take(gan), boxes.take(matcher), boxes.take(test), hidden[test], boxes.captions)


def right_towers(x: np.ndarray, captions: np.ndarray) -> np.ndarray:
    """Tell which images (M, H, W, 3) uint8 of towers show the blocks of their captions, and none above: (M,) bool."""
    scale = x.shape[1] / 100
    rows, middle = [int(place * scale) for place in PLACES], x.shape[2] // 2
    patches = np.stack([x[:, r - 1 : r + 2, middle - 1 : middle + 2].mean(axis=(1, 2)) for r in rows], 1)  # (M, 4, 3)
    names = np.array(list(FLAT))
    nearest = np.linalg.norm(patches[:, :, None] - np.stack([*FLAT.values()]), axis=-1).argmin(-1)
    wanted = [caption.partition(": ")[2].split(" on ")[::-1] for caption in captions.tolist()]
    whole = [colours + [""] * (len(PLACES) - len(colours)) for colours in wanted]
    return (names[nearest] == np.array(whole).reshape(-1, len(PLACES))).all(1)


def variety(x: np.ndarray, captions: np.ndarray) -> float:
    """Mean distance of the first two images of each caption of scatters: (M, H, W, 3) uint8 -> levels of a pixel."""
    scatters = np.unique(captions[~np.char.startswith(captions, "a tower")])
    pairs = [x[np.flatnonzero(captions == caption)[:2]].astype(float) for caption in scatters]
    return float(np.mean([np.abs(pair[0] - pair[1]).mean() for pair in pairs if len(pair) == 2]))


class Bench:
    """What is measured of one seed."""

    def __init__(self, boxes: Examples, seed: int, out: Path, steps: int, matcher_steps: int) -> None:
        self.parts, self.seed, self.out, self.steps = divided(boxes, seed), seed, out, steps
        out.mkdir(parents=True, exist_ok=True)
        self.matcher = self._matcher(boxes.shape, matcher_steps)
        self.real_variety = variety(boxes.x, boxes.captions[:, 0])

    def _matcher(self, shape: tuple[int, ...], steps: int) -> Matcher:
        """The matcher of all seeds, trained or read."""
        file, matcher = self.out / "matcher.safetensors", Matcher(shape, seed=1000)
        if file.exists():
            matcher.load_state_dict(safetensors.torch.load_file(file))
            return matcher
        matcher.fit(self.parts.matcher, steps)
        safetensors.torch.save_file(matcher.state_dict(), file)
        return matcher

    def real(self) -> dict[str, float]:
        """What real images get."""
        return self._measured(self.parts.test.x, self.parts.test.captions[:, 0], self.parts.unseen)

    def gan(self, name: str) -> dict[str, float]:
        """What the images of a family get, trained for its own number of steps unless another is given."""
        family, start = OF_CAPTIONS[name], time.process_time()
        gan = Adversarial(CAPTIONED, family).fit(self.parts.gan, Job(self.steps or family.steps, self.seed))
        seconds = time.process_time() - start
        gan.save(self.out / f"{name}-{self.seed}")
        asked = np.repeat(np.arange(len(self.parts.test)), EACH)
        captions = self.parts.test.captions[asked, 0]
        made = gan.sample(Condition(self.parts.test.y[asked], captions), self.seed)
        self.picture(gan, name)
        found = self._measured(made, captions, self.parts.unseen[asked])
        found["variety"] = variety(made, captions) / self.real_variety
        return found | {"distinct": distinct(gan, self.parts.known[:, 0]), "seconds": seconds}

    def _measured(self, x: np.ndarray, captions: np.ndarray, unseen: np.ndarray) -> dict[str, float]:
        towers, found = np.char.startswith(captions, "a tower"), {}
        for name, part in (("seen", ~unseen), ("unseen", unseen)):
            for among in AMONG:
                hits = retrieved(self.matcher, x[part], captions[part], self.parts.known, among, self.seed)
                found[f"{name}_{among}"] = float(hits.mean())
            found[f"towers_{name}"] = float(right_towers(x[part & towers], captions[part & towers]).mean())
        return found

    def picture(self, gan: Adversarial, name: str) -> None:
        """A row for each caption of `SHOWN`: two real boxes where there are so many, a gap, eight samples."""
        boxes, rows = self.parts, []
        real = {text: x for part in (boxes.gan, boxes.test) for x, (text,) in zip(part.x, part.captions, strict=True)}
        for caption in SHOWN:
            made = gan.sample(Condition(np.zeros(8, int), np.full(8, caption)), 5)
            rows.append([real.get(caption, np.full_like(made[0], 255)), np.full_like(made[0], 255), *made])
        seen = set(boxes.gan.captions[:, 0].tolist())
        sheet = np.concatenate([np.concatenate([np.pad(i, ((1, 1), (1, 1), (0, 0))) for i in row], 1) for row in rows])
        zoomed = sheet.repeat(2, 0).repeat(2, 1)
        Image.fromarray(zoomed).save(self.out / f"{name}-{self.seed}.png")
        about = [f"{'seen  ' if caption in seen else 'unseen'} {caption}" for caption in SHOWN]
        (self.out / f"{name}-{self.seed}.txt").write_text("\n".join(about) + "\n", encoding="utf-8")


def distinct(gan: Adversarial, captions: np.ndarray) -> int:
    """How many of all captions of towers the generator's encoder tells apart: by a cosine of less than .999."""
    towers = np.unique(captions[np.char.startswith(captions, "a tower")])
    codes = vectors(gan.conditioning.encoder, towers)
    nearest = (codes @ codes.T - 2 * np.eye(len(codes))).max(1)
    return int((nearest < 0.999).sum())


def run(arguments: argparse.Namespace) -> None:
    """Measure what is not there yet, seed by seed."""
    boxes, file = read(arguments.data), arguments.out / "rows.jsonl"
    for seed in arguments.seeds:
        bench = Bench(boxes, seed, arguments.out, arguments.steps, arguments.matcher_steps)
        for name in (REAL, *arguments.families):
            key = {
                "seed": seed,
                "generator": name,
                "steps": 0 if name == REAL else arguments.steps or OF_CAPTIONS[name].steps,
            }
            if any(key.items() <= row.items() for row in rows(file)):
                continue
            found = bench.real() if name == REAL else bench.gan(name)
            print(key, found, flush=True)
            with file.open("a") as lines:
                lines.write(json.dumps(key | found) + "\n")


def rows(file: Path) -> list[dict[str, Any]]:
    """What was measured."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def table(measured: list[dict[str, Any]]) -> str:
    """Means and ranges over seeds, as Markdown."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in measured:
        groups[row["generator"], row["steps"]].append(row)
    lines = [["generator", "steps", "seeds", *COLUMNS], ["---"] * (3 + len(COLUMNS))]
    for (name, steps), found in groups.items():
        lines.append(
            [name, str(steps or "-"), str(len(found)), *(_of([r[c] for r in found if c in r]) for c in COLUMNS)]
        )
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def differences(measured: list[dict[str, Any]]) -> str:
    """Differences from `PLAIN` of the same seeds and steps, with their 95 % interval over seeds (t), as Markdown."""
    of = {(row["generator"], row["steps"], row["seed"]): row for row in measured}
    lines = [[f"beside {PLAIN}", "steps", "measure", "difference", "better in"], ["---"] * 5]
    for name, steps in dict.fromkeys((g, s) for g, s, _ in of if g not in (REAL, PLAIN)):
        pairs = [(row, of[PLAIN, steps, k]) for (g, s, k), row in of.items()
                 if (g, s) == (name, steps) and (PLAIN, s, k) in of]  # fmt: skip
        for measure in DIFFERENCES if len(pairs) > 1 else ():
            apart = np.array([one[measure] - other[measure] for one, other in pairs])
            half = scipy.stats.t.ppf(0.975, len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart))
            said = f"{apart.mean():+.3f} [{apart.mean() - half:+.3f}, {apart.mean() + half:+.3f}]"
            lines.append([name, str(steps), measure, said, f"{(apart > 0).sum()} of {len(apart)}"])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _of(values: Sequence[float]) -> str:
    if not values:
        return "-"
    digits = 0 if max(values) > 5 else 2
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def main(words: Sequence[str] | None = None) -> int:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--families", nargs="*", default=list(OF_CAPTIONS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=0, help="of a GAN; by default as a study has it")
    parser.add_argument("--matcher-steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=Path("captions"))
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    if arguments.table:
        print(table(rows(arguments.out / "rows.jsonl")), differences(rows(arguments.out / "rows.jsonl")), sep="\n\n")
    else:
        run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
