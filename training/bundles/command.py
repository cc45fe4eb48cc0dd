"""`python -m training bundle list | check | promote | rollback`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import BundleError, BundleMissingError
from app.vision.bundle import CARD
from app.vision.card import Card

_TAKEN_UP = "it is served from now on; a running server takes it up by itself"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `bundle` and its actions to the trainer's commands."""
    actions = commands.add_parser("bundle", help="choose the bundle that is served").add_subparsers(
        required=True, metavar="ACTION"
    )
    _add_action(actions, "list", "the bundles there are, and which is served", _run_list)
    _add_action(actions, "check", "hashes, golden outputs, parity, what the pickle refers to", _run_check, named=True)
    _add_action(actions, "promote", "check a bundle, then serve it", _run_promote, named=True)
    _add_action(actions, "rollback", "serve again what was served before", _run_rollback)


def _add_action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    run: Callable[[argparse.Namespace, Sequence[str]], None],
    *,
    named: bool = False,
) -> None:
    parser = actions.add_parser(name, help=text, description=text)
    if named:
        parser.add_argument("name", help="the bundle's folder in --models")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the bundles (%(default)s)")
    parser.set_defaults(run=run)


def _run_list(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.bundles.check import read_named_bundle
    from training.bundles.promote import current_name

    folders = sorted(path.parent for path in options.models.glob(f"[!.]*/{CARD}"))
    if not folders:
        raise BundleMissingError(f"{options.models} holds no bundle. `python -m training train` makes one.")
    current = current_name(options.models)
    for folder in folders:
        try:
            summary = _summary(read_named_bundle(options.models, folder.name).card)
        except BundleError as error:
            summary = f"cannot be read: {error}"
        print(f"{'*' if folder.name == current else ' '} {folder.name}  {summary}")


def _summary(card: Card) -> str:
    accuracy = card.metrics.get("accuracy") or {}
    right = f"{100 * accuracy['value']:.0f} % right of {accuracy['of']}" if "value" in accuracy else "not evaluated"
    return f"{', '.join(card.vocab)}; {right}"


def _run_check(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.bundles.check import check_bundle, read_named_bundle

    problem: BundleError | None = None
    for check in check_bundle(read_named_bundle(options.models, options.name)):
        print(f"{'FAIL' if check.problem else 'ok':4} {check.what}: {check.problem or check.note}", flush=True)
        problem = problem or check.problem
    if problem is not None:
        raise problem


def _run_promote(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.bundles.promote import promote

    print(f"{promote(options.models, options.name).path.name}: {_TAKEN_UP}")


def _run_rollback(options: argparse.Namespace, typed: Sequence[str]) -> None:
    from training.bundles.promote import rollback

    print(f"{rollback(options.models).path.name}: {_TAKEN_UP}")
