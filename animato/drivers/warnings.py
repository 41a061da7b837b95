"""Warnings about a driver: what could not be tracked, when, and which option helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from animato.drivers.shot import UNUSUAL, Shot

Stretch = tuple[float, float]

SHORTEST = 0.1
"""Seconds from which it is said that a part was hidden."""
MOST_TIMES = 4
"""Stretches and cuts that are named one by one."""
CUT_OFF = 0.1
"""Share of the outline of the face outside the picture from which it is said."""
NOTED = 1.0
"""Centimetres at the head from which it is said that camera or body movement was taken out."""


def driver_notes(
    start: float,
    unseen: Sequence[Stretch],
    hidden: Mapping[str, Sequence[Stretch]],
    cuts: Sequence[float],
    shots: Sequence[Shot],
    held: bool,
) -> list[str]:
    """Return sentences about what could not be followed in a driver as it is.

    Args:
        start: seconds of the video that were left out at its beginning.
        unseen: (from, to) in seconds after `start` without a face.
        hidden: part of the face to the stretches in which something lay over it.
        cuts: seconds of the video at which it cuts.
        shots: those that were followed.
        held: whether other shots than the first were left out.
    """
    notes = [
        f"no face in the driver from {start + begin:.2f} s to {start + end:.2f} s: "
        "the last one was held, then eased back to rest"
        for begin, end in unseen
    ]
    for name in ("mouth", "eyes"):
        stretches = [stretch for stretch in hidden[name] if stretch[1] - stretch[0] >= SHORTEST]
        if stretches:
            verb = "was" if name == "mouth" else "were"
            notes.append(
                f"the driver's {name} {verb} hidden {_spans(start, stretches)}: held meanwhile, then eased to rest; "
                "`start` and `end` choose another stretch"
            )
    if cuts:
        done = (
            "only shots like the first one move the head (`cuts=follow` follows them all)"
            if held
            else "each shot is measured from a neutral frame of its own (`cuts=hold` follows the first one only)"
        )
        notes.append(f"the driver cuts {_moments(cuts)}: {done}")
    moved = max(shot.reference.body_movement for shot in shots)
    if moved > NOTED:
        notes.append(
            "camera or body move in the driver: this was taken out of the head's movement; "
            "`still_place=True` also keeps the head in its place, `stabilize=False` leaves all in"
        )
    if shots[0].reference.cut > CUT_OFF:
        notes.append(
            "the driver's face is cut off by the edge of the picture: parts outside it are not followed; "
            "a clip that shows the whole face, with some space around it, works better"
        )
    if "mouth_interior" in shots[0].reference.unread:
        notes.append(
            "the driver's picture is too dark, too noisy or without colour: teeth and tongue are painted without it"
        )
    if shots[0].cost > UNUSUAL:
        notes.append(
            "no calm frame was found near the driver's beginning to measure from: expressions may be off; "
            "`neutral` names one with eyes open and mouth closed, `motion=absolute` needs none for the head"
        )
    return notes


def _spans(start: float, stretches: Sequence[Stretch]) -> str:
    named = [f"from {start + begin:.2f} s to {start + end:.2f} s" for begin, end in stretches[:MOST_TIMES]]
    return _listed(named, len(stretches))


def _moments(times: Sequence[float]) -> str:
    return "at " + _listed([f"{time:.2f} s" for time in times[:MOST_TIMES]], len(times))


def _listed(named: Sequence[str], count: int) -> str:
    more = count - len(named)
    return ", ".join(named) + (f" and {more} more times" if more > 0 else "")
