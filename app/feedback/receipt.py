"""Receipts: who has one may delete what was kept under it. Only its digest is stored."""

from __future__ import annotations

import hashlib
import re
import secrets

_BYTES = 32
RECEIPT = r"^[A-Za-z0-9_-]{43}$"


def new_receipt() -> str:
    """256 random bits, which nobody finds by trying."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(receipt: str) -> str | None:
    """What is stored of a receipt: its SHA-256, in hex. None if the text cannot be one."""
    return hashlib.sha256(receipt.encode()).hexdigest() if re.fullmatch(RECEIPT, receipt) else None
