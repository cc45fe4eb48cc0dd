"""Licence codes, and which are taken."""

from __future__ import annotations

import pytest

from training.download.licences import LicencePolicy, parse_licence


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("cc0", "cc0"),
        ("CC0 1.0", "cc0"),
        ("cc-zero", "cc0"),
        ("pd", "pd"),
        ("Public domain", "pd"),
        ("pd-usgov-nps", "pd"),
        ("pdm-1.0", "pd"),
        ("cc-by-2.0", "by"),
        ("CC BY-SA 3.0", "by-sa"),
        ("cc-by-sa-4.0,3.0,2.5,2.0,1.0", "by-sa"),
        ("cc-by-sa-3.0-de", "by-sa"),
        ("by-sa-4.0", "by-sa"),
        ("by", "by"),
        ("cc-by-nc-nd-2.0", "by-nc-nd"),
        ("by-nc-sa-2.0", "by-nc-sa"),
    ],
)
def test_a_code_is_understood_however_it_is_spelt(code: str, family: str) -> None:
    licence = parse_licence(code)
    assert licence is not None and licence.family == family


@pytest.mark.parametrize(
    "code", ["", "gfdl", "attribution", "fal", "cc", "cc-sa-1.0", "copyrighted", "by-by", "by-sa-nd-nc", "pdf"]
)
def test_a_code_that_is_not_known_to_be_free_is_none(code: str) -> None:
    assert parse_licence(code) is None


def test_the_providers_own_name_and_address_come_first() -> None:
    assert parse_licence("cc-by-sa-4.0") == parse_licence(
        "by-sa-4.0", "https://creativecommons.org/licenses/by-sa/4.0/", "CC BY-SA 4.0"
    )
    licence = parse_licence("cc-by-3.0-us", "https://example.org/l", "CC BY 3.0 US")
    assert licence is not None and (licence.name, licence.url) == ("CC BY 3.0 US", "https://example.org/l")


@pytest.mark.parametrize(
    ("code", "policy", "objection"),
    [
        ("by-sa-4.0", LicencePolicy(), ""),
        ("by-nc-4.0", LicencePolicy(), "non-commercial licence"),
        ("by-nd-4.0", LicencePolicy(), "no-derivatives licence"),
        ("by-nc-4.0", LicencePolicy(allow_nc=True), ""),
        ("by-nd-4.0", LicencePolicy(allow_nd=True), ""),
        ("by-nc-nd-4.0", LicencePolicy(allow_nc=True), "no-derivatives licence"),
        ("by-nc-nd-4.0", LicencePolicy(allow_nd=True), "non-commercial licence"),
        ("by-nc-nd-4.0", LicencePolicy(allow_nc=True, allow_nd=True), ""),
    ],
)
def test_what_restricts_use_is_taken_on_request_alone(code: str, policy: LicencePolicy, objection: str) -> None:
    licence = parse_licence(code)
    assert licence is not None and policy.objection(licence) == objection
