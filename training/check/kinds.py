"""The kinds of findings: what each is called, what it means, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of finding: what it is called, what it means, and what to do. `is_moved`: `--fix move` moves its suspects
    unless told otherwise."""

    name: str
    title: str
    advice: str
    is_moved: bool = False


KINDS = (
    Kind("missing", "Named in the table, not there", "Put the photo there, or take its line out of the table."),
    Kind(
        "unlabelled",
        "Photos without a label",
        "The trainer does not see them. Put each into a label's folder, or name it in the table.",
    ),
    Kind(
        "folder_link",
        "Folders that are not looked into",
        "Nothing in them is seen. Move or copy the photos here in "
        "place of a link, and give yourself the right to read them.",
    ),
    Kind(
        "unreadable",
        "Damaged or unreadable",
        "The trainer leaves them out. Fetch them again from where they came from, or move them aside.",
        True,
    ),
    Kind("empty", "Empty files", "0 bytes: a copy that was interrupted. Fetch them again, or move them aside.", True),
    Kind("not_a_photo", "Not photos", "Files of another kind among the photos. Convert or move them aside.", True),
    Kind(
        "too_large",
        "Too large",
        "More than one photo may cost. Make them smaller, or raise --max-image-px or --max-file-bytes.",
        True,
    ),
    Kind(
        "wrong_extension",
        "Wrong extension",
        "The content is of another format than the name says. Where the name "
        "says no photo, the trainer does not see it: rename it.",
    ),
    Kind(
        "tiny",
        "Tiny photos",
        "Blown up to what the network sees, they show little. Find larger ones, or move them aside.",
        True,
    ),
    Kind("blank", "Blank pictures", "Pictures of one flat colour show nothing: placeholders, mostly.", True),
    Kind(
        "label_conflict",
        "One photo, different labels",
        "The very same file under different labels: all but one of "
        "them are wrong. Keep the right one; --fix move moves them all.",
        True,
    ),
    Kind(
        "near_conflict",
        "Near duplicates under different labels",
        "They look the same and are labelled differently: "
        "look at them, and give them one label. Alike on purpose? Then leave them.",
    ),
    Kind(
        "duplicate",
        "Exact duplicates",
        "The same file several times counts more than it should, and flatters the "
        "test if copies are in two splits. One of each is enough.",
        True,
    ),
    Kind(
        "near_duplicate",
        "Near duplicates",
        "Resized, recompressed or taken a moment later; one of each is enough. Those of different sources come first: "
        "the split keeps them together, and with them all photos of these sources.",
    ),
    Kind("few_labels", "Too few labels", "A model tells labels apart: give it at least two, “other” may be one."),
    Kind("few_photos", "Labels with few photos", "The model will hardly know them, and their figures will be wide."),
    Kind(
        "few_sources",
        "Labels with few sources",
        "What one photographer saw is not what others see. A split needs "
        "sources in train, valid and test: add photos of others.",
    ),
    Kind(
        "imbalance",
        "Imbalance",
        "The rare label will be called too seldom. Add photos of it, or train with --class-weights.",
    ),
    Kind("wrong_label", "Likely wrong labels", "The model sees another label. It may be wrong, too: look at each."),
    Kind("outlier", "Outliers", "Unlike everything else here, as the model sees it. Do they show what they should?"),
)
KIND_NAMES = tuple(kind.name for kind in KINDS)
MOVED_KINDS = tuple(kind.name for kind in KINDS if kind.is_moved)
