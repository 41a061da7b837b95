"""Settings of the visible label, and when an output carries one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from animato.errors import UsageError
from animato.settings.base import check, setting

Corner = Literal["bottom-right", "bottom-left", "top-right", "top-left"]
NoLabelReason = Literal["private", "art", "labelled-elsewhere"]

DEFAULT_CORNER: Corner = "bottom-right"
MAX_LABEL_TEXT = 32
"""Longest label, characters."""
MIN_LABEL_TEXT = 2


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """The visible label."""

    label: Corner | None = setting(
        None,
        "Corner of the visible label; another one is used if the face is there. Default: bottom-right for real people, "
        "no label for a painting, statue or character.",
        group="Label",
    )
    label_text: str = setting("AI-generated", "Text of the visible label, in ASCII characters.", group="Label")
    no_label: NoLabelReason | None = setting(
        None,
        "Leave the visible label out, and record the reason in the credentials: private (personal use), art (evidently "
        "art, satire or fiction), labelled-elsewhere (where it is shown).",
        group="Label",
    )

    def __post_init__(self) -> None:
        check(self, "label")
        check_label(self)


def check_label(settings: LabelSettings) -> None:
    """Check that the label can be drawn.

    Raises:
        UsageError: its text is too short, too long or not ASCII, or it is both asked for and left out.
    """
    text = settings.label_text
    if len(text.strip()) < MIN_LABEL_TEXT or len(text) > MAX_LABEL_TEXT:
        raise UsageError(f"`label_text` must have {MIN_LABEL_TEXT} to {MAX_LABEL_TEXT} characters, not {len(text)}")
    foreign = next((letter for letter in text if not " " <= letter <= "~"), None)
    if foreign is not None:
        raise UsageError(
            f"`label_text` contains {foreign!r}, which the label's font does not have",
            where="letters, digits and signs of ASCII",
            hint="a spelling without it, or `no_label=labelled-elsewhere` and a label of your own",
        )
    if settings.label is not None and settings.no_label is not None:
        raise UsageError("`label` and `no_label` exclude each other", hint="leave one of them out")


def label_corner(settings: LabelSettings, ground: str | None) -> Corner | None:
    """Return the corner in which the label is wanted, or None for no label.

    Args:
        settings: of the label.
        ground: basis of consent (`settings.consent`); None if it is not known, which counts as a real person.
    """
    if settings.no_label is not None:
        return None
    return settings.label or (None if ground == "not-a-person" else DEFAULT_CORNER)
