"""`python -m training download`: legally usable park photos into a data folder that the trainer reads.

    python -m training download --parks training/configs/us-parks.yaml --out photos/ --contact me@example.org
    python -m training download … --only sequoia,yosemite --providers commons --per-label 500
    NPS_API_KEY=… python -m training download … --providers commons,nps,openverse

What it makes: a folder per label; in it `<source>__<provider>-<id>.jpg`, where photos of one photographer have one
source and so are never parted by the split; `attribution.csv`, who made each photo and under which licence; and
`attribution-refused.csv`, what was fetched and was no photo we can use (take it away to have them tried again).

Only cc0, public domain, cc-by and cc-by-sa are taken, without further restrictions; --allow-nc and --allow-nd add
those licences. A licence is what the provider says of a photo: look at the source page before you publish one.

The same command goes on after Ctrl-C, a kill or a provider's "later": what the ledger names is not fetched again, even
if its file was taken away. Requests go out one at a time under your --contact (or DOWNLOAD_CONTACT); a Retry-After is
honoured. The National Park Service wants a key (free: nps.gov/subjects/developer), in NPS_API_KEY: without one it is
left out. 63 parks with 200 photos each are about 13,000 requests: some four to five hours at the default pace.

It was tested against a local stand-in that speaks the APIs' recorded shapes, never against the live ones: begin with
--only and a small --per-label, and look at the table of what was skipped.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.choices import add_choice
from training.download.errors import ContactError, IncompleteError, KeyMissingError
from training.download.limits import DownloadLimits
from training.errors import ConfigError

if TYPE_CHECKING:
    from training.download.candidate import Provider
    from training.download.licences import LicencePolicy
    from training.download.parks import Park
    from training.download.polite_client import PoliteClient
    from training.download.run import Download

CONTACT_VARIABLE = "DOWNLOAD_CONTACT"
KEY_VARIABLE = "NPS_API_KEY"
PROVIDERS = ("commons", "nps", "openverse")
_PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def add_parser(commands: Any) -> None:
    """Adds `download` to the commands of the trainer."""
    parser = commands.add_parser(
        "download",
        help="fetch legally usable park photos, with who made them",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parks", type=Path, required=True, help="YAML of labels with their `download` table")
    parser.add_argument("--out", type=Path, required=True, help="the data folder, made where it is not there")
    parser.add_argument("--contact", help=f"your e-mail address or page, for the providers (or {CONTACT_VARIABLE})")
    parser.add_argument("--only", type=_names, default=(), metavar="LABEL,…", help="these labels alone")
    parser.add_argument(
        "--providers",
        type=_names,
        default=(),
        metavar="NAME,…",
        help=f"asked in this order (commons,openverse, and nps between them where {KEY_VARIABLE} is set)",
    )
    parser.add_argument("--allow-nc", action="store_true", help="take non-commercial licences too")
    parser.add_argument("--allow-nd", action="store_true", help="take no-derivatives licences too")
    for field in dataclasses.fields(DownloadLimits):
        add_choice(parser, field)
    parser.set_defaults(run=run_download)


def run_download(options: argparse.Namespace, typed: Sequence[str]) -> None:
    """Downloads what the command line asks for.

    Raises:
        DownloadError, ConfigError: see `training.download.errors`.
    """
    from training.download.ledger import open_ledger  # Pillow, requests and YAML take a while; --help should not.
    from training.download.licences import LicencePolicy
    from training.download.parks import read_parks
    from training.download.polite_client import PoliteClient
    from training.download.run import Download
    from training.download.user_agent import make_user_agent

    limits = DownloadLimits(**{f.name: getattr(options, f.name) for f in dataclasses.fields(DownloadLimits)})
    policy = LicencePolicy(options.allow_nc, options.allow_nd)
    names = _provider_names(options.providers, os.environ.get(KEY_VARIABLE, ""))
    parks = read_parks(options.parks, options.only)
    with PoliteClient(make_user_agent(_contact(options.contact), _version()), limits) as client:
        providers = [_make_provider(name, client, policy, limits) for name in names]
        with open_ledger(options.out) as ledger:
            run_and_tell(Download(client, providers, policy, limits, options.out, ledger), parks)


def run_and_tell(download: Download, parks: Sequence[Park]) -> None:
    """Downloads, and tells what was done, however it ends.

    Raises:
        IncompleteError: Ctrl-C, or a provider that could not be asked for everything.
    """
    try:
        download.run(parks)
    except KeyboardInterrupt:
        raise IncompleteError("Stopped by Ctrl-C. Every photo counted is whole; the same command goes on.") from None
    finally:
        totals = [(park.label, download.ledger.count(park.label)) for park in parks]
        print(download.tally.table(totals), flush=True)
    if download.tally.problems:
        raise IncompleteError("Not everything could be asked, see above. The same command goes on.")


def _make_provider(name: str, client: PoliteClient, policy: LicencePolicy, limits: DownloadLimits) -> Provider:
    """The provider of this name, at its real address."""
    from training.download.commons import Commons
    from training.download.nps import Nps
    from training.download.openverse import Openverse

    if name == Commons.name:
        return Commons(client, max_pages=limits.max_pages, max_depth=limits.max_depth)
    if name == Nps.name:
        return Nps(client, os.environ[KEY_VARIABLE], max_pages=limits.max_pages)
    return Openverse(client, policy, max_pages=limits.max_pages)


def _provider_names(wanted: Sequence[str], key: str) -> Sequence[str]:
    unknown = sorted(set(wanted) - set(PROVIDERS))
    if unknown:
        raise ConfigError(f"--providers knows {', '.join(PROVIDERS)}, got {', '.join(unknown)}.")
    if "nps" in wanted and not key:
        raise KeyMissingError(
            f"The National Park Service wants a key: get one at https://www.nps.gov/subjects/developer/get-started.htm "
            f"(free), set {KEY_VARIABLE} to it, or leave nps out of --providers."
        )
    return tuple(dict.fromkeys(wanted)) or tuple(name for name in PROVIDERS if key or name != "nps")


def _contact(given: str | None) -> str:
    contact = given or os.environ.get(CONTACT_VARIABLE, "")
    if not contact:
        raise ContactError(
            f"Give --contact (or {CONTACT_VARIABLE}): your e-mail address or a page about you. Wikimedia, the NPS and "
            "Openverse have to know whom to write to; it is sent with every request."
        )
    return contact


def _version() -> str:
    return str(tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
