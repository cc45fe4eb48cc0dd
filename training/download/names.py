"""File names that the split understands: `<source>__<id>.jpg`, where photos of one source stay together."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_MAX_CHARACTERS = 60
# Names that many people share, or that stand for nobody: no source.
_NOBODY = re.compile(
    r"(unknown|anonymous|none|n-?a|nps|nps-photo|nps-photos|nps-image|photo|photographer|national-park-service"
    r"|us-national-park-service|u-s-national-park-service|us-government|unknown-(author|photographer|artist))?"
)


def slug_of(author: str) -> str:
    """Plain letters of a name, at most 60; different names that look alike in them differ by a digest.

    Empty for a name that stands for nobody.
    """
    plain = unicodedata.normalize("NFKD", author).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if _NOBODY.fullmatch(slug) and author.isascii():
        return ""
    if len(slug) <= _MAX_CHARACTERS and author.isascii():
        return slug
    digest = hashlib.sha256(author.encode()).hexdigest()[:8]
    return f"{slug[: _MAX_CHARACTERS - 9].strip('-')}-{digest}".strip("-")


def file_stem(source: str, provider: str, provider_id: str) -> str:
    """`<source>__<provider>-<id>`, in plain letters; two photos never share one.

    An id of other letters than ours is replaced by its digest, so that no address can name a file of its choice.
    """
    plain_id = provider_id
    if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", provider_id) or len(provider_id) > _MAX_CHARACTERS:
        plain_id = hashlib.sha256(provider_id.encode()).hexdigest()[:16]
    return f"{source or f'{provider}-{plain_id}'}__{provider}-{plain_id}"
