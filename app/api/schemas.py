"""JSON Schema (2020-12, as OpenAPI 3.1 has it) of the shapes, for apispec."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from apispec import BasePlugin

from app.api.shapes import Says

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}

Schema = dict[str, Any]


class ShapesPlugin(BasePlugin):
    """Lets `components.schema(name, shape=…)` take a frozen dataclass of `app.api.shapes`."""

    def schema_helper(self, name: str, definition: Schema, **kwargs: Any) -> Schema:
        """The schema of one shape."""
        return object_schema(kwargs["shape"])


def object_schema(shape: type) -> Schema:
    """The schema of a dataclass. A key without a default, or with one that is a value, is always in the JSON."""
    hints = get_type_hints(shape, include_extras=True)
    closed = [key for key in fields(shape) if not key.metadata.get("beside")]
    schema: Schema = {
        "type": "object",
        "description": inspect.getdoc(shape),
        "properties": {key.name: _key_schema(hints[key.name], optional=key.default is None) for key in closed},
        "required": [key.name for key in closed if key.default is not None],
    }
    if len(closed) < len(fields(shape)):
        schema["additionalProperties"] = True
    return schema


def shapes_within(annotation: Any) -> Iterator[type]:
    """The dataclasses an annotation speaks of, inner ones first; some more than once."""
    if isinstance(annotation, type) and is_dataclass(annotation):
        for hint in get_type_hints(annotation, include_extras=True).values():
            yield from shapes_within(hint)
        yield annotation
    for part in get_args(annotation):
        yield from shapes_within(part)


def schema_of(annotation: Any) -> Schema:
    """The schema of an annotation; a dataclass is referred to by its name."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return schema_of(parts[0]) | _says(parts[1:])
    if origin in (Union, types.UnionType):
        return _one_of(parts)
    if origin is Literal:
        return {"type": "string", "enum": list(parts)}
    if origin is tuple:
        return {"type": "array", "items": schema_of(parts[0])}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema_of(parts[1])}
    if is_dataclass(annotation):
        return {"$ref": f"#/components/schemas/{annotation.__name__}"}  # type: ignore[union-attr]
    return {} if annotation is Any else {"type": _TYPES[annotation]}


def _key_schema(annotation: Any, *, optional: bool) -> Schema:
    """A key that is left out when it is None is never null."""
    schema = schema_of(annotation)
    if optional:
        schema["anyOf"] = [part for part in schema["anyOf"] if part != {"type": "null"}]
    return schema


def _says(metadata: tuple[Any, ...]) -> Schema:
    schema: Schema = {}
    for item in metadata:
        if isinstance(item, Says):
            schema |= {keyword: value for keyword, value in asdict(item).items() if value is not None}
    return schema


def _one_of(parts: tuple[Any, ...]) -> Schema:
    return {"anyOf": [schema_of(part) for part in parts]}
