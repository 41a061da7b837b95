"""The live policy beside the file policy: what is traded for delay, and the levels of quality under load.

A file is rendered frame by frame, with smoothing that looks ahead (`pipeline.flow`). Live, the newest frame wins,
smoothing is causal, and under load first the resolution of the painted square falls, then painting is left out; the
size of the output stays.
"""

from __future__ import annotations

from dataclasses import replace

from animato.settings.animate import AnimateSettings

FRAME_BUDGET = 1 / 25
"""Seconds for a frame, from which quality falls: the rate of calls."""

REDUCED_SHARE = 0.6
"""Side of the animated square on the second level: a third of the pixels, and half the time of the first."""

SMALLEST_SIDE = 256
"""Pixels; below, a face is visibly soft in any output."""


def cheaper_levels(settings: AnimateSettings) -> list[AnimateSettings]:
    """Return the settings of the levels below the best one, for `pipeline.interactive.open_interactive`.

    Args:
        settings: of the best level.
    """
    levels = []
    side = settings.size or 512
    reduced = max(SMALLEST_SIDE, round(REDUCED_SHARE * side / 4) * 4)
    # A crop is enlarged to no more than 512 pixels, so the output of a larger one would change its size.
    if reduced < side and (settings.frame == "photo" or side <= 512):
        levels.append(replace(settings, size=reduced))
    if settings.model == "portrait":
        levels.append(replace(levels[-1] if levels else settings, model="geometry", person=None))
    return levels
