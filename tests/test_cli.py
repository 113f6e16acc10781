"""The command line: what it understands, what it says, and its exit codes."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Literal, get_args, get_origin

import argcomplete
import numpy as np
import pytest
import yaml
from conftest import SMOKE
from pace import run
from PIL import Image

from gannb.cli import COMMANDS, main, make_parser
from gannb.experiment.status import write_status
from gannb.study.help import by_stage, completions, meaning
from gannb.study.model import NOTEBOOKS, Study
from gannb.utils.console import talk
from gannb.utils.doing import Activity, doing
from gannb.utils.errors import InputError
from gannb.work.locks import study_lock


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def command(*arguments: str) -> subprocess.CompletedProcess:
    return run([sys.executable, "-m", "gannb.cli", *arguments])


@pytest.fixture
def asked(monkeypatch) -> list[tuple[Study, tuple[str, ...]]]:
    """Studies and notebooks that would have been run."""
    calls = []

    def run_notebooks(study, notebooks):
        calls.append((study, tuple(notebooks)))
        return {"sentence": "They help.", "page": Path("report.html"), "failed": []}

    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", run_notebooks)
    monkeypatch.setattr("gannb.jupyter.settling.run_until_settled", lambda study: run_notebooks(study, ("settled",)))
    return calls


FULL = "gannb: the disk is full; make room, and the same command goes on from there."

# ---- what it understands ----


def test_a_text_that_is_no_yaml_is_taken_as_it_stands(asked):
    assert main(["run", "--set", r"groups=[a-z]+(\d)", "name=2024-02-30"]) == 0
    assert (asked[0][0].groups, asked[0][0].name) == (r"[a-z]+(\d)", "2024-02-30")


@pytest.mark.parametrize("arguments", [["--data", ""], [""]], ids=["data", "study"])
def test_an_empty_argument_is_no_default(asked, arguments, capsys):
    assert main(["run", *arguments]) == 2 and asked == []
    assert re.search("data is empty|There is no study file", capsys.readouterr().err)


def test_digits_are_not_taken_where_a_folder_is_called_so(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert main(["run", "--data", "digits"]) == 2 and "write ./digits for it" in capsys.readouterr().err
    assert main(["run", "--data", "./digits"]) == 0 and asked[0][0].data == str(tmp_path / "digits")
    (tmp_path / "digits" / "study.json").write_text("{}")  # the folder of a study of digits
    assert main(["run", "--data", "digits"]) == 0 and asked[1][0].data == "digits"


def test_without_arguments_the_default_study_is_run(asked):
    assert main(["run"]) == 0
    ((study, notebooks),) = asked
    assert (study.data, study.name, notebooks) == ("digits", "digits", NOTEBOOKS)


def test_data_and_parameters_are_taken_from_the_file_then_the_option_then_set(asked, tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump({"data": "elsewhere", "trials": 3, "gan_steps": 7, "name": "mine"}))
    assert main(["run", str(file), "--data", "digits", "--set", "gan_steps=9", "rope=.02", "--set", "size=32"]) == 0
    study = asked[0][0]
    assert (study.data, study.name, study.trials, study.gan_steps, study.rope) == ("digits", "mine", 3, 9, 0.02)
    assert study.size == "32"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("arms=real,real+gan", "arms", ("real", "real+gan")), ("arms=[real, real+gan]", "arms", ("real", "real+gan")),
        ("trials=4", "trials", 4), ("rope=0.005", "rope", 0.005), ("rope=5e-3", "rope", 0.005),
        ("size=96x64", "size", "96x64"), ("n_per_class=null", "n_per_class", None), ("name=a.b", "name", "a.b"),
        (r"groups=^(\d+)_", "groups", r"^(\d+)_"), ("positive=malignant", "positive", "malignant"),
        ("positive=1", "positive", "1"), ("positive=001", "positive", "001"), ("positive=yes", "positive", "yes"),
        ("positive=null", "positive", None),
        ("keep_classes=001", "keep_classes", ("001",)), ("keep_classes=[3, 8]", "keep_classes", ("3", "8")),
        ("keep_classes=", "keep_classes", ()), ("held_out=yes,no", "held_out", ("yes", "no")),
    ],
)  # fmt: skip
def test_values_are_read_as_in_yaml(asked, text, name, value):
    assert main(["run", "--set", text]) == 0
    assert getattr(asked[0][0], name) == value


@pytest.mark.slow
def test_a_studys_folder_goes_on_with_its_parameters(asked, finished):
    assert main(["run", str(finished), "--set", "classifier_steps=6"]) == 0
    study = asked[0][0]
    assert study.folder == finished
    assert (study.gan_steps, study.classifier_steps, study.preset) == (SMOKE["gan_steps"], 6, "smoke")


def test_report_runs_the_last_notebook_alone(asked, finished):
    assert main(["report", str(finished)]) == 0
    assert asked[0][1] == ("05_compare",)


def test_a_study_is_run_until_it_is_settled_where_that_is_asked(asked, finished):
    assert main(["run", str(finished), "--until", "settled", "--set", "trials_most=12"]) == 0
    ((study, what),) = asked
    assert (study.folder, study.trials_most, what) == (finished, 12, ("settled",))


@pytest.mark.parametrize("until", ["forever", "", "Settled"])
def test_until_takes_nothing_but_settled(asked, until, capsys):
    assert main(["run", "--until", until]) == 2 and asked == []
    assert "settled" in capsys.readouterr().err.splitlines()[-1]


def test_a_smoke_run_is_never_settled(tmp_path, capsys):
    assert main(["run", "--until", "settled", "--set", "preset=smoke", f"output_dir={tmp_path}"]) == 2
    assert "a smoke run is too small to settle anything" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


# ---- help, and what a shell completes ----


def help_of(capsys, monkeypatch, *arguments: str) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as done:
        main([*arguments, "--help"])
    assert done.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=lambda c: " ".join(c) or "gannb")
def test_help_fits_a_screen(capsys, monkeypatch, command):
    lines = help_of(capsys, monkeypatch, *command).splitlines()
    assert len(lines) <= 45 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", ["run", "plan"])
def test_help_names_every_parameter_beside_its_stage(capsys, monkeypatch, name):
    text = help_of(capsys, monkeypatch, name)
    listed = text.partition("parameters, by stage")[2].partition("examples")[0]
    assert set(Study.model_fields) <= set(listed.split())
    for title, names in by_stage().items():
        assert re.search(rf"^  {title} +{names[0]}", listed, re.MULTILINE)


def test_help_says_what_every_command_is_for(capsys, monkeypatch):
    text = " ".join(help_of(capsys, monkeypatch).split())
    assert all(f"{name} {command.help}" in text for name, command in COMMANDS.items())


def test_parameters_lists_each_with_its_meaning_or_tells_all_of_one(capsys):
    assert main(["parameters"]) == 0
    table = capsys.readouterr().out
    assert max(map(len, table.splitlines())) <= 80
    for name in Study.model_fields:
        assert re.search(rf"^  {name} ", table, re.MULTILINE)
        assert " ".join(meaning(name).split()) in " ".join(table.split())
    assert main(["parameters", "trials", "preset"]) == 0
    one = capsys.readouterr().out
    assert one.startswith("trials\n") and "whole number, 2 to 1,000" in one and "by default 16 draws" in one
    assert "smoke, laptop or gpu" in one


def completed(line: str) -> set[str]:
    """The words that a shell gets offered for the last one of a line."""
    finder = argcomplete.CompletionFinder(make_parser())
    offered = itertools.takewhile(
        lambda text: text is not None, map(partial(finder.rl_complete, line), itertools.count())
    )
    return {text.split()[-1] for text in offered}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pl", {"plan"}), ("status --j", {"--json"}), ("run --da", {"--data"}),
        ("run --set gan_s", {"gan_steps="}), ("plan --set trials=4 rop", {"rope="}),
        ("run --set preset=", {"preset=smoke", "preset=laptop", "preset=gpu"}),
        ("run --set tune=t", {"tune=true"}), ("run --set device=cp", {"device=cpu"}),
        ("run --set gan=dc", {"gan=dcgan", "gan=dcgan_per_class"}),
        ("run --set arms=real+ga", {f"arms=real+{n}" for n in ("gan", "gan+classic", "gaussian+classic")}),
        ("parameters tri", {"trials", "trials_most"}), ("run --unt", {"--until"}),
        ("run --until ", {"settled"}), ("completion z", {"zsh"}),
    ],
)  # fmt: skip
def test_the_tab_key_completes_commands_options_parameters_and_values(line, offered):
    assert completed(line) == offered


def test_a_shell_is_answered(tmp_path):
    line, file = "gannb run --set tun", tmp_path / "answer"
    settings = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    settings["_ARGCOMPLETE_STDOUT_FILENAME"] = str(file)
    run([sys.executable, "-m", "gannb.cli"], env=os.environ | settings)
    assert file.read_text() == "tune="


def test_every_choice_of_the_model_is_offered_as_a_completion():
    for name, field in Study.model_fields.items():
        for part in (field.annotation, *get_args(field.annotation)):
            choices = get_args(part) if get_origin(part) is Literal else ()
            assert {f"{name}={choice}" for choice in choices} <= set(completions(f"{name}="))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_code_for_the_shell(capsys, shell):
    assert main(["completion", shell]) == 0
    assert "_ARGCOMPLETE" in capsys.readouterr().out


# ---- what it says, and exit codes ----


def test_done_prints_the_answer_and_the_page(asked, capsys):
    assert main(["run"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["They help.", "report.html"]


def test_failed_units_give_exit_code_1_and_their_errors(monkeypatch, capsys):
    failed = [{"unit": "trials/000/mlp-abc", "error": "TrainingError: nan"}]
    result = {"sentence": "Undecided.", "page": Path("report.html"), "failed": failed}
    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", lambda study, notebooks: result)
    assert main(["run"]) == 1
    output = capsys.readouterr()
    assert "Undecided." in output.out
    assert output.err.splitlines()[-1] == "gannb: trials/000/mlp-abc failed: TrainingError: nan"


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("trials=1 is not valid."), 2, "gannb: trials=1 is not valid."),
        (RuntimeError("02_train_gan: broken"), 1, "gannb: RuntimeError: 02_train_gan: broken"),
        (KeyboardInterrupt(), 1, "gannb: stopped; what was finished is kept, and the same command goes on from there."),
        (
            OSError(5, "Input/output error"),
            1,
            "gannb: the disk reports a fault; see to the disk, and the same command goes on from there.",
        ),
        (
            OSError(28, "No space left on device"),
            1,
            FULL,
        ),
        (OSError(28, "No space left on device", "/x/y"), 1, FULL.replace("disk", "disk of /x/y")),
        (
            RuntimeError("5 requested and 3 found"),
            1,
            "gannb: RuntimeError: 5 requested and 3 found",
        ),
        (
            OSError("115008 requested and 61312 written"),
            1,
            FULL,
        ),
        (
            RuntimeError("01_data: OSError: [Errno 28] No space left on device; x shows where"),
            1,
            FULL,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_end_has_its_exit_code_and_one_line_last_on_stderr(monkeypatch, capsys, error, code, says):
    def run_notebooks(study, notebooks):
        raise error

    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", run_notebooks)
    assert main(["run"]) == code
    assert capsys.readouterr().err.splitlines()[-1] == says


def test_who_is_told_to_end_says_what_is_kept_and_ends_as_the_signal_says(monkeypatch, capsys):
    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", lambda *_: signal.raise_signal(signal.SIGTERM))
    usual = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {
        each: signal.signal(each, handler) for each, handler in usual.items()
    }  # dask_jobqueue leaves one of its own
    try:
        assert main(["run"]) == 143
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    said = "gannb: stopped; what was finished is kept, and the same command goes on from there."
    assert capsys.readouterr().err.splitlines()[-1] == said


def test_status_tells_what_is_done(smoke, capsys):
    assert main(["status", str(smoke)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("digits: done\n")
    assert re.search(r"training classifiers +12 of 12\n", text) and "left" not in text


def test_status_as_json_is_what_status_json_says_with_documented_keys(smoke, capsys):
    assert main(["status", str(smoke), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((smoke / "status.json").read_text())
    assert (found["study"], found["state"], found["seconds_left"], found["failed"]) == ("digits", "done", 0, [])
    assert found["units"]["classifier"] == {"done": 12, "running": 0, "failed": 0, "total": 12}
    assert all(f"`{key}`" in write_status.__doc__ for key in (*found, *found["units"]["classifier"]))


def test_plan_as_json_is_nothing_but_the_plan(finished, capsys):
    assert main(["plan", str(finished), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["units"]["generator"] == {"todo": 0, "total": 2, "seconds": 0}


@pytest.mark.parametrize("quiet", [False, True])
def test_a_plan_that_takes_long_says_on_stderr_what_it_is_doing(monkeypatch, capsys, quiet):
    monkeypatch.setattr("gannb.utils.doing.SILENCE", 0.02)

    def slow(study):
        with doing("timing a few steps"):
            time.sleep(0.5)
        return {"study": study.name}

    monkeypatch.setattr("gannb.experiment.estimate.plan", slow)
    assert main(["plan", "--json", *["-q"] * quiet]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"study": "digits"}
    assert said.err == "" if quiet else re.search(r"^gannb: timing a few steps, \d+ s \.\.\.$", said.err, re.MULTILINE)


def test_what_reading_and_timing_take_is_said(tmp_path, monkeypatch, capsys):
    """The places where a plan spends its time say so."""
    begun: list[str] = []

    class Noted(Activity):
        def __init__(self, what: str, *rest) -> None:
            begun.append(what)
            super().__init__(what, *rest)

    monkeypatch.setattr("gannb.utils.doing.Activity", Noted)
    assert (
        main(["plan", "--set", *(f"{k}={v}" for k, v in SMOKE.items() if k != "arms"), f"output_dir={tmp_path}"]) == 0
    )
    assert begun[0] == "planning"  # all of it, what has no words of its own as well
    assert {"reading digits", "timing a few steps with images of 8x8"} <= set(begun)


# ---- how much, and in colour ----


@pytest.mark.parametrize(("option", "level"), [([], "normal"), (["-q"], "quiet"), (["--verbose"], "verbose")])
def test_a_run_and_its_kernels_are_told_how_much_to_say(monkeypatch, option, level):
    said = []

    def run_notebooks(study, notebooks):
        said.append(talk())
        raise RuntimeError("broken")

    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", run_notebooks)
    assert main(["run", *option]) == 1
    assert said == [level] and talk() == "normal"


def test_quiet_prints_the_result_alone(asked, capsys):
    assert main(["run", "--quiet"]) == 0
    assert capsys.readouterr().out == "They help.\nreport.html\n"


def test_verbose_shows_where_an_error_comes_from(monkeypatch, capsys):
    def run_notebooks(study, notebooks):
        raise RuntimeError("broken")

    monkeypatch.setattr("gannb.jupyter.runner.run_notebooks", run_notebooks)
    assert main(["run", "--verbose"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback") and lines[-1] == "gannb: RuntimeError: broken"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_status_and_errors_in_colour(smoke, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setattr("sys.stderr", Terminal())
    assert main(["status", str(smoke)]) == 0
    assert sys.stdout.getvalue().startswith("\033[32mdigits: done\033[0m\n")
    assert main(["status", str(smoke), "--json"]) == 0
    assert "\033" not in sys.stdout.getvalue().partition("{")[2]
    assert main(["rnu"]) == 2
    assert sys.stderr.getvalue() == "\033[31mgannb:\033[0m There is no command rnu; did you mean run?\n"


def test_status_of_a_study_at_work(smoke, capsys):
    with study_lock(smoke):
        assert main(["status", str(smoke)]) == 0
    assert capsys.readouterr().out.startswith("digits: running\n")


# ---- wrong input: exit code 2, one sentence last on stderr, nothing written ----

WRONG = {
    "a device that is not there": (["--set", "device=cuda:9"], "device=cuda:9 is not on this machine"),
    "a family that does not exist": (["--set", "gan=nope"], "there is no family 'nope'; use projection"),
    "a misspelt family": (["--set", "gan=dcgna"], "there is no family 'dcgna'; did you mean dcgan?"),
    "an unknown arm": (["--set", "arms=real,real+gna"], "did you mean real+gan?"),
    "more items than there are": (["--set", "n_per_class=100"], "n_per_class=100"),
    "an unknown parameter": (["--set", "gan_stpes=4"], "did you mean gan_steps?"),
    "an ill-typed parameter": (["--set", "trials=many"], "trials='many' is not valid"),
    "a parameter out of range": (
        ["--set", "test_share=.9"],
        "test_share='.9' is not valid: it takes a number, 0.05 to 0.5",
    ),
    "an empty value": (["--set", "trials="], "trials='' is not valid"),
    "a parameter without a value": (["--set", "trials"], "write it as key=value"),
    "a parameter twice": (["--set", "trials=2", "trials=3"], "gives trials twice; leave one of them out"),
    "a value without a name": (["--set", "=4"], "write it as key=value"),
    "a value that is no YAML": (["--set", "trials=[4"], "--set trials=[4: the value cannot be read"),
    "a network that does not exist": (["--set", "classifier=resnet10x"], "classifier: there is no network"),
    "data that are not there": (["--data", "no/such/folder"], "no/such/folder"),
    "a missing file": (["missing.yaml"], "There is no study file missing.yaml"),
    "items in the place of a study": (["."], ". holds no study; if it holds your items, write --data ."),
    "a file of items in the place of a study": ([__file__], f"{__file__} holds no study; if it holds your items"),
    "a device as the preset is called": (["--set", "device=gpu"], "did you mean cuda?"),
    "an unknown preset": (["--set", "preset=huge"], "preset='huge' is not valid"),
    "a misspelt choice": (["--set", "augmentation=afine"], "augmentation='afine' is not valid: it takes auto, none"),
    "a choice near to one": (["--set", "preset=laptob"], "did you mean laptop?"),
    "an optional choice near to one": (["--set", "resize=crpo"], "did you mean crop?"),
    "a device near to one": (["--set", "device=cdua"], "did you mean cuda?"),
    "a misspelt option": (["--dta", "digits"], "has no --dta; did you mean --data?"),
    "an option without its value": (["--data"], "--data: expected one argument; see `gannb"),
    "quiet and verbose at once": (["-q", "-v"], "-v/--verbose: not allowed with argument -q/--quiet"),
}


@pytest.mark.parametrize("name", ["run", "plan"])
@pytest.mark.parametrize(("arguments", "says"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_refused_before_any_work(tmp_path, monkeypatch, capsys, name, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert main([name, *arguments, "--set", f"output_dir={tmp_path / 'outputs'}"]) == 2
    output = capsys.readouterr()
    last = output.err.splitlines()[-1]
    assert last.startswith("gannb: ") and says in last
    said = [line for line in output.err.splitlines() if not line.endswith(" ...")]  # where the machine is busy
    assert said == [last]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [("trials: [3", "not valid YAML"), ("- a\n- b", "does not hold parameters"), ("trails: 3", "did you mean trials?")],
)
def test_a_wrong_file_is_refused(tmp_path, capsys, content, says):
    (tmp_path / "study.yaml").write_text(content)
    assert main(["run", str(tmp_path / "study.yaml")]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
    assert [f.name for f in tmp_path.iterdir()] == ["study.yaml"]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["run", "--set", "preset=smoke", f"output_dir={tmp_path / 'file' / 'outputs'}"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "cannot be written" in last and "output_dir" in last


def test_a_name_in_use_with_other_data_is_refused(smoke, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for k in ("cat", "dog"):
        (tmp_path / "photos" / k).mkdir(parents=True)
        for i in range(10):
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8)).save(tmp_path / "photos" / k / f"{i}.png")
    before = tree(smoke)
    given = ["--data", str(tmp_path / "photos"), "--set", "name=digits", f"output_dir={smoke.parent}"]
    assert main(["run", *given]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "'digits'" in last and "other data" in last and "name=" in last
    assert tree(smoke) == before


def test_a_set_that_says_no_medium_is_of_images(monkeypatch, capsys):
    plan = {"format": "folder", "classes": ["a"], "counts": [3], "shape": [8, 8, 1], "seed": 0, "no_copies": False}
    made = {"items": 3, "plan": plan | {"generator": "0" * 16}}  # a manifest of before there were several media
    monkeypatch.setattr("gannb.export.generate.generate", lambda *_, **__: made)
    assert main(["generate", "study", "--per-class", "3", "--to", "set"]) == 0
    assert "3 images; what they are and are not for" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["run", "plan", "status", "report"])
def test_a_damaged_study_is_refused(smoke, capsys, name):
    (smoke / "study.json").write_text("{")
    before = tree(smoke)
    assert main([name, str(smoke)]) == 2
    assert "study.json is damaged" in capsys.readouterr().err.splitlines()[-1]
    assert tree(smoke) == before


def test_a_damaged_study_is_refused_by_name_too(smoke, capsys):
    (smoke / "study.json").write_text("{")
    assert main(["run", "--set", "preset=smoke", f"output_dir={smoke.parent}"]) == 2
    assert "study.json is damaged" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", ["status", "report"])
def test_a_folder_without_a_study_is_refused(tmp_path, capsys, name):
    assert main([name, str(tmp_path / "nothing")]) == 2
    assert "There is no study in" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused(smoke, capsys):
    before = json.loads((smoke / "study.json").read_text())
    with study_lock(smoke):
        assert main(["run", str(smoke), "--set", "gan_steps=6"]) == 2
    assert "Another run is at work" in capsys.readouterr().err.splitlines()[-1]
    assert json.loads((smoke / "study.json").read_text()) == before


def test_what_is_wrong_in_a_file_names_it_and_a_newer_study_its_version(smoke, tmp_path, capsys):
    (tmp_path / "my.yaml").write_text("trials: 4\nzzqq: 1\n")
    assert main(["plan", str(tmp_path / "my.yaml")]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"gannb: {tmp_path / 'my.yaml'}: there is no parameter zzqq; `gannb parameters` lists")
    record = json.loads((smoke / "study.json").read_text())
    record["set"]["zzqq"], record["versions"]["gannb"] = 3, "9.9"
    (smoke / "study.json").write_text(json.dumps(record))
    for command in ("plan", "status", "report"):
        assert main([command, str(smoke)]) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert (
            f"{smoke / 'study.json'}: there is no parameter zzqq in gannb" in last
            and "made with 9.9; open it with" in last
        )


def test_the_data_are_named_once(capsys):
    assert main(["plan", "--data", "digits", "--set", "data=digits"]) == 2
    assert "--data and --set data both name the data; leave one of them out" in capsys.readouterr().err


@pytest.mark.parametrize("copy", ["digits - Copy", "digits (2)", "Kopie von digits"])
def test_a_copied_folder_is_a_study_whatever_it_is_called(smoke, copy, capsys):
    (smoke.parent / copy).parent.mkdir(exist_ok=True)
    smoke.rename(smoke.parent / copy)
    for command in (["status"], ["plan", "--json"]):
        assert main([*command, str(smoke.parent / copy)]) == 0
        assert copy in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["status", "report", "plan"])
def test_a_study_that_may_not_be_read_is_named(smoke, name, monkeypatch, capsys):
    monkeypatch.setattr(
        "gannb.work.store._read_record", lambda _: (_ for _ in ()).throw(PermissionError(13, "x", "/t/a"))
    )
    assert main([name, str(smoke)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("gannb: permission is denied (/t/a); change who may read and write there, and the same comm")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "x" * 300],
        ["plan", "x" * 300],
        ["plan", "--data", "x" * 300],
        ["plan", "--set", "name=" + "x" * 300],
        ["status", "~nobody-here/x"],
        ["plan", "--set", "groups=" + "x" * 300 + ".csv"],
        ["plan", "a/" * 3000],
    ],
)
def test_a_name_that_no_folder_has_is_refused_in_a_sentence(arguments, capsys):
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("gannb: ") and "Error" not in lines[0]


# ---- as a process ----


@pytest.mark.slow
def test_wrong_input_as_a_process(tmp_path):
    done = command("run", "--set", "gan=nope", f"output_dir={tmp_path / 'outputs'}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("gannb: gan: there is no family 'nope'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Name a command; the commands are run, sweep, work, plan"), (["rnu"], "no command rnu; did you mean run?"),
        (["xyzzy"], "There is no command xyzzy; the commands are run"), (["status"], "required: outputs/STUDY"),
        (["completion", "bahs"], "did you mean bash?"), (["parameters", "trals"], "did you mean trials?"),
    ],
)  # fmt: skip
def test_a_command_that_is_none_gets_one_sentence(capsys, arguments, says):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert output.err.startswith("gannb: ") and says in output.err


def test_status_as_a_process(smoke):
    done = command("status", str(smoke))
    said = [line for line in done.stderr.splitlines() if not line.endswith(" ...")]  # these tell what takes long
    assert (done.returncode, said) == (0, [])
    assert done.stdout.startswith("digits: done")


@pytest.mark.parametrize("ways", ["2>&-", ">&-", ">&- 2>&-", "<&-"])
def test_a_stream_that_is_closed_is_no_error(tmp_path, ways):
    shell = f"{sys.executable} -m gannb.cli parameters seed {ways}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed\n") == (">&-" not in ways.split())


def test_a_reader_that_has_had_enough_ends_it_without_a_word(tmp_path):
    gannb = f"{sys.executable} -m gannb.cli"
    shell = f"{gannb} parameters | head -1; {gannb} run --set a=1 2>&1 | head -0"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("study\n", "")


def test_an_output_that_takes_nothing_is_told():
    shell = f"{sys.executable} -m gannb.cli parameters seed > /dev/full"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert re.match("gannb: the (disk is full|output cannot be written)", done.stderr)
