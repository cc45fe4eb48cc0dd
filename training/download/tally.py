"""What a run did, counted, and the table that tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of one run: photos kept by label, photos skipped by provider and reason; what is odd, and what failed."""

    kept: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def table(self, totals: Iterable[tuple[str, int]]) -> str:
        """Lines for the screen.

        Args:
            totals: each label and how many photos of it are there now.
        """
        labels = [(label, f"{self.kept[label]}", f"{total}") for label, total in totals]
        skipped = [(provider, reason, f"{count}") for (provider, reason), count in sorted(self.skipped.items())]
        parts = [_columns([("label", "new", "in all"), *labels], right=(1, 2))]
        if skipped:
            parts.append(_columns([("provider", "skipped because", "photos"), *skipped], right=(2,)))
        remarks = [*(f"note: {note}" for note in self.notes), *(f"problem: {problem}" for problem in self.problems)]
        return "\n\n".join([*parts, "\n".join(remarks)]).strip()


def _columns(rows: list[tuple[str, str, str]], right: tuple[int, ...]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join(
            text.rjust(widths[column]) if column in right else text.ljust(widths[column])
            for column, text in enumerate(row)
        ).rstrip()
        for row in rows
    )
