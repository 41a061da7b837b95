"""Warnings about a driver: what could not be tracked, when, and which option helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from animato.drivers.shot import MAX_NEUTRAL_COST, Shot

TimeRange = tuple[float, float]

MIN_OCCLUSION = 0.1
"""Shorter occlusions, in seconds, are not reported."""
MAX_LISTED = 4
"""Number of times listed individually; the rest are counted."""
MAX_OUTSIDE_SHARE = 0.1
"""Share of the face outline outside the frame above which a warning is given."""
MIN_BODY_MOVEMENT = 1.0
"""Removed camera or body movement, in centimetres at the head, above which a warning is given."""


def driver_warnings(
    start: float,
    dropouts: Sequence[TimeRange],
    occlusions: Mapping[str, Sequence[TimeRange]],
    cuts: Sequence[float],
    shots: Sequence[Shot],
    first_shot_only: bool,
) -> list[str]:
    """Return a sentence for each part of a driver that was not followed as recorded.

    Args:
        start: seconds skipped at the beginning of the video.
        dropouts: (from, to) in seconds after `start` without a face.
        occlusions: part of the face to the time ranges in which it was covered.
        cuts: seconds of the video at which it cuts.
        shots: the shots that were followed.
        first_shot_only: whether only shots that resemble the first were followed.
    """
    warnings = [
        f"no face found in the driver from {start + begin:.2f} s to {start + end:.2f} s; "
        "the last pose is held, then eased to neutral"
        for begin, end in dropouts
    ]
    for part in ("mouth", "eyes"):
        ranges = [time_range for time_range in occlusions[part] if time_range[1] - time_range[0] >= MIN_OCCLUSION]
        if ranges:
            verb, pronoun = ("was", "it is") if part == "mouth" else ("were", "they are")
            warnings.append(
                f"the driver's {part} {verb} covered {_ranges(start, ranges)}; {pronoun} held, then eased to neutral "
                "(`start` and `end` select another part)"
            )
    if cuts:
        handling = (
            "only shots that resemble the first are followed (`cuts=follow` follows all)"
            if first_shot_only
            else "each shot gets its own neutral frame (`cuts=hold` follows only shots that resemble the first)"
        )
        warnings.append(f"the driver has cuts {_times(cuts)}; {handling}")
    body_movement = max(shot.reference.body_movement for shot in shots)
    if body_movement > MIN_BODY_MOVEMENT:
        warnings.append(
            "camera or body movement was removed from the driver's head motion; "
            "`still_place=True` also fixes the head's position, `stabilize=False` keeps the movement"
        )
    if shots[0].reference.outside_share > MAX_OUTSIDE_SHARE:
        warnings.append(
            "the driver's face is cut off by the edge of the picture, so the parts outside are not followed; "
            "use a clip with some space around the face"
        )
    if "mouth_interior" in shots[0].reference.unavailable_channels:
        warnings.append(
            "the driver is too dark, too noisy or colourless to read the inside of the mouth; "
            "teeth and tongue are rendered without it"
        )
    if shots[0].cost > MAX_NEUTRAL_COST:
        warnings.append(
            "no neutral frame was found near the start of the driver, so expressions may be off; "
            "set `neutral` to a time with open eyes and a closed mouth, or use `motion=absolute` for the head pose"
        )
    return warnings


def _ranges(start: float, ranges: Sequence[TimeRange]) -> str:
    listed = [f"from {start + begin:.2f} s to {start + end:.2f} s" for begin, end in ranges[:MAX_LISTED]]
    return _joined(listed, len(ranges))


def _times(times: Sequence[float]) -> str:
    return "at " + _joined([f"{time:.2f} s" for time in times[:MAX_LISTED]], len(times))


def _joined(listed: Sequence[str], count: int) -> str:
    more = count - len(listed)
    return ", ".join(listed) + (f" and {more} more times" if more > 0 else "")
