"""A schema of the OpenAPI document as rows for people: one row a key, inner keys beneath their outer ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_IN_WORDS = {"binary": "file", "byte": "base64", "uri": "address"}


@dataclass(frozen=True)
class Row:
    """One key: its path (`results[].predictions[].label`), its type in words, what is said of it."""

    path: str
    kind: str
    description: str
    optional: bool


def rows_of(schema: Schema, components: Mapping[str, Schema]) -> list[Row]:
    """The keys of a schema, those of what it refers to in `components` among them; of alternatives, each key once."""
    rows: dict[str, Row] = {}
    for row in _rows("", schema, components):
        rows.setdefault(row.path, row)
    return list(rows.values())


def _rows(prefix: str, schema: Schema, components: Mapping[str, Schema]) -> Iterator[Row]:
    for shape in _objects(schema, components):
        for key, inner in shape.get("properties", {}).items():
            path, kind = f"{prefix}{key}", _kind(inner, components)
            optional = key not in shape.get("required", [])
            description = inner.get("description") or _resolved(inner, components).get("description", "")
            yield Row(path, kind, description, optional)
            yield from _rows(f"{path}{'[]' if kind.startswith('list') else ''}.", inner, components)


def _objects(schema: Schema, components: Mapping[str, Schema]) -> Iterator[Schema]:
    """The object schemas at the end of references, lists and alternatives."""
    found = _resolved(schema, components)
    if "properties" in found:
        yield found
    items = [found["items"]] if "items" in found else []
    for part in (*found.get("anyOf", ()), *found.get("allOf", ()), *items):
        yield from _objects(part, components)


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    reference = schema.get("$ref", "")
    return components[reference.rsplit("/", 1)[1]] if reference else schema


def _kind(schema: Schema, components: Mapping[str, Schema]) -> str:
    found = _resolved(schema, components)
    if "enum" in found:
        return " or ".join(str(value) for value in found["enum"])
    if "anyOf" in found and "type" not in found:
        return " or ".join(dict.fromkeys(_kind(part, components) for part in found["anyOf"]))
    if found.get("type") == "array":
        return f"list of {_kind(found['items'], components)}"
    kind = str(found.get("format") or found.get("type", "anything"))
    return _IN_WORDS.get(kind, kind)
