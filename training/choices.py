"""A choice, or a limit, as a flag of the command line."""

from __future__ import annotations

import argparse
import dataclasses


def add_choice(parser: argparse.ArgumentParser, field: dataclasses.Field[object]) -> None:
    """Adds the flag of a field, with its default and its help."""
    flag, text = f"--{field.name.replace('_', '-')}", f"{field.metadata['help']} (%(default)s)"
    if isinstance(field.default, bool):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default, help=text)
    else:
        choices = field.metadata["choices"]
        parser.add_argument(flag, type=type(field.default), default=field.default, choices=choices, help=text)
