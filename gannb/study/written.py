"""Parameters as people write them, taken as they stand: in a YAML file, and as `name=value` on a command line.

YAML by itself makes 1 of `001`, 8 of `010`, 750 of `12:30`, a date of `2024-01-15` and True of `yes`, all of which may
be names of classes. Here every value is the text that stands there; which texts are numbers the parameters know.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from gannb.study.model import Study, make_study
from gannb.utils.errors import InputError, ParameterError
from gannb.utils.files import read_bytes
from gannb.utils.trust import is_import_path

NOTHING = ("", "~", "null", "Null", "NULL")  # without quotes: a parameter that is not given
GRID, LISTED = "grid", "studies"  # entries of a sweep's file, beside parameters; see `sweep.definition`
MERGE = "tag:yaml.org,2002:merge"
# The longer ones first: UTF-32 begins as UTF-16 does
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


class _AsWritten(yaml.SafeLoader):
    """A loader to which every value without quotes is a text, too, unless a tag such as `!!int` says what it is."""


_AsWritten.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == MERGE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# ---- a file ----


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Return the parameters in a study's YAML file, each as it is written there.

    Raises:
        InputError: no such file, no right to read it, broken YAML, something other than names with values, or a
            function that would run.
    """
    path = Path(path)
    text = _text_of(path)
    try:
        names, given = _mapping_in(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a tag that does not fit its value
        where = f" at line {error.problem_mark.line + 1}" if getattr(error, "problem_mark", None) else ""
        raise InputError(
            f"{path} is not valid YAML{where}; write one `name: value` per line, with quotes around a value that "
            "begins with a bracket or another sign."
        ) from None
    if twice := next(iter(names), None):  # of which YAML takes the last
        raise InputError(f"{path} says {twice} twice; leave one of them out.")
    if not given or not all(isinstance(k, str) for k in given):
        raise InputError(f"{path} does not hold parameters; write one `name: value` per line.")
    foreign = given.get("foreign")
    if isinstance(foreign, str) and is_import_path(foreign):
        raise InputError(
            f"{path}: foreign: {foreign} runs Python code, so it is not taken from a file, which may be somebody "
            f"else's; leave it out there and add --set foreign={foreign} to the command line."
        )
    return given


def _text_of(path: Path) -> str:
    """Return a file's text: UTF-8, or what the mark at its begin says, as Windows writes UTF-16."""
    content = read_bytes(path, f"There is no study file {path}; give a YAML file, or name the data with --data.")
    encoding = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        name = {"utf-8-sig": "UTF-8"}.get(encoding, encoding.upper())
        raise InputError(f"{path} is not written in {name}; save it as text in UTF-8.") from None


def _mapping_in(text: str) -> tuple[list[str], dict[str, Any]]:
    """Return the names that a YAML text says twice in one place, and what it gives; nothing if it is no mapping.

    A value that is left out, or `null` without quotes, is None.
    """
    loader = _AsWritten(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            return [], {}
        given = loader.construct_document(node)
    finally:
        loader.dispose()
    nothing = {key.value for key, value in node.value if _is_nothing(value)}
    return _twice(node), {
        k: None if k in nothing else v.rstrip("\n") if isinstance(v, str) else v for k, v in given.items()
    }  # a text below its name, behind `|` or `>`, ends with a line break


def _twice(node: yaml.Node) -> list[str]:
    """Return the names that a mapping, or one within it, says more than once."""
    if not isinstance(node, yaml.CollectionNode):
        return []
    if isinstance(node, yaml.SequenceNode):
        return [name for each in node.value for name in _twice(each)]
    names = [str(key.value) for key, _ in node.value]
    own = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return own + [name for _, value in node.value for name in _twice(value)]


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in NOTHING


def is_sweep(given: Mapping[str, Any]) -> bool:
    """Tell whether what a file says is of a sweep, not of one study."""
    return GRID in given or LISTED in given


# ---- a command line ----


def value_of(name: str, text: str) -> Any:
    """Return the value that a text after `name=` stands for: itself, several in brackets, or None for `null`.

    Quotes around the whole of it are left out.  Raises InputError where brackets or quotes are left open.
    """
    field = Study.model_fields.get(name)
    takes_text = field is not None and field.annotation in (str, str | None, tuple[str, ...])
    takes_several = field is not None and field.annotation not in (str, str | None)
    try:
        node = yaml.compose(text, _AsWritten)
        value = yaml.load(text, _AsWritten)  # a SafeLoader that resolves even less
    except (yaml.YAMLError, ValueError, RecursionError):
        if takes_text:
            return text.strip()
        raise InputError(f"--set {name}={text}: the value cannot be read; put quotes around it.") from None
    if text.strip() in NOTHING[1:]:
        return None
    if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"'):
        return value
    return value if takes_several and isinstance(value, list) else text.strip()


# ---- both together ----


def study_of(given: Mapping[str, Any], changes: Mapping[str, Any], file: str | Path) -> Study:
    """Return the study of the parameters that a file gives, with changes to them.

    Raises:
        ParameterError: a parameter is wrong; names the file where what is wrong stands there.
    """
    try:
        return make_study(**{**given, **changes})
    except ParameterError as error:
        if error.parameter not in given or error.parameter in changes:
            raise
        said = re.sub("^There is", "there is", str(error))
        raise ParameterError(f"{file}: {said}", error.parameter) from None
