"""Shapes become JSON, and schemas of it, from the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from app.api.schemas import object_schema, schema_of, shapes_within
from app.api.shapes import Says, beside, to_json


@dataclass(frozen=True)
class Leaf:
    """A leaf."""

    name: str
    facts: Mapping[str, Any] = beside()


@dataclass(frozen=True)
class Tree:
    """A tree.

    It has leaves.
    """

    leaves: tuple[Leaf, ...]
    age: Annotated[float | None, Says("Years.", minimum=0)]
    fruit: Leaf | None = None
    kind: Literal["oak", "fir"] = "oak"


def test_a_shape_becomes_its_keys_in_their_order() -> None:
    assert list(to_json(Tree((Leaf("a"),), None, Leaf("b"))).items()) == [
        ("leaves", [{"name": "a"}]),
        ("age", None),
        ("fruit", {"name": "b"}),
        ("kind", "oak"),
    ]


def test_a_key_that_may_be_missing_is_left_out_and_null_is_not() -> None:
    assert to_json(Tree((), None)) == {"leaves": [], "age": None, "kind": "oak"}


def test_facts_stand_beside_the_keys_and_never_in_their_place() -> None:
    assert to_json(Leaf("a", {"name": "b", "colour": "green", "size": {"cm": (1, 2)}})) == {
        "name": "a",
        "colour": "green",
        "size": {"cm": [1, 2]},
    }


def test_the_schema_of_a_shape() -> None:
    assert object_schema(Tree) == {
        "type": "object",
        "description": "A tree.\n\nIt has leaves.",
        "properties": {
            "leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}},
            "age": {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "Years.", "minimum": 0},
            "fruit": {"anyOf": [{"$ref": "#/components/schemas/Leaf"}]},
            "kind": {"type": "string", "enum": ["oak", "fir"]},
        },
        "required": ["leaves", "age", "kind"],
    }
    assert object_schema(Leaf)["additionalProperties"] is True


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Annotated[str, Says("A name.", pattern="^a")], {"type": "string", "description": "A name.", "pattern": "^a"}),
    ],
)
def test_the_schema_of_a_type(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema


def test_shapes_are_found_within_shapes() -> None:
    assert list(dict.fromkeys(shapes_within(Tree))) == [Leaf, Tree]
