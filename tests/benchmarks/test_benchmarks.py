"""The benchmarks run, small: what they print is measured by hand, see `benchmarks/README.md`."""

from __future__ import annotations

import importlib
import io
import json
import sys
from itertools import product

import numpy as np
import pytest
from clip_sets import npz
from conftest import ROOT
from image_sets import idx_folder, split_folder
from PIL import Image, ImageDraw
from planted_clips import clips

from gannb.media.audio.reading import read as read_sounds
from gannb.media.image.reading import read
from gannb.media.image.sources.arrays import from_idx, from_npz
from gannb.media.image.sources.formats import open_unlabelled
from gannb.study.folder import load_study
from gannb.utils.errors import InputError


@pytest.fixture
def benchmark(monkeypatch):
    """A benchmark as a module, by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def test_a_planted_imbalance_is_written_as_a_set_that_is_read(benchmark, tmp_path, capsys):
    file = tmp_path / "thin.npz"
    assert benchmark("thinned").main([str(file)]) == 0
    found, digits = read(str(file)).pool, read("digits").pool
    assert found.counts().tolist() == [160] * 5 + [8] * 5
    shown = {item.tobytes(): k for item, k in zip(digits.x, digits.y, strict=True)}
    assert [shown[item.tobytes()] for item in found.x] == found.y.tolist()
    assert "8 of each of 5 to 9" in capsys.readouterr().out


def test_a_set_is_parted_into_labelled_and_unlabelled_images(benchmark, tmp_path, capsys, monkeypatch):
    parted = benchmark("parted")
    monkeypatch.setattr(parted, "TRAIN", 5)
    labelled, unlabelled = tmp_path / "labelled.npz", tmp_path / "unlabelled.npz"
    parted.main([str(idx_folder(tmp_path / "idx")), str(labelled), str(unlabelled)])
    found, rest = from_npz(labelled), open_unlabelled(str(unlabelled), "fail")
    assert found.is_test.tolist() == [False] * 5 + [True] * 4 and found.y.tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 1]
    whole = from_idx(tmp_path / "idx")
    assert [rest.load(i)[0].tolist() for i in range(3)] == [whole.load(i)[0].tolist() for i in range(5, 8)]


def test_a_plan_is_put_beside_what_the_units_took(benchmark, finished):
    rows = benchmark("plans").compared("8", load_study(finished))
    took = sum(json.loads(file.read_text())["seconds"] for file in finished.glob("trials/*/*/unit.json"))
    assert rows[-2] == ["8", "of one process, in all", "0", f"{took:.0f}", ""]
    assert {row[1] for row in rows} > {"draw", "generator", "classifier", "by the clock"}


def test_spoken_digits_are_tested_on_speakers_that_are_not_trained_on(benchmark, tmp_path, capsys):
    whose = {"speakers": np.arange(12) // 2 % 4, "is_test": np.arange(12) < 2}
    file, out = npz(tmp_path / "all.npz", **whose), tmp_path / "by-speaker.npz"
    assert benchmark("by_speaker").main([str(file), str(out), "--unheard", "1"]) == 0
    found = read_sounds(str(out), groups="(.+)")
    assert len(found.test) == 2 and {name.rpartition("-")[2] for name in found.test.ids} == {"3"}
    assert "2 of 12 clips to test on, of 1 speakers" in capsys.readouterr().out


SMALL = {"items": 60, "cas_steps": 3, "cas_batch": 8, "steps": 3, "batch": 8, "seeds": 1, "measuring_steps": 3}


def test_generators_are_trained_scored_and_tabulated_once(benchmark, tmp_path, capsys):
    gan, out = benchmark("gan"), tmp_path / "rows.jsonl"
    words = ["digits", "--generators", "mlp", "the draw itself", "--minutes", "0.01", "--draws", "1"]
    words += ["--per-class", "4", "--side", "8", "--out", str(out), "--pictures", str(tmp_path)]
    assert gan.main(words, gan.Effort(**SMALL)) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["generator"] for row in rows] == ["mlp", "the draw itself"] and (tmp_path / "mlp-0.01-1.png").is_file()
    assert all(0 <= row["cas"] <= 1 and -1 <= row["gain"] <= 1 for row in rows)
    assert rows[0]["steps"] >= 1 and rows[1]["nn_ratio"] == 0
    before = out.read_text()
    assert gan.main(words, gan.Effort(**SMALL)) == 0 and out.read_text() == before
    capsys.readouterr()
    assert gan.main(["--table", "--out", str(out)]) == 0
    table = capsys.readouterr().out
    assert "0.01 CPU minutes, scored on the validation items" in table and "| mlp | 1 |" in table


def test_no_item_is_in_two_parts_and_draws_are_disjoint(benchmark):
    gan = benchmark("gan")
    parts = [gan.split(read("digits"), 8, draw, "validation") for draw in (0, 1)]
    ids = [set(part.ids) for part in (*vars(parts[0]).values(), parts[1].draw)]
    assert sum(map(len, ids)) == len(set.union(*ids))
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(*(list(vars(p).values())[1:] for p in parts), strict=True))


def test_what_cannot_be_benchmarked_is_refused(benchmark):
    gan = benchmark("gan")
    with pytest.raises(InputError, match="no test set of their own"):
        gan.split(read("digits"), 8, 0, "test")
    with pytest.raises(InputError, match="too few for draw 9; give less"):
        gan.split(read("digits"), 8, 9, "validation")
    assert gan.main(["digits", "--generators", "the draw itself", "--side", "4"]) == 2


@pytest.mark.slow
def test_speed_is_told_of_each_family_and_of_several_at_once(benchmark, monkeypatch, capsys):
    speed = benchmark("speed")
    monkeypatch.setattr(speed, "POOLS", (1000, 200))
    words = ["speed", "--families", "projection", "--steps", "1", "--repeats", "1", "--together", "2"]
    monkeypatch.setattr(sys, "argv", words)
    assert speed.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines[2:5]] == ["1,000", "200", "1,000"] and "bfloat16" in lines[4]
    assert lines[6].startswith("| family | one") and lines[8].startswith("| projection |")


def test_generating_is_timed_in_every_format(benchmark, tmp_path, capsys, monkeypatch):
    generate = benchmark("generate")
    monkeypatch.setitem(generate.KINDS, "8x8 grey", ("8", 1, "mlp", 1))
    formats = ["folder", "webdataset"]
    words = ["--kinds", "8x8 grey", "--formats", *formats, "--repeats", "1", "--steps", "1", "--folder", str(tmp_path)]
    assert generate.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[2] for line in lines[2:]] == formats and all(line.count("%") == 3 for line in lines[2:])
    assert list(tmp_path.iterdir()) == []


def test_neighbours_are_searched_twice_and_agree(benchmark, capsys):
    assert benchmark("neighbours").main(["--blocks", "2"], shape=(50, 16, 30)) == 0
    said = capsys.readouterr().out
    assert "| gannb | 60 |" in said and "other neighbours in 0 rows" in said


def test_sounds_are_measured_draw_by_draw_and_tabulated_once(benchmark, tmp_path, capsys, monkeypatch):
    audio, out, file = benchmark("audio"), tmp_path / "rows.jsonl", tmp_path / "clips.npz"
    for name, small in {"STEPS": 2, "JUDGE_STEPS": 2, "MADE": 2}.items():
        monkeypatch.setattr(audio, name, small)
    made = clips(n=8, classes=3)
    is_test = np.arange(len(made)) % 8 < 2
    np.savez(file, audio=made.x, labels=made.y, rate=8000, is_test=is_test)
    words = [
        str(file),
        "--classifiers",
        "logmel_cnn",
        "--policies",
        "none",
        "shift",
        "--generators",
        "copies",
        "specgan",
    ]
    words += ["--steps", "1", "--per-class", "2", "--draws", "2", "--classes", "2", "--out", str(out)]
    assert audio.main(words) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    whose = [row.get("policy", row.get("generator")) for row in rows]
    assert (
        whose == ["none", "shift"] * 2 + ["copies", "specgan"] * 2 and [row["draw"] for row in rows] == [0, 0, 1, 1] * 2
    )
    assert rows[4]["nn_ratio"] == 0 and rows[5]["nn_ratio"] > 0
    assert all(0 <= row["cas"] <= 1 and 0 <= row["gan_test"] <= 1 for row in rows[4:])
    before = out.read_text()
    assert audio.main(words) == 0 and out.read_text() == before
    capsys.readouterr()
    assert audio.main(["--table", "--out", str(out)]) == 0
    table = capsys.readouterr().out
    assert "| logmel_cnn | none | 2 | 2 | 2 |" in table and "| specgan | 1 | 2 | 2 | 2 |" in table
    gain = np.mean([100 * (rows[i + 1]["accuracy"] - rows[i]["accuracy"]) for i in (0, 2)])
    assert f"| logmel_cnn, shift | logmel_cnn, none | 2 | {gain:+.1f} [" in table


def box_of(boxes, *drawn: tuple[str, str, int, int, int]) -> np.ndarray:
    """A box of 100 pixels with (colour, shape, top, left, width) drawn into it."""
    box = np.full((100, 100, 3), boxes.GREY, np.uint8)
    for colour, shape, top, left, width in drawn:
        place = Image.fromarray(box)
        pen, around = ImageDraw.Draw(place), (left, top, left + width - 1, top + width - 1)
        if shape == "triangle":
            pen.polygon([(left + width // 2, top), around[2:], (left, around[3])], boxes.COLOURS[colour])
        else:
            {"square": pen.rectangle, "circle": pen.ellipse}[shape](around, boxes.COLOURS[colour])
        box = np.asarray(place)
    return box


def tower_of(boxes, *colours: str) -> np.ndarray:
    """A tower, its colours from the top."""
    lowest = [(colour, "square", 80 - 21 * i, 40, 20) for i, colour in enumerate(colours[::-1])]
    return box_of(boxes, *lowest)


def test_boxes_say_in_a_caption_what_lies_in_them(benchmark):
    boxes = benchmark("boxes")
    said = lambda box: boxes.caption(boxes.objects(box))  # noqa: E731
    assert said(tower_of(boxes, "black", "blue", "blue")) == "a tower of three blocks: black on blue on blue"
    assert said(tower_of(boxes, "yellow")) == "a tower of one block: yellow"
    scatter = [("blue", "circle", 5, 5, 30), ("black", "square", 50, 10, 10), ("black", "square", 70, 60, 20)]
    assert said(box_of(boxes, *scatter)) == "two black squares and one blue circle"
    scatter[2] = ("yellow", "triangle", 60, 60, 30)
    assert said(box_of(boxes, *scatter)) == "one black square, one blue circle and one yellow triangle"


def picture_of(boxes: list[np.ndarray]) -> bytes:
    """Three boxes beside each other as PNG, as NLVR has them."""
    bar, content = np.full((100, 50, 3), 128, np.uint8), io.BytesIO()
    Image.fromarray(np.concatenate([boxes[0], bar, boxes[1], bar, boxes[2]], 1)).save(content, "PNG")
    return content.getvalue()


def test_images_of_captions_are_measured_once_by_a_matcher_that_shares_nothing_with_them(benchmark, tmp_path, capsys):
    boxes, captions = benchmark("boxes"), benchmark("captions")
    towers = [c for n in (1, 2, 3, 4) for c in product(boxes.COLOURS, repeat=n)]
    found = [tower_of(boxes, *colours) for colours in towers]
    found += [box_of(boxes, (c, s, 10 * i, 20, 30)) for c in boxes.COLOURS for s in boxes.SHAPES for i in range(7)]
    files = [picture_of(found[i : i + 3]) for i in range(0, len(found), 3)]
    data = tmp_path / "nlvr.npz"
    np.savez(data, png=np.frombuffer(b"".join(files), np.uint8), offsets=np.cumsum([0, *map(len, files)]))
    words = [str(data), "--families", "caption_plain", "--steps", "2", "--matcher-steps", "2", "--out", str(tmp_path)]
    captions.main(words)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["generator"] for row in rows] == ["real", "caption_plain"] and rows[0]["towers_seen"] == 1
    assert (tmp_path / "caption_plain-0.png").is_file() and rows[1]["distinct"] <= 120
    parts = captions.divided(boxes.read(data), seed=1, unseen=10)
    ids = [set(part.ids) for part in (parts.gan, parts.matcher, parts.test)]
    assert not (ids[0] & ids[1] or ids[0] & ids[2] or ids[1] & ids[2])
    unseen = set(parts.test.captions[parts.unseen, 0])
    assert unseen and not unseen & set(parts.gan.captions[:, 0]) and set(parts.test.captions[:, 0]) - unseen
    before = (tmp_path / "rows.jsonl").read_text()
    captions.main(words)
    assert (tmp_path / "rows.jsonl").read_text() == before
    captions.main(["--table", "--out", str(tmp_path)])
    assert "| caption_plain | 2 | 1 |" in capsys.readouterr().out


def test_families_are_compared_seed_by_seed_with_the_plain_one(benchmark):
    captions = benchmark("captions")
    row = lambda name, seed, value: {  # noqa: E731
        "generator": name,
        "steps": 9,
        "seed": seed,
        **dict.fromkeys(captions.DIFFERENCES, value),
    }
    rows = [row("gan_cls", k, 0.5 + 0.1 * k) for k in range(4)] + [row(captions.PLAIN, k, 0.55) for k in range(3)]
    found = captions.differences(rows)
    assert "| gan_cls | 9 | unseen_10 | +0.050 [-0.198, +0.298] | 2 of 3 |" in found  # t of 2 degrees of freedom


def test_two_images_of_a_caption_differ_by_so_much(benchmark):
    x = np.zeros((5, 2, 2, 3), np.uint8)
    x[1], x[4] = 10, 99
    said = np.array(["one circle"] * 2 + ["two circles"] + ["a tower of one block: blue"] * 2)
    assert benchmark("captions").variety(x, said) == 10


def test_new_names_of_emoji_are_put_together_of_others(benchmark, tmp_path):
    twemoji, names = benchmark("twemoji"), [f"{c} {s}" for c in ("red", "green", "old") for s in ("hat", "cat", "owl")]
    names = [*names[:7], *(f"dog {i}" for i in range(twemoji.LEAST))]
    stored = tmp_path / "emoji.npz"
    groups = ["Big Things"] * len(names) + ["Flags"]
    np.savez(stored, images=np.zeros((len(groups), 8, 8, 3), np.uint8), names=[*names, "a flag"], groups=groups)
    twemoji.write(stored, tmp_path / "set")
    found = list((tmp_path / "set").rglob("*.png"))
    assert len(found) == len(names) and {file.parent.name for file in found} == {"big"}  # flags are too few
    head, *rows = (tmp_path / "set-new.csv").read_text(encoding="utf-8").splitlines()
    new = [row.removesuffix(",big") for row in rows]
    assert head == "caption,class" and len(set(new)) == twemoji.NEW and not set(new) & set(names)
    firsts, lasts = ({name.split()[place] for name in names} for place in (0, -1))
    assert {name.split()[0] for name in new} <= firsts and {name.split()[1] for name in new} <= lasts


def test_towers_are_right_where_every_block_is_and_nothing_above(benchmark):
    boxes, captions = benchmark("boxes"), benchmark("captions")
    shown = [tower_of(boxes, "black", "blue"), tower_of(boxes, "blue", "black"), tower_of(boxes, "blue")]
    said = np.array(["a tower of two blocks: black on blue"] * 3)
    assert captions.right_towers(np.stack(shown), said).tolist() == [True, False, False]
    taller = np.stack([tower_of(boxes, "yellow", "black", "blue")])
    assert captions.right_towers(taller, said[:1]).tolist() == [False]


def test_the_classifier_that_grows_is_put_beside_the_one_that_does_not(benchmark, tmp_path, capsys):
    split_folder(tmp_path / "photos", n=6)
    asked = ["--size", "40", "--draws", "2", "--per-class", "4", "--steps", "2"]
    benchmark("sides").main([str(tmp_path / "photos"), *asked])
    *rows, last = capsys.readouterr().out.splitlines()
    assert len(rows) == 4 and rows[2].startswith("| 0 |") and "times faster" in last and "mean gain" in last


def test_the_check_of_a_gpu_says_where_there_is_none(benchmark, capsys):
    assert benchmark("gpu").main([]) == 1
    assert capsys.readouterr().out == "no GPU: none is seen on this machine; nothing was measured\n"


def test_a_check_of_a_gpu_is_a_line_and_one_that_breaks_or_hangs_spoils_no_other(benchmark, monkeypatch, capsys):
    gpu = benchmark("gpu")
    found = {"machine": ("PASS", "torch"), "guard": ("FAIL", "not done after 30 s")}
    monkeypatch.setattr(gpu, "run_apart", lambda name, setting, limit: found[name])
    assert gpu.main(["--device", "cpu", "--only", "machine", "guard"]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("PASS machine") and second.startswith("FAIL guard") and last.startswith("1 of 2 passed")


def test_a_check_of_a_gpu_that_dies_is_told(benchmark, tmp_path, monkeypatch):
    gpu = benchmark("gpu")
    script = tmp_path / "script.py"
    script.write_text("import os; os._exit(7)")
    monkeypatch.setattr(gpu, "__file__", str(script))
    state, text = gpu.run_apart("machine", gpu.Setting("cpu", True), 60)
    assert state == gpu.FAIL and text.startswith("died with exit code 7")
    script.write_text("import time; time.sleep(600)")
    assert gpu.run_apart("machine", gpu.Setting("cpu", True), 1) == (gpu.FAIL, "not done after 1 s")


def test_scale_schedules_plans_and_simulates(benchmark, tmp_path, capsys):
    scale = benchmark("scale")
    assert len(scale.graph(100)) == 100 and scale.schedule(100)["units"] == 100
    assert scale.plan(2)["studies"] == 8
    units = scale.graph(60)  # three draws
    seconds = {"draw": 0.1, "gan": 20.0, "items": 1.0, "classifier": 3.0}
    assert scale.finished_after(units, seconds, 1) == pytest.approx(3 * (20 + 1 + 17 * 3))
    alone = scale.finished_after(units, seconds, 1000)
    assert alone == scale.ideal(units, seconds, 1000) == pytest.approx(20 + 1 + 3)
    for workers in (2, 3, 7):
        assert scale.ideal(units, seconds, workers) <= scale.finished_after(units, seconds, workers)
    file = tmp_path / "trials" / "unit" / "unit.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"kind": "generator", "parameters": {"gan_steps": 5}, "seconds": 7.0}))
    assert scale.recorded_seconds(tmp_path)["gan"] == 7.0
    with pytest.raises(SystemExit):
        scale.main(["simulate"])
