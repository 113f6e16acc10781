"""Parameters as people write them: YAML files of any encoding, texts of the command line, numbers and names."""

from __future__ import annotations

import codecs

import pytest

from gannb.study.model import Study, make_study
from gannb.study.written import read_yaml, study_of, value_of
from gannb.utils.errors import InputError


def read(tmp_path, text: str, encoding: str = "utf-8") -> Study:
    """The study of a YAML file with such a text."""
    (tmp_path / "study.yaml").write_bytes(text.encode(encoding))
    return make_study(**read_yaml(tmp_path / "study.yaml"))


def test_a_yaml_file_holds_parameters(tmp_path):
    study = read(tmp_path, "trials: 4\nsize: 32\narms: [real, real+gan]\nrope: 5e-3\ntune: yes\nchannels: 3\n")
    assert (study.trials, study.size, study.arms) == (4, "32", ("real", "real+gan"))
    assert (study.rope, study.tune, study.channels) == (0.005, True, 3)


# What YAML makes something else of: octal, sexagesimal, binary and hexadecimal numbers, dates, yes and no, nothing
NAMES = [
    "001",
    "010",
    "08",
    "12:30",
    "1_000",
    "0x1F",
    "0b11",
    "1e3",
    "1.0",
    ".5",
    "+1",
    "2024-01-15",
    "yes",
    "No",
    "on",
]
NAMES += ["OFF", "true", "null", "~", ".nan", ".inf", "=", "2024-01-15 12:30:00"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_stands_there(tmp_path, name):
    study = read(tmp_path, f"keep_classes: [{name}, b]\nheld_out:\n- {name}\n")
    assert study.keep_classes == (name, "b") and study.held_out == (name,)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("null", "~")])
@pytest.mark.parametrize(
    "parameter", ["positive", "foreign_classes", "related_classes", "name", "output_dir", "groups"]
)
def test_every_parameter_of_text_is_what_stands_there(tmp_path, parameter, name):
    assert getattr(read(tmp_path, f"{parameter}: {name}\n"), parameter) == name
    assert getattr(make_study(**{parameter: value_of(parameter, name)}), parameter) == name


@pytest.mark.parametrize("nothing", ["null", "~", "", "Null"])
def test_nothing_is_as_if_it_were_not_given_and_in_quotes_it_is_a_name(tmp_path, nothing):
    assert read(tmp_path, f"positive: {nothing}\n").positive is None
    assert read(tmp_path, f"positive: '{nothing}'\n").positive == nothing


@pytest.mark.parametrize(("text", "steps"), [("1e3", 1000), ("010", 10), ("1_000", 1000), ("64.0", 64)])
def test_a_number_is_what_people_read_there(tmp_path, text, steps):
    assert read(tmp_path, f"gan_steps: {text}\n").gan_steps == steps
    assert make_study(gan_steps=value_of("gan_steps", text)).gan_steps == steps


@pytest.mark.parametrize("text", ["12:30", "0x10", "yes", "1,5"])
def test_a_number_that_only_yaml_sees_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="gan_steps='.*' is not valid: it takes a whole number, 1 to 10,000,000"):
        read(tmp_path, f"gan_steps: {text}\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_file_is_read_in_the_encoding_that_it_is_marked_with(tmp_path, encoding):
    assert read(tmp_path, "positive: k\xfchl\r\ntrials: 4\r\n", encoding).positive == "k\xfchl"


def test_utf_16_of_the_other_order_is_read(tmp_path):
    (tmp_path / "study.yaml").write_bytes(codecs.BOM_UTF16_BE + "trials: 4\n".encode("utf-16-be"))
    assert read_yaml(tmp_path / "study.yaml") == {"trials": "4"}


@pytest.mark.parametrize("content", ["k\xfchl: 1\n".encode("latin-1"), codecs.BOM_UTF16_LE + b"t"])
def test_another_encoding_is_named(tmp_path, content):
    (tmp_path / "study.yaml").write_bytes(content)
    with pytest.raises(InputError, match=r"study.yaml is not written in UTF-(8|16); save it as text in UTF-8\.$"):
        read_yaml(tmp_path / "study.yaml")


def test_a_parameter_may_not_stand_twice_in_a_file(tmp_path):
    with pytest.raises(InputError, match=r"study.yaml says trials twice; leave one of them out"):
        read(tmp_path, "trials: 4\nsize: 32\ntrials: 6\n")
    for nested in ("grid: {gan: [mlp], gan: [dcgan]}\n", "grid:\n  - {gan: [mlp], seed: [1], gan: [x]}\n"):
        with pytest.raises(InputError, match=r"study.yaml says gan twice; leave one of them out"):
            read(tmp_path, nested)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"trials: [4\nseed: 1", "not valid YAML at line"), (b"- trials\n- seed\n", "does not hold parameters"),
        (b"just words", "does not hold parameters"), (b"{[a]: 4}\n", "not valid YAML"),
        (b"", "does not hold parameters"), (b"# nothing\n", "does not hold parameters"),
        (b"!!python/object/apply:os.system ['true']", "does not hold parameters"),
        (b"data: !!python/object/apply:os.system ['true']", "not valid YAML"),
        (b"\0\0\0", "not valid YAML"), (b"a: 1\n---\nb: 2\n", "not valid YAML"), (b"a: *b\n", "not valid YAML"),
        (b"groups: [ab](.*)\n", "not valid YAML at line .*with quotes around a value that begins with a bracket"),
        (b"[" * 5000, "not valid YAML"), (b"trials: !!int many\n", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_broken_yaml_file_is_refused_by_name(tmp_path, content, says):
    file = tmp_path / "study.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=says) as error:
        read_yaml(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["missing.yaml", ".", "x" * 300 + ".yaml", "a\0b"])
def test_a_missing_yaml_file_is_refused_by_name(tmp_path, path):
    with pytest.raises(InputError, match="There is no study file|name too long|null byte"):
        read_yaml(tmp_path / path)


def test_a_file_without_rights_is_named_as_that(tmp_path, monkeypatch):
    def refused(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(InputError, match=r"a.yaml cannot be read: permission is denied; change who may"):
        read_yaml(tmp_path / "a.yaml")


def test_what_is_wrong_in_a_file_is_said_with_the_file_and_else_without():
    given = {"trials": "many", "gan_stpes": "3"}
    with pytest.raises(InputError, match=r"^a.yaml: there is no parameter gan_stpes; did you mean gan_steps\?$"):
        study_of(given, {"trials": 4}, "a.yaml")
    with pytest.raises(InputError, match=r"^a.yaml: trials='many' is not valid"):
        study_of({"trials": "many"}, {}, "a.yaml")
    with pytest.raises(InputError, match=r"^trials='few' is not valid"):
        study_of({"trials": "many"}, {"trials": "few"}, "a.yaml")
    with pytest.raises(InputError, match=r"^There is no parameter zzqq; `gannb parameters` lists those"):
        study_of({}, {"zzqq": "3"}, "a.yaml")
    assert study_of({"trials": "4"}, {"seed": "1e3"}, "a.yaml").seed == 1000


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("positive", "tumour #1", "tumour #1"), ("positive", "[x]", "[x]"), ("positive", "a: b", "a: b"),
        ("positive", "*", "*"), ("positive", "'yes'", "yes"), ("positive", "null", None),
        ("positive", "'null'", "null"), ("data", "&a", "&a"), ("positive", "&a", "&a"),
        ("positive", "a, b", "a, b"), ("keep_classes", "[001, 'a, b']", ["001", "a, b"]), ("groups", "[ab]", "[ab]"),
        ("keep_classes", "010,yes", "010,yes"), ("keep_classes", "#1,#2", "#1,#2"), ("data", "/x/a #2", "/x/a #2"),
        ("held_out", "[3], 8", "[3], 8"), ("trials", "4 # four", "4 # four"), ("name", "  a  ", "a"),
        ("no_such", "[1]", ["1"]),
    ],
)  # fmt: skip
def test_a_text_of_the_command_line_is_taken_as_it_stands(name, text, value):
    given = value_of(name, text)
    assert given == (value if name != "no_such" else text)


def test_an_open_bracket_is_refused_where_a_text_would_be_none():
    with pytest.raises(InputError, match=r"--set trials=\[4: the value cannot be read; put quotes around it"):
        value_of("trials", "[4")


@pytest.mark.parametrize("sign", "|>")
def test_a_text_below_its_name_ends_where_it_ends(tmp_path, sign):
    assert read(tmp_path, f"groups: {sign}\n  (p[0-9]+)_\n").groups == "(p[0-9]+)_"
