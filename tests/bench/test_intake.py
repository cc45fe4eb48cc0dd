"""The benchmark measures every way in, and says so."""

from __future__ import annotations

from tests.bench.intake import DECODING, RECEIVED, draw_photo, measure, table


def test_every_way_in_is_measured() -> None:
    photo = draw_photo((640, 480))
    found = measure(photo, 1)
    assert list(found) == [
        DECODING,
        "reading its form",
        "reading its form with Werkzeug's",
        RECEIVED,
        "sent as the body",
        "sent as a form",
        "sent as base64 in JSON",
    ]
    assert all(processor_s > 0 and clock_s > 0 for processor_s, clock_s in found.values())
    assert len(table(photo, 1, found).splitlines()) == 2 + len(found)
