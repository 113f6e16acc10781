"""Large sets: what is refused, what is made, and that it is made once, whatever happens."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from captioned_sets import table
from conftest import ROOT
from pace import wait_for

from gannb.cli import main
from gannb.experiment.experiment import Experiment
from gannb.export import formats, shards
from gannb.export import generate as module
from gannb.export.generate import generate, verify
from gannb.media.captioned.sources import open_source
from gannb.study.folder import load_study
from gannb.study.model import make_study
from gannb.utils.errors import InputError

PER_CLASS = 70  # two blocks of a class, so that with small shards there are two


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """A shard has one block of every class."""
    monkeypatch.setattr(shards, "SHARD_ITEMS", 64)


@pytest.fixture(scope="module")
def tar_set(helpful, tmp_path_factory) -> Path:
    """A finished set; `made` is a copy to change."""
    folder = tmp_path_factory.mktemp("sets") / "set"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD_ITEMS", 64)
        generate(helpful, folder, per_class=PER_CLASS, format="webdataset")
    return folder


@pytest.fixture
def made(tar_set, tmp_path) -> Path:
    return Path(shutil.copytree(tar_set, tmp_path / "set"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def times(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*.tar")}


def answered(helpful: Path, tmp_path: Path, **changes) -> Path:
    """A copy of the study with another verdict."""
    study = Path(shutil.copytree(helpful, tmp_path / "outputs" / helpful.name))
    verdict = json.loads((study / "verdict.json").read_text()) | changes
    (study / "verdict.json").write_text(json.dumps(verdict))
    return study


# ---- what is made ----


def test_manifest_and_card_say_what_the_set_is(helpful, tar_set):
    manifest = json.loads((tar_set / "manifest.json").read_text())
    assert manifest["complete"] and manifest["items"] == 10 * PER_CLASS and manifest["counts"]["7"] == PER_CLASS
    assert (manifest["study"], manifest["verdict"]["answer"], manifest["family"]) == ("digits", "helps", "mlp")
    assert [s["name"] for s in manifest["shards"]] == ["train-00000.tar", "train-00001.tar"]
    assert len(manifest["weights_sha256"]) == 64 and manifest["plan"]["seed"] == 0
    assert sorted(p.name for p in tar_set.iterdir()) == [
        "README.md", "manifest.json", "train-00000.tar", "train-00001.tar",
    ]  # fmt: skip
    card = (tar_set / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    assert front["configs"][0]["data_files"][0]["path"] == "train-*.tar"
    assert front["size_categories"] == ["n<1K"] and "synthetic" in front["tags"]
    copies = manifest["copies"]
    for text in (
        "They help.", "The answer is **helps**", "training sets of 40 real images", "on 1,347 labelled images",
        "To test or to validate", "A control did not come out.", "The GAN copies.", "train-{00000..00001}.tar",
        f"{copies['found']:,} of {copies['looked_at']:,}", "whatever belongs to a group with it, was kept back",
    ):  # fmt: skip
        assert text in card


def test_a_larger_set_contains_the_smaller_one_and_goes_on_in_the_same_folder(helpful, made, capsys):
    before, when = content(made), times(made)
    manifest = generate(helpful, made, per_class=PER_CLASS + 90, format="webdataset")
    assert len(manifest["shards"]) == 3 and verify(made) == []
    after = content(made)
    assert after["train-00000.tar"] == before["train-00000.tar"]
    assert times(made)["train-00000.tar"] == when["train-00000.tar"]
    assert after["train-00001.tar"][:5000] == before["train-00001.tar"][:5000]
    assert "960 of 960 items" in capsys.readouterr().out  # those that were missing


def test_equal_items_in_every_format_in_any_number_of_processes(helpful, tar_set, tmp_path, monkeypatch):
    images = {}
    for file in sorted(tar_set.glob("*.tar")):
        with tarfile.open(file) as tar:
            images |= {m.name: tar.extractfile(m).read() for m in tar if m.name.endswith(".png")}
    monkeypatch.setattr(module, "worker_count", lambda *_: 2)
    generate(helpful, tmp_path / "folder", per_class=PER_CLASS)
    found = {f"{int(p.parent.name):05d}-{p.stem}.png": p.read_bytes() for p in (tmp_path / "folder").rglob("*.png")}
    assert found == images and len(found) == 10 * PER_CLASS
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(module, "worker_count", lambda *_: 1)
    generate(helpful, tmp_path / "parquet", per_class=PER_CLASS, classes=["3", "5"], format="parquet")
    files = sorted((tmp_path / "parquet").glob("*.parquet"))
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert {row["label"] for row in rows} == {3, 5} and len(rows) == 2 * PER_CLASS
    assert all(images[row["image"]["path"]] == row["image"]["bytes"] for row in rows)


def test_a_number_per_class_from_a_csv(helpful, tmp_path):
    (tmp_path / "counts.csv").write_bytes("class;count\r\n3;5\r\n8;2\r\n1;0\r\n".encode("utf-16"))  # a spreadsheet's
    manifest = generate(helpful, tmp_path / "set", like=tmp_path / "counts.csv")
    assert {k: n for k, n in manifest["counts"].items() if n} == {"3": 5, "8": 2}
    assert sorted(p.name for p in (tmp_path / "set").iterdir() if p.is_dir()) == ["3", "8"]
    assert "8 of which have none here" in (tmp_path / "set" / "README.md").read_text()


def test_classes_that_got_no_gan_images_in_the_study_get_none_unless_they_are_asked_for(helpful, tmp_path):
    kept = Experiment.preview(make_study(**load_study(helpful).model_dump() | {"keep_classes": "3,8"}))
    assert np.flatnonzero(module._wanted(kept, 5, None, None)).tolist() == [3, 8]
    assert np.flatnonzero(module._wanted(kept, 5, None, ["1", "3"])).tolist() == [1, 3]
    (tmp_path / "counts.csv").write_text("class,count\n1,4\n")
    assert np.flatnonzero(module._wanted(kept, None, tmp_path / "counts.csv", None)).tolist() == [1]


def test_copies_are_left_out_and_counts_hold(helpful, tar_set, tmp_path, monkeypatch):
    class Rule:
        """Every item that is darker than most is a "copy"."""

        def __call__(self, x):
            return x.mean((1, 2, 3)) < x.mean()

    monkeypatch.setattr(shards, "copy_rule", lambda *a: Rule())
    monkeypatch.setattr(shards, "items_of_block", _once(shards.items_of_block))
    manifest = generate(helpful, tmp_path / "set", per_class=PER_CLASS, format="webdataset", no_copies=True)
    assert manifest["items"] == 10 * PER_CLASS and 0 < manifest["copies"]["found"] < 10 * PER_CLASS
    assert manifest["copies"]["looked_at"] == 10 * PER_CLASS
    assert "were replaced by others" in (tmp_path / "set" / "README.md").read_text()
    assert content(tmp_path / "set")["train-00000.tar"] != content(tar_set)["train-00000.tar"]


def _once(call):
    """`items_of_block` with a rule that calls items of the first attempt copies and no others."""

    def wrapped(generator, rule, plan, k, block, wanted):
        first = shards.class_block(generator, plan.seed, k, block)
        bad = {x.tobytes() for x, copy in zip(first, rule(first), strict=True) if copy}
        return call(generator, lambda x: np.array([i.tobytes() in bad for i in x]), plan, k, block, wanted)

    return wrapped


# ---- whole, damaged, missing, foreign ----


def test_a_whole_set_is_left_as_it_is(helpful, made, monkeypatch):
    before, when = content(made), {p: p.stat().st_mtime_ns for p in made.iterdir()}
    monkeypatch.setattr(module, "train_final", lambda experiment: pytest.fail("the generator is not needed"))
    generate(helpful, made, per_class=PER_CLASS, format="webdataset")
    assert content(made) == before and {p: p.stat().st_mtime_ns for p in made.iterdir()} == when


def test_damage_is_named_and_mended_and_nothing_else_is_rewritten(helpful, made, tar_set, capsys):
    data = bytearray((made / "train-00001.tar").read_bytes())
    data[700] ^= 1
    (made / "train-00001.tar").write_bytes(data)
    (made / "train-00009.tar").write_bytes(b"not of this set")
    when = times(made)["train-00000.tar"]
    assert main(["verify", str(made)]) == 1
    assert capsys.readouterr().out.splitlines() == ["damaged: train-00001.tar", "foreign: train-00009.tar"]
    generate(helpful, made, per_class=PER_CLASS, format="webdataset")
    assert content(made) == content(tar_set) and times(made)["train-00000.tar"] == when
    assert (made.parent / "set.foreign" / "train-00009.tar").read_bytes() == b"not of this set"
    (made / "train-00000.tar").unlink()
    assert verify(made) == ["missing: train-00000.tar"]
    generate(helpful, made, per_class=PER_CLASS, format="webdataset")
    assert content(made) == content(tar_set)
    capsys.readouterr()
    assert main(["verify", str(made)]) == 0 and "as it was written" in capsys.readouterr().out


def test_files_of_a_folder_are_mended_one_by_one(helpful, tmp_path):
    made = tmp_path / "set"
    generate(helpful, made, per_class=3, classes=["1", "4"])
    before, when = content(made), {p: p.stat().st_mtime_ns for p in made.rglob("*.png")}
    (made / "1" / "00000001.png").write_bytes(b"damaged")
    (made / "1" / "00000007.png").write_bytes(b"foreign")
    assert verify(made) == ["damaged: one of 1/00000000.png to 4/00000002.png", "foreign: 1/00000007.png"]
    (made / "4" / "00000002.png").unlink()
    assert verify(made)[0] == "missing: 4/00000002.png"
    generate(helpful, made, per_class=3, classes=["1", "4"])
    assert content(made) == before
    changed = {p.name for p, t in when.items() if p.stat().st_mtime_ns != t}
    assert changed == {"00000001.png", "00000002.png"}


@pytest.mark.parametrize("text", ["{", "{}", '{"plan": 3}'])
def test_a_damaged_manifest_is_told(helpful, made, text):
    (made / "manifest.json").write_text(text)
    for call in (lambda: verify(made), lambda: generate(helpful, made, per_class=3)):
        with pytest.raises(InputError, match=r"manifest.json is damaged"):
            call()


def test_what_is_no_set_cannot_be_verified(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 2
    assert "holds no synthetic set" in capsys.readouterr().err


# ---- interrupted ----


def test_a_full_disk_loses_nothing(helpful, tar_set, tmp_path, monkeypatch):
    written, encode = [0], formats._add

    def add(tar, name, data):
        written[0] += 1
        if written[0] == 1950:
            raise OSError(errno.ENOSPC, "No space left on device")
        encode(tar, name, data)

    monkeypatch.setattr(formats, "_add", add)
    with pytest.raises(RuntimeError, match="disk of .* is full: 1 of 2 shards are there"):
        generate(helpful, tmp_path / "set", per_class=PER_CLASS, format="webdataset")
    assert verify(tmp_path / "set") == ["missing: train-00001.tar"]
    assert [p.name for p in (tmp_path / "set" / ".work").iterdir() if p.is_dir()] == []
    when = times(tmp_path / "set")
    generate(helpful, tmp_path / "set", per_class=PER_CLASS, format="webdataset")
    assert content(tmp_path / "set") == content(tar_set)
    assert times(tmp_path / "set")["train-00000.tar"] == when["train-00000.tar"]


@pytest.mark.slow
def test_killed_and_resumed_it_is_the_same_and_nothing_is_made_twice(helpful, tar_set, tmp_path):
    folder = tmp_path / "set"
    code = (
        "import time\nfrom gannb.export import formats, generate, shards\nshards.SHARD_ITEMS = 64\n"
        "add = formats._add\n"
        "def slow(tar, name, data):\n    time.sleep(.01 if tar.name.endswith('1.tar') else 0)\n"
        "    add(tar, name, data)\n"
        "formats._add = slow\n"
        f"generate.generate({str(helpful)!r}, {str(folder)!r}, per_class={PER_CLASS}, format='webdataset')"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    wait_for(lambda: list((folder / ".work").glob("00001-*/*.tar")) or process.poll() is not None, "a second shard")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert verify(folder) == ["missing: train-00001.tar"]
    when = times(folder)
    generate(helpful, folder, per_class=PER_CLASS, format="webdataset")
    assert content(folder) == content(tar_set)
    assert times(folder)["train-00000.tar"] == when["train-00000.tar"]


def test_two_at_once_are_refused(helpful, made):
    with module._held(made), pytest.raises(InputError, match="Another process is at work"):
        generate(helpful, made, per_class=PER_CLASS, format="webdataset")


def test_weights_that_were_trained_anew_are_noticed(helpful, made, monkeypatch):
    monkeypatch.setattr(module, "weights_digest", lambda folder: "0" * 64)
    with pytest.raises(InputError, match="other weights"):
        generate(helpful, made, per_class=PER_CLASS + 1, format="webdataset")


# ---- what is refused, before any work ----


@pytest.fixture
def untouched(monkeypatch):
    monkeypatch.setattr(module, "train_final", lambda experiment: pytest.fail("work was begun"))


def refused(tmp_path: Path, study: Path, *arguments: str, capsys) -> str:
    assert main(["generate", str(study), "--to", str(tmp_path / "set"), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_smoke_run_is_refused_with_the_way_out_whatever_its_verdict(helpful, tmp_path):
    study = answered(helpful, tmp_path)
    record = json.loads((study / "study.json").read_text())
    record["set"]["preset"] = "smoke"
    (study / "study.json").write_text(json.dumps(record))
    verdict = json.loads((study / "verdict.json").read_text())
    verdict["answer_key"] = Experiment.preview(load_study(study)).plan.answer_key
    (study / "verdict.json").write_text(json.dumps(verdict))
    with pytest.raises(InputError, match="is a smoke run, .*--set preset=laptop.*or add --anyway"):
        generate(study, tmp_path / "set", per_class=3)
    assert not (tmp_path / "set").exists()
    assert generate(study, tmp_path / "set", per_class=3, anyway=True)["items"] == 30


@pytest.mark.parametrize("answer", ["hurts", "equivalent", "inconclusive"])
def test_an_answer_that_is_not_helps_is_refused_in_one_sentence(helpful, tmp_path, untouched, capsys, answer):
    study = answered(helpful, tmp_path, answer=answer)
    error = refused(tmp_path, study, "--per-class", "3", capsys=capsys)
    assert f"is '{answer}', not 'helps'" in error and "--anyway" in error and not (tmp_path / "set").exists()


@pytest.mark.parametrize("answer", ["inconclusive", "helps"])
def test_a_study_whose_control_failed_is_refused_and_says_why(helpful, tmp_path, untouched, capsys, answer):
    study = answered(helpful, tmp_path, answer=answer, reason="the classifiers had not converged")
    error = refused(tmp_path, study, "--per-class", "3", capsys=capsys)
    assert "(undecided: the classifiers had not converged), so that" in error and "--anyway" in error


def test_a_study_that_is_refused_stays_as_it_is(helpful, tmp_path, untouched, capsys):
    """Also one that other code has made, as the kept ones: its record names that code, and not what refused it."""
    study = answered(helpful, tmp_path, answer="hurts")
    record = json.loads((study / "study.json").read_text()) | {"git": "another"}
    (study / "study.json").write_text(json.dumps(record | {"resolved": {}}))
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    refused(tmp_path, study, "--per-class", "3", capsys=capsys)
    assert {path: path.read_bytes() for path in study.rglob("*") if path.is_file()} == before


def test_anyway_makes_it_and_the_card_says_so(helpful, tmp_path, capsys):
    study = answered(helpful, tmp_path, answer="hurts", reason="the classifiers had not converged")
    arguments = ["--per-class", "2", "--classes", "0", "--to", str(tmp_path / "set"), "--anyway"]
    assert main(["generate", str(study), *arguments]) == 0
    assert "The answer is **hurts**" in (tmp_path / "set" / "README.md").read_text()
    assert "2 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        {"gan_steps": 6},
        {"n_synthetic": 6},
        {"classifier_steps": 6},
        {"trials": 3},
        {"rope": 0.02},
        {"metric": "accuracy"},
    ],
)
def test_a_verdict_on_other_parameters_is_refused(helpful, tmp_path, untouched, capsys, change):
    study = answered(helpful, tmp_path)
    Experiment.open(load_study(study).model_copy(update=change))
    assert "is about other parameters" in refused(tmp_path, study, "--per-class", "3", capsys=capsys)


@pytest.mark.parametrize("lacks", ["answer_key", "reason"])
def test_a_verdict_of_an_earlier_version_is_to_be_written_again(helpful, tmp_path, untouched, capsys, lacks):
    study = answered(helpful, tmp_path)
    verdict = json.loads((study / "verdict.json").read_text())
    del verdict[lacks]
    (study / "verdict.json").write_text(json.dumps(verdict))
    assert "write it again, with `gannb report`" in refused(tmp_path, study, "--per-class", "3", capsys=capsys)


def test_parameters_that_the_answer_does_not_hang_on_may_change(helpful, tmp_path):
    study = answered(helpful, tmp_path)
    Experiment.open(load_study(study).model_copy(update={"workers": 2, "classifier": ("small_cnn", "deep_cnn")}))
    assert generate(study, tmp_path / "set", per_class=1)["complete"]


WRONG = {
    "an unknown format": (["--per-class", "3", "--format", "zip"], "format=zip is none of folder, webdataset, parquet"),
    "an unknown class": (["--per-class", "3", "--classes", "1,x"], "there is no class 'x'"),
    "a class twice": (["--per-class", "3", "--classes", "1,1"], "none twice"),
    "no images": (["--per-class", "0"], "asks for 0 items of a class"),
    "a negative number": (["--per-class", "-3"], "asks for -3 items of a class"),
    "too many": (["--per-class", "100000001"], "100,000,001 items"),
    "a seed out of range": (["--per-class", "3", "--seed", "-1"], "seed=-1 is out of range"),
    "no file": (["--like", "none.csv"], "like: there is no file 'none.csv'"),
    "more than the disk holds": (["--per-class", "90000000"], "needs about"),
}


@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused(helpful, tmp_path, untouched, capsys, arguments, says, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("", (), {"free": 10**9}))
    assert says in refused(tmp_path, helpful, *arguments, capsys=capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "needs the columns class and count"), ("class,count\n", "needs the columns"),
        ("class,count\nx,2\n", "names 'x'"), ("class,count\n1,2\n1,3\n", "names '1' twice"),
        ("class,count\n1,many\n", "'1' the count 'many'"), ("class,count\n1,-2\n", "the count '-2'"),
        ("class,count\n1,0\n", "asks for 0 items"), ("class,count\n1\n", "the count ''"),
    ],
)  # fmt: skip
def test_a_csv_that_is_wrong_is_refused(helpful, tmp_path, untouched, capsys, text, says):
    (tmp_path / "counts.csv").write_text(text)
    assert says in refused(tmp_path, helpful, "--like", str(tmp_path / "counts.csv"), capsys=capsys)
    assert not (tmp_path / "set").exists()


def test_the_disk_that_is_needed_is_what_is_written(helpful, tar_set):
    experiment = Experiment.open(load_study(helpful))
    size = sum(p.stat().st_size for p in tar_set.glob("*.tar")) / (10 * PER_CLASS)
    plan = shards.Plan.of(shards.read_manifest(tar_set))
    assert module._bytes_per_item(experiment, plan, 4096) == pytest.approx(size, rel=0.1)


@pytest.mark.parametrize("what", ["file", "folder", "another set", "a larger set"])
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(helpful, made, untouched, what):
    more = {}
    if what == "file":
        shutil.rmtree(made)
        made.write_text("a file")
    elif what == "folder":
        shutil.rmtree(made)
        made.mkdir()
        (made / "thesis.tex").write_text("")
    more = {"seed": 1} if what == "another set" else {}
    says = {"another set": r"another set \(seed differ", "a larger set": "a larger set; ask"}
    before = content(made.parent)
    with pytest.raises(InputError, match=says.get(what, "something else")):
        generate(helpful, made, per_class=PER_CLASS - (what == "a larger set"), format="webdataset", **more)
    assert content(made.parent) == before


def test_a_folder_that_cannot_be_written_is_named(helpful, tmp_path, untouched, monkeypatch, capsys):
    def refuse(self, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    error = refused(tmp_path, helpful, "--per-class", "3", capsys=capsys)
    assert re.search(r"set cannot be written \(read-only file system\)", error)


def test_another_file_system_will_do(helpful):
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or os.stat(shared_memory).st_dev == os.stat(helpful).st_dev:
        pytest.skip("there is no other file system here")
    folder = shared_memory / f"gannb-test-{os.getpid()}"
    try:
        generate(helpful, folder, per_class=2, classes=["0", "1"])
        assert verify(folder) == [] and len(list(folder.rglob("*.png"))) == 4
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- captions


ASKED = [("a red thing at place 3", "circle"), ("a purple thing", "square"), ("a red thing far away", "circle")]


@pytest.fixture(scope="module")
def asked(tmp_path_factory) -> Path:
    """A file of captions of no order."""
    return table(tmp_path_factory.mktemp("asked") / "new.csv", ASKED, ("caption", "class"))


def told_of(folder: Path) -> dict[str, str]:
    """The caption of each image of a set, by its file."""
    rows = map(json.loads, (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["file_name"]: row["text"] for row in rows}


def test_an_image_of_each_caption_of_a_file_is_made(captioned, asked, tmp_path, capsys):
    assert main(["generate", str(captioned), "--captions", str(asked), "--to", str(tmp_path / "set")]) == 0
    assert "remark: 3 words of the new captions stand in no caption of the data" in capsys.readouterr().err
    told = {"circle/00000000.png": ASKED[0][0], "circle/00000001.png": ASKED[2][0], "square/00000000.png": ASKED[1][0]}
    assert told_of(tmp_path / "set") == told and all((tmp_path / "set" / name).is_file() for name in told)
    assert verify(tmp_path / "set") == []
    source, _ = open_source(str(tmp_path / "set"), None, "fail")
    assert dict(zip(source.ids, [own[0] for own in source.captions], strict=True)) == told
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "of a file that was given for it" in card and "metadata.jsonl" in card


def test_the_same_captions_are_the_same_images_in_every_format(captioned, asked, tmp_path):
    generate(captioned, tmp_path / "folder", captions=asked)
    generate(captioned, tmp_path / "tar", captions=asked, format="webdataset")
    with tarfile.open(tmp_path / "tar" / "train-00000.tar") as tar:
        inside = {member.name: tar.extractfile(member).read() for member in tar}
    assert sorted(c.decode() for name, c in inside.items() if name.endswith(".txt")) == sorted(c for c, _ in ASKED)
    images = [(tmp_path / "folder" / name).read_bytes() for name in told_of(tmp_path / "folder")]
    assert sorted(images) == sorted(c for name, c in inside.items() if name.endswith(".png"))


def test_without_a_file_captions_are_those_of_training_images_of_the_class(captioned, tmp_path):
    from gannb.data.examples import Dataset

    generate(captioned, tmp_path / "set", per_class=5)
    pool = Dataset.load(next(captioned.glob("data-*"))).pool
    known = {(pool.classes[k], str(own[0])) for k, own in zip(pool.y, pool.captions, strict=True)}
    told = told_of(tmp_path / "set")
    assert len(told) == 10 and {(name.split("/")[0], text) for name, text in told.items()} <= known
    manifest = generate(captioned, tmp_path / "set", per_class=5)
    assert manifest["plan"]["captioned"] and list(manifest["beside"]) == ["metadata.jsonl"]


def test_lost_captions_are_told_and_written_again(captioned, asked, tmp_path):
    generate(captioned, tmp_path / "set", captions=asked)
    before = told_of(tmp_path / "set")
    (tmp_path / "set" / "metadata.jsonl").unlink()
    assert verify(tmp_path / "set") == ["missing: metadata.jsonl"]
    generate(captioned, tmp_path / "set", captions=asked)
    assert told_of(tmp_path / "set") == before and verify(tmp_path / "set") == []


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("caption,class\na thing,cricle\n", [], "new.csv, line 2: there is no class 'cricle'; did you mean 'circle'"),
        ("caption\na thing\n", [], "new.csv, line 1: there is no column 'class'"),
        ("caption,class\na thing,circle\n", ["--classes", "circle"], "the file says how many items of which class"),
        (None, [], "captions: there is no file"),
    ],
)
def test_captions_that_cannot_be_made_are_refused_before_any_work(captioned, tmp_path, capsys, text, more, says):
    if text is not None:
        (tmp_path / "new.csv").write_text(text, encoding="utf-8")
    arguments = ["generate", str(captioned), "--captions", str(tmp_path / "new.csv"), "--to", str(tmp_path / "set")]
    assert main([*arguments, *more]) == 2 and says in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_captions_of_a_study_without_any_are_refused(helpful, asked, tmp_path, untouched, capsys):
    said = refused(tmp_path, helpful, "--captions", str(asked), capsys=capsys)
    assert "captions: the GAN 'mlp' of" in said and "makes images from labels alone; give --per-class" in said


def test_a_set_that_is_made_slowly_is_told_in_tenths_of_an_item(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    rate = module._Rate(20)
    for now[0] in (40.0, 80.0):
        rate.made(10)
    assert capsys.readouterr().out.splitlines() == [
        "generate: 10 of 20 items, 0.2 a second, about 40 s left",
        "generate: 20 of 20 items, 0.2 a second",
    ]
