"""The figures of a card in a few lines, for the screen."""

from __future__ import annotations

from collections.abc import Iterator

from app.vision.card import Card
from training.report import estimate, int8_found, percent


def summary(card: Card) -> str:
    """A table: what was measured, and the figure with its 95 % interval."""
    lines = list(_lines(card))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"  {name:<{width}}  {figure}" for name, figure in lines)


def _lines(card: Card) -> Iterator[tuple[str, str]]:
    metrics = card.metrics
    yield "test photos", f"{metrics['n_photos']} of {metrics['n_sources']} sources"
    yield "right, over all labels", percent(metrics["accuracy"])
    yield "right among the known labels", percent(metrics["accuracy_among_known"])
    for label, row in metrics["per_label"].items():
        yield f"{label}: recall", percent(row["recall"])
        yield f"{label}: precision", percent(row["precision"])
        yield f"{label}: F1", estimate(row["f1"])
    if metrics.get("mean_average_precision") is not None:
        yield "mean average precision", f"{metrics['mean_average_precision']:.3f}"
    yield "calibration error before", estimate(metrics["calibration"]["ece_before"])
    yield "calibration error after", estimate(metrics["calibration"]["ece_after"])
    if chance := metrics["calibration"].get("ece_by_chance"):  # A card of an earlier version has none.
        yield "calibration error by chance alone", estimate(chance)
    yield "a match is right", percent(metrics["verdicts"]["match_is_right"])
    yield "known labels called a match", percent(metrics["verdicts"]["known"]["match"])
    for stratum, row in metrics["verdicts"]["called_a_match"].items():
        yield f"{stratum} called a match", percent(row)
    yield from _rejection_lines(card)
    for harm, row in metrics.get("harm", {}).items():
        yield f"right among the known labels, {harm}", percent(row["accuracy_among_known"])
    if found := metrics.get("precision"):
        yield f"on a CPU in {card.precision}; int8", int8_found(found)


def _rejection_lines(card: Card) -> Iterator[tuple[str, str]]:
    """Of the way that is kept, or of all where none was chosen."""
    rejection = card.metrics.get("rejection")
    if rejection is None:
        return
    kept = rejection.get("validation", {}).get("kept")
    for name, row in rejection["test"]["methods"].items():
        if kept in (None, name):
            for stratum, figures in row["strata"].items():
                yield f"{stratum} told by {name}, AUROC", f"{figures['auroc']['value']:.3f}"
                yield f"{stratum} accepted at 95 % recall", percent(figures["accepted_at_95"])
