"""The README's tables, from code and card. `python -m tests.contract.readme_tables` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from app import errors
from app.api.operations import kinds_of
from app.api.snippets import read_snippets
from app.config import settings_table
from app.vision.bundle import read_current_bundle
from app.vision.card import Card
from training.report import estimate, percent

ROOT = Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"


def tables() -> dict[str, str]:
    """Each generated part of the README by its name."""
    card = read_current_bundle(ROOT / "models").card
    return {
        "examples": examples(),
        "errors": errors_table(),
        "settings": settings_table(),
        "accuracy": accuracy_table(card),
    }


def examples() -> str:
    """What of the documentation's examples, which tests/e2e runs, is enough to begin with."""
    snippets = {snippet.name: snippet for snippet in read_snippets(ROOT / "templates" / "examples")}
    curl = "".join(snippets[name].code["sh"] for name in ("upload", "several", "raw", "in_json", "url"))
    blocks = {"sh": curl, "python": snippets["upload"].code["py"], "js": snippets["upload"].code["mjs"]}
    return "\n".join(f"```{language}\n{code}```\n" for language, code in blocks.items()).rstrip()


def errors_table() -> str:
    """Every code a client may meet."""
    met = kinds_of(errors.RequestError, errors.PhotoError, errors.FeedbackError, errors.UnavailableError)
    rows = {(kind.status, kind.code, kind.title) for kind in met}
    rows |= {(404, "not_found", "Not Found"), (405, "method_not_allowed", "Method Not Allowed")}
    lines = [f"| {status} | `{code}` | {title} |" for status, code, title in sorted(rows)]
    return "\n".join(["| status | code | title |", "|---|---|---|", *lines])


def accuracy_table(card: Card) -> str:
    """What the card says of itself, counts and 95 % intervals with every share."""
    metrics, counts = card.metrics, card.data["counts"]
    rows = [
        "| label | photos: train, valid, test | found (recall) | right when named (precision) |",
        "|---|---|---|---|",
    ]
    for label in card.labels:
        photos = ", ".join(str(counts[split][label.label]) for split in ("train", "valid", "test"))
        shares = metrics["per_label"][label.label]
        rows.append(f"| {label.name} | {photos} | {percent(shares['recall'])} | {percent(shares['precision'])} |")
    verdicts = metrics["verdicts"]
    facts = {
        "right, over all labels": metrics["accuracy"],
        "right among the known labels, for photos of them": metrics["accuracy_among_known"],
        "a `match` is right": verdicts["match_is_right"],
        **{f"a photo of `{stratum}` is called a match": row for stratum, row in verdicts["called_a_match"].items()},
    }
    return "\n".join(
        [
            f"`{card.folder_name}` was measured on {metrics['n_photos']} test photos of {metrics['n_sources']} sources "
            "that it was not trained on. In brackets the 95 % interval.",
            "",
            *rows,
            "",
            *(f"- {fact}: {percent(share)}" for fact, share in facts.items()),
            f"- calibration error: {estimate(metrics['calibration']['ece_after'])}{_by_chance(card)}",
            *_accepted(card),
        ]
    )


def _by_chance(card: Card) -> str:
    chance = card.metrics["calibration"].get("ece_by_chance")
    return f"; of a perfectly calibrated network on as many photos, by chance: {estimate(chance)}" if chance else ""


def _accepted(card: Card) -> list[str]:
    """By the way to reject that is kept, at its 95 % recall."""
    rejection = card.metrics["rejection"]
    strata = rejection["test"]["methods"][rejection["validation"]["kept"]]["strata"]
    return [
        f"- a photo of `{stratum}` is accepted where 95 % of the known ones are: {percent(row['accepted_at_95'])}"
        for stratum, row in strata.items()
    ]


def replaced(text: str, name: str, table: str) -> str:
    """The text with one generated part replaced."""
    pattern = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert pattern.search(text), f"README.md has no part {name}"
    return pattern.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text)


if __name__ == "__main__":
    readme = README.read_text(encoding="utf-8")
    for part, table in tables().items():
        readme = replaced(readme, part, table)
    README.write_text(readme, encoding="utf-8")
