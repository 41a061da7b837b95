"""Report card of a head: what its photos support, as a value, and as sentences that say which photo would help."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, NamedTuple, get_args

from animato.head.quality import SOFT_FACE_WIDTH, PhotoQuality
from animato.motion.supported_turn import SHOWN_FROM, Side, SupportedTurn

Topic = Literal["sharpness", "light", "cover", "eyes", "outline", "expression", "turn", "teeth"]
TOPICS = get_args(Topic)
"""In the order of what helps most."""

MAX_COLOUR_CAST = 0.35
"""Colour cast (`head.report_card`) above which light is strongly coloured; at most 0.29 in about 110 portraits of many
skin colours."""

NOT_ANALYSED = "the outline of the person was not analysed"
"""Doubt about the outline in heads saved before outlines were known."""

WIDE_TURN = 40.0
"""Supported turn to a side, degrees, below which a photo from that side is suggested."""

SIDE_PHOTO = 40.0
"""Direction of such a photo, degrees."""

SIDES: tuple[Side, ...] = ("left", "right", "up", "down")


class Finding(NamedTuple):
    """One line of a report card.

    Attributes:
        topic: what it is about.
        good: whether nothing is to be improved.
        sentence: English, with what to do if not good.
    """

    topic: Topic
    good: bool
    sentence: str


@dataclass(frozen=True)
class HeadReport:
    """Report card of a head. Except for `photos`, `turn` and `teeth` it describes the photo that is animated.

    Attributes:
        photo: name of the photo that is animated.
        photos: number of photos.
        turn: directions of the head that the photos support; turns beyond are eased.
        quality: size, sharpness and light of the face.
        colour_cast: how far the hue of the skin is from that of people in neutral light (`head.report_card`).
        colourful: whether the face has the colours of an ordinary photo, unlike a black-and-white one.
        eyes_open: whether both eyes are open.
        mouth_open: whether the mouth is open.
        smiles: whether the face smiles.
        looks_aside: whether the eyes look aside.
        drawn: whether the face is drawn in flat colours.
        outline_doubt: why the outline of the person is not used, as half a sentence; empty where it is reliable.
        cut: edges of the photo that cut the head: of "top", "bottom", "left", "right".
        teeth: whether a photo shows teeth.
    """

    photo: str
    photos: int
    turn: SupportedTurn
    quality: PhotoQuality
    colour_cast: float
    colourful: bool
    eyes_open: bool
    mouth_open: bool
    smiles: bool
    looks_aside: bool
    drawn: bool
    outline_doubt: str
    cut: tuple[str, ...]
    teeth: bool

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings: first what to improve, in the order of what helps most, then what is good."""
        found = [
            *_face_findings(self),
            *_expression_findings(self),
            *_outline_findings(self),
            _turn_finding(self.turn),
            _teeth_finding(self.teeth),
        ]
        return tuple(sorted(found, key=lambda finding: (finding.good, TOPICS.index(finding.topic))))

    def sentences(self) -> list[str]:
        """Return the findings as English sentences, in the same order."""
        return [finding.sentence for finding in self.findings()]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types: the measures, the supported turn to each side, and the findings."""
        values = self.to_header()
        values["turn"] = {side: self.turn.towards(side) for side in SIDES}
        return {**values, "findings": [finding._asdict() for finding in self.findings()]}

    def to_header(self) -> dict[str, Any]:
        """Return the attributes as plain JSON types; `from_header` reads them."""
        return asdict(self)

    @classmethod
    def from_header(cls, values: Any) -> HeadReport:
        """Return the report card written by `to_header` and read back from JSON.

        Raises:
            KeyError, TypeError, ValueError: the values are not those of a report card.
        """
        turn, quality = values["turn"], values["quality"]
        numbers: dict[str, Any] = {
            field.name: _checked(quality[field.name], field.type) for field in fields(PhotoQuality)
        }
        nested: dict[str, Any] = {
            "turn": SupportedTurn(*(_pair(turn[name]) for name in ("yaw", "pitch", "origin"))),
            "quality": PhotoQuality(**numbers),
            "cut": tuple(_checked(edge, "str") for edge in values["cut"]),
        }
        plain = {
            field.name: _checked(values[field.name], field.type) for field in fields(cls) if field.name not in nested
        }
        return cls(**plain, **nested)


def _checked(value: Any, kind: Any) -> Any:
    """Return a value if it has the type with this name.

    Raises:
        TypeError: it has another.
    """
    if type(value) is not {"str": str, "int": int, "float": float, "bool": bool}[kind]:
        raise TypeError(f"{value!r} is no {kind}")
    return value


def _pair(values: Any) -> tuple[float, float]:
    first, second = (float(_checked(value, "float")) for value in values)
    return first, second


def _face_findings(report: HeadReport) -> list[Finding]:
    quality = report.quality
    sharp, light = [], []
    if quality.blurred:
        sharp.append("The face is out of focus. Use a sharp photo.")
    if quality.small:
        sharp.append(
            f"The face is only {quality.face_width:.0f} pixels across, so the result is soft. "
            f"Use a larger photo, in which it has at least {SOFT_FACE_WIDTH}."
        )
    if quality.dark:
        light.append("The face is very dark. Use a photo with more light on the face.")
    if quality.overexposed:
        light.append("The face is overexposed. Use a photo without flash or direct sun.")
    if quality.uneven:
        light.append("One side of the face is much darker than the other. Use a photo with even light.")
    if not report.colourful:
        light.append("The photo has little colour, and so has the result. For natural colours, use a colour photo.")
    elif report.colour_cast > MAX_COLOUR_CAST:
        light.append("The light on the face is strongly coloured. Use a photo in daylight or white light.")
    findings = [Finding("sharpness", False, sentence) for sentence in sharp]
    findings += [Finding("light", False, sentence) for sentence in light]
    if quality.covered:
        findings.append(
            Finding("cover", False, "Something seems to cover part of the face. Use a photo of an uncovered face.")
        )
    if not sharp and quality.dark:
        sharp_enough = (
            f"The face is {quality.face_width:.0f} pixels across; it is too dark to tell whether it is sharp."
        )
        findings.append(Finding("sharpness", True, sharp_enough))
    elif not sharp:
        findings.append(Finding("sharpness", True, f"The face is sharp and {quality.face_width:.0f} pixels across."))
    if not light:
        findings.append(Finding("light", True, "The light on the face is even and neutral."))
    return findings


def _expression_findings(report: HeadReport) -> list[Finding]:
    findings = []
    if not report.eyes_open:
        findings.append(Finding("eyes", False, "The eyes are closed or nearly so. Use a photo with open eyes."))
    if report.mouth_open:
        findings.append(Finding("expression", False, "The mouth is open. Use a photo with closed lips to be animated."))
    if report.smiles:
        findings.append(
            Finding("expression", False, "The face smiles, and part of it remains. Use a neutral photo to be animated.")
        )
    if report.looks_aside:
        findings.append(
            Finding("expression", False, "The eyes look aside. Use a photo in which they look at the camera.")
        )
    if report.eyes_open:
        findings.append(Finding("eyes", True, "The eyes are open."))
    if not (report.mouth_open or report.smiles or report.looks_aside):
        findings.append(Finding("expression", True, "The expression is neutral."))
    return findings


def _outline_findings(report: HeadReport) -> list[Finding]:
    findings = []
    if report.cut:
        where = " and ".join(report.cut)
        findings.append(
            Finding("outline", False, f"The photo cuts off the head ({where}). Use one with space around the head.")
        )
    if report.drawn:
        findings.append(
            Finding("outline", True, "The face is drawn in flat colours, so the picture is bent as a whole.")
        )
    elif report.outline_doubt:
        doubt = report.outline_doubt[0].upper() + report.outline_doubt[1:]
        known = report.outline_doubt != NOT_ANALYSED
        remedy = "Use a photo before a plain background" if known else "Save the head again from its photos"
        sentence = f"{doubt}, so the background bends with the head. {remedy}."
        findings.append(Finding("outline", False, sentence))
    elif not report.cut:
        findings.append(Finding("outline", True, "The outline of the person is clear, so the background stands still."))
    return findings


def _turn_finding(turn: SupportedTurn) -> Finding:
    left, right, up, down = (f"{turn.towards(side):.0f}" for side in SIDES)
    sentence = (
        f"From its direction in the photo, the head can turn by {left} degrees towards the left edge of the picture, "
        f"{right} towards the right edge, {up} up and {down} down; larger turns are eased."
    )
    lacking = sorted((side for side in SIDES[:2] if turn.towards(side) < WIDE_TURN), key=turn.towards)
    if not lacking:
        return Finding("turn", True, sentence)
    photos = ", and one in which it ".join(SHOWN_FROM[side] for side in lacking)
    return Finding(
        "turn",
        False,
        f"{sentence} For more, add a photo in which the face {photos}, by about {SIDE_PHOTO:.0f} degrees.",
    )


def _teeth_finding(teeth: bool) -> Finding:
    if teeth:
        return Finding("teeth", True, "A photo shows the teeth.")
    return Finding("teeth", False, "No photo shows the teeth, so they are made up. Add a photo with an open smile.")
