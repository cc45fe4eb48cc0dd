"""What a photo may be used for: licence codes of the providers -> one Licence, and which of them are taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

PUBLIC_DOMAIN = "pd"
CC0 = "cc0"

_SPELLINGS = {"pdm": PUBLIC_DOMAIN, "public-domain": PUBLIC_DOMAIN, "cc-zero": CC0, "cc-0": CC0}
_CREATIVE_COMMONS = re.compile(r"(?:cc-)?(by(?:-(?:nc|nd|sa))*)(?:-(\d\.\d).*)?")
_FAMILIES = frozenset({"by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd"})
_NAMES = {PUBLIC_DOMAIN: "Public domain", CC0: "CC0 1.0"}
_URLS = {
    PUBLIC_DOMAIN: "https://creativecommons.org/publicdomain/mark/1.0/",
    CC0: "https://creativecommons.org/publicdomain/zero/1.0/",
}


@dataclass(frozen=True)
class Licence:
    """One licence: its family (`cc0`, `pd`, `by`, `by-sa`, `by-nc` …), its name for people, and its text's address."""

    family: str
    name: str
    url: str

    @property
    def wants_attribution(self) -> bool:
        return self.family.startswith("by")

    @property
    def is_noncommercial(self) -> bool:
        return "nc" in self.family.split("-")

    @property
    def is_noderivatives(self) -> bool:
        return "nd" in self.family.split("-")


def parse_licence(code: str, url: str = "", name: str = "") -> Licence | None:
    """The licence of this code; None for one that is not known to be free to use.

    Args:
        code: as a provider spells it: `cc-by-sa-4.0`, `CC BY-SA 4.0`, `by-sa`, `pd-usgov-nps`, `Public domain`, `pdm`.
        url: the address of its text, where the provider gives one.
        name: the provider's name for it, where it says more than ours.
    """
    plain = re.sub(r"[\s_]+", "-", code.strip().lower())
    plain = _SPELLINGS.get(plain, plain)
    if plain == PUBLIC_DOMAIN or plain.startswith(("pd-", "pdm-", "cc-pd")):
        return Licence(PUBLIC_DOMAIN, name or _NAMES[PUBLIC_DOMAIN], url or _URLS[PUBLIC_DOMAIN])
    if plain == CC0 or plain.startswith("cc0-"):
        return Licence(CC0, name or _NAMES[CC0], url or _URLS[CC0])
    found = _CREATIVE_COMMONS.fullmatch(plain)
    if found is None or found[1] not in _FAMILIES:
        return None
    family, version = found[1], found[2] or ""
    default_url = f"https://creativecommons.org/licenses/{family}/{version}/" if version else ""
    return Licence(family, name or f"CC {family.upper()} {version}".strip(), url or default_url)


@dataclass(frozen=True)
class LicencePolicy:
    """Which licences are taken: cc0, public domain, by and by-sa; the others where the user has asked for them."""

    allow_nc: bool = False
    allow_nd: bool = False

    def objection(self, licence: Licence) -> str:
        """Why a photo of this licence is not taken; empty if it is."""
        if licence.is_noncommercial and not self.allow_nc:
            return "non-commercial licence"
        if licence.is_noderivatives and not self.allow_nd:
            return "no-derivatives licence"
        return ""
