"""How a parameter is declared, and what is said of a wrong choice."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from gannb.utils.parameters import checked_choice, parameter, values_in_words, whole_number


class Declared(BaseModel):
    """Two parameters, one of which takes what the model itself does not list."""

    steps: int = parameter(3, 2, "steps of training", ge=1)
    policy: str = parameter("none", 4, "what is done to items")

    @field_validator("policy")
    @classmethod
    def _one_of(cls, given: str) -> str:
        return checked_choice(given, ("none", "shift", "flip"))


def test_a_parameter_knows_its_default_stage_meaning_and_limits():
    field = Declared.model_fields["steps"]
    assert (Declared().steps, field.json_schema_extra["stage"], field.description) == (3, 2, "steps of training")
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Declared(steps=0)


def test_a_wrong_choice_is_refused_as_that_of_a_literal_is():
    assert Declared(policy="flip").policy == "flip"
    with pytest.raises(ValidationError) as error:
        Declared(policy="flop")
    (found,) = error.value.errors()
    assert (found["type"], found["msg"]) == ("literal_error", "Input should be 'none', 'shift' or 'flip'")


def test_where_there_is_one_choice_it_is_named_alone():
    with pytest.raises(Exception, match="Input should be 'image'$"):
        checked_choice("imgae", ["image"])


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 2, "maximum": 1000}, "whole number, 2 to 1,000"), ({"type": "string"}, "text"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, "number, above 0, below 0.5"),
        ({"enum": ["a", "b", "c"], "type": "string"}, "a, b or c"), ({"const": "x"}, "x"),
        ({"type": "array", "items": {"type": "string"}}, "several texts, with commas"),
        ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "true or false"),
    ],
)  # fmt: skip
def test_values_are_told_in_words(schema, words):
    assert values_in_words(schema) == words


@pytest.mark.parametrize(("given", "number"), [("1e3", 1000), ("010", 10), (4.0, 4), ("-2", -2)])
def test_a_whole_number_may_be_written_in_several_ways(given, number):
    assert whole_number(given) == number


@pytest.mark.parametrize("given", ["1.5", "many", "0x10", "", "1e400", "nan", True, None, [3]])
def test_what_is_no_whole_number_is_none(given):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        whole_number(given)
